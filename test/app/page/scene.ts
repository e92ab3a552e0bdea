// A builder that writes logs, the app's ssh port, and the page over HTTP: real parts on loopback, with a pipeline made by hand.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { openStepLog } from '../../../activities/builder/step-log.ts';
import type { StepLog } from '../../../activities/builder/step-log.ts';
import { connectUplink } from '../../../activities/builder/uplink.ts';
import type { Uplink } from '../../../activities/builder/uplink.ts';
import { generateKey } from '../../../activities/key-file.ts';
import { logCodec } from '../../../activities/log-codec.ts';
import { localAccess } from '../../../app/page/access/local.ts';
import type { PagePorts } from '../../../app/page/ports.ts';
import { createPage } from '../../../app/page/page.ts';
import { builderRegistry } from '../../../app/registry.ts';
import { startSshPort } from '../../../app/ssh-port.ts';
import { stepLogKey } from '../../../config-schema/address.ts';
import type { Outcome } from '../../../config-schema/outcome.ts';
import { parseStreamPath } from '../../../config-schema/uplink.ts';
import { buildLine } from '../../../config-schema/view.ts';
import type { PipelineView, SliceView, StepView } from '../../../config-schema/view.ts';
import { settledSetup } from './settled-setup.ts';

export type Scene = Awaited<ReturnType<typeof setUp>>;

export const jobUrl = '/acme/rocket/7/build/test%20%2F%20unit';
export const stepUrl = (step: number): string => `${jobUrl}/0/${step}`;
const [workflow, job] = ['build', 'test / unit'];

