// The process `roundhouse run`: this work tree through the same temporal workflows and sandboxes as a push, with nothing of GitHub's.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openStore } from '../../activities/adapters/store.ts';
import { localForge } from '../../activities/adapters/local-forge.ts';
import { clearMachine } from '../../activities/adapters/machine.ts';
import { cacheOf, resolveOrbs, tellingAtOnce } from '../../activities/adapters/orbs.ts';
import { seal } from '../../activities/adapters/sealing.ts';
import { connectClient, installRuntime, untilItAnswers, workflowSide } from '../../activities/adapters/temporal.ts';
import { controlActivities } from '../../activities/control/control.ts';
import { givenValues } from '../../activities/control/given-values.ts';
import { controlWorker } from '../../activities/control/worker.ts';
import { loadOrCreateHostKey, loadOrCreateKey } from '../../activities/key-file.ts';
import { logCodec } from '../../activities/log-codec.ts';
import { compileConfig, orbReferences, type Compiled } from '../../config-schema/compile.ts';
import { exitCode } from '../../config-schema/outcome.ts';
import { summaryKey, type PipelineView } from '../../config-schema/view.ts';
import { noCommit, type Trigger } from '../../config-schema/trigger.ts';
import { cancelPipeline, deliverTrigger, isPipelineOpen, serialGroups, viewPipeline } from '../../workflows/client.ts';
import { offerPorts } from '../offers.ts';
import { Problem } from '../cli/problem.ts';
import { operatorLog } from '../operator-log.ts';
import { aborted, endOnTrouble, whenAsked } from '../process.ts';
import { readSettings } from '../read-settings.ts';
import { builderRegistry } from '../registry.ts';
import { startSshPort } from '../ssh-port.ts';
import { embeddedTemporal } from '../up/all.ts';
import { startFamily } from '../up/family.ts';
import { freePorts } from '../up/free-ports.ts';
import { onlyJob, withEnvironment } from './change-plan.ts';
import { followPipeline } from './follow.ts';
import { showLines, summary, summaryObject } from './show.ts';
import { insideTree, takeSnapshot } from './snapshot.ts';

const repository = { id: 1, owner: 'local', private: true, installationId: null };

