// How does a step of a sandbox run, from its start to its stored log?

import { stepLogKey } from '../../config-schema/address.ts';
import type { StepResult } from '../../config-schema/outcome.ts';
import { servicesOf, type PlanStep } from '../../config-schema/plan.ts';
import type { Trigger, TrustLevel } from '../../config-schema/trigger.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import { AgentRefused, type AgentClient, type EndedStep } from '../../sandbox-agent/client.ts';
import type { PipelineRecord } from '../control/activities.ts';
import type { CheckoutAccess, GitCredential } from '../control/forge.ts';
import type { StepValues } from '../control/job-values.ts';
import { checkFence, Fenced } from '../fence.ts';
import type { StepInput } from './activities.ts';
import type { ObjectStore } from '../object-store.ts';
import { answerOf, isDataStep, type DataSteps } from './data-step.ts';
import { knownHostsEnvironment } from './checkout.ts';
import { nothingGiven, stepEnvironment, type Given, type StepPlace } from './environment.ts';
import { continuationKeyOf, handIn, mayContinue } from './hand-in.ts';
import type { Held, HeldFiles } from './held.ts';
import { SandboxLost, type Live } from './live.ts';
import type { Mirrors } from './mirror.ts';
import type { pipelineRecords } from './pipeline-records.ts';
import { AgentGone, pumpStep } from './pump.ts';
import { dataStepRunner } from './run-data-step.ts';
import type { SandboxHost } from './sandbox.ts';
import { prepareMask, type Mask } from './masking.ts';
import { keepServices } from './services.ts';
import { sshAgentStream } from './ssh-agent.ts';
import { openStepLog, type StepLog } from './step-log.ts';
import { brokenStep, stepResult } from './step-result.ts';
import { stepSpec } from './step-spec.ts';
import { splitsAs, timingsFor } from './test-results/timings.ts';
import { serveMirror } from './upload-pack.ts';

export type StepPorts = {
  host: Pick<SandboxHost, 'oomKills' | 'sidecarOutput'>;
  store: ObjectStore;
  mirrors: Mirrors;
  dataSteps: DataSteps;
  files: HeldFiles;
  jobOf: ReturnType<typeof pipelineRecords>;
  unseal: (sealed: string) => Promise<unknown>;
  publicUrl: string;
  log: { warn: (fields: object, message: string) => void };
  /** What a sandbox of the class may take at the most. */
  memoryBytes: (resourceClass: string) => number;
  isHere: (sandbox: string) => boolean;
  /** A later attempt has begun: the sandbox is to go. */
  onFenced: (sandbox: string) => void;
};

/** What came for this builder alone. */
export type SealedForStep = Pick<StepInput, 'sealedCredential' | 'sealedValues'>;

export type Steps = {
  /**
   * Starts the step, or goes on with it, and answers when it has ended and its log is stored; a background step as soon as it was
   * started. Abort `cancel` to kill it: then it answers 'canceled'.
   */
  run(live: Live, index: number, sealed: SealedForStep, cancel: AbortSignal): Promise<StepResult>;
  /** Goes on reading the output of a step that was started by an earlier process. */
  readOn(live: Live, index: number): Promise<EndedStep>;
  /** Goes on keeping what the sidecars print. Repeatable. */
  watchServices(live: Live): Promise<void>;
  /** What git and ssh in the sandbox reach by this connection. Called for each new one. */
  serve(live: Live, agent: AgentClient): Promise<void>;
};

/** Between SIGTERM and SIGKILL, when a step is canceled. */
const cancelGraceMs = 10_000;

