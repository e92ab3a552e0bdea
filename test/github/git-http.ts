// How do tokens fetch and push over HTTP?

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname } from 'node:path';
import type { World } from './world.ts';
import type { Account, Repository } from './state.ts';
import { mayWrite, permissionOf } from './state.ts';
import { type Caller, identify, isInScope, maySee, mayUse } from './tokens.ts';
import { findGitRepository, serveGit } from './git-access.ts';

const services = /^\/(info\/refs|git-upload-pack|git-receive-pack)$/;

export type GitHttp = { /** False when the request is not git's. */ handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean>; close(): void };

export function serveGitHttp(world: () => World): GitHttp {
  const children = new Set<ChildProcess>();
  return {
    async handle(request, response, url) {
      const asked = /^(\/[^/]+\/[^/]+)(\/.*)$/.exec(url.pathname);
      if (asked === null || !services.test(asked[2] ?? '')) return false;
      const service = url.searchParams.get('service') ?? (asked[2] ?? '').slice(1);
      if (service !== 'git-upload-pack' && service !== 'git-receive-pack') refuse(response, 403, 'Please upgrade your git client.');
      else {
        const access = await authorize(world(), request, asked[1] ?? '', service === 'git-receive-pack');
        if ('refusal' in access) refuse(response, ...access.refusal);
        else await runBackend(world(), children, request, response, url, access.repository, access.pusher, asked[2] ?? '');
      }
      return true;
    },
    close() {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}

type Authorized = { repository: Repository; pusher: Account | null } | { refusal: [status: number, message: string] };

async function authorize(world: World, request: IncomingMessage, name: string, write: boolean): Promise<Authorized> {
  const unknown: Authorized = { refusal: [401, 'Repository not found.'] };
  let caller: Caller;
  try {
    caller = await identify(world, request.headers.authorization);
  } catch {
    return { refusal: [401, 'Invalid username or token. Password authentication is not supported for Git operations.'] };
  }
  const repository = findGitRepository(world, name)?.repository;
  if (repository === undefined || !maySee(caller, repository)) return caller.kind === 'anonymous' ? unknown : { refusal: [404, 'Repository not found.'] };
  const denied: Authorized = { refusal: [403, 'Write access to repository not granted.'] };
  switch (caller.kind) {
    case 'anonymous':
      return write ? unknown : { repository, pusher: null };
    case 'app':
      return { refusal: [401, 'Invalid username or token. Password authentication is not supported for Git operations.'] };
    case 'installation':
      if (!mayUse(caller.token, repository, 'contents', 'read')) return { refusal: [403, 'Repository access not granted.'] };
      if (write && !(isInScope(caller.token, repository) && mayUse(caller.token, repository, 'contents', 'write'))) return denied;
      return { repository, pusher: write ? caller.token.installation.app.bot : null };
    case 'user':
      return write && !mayWrite(permissionOf(repository, caller.account)) ? denied : { repository, pusher: write ? caller.account : null };
  }
}

/** git's own CGI program; the body streams both ways. */
async function runBackend(world: World, children: Set<ChildProcess>, request: IncomingMessage, response: ServerResponse, url: URL, repository: Repository, pusher: Account | null, rest: string): Promise<void> {
  const header = (name: string, variable: string): Record<string, string> => (typeof request.headers[name] === 'string' ? { [variable]: request.headers[name] } : {});
  const env = {
    GIT_PROJECT_ROOT: dirname(repository.path),
    PATH_INFO: `/${basename(repository.path)}${rest}`,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: request.method ?? 'GET',
    QUERY_STRING: url.search.slice(1),
    REMOTE_ADDR: request.socket.remoteAddress ?? '',
    ...(pusher === null ? {} : { REMOTE_USER: pusher.login }),
    ...header('content-type', 'CONTENT_TYPE'),
    ...header('content-length', 'CONTENT_LENGTH'),
    ...header('content-encoding', 'HTTP_CONTENT_ENCODING'),
    ...header('git-protocol', 'GIT_PROTOCOL'),
  };
  await serveGit(world, repository, pusher, { command: 'git', args: ['http-backend'], env, children }, async (child) => {
    request.pipe(child.stdin!).on('error', () => {});
    child.stderr!.resume();
    response.on('close', () => child.kill('SIGTERM'));
    const [[code]] = await Promise.all([once(child, 'close') as Promise<[number | null]>, relay(child, response)]);
    return code ?? 0;
  });
  response.end();
}

/** A CGI answer: header lines, an empty line, the body. */
async function relay(child: ChildProcess, response: ServerResponse): Promise<void> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    if (head === null) {
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const blank = head.indexOf('\r\n\r\n');
    if (blank < 0) continue;
    let status = 200;
    for (const line of head.subarray(0, blank).toString('latin1').split('\r\n')) {
      const colon = line.indexOf(':');
      const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(status);
    response.write(head.subarray(blank + 4));
    head = null;
  }
  if (head !== null && !response.headersSent) response.writeHead(500);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="GitHub"' } : {}) });
  response.end(message);
}