await endOnTrouble(async () => {
  const options = JSON.parse(process.argv[2] ?? '{}') as { config?: string; job?: string; env: string[]; json?: true };
  if (process.getuid?.() !== 0) throw new Problem('sandboxes need root on this machine. Run: sudo roundhouse run', 2);
  const asked = whenAsked();
  // Logs are what this command is for, unless it is asked for an object.
  const show = (text: string): void => void (options.json ? process.stderr : process.stdout).write(text);
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-run-'));
  const errors: string[] = [];
  const ending: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  try {
    const snapshot = await takeSnapshot(process.cwd(), join(folder, 'snapshot.git'));
    const configPath = options.config === undefined ? null : insideTree(snapshot.top, process.cwd(), options.config);
    const [temporalPort] = await freePorts(1);
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'error',
      ROUNDHOUSE_DATA: join(folder, 'data'),
      // Nothing of a run is kept, wherever builds are.
      ROUNDHOUSE_STORE: `file:${join(folder, 'store')}`,
      ROUNDHOUSE_BUILDER_NAME: 'here',
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    };
    const settings = await readSettings(env);
    const log = operatorLog({ level: settings.logLevel, format: 'pretty' });
    installRuntime(log);
    const store = openStore(settings);
    const registry = builderRegistry({ store });
    const hostKey = await loadOrCreateHostKey(join(settings.data, 'ssh/host_key'));
    // Nobody else reaches this port for the seconds that it is open, and the builder is our own child.
    const builderKey = await loadOrCreateKey(join(settings.builderState, 'ssh_key'));
    const sshPort = await startSshPort({ host: '127.0.0.1', port: 0, hostKey: hostKey.privateKey, authorizedBuilders: (key) => (key === builderKey.publicKey ? 'here' : null), registry, log });
    ending.push(() => sshPort.close());

    const family = startFamily(
      [
        { name: 'temporal', env, command: await embeddedTemporal(settings, '') },
        { name: 'builder', env: { ...env, ROUNDHOUSE_APP_SSH: `127.0.0.1:${sshPort.port}` }, command: [process.execPath, ...process.execArgv, new URL('../../activities/builder/main.ts', import.meta.url).pathname] },
      ],
      (line) => log.warn({}, line),
    );
    ending.push(() => clearMachine(settings), () => family.end());

    const client = await untilItAnswers(() => connectClient(settings), asked);
    const temporal = await workflowSide(settings);
    const forge = localForge({ repositoryFolder: snapshot.folder, sha: snapshot.sha, configPath, onReport: () => undefined });
    const worker = await controlWorker({
      ...temporal,
      activities: controlActivities({
        forge,
        store,
        compile: (text, place) => {
          const compiled = changed(compileConfig(text, { ...place, narrow: (plan) => onlyJob(plan, options.job) ?? plan }), options);
          const faults = 'errors' in compiled ? compiled.errors : compiled.notYet.filter(({ severity }) => severity === 'error');
          errors.push(...faults.map(({ line, column, message }) => `${place.path}:${line}:${column}: ${message}`));
          return compiled;
        },
        orbs: {
          orbReferences,
          // Remembered from one run to the next, as nothing else of a run is.
          resolveOrbs: (nearest, note) => tellingAtOnce(resolveOrbs(settings, cacheOf(settings), nearest, note)),
        },
        ...offerPorts(settings, registry),
        isPipelineOpen: (repositoryId, number) => isPipelineOpen(client, repositoryId, number),
        serialGroups: serialGroups(client),
        choices: () => Promise.resolve({ autoCancel: 'off', forks: 'never', pipelinesAtOnce: 0 }),
        seal,
        values: givenValues(new Set(options.env.map((pair) => pair.slice(0, pair.indexOf('='))))),
        secretChanges: () => Promise.resolve([]),
        code: { credential: forge.credential, furtherCredential: forge.credential, refused: () => Promise.resolve(null), further: () => Promise.resolve(null) },
        startMissed: () => Promise.resolve(0),
        redeliverFailed: () => Promise.resolve(0),
        lastLines: () => Promise.resolve([]),
        configPaths: configPath === null ? settings.configPaths : [configPath],
        publicUrl: settings.publicUrl,
      }),
    });
    const working = worker.run();
    ending.push(async () => {
      worker.shutdown();
      await working;
      await temporal.connection.close();
      await client.connection.close();
    });

    await deliverTrigger(client, triggerOf(basename(snapshot.top), snapshot.branch, snapshot.sha));
    void aborted(asked).then(() => {
      show('\ncanceling …\n');
      // Too late is no fault: the pipeline has ended then.
      cancelPipeline(client, repository.id, 1).catch(() => undefined);
    });
    let newest: PipelineView | null = null;
    const slices = ({ workflow, job }: { workflow: string; job: string }): number =>
      newest?.workflows.find(({ name }) => name === workflow)?.jobs.find(({ name }) => name === job)?.slices.length ?? 1;
    const look = async (): Promise<PipelineView | null> => (newest = (await ended(store)) ?? (await viewPipeline(client, repository.id, 1)));
    const view = await followPipeline({ store, sshPort, logCodec }, look, showLines(show, slices));
    for (const error of errors) process.stderr.write(`${error}\n`);
    show(summary(view));
    if (options.json) process.stdout.write(`${JSON.stringify(summaryObject(view))}\n`);
    const nothingRan = view.workflows.length === 0;
    return nothingRan ? 2 : exitCode(view.outcome!);
  } finally {
    for (const end of ending.toReversed()) await end().catch((error: unknown) => process.stderr.write(`roundhouse: while ending: ${String(error)}\n`));
  }
});

async function ended(store: ReturnType<typeof openStore>): Promise<PipelineView | null> {
  const bytes = await store.get(summaryKey(repository.id, 1));
  return bytes ? (JSON.parse(Buffer.from(bytes).toString('utf8')) as PipelineView) : null;
}

function changed(compiled: Compiled, { job, env }: { job?: string; env: string[] }): Compiled {
  if ('errors' in compiled) return compiled;
  const names = compiled.plan.workflows.flatMap(({ jobs }) => jobs.map(({ name }) => name));
  const plan = onlyJob(compiled.plan, job);
  if (!plan) return { errors: [{ severity: 'error', line: 1, column: 1, message: `--job ${job}: no workflow has such a job for this branch. Choose one of ${names.join(', ')}.` }] };
  const variables = Object.fromEntries(env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  return { plan: withEnvironment(plan, variables), notYet: compiled.notYet };
}

function triggerOf(name: string, branch: string | null, sha: string): Trigger {
  return {
    event: 'local',
    deliveryId: sha,
    receivedAt: new Date().toISOString(),
    repository: { ...repository, name, defaultBranch: 'main' },
    ref: `refs/heads/${branch ?? 'detached'}`,
    before: noCommit,
    sha,
    sender: { id: 0, login: process.env.SUDO_USER ?? process.env.USER ?? 'root' },
    commit: { subject: 'The work tree as it stands', authorLogin: null },
    pullRequest: null,
  };
}
