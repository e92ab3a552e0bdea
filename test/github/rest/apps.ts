// What may an app ask about itself, and how does it get a token?

import type { Answer, Call, Route } from './route.ts';
import { HttpError } from '../http-error.ts';
import { notFound, paginate, requireApp, seeAccount, unprocessable } from './route.ts';
import type { Access, Installation, Permissions, Repository } from '../state.ts';
import { covers, findInstallation, findRepository } from '../state.ts';
import { isoSeconds } from '../world.ts';
import { issueInstallationToken } from '../tokens.ts';
import { appShape, installationShape, permissionsShape, repositoryShape } from '../shapes.ts';

export const appRoutes: Route[] = [
  {
    operation: 'GET /app',
    handle(call) {
      const app = requireApp(call);
      const installations = [...call.world.state.installations.values()].filter((installation) => installation.app === app);
      return { status: 200, body: { ...appShape(call.world, app), installations_count: installations.length } };
    },
  },
  {
    operation: 'GET /app/installations',
    handle(call) {
      const app = requireApp(call);
      const page = paginate(call, [...call.world.state.installations.values()].filter((installation) => installation.app === app));
      return { status: 200, body: page.items.map((installation) => installationShape(call.world, installation)), headers: page.headers };
    },
  },
  { operation: 'GET /app/installations/{installation_id}', handle: (call) => ({ status: 200, body: installationShape(call.world, ownInstallation(call)) }) },
  {
    operation: 'GET /repos/{owner}/{repo}/installation',
    handle(call) {
      const app = requireApp(call);
      const repository = findRepository(call.world.state, call.path['owner'] ?? '', call.path['repo'] ?? '');
      return answerInstallation(call, repository && findInstallation(call.world.state, app, repository));
    },
  },
  { operation: 'GET /orgs/{org}/installation', handle: (call) => installationOf(call, 'org', 'Organization') },
  { operation: 'GET /users/{username}/installation', handle: (call) => installationOf(call, 'username', 'User') },
  { operation: 'POST /app/installations/{installation_id}/access_tokens', handle: createToken },
  {
    operation: 'GET /installation/repositories',
    handle(call) {
      if (call.caller.kind !== 'installation') throw new HttpError(403, 'You must authenticate with an installation access token in order to list repositories for an installation.');
      const { token } = call.caller;
      const repositories = repositoriesOf(call, token.installation).filter((repository) => token.repositoryIds === null || token.repositoryIds.has(repository.id));
      const page = paginate(call, repositories);
      return {
        status: 200,
        body: {
          total_count: repositories.length,
          repository_selection: token.repositoryIds === null ? token.installation.selection : 'selected',
          repositories: page.items.map((repository) => ({ ...repositoryShape(call.world, repository), permissions: permissionsShape(token.permissions['contents'] === 'write' ? 'write' : 'read') })),
        },
        headers: page.headers,
      };
    },
  },
  {
    operation: 'DELETE /installation/token',
    handle(call) {
      if (call.caller.kind !== 'installation') throw new HttpError(401, 'Bad credentials');
      call.world.state.tokens.delete(call.caller.token.value);
      return { status: 204 };
    },
  },
];

function ownInstallation(call: Call): Installation {
  const app = requireApp(call);
  const installation = call.world.state.installations.get(Number(call.path['installation_id']));
  if (installation?.app !== app) throw notFound();
  return installation;
}

function installationOf(call: Call, parameter: string, type: 'Organization' | 'User'): Answer {
  const app = requireApp(call);
  const account = seeAccount(call, call.path[parameter]);
  return answerInstallation(call, [...call.world.state.installations.values()].find((installation) => installation.app === app && installation.account === account && account.type === type));
}

function answerInstallation(call: Call, installation: Installation | undefined): Answer {
  if (installation === undefined) throw notFound();
  return { status: 200, body: installationShape(call.world, installation) };
}

const repositoriesOf = (call: Call, installation: Installation): Repository[] => [...call.world.state.repositories.values()].filter((repository) => covers(installation, repository));

/** A token may be narrower than the installation, never wider. */
function createToken(call: Call): Answer {
  const installation = ownInstallation(call);
  if (installation.suspendedAt !== null) throw new HttpError(403, 'This installation has been suspended');
  const body = (call.body ?? {}) as { repositories?: string[]; repository_ids?: number[]; permissions?: Permissions };
  const available = repositoriesOf(call, installation);
  let chosen: Repository[] | null = null;
  if (body.repositories !== undefined || body.repository_ids !== undefined) {
    chosen = available.filter((repository) => body.repository_ids?.includes(repository.id) || body.repositories?.some((name) => name.toLowerCase() === repository.name.toLowerCase()));
    const wanted = new Set(body.repositories?.map((name) => name.toLowerCase())).size + new Set(body.repository_ids).size;
    if (chosen.length === 0 || chosen.length < wanted) throw unprocessable('There is at least one repository that does not exist or is not accessible to the parent installation.');
  }
  const permissions: Permissions = { ...(body.permissions ?? installation.permissions) };
  for (const [name, access] of Object.entries(permissions)) {
    const given = installation.permissions[name];
    if (given === undefined || (access === 'write' && given !== ('write' satisfies Access))) throw unprocessable('The permissions requested are not granted to this installation.');
  }
  permissions['metadata'] = 'read';
  const token = issueInstallationToken(call.world, installation, permissions, chosen && new Set(chosen.map((repository) => repository.id)));
  return {
    status: 201,
    body: {
      token: token.value,
      expires_at: isoSeconds(token.expiresAt),
      permissions,
      repository_selection: chosen === null ? installation.selection : 'selected',
      ...(chosen === null ? {} : { repositories: chosen.map((repository) => repositoryShape(call.world, repository)) }),
    },
  };
}
