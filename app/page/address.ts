// Which page belongs to what, and which step does a page show?

import { stepLogKey, type SliceKey } from '../../config-schema/address.ts';
import { ranIn } from '../../config-schema/carry-over.ts';
import type { JobView, PipelineView, SliceView, StepView, WorkflowView } from '../../config-schema/view.ts';
import type { CommonPorts } from './ports.ts';
import type { PageContext } from './env.ts';

export type JobPlace = { owner: string; name: string; pipeline: number; workflow: string; job: string };
export type StepPlace = JobPlace & { slice: number; step: number };

export const pipelinePath = (p: Pick<JobPlace, 'owner' | 'name' | 'pipeline'>): string => `/${p.owner}/${p.name}/${p.pipeline}`;
/** The way to a page below the pipeline's own. */
export const pipelineTrail = (p: Pick<JobPlace, 'owner' | 'name' | 'pipeline'>): { text: string; path: string }[] => [
  { text: `${p.owner}/${p.name}`, path: `/${p.owner}/${p.name}` },
  { text: `#${p.pipeline}`, path: pipelinePath(p) },
];
export const jobPath = (p: JobPlace): string => `${pipelinePath(p)}/${encodeURIComponent(p.workflow)}/${encodeURIComponent(p.job)}`;
export const stepPath = (p: StepPlace): string => `${jobPath(p)}/${p.slice}/${p.step}`;

/** Below a slice; `''` for all of them. */
export const artifactPath = (p: JobPlace & { slice: number }, path: string): string => `${jobPath(p)}/${p.slice}/artifacts${path === '' ? '' : `/${path.split('/').map(encodeURIComponent).join('/')}`}`;

export function jobPlace(c: PageContext): JobPlace {
  const { owner, name, pipeline, workflow, job } = c.req.param() as Record<string, string>;
  return { owner: owner!, name: name!, pipeline: Number(pipeline), workflow: workflow!, job: job! };
}

export const stepPlace = (c: PageContext): StepPlace => ({ ...jobPlace(c), slice: Number(c.req.param('slice')), step: Number(c.req.param('step')) });

export type FoundJob = { pipeline: PipelineView; workflow: WorkflowView; job: JobView };

/** Null when there is none of that name. */
export async function findJob(ports: CommonPorts, place: JobPlace): Promise<FoundJob | null> {
  const pipeline = await ports.pipeline(place.owner, place.name, place.pipeline);
  const workflow = pipeline?.workflows.find(({ name }) => name === place.workflow);
  const job = workflow?.jobs.find(({ name }) => name === place.job);
  return pipeline && workflow && job ? { pipeline, workflow, job } : null;
}

/** `step` is null for one of an earlier attempt: of those only the logs are left. */
export type FoundStep = FoundJob & { slice: SliceView; attempt: number; step: StepView | null; logKey: string };

/** `attempt` is null for the living one. */
export async function findStep(ports: CommonPorts, place: StepPlace, attempt: number | null): Promise<FoundStep | null> {
  const found = await findJob(ports, place);
  const slice = found?.job.slices.find(({ index }) => index === place.slice);
  const shown = attempt ?? slice?.attempt ?? 0;
  if (!found || !slice || shown < 1 || shown > slice.attempt) return null;
  const step = shown === slice.attempt ? (slice.steps[place.step] ?? null) : null;
  if (shown === slice.attempt && !step) return null;
  return { ...found, slice, attempt: shown, step, logKey: logKeyOf(found.pipeline, place, shown) };
}

export function logKeyOf(pipeline: PipelineView, place: StepPlace, attempt: number): string {
  return stepLogKey(sliceKeyOf(pipeline, place), attempt, place.step);
}

/** Where everything of a slice lies: what was carried over, in the pipeline where it ran. */
export function sliceKeyOf(pipeline: PipelineView, { workflow, job, slice }: Pick<StepPlace, 'workflow' | 'job' | 'slice'>): SliceKey {
  const jobView = pipeline.workflows.find(({ name }) => name === workflow)?.jobs.find(({ name }) => name === job);
  const sliceView = jobView?.slices.find(({ index }) => index === slice);
  return { repositoryId: pipeline.repository.id, pipeline: ranIn(pipeline.number, jobView ?? {}, sliceView ?? {}), workflow, job, slice };
}

/** A whole number of at most 15 digits; null for anything else. */
export const numberOf = (text: string | null | undefined): number | null => (text != null && /^\d{1,15}$/.test(text) ? Number(text) : null);
