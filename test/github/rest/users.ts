// What may a signed-in person ask, and what does anybody learn about accounts?

import type { Call, Route } from './route.ts';
import { notFound, paginate, requireUser, seeAccount } from './route.ts';
import { HttpError } from '../http-error.ts';
import type { Account, Installation } from '../state.ts';
import { covers, permissionOf } from '../state.ts';
import { accountNodeId, installationShape, organizationShape, permissionsShape, repositoryShape, userShape } from '../shapes.ts';

type Json = Record<string, unknown>;

export const userRoutes: Route[] = [
  { operation: 'GET /user', handle: (call) => ({ status: 200, body: publicShape(call, requireUser(call)) }) },
  { operation: 'GET /users/{username}', handle: (call) => ({ status: 200, body: publicShape(call, seeAccount(call, call.path['username'])) }) },
  {
    operation: 'GET /user/orgs',
    handle(call) {
      const account = requireUser(call);
      const page = paginate(call, [...call.world.state.accounts.values()].filter((candidate) => candidate.members.has(account.id)));
      return { status: 200, headers: page.headers, body: page.items.map((organization) => organizationShape(call.world, organization)) };
    },
  },
  {
    operation: 'GET /user/installations',
    handle(call) {
      const seen = installationsOf(call);
      const page = paginate(call, seen);
      return { status: 200, headers: page.headers, body: { total_count: seen.length, installations: page.items.map((installation) => installationShape(call.world, installation)) } };
    },
  },
  {
    operation: 'GET /user/installations/{installation_id}/repositories',
    handle(call) {
      const account = requireUser(call);
      const installation = installationsOf(call).find((candidate) => candidate.id === Number(call.path['installation_id']));
      if (installation === undefined) throw notFound();
      const repositories = [...call.world.state.repositories.values()].filter((repository) => covers(installation, repository) && permissionOf(repository, account) !== null);
      const page = paginate(call, repositories);
      return {
        status: 200,
        headers: page.headers,
        body: { total_count: repositories.length, repository_selection: installation.selection, repositories: page.items.map((repository) => ({ ...repositoryShape(call.world, repository), permissions: permissionsShape(permissionOf(repository, account)) })) },
      };
    },
  },
];

/** Installations of the app that holds the user's token, on accounts with something that the user was given access to. */
function installationsOf(call: Call): Installation[] {
  const account = requireUser(call);
  const app = call.caller.kind === 'user' ? call.caller.app : null;
  if (app === null) throw new HttpError(403, 'You must authenticate with an access token authorized to a GitHub App in order to list installations');
  const explicit = (installation: Installation): boolean =>
    installation.account === account || installation.account.members.has(account.id) || [...call.world.state.repositories.values()].some((repository) => covers(installation, repository) && repository.collaborators.has(account.id));
  return [...call.world.state.installations.values()].filter((installation) => installation.app === app && explicit(installation));
}

function publicShape(call: Call, account: Account): Json {
  const repositories = [...call.world.state.repositories.values()].filter((repository) => repository.owner === account && !repository.private).length;
  return {
    ...userShape(call.world, account),
    node_id: accountNodeId(account),
    name: account.name,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: repositories,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: account.createdAt,
    updated_at: account.createdAt,
  };
}
