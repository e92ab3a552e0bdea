// The process `roundhouse app`: GitHub, the page, the ssh port, temporal workflows and control activities, wired together.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { compileConfig, orbReferences } from '../config-schema/compile.ts';
import { shownSettings, type Settings } from '../config-schema/settings.ts';
import packageJson from '../package.json' with { type: 'json' };
import { reachStore } from '../activities/adapters/store.ts';
import { collectExpired } from '../activities/expiring.ts';
import { auditKeys } from '../activities/adapters/audit-keys.ts';
import { fileHighWater } from '../activities/adapters/audit-head.ts';
import { githubClient } from '../activities/adapters/github-client.ts';
import { githubDeployKeys } from '../activities/adapters/github-deploy-keys.ts';
import { githubPeople } from '../activities/adapters/github-people.ts';
import { githubPlaces } from '../activities/adapters/github-places.ts';
import { githubForge } from '../activities/adapters/github.ts';
import { openKeyRing } from '../activities/adapters/key-encryption-key.ts';
import { forbidCoreDumps } from '../activities/adapters/no-core-dump.ts';
import * as openpgp from '../activities/adapters/openpgp.ts';
import { resolveOrbs } from '../activities/adapters/orbs.ts';
import { redeliverer } from '../activities/adapters/github-deliveries.ts';
import { seal } from '../activities/adapters/sealing.ts';
import { connectClient, installRuntime, keepHistory, untilItAnswers, workflowSide } from '../activities/adapters/temporal.ts';
import { controlActivities } from '../activities/control/control.ts';
import { auditLog } from '../activities/control/audit-log.ts';
import { faultOfExpression } from '../activities/control/contexts.ts';
import { forgetPerson, forgetRepository } from '../activities/control/forget.ts';
import { keeping } from '../activities/control/keeping.ts';
import { rotateKeyEncryptionKey, type KekSource } from '../activities/control/key-ring.ts';
import { noForge, noLookups } from '../activities/control/no-forge.ts';
import { sealedVault } from '../activities/control/sealed-vault.ts';
import { lastLines } from '../activities/control/last-lines.ts';
import { controlWorker } from '../activities/control/worker.ts';
import { loadOrCreateHostKey } from '../activities/key-file.ts';
import { logCodec } from '../activities/log-codec.ts';
import { describeSshKey, isSshHost } from '../activities/ssh-key.ts';
import { rememberName } from '../activities/repository-name.ts';
import { deliverTrigger, disownRepository, endSweep, isPipelineOpen, openPipelinesOf, scheduleSweep } from '../workflows/client.ts';
import { knownRepository, listBuilds, readPipeline } from './builds.ts';
import type { Asker } from './control/operation.ts';
import { operations } from './control/operations.ts';
import { runOperation } from './control/run-operation.ts';
import { serveControl } from './control/socket.ts';
import { readGitHubApp } from './github-app.ts';
import { keyHandler } from './key-page.ts';
import { operatorLog } from './operator-log.ts';
import { localAccess } from './page/access/local.ts';
import { createPage } from './page/page.ts';
import { aborted, endOnTrouble, whenAsked } from './process.ts';
import { BadSettings, readSettings } from './read-settings.ts';
import { healthHandler } from './health.ts';
import { builderRegistry } from './registry.ts';
import { startServer } from './server.ts';
import { startSshPort } from './ssh-port.ts';
import { onChange } from './webhooks/changed.ts';
import { offerPorts } from './offers.ts';

const collectEveryMs = 3_600_000;

