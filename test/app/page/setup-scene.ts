// The setup over real parts: the server with Probot, the page, the local GitHub, and a restart that is one. Who looks is made up.

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import pino from 'pino';
import { githubClient } from '../../../activities/adapters/github-client.ts';
import { githubSetup } from '../../../activities/adapters/github-setup.ts';
import type { BuilderSight } from '../../../activities/builder/announcement.ts';
import type { Finding } from '../../../activities/builder/doctor.ts';
import { Refused, type Asker } from '../../../app/control/operation.ts';
import { readGitHubApp } from '../../../app/github-app.ts';
import { nobody, type Viewer } from '../../../app/page/access/access.ts';
import { createPage } from '../../../app/page/page.ts';
import type { PagePorts } from '../../../app/page/ports.ts';
import { fixedBy } from '../../../app/page/setup/plan.ts';
import { webhookArrivals } from '../../../app/page/setup/webhook-arrivals.ts';
import { readSettings } from '../../../app/read-settings.ts';
import { startServer, webhookPath, type RunningServer } from '../../../app/server.ts';
import { freePorts } from '../../../app/up/free-ports.ts';
import type { BuildLine } from '../../../config-schema/view.ts';
import { startGitHub } from '../../github/index.ts';

export const operator: Viewer = { ...nobody, who: 'operator at this machine', operator: true, csrf: 'c5rf' };

/** Ports of the parts that these tests have nothing to do with: they may be looked at, and nothing comes of it. */
const elsewhere: unknown = new Proxy(() => {}, { get: (_, name) => (name === Symbol.toPrimitive ? () => 'elsewhere' : name === 'then' || typeof name === 'symbol' ? undefined : elsewhere), apply: () => elsewhere });

export type SetupScene = Awaited<ReturnType<typeof setUpScene>>;

/** `env`: what the operator has set, besides the data folder. */
export async function setUpScene(t: TestContext, { env = {} }: { env?: NodeJS.ProcessEnv } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'setup-page-'));
  const data = join(folder, 'data');
  const restarts = { begun: 0, done: Promise.resolve() };
  let server: RunningServer | null = null;
  let isOver = false;
  const github = await startGitHub();
  t.after(async () => {
    isOver = true;
    await restarts.done;
    await server?.close();
    await github.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const [port] = (await freePorts(1)) as [number];
  const environment = { ...env, ROUNDHOUSE_DATA: data, PORT: String(port) };
  const warnings: unknown[] = [];
  const now: { viewer: Viewer; sights: BuilderSight[]; newest: BuildLine | null } = { viewer: operator, sights: [], newest: null };
  const doctor: { calls: number; finding: PromiseWithResolvers<Finding[]> } = { calls: 0, finding: Promise.withResolvers() };
  const notes: (Asker & { action: string; subject: string; details?: Record<string, unknown> })[] = [];
  const followed: string[] = [];

  async function start(): Promise<RunningServer> {
    const settings = await readSettings(environment);
    const app = await readGitHubApp(settings);
    const arrivals = webhookArrivals(webhookPath);
    const mine: Partial<PagePorts> = {
      access: { viewer: () => Promise.resolve(now.viewer), permission: () => Promise.resolve('admin'), signInPath: (path) => `/-/sign-in?to=${encodeURIComponent(path)}` },
      repository: (owner, name) => Promise.resolve(followed.includes(`${owner}/${name}`) ? { id: 42, owner, name } : null),
      ask: async <Answer>(operation: string, input: unknown): Promise<Answer> => {
        const { repository } = input as { repository: string };
        if (operation !== 'repositories.follow') throw new Error(operation);
        if (repository === 'acme/nothing') throw new Refused('there is no acme/nothing on which the GitHub App is installed.');
        followed.push(repository);
        return {} as Answer;
      },
      sights: () => Promise.resolve(now.sights),
      log: { warn: (fields) => void warnings.push(fields) },
      measure: (_c, next) => next(),
      setup: {
        settings: () => readSettings(environment),
        fixed: fixedBy(environment),
        appYml: readFileSync(new URL('../../../app.yml', import.meta.url), 'utf8'),
        webhookPath,
        name: 'roundhouse-test',
        github: app && githubSetup(githubClient(app)),
        lastWebhookAt: arrivals.last,
        doctor: () => {
          doctor.calls += 1;
          doctor.finding = Promise.withResolvers();
          return doctor.finding.promise;
        },
        newestPipeline: () => Promise.resolve(now.newest),
        note: async (event) => void notes.push(event),
        restart: () => {
          restarts.begun += 1;
          restarts.done = restart();
        },
      },
    };
    const page = createPage(new Proxy(mine, { get: (known, name) => (name in known ? known[name as keyof PagePorts] : elsewhere) }) as PagePorts);
    const server = await startServer({ settings: { host: '127.0.0.1', port, github: app }, log: pino({ level: 'silent' }), handlers: [page.handler], deliver: () => Promise.resolve() });
    server.httpServer.on('request', arrivals.see);
    return server;
  }

  async function restart(): Promise<void> {
    await server?.close();
    if (!isOver) server = await start();
  }

  server = await start();

  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    data,
    github,
    now,
    doctor,
    notes,
    followed,
    restarts,
    warnings,
    async get(path: string): Promise<{ status: number; headers: Headers; text: string; location: string | null }> {
      const answer = await fetch(new URL(path, url), { redirect: 'manual', headers: { connection: 'close' } });
      return { status: answer.status, headers: answer.headers, text: await answer.text(), location: answer.headers.get('location') };
    },
    async post(path: string, fields: Record<string, string> = {}, csrf = operator.csrf!): Promise<{ status: number; text: string; location: string | null }> {
      const answer = await fetch(`${url}${path}`, { method: 'POST', redirect: 'manual', headers: { connection: 'close' }, body: new URLSearchParams({ csrf, ...fields }) });
      return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') };
    },
  };
}
