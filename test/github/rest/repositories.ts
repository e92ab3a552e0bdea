// What may be read of a repository itself?

import type { Call, Route } from './route.ts';
import { seeRepository } from './route.ts';
import type { Repository } from '../state.ts';
import { permissionOf } from '../state.ts';
import { maySee } from '../tokens.ts';
import { permissionsShape, repositoryShape, userShape } from '../shapes.ts';

type Json = Record<string, unknown>;

export const repositoryRoutes: Route[] = [{ operation: 'GET /repos/{owner}/{repo}', handle: (call) => ({ status: 200, body: fullShape(call, seeRepository(call)) }) }];

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
