// How is the local GitHub put together, started and stopped?

import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { html } from 'hono/html';
import { serveApi, type Api } from './api.ts';
import { appSettings, type AppSettings } from './settings/pages.ts';
import { serveGitHttp } from './git-http.ts';
import { serveGitSsh } from './git-ssh.ts';
import { pressButton } from './buttons.ts';
import { graphQl } from './graphql/answer.ts';
import { meter, troubles, type Limits, type Troubles } from './limits.ts';
import { openApi } from './openapi.ts';
import { page, type PageAnswer } from './page.ts';
import { answerPage } from './pages.ts';
import { emptyState } from './state.ts';
import { webhooks } from './webhooks.ts';
import type { World } from './world.ts';
import { allRoutes } from './rest/index.ts';

export type ServerOptions = {
  host: string;
  /** 0: any free one. */
  port: number;
  sshPort: number;
  /** Where the bare repositories lie; null: a temporary folder, removed at the end. */
  folder: string | null;
  /** Limits that are enforced; null: requests are counted only. */
  limits: Limits | null;
  tokenLifetimeSeconds: number;
  tokenStyle: 'long' | 'short';
  webhookTimeoutSeconds: number;
};

export type Serving = {
  world: World;
  api: Api;
  troubles: Troubles;
  sshHostKey: string;
  sshPort: number;
  faults: string[];
  /** Resolves when no announcement, delivery or git program is under way. */
  settled(): Promise<void>;
  stop(): Promise<void>;
};

/** What comes first in the path of an API request that does not use the /api prefix; no account may have such a name. */
export const apiWords = new Set(['api', 'app', 'app-manifests', 'installation', 'repos', 'repositories', 'orgs', 'users', 'user', 'rate_limit', 'meta', 'graphql']);

export async function serve(options: ServerOptions): Promise<Serving> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'local-github-')));
  await mkdir(folder, { recursive: true });
  const faults: string[] = [];
  const tasks = new Set<Promise<unknown>>();
  let world: World | null = null;
  const stopping = new AbortController();
  const ready = (): World => {
    if (world === null) throw new Error('the local GitHub is not ready yet');
    return world;
  };

  const measure = meter(options.limits);
  const trouble = troubles();
  const settings = appSettings();
  const api = serveApi(ready, { routes: allRoutes({ meter: measure, settings }), graphql: graphQl(), meter: measure, troubles: trouble });
  const gitHttp = serveGitHttp(ready);
  const gitSsh = await serveGitSsh(ready, { host: options.host, port: options.sshPort });

  const track = (what: string, task: Promise<unknown>): void => {
    const tracked = task.catch((error: unknown) => {
      if (!stopping.signal.aborted) faults.push(`${what} failed inside the local GitHub: ${error instanceof Error ? error.stack : String(error)}`);
    }).finally(() => tasks.delete(tracked));
    tasks.add(tracked);
  };

  const sockets = new Set<Socket>();
  const server = createServer((request, response) => track(`${request.method} ${request.url}`, route(ready(), { api, settings, gitHttp, troubles: trouble }, request, response)));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = `${options.host}:${(server.address() as AddressInfo).port}`;

  world = {
    state: emptyState(),
    html: `http://${address}`,
    api: `http://${address}/api/v3`,
    graphql: `http://${address}/api/graphql`,
    ssh: `ssh://git@${options.host}:${gitSsh.port}`,
    sshHostKey: gitSsh.hostKey,
    folder,
    webhooks: webhooks(ready, { timeoutSeconds: options.webhookTimeoutSeconds }),
    openapi: openApi(),
    tokenLifetimeSeconds: options.tokenLifetimeSeconds,
    tokenStyle: options.tokenStyle,
    stopping: stopping.signal,
    now: () => new Date(),
    fault: (text) => void faults.push(text),
    track,
  };

  return {
    world,
    api,
    troubles: trouble,
    sshHostKey: gitSsh.hostKey,
    sshPort: gitSsh.port,
    faults,
    async settled() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
    async stop() {
      stopping.abort();
      server.close();
      for (const socket of sockets) socket.destroy();
      gitHttp.close();
      await gitSsh.close();
      await Promise.all(tasks);
      if (options.folder === null) await rm(folder, { recursive: true, force: true });
    },
  };
}

type Parts = { api: Api; settings: AppSettings; gitHttp: ReturnType<typeof serveGitHttp>; troubles: Troubles };

async function route(world: World, parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => {});
  const url = new URL(request.url ?? '/', world.html);
  const prefix = /^\/api\/v3(?=\/|$)|^\/api(?=\/graphql$)/.exec(url.pathname)?.[0] ?? '';
  const pathname = url.pathname.slice(prefix.length);
  if (prefix !== '' || apiWords.has(pathname.split('/')[1] ?? '')) return parts.api.handle(request, response, url, pathname);
  const method = request.method ?? 'GET';
  const trouble = parts.troubles.next(method, url.pathname, null);
  if (trouble !== null) {
    if (trouble.delayMs !== undefined) await sleep(trouble.delayMs, undefined, { signal: world.stopping });
    if (trouble.cut !== undefined) return void request.socket.destroy();
    if (trouble.status !== undefined) return void response.writeHead(trouble.status, trouble.headers ?? {}).end();
  }
  if (await parts.gitHttp.handle(request, response, url)) return;
  const form = method === 'POST' ? await readForm(request) : new URLSearchParams();
  const answer = (await parts.settings.answer(world, method, url, form, { accept: request.headers.accept })) ?? (method === 'GET' ? await answerPage(world, url) : pressButton(world, url, form)) ?? missing();
  response.writeHead(answer.status, answer.headers).end(answer.body);
}

const missing = (): PageAnswer => page(404, 'Not found', html`<p>There is no such page.</p>`);

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (!request.headers['content-type']?.includes('json')) return new URLSearchParams(text);
  return new URLSearchParams(Object.entries(JSON.parse(text) as Record<string, string>));
}
