// The page behind its door: people of the local GitHub, a private repository with a build, and browsers that keep cookies.

import { request, type IncomingHttpHeaders } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { githubClient } from '../../../activities/adapters/github-client.ts';
import { githubPermissions } from '../../../activities/adapters/github-people.ts';
import { githubPlaces } from '../../../activities/adapters/github-places.ts';
import { githubSignIn } from '../../../activities/adapters/github-sign-in.ts';
import type { AuditEvent } from '../../../activities/control/audit.ts';
import type { KnownRepository } from '../../../app/page/access/access.ts';
import { openDoor, type DoorPorts } from '../../../app/page/access/door.ts';
import type { PagePorts } from '../../../app/page/ports.ts';
import { startGitHub, type GitHub } from '../../github/index.ts';
import { setUp, type Scene } from './scene.ts';

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };
export type Browser = ReturnType<typeof browserOf>;
export type DoorScene = Awaited<ReturnType<typeof behindTheDoor>>;

export const publicUrl = 'https://ci.example.org';

type Wanted = { publicUrl?: string; settings?: Partial<DoorPorts['settings']>; signIn?: boolean; ports?: Partial<PagePorts> };

/** acme/rocket is private; ada may write there, eve may not see it, and olga owns acme. */
export async function behindTheDoor(t: TestContext, { publicUrl: url = publicUrl, settings = {}, signIn = true, ports = {} }: Wanted = {}) {
  const github = await startGitHub({ app: { callbackUrls: [`${url}/login/callback`] } });
  const folder = await mkdtemp(join(tmpdir(), 'door-'));
  t.after(async () => {
    await github.stop();
    await rm(folder, { recursive: true, force: true });
  });
  for (const login of ['ada', 'eve', 'olga']) github.createUser(login);
  github.createOrganization('acme', { olga: 'admin' });
  const rocket = await github.createRepository({ owner: 'acme', name: 'rocket', private: true });
  await github.createRepository({ owner: 'acme', name: 'unbuilt', private: true });
  github.addCollaborator('acme/rocket', 'ada', 'write');
  github.installApp('acme');

  const clock = { now: Date.now() };
  const store = fileStore(join(folder, 'store'));
  const entries: AuditEvent[] = [];
  const client = githubClient({ appId: github.app.id, privateKey: github.app.privateKey!, host: github.host, protocol: 'http' });
  const places = githubPlaces(client);
  const open = () =>
    openDoor({
      store,
      audit: { append: (event) => Promise.resolve(void entries.push(event)) },
      settings: { publicUrl: url, host: '127.0.0.1', port: 3000, sessionDays: 30, operators: [], anonymousReads: false, ...settings },
      github: signIn
        ? {
            ...githubPermissions(client),
            ...githubSignIn({ clientId: github.app.clientId, clientSecret: github.app.clientSecret }, { host: github.host, protocol: 'http' }),
            clientSecret: github.app.clientSecret,
            // The scene's builds are those of a repository with the number 42.
            findRepository: async (owner, name) => {
              const found = await places.findRepository(owner, name);
              return found && { ...found, id: found.id === rocket.id ? 42 : found.id };
            },
          }
        : null,
      log: { warn: () => {} },
      now: () => clock.now,
    });
  const door = open();
  const page: Scene = await setUp(t, { ports: { access: door.access, door, ...ports } });
  const host = new URL(url).host;
  return {
    github,
    page,
    door,
    /** Another process on the same store. */
    openAnother: open,
    entries,
    clock,
    store,
    repository: { id: 42, owner: 'acme', name: 'rocket' } satisfies KnownRepository,
    browser: (headers: Record<string, string> = {}): Browser => browserOf(page.port, github, { host, ...headers }),
    pass: (seconds: number): void => void (clock.now += seconds * 1000),
    async signedIn(login: string, headers: Record<string, string> = {}): Promise<Browser> {
      const browser = browserOf(page.port, github, { host, ...headers });
      await browser.signIn(login);
      return browser;
    },
  };
}

/** Sends what a browser would, and keeps cookies as they are set, without looking at their attributes. */
function browserOf(port: number, github: GitHub, own: Record<string, string>) {
  const cookies = new Map<string, string>();
  const cookie = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');

  function send(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
    const cookied = cookies.size === 0 ? {} : { cookie: cookie() };
    const length = method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)), 'content-type': 'application/x-www-form-urlencoded' };
    return new Promise((resolve, reject) => {
      const asking = request({ host: '127.0.0.1', port, method, path, headers: { ...own, ...cookied, ...length, ...headers } }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          for (const line of answer.headers['set-cookie'] ?? []) {
            const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
            if (/Max-Age=0(;|$)/.test(line)) cookies.delete(name);
            else cookies.set(name, value);
          }
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(parts).toString('utf8') });
        });
      });
      asking.on('error', reject);
      asking.end(body);
    });
  }

  const browser = {
    cookies,
    get: (path: string, headers: Record<string, string> = {}): Promise<Answer> => send('GET', path, headers),
    post: (path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> => send('POST', path, headers, new URLSearchParams(form).toString()),
    send,
    /** The token of the forms on this page. */
    async csrf(path = '/-/account'): Promise<string> {
      return /name="csrf" value="([^"]+)"/.exec((await browser.get(path)).text)?.[1] ?? '';
    },
    /** To GitHub and back: the path that GitHub sends the browser to. */
    async visitGitHub(login: string, to = '/'): Promise<string> {
      const away = await browser.get(`/-/sign-in/github?to=${encodeURIComponent(to)}`);
      const allowed = await fetch(away.headers.location!, { method: 'POST', body: new URLSearchParams({ login }), redirect: 'manual' });
      const { pathname, search } = new URL(allowed.headers.get('location')!);
      return `${pathname}${search}`;
    },
    async signIn(login: string, to = '/'): Promise<Answer> {
      return browser.get(await browser.visitGitHub(login, to));
    },
    /** Opens a live log; answers its first bytes, or the status that it was refused with. */
    live(path: string): Promise<string | number> {
      return new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}${path}/live`, { headers: { ...own, cookie: cookie() } });
        socket.on('message', (data, isBinary) => {
          if (!isBinary) return;
          resolve(String(data));
          socket.terminate();
        });
        socket.on('unexpected-response', (_request, answer) => {
          resolve(answer.statusCode ?? 0);
          socket.terminate();
        });
        socket.on('error', reject);
      });
    },
  };
  return browser;
}
