// The process `roundhouse app`: GitHub, the page, the ssh port, temporal workflows and control activities, wired together.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { effective } from '../config-schema/choices.ts';
import { compileConfig, orbReferences } from '../config-schema/compile.ts';
import { shownSettings, type Settings } from '../config-schema/settings.ts';
import type { Trigger } from '../config-schema/trigger.ts';
import packageJson from '../package.json' with { type: 'json' };
import { reachStore } from '../activities/adapters/store.ts';
import { collectExpired } from '../activities/expiring.ts';
import { auditKeys } from '../activities/adapters/audit-keys.ts';
import { fileHighWater } from '../activities/adapters/audit-head.ts';
import { githubClient } from '../activities/adapters/github-client.ts';
import { githubDeployKeys } from '../activities/adapters/github-deploy-keys.ts';
import { githubPeople, githubPermissions } from '../activities/adapters/github-people.ts';
import { forkHeads } from '../activities/adapters/github-fork-heads.ts';
import { movements } from '../activities/adapters/github-movements.ts';
import { githubPlaces } from '../activities/adapters/github-places.ts';
import { githubPulls } from '../activities/adapters/github-pulls.ts';
import { githubSignIn } from '../activities/adapters/github-sign-in.ts';
import { githubSetup } from '../activities/adapters/github-setup.ts';
import { githubForge } from '../activities/adapters/github.ts';
import { openKeyRing } from '../activities/adapters/key-encryption-key.ts';
import { forbidCoreDumps } from '../activities/adapters/no-core-dump.ts';
import * as openpgp from '../activities/adapters/openpgp.ts';
import { resolveOrbs } from '../activities/adapters/orbs.ts';
import { redeliverer } from '../activities/adapters/github-deliveries.ts';
import { seal } from '../activities/adapters/sealing.ts';
import { temporalSchedules } from '../activities/adapters/temporal-schedules.ts';
import { connectClient, installRuntime, keepHistory, untilItAnswers, workflowSide } from '../activities/adapters/temporal.ts';
import { controlActivities } from '../activities/control/control.ts';
import { auditLog } from '../activities/control/audit-log.ts';
import { matches, readAudit } from '../activities/control/audit-read.ts';
import { verifyAudit } from '../activities/control/audit-verify.ts';
import { faultOfExpression } from '../activities/control/contexts.ts';
import { forgetPerson, forgetRepository } from '../activities/control/forget.ts';
import { keeping } from '../activities/control/keeping.ts';
import { rotateKeyEncryptionKey, type KekSource } from '../activities/control/key-ring.ts';
import { startMissed } from '../activities/control/missed-heads.ts';
import { noForge, noLookups } from '../activities/control/no-forge.ts';
import { repositorySettings } from '../activities/control/repository-settings.ts';
import { sealedVault } from '../activities/control/sealed-vault.ts';
import { lastLines } from '../activities/control/last-lines.ts';
import { handInFor } from '../activities/builder/hand-in.ts';
import { controlWorker } from '../activities/control/worker.ts';
import { loadOrCreateHostKey } from '../activities/key-file.ts';
import { logCodec } from '../activities/log-codec.ts';
import { describeSshKey, isSshHost } from '../activities/ssh-key.ts';
import { rememberName } from '../activities/repository-name.ts';
import { uuidOf } from '../activities/uuid.ts';
import { deliverTrigger, disownRepository, endSweep, glanceAtPipeline, isPipelineOpen, isTriggerKnown, listOpenPipelines, openPipelinesOf, scheduleSweep, serialGroups, viewPipeline } from '../workflows/client.ts';
import { allowAsked, approveAsked, cancelAsked } from './asks.ts';
import { createApi } from './api/api.ts';
import { knownRepository, listBuilds, readPipeline, readPipelineById } from './builds.ts';
import { onCommand } from './commands.ts';
import type { Asker } from './control/operation.ts';
import { operations } from './control/operations.ts';
import { runOperation } from './control/run-operation.ts';
import { serveControl } from './control/socket.ts';
import { readGitHubApp, readGitHubClient } from './github-app.ts';
import { openLists } from './history/lists.ts';
import { openPipelines } from './open-pipelines.ts';
import { verdicts } from './verdict.ts';
import { hookHandler } from './hooks.ts';
import { keyHandler } from './key-page.ts';
import { measures } from './metrics/measures.ts';
import { operatorLog } from './operator-log.ts';
import { openDoor } from './page/access/door.ts';
import { createPage } from './page/page.ts';
import type { ActionPorts } from './page/pipelines/pipeline-actions.ts';
import { doctorFindings } from './page/setup/doctor-process.ts';
import { fixedBy } from './page/setup/plan.ts';
import { webhookArrivals } from './page/setup/webhook-arrivals.ts';
import { aborted, endOnTrouble, whenAsked } from './process.ts';
import { BadSettings, readSettings } from './read-settings.ts';
import { healthHandler, readinessProbes } from './health.ts';
import { builderRegistry } from './registry.ts';
import { rerunAsked } from './rerun.ts';
import { startServer, webhookPath } from './server.ts';
import { startSshPort } from './ssh-port.ts';
import { triggerAsked, type StartPipeline } from './trigger.ts';
import { followedGate } from './webhooks/followed.ts';
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
  const measured = measures({ version: packageJson.version, store, token: settings.metricsToken });
  const following = repositorySettings(store);
  const choices = async (repositoryId: number) => effective(settings, await following.read(repositoryId));

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
  const asking = github && githubClient(github, Date.now, measured.github);
  const forge = github ? githubForge(github, asking!, settings.reporting) : noForge;
  const lookups = asking ? { deployKeys: githubDeployKeys(asking), people: githubPeople(asking), places: githubPlaces(asking) } : noLookups;
  const host = github?.host ?? 'github.com';
  const { publicUrl, checkout } = settings;
  const kept = keeping({ vault, audit, cipher: openpgp, forge, github: lookups, host, publicUrl, checkout, log });

  const appClient = github && (await readGitHubClient(settings));
  const signIn = asking && appClient && { ...appClient, ...githubPermissions(asking), ...githubSignIn(appClient, github), findRepository: lookups.places.findRepository };
  const door = openDoor({ store, audit, settings, github: signIn, log });

  const client = await untilItAnswers(() => connectClient(settings, measured.temporal), asked);
  await keepHistory(client, settings.temporalNamespace);
  const deliver = async (trigger: Trigger) => deliverTrigger(client, trigger, await choices(trigger.repository.id));
  const isBuilt = followedGate(settings.follow, following.read);
  const { findRepository, headOf } = lookups.places;
  const schedules = temporalSchedules(client);
  const temporal = await workflowSide(settings);
  const worker = await controlWorker({
    ...temporal,
    activities: measured.activities(controlActivities({
      forge,
      values: kept.values,
      secretChanges: kept.secretChanges,
      code: kept.code,
      store,
      compile: compileConfig,
      orbs: { orbReferences, resolveOrbs: (nearest, note) => resolveOrbs(settings, store, nearest, note) },
      ...offerPorts(settings, registry),
      isPipelineOpen: (repositoryId, number) => isPipelineOpen(client, repositoryId, number),
      serialGroups: serialGroups(client),
      choices,
      seal,
      startMissed: asking
        ? () =>
            startMissed({
              store,
              listPushed: lookups.places.listPushed,
              isBuilt,
              choices,
              movements: (repository) => movements(asking, repository),
              forkHeads: (repository) => forkHeads(asking, repository),
              isKnown: (trigger) => isTriggerKnown(client, trigger),
              deliver,
              graceMs: Math.min(60, settings.sweepSeconds) * 1000,
              log,
            })
        : () => Promise.resolve(0),
      redeliverFailed: github ? redeliverer(github, settings.sweepSeconds) : () => Promise.resolve(0),
      clock: { schedules, findRepository, headOf, isBuilt, deliver },
      lastLines: (key, lines) => lastLines(store, key, lines),
      configPaths: settings.configPaths,
      publicUrl: settings.publicUrl,
    })),
  });
  const working = worker.run();

  const reading = async () => ({ store, publicKeys: await signing.publicKeys(), highWater });
  const forgetting = async () => ({ ...(await reading()), audit, hasOpenPipelines: async (id: number) => (await openPipelinesOf(client, id)).length > 0 });
  const running = { client, store, audit, deliver, isBuilt, findRepository: lookups.places.findRepository };
  const trigger: StartPipeline = (asked, by, asker) => triggerAsked({ ...running, headOf }, asked, by, asker);
  const actions: ActionPorts = {
    cancel: (view, part, asker) => cancelAsked(running, view, part, asker),
    approve: (view, job, asker) => approveAsked(running, view, job, asker),
    allow: (view, asker) => allowAsked(running, view, asker),
    rerun: (view, what, by, asker) => rerunAsked(running, view, what, by, asker),
  };
  const lists = openLists({ store, log, signal: asked, listOpen: () => listOpenPipelines(client), viewOpen: (repositoryId, number) => glanceAtPipeline(client, repositoryId, number) });
  const known = operations({
    lists,
    readPipeline: (owner, name, number) => readPipeline({ store, client }, owner, name, number),
    ...actions,
    trigger,
    schedules,
    isBuilt,
    headOf,
    ...kept,
    vault,
    cipher: openpgp,
    audit,
    host,
    publicUrl,
    door,
    findRepository: lookups.places.findRepository,
    listRepositories: lookups.places.listRepositories,
    repositorySettings: following,
    follow: settings.follow,
    choices: settings,
    findOwner: lookups.places.findOwner,
    describeSshKey,
    isSshHost,
    faultOfExpression,
    rotateKeyEncryptionKey: () => rotateKeyEncryptionKey({ source: kek, vault }),
    // The lists in memory follow; they may have to wait for the store.
    forgetRepository: async (asked) => {
      const forgotten = await forgetRepository(await forgetting(), asked).finally(() => void lists.reload());
      for (const { scheduled } of await schedules.list(asked.repositoryId)) await schedules.remove(scheduled);
      return forgotten;
    },
    forgetPerson: async (asked) => {
      await door.forget(asked.personId);
      return forgetPerson(await forgetting(), asked).finally(() => void lists.reload());
    },
    newNonce: () => randomBytes(16).toString('base64url'),
    builders: { sights: () => registry.sights(), openStream: (builder, path, signal) => sshPort.open(builder, path, signal) },
  });
  const openViews = openPipelines({ list: () => listOpenPipelines(client), view: (repositoryId, number) => viewPipeline(client, repositoryId, number) });
  const ask = async <Answer>(name: string, input: unknown, asker: Asker): Promise<Answer> => (await runOperation(known.get(name)!, input, asker)) as Answer;
  const again = new AbortController();
  const arrivals = webhookArrivals(webhookPath);
  const page = createPage({
    setup: {
      settings: readSettings,
      fixed: fixedBy(process.env),
      appYml: await readFile(new URL('../app.yml', import.meta.url), 'utf8'),
      webhookPath,
      name: `roundhouse-${hostname()}`,
      github: asking && githubSetup(asking),
      lastWebhookAt: arrivals.last,
      doctor: () => doctorFindings(process.env),
      newestPipeline: async (repositoryId) => (await listBuilds({ store, client }, { limit: 1, repositoryId }))[0] ?? null,
      note: (event) => audit.append(event),
      restart: () => again.abort(),
    },
    ...actions,
    lists,
    pipeline: (owner, name, number) => readPipeline({ store, client }, owner, name, number),
    access: door.access,
    door,
    repository: (owner, name) => knownRepository(store, owner, name),
    ask,
    store,
    codec: logCodec,
    openStream: (builder, path, signal) => sshPort.open(builder, path, signal),
    sights: () => registry.sights(),
    openViews,
    version: packageJson.version,
    installation: { version: packageJson.version, publicUrl, settings: shownSettings(settings), isInEnvironment: (name) => Boolean(process.env[name]) },
    audit: { read: async function* (options) { yield* readAudit(await reading(), options); }, matches, verify: async () => verifyAudit(await reading()) },
    isPublic: door.isPublic,
    badgeToken: door.mayShowBadge,
    verdict: verdicts({ store, openViews }),
    measure: measured.requests,
    log,
  });
  const api = createApi({
    ...actions,
    access: door.access,
    viewerOfToken: door.viewerOfToken,
    repository: (owner, name) => knownRepository(store, owner, name),
    pipelineById: (repositoryId, number) => readPipelineById({ store, client }, repositoryId, number),
    openViews,
    lists,
    store,
    trigger,
    ask,
    handIn: (slice, attempt, continuation) => handInFor(store, slice, attempt, continuation),
    uuidOf,
    host,
    publicUrl,
    measure: measured.requests,
    log,
  });
  const server = await startServer({
    settings: { host: settings.host, port: settings.port, github: github && { appId: github.appId, privateKey: github.privateKey, webhookSecret: github.webhookSecret } },
    log,
    handlers: [healthHandler(readinessProbes({ client, namespace: settings.temporalNamespace, store, worker, registry }), { log }), measured.handler({ sights: () => registry.sights(), openViews }), keyHandler(kept.keys), hookHandler({ repository: (owner, name) => knownRepository(store, owner, name), mayTrigger: door.mayTrigger, trigger }), api, page.handler],
    isBuilt,
    deliver,
    ...(asking && { commanded: onCommand({ ...running, ...githubPermissions(asking), ...githubPulls(asking), log }) }),
    changed: onChange({
      rememberName: (repository, at) => rememberName(store, repository, at),
      isBuilt,
      disown: (repositoryId, reason) => disownRepository(client, repositoryId, reason),
      removeDeployKey: (repository, why) => kept.deployKeys.remove(repository, why, { who: 'roundhouse', from: 'webhook' }),
      log,
    }),
  });
  measured.webhooks(server.httpServer);
  server.httpServer.on('request', arrivals.see);
  server.httpServer.on('upgrade', (req, socket, head: Buffer) => {
    if (page.upgrade(req, socket, head)) measured.socket(socket);
    else socket.destroy();
  });
  const control = await serveControl({
    dataFolder: settings.data,
    operations: known,
    log,
  });
  await audit.append({ who: 'roundhouse', from: hostname(), action: 'app.started', subject: 'this installation', details: { version: packageJson.version, settings: shownSettings(settings) } });
  await (github ? scheduleSweep(client, settings.sweepSeconds) : endSweep(client));
  const expiring = setInterval(() => void Promise.all([collectExpired(store, { artifacts: settings.artifactDays, workspaces: settings.workspaceDays }), door.collect()]).catch((error: unknown) => log.error({ error }, 'what has expired was not removed')), collectEveryMs);
  log.info({ url: server.url, publicUrl: settings.publicUrl, sshPort: sshPort.port }, 'the app is ready');

  await aborted(AbortSignal.any([asked, again.signal]));
  clearInterval(expiring);
  page.close();
  await control.close();
  await server.close();
  worker.shutdown();
  await working;
  await sshPort.close();
  await temporal.connection.close();
  await client.connection.close();
  // With other settings, as the same process for whoever watches over it.
  if (!asked.aborted) process.execve!(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env);
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