export function stepsOf(ports: StepPorts): Steps {
  const { host, store, files, log: operatorLog } = ports;
  const runDataStep = dataStepRunner({ store, files, dataSteps: ports.dataSteps, openLog });
  return { run, readOn: (live, index) => pump(live, index, null), watchServices, serve };

  async function run(live: Live, index: number, { sealedCredential, sealedValues }: SealedForStep, cancel: AbortSignal): Promise<StepResult> {
    const startedAt = Date.now();
    const { sandbox, resourceClass } = live.held;
    const { place, step, trust } = await stepOf(live.held, index);
    live.asking += 1;
    try {
      // Kept before the step starts: whoever goes on reading its output must know what to mask.
      live.held.sealedValues ??= sealedValues ?? null;
      const values = await valuesOf(live);
      await watchServices(live);
      const { user, imageEnvironment = {} } = live.held.handle;
      const given: Given = { values, hasSshAgent: live.held.servesSshAgent === true, imageEnvironment };
      if (isDataStep(step)) return await runDataStep(live, step, { place, trust, index, environment: stepEnvironment(place, step, given), newMask: maskOf(live, values) }, cancel);
      const spec = { ...stepSpec(place, index, step, given), ...(user !== undefined && { user }) };
      if (!live.held.startedSteps.includes(index)) {
        await giveTimings(live, trust);
        if (step.kind === 'checkout') Object.assign(spec.env, knownHostsEnvironment(await fetch(live, place.trigger, trust, sealedCredential)));
        if (step.kind === 'add_ssh_keys') {
          const refused = await live.line.use((agent) => serveSshAgent(agent, values)).then(() => null, refusalOf);
          if (refused !== null) return brokenStep(step, startedAt, `The agent of the sandbox refused: ${refused}. Run the job again.`);
          live.held.servesSshAgent = true;
        }
        live.held.oomKills = await host.oomKills(sandbox).catch(() => 0);
        live.held.startedSteps.push(index);
        await files.write(live.held);
      }
      const pumping = pump(live, index, spec);
      if (step.kind === 'run' && step.background) {
        pumping.catch((error: unknown) => operatorLog.warn({ error, sandbox, step: index }, 'a background step was lost'));
        return { name: step.name, outcome: 'passed', exitCode: null, signal: null, durationMs: Date.now() - startedAt };
      }
      const kill = (): void => void live.line.use((agent) => agent.kill(index, cancelGraceMs)).catch(() => undefined);
      if (cancel.aborted) kill();
      cancel.addEventListener('abort', kill, { once: true });
      try {
        const ended = await pumping;
        const limit = (await killedForMemory(live.held)) ? ports.memoryBytes(resourceClass) : null;
        const result = stepResult(step, ended, limit);
        const refused = ended.continued && place.continuationKey !== undefined ? await handIn(store, live, cancel) : null;
        return refused === null || result.outcome !== 'passed' ? result : { ...result, outcome: cancel.aborted ? 'canceled' : 'failed', reason: refused };
      } finally {
        cancel.removeEventListener('abort', kill);
      }
    } catch (error) {
      if (error instanceof Fenced) throw new SandboxLost(error.message, { cause: error });
      if (!(error instanceof AgentGone)) throw error;
      if (!ports.isHere(sandbox)) throw new SandboxLost(`sandbox ${sandbox} was closed under a running step`, { cause: error });
      return brokenStep(step, startedAt, 'The agent of the sandbox ended while the step ran, so its outcome is unknown. Run the job again; if it happens again, look for a step that kills every process.');
    } finally {
      live.asking -= 1;
      live.lastAsked = Date.now();
    }
  }

  /** Before the first command of a parallel job: `circleci tests split` reads them. */
  async function giveTimings({ held, line }: Live, trust: TrustLevel): Promise<void> {
    if (held.sliceTotal === 1 || held.hasTimings) return;
    const { record } = await ports.jobOf(held.slice);
    const text = await timingsFor(store, splitsAs(record, held.slice), trust);
    if (text !== null) {
      const tool = await line.use((agent) => agent.tool({ program: 'helper', args: ['keepFile'], cwd: '/', stream: 'both' }));
      await answerOf(tool, { path: paths.timings, text });
    }
    held.hasTimings = true;
  }

  async function watchServices(live: Live): Promise<void> {
    const { sandbox, slice } = live.held;
    const { job } = await ports.jobOf(slice);
    const count = servicesOf(job).length;
    if (count === 0) return;
    const begin = maskOf(live, await valuesOf(live));
    live.services ??= keepServices(sandbox, count, host, (service) => openLog(live, job.steps.length + service), begin);
  }

  async function openLog(live: Live, index: number): Promise<StepLog> {
    const { held, logs } = live;
    const log = await openStepLog({
      store,
      key: stepLogKey(held.slice, held.attempt, index),
      file: files.logFile(held.sandbox, index),
      checkFence: () => checkFence(store, held.slice, held.attempt),
      onTrouble: (error) => operatorLog.warn({ error, sandbox: held.sandbox, step: index }, 'a log is not stored yet'),
    });
    logs.set(index, log);
    return log;
  }

  /** One pump per step: whoever asks again gets the same. */
  function pump(live: Live, index: number, spec: ReturnType<typeof stepSpec> | null): Promise<EndedStep> {
    const { held, line, pumps } = live;
    const before = pumps.get(index);
    if (before) return before;
    const pumping = (async () => {
      const log = await openLog(live, index);
      try {
        const values = await valuesOf(live);
        return await pumpStep(line, index, spec, log, maskOf(live, values));
      } catch (error) {
        // The next attempt of the activity may try again, with the log as it stands in the file.
        pumps.delete(index);
        live.logs.delete(index);
        await log.close();
        if (error instanceof Fenced) ports.onFenced(held.sandbox);
        throw error;
      }
    })();
    pumps.set(index, pumping);
    return pumping;
  }

  async function stepOf({ slice, sliceTotal }: Held, index: number): Promise<{ place: StepPlace; step: PlanStep; trust: TrustLevel }> {
    const { record, job } = await ports.jobOf(slice);
    const step = job.steps[index];
    if (!step) throw new Error(`job ${slice.job} has no step ${index}`);
    const place = { trigger: record.trigger, pipeline: record.number, workflow: slice.workflow, job, jobName: slice.job, slice: slice.slice, sliceTotal, publicUrl: ports.publicUrl, ...forgePages(record), ...(mayContinue(record, slice.workflow) && { continuationKey: continuationKeyOf(slice) }) };
    return { place, step, trust: record.trust };
  }

  /** Answers by what it read the pipeline's own repository. */
  async function fetch(live: Live, trigger: Trigger, trust: TrustLevel, sealedCredential: string | undefined): Promise<GitCredential> {
    const { mirror } = live.held;
    if (!mirror || sealedCredential === undefined) throw new Error('a checkout needs a mirror and a credential');
    const unsealed = (await ports.unseal(sealedCredential)) as CheckoutAccess | GitCredential;
    // An app of 0.1.0 may have sealed it.
    const { own, further } = 'own' in unsealed ? unsealed : { own: unsealed, further: [] };
    // No sandbox sees them; should one come out all the same, nobody reads it.
    live.ourSecrets = [own, ...further.map(({ credential }) => credential)].flatMap(secretsIn);
    await ports.mirrors.fetch(mirror, trigger, own);
    for (const { id, owner, name, credential } of further) {
      const place = await ports.mirrors.openFurther(id, trust);
      await ports.mirrors.fetchAll(place, credential);
      live.held.furtherMirrors = { ...live.held.furtherMirrors, [`${owner}/${name}`.toLowerCase()]: place };
    }
    return own;
  }

  /** Opened once for each process of the builder, and held in memory alone. */
  function valuesOf(live: Live): Promise<StepValues> {
    const { sealedValues } = live.held;
    if (sealedValues == null) return Promise.resolve(nothingGiven.values);
    live.values ??= ports.unseal(sealedValues) as Promise<StepValues>;
    return live.values;
  }

  async function serve(live: Live, agent: AgentClient): Promise<void> {
    const { held } = live;
    const { mirror } = held;
    if (mirror) await agent.serveGit((repository) => serveMirror(repository, { own: mirror, further: held.furtherMirrors ?? {} }));
    if (held.servesSshAgent) await serveSshAgent(agent, await valuesOf(live));
  }

  function serveSshAgent(agent: AgentClient, { sshKeys }: StepValues): Promise<void> {
    return agent.serveSshAgent(() => sshAgentStream(sshKeys.map(({ privateKey, fingerprint }) => ({ privateKey, comment: fingerprint }))));
  }

  async function killedForMemory(held: Held): Promise<boolean> {
    const kills = await host.oomKills(held.sandbox).catch(() => 0);
    return kills > held.oomKills;
  }
}

