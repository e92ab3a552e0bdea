// One slice of a job: find a builder, run its steps in one sandbox, leave nothing behind. A lost builder costs one attempt.

import { ActivityFailure, ApplicationFailure, CancellationScope, TimeoutFailure, getExternalWorkflowHandle, isCancellation, log, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import type { SliceKey } from '../config-schema/address.ts';
import type { Outcome, StepResult } from '../config-schema/outcome.ts';
import type { GraphJob } from '../config-schema/plan.ts';
import { classQueue, failureTypes } from '../config-schema/queues.ts';
import type { Repository } from '../config-schema/trigger.ts';
import type { SliceView } from '../config-schema/view.ts';
import { classOf, waitingSlice } from '../config-schema/waiting.ts';
import { anyBuilder, control, takenBuilder, thisBuilder, type Limits, type OpenedSandbox } from './activities.ts';
import { sliceProgress, sliceView } from './messages.ts';
import { now } from './now.ts';

/** The first, and two more when builders are lost. */
const mostAttempts = 3;
/** Sandboxes tried per attempt before we call ourselves broken. */
const mostSandboxes = 3;
/** Failures of our own in one step before we call ourselves broken. */
const mostFaults = 5;

export type SliceInput = { key: SliceKey; repository: Repository; total: number; job: GraphJob & { resourceClass: string | null }; limits: Limits; /** The first of its attempts. Absent: 1. */ attempt?: number };

type End = { outcome: Outcome; reason?: string };

export async function slice(input: SliceInput): Promise<SliceView> {
  const view = waitingSlice(input.key.slice, input.attempt ?? 1, classOf(input.job));
  setHandler(sliceView, () => view);

  const end = await attempts(input, view);
  return Object.assign(view, { state: 'ended', endedAt: now() }, end);
}

async function attempts(input: SliceInput, view: SliceView): Promise<End> {
  const first = input.attempt ?? 1;
  let loss: string | undefined;
  for (let attempt = first; attempt < first + mostAttempts; attempt++) {
    Object.assign(view, { attempt, state: 'waiting', steps: [...input.job.steps.map(({ name }) => name), ...(input.job.services ?? [])].map((name) => ({ name, state: 'waiting', startedAt: null, result: null })) });
    try {
      // The first has nobody before it to fence out, and somebody waits for its first line.
      if (attempt > 1) await control.beginAttempt({ slice: input.key, attempt });
      const end = await oneAttempt(input, view, loss);
      if (end !== 'builder-lost') return end;
    } catch (error) {
      if (isCancellation(error)) return { outcome: 'canceled', reason: 'canceled' };
      log.error('the slice broke', { error });
      return { outcome: 'broken', reason: sentenceOf(error) };
    }
    const step = view.steps.findIndex((candidate) => candidate.state !== 'ended');
    loss = `builder ${view.builder} was lost at step ${step + 1}`;
    if (input.job.noRetry) return { outcome: 'broken', reason: `${loss}, and \`no_retry\` keeps it from being started again` };
    view.notes.push(loss);
  }
  return { outcome: 'broken', reason: `its builder was lost ${mostAttempts} times` };
}

/** `loss`: of the attempt before, when its builder was lost. */
async function oneAttempt(input: SliceInput, view: SliceView, loss: string | undefined): Promise<End | 'builder-lost'> {
  const opened = await openAndClaim(input, view);
  if ('outcome' in opened) return opened;
  view.builder = opened.builder;
  const note = loss && `${loss}; started again on ${opened.builder}`;
  if (note) view.notes[view.notes.lastIndexOf(loss)] = note;
  Object.assign(view, { state: 'running', startedAt: view.startedAt ?? now() });
  // The step does not wait for it: what is late in the view is no fault of the build.
  void tellPipeline(input.key, { state: 'running', ...(note && { note }) }).catch((error: unknown) => log.warn('the pipeline was not told', { error }));
  const services = view.steps.slice(input.job.steps.length);
  const startedAt = now();
  for (const service of services) Object.assign(service, { state: 'running', startedAt });
  const seconds = input.job.timeoutSeconds;
  const builder = thisBuilder(opened.queue, input.limits, seconds + 600);
  let lost = false;
  try {
    return await withinTime(seconds, () => runSteps(input, view, opened, builder));
  } catch (error) {
    lost = isLost(error);
    if (lost) return 'builder-lost';
    throw error;
  } finally {
    const durationMs = Date.parse(now()) - Date.parse(startedAt);
    for (const service of services) Object.assign(service, { state: 'ended', result: { name: service.name, outcome: 'passed', exitCode: null, signal: null, durationMs } });
    await CancellationScope.nonCancellable(() => (lost ? disown(input, view) : builder.closeSandbox({ sandbox: opened.sandbox }).catch(() => disown(input, view))));
  }
}

/** A builder that is gone destroys the sandbox when it comes back and finds the attempt fenced; the steps' results stand. */
const disown = ({ key }: SliceInput, { attempt }: SliceView): Promise<void> => control.beginAttempt({ slice: key, attempt: attempt + 1 });

/** A completion of openSandbox may be lost and the lease run out: then another sandbox is opened. */
async function openAndClaim(input: SliceInput, view: SliceView): Promise<OpenedSandbox | End> {
  const { key, total, job, limits } = input;
  const resourceClass = classOf(job);
  const { openSandbox } = anyBuilder(classQueue(resourceClass), limits);
  view.queuedAt ??= now();
  delete view.prepareMs;
  for (let tries = 1; ; tries++) {
    let claiming = false;
    try {
      const wanted = { slice: key, sliceTotal: total, attempt: view.attempt, resourceClass, leaseSeconds: limits.leaseSeconds };
      let opened = await explained(openSandbox({ ...wanted, ...(job.signsIn && { later: job.signsIn }) }), resourceClass, input, view);
      claiming = true;
      if (job.signsIn) {
        const values = await control.sealValues({ slice: key, builderKey: opened.builderKey });
        if ('outcome' in values) return values;
        opened = await takenBuilder(opened.queue, limits).prepareSandbox({ ...wanted, sealedValues: values.sealed });
      }
      await thisBuilder(opened.queue, limits, 1).claimSandbox({ sandbox: opened.sandbox });
      delete view.reason;
      if (opened.prepareMs !== undefined) view.prepareMs = opened.prepareMs;
      view.notes.push(...(opened.notes ?? []));
      return opened;
    } catch (error) {
      if (isCancellation(error)) throw error;
      if (typeOf(error) === failureTypes.unknownImage) return { outcome: 'failed', reason: sentenceOf(error) };
      // A task that nobody ever took ends as schedule-to-start, one that was refused until the end as schedule-to-close.
      if (!claiming && (timeoutOf(error) === 'SCHEDULE_TO_CLOSE' || timeoutOf(error) === 'SCHEDULE_TO_START')) return { outcome: 'broken', reason: view.reason ?? `no builder took it within ${limits.queueTimeoutSeconds} s` };
      if (tries >= mostSandboxes) return { outcome: 'broken', reason: sentenceOf(error) };
      log.warn('a sandbox could not be had', { error });
    }
  }
}

/** While the work waits for longer than a moment, the view and the check say why. */
async function explained<T>(work: Promise<T>, resourceClass: string, { key, limits }: SliceInput, view: SliceView): Promise<T> {
  const explaining = new CancellationScope();
  void explaining
    .run(async () => {
      for (;;) {
        await sleep(`${limits.explainAfterSeconds}s`);
        const reason = (await control.explainWait({ resourceClass })) ?? `waits for room on a builder of class ${resourceClass}`;
        if (reason === view.reason) continue;
        view.reason = reason;
        await tellPipeline(key, { state: 'waiting', reason });
      }
    })
    .catch(() => undefined);
  try {
    return await work;
  } finally {
    explaining.cancel();
  }
}

async function tellPipeline({ workflow, job, slice }: SliceKey, progress: { state: 'running'; note?: string } | { state: 'waiting'; reason: string }): Promise<void> {
  const { parent } = workflowInfo();
  if (parent) await getExternalWorkflowHandle(parent.workflowId).signal(sliceProgress, { workflow, job, slice, ...progress });
}

async function runSteps(input: SliceInput, view: SliceView, opened: OpenedSandbox, builder: ReturnType<typeof thisBuilder>): Promise<End> {
  const { key, job, limits } = input;
  const values = job.guarded ? await control.sealValues({ slice: key, builderKey: opened.builderKey }) : null;
  if (values && 'outcome' in values) return values;
  const sealedValues = values ? { sealedValues: values.sealed } : {};
  let failed: StepResult | null = null;
  let halted = false;
  for (const [index, step] of job.steps.entries()) {
    const stepView = view.steps[index]!;
    const runs = !halted && (step.when === 'always' || (step.when === 'on_fail') === (failed !== null));
    if (!runs) {
      stepView.state = 'ended';
      stepView.result = { name: step.name, outcome: 'skipped', exitCode: null, signal: null, durationMs: 0, reason: halted ? 'the job was halted by `circleci step halt`' : failed ? 'an earlier step failed' : 'nothing failed' };
      continue;
    }
    Object.assign(stepView, { state: 'running', startedAt: now() });
    const run = async (): Promise<StepResult> => {
      const credential = step.kind === 'checkout' ? { sealedCredential: await sealCredential(input, opened, index) } : {};
      return surviving(opened.builder, limits, () => builder.runStep({ sandbox: opened.sandbox, step: index, ...credential, ...sealedValues }));
    };
    const result = step.kind === 'checkout' ? await withCredential(input, view, run) : await run();
    Object.assign(stepView, { state: 'ended', result });
    if (result.outcome === 'canceled' || result.outcome === 'broken') return { outcome: result.outcome, ...(result.reason !== undefined && { reason: result.reason }) };
    if (result.outcome !== 'passed') failed ??= result;
    halted = result.halted === true;
  }
  if (!failed) return { outcome: 'passed' };
  return { outcome: failed.outcome, reason: `${failed.name}: ${failed.reason ?? (failed.signal ? `ended by ${failed.signal}` : `exit code ${failed.exitCode}`)}` };
}

/** What only a guarded job can ask for is not said for the others: their histories are older. */
const sealCredential = ({ key, job, repository }: SliceInput, { builderKey }: OpenedSandbox, step: number): Promise<string> =>
  control.sealCredential({ repository, builderKey, ...(job.guarded && { slice: key, step }) });

/** A deploy key may have been removed on the forge: then there is another one, once. */
async function withCredential({ repository }: SliceInput, view: SliceView, run: () => Promise<StepResult>): Promise<StepResult> {
  try {
    return await run();
  } catch (error) {
    if (typeOf(error) !== failureTypes.credentialRefused) throw error;
    const done = await control.credentialRefused({ repository });
    if (done === null) throw error;
    view.notes.push(done);
    return run();
  }
}

/** A builder that was killed or restarted finds its step again; one that does not come back is lost. */
async function surviving<T>(builder: string, { builderLostSeconds }: Limits, work: () => Promise<T>): Promise<T> {
  for (let faults = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (isCancellation(error) || typeOf(error) === failureTypes.sandboxLost || typeOf(error) === failureTypes.credentialRefused) throw error;
      const isSilent = timeoutOf(error) === 'HEARTBEAT' || typeOf(error) === failureTypes.builderRestarting;
      if (timeoutOf(error) !== undefined && !isSilent) throw error;
      if (!isSilent && ++faults >= mostFaults) throw error;
      if (!(await isBack(builder, builderLostSeconds))) throw ApplicationFailure.create({ type: failureTypes.sandboxLost, message: `builder ${builder} is silent`, nonRetryable: true });
    }
  }
}

