// What does a person see of a pipeline? The same words for an open one (from Temporal) and an ended one (from the object store).

import type { Outcome, StepResult } from './outcome.ts';
import type { OffWorkflow } from './plan.ts';
import type { Repository, Trigger, TrustLevel } from './trigger.ts';

export type State = 'waiting' | 'running' | 'ended';

/** Times are ISO 8601. `outcome` is null until the thing has ended. */
export type PipelineView = {
  version: 1;
  repository: Repository;
  number: number;
  trigger: Trigger;
  trust: TrustLevel | null;
  state: State;
  outcome: Outcome | null;
  /** Why nothing ran, or what broke. */
  reason?: string;
  /** While a fork's commit waits until a maintainer allows it: what it would run, in sentences. */
  wouldRun?: string[];
  startedAt: string;
  endedAt: string | null;
  workflows: WorkflowView[];
  /** Workflows of the config whose own conditions turned them off; of very many the first. */
  off?: OffWorkflow[];
};

export type WorkflowView = {
  name: string;
  outcome: Outcome | null;
  jobs: JobView[];
  /** How often its failed jobs have been run again by themselves (`max_auto_reruns`). */
  autoReruns?: number;
};

export type JobView = {
  name: string;
  state: State;
  outcome: Outcome | null;
  reason?: string;
  startedAt: string | null;
  endedAt: string | null;
  slices: SliceView[];
  /** Jobs of the workflow that it waits for. Absent in summaries of earlier versions. */
  requires?: string[];
  /** It runs nothing and waits for a person. */
  type?: 'approval';
  /** Whoever approved it. */
  approvedBy?: string;
  /** Its result is that of the pipeline with this number, which this one runs again in part; logs and the like lie there. */
  carriedFrom?: number;
};

export type SliceView = {
  index: number;
  attempt: number;
  state: State;
  outcome: Outcome | null;
  reason?: string;
  /** Things worth a line: "builder b3 was lost at step 4; started again on b1". */
  notes: string[];
  builder: string | null;
  /** The class in which it runs. This and the two below are absent in summaries of earlier versions. */
  resourceClass?: string;
  /** When it first asked for a builder. */
  queuedAt?: string;
  /** Of the last attempt: how long image and sandbox took once there was room. */
  prepareMs?: number;
  startedAt: string | null;
  endedAt: string | null;
  steps: StepView[];
  /** As of a job. */
  carriedFrom?: number;
};

export type StepView = { name: string; state: State; startedAt: string | null; result: StepResult | null };

/** One line of a list of builds. */
export type BuildLine = {
  owner: string;
  name: string;
  repositoryId: number;
  number: number;
  event: Trigger['event'];
  ref: string;
  sha: string;
  subject: string;
  sender: string;
  state: State;
  outcome: Outcome | null;
  reason?: string;
  startedAt: string;
  endedAt: string | null;
  /** Of an open pipeline in which nothing runs: the sentence that says for what the first of its jobs waits. This and what follows are absent in lines of earlier versions. */
  waitingFor?: string;
  pullRequest?: number;
  jobs?: { total: number; ended: number; failed: number };
  /** The name of the schedule that started it. */
  schedule?: string;
};

export function buildLine(view: PipelineView): BuildLine {
  const { trigger } = view;
  const jobs = view.workflows.flatMap((workflow) => workflow.jobs).filter((job) => !isFiltered(job));
  const waitingFor = waitingForOf(view, jobs);
  return {
    owner: view.repository.owner,
    name: view.repository.name,
    repositoryId: view.repository.id,
    number: view.number,
    event: trigger.event,
    ref: trigger.ref,
    sha: trigger.sha,
    subject: trigger.commit.subject,
    sender: trigger.sender.login,
    state: view.state,
    outcome: view.outcome,
    ...(view.reason !== undefined && { reason: view.reason }),
    startedAt: view.startedAt,
    endedAt: view.endedAt,
    ...(waitingFor !== undefined && { waitingFor }),
    ...(trigger.pullRequest != null && { pullRequest: trigger.pullRequest.number }),
    ...(trigger.event === 'schedule' && trigger.schedule && { schedule: trigger.schedule.name }),
    ...(jobs.length > 0 && { jobs: { total: jobs.length, ended: jobs.filter(({ state }) => state === 'ended').length, failed: jobs.filter(({ outcome }) => outcome !== null && isBad(outcome)).length } }),
  };
}

/** A filter of the config keeps it from this branch. */
export const isFiltered = ({ outcome, slices }: JobView): boolean => outcome === 'skipped' && slices.length === 0;

const isBad = (outcome: Outcome): boolean => outcome === 'failed' || outcome === 'timed-out' || outcome === 'broken' || outcome === 'unauthorized';

function waitingForOf({ state, reason }: PipelineView, jobs: JobView[]): string | undefined {
  if (state === 'ended') return undefined;
  if (state === 'waiting') return reason;
  const open = jobs.filter((job) => job.state !== 'ended');
  if (open.some((job) => job.state === 'running' || job.slices.some((slice) => slice.state === 'running'))) return undefined;
  return open.flatMap((job) => [job.reason, ...job.slices.map((slice) => (slice.state === 'waiting' ? slice.reason : undefined))]).find((sentence) => sentence !== undefined);
}

/** Ended pipelines of all repositories, newest first in a listing. `endedAt` is ISO 8601. */
export function historyKey(endedAt: string, repositoryId: number, pipeline: number): string {
  const inverted = String(9_999_999_999_999 - Date.parse(endedAt)).padStart(13, '0');
  return `history/${inverted}-${repositoryId}-${pipeline}.json`;
}

/** Ended pipelines of one repository, newest first in a listing. */
export function repositoryHistoryKey(repositoryId: number, pipeline: number): string {
  return `repositories/${repositoryId}/history/${String(9_999_999_999 - pipeline).padStart(10, '0')}.json`;
}

export const summaryKey = (repositoryId: number, pipeline: number): string => `pipelines/${repositoryId}/${pipeline}/summary.json`;

/** Where a repository's numeric id is found by its name. */
export const repositoryNameKey = (owner: string, name: string): string => `repositories/by-name/${owner.toLowerCase()}/${name.toLowerCase()}.json`;

/** What a repository is called now. */
export const repositoryNowKey = (repositoryId: number): string => `repositories/${repositoryId}/name.json`;
/** `at`: since when we know it, ISO 8601. */
export type NamedRepository = { owner: string; name: string; at: string };
