// How does a growing log file get into the object store, chunk by chunk?

import { setTimeout as sleep } from 'node:timers/promises';
import { Fenced } from '../fence.ts';
import type { ObjectStore } from '../object-store.ts';
import { deflate, logCodec } from '../log-codec.ts';
import { chunkBytes, chunkKey, chunkLink, chunkName, manifestKey, timesOf } from '../../config-schema/log-manifest.ts';
import type { LogChunk, LogManifest } from '../../config-schema/log-manifest.ts';
import { countNewlines } from '../../config-schema/read-log.ts';
import type { LogFile } from './log-file.ts';

export { Fenced };

export type Upload = {
  store: ObjectStore;
  key: string;
  file: LogFile;
  /** What the store holds already; the upload goes on behind it. */
  stored: LogManifest;
  /** Awaited before every write. Throws Fenced when nothing may be written any more; anything else it throws is tried again. */
  checkFence: () => Promise<void>;
  signal: AbortSignal;
  /** Told of every write that failed and is tried again. */
  onTrouble?: (error: unknown) => void;
};

const cutEveryMs = 1000;
/** Chunks on their way at once: a distant store answers slowly, but memory holds no more than these. */
const chunksInFlight = 4;
/** A manifest of ten thousand chunks is not written every second. */
const manifestBytesPerSecond = 256 * 1024;

/** Resolves when the file is finished and all of it is stored, with a manifest that says so. Rejects with Fenced, or when the signal is aborted. */
export async function uploadLog(upload: Upload): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([upload.signal, stop.signal]);
  const fail = (error: unknown): void => stop.abort(error);
  const manifest = { ...upload.stored, chunks: [...upload.stored.chunks] };
  const writer = manifestWriter(upload, manifest, signal, fail);

  const add = async (cut: Cut, sent: Promise<number>): Promise<void> => {
    const { bytes, linesBegun, ...place } = cut;
    manifest.chunks.push({ ...place, bytes: bytes.length, storedBytes: await sent });
    manifest.totalBytes = cut.offset + bytes.length;
    manifest.totalLines = linesBegun;
    writer.write();
  };

  try {
    let added = Promise.resolve();
    const inFlight: Promise<void>[] = [];
    for await (const cut of cuts(upload.file, upload.stored, signal)) {
      const sent = sendChunk(upload, cut, signal);
      // The manifest names a chunk only after all before it, whichever arrives first.
      added = added.then(() => add(cut, sent));
      for (const promise of [sent, added]) promise.catch(fail);
      inFlight.push(added);
      if (inFlight.length >= chunksInFlight) await inFlight.shift();
    }
    await added;
    manifest.complete = true;
    await writer.finish();
  } catch (error) {
    fail(error);
    // The first cause, not the abort that it led to.
    throw signal.reason;
  }
}

/** A chunk in its place, with its bytes. */
type Cut = Omit<LogChunk, 'bytes' | 'storedBytes'> & { bytes: Buffer; linesBegun: number };

async function* cuts(file: LogFile, stored: LogManifest, signal: AbortSignal): AsyncGenerator<Cut> {
  let { totalBytes: offset, totalLines: linesBegun } = stored;
  let previous = stored.chunks.at(-1)?.sha256;
  let inLine = offset > 0 && (await file.read(offset - 1, 1))[0] !== 10;
  for (let index = stored.chunks.length; ; index += 1) {
    await file.reach(offset + 1, { signal });
    await file.reach(offset + chunkBytes, { signal, withinMs: cutEveryMs });
    signal.throwIfAborted();
    const bytes = await file.read(offset, chunkBytes);
    if (bytes.length === 0) return;
    const firstLine = inLine ? linesBegun : linesBegun + 1;
    inLine = bytes.at(-1) !== 10;
    linesBegun = firstLine - 1 + countNewlines(bytes) + (inLine ? 1 : 0);
    previous = chunkLink(previous, { offset, firstLine }, bytes, logCodec.sha256);
    yield { object: chunkName(index, previous), offset, firstLine, sha256: previous, ...timesOf(file.written(offset), { offset, bytes: bytes.length }), bytes, linesBegun };
    offset += bytes.length;
  }
}

/** Answers the size of what was stored. */
async function sendChunk({ store, key, ...upload }: Upload, cut: Cut, signal: AbortSignal): Promise<number> {
  const frame = await deflate(cut.bytes);
  await persist(upload, signal, () => store.put(chunkKey(key, cut), frame));
  return frame.length;
}

/** Writes the manifest as it is at that moment, one write at a time, the fewer a minute the larger it is. */
function manifestWriter({ store, key, ...upload }: Upload, manifest: LogManifest, signal: AbortSignal, fail: (error: unknown) => void): { write: () => void; finish: () => Promise<void> } {
  const finishing = new AbortController();
  const waiting = AbortSignal.any([signal, finishing.signal]);
  let pauseMs = 0;
  let dirty = false;
  let writing: Promise<void> | null = null;

  const put = async (): Promise<void> => {
    const bytes = Buffer.from(JSON.stringify(manifest));
    pauseMs = Math.max(1, bytes.length / manifestBytesPerSecond) * 1000;
    await persist(upload, signal, () => store.put(manifestKey(key), bytes, { contentType: 'application/json' }));
  };
  const putWhileDirty = async (): Promise<void> => {
    while (dirty && !waiting.aborted) {
      dirty = false;
      await put();
      await sleep(pauseMs, undefined, { signal: waiting }).catch(() => {});
    }
    writing = null;
  };

  return {
    write() {
      dirty = true;
      writing ??= putWhileDirty();
      writing.catch(fail);
    },
    async finish() {
      finishing.abort();
      await writing;
      await put();
    },
  };
}

/** Tries until it succeeds: what is not stored yet waits in the local file, and the slice with it. */
async function persist({ checkFence, onTrouble }: Pick<Upload, 'checkFence' | 'onTrouble'>, signal: AbortSignal, write: () => Promise<void>): Promise<void> {
  for (let delayMs = 250; ; delayMs = Math.min(delayMs * 2, 10_000)) {
    try {
      await checkFence();
      signal.throwIfAborted();
      return await write();
    } catch (error) {
      if (signal.aborted || error instanceof Fenced) throw error;
      onTrouble?.(error);
      await sleep(delayMs * (0.5 + Math.random()), undefined, { signal });
    }
  }
}
