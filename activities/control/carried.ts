// Which results does a rerun in part take over from the pipeline before it?

import { carryOver, type Carried } from '../../config-schema/carry-over.ts';
import type { Graph } from '../../config-schema/plan.ts';
import type { RerunOf, Trigger, TrustLevel } from '../../config-schema/trigger.ts';
import { summaryKey, type PipelineView } from '../../config-schema/view.ts';
import { getJson, type ObjectStore } from '../object-store.ts';

/** An ended pipeline and what of it runs again; all of it where there is nothing to take over, and `note` says why. */
export type Earlier = { view: PipelineView; what: RerunOf } | { view: null; note?: string };

export async function earlierOf(store: ObjectStore, { repository, rerun }: Trigger, trust: TrustLevel): Promise<Earlier> {
  if (!rerun || rerun.what.kind === 'all') return { view: null };
  const view = await getJson<PipelineView>(store, summaryKey(repository.id, rerun.number));
  if (!view) return { view: null, note: `Pipeline #${rerun.number} is not kept any more, so all of it runs again.` };
  // What ran with less trust must not leave its files to what runs with more.
  if (view.trust !== null && view.trust !== trust) return { view: null, note: `Pipeline #${rerun.number} ran at trust level ${view.trust} and this one runs at ${trust}, so all of it runs again.` };
  return { view, what: rerun.what };
}

/** Temporal takes 2 MB as one payload, and the graph is part of it. */
const mostBytes = 1_800_000;

/** Undefined: nothing. Of more than fits, steps are left out; they are still there in the pipeline where they ran. */
export function carriedInto(graph: Graph, earlier: Earlier): Carried | undefined {
  if (earlier.view === null) return undefined;
  const carried = carryOver(earlier.view, graph, earlier.what);
  if (carried.length === 0) return undefined;
  if (bytesOf(graph) + bytesOf(carried) <= mostBytes) return carried;
  return carried.map(({ workflow, job }) => ({ workflow, job: { ...job, slices: job.slices.map((slice) => ({ ...slice, notes: [], steps: [] })) } }));
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
