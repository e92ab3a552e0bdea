// How does a step of a sandbox run, from its start to its stored log?

import { stepLogKey } from '../../config-schema/address.ts';
import type { StepResult } from '../../config-schema/outcome.ts';
import type { PlanStep } from '../../config-schema/plan.ts';
import type { EndedStep } from '../../sandbox-agent/client.ts';
import type { PipelineRecord } from '../control/activities.ts';
import type { GitCredential } from '../control/forge.ts';
import { checkFence, Fenced } from '../fence.ts';
import type { ObjectStore } from '../object-store.ts';
import type { StepPlace } from './environment.ts';
import type { Held, HeldFiles } from './held.ts';
import { SandboxLost, type Live } from './live.ts';
import type { Mirrors } from './mirror.ts';
import type { pipelineRecords } from './pipeline-records.ts';
import { AgentGone, pumpStep } from './pump.ts';
import type { SandboxHost } from './sandbox.ts';
import { openStepLog } from './step-log.ts';
import { brokenStep, stepResult } from './step-result.ts';
import { stepSpec } from './step-spec.ts';

export type StepPorts = {
  host: Pick<SandboxHost, 'oomKills'>;
  store: ObjectStore;
  mirrors: Pick<Mirrors, 'fetch'>;
  files: HeldFiles;
  jobOf: ReturnType<typeof pipelineRecords>;
  unseal: (sealed: string) => Promise<GitCredential>;
  publicUrl: string;
  log: { warn: (fields: object, message: string) => void };
  /** What a sandbox of the class may take at the most. */
  memoryBytes: (resourceClass: string) => number;
  isHere: (sandbox: string) => boolean;
  /** A later attempt has begun: the sandbox is to go. */
  onFenced: (sandbox: string) => void;
};

export type Steps = {
  /**
   * Starts the step, or goes on with it, and answers when it has ended and its log is stored; a background step as soon as it was
   * started. Abort `cancel` to kill it: then it answers 'canceled'.
   */
  run(live: Live, index: number, sealedCredential: string | undefined, cancel: AbortSignal): Promise<StepResult>;
  /** Goes on reading the output of a step that was started by an earlier process. */
  readOn(live: Live, index: number): Promise<EndedStep>;
};

/** Between SIGTERM and SIGKILL, when a step is canceled. */
const cancelGraceMs = 10_000;

export function stepsOf(ports: StepPorts): Steps {
  const { host, store, files, log: operatorLog } = ports;
  return { run, readOn: (live, index) => pump(live, index, null) };

  async function run(live: Live, index: number, sealedCredential: string | undefined, cancel: AbortSignal): Promise<StepResult> {
    const startedAt = Date.now();
    const { sandbox, resourceClass } = live.held;
    const { place, step } = await stepOf(live.held, index);
    live.asking += 1;
    try {
      const spec = stepSpec(place, index, step);
      if (!live.held.startedSteps.includes(index)) {
        if (step.kind === 'checkout') await fetch(live.held, place, sealedCredential);
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
        return stepResult(step, ended, limit);
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

  /** One pump per step: whoever asks again gets the same. */
  function pump(live: Live, index: number, spec: ReturnType<typeof stepSpec> | null): Promise<EndedStep> {
    const { held, line, pumps } = live;
    const before = pumps.get(index);
    if (before) return before;
    const pumping = (async () => {
      const log = await openStepLog({
        store,
        key: stepLogKey(held.slice, held.attempt, index),
        file: files.logFile(held.sandbox, index),
        checkFence: () => checkFence(store, held.slice, held.attempt),
        onTrouble: (error) => operatorLog.warn({ error, sandbox: held.sandbox, step: index }, 'a log is not stored yet'),
      });
      live.logs.set(index, log);
      try {
        return await pumpStep(line, index, spec, log);
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

  async function stepOf({ slice, sliceTotal }: Held, index: number): Promise<{ place: StepPlace; step: PlanStep }> {
    const { record, job } = await ports.jobOf(slice);
    const step = job.steps[index];
    if (!step) throw new Error(`job ${slice.job} has no step ${index}`);
    const place = { trigger: record.trigger, pipeline: record.number, workflow: slice.workflow, job, jobName: slice.job, slice: slice.slice, sliceTotal, publicUrl: ports.publicUrl, ...forgePages(record) };
    return { place, step };
  }

  async function fetch({ mirror }: Held, place: StepPlace, sealedCredential: string | undefined): Promise<void> {
    if (!mirror || sealedCredential === undefined) throw new Error('a checkout needs a mirror and a credential');
    await ports.mirrors.fetch(mirror, place.trigger, await ports.unseal(sealedCredential));
  }

  async function killedForMemory(held: Held): Promise<boolean> {
    const kills = await host.oomKills(held.sandbox).catch(() => 0);
    return kills > held.oomKills;
  }
}

/** Pages on the forge; a record of 0.1.0 does not hold them. */
const forgePages = ({ trigger: { repository }, repositoryUrl, pullRequestUrls }: PipelineRecord): Pick<StepPlace, 'repositoryUrl' | 'pullRequestUrls'> => ({
  repositoryUrl: repositoryUrl ?? `https://github.com/${repository.owner}/${repository.name}`,
  pullRequestUrls: pullRequestUrls ?? [],
});