/** A sandbox of an earlier release cannot serve keys, however often it is asked. */
function refusalOf(error: unknown): string {
  if (error instanceof AgentRefused) return error.message;
  throw error;
}

/** Of everything that the job was given to keep to itself, and of credentials of ours. Its tables are made once for all steps. */
function maskOf(live: Live, { variables, secrets, sshKeys }: StepValues): () => Mask {
  const values = [...Object.values(variables), ...Object.values(secrets), ...sshKeys.map(({ privateKey }) => privateKey), ...live.ourSecrets];
  const of = JSON.stringify(values);
  if (live.mask?.of !== of) live.mask = { of, begin: prepareMask(values) };
  return live.mask.begin;
}

/** The header holds `NAME:TOKEN` in base64. */
function secretsIn({ authorization, ssh }: GitCredential): string[] {
  const token = authorization === null ? undefined : Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('utf8').split(':')[1];
  return [...(token === undefined ? [] : [token]), ...(ssh ? [ssh.privateKey] : [])];
}

/** Pages on the forge; a record of 0.1.0 does not hold them. */
const forgePages = ({ trigger: { repository }, repositoryUrl, pullRequestUrls, ownerId }: PipelineRecord): Pick<StepPlace, 'repositoryUrl' | 'pullRequestUrls' | 'organizationId'> => ({
  repositoryUrl: repositoryUrl ?? `https://github.com/${repository.owner}/${repository.name}`,
  pullRequestUrls: pullRequestUrls ?? [],
  ...(ownerId !== undefined && { organizationId: ownerId }),
});
