// May this attempt of a slice still write?

import { attemptKey, sliceKey, type SliceKey } from '../config-schema/address.ts';
import { ObjectExists, putJson, type ObjectStore } from './object-store.ts';

const begunKey = (slice: SliceKey, attempt: number): string => `${attemptKey(slice, attempt)}/begun.json`;

/** A newer attempt of the slice has begun: what this one still writes belongs to nobody. */
export class Fenced extends Error {
  override name = 'Fenced';
}

/** From now on every write of an earlier attempt is refused. */
export async function beginAttempt(store: ObjectStore, slice: SliceKey, attempt: number): Promise<void> {
  await putJson(store, begunKey(slice, attempt), { at: new Date().toISOString() }, { ifAbsent: true }).catch((error: unknown) => {
    if (!(error instanceof ObjectExists)) throw error;
  });
}

/** Throws Fenced when a later attempt has begun. */
export async function checkFence(store: ObjectStore, slice: SliceKey, attempt: number): Promise<void> {
  if (await store.head(begunKey(slice, attempt + 1))) throw new Fenced(`attempt ${attempt} of slice ${slice.slice} of job ${slice.job} is over: a later one has begun`);
}

/**
 * The attempt whose results stand: the latest that ran. One may have begun only to fence out the one before it, and then no step of it
 * has a log.
 */
export async function livingAttempt(store: ObjectStore, slice: SliceKey): Promise<number> {
  let attempt = 1;
  while (await store.head(begunKey(slice, attempt + 1))) attempt += 1;
  for (; attempt > 1; attempt -= 1) for await (const _ of store.list(`${attemptKey(slice, attempt)}/steps/`, { limit: 1 })) return attempt;
  return attempt;
}

/** Whether anything of any attempt is kept. */
export async function hasBegun(store: ObjectStore, slice: SliceKey): Promise<boolean> {
  for await (const _ of store.list(`${sliceKey(slice)}/attempts/`, { limit: 1 })) return true;
  return false;
}
