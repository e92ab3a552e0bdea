// Which jobs made the pipeline take as long as it did? From its end backwards, always to what was waited for last.

import type { JobView, PipelineView } from '../../../config-schema/view.ts';

/** One job of the path; `slice` is the one that ended last, null where there are none. */
export type OnPath = { workflow: string; job: string; slice: number | null };

/** In the order of time. Of a pipeline that runs: as it is now. Empty where nobody noted what waits for what. */
export function criticalPath(pipeline: Pick<PipelineView, 'workflows'>): OnPath[] {
  // What was carried over took no time of this pipeline's.
  const workflows = pipeline.workflows.map(({ name, jobs }) => ({ name, jobs: jobs.filter(({ carriedFrom }) => carriedFrom === undefined) }));
  const all = workflows.flatMap(({ name, jobs }) => jobs.map((job) => ({ workflow: name, jobs, job })));
  const last = latest(all.filter(({ job }) => job.startedAt !== null), ({ job }) => endOf(job));
  if (!last || all.every(({ job }) => job.requires === undefined)) return [];
  const byName = new Map(last.jobs.map((job) => [job.name, job]));
  const path: OnPath[] = [];
  const seen = new Set<string>();
  for (let job: JobView | undefined = last.job; job && !seen.has(job.name); ) {
    seen.add(job.name);
    path.unshift({ workflow: last.workflow, job: job.name, slice: latest(job.slices.filter(({ startedAt, carriedFrom }) => startedAt !== null && carriedFrom === undefined), endOf)?.index ?? null });
    job = latest((job.requires ?? []).flatMap((name) => byName.get(name) ?? []), endOf);
  }
  return path;
}

/** What has begun and not ended ends later than all that has ended. */
const endOf = ({ startedAt, endedAt }: { startedAt: string | null; endedAt: string | null }): number => (endedAt !== null ? Date.parse(endedAt) : startedAt !== null ? Infinity : -Infinity);

/** Of equal ones the first. */
function latest<T>(things: readonly T[], end: (thing: T) => number): T | undefined {
  return things.reduce<T | undefined>((found, thing) => (found === undefined || end(thing) > end(found) ? thing : found), undefined);
}
