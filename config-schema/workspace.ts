// Which files of earlier jobs does a job find in the workspace, and when do two of them stand in each other's way?

import { attemptKey, type SliceKey } from './address.ts';
import type { PlanWorkflow, WorkflowJob } from './plan.ts';

/** What one step of one slice persisted. Names are bytes, each as the character of its number (latin1). */
export type LayerFacts = { version: 1; files: string[]; bytes: number };

/** How long the JSON of them may be: names are in the builder's memory when a workspace is attached. */
export const mostFactsBytes = 32 * 1024 * 1024;

/** Everything of a layer lies under it. */
export const layerKey = (slice: SliceKey, attempt: number, step: number): string => `${attemptKey(slice, attempt)}/workspace/${step}`;
export const layerArchiveKey = (layer: string): string => `${layer}/layer.tar.zst`;
/** LayerFacts, compressed. Written last: what lacks it is no layer. */
export const layerFactsKey = (layer: string): string => `${layer}/layer.json.zst`;

/** Jobs that this one waited for, and those that they waited for, each after all that it waited for itself. */
export function upstreamJobs(workflow: Pick<PlanWorkflow, 'jobs'>, name: string): WorkflowJob[] {
  const byName = new Map(workflow.jobs.map((job) => [job.name, job]));
  const seen = new Set([name]);
  const found: WorkflowJob[] = [];
  const visit = (job: WorkflowJob | undefined): void => {
    for (const { job: required } of job?.requires ?? []) {
      if (seen.has(required)) continue;
      seen.add(required);
      visit(byName.get(required));
      found.push(...[byName.get(required) ?? []].flat());
    }
  };
  visit(byName.get(name));
  return found;
}

export type PlacedLayer = Pick<LayerFacts, 'files'> & { job: string; slice: number };
/** A path (latin1) that two layers hold of which neither comes after the other. */
export type Clash = { path: string; layers: [PlacedLayer, PlacedLayer] };

/** Layers in the order in which they are laid over one another. Answers at most `most` clashes. */
export function findClashes(layers: readonly PlacedLayer[], workflow: Pick<PlanWorkflow, 'jobs'>, most: number): Clash[] {
  const above = new Map([...new Set(layers.map(({ job }) => job))].map((job) => [job, new Set(upstreamJobs(workflow, job).map(({ name }) => name))]));
  const isOrdered = (a: PlacedLayer, b: PlacedLayer): boolean => (a.job === b.job ? a.slice === b.slice : above.get(b.job)!.has(a.job) || above.get(a.job)!.has(b.job));
  const holders = new Map<string, PlacedLayer[]>();
  const clashes: Clash[] = [];
  for (const layer of layers) {
    for (const path of layer.files) {
      const before = holders.get(path);
      const other = before?.find((holder) => !isOrdered(holder, layer));
      if (other) clashes.push({ path, layers: [other, layer] });
      if (clashes.length === most) return clashes;
      if (before) before.push(layer);
      else holders.set(path, [layer]);
    }
  }
  return clashes;
}
