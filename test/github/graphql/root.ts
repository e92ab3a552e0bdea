// What can a query begin with?

import type { World } from '../world.ts';
import type { Account } from '../state.ts';
import { findAccount, findRepository } from '../state.ts';
import { type Caller, maySee } from '../tokens.ts';
import { accountNodeId, readNodeId } from '../shapes.ts';
import { checkRunFields } from './check-runs.ts';
import { type Context, type Fields, type Types, typed } from './context.ts';
import { objectOf, objectByExpression } from './objects.ts';
import { pullFields } from './pulls.ts';
import { referenceFields } from './refs.ts';
import { repositoryFields } from './repository.ts';

export type Rate = { limit: number; used: number; remaining: number; reset: number };

export function contextOf(world: World, caller: Caller): Context {
  const types: Types = {
    account: (person) => accountFields(world, person),
    repository: (of) => repositoryFields(context, of),
    reference: (of, ref) => referenceFields(context, of, ref),
    object: (of, sha) => objectOf(context, of, sha),
    expression: (of, text) => objectByExpression(context, of, text),
    pullRequest: (pull) => pullFields(context, pull),
    checkRun: (run) => checkRunFields(context, run),
  };
  const context: Context = { world, caller, types };
  return context;
}

export function queryRoot(context: Context, rate: Rate): Fields {
  const { world, caller, types } = context;
  return {
    repository({ owner, name }: { owner: string; name: string }) {
      const repository = findRepository(world.state, owner, name);
      if (repository === undefined || !maySee(caller, repository)) throw typed('NOT_FOUND', `Could not resolve to a Repository with the name '${owner}/${name}'.`);
      return types.repository(repository);
    },
    node: ({ id }: { id: string }) => node(context, id),
    nodes: ({ ids }: { ids: string[] }) => ids.map((id) => node(context, id)),
    user({ login }: { login: string }) {
      const account = findAccount(world.state, login);
      if (account?.type !== 'User') throw typed('NOT_FOUND', `Could not resolve to a User with the login of '${login}'.`);
      return types.account(account);
    },
    organization({ login }: { login: string }) {
      const account = findAccount(world.state, login);
      if (account?.type !== 'Organization') throw typed('NOT_FOUND', `Could not resolve to an Organization with the login of '${login}'.`);
      return types.account(account);
    },
    repositoryOwner({ login }: { login: string }) {
      const account = findAccount(world.state, login);
      return account === undefined ? null : types.account(account);
    },
    // An app's bot is a User here, as on GitHub.
    viewer: () => ({ ...types.account(self(caller)), __typename: 'User' }),
    rateLimit: { limit: rate.limit, cost: 1, remaining: rate.remaining, used: rate.used, nodeCount: 1, resetAt: new Date(rate.reset * 1000).toISOString() },
  };
}

function self(caller: Caller): Account {
  if (caller.kind === 'installation') return caller.token.installation.app.bot;
  if (caller.kind === 'user') return caller.account;
  throw typed('FORBIDDEN', 'Resource not accessible');
}

function node({ world, caller, types }: Context, id: string): Fields {
  const found = readNodeId(id);
  const [first = 0, second = 0] = found?.ids ?? [];
  const repository = world.state.repositories.get(first);
  if (found !== null && repository !== undefined && maySee(caller, repository)) {
    if (found.prefix === 'R') return types.repository(repository);
    const pull = world.state.pulls.find((candidate) => candidate.repository === repository && candidate.id === second);
    if (found.prefix === 'PR' && pull !== undefined) return types.pullRequest(pull);
    const run = world.state.runs.get(second);
    if (found.prefix === 'CR' && run?.suite.repository === repository) return types.checkRun(run);
  }
  const person = world.state.accounts.get(first);
  if (person !== undefined && accountNodeId(person) === id) return types.account(person);
  throw typed('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'`);
}

function accountFields(world: World, person: Account): Fields {
  return {
    __typename: person.type,
    id: accountNodeId(person),
    databaseId: person.id,
    login: person.login,
    name: person.name,
    email: '',
    url: `${world.html}/${person.login}`,
    resourcePath: `/${person.login}`,
    avatarUrl: `${world.html}/avatars/u/${person.id}`,
    createdAt: person.createdAt,
  };
}
