// How does what the workflow says of a check become the check run on the forge?

import { stepLogKey, type SliceKey } from '../../config-schema/address.ts';
import { ranIn } from '../../config-schema/carry-over.ts';
import { checkId } from '../../config-schema/check-id.ts';
import { checkConclusion } from '../../config-schema/outcome.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import { isFiltered, type JobView } from '../../config-schema/view.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Check, ChecksReport } from './activities.ts';
import { checkActions, waitsForPerson } from './check-actions.ts';
import { checkOutput, configErrorOutput, forkOutput, jobReport, type JobReport } from './check-output.ts';
import type { CheckRun } from './forge.ts';
import { failedTests } from './test-reports.ts';

export type CheckRunPorts = { store: ObjectStore; lastLines: (stepLogKey: string, lines: number) => Promise<string[]>; publicUrl: string };

const tailLines = 40;

export async function checkRun(ports: CheckRunPorts, { repository, sha, pipeline }: ChecksReport, check: Check, id?: number | string): Promise<CheckRun> {
  const address = [repository.owner, repository.name, pipeline].map(String).map(encodeURIComponent).join('/');
  const known = { sha, ...(id !== undefined && { id }), actions: checkActions(check) };
  const of = { repositoryId: repository.id, pipeline };
  const now = new Date().toISOString();
  if (check.kind === 'config-errors') {
    return {
      ...known,
      externalId: checkId({ ...of, kind: 'config' }),
      name: 'Roundhouse config',
      detailsUrl: `${ports.publicUrl}/${address}`,
      status: 'completed',
      startedAt: now,
      completedAt: now,
      conclusion: 'failure',
      output: configErrorOutput(check.path, check.errors, check.because),
    };
  }
  if (check.kind === 'fork') {
    return {
      ...known,
      externalId: checkId({ ...of, kind: 'fork' }),
      name: 'Roundhouse: build this fork',
      detailsUrl: `${ports.publicUrl}/${address}`,
      status: 'completed',
      conclusion: check.outcome === null ? 'action_required' : checkConclusion(check.outcome),
      completedAt: now,
      output: forkOutput(check.wouldRun, check.outcome, check.reason),
    };
  }
  const { job, workflow, name } = check;
  const detailsUrl = `${ports.publicUrl}/${address}/${encodeURIComponent(workflow)}/${encodeURIComponent(job.name)}`;
  const failing = job.outcome === null ? [] : await failedTests(ports.store, { ...of, workflow, job: job.name }, job);
  const failingTail = job.outcome === null ? undefined : await tailOfFailure(ports, repository, pipeline, workflow, job);
  return {
    ...known,
    externalId: checkId({ ...of, kind: 'job', workflow, job: job.name }),
    name,
    detailsUrl,
    ...(job.startedAt !== null && { startedAt: job.startedAt }),
    ...stateOf(job, now),
    ...(isFiltered(job) && { unlessThere: true }),
    output: checkOutput(jobReport(job, { detailsUrl, notes: check.notes, failedTests: failing, ...(failingTail && { failingTail }) })),
  };
}

/** A job that waits for a person is completed to GitHub, which shows the buttons of completed checks alone. */
function stateOf(job: JobView, now: string): Pick<CheckRun, 'status' | 'conclusion' | 'completedAt'> {
  if (waitsForPerson(job)) return { status: 'completed', conclusion: 'action_required', completedAt: now };
  if (job.outcome === null) return { status: job.state === 'running' ? 'in_progress' : 'queued' };
  return { status: 'completed', conclusion: checkConclusion(job.outcome), completedAt: job.endedAt! };
}

async function tailOfFailure(ports: CheckRunPorts, repository: Repository, pipeline: number, workflow: string, job: JobView): Promise<JobReport['failingTail']> {
  for (const slice of job.slices) {
    const step = slice.steps.findIndex(({ result }) => result !== null && result.outcome !== 'passed' && result.outcome !== 'skipped');
    if (step < 0) continue;
    const key: SliceKey = { repositoryId: repository.id, pipeline: ranIn(pipeline, job, slice), workflow, job: job.name, slice: slice.index };
    const lines = await ports.lastLines(stepLogKey(key, slice.attempt, step), tailLines);
    return { slice: slice.index, step: slice.steps[step]!.name, lines };
  }
  return undefined;
}
