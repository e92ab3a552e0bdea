// One job: its slices side by side, and what they make of it.

import { ChildWorkflowCancellationType, ParentClosePolicy, executeChild, isCancellation, log } from '@temporalio/workflow';
import { sliceWorkflowId, type SliceKey } from '../config-schema/address.ts';
import { combine, type Outcome } from '../config-schema/outcome.ts';
import type { GraphJob } from '../config-schema/plan.ts';
import type { JobView, PipelineView, SliceView } from '../config-schema/view.ts';
import type { Limits } from './activities.ts';
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

function runSlice({ view, workflow, job, limits }: JobRun, index: number): Promise<SliceView> {
  const key: SliceKey = { repositoryId: view.repository.id, pipeline: view.number, workflow, job: job.name, slice: index };
  return executeChild<typeof slice>('slice', {
    workflowId: sliceWorkflowId(key),
    args: [{ key, repository: view.repository, total: job.parallelism, job, limits }],
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });
}
