// How do a pipeline, its workflows and its jobs stand, in the words of CircleCI's API?

import { requiresStatus, type Outcome } from './outcome.ts';
import type { BuildLine, JobView, WorkflowView } from './view.ts';

export const workflowStates = ['running', 'failing', 'failed', 'success', 'canceled', 'on_hold', 'error', 'unauthorized', 'not_run'] as const;
export type WorkflowState = (typeof workflowStates)[number];

export const jobStates = ['running', 'queued', 'blocked', 'on_hold', 'success', 'failed', 'timedout', 'canceled', 'unauthorized', 'not_run', 'infrastructure_fail'] as const;
export type JobState = (typeof jobStates)[number];

export const pipelineStates = ['pending', 'created', 'errored'] as const;
/** `created`: its workflows say the rest. `errored`: it has none, because its config cannot run. */
export type PipelineState = (typeof pipelineStates)[number];

/** One job that has failed makes it `failing` at once; nothing but approvals to wait for makes it `on_hold`. */
export function workflowState({ outcome, jobs }: WorkflowView): WorkflowState {
  if (outcome !== null) return endedWorkflow(outcome);
  if (jobs.some((job) => job.outcome !== null && requiresStatus(job.outcome) === 'failed')) return 'failing';
  const begun = jobs.filter((job) => hasBegun(job, jobs));
  return begun.length > 0 && begun.every(({ type }) => type === 'approval') ? 'on_hold' : 'running';
}

function endedWorkflow(outcome: Outcome): WorkflowState {
  return outcome === 'broken' ? 'error' : requiresStatus(outcome);
}

/** `jobs`: all of its workflow. */
export function jobState(job: JobView, jobs: readonly JobView[]): JobState {
  if (job.outcome === 'broken') return 'infrastructure_fail';
  if (job.outcome === 'timed-out') return 'timedout';
  if (job.outcome !== null) return requiresStatus(job.outcome);
  if (job.state === 'running') return 'running';
  if (!hasBegun(job, jobs)) return 'blocked';
  return job.type === 'approval' ? 'on_hold' : 'queued';
}

/** It runs, or would if there were a builder, or somebody who approves. */
const hasBegun = (job: JobView, jobs: readonly JobView[]): boolean =>
  job.state !== 'ended' && (job.state === 'running' || (job.requires ?? []).every((name) => jobs.find((other) => other.name === name)?.state === 'ended'));

export function pipelineState({ state, outcome, jobs }: Pick<BuildLine, 'state' | 'outcome' | 'jobs'>): PipelineState {
  if (jobs !== undefined) return 'created';
  if (state !== 'ended') return 'pending';
  return outcome === 'failed' || outcome === 'broken' ? 'errored' : 'created';
}
