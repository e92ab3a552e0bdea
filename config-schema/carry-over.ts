// What keeps its result when an ended pipeline runs again in part?

import { exitCode, type Outcome } from './outcome.ts';
import type { Graph, GraphJob, GraphWorkflow } from './plan.ts';
import type { RerunOf } from './trigger.ts';
import type { JobView, PipelineView, SliceView } from './view.ts';
import { classOf, waitingSlice } from './waiting.ts';

/** Jobs of the earlier pipeline as they ended there, or with the slices that shall run anew reset to waiting. */
export type Carried = { workflow: string; job: JobView }[];

/** For `failed` jobs; what did not run because of them goes with them. */
export const hasFailed = ({ outcome }: { outcome: Outcome | null }): boolean => outcome !== null && exitCode(outcome) !== 0;

/** The pipeline in which a slice ran: there its logs and the like lie. */
export const ranIn = (pipeline: number, job: Pick<JobView, 'carriedFrom'>, slice: Pick<SliceView, 'carriedFrom'>): number => slice.carriedFrom ?? job.carriedFrom ?? pipeline;

/** `graph`: of the pipeline that runs again. A job is carried over only when it is in both with as many slices. */
export function carryOver(earlier: PipelineView, graph: Graph, what: RerunOf): Carried {
  if (what.kind === 'all') return [];
  return graph.workflows.flatMap((workflow) => {
    const before = new Map(earlier.workflows.find(({ name }) => name === workflow.name)?.jobs.map((job) => [job.name, job]));
    const again = runAgain(workflow, before, what);
    return workflow.jobs.flatMap((job) => {
      const was = before.get(job.name);
      if (!was || was.state !== 'ended' || was.slices.length !== job.parallelism) return [];
      if (!again.has(job.name)) return [{ workflow: workflow.name, job: { ...was, carriedFrom: was.carriedFrom ?? earlier.number } }];
      if (what.kind !== 'job' || what.job !== job.name || what.slice === undefined) return [];
      return [{ workflow: workflow.name, job: withSliceAgain(earlier.number, was, job, what.slice) }];
    });
  });
}

/** Names of jobs: what is asked for, and all that follows from it and did not pass. */
function runAgain({ name: workflow, jobs }: GraphWorkflow, before: ReadonlyMap<string, JobView>, what: Exclude<RerunOf, { kind: 'all' }>): Set<string> {
  const again = new Set<string>();
  const add = (job: string): void => {
    if (again.has(job)) return;
    again.add(job);
    for (const { name, requires } of jobs) if (requires.some((required) => required.job === job) && before.get(name)?.outcome !== 'passed') add(name);
  };
  if (what.workflow === undefined || what.workflow === workflow) {
    for (const { name } of jobs) if (what.kind === 'workflow' || (what.kind === 'job' ? name === what.job : hasFailed(before.get(name) ?? { outcome: null }))) add(name);
  }
  return again;
}

const withSliceAgain = (earlier: number, was: JobView, job: GraphJob, again: number): JobView => ({
  name: was.name,
  state: 'waiting',
  outcome: null,
  startedAt: null,
  endedAt: null,
  slices: was.slices.map((slice) => (slice.index === again || slice.state !== 'ended' ? waitingSlice(slice.index, 1, classOf(job)) : { ...slice, carriedFrom: ranIn(earlier, was, slice) })),
  requires: job.requires.map((required) => required.job),
});

/** Where slices ran that did not run in the pipeline itself. */
export type CarriedPlace = { workflow: string; job: string; /** The pipeline of each slice. */ ranIn: number[] };

export const carriedPlaces = (pipeline: number, carried: Carried): CarriedPlace[] =>
  carried.filter(({ job }) => job.slices.length > 0).map(({ workflow, job }) => ({ workflow, job: job.name, ranIn: job.slices.map((slice) => ranIn(pipeline, job, slice)) }));
