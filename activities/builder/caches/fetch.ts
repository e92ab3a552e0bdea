// How does the archive of a cache come from the store to this builder?

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '../../object-store.ts';
import { archiveKey, type FoundCache } from './cache-index.ts';
import type { Fetch } from './local-caches.ts';

/** Answers false when the store has no such archive, or another than was saved; rejects when nothing comes for too long. */
export const fetchFrom = (store: ObjectStore, cache: FoundCache, { stallMs }: { stallMs: number }): Fetch => async (file, signal, feed) => {
  const bytes = await within(stallMs, signal, store.read(archiveKey(cache)));
  if (!bytes) return false;
  const hash = createHash('sha256');
  let length = 0;
  const stalled = new AbortController();
  const stall = (): NodeJS.Timeout => setTimeout(() => stalled.abort(new Error(`nothing came for ${stallMs} ms`)), stallMs);
  let timer = stall();
  const either = AbortSignal.any([signal, stalled.signal]);
  const look = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      clearTimeout(timer);
      timer = stall();
      length += chunk.length;
      if (length > cache.packedBytes) return;
      hash.update(chunk);
      // Who reads there may have given up.
      if (feed && !feed.destroyed && !feed.write(chunk)) await takenFrom(feed);
      yield chunk;
    }
  };
  try {
    // A source that is stuck does not hear the signal.
    await settled(either, pipeline(bytes, look, createWriteStream(file, { mode: 0o600 }), { signal: either }));
  } finally {
    clearTimeout(timer);
  }
  return length === cache.packedBytes && hash.digest('hex') === cache.sha256;
};

const takenFrom = (feed: PassThrough): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      feed.off('drain', done).off('close', done);
      resolve();
    };
    feed.on('drain', done).on('close', done);
  });

/** Leaves when the signal aborts. The work may go on: others may wait for it, too. */
export function settled<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(signal.reason as Error);
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', leave));
}

export const within = <T>(ms: number, signal: AbortSignal, work: Promise<T>): Promise<T> => settled(AbortSignal.any([signal, AbortSignal.timeout(ms)]), work);
