// What may be read of a repository itself?

import type { Answer, Call, Route } from './route.ts';
import { seeRepository, useRepository } from './route.ts';
import { listTree, resolveCommit } from '../git.ts';
import type { Repository } from '../state.ts';
import { permissionOf } from '../state.ts';
import { maySee } from '../tokens.ts';
import { nodeId, permissionsShape, repositoryShape, userShape } from '../shapes.ts';

type Json = Record<string, unknown>;

export const repositoryRoutes: Route[] = [
  { operation: 'GET /repos/{owner}/{repo}', handle: (call) => ({ status: 200, body: fullShape(call, seeRepository(call)) }) },
  { operation: 'GET /repos/{owner}/{repo}/activity', handle: listActivity },
  { operation: 'GET /repos/{owner}/{repo}/languages', handle: async (call) => ({ status: 200, body: await languagesOf(seeRepository(call)) }) },
];

const daysOf: Record<string, number> = { day: 1, week: 7, month: 30, quarter: 90, year: 365 };

/** Newest first. The next page begins after a cursor, which is nobody's to read. */
function listActivity(call: Call): Answer {
  const { world, query } = call;
  const repository = useRepository(call, 'contents', 'read');
  const days = daysOf[String(query['time_period'])] ?? Infinity;
  const all = world.state.activities.filter((each) => each.repository === repository && world.now().getTime() - Date.parse(each.at) < days * 86_400_000).reverse();
  const from = query['after'] === undefined ? 0 : Number(Buffer.from(String(query['after']), 'base64url').toString());
  const perPage = Number(query['per_page'] ?? 30);
  const next = new URL(call.url);
  next.searchParams.set('after', Buffer.from(String(from + perPage)).toString('base64url'));
  return {
    status: 200,
    headers: from + perPage < all.length ? { Link: `<${next.href}>; rel="next"` } : {},
    body: all.slice(from, from + perPage).map(({ id, ref, before, after, at, type, actor }) => ({ id, node_id: nodeId('PSH', id), before, after, ref, timestamp: at, activity_type: type, actor: userShape(world, actor) })),
  };
}

/** Of the default branch, most bytes first. GitHub looks into files too; here the ending of a name says it all. */
async function languagesOf({ path, defaultBranch }: Repository): Promise<Record<string, number>> {
  const commit = await resolveCommit(path, defaultBranch, defaultBranch);
  if (commit === null) return {};
  const bytes = new Map<string, number>();
  for (const { name, size } of await listTree(path, commit, ['-r'], '')) {
    const language = languages.get(name.split('/').at(-1)!) ?? languages.get(/\.\w+$/.exec(name)?.[0] ?? '');
    if (language !== undefined) bytes.set(language, (bytes.get(language) ?? 0) + (size ?? 0));
  }
  return Object.fromEntries([...bytes].sort(([, a], [, b]) => b - a));
}

const languages = new Map(
  Object.entries({ '.c': 'C', '.cpp': 'C++', '.ex': 'Elixir', '.exs': 'Elixir', '.go': 'Go', '.java': 'Java', '.js': 'JavaScript', '.kt': 'Kotlin', '.php': 'PHP', '.py': 'Python', '.rb': 'Ruby', '.rs': 'Rust', '.ts': 'TypeScript', Dockerfile: 'Dockerfile', Makefile: 'Makefile' }),
);

function fullShape(call: Call, repository: Repository): Json {
  const { world, caller } = call;
  const permission = caller.kind === 'user' ? permissionOf(repository, caller.account) : null;
  const ancestor = repository.parent;
  return {
    ...repositoryShape(world, repository),
    ...(caller.kind === 'user' ? { permissions: permissionsShape(permission) } : caller.kind === 'installation' ? { permissions: permissionsShape(null) } : {}),
    network_count: 0,
    subscribers_count: 0,
    ...(repository.owner.type === 'Organization' ? { organization: userShape(world, repository.owner) } : {}),
    ...(ancestor !== null && maySee(caller, ancestor) ? { parent: repositoryShape(world, ancestor), source: repositoryShape(world, ancestor) } : {}),
    temp_clone_token: null,
    custom_properties: {},
  };
}
