// What may be read of a repository itself?

import type { Call, Route } from './route.ts';
import { seeRepository } from './route.ts';
import { listTree, resolveCommit } from '../git.ts';
import type { Repository } from '../state.ts';
import { permissionOf } from '../state.ts';
import { maySee } from '../tokens.ts';
import { permissionsShape, repositoryShape, userShape } from '../shapes.ts';

type Json = Record<string, unknown>;

export const repositoryRoutes: Route[] = [
  { operation: 'GET /repos/{owner}/{repo}', handle: (call) => ({ status: 200, body: fullShape(call, seeRepository(call)) }) },
  { operation: 'GET /repos/{owner}/{repo}/languages', handle: async (call) => ({ status: 200, body: await languagesOf(seeRepository(call)) }) },
];

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
