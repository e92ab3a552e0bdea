// The process `roundhouse app`: GitHub, the page, the ssh port, temporal workflows and control activities, wired together.

import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compileConfig, orbReferences } from '../config-schema/compile.ts';
import { fileStore } from '../activities/adapters/file-store.ts';
import { githubForge } from '../activities/adapters/github.ts';
import { resolveOrbs } from '../activities/adapters/orbs.ts';
import { redeliverer } from '../activities/adapters/github-deliveries.ts';
import { seal } from '../activities/adapters/sealing.ts';
import { connectClient, installRuntime, keepHistory, untilItAnswers, workflowSide } from '../activities/adapters/temporal.ts';
import { controlActivities } from '../activities/control/control.ts';
import { noForge } from '../activities/control/no-forge.ts';
import { lastLines } from '../activities/control/last-lines.ts';
import { controlWorker } from '../activities/control/worker.ts';
import { loadOrCreateHostKey } from '../activities/key-file.ts';
import { logCodec } from '../activities/log-codec.ts';
import { rememberName } from '../activities/repository-name.ts';
import { deliverTrigger, disownRepository, endSweep, isPipelineOpen, scheduleSweep } from '../workflows/client.ts';
import { listBuilds, readPipeline } from './builds.ts';
import { readGitHubApp } from './github-app.ts';
import { operatorLog } from './operator-log.ts';
import { createPage } from './page/page.ts';
import { aborted, endOnTrouble, whenAsked } from './process.ts';
import { readSettings } from './read-settings.ts';
import { healthHandler } from './health.ts';
import { builderRegistry } from './registry.ts';
import { startServer } from './server.ts';
import { startSshPort } from './ssh-port.ts';
import { onChange } from './webhooks/changed.ts';
import { offerPorts } from './offers.ts';

await endOnTrouble(async () => {
  const settings = await readSettings();
  const log = operatorLog({ level: settings.logLevel, format: process.stderr.isTTY ? 'pretty' : 'json' });
  installRuntime(log);
  const asked = whenAsked();
  await mkdir(settings.data, { recursive: true, mode: 0o700 });
  const github = await readGitHubApp(settings);
  const store = fileStore(settings.store.folder);
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

  const client = await untilItAnswers(() => connectClient(settings), asked);
  await keepHistory(client, settings.temporalNamespace);
  const temporal = await workflowSide(settings);
  const worker = await controlWorker({
    ...temporal,
    activities: controlActivities({
      forge: github ? githubForge(github) : noForge,
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

  const page = createPage({
    builds: (limit) => listBuilds({ store, client }, { limit }),
    pipeline: (owner, name, number) => readPipeline({ store, client }, owner, name, number),
    store,
    codec: logCodec,
    openStream: (builder, path, signal) => sshPort.open(builder, path, signal),
    log,
  });
  const server = await startServer({
    settings: { host: settings.host, port: settings.port, github: github && { appId: github.appId, privateKey: github.privateKey, webhookSecret: github.webhookSecret } },
    log,
    handlers: [healthHandler(registry), page.handler],
    deliver: (trigger) => deliverTrigger(client, trigger, settings),
    changed: onChange({
      rememberName: (repository, at) => rememberName(store, repository, at),
      disown: (repositoryId, reason) => disownRepository(client, repositoryId, reason),
      log,
    }),
  });
  server.httpServer.on('upgrade', (req, socket, head: Buffer) => {
    if (!page.upgrade(req, socket, head)) socket.destroy();
  });
  await (github ? scheduleSweep(client, settings.sweepSeconds) : endSweep(client));
  log.info({ url: server.url, publicUrl: settings.publicUrl, sshPort: sshPort.port }, 'the app is ready');

  await aborted(asked);
  page.close();
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
