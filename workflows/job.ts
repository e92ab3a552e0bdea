// One job: its slices side by side, and what they make of it.

import { ChildWorkflowCancellationType, ParentClosePolicy, executeChild, isCancellation, log } from '@temporalio/workflow';
import { sliceWorkflowId, type SliceKey } from '../config-schema/address.ts';
import { combine, type Outcome } from '../config-schema/outcome.ts';
import type { GraphJob } from '../config-schema/plan.ts';
import type { JobView, PipelineView, SliceView } from '../config-schema/view.ts';
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

export async function runJob(run: JobRun): Promise<Outcome> {
  const { job, jobView, gate } = run;
  if (job.unsupported !== undefined) {
    jobView.reason = job.unsupported;
    return 'unsupported';
  }
  const refusal = job.guarded ? await admission(run) : null;
  if (refusal) {
    jobView.reason = refusal.reason;
    return refusal.outcome;
  }
  // A job that runs nothing has no slices, and passes at once.
  const outcomes = await Promise.all(
    jobView.slices.map(async (waiting, index) => {
      let ended: SliceView;
      try {
        ended = await gate(() => runSlice(run, index));
      } catch (error) {
        if (!isCancellation(error)) log.error('a slice broke', { error });
        const end = isCancellation(error)
          ? { outcome: 'canceled' as const, reason: 'canceled before it began' }
          : { outcome: 'broken' as const, reason: 'Roundhouse failed to run this slice' };
        ended = { ...waiting, ...end, state: 'ended', endedAt: now() };
      }
      jobView.slices[index] = ended;
      return ended.outcome!;
    }),
  );
  const outcome = combine(outcomes);
  const decisive = jobView.slices.find((slice) => slice.outcome === outcome);
  delete jobView.reason;
  if (outcome !== 'passed' && decisive?.reason !== undefined) jobView.reason = decisive.reason;
  return outcome;
}

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

function runSlice({ view, workflow, job, limits }: JobRun, index: number): Promise<SliceView> {
  const key: SliceKey = { repositoryId: view.repository.id, pipeline: view.number, workflow, job: job.name, slice: index };
  return executeChild<typeof slice>('slice', {
    workflowId: sliceWorkflowId(key),
    args: [{ key, repository: view.repository, total: job.parallelism, job, limits }],
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });
}
