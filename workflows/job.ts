// One job: its slices side by side, and what they make of it.

import { CancellationScope, ChildWorkflowCancellationType, ParentClosePolicy, isCancellation, log, startChild, type ChildWorkflowHandle } from '@temporalio/workflow';
import { sliceWorkflowId, type SliceKey } from '../config-schema/address.ts';
import { done, refused, type Answer } from '../config-schema/ask.ts';
import { combine, type Outcome } from '../config-schema/outcome.ts';
import type { GraphJob } from '../config-schema/plan.ts';
import type { JobView, PipelineView, SliceView } from '../config-schema/view.ts';
import { classOf, waitingSlice } from '../config-schema/waiting.ts';
import { control, type Limits } from './activities.ts';
import type { Gate } from './gate.ts';
import { now } from './now.ts';
import type { slice } from './slice.ts';

export type JobRun = {
  view: PipelineView;
  workflow: string;
  job: GraphJob;
  /** Brought up to date as the slices end. */
  jobView: JobView;
  limits: Limits;
  gate: Gate;
};

export type StartedJob = {
  whole: Promise<Outcome>;
  /** Runs one of its slices once more, when that has ended and others have not. */
  rerunSlice(index: number, by: string): Answer;
};

/** Slices that have ended already keep their results. */
export function startJob(run: JobRun): StartedJob {
  const { job, jobView, gate } = run;
  const scope = CancellationScope.current();
  const running = new Map<number, Promise<void>>();

  function begin(index: number): void {
    const waiting = jobView.slices[index]!;
    const notes = [...waiting.notes];
    const end = async (): Promise<void> => {
      let ended: SliceView;
      try {
        ended = await gate(() => startSlice(run, index));
      } catch (error) {
        if (!isCancellation(error)) log.error('a slice broke', { error });
        const how = isCancellation(error)
          ? { outcome: 'canceled' as const, reason: 'canceled before it began' }
          : { outcome: 'broken' as const, reason: 'Roundhouse failed to run this slice' };
        ended = { ...waiting, notes: [], ...how, state: 'ended', endedAt: now() };
      }
      jobView.slices[index] = { ...ended, notes: [...notes, ...ended.notes] };
      running.delete(index);
    };
    running.set(index, scope.run(end));
  }

  async function all(): Promise<Outcome> {
    if (job.unsupported !== undefined) {
      jobView.reason = job.unsupported;
      return 'unsupported';
    }
    if (job.skipped !== undefined) {
      jobView.reason = job.skipped;
      return 'skipped';
    }
    const refusal = job.guarded ? await admission(run) : null;
    if (refusal) {
      jobView.reason = refusal.reason;
      return refusal.outcome;
    }
    for (const { index, state } of jobView.slices) if (state !== 'ended') begin(index);
    while (running.size > 0) await Promise.race(running.values());
    // A job that runs nothing has no slices, and passes at once.
    const outcome = combine(jobView.slices.map((slice) => slice.outcome!));
    const decisive = jobView.slices.find((slice) => slice.outcome === outcome);
    delete jobView.reason;
    if (outcome !== 'passed' && decisive?.reason !== undefined) jobView.reason = decisive.reason;
    return outcome;
  }

  return {
    whole: all(),
    rerunSlice(index, by) {
      const slice = jobView.slices[index];
      if (!slice) return refused(`job ${job.name} has no slice ${index}`);
      if (running.size === 0 || slice.state !== 'ended') return refused(`slice ${index} of job ${job.name} has not ended`);
      jobView.slices[index] = nextTry(slice, job, by);
      begin(index);
      return done;
    },
  };
}

/** The slice as it stands before it runs once more. Attempts are counted in the pipeline that they are of. */
export const nextTry = ({ index, attempt, notes, carriedFrom }: SliceView, job: GraphJob, by: string): SliceView => ({ ...waitingSlice(index, carriedFrom === undefined ? attempt + 1 : 1, classOf(job)), notes: [...notes, `run again by ${by}`] });

/** Why the job does not start; null when it may. */
async function admission({ view, workflow, job }: JobRun): Promise<{ outcome: Outcome; reason: string } | null> {
  try {
    return await control.admitJob({ repositoryId: view.repository.id, pipeline: view.number, workflow, job: job.name });
  } catch (error) {
    if (isCancellation(error)) return { outcome: 'canceled', reason: 'canceled before it began' };
    log.error('a job could not be admitted', { error });
    return { outcome: 'broken', reason: 'Roundhouse failed to look up what the job may have; the operator finds the reason in the log of the app' };
  }
}

function startSlice({ view, workflow, job, jobView, limits }: JobRun, index: number): Promise<ChildWorkflowHandle<typeof slice>> {
  const key: SliceKey = { repositoryId: view.repository.id, pipeline: view.number, workflow, job: job.name, slice: index };
  return startChild<typeof slice>('slice', {
    workflowId: sliceWorkflowId(key),
    args: [{ key, repository: view.repository, total: job.parallelism, job, limits, attempt: jobView.slices[index]!.attempt }],
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });
}
