// What is a REST route, and what may its handler rely on?

import type { IncomingMessage } from 'node:http';
import type { World } from '../world.ts';
import type { Caller } from '../tokens.ts';
import { maySee, mayUse } from '../tokens.ts';
import { HttpError } from '../http-error.ts';
import type { Access, Account, App, Permission, Repository } from '../state.ts';
import { findAccount, findRepository, fullName, permissionOf } from '../state.ts';

export type Call = {
  world: World;
  caller: Caller;
  /** Decoded, and coerced to the types that GitHub's description gives. */
  path: Record<string, string>;
  query: Record<string, unknown>;
  /** Valid against the description; undefined where none was sent. */
  body: unknown;
  /** The path and query as asked, for links to other pages of the answer. */
  url: URL;
  /** Below the API's root, such as `/repos/o/r`. */
  pathname: string;
  request: IncomingMessage;
};

export type Answer = { status: number; body?: unknown; headers?: Record<string, string> };

export type Route = {
  /** Method and path, spelled as in GitHub's description. */
  operation: string;
  handle(call: Call): Answer | Promise<Answer>;
};

export const notFound = (): HttpError => new HttpError(404, 'Not Found');
const notAccessible = (): HttpError => new HttpError(403, 'Resource not accessible by integration');

export function unprocessable(message: string, ...errors: { resource: string; field?: string; code: string; message?: string }[]): HttpError {
  return new HttpError(422, message, errors.length === 0 ? {} : { errors });
}

/** For the routes that an app calls as itself. */
export function requireApp(call: Call): App {
  if (call.caller.kind === 'app') return call.caller.app;
  throw new HttpError(401, 'A JSON web token could not be decoded');
}

export function requireUser(call: Call): Account {
  if (call.caller.kind === 'user') return call.caller.account;
  throw call.caller.kind === 'anonymous' ? new HttpError(401, 'Requires authentication') : notAccessible();
}

/** The repository of {owner} and {repo}, if the caller may see it; one that was renamed is answered with a redirect. */
export function seeRepository(call: Call): Repository {
  const { owner = '', repo = '' } = call.path;
  const repository = findRepository(call.world.state, owner, repo);
  if (repository === undefined || !maySee(call.caller, repository)) throw notFound();
  if (repository.name.toLowerCase() !== repo.toLowerCase()) {
    const location = `${call.world.api}/repositories/${repository.id}${call.pathname.split('/').slice(4).map((part) => `/${part}`).join('')}${call.url.search}`;
    // What is more than looking shall be repeated as it is.
    throw new HttpError(call.request.method === 'GET' ? 301 : 307, 'Moved Permanently', { url: location }, { headers: { Location: location } });
  }
  return repository;
}

/**
 * The repository of {owner} and {repo}, if the caller may use this permission on it. Users need what GitHub asks of people for the
 * same thing: reading needs read, writing needs write, `administration` needs admin.
 */
export function useRepository(call: Call, permission: string, access: Access): Repository {
  const repository = seeRepository(call);
  requirePermission(call, repository, permission, access);
  return repository;
}

export function requirePermission(call: Call, repository: Repository, permission: string, access: Access): void {
  const { caller } = call;
  if (caller.kind === 'installation') {
    if (!mayUse(caller.token, repository, permission, access)) throw notAccessible();
    return;
  }
  if (caller.kind === 'app') throw new HttpError(401, 'Bad credentials');
  if (access === 'read' && permission !== 'administration') return;
  if (caller.kind === 'anonymous') throw new HttpError(401, 'Requires authentication');
  const given = permissionOf(repository, caller.account);
  const enough: Permission[] = permission === 'administration' ? ['admin'] : ['admin', 'maintain', 'write'];
  if (given === null || !enough.includes(given)) throw new HttpError(403, 'Must have admin rights to Repository.');
}

export function seeAccount(call: Call, login: string | undefined): Account {
  const account = findAccount(call.world.state, login ?? '');
  if (account === undefined) throw notFound();
  return account;
}

/** One page of a list, and the Link header that leads to the others. */
export function paginate<T>(call: Call, items: readonly T[]): { items: T[]; headers: Record<string, string> } {
  const perPage = Math.min(Math.max(Number(call.query['per_page'] ?? 30), 1), 100);
  const page = Math.max(Number(call.query['page'] ?? 1), 1);
  const last = Math.max(Math.ceil(items.length / perPage), 1);
  const link = (to: number, rel: string): string => {
    const url = new URL(call.url);
    url.searchParams.set('page', String(to));
    return `<${url.href}>; rel="${rel}"`;
  };
  const links = [...(page > 1 ? [link(page - 1, 'prev')] : []), ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []), ...(page > 1 ? [link(1, 'first')] : [])];
  return { items: items.slice((page - 1) * perPage, page * perPage), headers: links.length === 0 ? {} : { Link: links.join(', ') } };
}

/** Where a repository is in the API. */
export const repoUrl = (call: Call, repository: Repository): string => `${call.world.api}/repos/${fullName(repository)}`;

export type Matcher = (method: string, pathname: string) => { route: Route; path: Record<string, string> } | null;

/** `{path}`, `{ref}`, `{branch}` and `{basehead}` may contain slashes; all others may not. Literal segments win over parameters. */
export function matcher(routes: readonly Route[]): Matcher {
  const spanning = new Set(['path', 'ref', 'branch', 'basehead', 'file_sha']);
  const compiled = routes
    .map((route) => {
      const [method = '', template = ''] = route.operation.split(' ');
      const names: string[] = [];
      const source = template.split('/').map((segment) =>
        segment.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{([a-z_]+)\}/g, (_, name: string) => {
          names.push(name);
          return spanning.has(name) ? '(.+?)' : '([^/]+)';
        }));
      return { route, method, names, pattern: new RegExp(`^${source.join('/')}/?$`), literals: template.split('/').filter((segment) => !segment.startsWith('{')).length };
    })
    .sort((a, b) => b.literals - a.literals);
  return (method, pathname) => {
    for (const { route, method: wanted, names, pattern } of compiled) {
      if (wanted !== method) continue;
      const found = pattern.exec(pathname);
      if (found) return { route, path: Object.fromEntries(names.map((name, i) => [name, decode(found[i + 1] ?? '')])) };
    }
    return null;
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, 'Bad Request');
  }
}