await endOnTrouble(async () => {
  // Keys and secrets pass through this process.
  forbidCoreDumps();
  const settings = await readSettings();
  const log = operatorLog({ level: settings.logLevel, format: process.stderr.isTTY ? 'pretty' : 'json' });
  installRuntime(log);
  const asked = whenAsked();
  await mkdir(settings.data, { recursive: true, mode: 0o700 });
  const github = await readGitHubApp(settings);
  const store = await reachStore(settings);
  const registry = builderRegistry({ store });

  const sshFolder = join(settings.data, 'ssh');
  const hostKey = await loadOrCreateHostKey(join(sshFolder, 'host_key'));
  const sshPort = await startSshPort({
    host: settings.sshHost,
    port: settings.sshPort,
    hostKey: hostKey.privateKey,
    authorizedBuilders: (publicKey) => builderOfKey(join(sshFolder, 'builders'), publicKey),
    registry,
    log,
  });

  const kek = await keyRingOf(settings);
  const vault = sealedVault({ store, ring: kek });
  const signing = auditKeys(vault, join(settings.data, 'audit-keys.pub'));
  const highWater = fileHighWater(join(settings.data, 'audit-head'));
  const audit = auditLog({ store, signingKey: signing.signingKey, highWater });
  const asking = github && githubClient(github);
  const forge = github ? githubForge(github, asking!) : noForge;
  const lookups = asking ? { deployKeys: githubDeployKeys(asking), people: githubPeople(asking), places: githubPlaces(asking) } : noLookups;
  const host = github?.host ?? 'github.com';
  const { publicUrl, checkout } = settings;
  const kept = keeping({ vault, audit, cipher: openpgp, forge, github: lookups, host, publicUrl, checkout, log });

  const client = await untilItAnswers(() => connectClient(settings), asked);
  await keepHistory(client, settings.temporalNamespace);
  const temporal = await workflowSide(settings);
  const worker = await controlWorker({
    ...temporal,
    activities: controlActivities({
      forge,
      values: kept.values,
      secretChanges: kept.secretChanges,
      code: kept.code,
      store,
      compile: compileConfig,
      orbs: { orbReferences, resolveOrbs: (nearest, note) => resolveOrbs(settings, store, nearest, note) },
      ...offerPorts(settings, registry),
      isPipelineOpen: (repositoryId, number) => isPipelineOpen(client, repositoryId, number),
      pipelinesAtOnce: settings.pipelinesAtOnce,
      seal,
      redeliverFailed: github ? redeliverer(github, settings.sweepSeconds) : () => Promise.resolve(0),
      lastLines: (key, lines) => lastLines(store, key, lines),
      configPaths: settings.configPaths,
      publicUrl: settings.publicUrl,
    }),
  });
  const working = worker.run();

  const forgetting = async () => ({ store, publicKeys: await signing.publicKeys(), highWater, audit, hasOpenPipelines: async (id: number) => (await openPipelinesOf(client, id)).length > 0 });
  const known = operations({
    ...kept,
    vault,
    cipher: openpgp,
    audit,
    host,
    publicUrl,
    findRepository: lookups.places.findRepository,
    findOwner: lookups.places.findOwner,
    describeSshKey,
    isSshHost,
    faultOfExpression,
    rotateKeyEncryptionKey: () => rotateKeyEncryptionKey({ source: kek, vault }),
    forgetRepository: async (asked) => forgetRepository(await forgetting(), asked),
    forgetPerson: async (asked) => forgetPerson(await forgetting(), asked),
    newNonce: () => randomBytes(16).toString('base64url'),
  });
  const page = createPage({
    builds: (limit) => listBuilds({ store, client }, { limit }),
    pipeline: (owner, name, number) => readPipeline({ store, client }, owner, name, number),
    access: localAccess,
    repository: (owner, name) => knownRepository(store, owner, name),
    ask: async <Answer>(name: string, input: unknown, asker: Asker) => (await runOperation(known.get(name)!, input, asker)) as Answer,
    store,
    codec: logCodec,
    openStream: (builder, path, signal) => sshPort.open(builder, path, signal),
    log,
  });
  const server = await startServer({
    settings: { host: settings.host, port: settings.port, github: github && { appId: github.appId, privateKey: github.privateKey, webhookSecret: github.webhookSecret } },
    log,
    handlers: [healthHandler(registry), keyHandler(kept.keys), page.handler],
    deliver: (trigger) => deliverTrigger(client, trigger, settings),
    changed: onChange({
      rememberName: (repository, at) => rememberName(store, repository, at),
      disown: (repositoryId, reason) => disownRepository(client, repositoryId, reason),
      removeDeployKey: (repository, why) => kept.deployKeys.remove(repository, why, { who: 'roundhouse', from: 'webhook' }),
      log,
    }),
  });
  server.httpServer.on('upgrade', (req, socket, head: Buffer) => {
    if (!page.upgrade(req, socket, head)) socket.destroy();
  });
  const control = await serveControl({
    dataFolder: settings.data,
    operations: known,
    log,
  });
  await audit.append({ who: 'roundhouse', from: hostname(), action: 'app.started', subject: 'this installation', details: { version: packageJson.version, settings: shownSettings(settings) } });
  await (github ? scheduleSweep(client, settings.sweepSeconds) : endSweep(client));
  const expiring = setInterval(() => void collectExpired(store, { artifacts: settings.artifactDays, workspaces: settings.workspaceDays }).catch((error: unknown) => log.error({ error }, 'what has expired was not removed')), collectEveryMs);
  log.info({ url: server.url, publicUrl: settings.publicUrl, sshPort: sshPort.port }, 'the app is ready');

  await aborted(asked);
  clearInterval(expiring);
  page.close();
  await control.close();
  await server.close();
  worker.shutdown();
  await working;
  await sshPort.close();
  await temporal.connection.close();
  await client.connection.close();
});

/** Builders are introduced by a file each, ID.pub; to withdraw one, remove its file. */
async function builderOfKey(folder: string, publicKey: string): Promise<string | null> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.pub')) continue;
    const [type, key] = (await readFile(join(folder, name), 'utf8').catch(() => '')).split(/\s+/);
    if (`${type} ${key}` === publicKey) return name.slice(0, -'.pub'.length);
  }
  return null;
}

/** A ring that cannot be read is the operator's to mend, before anything begins. */
async function keyRingOf(settings: Settings): Promise<KekSource> {
  try {
    const source = openKeyRing(settings, process.env);
    await source.ring();
    return source;
  } catch (error) {
    throw new BadSettings([(error as Error).message]);
  }
}
