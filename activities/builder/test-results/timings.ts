// By which times of earlier runs do the slices of a job split their tests? All by the same, whenever they begin, and when they begin again.

import { pinnedTimingsKey, timingsKey } from '../../../config-schema/test-report.ts';
import { readTimings } from '../../../config-schema/test-timings.ts';
import type { SliceKey } from '../../../config-schema/address.ts';
import { readable, type TrustLevel } from '../../../config-schema/trigger.ts';
import type { PipelineRecord } from '../../control/activities.ts';
import { ObjectExists, type ObjectStore } from '../../object-store.ts';

/** The text for the sandbox; the first slice of the job that asks decides. Null: nothing is known of earlier runs. */
export async function timingsFor(store: ObjectStore, slice: SliceKey, trust: TrustLevel): Promise<string | null> {
  const pinned = pinnedTimingsKey(slice);
  const known = await store.get(pinned);
  if (known) return textOf(known);
  const newest = await newestTimings(store, slice, trust);
  // That nothing was known is remembered, too.
  await store.put(pinned, newest ?? Buffer.from(''), { ifAbsent: true, contentType: 'application/json' }).catch((error: unknown) => {
    if (!(error instanceof ObjectExists)) throw error;
  });
  return textOf((await store.get(pinned)) ?? Buffer.from(''));
}

/** A slice that alone of its job runs again in another pipeline splits as its siblings did. */
export function splitsAs({ carried = [] }: Pick<PipelineRecord, 'carried'>, slice: SliceKey): SliceKey {
  const ranIn = carried.find(({ workflow, job }) => workflow === slice.workflow && job === slice.job)?.ranIn;
  return ranIn ? { ...slice, pipeline: Math.min(...ranIn) } : slice;
}

async function newestTimings(store: ObjectStore, slice: SliceKey, trust: TrustLevel): Promise<Uint8Array | null> {
  const keys = readable(trust).map((level) => timingsKey(slice.repositoryId, level, slice));
  const found = await Promise.all(keys.map(async (key) => ({ key, head: await store.head(key) })));
  const [newest] = found.filter(({ head }) => head).sort((a, b) => b.head!.modified.getTime() - a.head!.modified.getTime());
  return newest ? ((await store.get(newest.key)) ?? null) : null;
}

function textOf(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('utf8');
  return readTimings(text) === null ? null : text;
}
