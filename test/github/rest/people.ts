// Who may do what in a repository or an organization?

import type { Answer, Call, Route } from './route.ts';
import { notFound, paginate, seeAccount, useRepository } from './route.ts';
import { HttpError } from '../http-error.ts';
import type { Account, Team } from '../state.ts';
import { permissionOf } from '../state.ts';
import { organizationShape, permissionsShape, userShape } from '../shapes.ts';

export const peopleRoutes: Route[] = [
  { operation: 'GET /repos/{owner}/{repo}/collaborators', handle: listCollaborators },
  { operation: 'GET /repos/{owner}/{repo}/collaborators/{username}/permission', handle: getPermission },
  { operation: 'GET /orgs/{org}/memberships/{username}', handle: getMembership },
  { operation: 'GET /orgs/{org}/teams/{team_slug}/memberships/{username}', handle: getTeamMembership },
  { operation: 'GET /orgs/{org}/teams/{team_slug}/members', handle: listTeamMembers },
];

function listCollaborators(call: Call): Answer {
  const repository = useRepository(call, 'metadata', 'read');
  if (call.caller.kind === 'anonymous') throw new HttpError(401, 'Requires authentication');
  const people = [...call.world.state.accounts.values()].filter((account) => account.type === 'User' && (account === repository.owner || repository.collaborators.has(account.id) || repository.owner.members.has(account.id)));
  const page = paginate(call, people);
  return {
    status: 200,
    headers: page.headers,
    body: page.items.map((account) => {
      const permission = permissionOf(repository, account);
      return { ...userShape(call.world, account), permissions: permissionsShape(permission), role_name: permission ?? 'read' };
    }),
  };
}

/** `permission` knows four words only; `role_name` tells maintain from write and triage from read. */
function getPermission(call: Call): Answer {
  const repository = useRepository(call, 'metadata', 'read');
  if (call.caller.kind === 'anonymous') throw new HttpError(401, 'Requires authentication');
  const account = seeAccount(call, call.path['username']);
  const role = permissionOf(repository, account);
  const permission = role === null ? 'none' : role === 'maintain' ? 'write' : role === 'triage' ? 'read' : role;
  return { status: 200, body: { permission, role_name: role ?? 'none', user: { ...userShape(call.world, account), permissions: permissionsShape(role), role_name: role ?? 'none' } } };
}

function getMembership(call: Call): Answer {
  const organization = useOrganization(call);
  const account = seeAccount(call, call.path['username']);
  const role = organization.members.get(account.id);
  if (role === undefined) throw notFound();
  const url = `${call.world.api}/orgs/${organization.login}`;
  return { status: 200, body: { url: `${url}/memberships/${account.login}`, state: 'active', role, organization_url: url, organization: organizationShape(call.world, organization), user: userShape(call.world, account) } };
}

function getTeamMembership(call: Call): Answer {
  const team = findTeam(call);
  const account = seeAccount(call, call.path['username']);
  const role = team.members.get(account.id);
  if (role === undefined) throw notFound();
  return { status: 200, body: { url: `${call.world.api}/organizations/${team.organization.id}/team/${team.id}/memberships/${account.login}`, role, state: 'active' } };
}

function listTeamMembers(call: Call): Answer {
  const team = findTeam(call);
  const page = paginate(call, [...team.members.keys()].flatMap((id) => call.world.state.accounts.get(id) ?? []));
  return { status: 200, headers: page.headers, body: page.items.map((account) => userShape(call.world, account)) };
}

function findTeam(call: Call): Team {
  const organization = useOrganization(call);
  const team = call.world.state.teams.find((candidate) => candidate.organization === organization && candidate.slug === call.path['team_slug']);
  if (team === undefined) throw notFound();
  return team;
}

/** Installations on it need `members`; people must belong to it. */
function useOrganization(call: Call): Account {
  const organization = seeAccount(call, call.path['org']);
  const { caller } = call;
  if (caller.kind === 'anonymous') throw new HttpError(401, 'Requires authentication');
  if (organization.type !== 'Organization' || (caller.kind === 'user' && !organization.members.has(caller.account.id))) throw notFound();
  if (caller.kind === 'installation' && (caller.token.installation.account !== organization || caller.token.permissions['members'] === undefined)) throw new HttpError(403, 'Resource not accessible by integration');
  return organization;
}