/** Asked in short pieces: the app that waits for it may itself be restarted. */
async function isBack(builder: string, seconds: number): Promise<boolean> {
  for (let waited = 0; waited < seconds; waited += 20) {
    if (await control.builderIsBack({ builder, withinSeconds: Math.min(20, seconds - waited) })) return true;
  }
  return false;
}

async function withinTime(seconds: number, work: () => Promise<End>): Promise<End> {
  let over = false;
  const scope = new CancellationScope();
  const timing = new CancellationScope();
  void timing
    .run(() => sleep(`${seconds}s`))
    .then(() => {
      over = true;
      scope.cancel();
    })
    .catch(() => undefined);
  const timedOut: End = { outcome: 'timed-out', reason: `the job took longer than ${seconds} s (set timeout: on the job to allow more)` };
  try {
    const end = await scope.run(work);
    return over && end.outcome === 'canceled' ? timedOut : end;
  } catch (error) {
    if (over && isCancellation(error)) return timedOut;
    throw error;
  } finally {
    timing.cancel();
  }
}

/** Nobody took work from the builder's own queue, or its sandbox is gone. */
const isLost = (error: unknown): boolean => typeOf(error) === failureTypes.sandboxLost || timeoutOf(error) === 'SCHEDULE_TO_START';

function timeoutOf(error: unknown): TimeoutFailure['timeoutType'] | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof TimeoutFailure ? cause.timeoutType : undefined;
}

function typeOf(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
}

function sentenceOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof Error ? cause.message : String(error);
}
