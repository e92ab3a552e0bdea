// How are commits given statuses, and how do they stand together?

import type { Status } from '../state.ts';
import { fullName } from '../state.ts';
import { requireCommit } from '../check-runs.ts';
import { nodeId, repositoryLiteShape, userShape } from '../shapes.ts';
import { isoSeconds, type World } from '../world.ts';
import { commitOf } from './checks.ts';
import { paginate, repoUrl, unprocessable, useRepository, type Route } from './route.ts';

const mostOfOneContext = 1_000;
const longestDescription = 140;

type Body = { state: Status['state']; target_url?: string | null; description?: string | null; context?: string };

export const statusRoutes: Route[] = [
  {
    operation: 'POST /repos/{owner}/{repo}/statuses/{sha}',
    async handle(call) {
      const { world, caller } = call;
      const repository = useRepository(call, 'statuses', 'write');
      const sha = call.path['sha'] ?? '';
      await requireCommit(repository, sha);
      const { state, target_url = null, description = null, context = 'default' } = call.body as Body;
      if ((description?.length ?? 0) > longestDescription) {
        world.fault(`a status has a description of ${description?.length} characters`);
        throw unprocessable('Validation Failed', { resource: 'Status', code: 'custom', message: 'description is too long (maximum is 140 characters)' });
      }
      const alike = world.state.statuses.filter((status) => status.repository === repository && status.sha === sha && status.context === context);
      if (alike.length >= mostOfOneContext) throw unprocessable('Validation Failed', { resource: 'Status', code: 'custom', message: 'This SHA and context has reached the maximum number of statuses.' });
      const creator = caller.kind === 'installation' ? caller.token.installation.app.bot : caller.kind === 'user' ? caller.account : repository.owner;
      const status: Status = { id: world.state.nextId('status'), repository, sha, state, targetUrl: target_url, description, context, creator, createdAt: isoSeconds(world.now()) };
      world.state.statuses.push(status);
      return { status: 201, body: shapeOf(world, status) };
    },
  },
  {
    operation: 'GET /repos/{owner}/{repo}/commits/{ref}/status',
    async handle(call) {
      const { world } = call;
      const repository = useRepository(call, 'statuses', 'read');
      const sha = await commitOf(call, repository);
      const all = world.state.statuses.filter((status) => status.repository === repository && status.sha === sha);
      const newest = [...new Map(all.map((status) => [status.context, status])).values()];
      const page = paginate(call, newest);
      const url = `${repoUrl(call, repository)}/commits/${sha}`;
      const body = { state: together(newest), statuses: page.items.map((status) => shapeOf(world, status)), sha, total_count: newest.length, repository: repositoryLiteShape(world, repository), commit_url: url, url: `${url}/status` };
      return { status: 200, body, headers: page.headers };
    },
  },
];

function together(statuses: readonly Status[]): 'failure' | 'pending' | 'success' {
  if (statuses.some(({ state }) => state === 'failure' || state === 'error')) return 'failure';
  return statuses.length === 0 || statuses.some(({ state }) => state === 'pending') ? 'pending' : 'success';
}

const shapeOf = (world: World, { id, repository, sha, state, targetUrl, description, context, creator, createdAt }: Status): Record<string, unknown> => ({
  url: `${world.api}/repos/${fullName(repository)}/statuses/${sha}`,
  avatar_url: `${world.html}/avatars/u/${creator.id}`,
  id,
  node_id: nodeId('SC', repository.id, id),
  state,
  description,
  target_url: targetUrl,
  context,
  created_at: createdAt,
  updated_at: createdAt,
  creator: userShape(world, creator),
});
