// A Temporal server, an app's share and builders in this process, around agents without walls: what the workflows' tests play in.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Runtime, DefaultLogger, NativeConnection, type Worker } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { fileStore } from '../../activities/adapters/file-store.ts';
import { dataConverter, workflowBundle } from '../../activities/adapters/temporal.ts';
import { temporalSchedules } from '../../activities/adapters/temporal-schedules.ts';
import { readSealingKey, seal } from '../../activities/adapters/sealing.ts';
import { loginFor } from '../../activities/adapters/images/registry-logins.ts';
import { confinedUnpacker } from '../../activities/adapters/unpack.ts';
import { Builder, type ResourceClass } from '../../activities/builder/builder.ts';
import { LocalCaches } from '../../activities/builder/caches/local-caches.ts';
import { dataSteps } from '../../activities/builder/data-steps.ts';
import { HeldFiles } from '../../activities/builder/held.ts';
import { Mirrors } from '../../activities/builder/mirror.ts';
import { spoolIn } from '../../activities/builder/spool.ts';
import { builderActivities } from '../../activities/builder/temporal.ts';
import { builderWorkers } from '../../activities/builder/workers.ts';
import type { Limits } from '../../activities/control/activities.ts';
import { cachedOrbs } from '../../activities/control/orb-cache.ts';
import { resolveFrom, type OrbLink } from '../../activities/control/orbs.ts';
import { controlActivities } from '../../activities/control/control.ts';
import { givenValues } from '../../activities/control/given-values.ts';
import { controlWorker } from '../../activities/control/worker.ts';
import type { ObjectStore } from '../../activities/object-store.ts';
import type { SandboxHost } from '../../activities/builder/sandbox.ts';
import type { Choices } from '../../config-schema/choices.ts';
import { compileConfig, orbReferences } from '../../config-schema/compile.ts';
import type { Repository, Trigger } from '../../config-schema/trigger.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import { summaryKey } from '../../config-schema/view.ts';
import { deliverTrigger, isPipelineOpen, serialGroups, viewPipeline } from '../../workflows/client.ts';
import { memoryForge, type MemoryForge } from '../fakes/forge.ts';
import { processHost } from '../fakes/process-host.ts';
import { startTemporal } from '../temporal.ts';

export type BuilderProcess = { id: string; builder: Builder; host: SandboxHost; folder: string; stop(): Promise<void> };

/** May be changed while the world goes on. */
export type AtOnce = Pick<Choices, 'pipelinesAtOnce'> & Partial<Choices> & { askAfterSeconds: number };

export type World = {
  client: Client;
  /** Of the Temporal server. */
  address: string;
  forge: MemoryForge;
  store: ObjectStore;
  /** What each ref of the repository holds, by its last push; to be changed. */
  heads: Map<string, string>;
  /** Where orbs come from that no repository holds; to be replaced. */
  registry: { link: OrbLink };
  folder: string;
  /** That of every builder's sandboxes; to be filled. */
  disk: { isFull: boolean };
  startBuilder(id: string, change?: (host: SandboxHost) => SandboxHost): Promise<BuilderProcess>;
  /** A push of a commit with this config; answers the trigger that was delivered. */
  push(config: string | null, change?: Partial<Trigger>): Promise<Trigger>;
  /** The summary of the pipeline, once it has ended. */
  ended(number: number, repositoryId?: number): Promise<PipelineView>;
  /** What the log of a step holds in the store. */
  until<T>(what: string, look: () => Promise<T | null | undefined | false>, timeoutMs?: number): Promise<T>;
  view(number: number): Promise<PipelineView | null>;
  stop(): Promise<void>;
};

const shop: Repository = { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 };
const classes: Record<string, ResourceClass> = { medium: { cpus: 1, memoryBytes: 2 ** 30, pids: 500, diskBytes: null } };
const cache = process.env.ROUNDHOUSE_CACHE ?? '/var/cache/roundhouse';
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

const usualLimits: Limits = { queueTimeoutSeconds: 60, builderLostSeconds: 4, leaseSeconds: 5, explainAfterSeconds: 1, serialTimeoutSeconds: 300 };

