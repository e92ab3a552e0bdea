// What did each job spend its time on: waiting for a builder, image and sandbox, checkout, its steps?

import type { PipelineView, SliceView } from '../../../config-schema/view.ts';
import { statusOf, type Status } from '../words.ts';
import { criticalPath } from './critical-path.ts';

export type PhaseKind = 'queue' | 'prepare' | 'checkout' | 'steps';
/** In milliseconds since 1970. */
export type Phase = { kind: PhaseKind; from: number; to: number };
export type Bar = { workflow: string; job: string; /** null: all slices of the job together. */ slice: number | null; slices: number; status: Status; phases: Phase[]; from: number; to: number; isCritical: boolean };
export type Timing = { bars: Bar[]; from: number; to: number; hasPath: boolean };

/** Which of a job's steps are checkouts, and how many are the job's own: services stand behind them. Null where the plan is not known. */
export type StepKinds = (workflow: string, job: string) => readonly string[] | null;

/** More bars than these nobody reads: then each job gets one. */
const mostBars = 60;

/** Only what has begun here, or waits for a builder. What is not over goes on until now. */
export function timingOf(view: PipelineView, kindsOf: StepKinds, now: number): Timing {
  const path = criticalPath(view);
  const all = view.workflows.flatMap(({ name, jobs }) => jobs.filter(({ carriedFrom }) => carriedFrom === undefined).map((job) => ({ workflow: name, job: { ...job, slices: job.slices.filter(({ carriedFrom }) => carriedFrom === undefined) } })));
  const perSlice = all.reduce((sum, { job }) => sum + job.slices.length, 0) <= mostBars;
  const bars = all.flatMap(({ workflow, job }): Bar[] => {
    const kinds = kindsOf(workflow, job.name);
    const onPath = path.find((one) => one.workflow === workflow && one.job === job.name);
    const phases = job.slices.map((slice) => phasesOf(slice, kinds, now));
    const common = { workflow, job: job.name, slices: job.slices.length };
    if (!perSlice && job.slices.length > 1) return barOf({ ...common, slice: null, status: statusOf(job), isCritical: onPath !== undefined }, together(phases.flat()));
    return job.slices.flatMap((slice, i) => barOf({ ...common, slice: slice.index, status: statusOf(slice), isCritical: onPath?.slice === slice.index }, phases[i]!));
  });
  const from = Math.min(Date.parse(view.startedAt), ...bars.map((bar) => bar.from));
  return { bars, from, to: Math.max(from + 1, ...(view.endedAt === null ? [now] : [Date.parse(view.endedAt)]), ...bars.map((bar) => bar.to)), hasPath: path.length > 0 };
}

const barOf = (bar: Omit<Bar, 'phases' | 'from' | 'to'>, phases: Phase[]): Bar[] =>
  phases.length === 0 ? [] : [{ ...bar, phases, from: Math.min(...phases.map(({ from }) => from)), to: Math.max(...phases.map(({ to }) => to)) }];

/** In the order of time; empty for a slice that has not asked for a builder yet. */
export function phasesOf(slice: SliceView, kinds: readonly string[] | null, now: number): Phase[] {
  const phases: Phase[] = [];
  const add = (kind: PhaseKind, from: number, to: number): void => {
    if (to <= from) return;
    const last = phases.at(-1);
    // Steps follow one another; together they are one.
    if (last?.kind === kind && from - last.to < 1000) last.to = to;
    else phases.push({ kind, from, to });
  };
  const end = slice.endedAt === null ? now : Date.parse(slice.endedAt);
  const started = slice.startedAt === null ? null : Date.parse(slice.startedAt);
  const queued = slice.queuedAt === undefined ? null : Date.parse(slice.queuedAt);
  if (queued !== null) add('queue', queued, started === null ? end : Math.max(queued, started - (slice.prepareMs ?? 0)));
  if (started === null) return phases;
  // It is that of the last attempt, and the slice has begun with its first.
  if (slice.prepareMs !== undefined) add('prepare', Math.max(queued ?? 0, started - slice.prepareMs), started);
  let known = false;
  for (const [i, step] of slice.steps.entries()) {
    if (step.startedAt === null || (kinds === null ? step.name.startsWith('service ') : i >= kinds.length)) continue;
    known = true;
    const from = Date.parse(step.startedAt);
    add(kinds?.[i] === 'checkout' ? 'checkout' : 'steps', from, step.result === null ? end : Math.min(end, from + step.result.durationMs));
  }
  if (!known) add('steps', started, end);
  return phases;
}

/** From the first of each kind to the first of the next: how a job of many slices looks from afar. */
function together(phases: Phase[]): Phase[] {
  if (phases.length === 0) return [];
  const end = Math.max(...phases.map(({ to }) => to));
  const firsts = (['queue', 'prepare', 'checkout', 'steps'] as const).flatMap((kind) => {
    const from = Math.min(...phases.filter((phase) => phase.kind === kind).map((phase) => phase.from));
    return Number.isFinite(from) ? [{ kind, from }] : [];
  });
  return firsts.map(({ kind, from }, i) => ({ kind, from, to: Math.max(from, firsts[i + 1]?.from ?? end) })).filter(({ from, to }) => to > from);
}

export const sumOf = (bar: Bar, kind: PhaseKind): number => bar.phases.filter((phase) => phase.kind === kind).reduce((sum, { from, to }) => sum + to - from, 0);