/** `ports` go over those of the scene: of a part that is not about logs. */
export async function setUp(t: TestContext, { steps = ['checkout', 'npm test'], ports = {} }: { steps?: string[]; ports?: Partial<PagePorts> } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'page-'));
  const store = fileStore(join(folder, 'store'));
  const pipeline = pipelineOf(steps);
  const slice = pipeline.workflows[0]!.jobs[0]!.slices[0]!;
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (fields: { error?: unknown }, message: string) => void warnings.push(`${message} ${String(fields.error)}`) };

  const [host, identity] = [generateKey(), generateKey()];
  const sshPort = await startSshPort({
    host: '127.0.0.1',
    port: 0,
    hostKey: host.privateKey,
    authorizedBuilders: (key) => (key === identity.publicKey ? 'b1' : null),
    registry: builderRegistry({ store }),
    log,
  });

  const logs = new Map<string, StepLog>();
  const streams = { open: 0, bytes: 0 };
  async function* counted(tail: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    streams.open += 1;
    try {
      for await (const bytes of tail) {
        streams.bytes += bytes.length;
        yield bytes;
      }
    } finally {
      streams.open -= 1;
    }
  }
  let builder: { stop: AbortController; uplink: Uplink } | null = null;
  const startBuilder = async (): Promise<void> => {
    const stop = new AbortController();
    const uplink = connectUplink({
      address: `127.0.0.1:${sshPort.port}`,
      hostKey: host.publicKey,
      identity: identity.privateKey,
      builderId: 'b1',
      announce: () => ({ id: 'b1', version: '0', classes: {}, capacity: { cpus: 1, memoryBytes: 1 }, used: { cpus: 0, memoryBytes: 0 }, draining: false, sandboxes: [], publicKey: {} }),
      everySeconds: 1,
      serve: (path, signal) => {
        const request = parseStreamPath(path);
        const tail = request?.kind === 'log' && logs.get(request.key)?.tail(request.from, signal);
        return tail ? counted(tail) : null;
      },
      log,
      signal: stop.signal,
    });
    builder = { stop, uplink };
    await eventually(() => sshPort.builders().length === 1);
  };
  const stopBuilder = async (): Promise<void> => {
    builder?.stop.abort();
    await builder?.uplink.closed;
    builder = null;
    for (const one of logs.values()) await one.close();
    logs.clear();
    await eventually(() => sshPort.builders().length === 0);
  };

  const page = createPage({
    lists: { pipelines: () => Promise.resolve({ lines: [buildLine(pipeline)], next: null, complete: true, temporalAway: false, open: { running: 1, waiting: 0 }, filtersLookAt: null }), reload: () => Promise.resolve() },
    pipeline: (owner, name, number) => Promise.resolve(owner === 'acme' && name === 'rocket' && number === 7 ? structuredClone(pipeline) : null),
    store,
    codec: logCodec,
    openStream: (id, path, signal) => sshPort.open(id, path, signal),
    access: localAccess,
    repository: (owner, name) => Promise.resolve(owner === 'acme' && name === 'rocket' ? { id: 42, owner, name } : null),
    ask: () => Promise.reject(new Error('no operation is expected here')),
    cancel: () => Promise.resolve(),
    approve: () => Promise.resolve(),
    allow: () => Promise.resolve(),
    rerun: () => Promise.resolve(null),
    ...{ sights: () => Promise.resolve([]), openViews: () => Promise.resolve([]), version: '0', isPublic: () => Promise.resolve(false), badgeToken: () => Promise.resolve(false), verdict: () => Promise.resolve(null) },
    installation: { version: '0', publicUrl: 'http://ci.example', settings: {}, isInEnvironment: () => false },
    audit: { read: async function* () {}, matches: () => false, verify: () => Promise.reject(new Error('no log is expected here')) },
    setup: settledSetup,
    log,
    ...ports,
  });
  const sockets = new Set<Socket>();
  const server = createServer((req, res) => {
    void page.handler(req, res).then((taken) => taken || res.writeHead(404).end('not ours'));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (req, socket, head) => page.upgrade(req, socket, head) || socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  t.after(async () => {
    await stopBuilder();
    page.close();
    server.close();
    for (const socket of sockets) socket.destroy();
    await sshPort.close();
    await rm(folder, { recursive: true, force: true });
  });

  const keyOf = (step: number, attempt = slice.attempt): string => stepLogKey({ repositoryId: 42, pipeline: 7, workflow, job, slice: 0 }, attempt, step);
  const scene = {
    url: `http://localhost:${port}`,
    port,
    store,
    pipeline,
    slice,
    warnings,
    /** What the builder sends to the app. */
    streams,
    keyOf,
    startBuilder,
    stopBuilder,
    /** The step runs: its log is open on the builder. */
    async begin(step: number): Promise<StepLog> {
      const opened = await openStepLog({ store, key: keyOf(step), file: join(folder, `${slice.attempt}-${step}.log`), checkFence: () => Promise.resolve() });
      logs.set(keyOf(step), opened);
      Object.assign(slice.steps[step]!, { state: 'running', startedAt: new Date().toISOString() } satisfies Partial<StepView>);
      return opened;
    },
    /** The step has ended: its log is complete. */
    async end(step: number, outcome: Outcome = 'passed', exitCode: number | null = outcome === 'passed' ? 0 : 1): Promise<void> {
      await logs.get(keyOf(step))!.end();
      const view = slice.steps[step]!;
      Object.assign(view, { state: 'ended', result: { name: view.name, outcome, exitCode, signal: null, durationMs: 1234 } } satisfies Partial<StepView>);
    },
    endSlice(outcome: Outcome = 'passed'): void {
      const endedAt = new Date().toISOString();
      const ended = { state: 'ended', outcome, endedAt } as const;
      Object.assign(slice, ended);
      Object.assign(pipeline.workflows[0]!.jobs[0]!, ended);
      Object.assign(pipeline, ended);
    },
    /** Cuts every open connection of browsers, as a network would. */
    cutConnections(): number {
      const cut = sockets.size;
      for (const socket of sockets) socket.destroy();
      return cut;
    },
    async get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; headers: Headers; text: string }> {
      const answer = await fetch(`${scene.url}${path}`, { headers, redirect: 'manual' });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    },
  };
  await startBuilder();
  return scene;
}

function pipelineOf(steps: string[]): PipelineView {
  const startedAt = new Date().toISOString();
  const slice: SliceView = {
    index: 0,
    attempt: 1,
    state: 'running',
    outcome: null,
    notes: [],
    builder: 'b1',
    startedAt,
    endedAt: null,
    steps: steps.map((name) => ({ name, state: 'waiting', startedAt: null, result: null })),
  };
  const repository = { id: 42, owner: 'acme', name: 'rocket', private: false, defaultBranch: 'main', installationId: null };
  return {
    version: 1,
    repository,
    number: 7,
    trigger: {
      event: 'push',
      deliveryId: 'd',
      receivedAt: startedAt,
      repository,
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      sha: 'abcdef0123456789abcdef0123456789abcdef01',
      sender: { id: 1, login: 'wile' },
      commit: { subject: 'Light the fuse', authorLogin: 'wile' },
      pullRequest: null,
    },
    trust: 'T2',
    state: 'running',
    outcome: null,
    startedAt,
    endedAt: null,
    workflows: [{ name: workflow, outcome: null, jobs: [{ name: job, state: 'running', outcome: null, startedAt, endedAt: null, slices: [slice] }] }],
  };
}

export async function eventually(holds: () => boolean | Promise<boolean>, withinMs = 5000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${holds.toString()}`);
    await sleep(10);
  }
}