export async function startWorld(limits: Partial<Limits> = {}, payloadKeyFile?: string, { atOnce = { pipelinesAtOnce: 0, askAfterSeconds: 60 }, serverArgs = [] }: { atOnce?: AtOnce; serverArgs?: string[] } = {}): Promise<World> {
  Runtime.install({ logger: new DefaultLogger(process.env.LOG_LEVEL === 'debug' ? 'WARN' : 'ERROR') });
  const folder = await mkdtemp(join(tmpdir(), 'rh-world-'));
  const server = await startTemporal(join(folder, 'temporal'), serverArgs);
  const connection = await Connection.connect({ address: server.address });
  const nativeConnection = await NativeConnection.connect({ address: server.address });
  const converter = await dataConverter(payloadKeyFile ?? join(folder, 'payload.keys'));
  const client = new Client({ connection, dataConverter: converter });
  const store = fileStore(join(folder, 'store'));
  const forge = memoryForge();
  const heads = new Map<string, string>();
  const registry: World['registry'] = { link: { name: 'no registry', find: () => Promise.resolve(null) } };
  const control = await controlWorker({
    connection: nativeConnection,
    namespace: 'default',
    dataConverter: converter,
    workflowBundle: await workflowBundle(cache),
    activities: controlActivities({
      forge,
      store,
      compile: compileConfig,
      orbs: { orbReferences, resolveOrbs: (nearest, note) => resolveFrom([...nearest, cachedOrbs(registry.link, store, note)]) },
      resourceClass: () => Promise.resolve({ name: 'medium' }),
      explainWait: () => Promise.resolve(present.size > 0 ? null : 'no builder is connected'),
      builderSeenAt: (id) => Promise.resolve(present.has(id) ? new Date().toISOString() : null),
      isPipelineOpen: (repositoryId, number) => isPipelineOpen(client, repositoryId, number),
      get serialGroups() {
        return serialGroups(client, atOnce);
      },
      choices: () => Promise.resolve({ autoCancel: 'off', forks: 'never', ...atOnce }),
      seal,
      values: givenValues(new Set(['GIVEN'])),
      secretChanges: () => Promise.resolve([]),
      code: { credential: forge.credential, furtherCredential: forge.credential, refused: () => Promise.resolve(null), further: () => Promise.resolve(null) },
      startMissed: () => Promise.resolve(0),
      redeliverFailed: () => Promise.resolve(0),
      clock: {
        schedules: temporalSchedules(client),
        findRepository: () => Promise.resolve(shop),
        headOf: (_repository, ref) => Promise.resolve(heads.get(ref) ?? null),
        isBuilt: () => Promise.resolve(true),
        deliver: (trigger) => deliverTrigger(client, trigger, atOnce),
      },
      lastLines: () => Promise.resolve([]),
      configPaths: ['.circle.yml'],
      get limits() {
        return { ...usualLimits, ...limits };
      },
      publicUrl: 'http://127.0.0.1:1',
    }),
  });
  const controlling = control.run();
  const stops: (() => Promise<void>)[] = [];
  const hosts: SandboxHost[] = [];
  const present = new Set<string>();
  let pushes = 0;

  const disk = { isFull: false };
  const world: World = {
    client,
    address: server.address,
    forge,
    store,
    heads,
    registry,
    folder,
    disk,
    async startBuilder(id, change = (host) => host) {
      const state = join(folder, id);
      const host = change(await processHost(join(state, 's')));
      hosts.push(host);
      const key = await readSealingKey(join(state, 'key'));
      const caches = new LocalCaches(join(state, 'caches'), { unpack: confinedUnpacker, maxBytes: 1e9, diskBytes: 2e9, stallMs: 60_000, log: quiet });
      const builder = new Builder({
        host,
        store,
        caches,
        dataSteps: dataSteps({ store, caches, cacheDays: 15, spool: spoolIn(join(state, 'spool')), limits: { workspaceBytes: 1e9, artifactBytes: 1e9 }, log: quiet }),
        mirrors: new Mirrors(join(state, 'mirrors')),
        files: new HeldFiles(state),
        classes,
        capacity: { cpus: 4, memoryBytes: 8 * 2 ** 30 },
        diskIsFull: () => Promise.resolve(disk.isFull),
        signIn: loginFor,
        unseal: (sealed) => key.unseal(sealed) as never,
        publicUrl: 'http://127.0.0.1:1',
        log: quiet,
      });
      await builder.start();
      const activities = builderActivities(builder, { id, publicKey: key.publicKey, classes });
      // Of its own: one connection may have one worker on a queue, and builders share the queues of the classes.
      const connection = await NativeConnection.connect({ address: server.address });
      const workers = await builderWorkers({ id, builder, activities, classes, connection, namespace: 'default', dataConverter: converter });
      const running = Promise.all(workers.map((worker: Worker) => worker.run()));
      let stopped = false;
      present.add(id);
      const stop = async (): Promise<void> => {
        if (stopped) return;
        stopped = true;
        present.delete(id);
        workers.forEach((worker) => worker.shutdown());
        await running;
        await connection.close();
        await builder.stop();
      };
      stops.push(stop);
      return { id, builder, host, folder: state, stop };
    },
    async push(config, change = {}) {
      pushes += 1;
      const sha = `${'a'.repeat(32)}${pushes.toString(16).padStart(8, '0')}`;
      const trigger: Trigger = {
        event: 'push',
        deliveryId: `delivery-${pushes}`,
        receivedAt: new Date().toISOString(),
        repository: shop,
        ref: 'refs/heads/main',
        before: '0'.repeat(40),
        sha,
        sender: { id: 1, login: 'ada' },
        commit: { subject: `commit ${pushes}`, authorLogin: 'ada' },
        pullRequest: null,
        ...change,
      };
      if (config !== null) forge.configs.set(trigger.sha, config);
      heads.set(trigger.ref, trigger.sha);
      await deliverTrigger(client, trigger, atOnce);
      return trigger;
    },
    ended: (number, repositoryId = 7) =>
      world.until(`pipeline ${number} has ended`, async () => {
        const bytes = await store.get(summaryKey(repositoryId, number));
        return bytes && (JSON.parse(Buffer.from(bytes).toString()) as PipelineView);
      }),
    view: (number) => viewPipeline(client, 7, number),
    async until(what, look, timeoutMs = 60_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const asked = Date.now();
        const found = await look();
        if (found) return found;
        if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
        // Whoever looks all the time holds up what it waits for.
        await sleep(Math.max(50, 2 * (Date.now() - asked)));
      }
    },
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
      control.shutdown();
      await controlling;
      await connection.close();
      await nativeConnection.close();
      await server.stop();
      for (const host of hosts) await host.reconcile(new Set());
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return world;
}
