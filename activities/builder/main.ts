// The process `roundhouse builder`: the adapters of one machine, wired to its builder.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSettings } from '../../app/read-settings.ts';
import { operatorLog } from '../../app/operator-log.ts';
import { aborted, endOnTrouble, whenAsked } from '../../app/process.ts';
import type { Settings } from '../../config-schema/settings.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { reachStore } from '../adapters/store.ts';
import { loginFor } from '../adapters/images/registry-logins.ts';
import { machineHost } from '../adapters/machine.ts';
import { forbidCoreDumps } from '../adapters/no-core-dump.ts';
import { readSealingKey } from '../adapters/sealing.ts';
import { loadOrCreateKey } from '../key-file.ts';
import { connectWorkers, dataConverter, installRuntime, untilItAnswers } from '../adapters/temporal.ts';
import { confinedUnpacker } from '../adapters/unpack.ts';
import { Builder, type ResourceClass } from './builder.ts';
import { collectCaches } from './caches/collect.ts';
import { LocalCaches } from './caches/local-caches.ts';
import { dataSteps } from './data-steps.ts';
import { HeldFiles } from './held.ts';
import { Mirrors } from './mirror.ts';
import { spoolIn } from './spool.ts';
import { announcementOf, serveStreams } from './tell.ts';
import { builderActivities } from './temporal.ts';
import { connectUplink } from './uplink.ts';
import { builderWorkers } from './workers.ts';

const sweepEveryMs = 60_000;
const collectEveryMs = 3_600_000;

await endOnTrouble(async () => {
  // Values of secrets pass through this process.
  forbidCoreDumps();
  const settings = await readSettings();
  const log = operatorLog({ level: settings.logLevel, format: process.stderr.isTTY ? 'pretty' : 'json' }).child({ builder: settings.builderName });
  installRuntime(log);
  const asked = whenAsked();
  const state = settings.builderState;
  const { host, pool } = await machineHost(settings);
  const sealing = await readSealingKey(join(state, 'sealing.jwk'));
  const capacity = { cpus: availableParallelism() * settings.cpuOvercommit, memoryBytes: totalmem() };
  const classes = offeredClasses(settings, capacity, pool.hasQuotas);
  const store = await reachStore(settings);
  const caches = new LocalCaches(join(state, 'caches'), {
    unpack: confinedUnpacker,
    maxBytes: settings.cacheMaxGigabytes * 1e9,
    diskBytes: settings.cacheDiskGigabytes * 1e9,
    stallMs: settings.cacheStallSeconds * 1000,
    log,
  });
  const mirrors = new Mirrors(join(state, 'mirrors'), { days: settings.mirrorDays, onDamage: (mirror, reason) => log.warn({ mirror, reason }, 'a mirror is damaged and made anew') });
  const builder = new Builder({
    host,
    store,
    caches,
    dataSteps: dataSteps({ store, caches, cacheDays: settings.cacheDays, spool: spoolIn(join(state, 'spool')), limits: { workspaceBytes: settings.workspaceMaxGigabytes * 1e9, artifactBytes: settings.artifactMaxGigabytes * 1e9 }, log }),
    mirrors,
    files: new HeldFiles(state),
    classes,
    capacity,
    diskIsFull: async () => (await pool.usedPercent()) >= settings.diskWatermarkPercent,
    signIn: loginFor,
    unseal: sealing.unseal,
    publicUrl: settings.publicUrl,
    log,
  });
  await builder.start();
  const sweeping = setInterval(() => void builder.sweep().catch((error: unknown) => log.error({ error }, 'the sweep failed')), sweepEveryMs);

  // Any builder may do it for all; not all at once.
  const collecting = setInterval(() => void collectCaches(store, Date.now(), { repositoryBytes: settings.cacheRepositoryGigabytes * 1e9 }).catch((error: unknown) => log.warn({ error }, 'old caches were not removed')), collectEveryMs * (1 + Math.random() / 2));

  const sweepMirrors = (): Promise<unknown> => mirrors.sweep(new Set(builder.sandboxes().flatMap(({ mirror, furtherMirrors = {} }) => [...(mirror === null ? [] : [mirror]), ...Object.values(furtherMirrors)])));
  const sweepingMirrors = setInterval(() => void sweepMirrors().catch((error: unknown) => log.warn({ error }, 'unused mirrors were not removed')), collectEveryMs);

  const id = settings.builderName;
  const { privateKey, publicKey } = await loadOrCreateKey(join(state, 'ssh_key'));
  // On the app's own machine the data folder is the introduction; a builder elsewhere is introduced by its operator.
  await mkdir(join(settings.data, 'ssh', 'builders'), { recursive: true });
  await writeFile(join(settings.data, 'ssh', 'builders', `${id}.pub`), `${publicKey}\n`);
  const uplink = connectUplink({
    address: settings.appSsh,
    hostKey: await appHostKey(join(settings.data, 'ssh', 'host_key.pub'), asked),
    identity: privateKey,
    builderId: id,
    everySeconds: 3,
    announce: () => announcementOf(builder, { id, version: packageJson.version, classes, capacity, publicKey: sealing.publicKey }),
    serve: serveStreams(builder, () => uplink.announceChange()),
    signal: asked,
    log,
  });

  const connection = await untilItAnswers(() => connectWorkers(settings), asked);
  const workers = await builderWorkers({
    id,
    builder,
    activities: builderActivities(builder, { id, publicKey: sealing.publicKey, classes }),
    classes,
    connection,
    namespace: settings.temporalNamespace,
    dataConverter: await dataConverter(settings.payloadKeyFile),
  });
  const running = Promise.all(workers.map((worker) => worker.run()));
  log.info({ classes: Object.keys(classes), cpus: capacity.cpus, memoryBytes: capacity.memoryBytes }, 'the builder takes work');

  void aborted(asked).then(() => workers.forEach((worker) => worker.shutdown()));
  await running;
  clearInterval(sweeping);
  clearInterval(sweepingMirrors);
  clearInterval(collecting);
  await uplink.closed;
  await builder.stop();
  await caches.stop();
  await connection.close();
  log.info('the builder has stopped; its sandboxes go on');
});

/** Those classes of the table that one sandbox of fits on this machine. */
function offeredClasses(settings: Settings, capacity: { cpus: number; memoryBytes: number }, hasQuotas: boolean): Record<string, ResourceClass> {
  return Object.fromEntries(
    Object.entries(settings.classes)
      .filter(([, limits]) => limits.cpus <= capacity.cpus && limits.memoryBytes <= capacity.memoryBytes)
      .map(([name, limits]) => [name, { ...limits, diskBytes: hasQuotas ? limits.diskBytes : null }]),
  );
}

/** The app writes it at its first start. */
async function appHostKey(path: string, signal: AbortSignal): Promise<string> {
  for (;;) {
    const key = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? null : Promise.reject(error)));
    if (key !== null) return key.trim();
    await sleep(200, undefined, { signal });
  }
}
