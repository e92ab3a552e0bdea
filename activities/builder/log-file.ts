// How does the output of a step get into a local file, in order, while others read it?

import { open } from 'node:fs/promises';
import type { Written } from '../../config-schema/log-manifest.ts';

/**
 * A file that only grows. `append` resolves when its bytes are in the page cache: a builder that is killed then has not lost them.
 * Appends may be called without waiting and keep their order; who does not wait keeps them in memory.
 * `written` says when the bytes from `offset` on were written, its first entry at or before them, and forgets what lies before. What an
 * earlier process wrote counts as written when the last of it was.
 * `finish` says that nothing more comes; `close` lets every waiting reader go.
 */
export interface LogFile {
  readonly size: number;
  readonly finished: boolean;
  append(bytes: Uint8Array): Promise<void>;
  /** At most `length` bytes from `offset` on, fewer at the end. */
  read(offset: number, length: number): Promise<Buffer<ArrayBuffer>>;
  written(offset: number): Written[];
  /** Resolves when the file is so large, is finished, or the time is over; rejects when the signal is aborted. */
  reach(size: number, options?: { signal?: AbortSignal | undefined; withinMs?: number }): Promise<void>;
  finish(): void;
  close(): Promise<void>;
}

/** Bytes that come so close together have one time. */
const sameTimeMs = 100;
/** Of a file that nobody reads any more for a long time. */
const mostTimes = 10_000;

type Append = { bytes: Uint8Array; resolve: () => void; reject: (error: unknown) => void };

export async function openLogFile(path: string): Promise<LogFile> {
  // Not 'a+': a write that failed halfway is overwritten by the next, at the position that was acknowledged.
  const file = await open(path, 'a', 0o600).then(async (created) => {
    await created.close();
    return open(path, 'r+');
  });
  const found = await file.stat();
  let size = found.size;
  let times: Written[] = size > 0 ? [{ offset: 0, at: Math.round(found.mtimeMs) }] : [];
  let finished = false;
  let closed: Promise<void> | null = null;
  let writing: Promise<void> | null = null;
  const queue: Append[] = [];
  const waiting = new Set<{ size: number; wake: () => void }>();

  const wakeReaders = (): void => {
    for (const one of waiting) if (finished || size >= one.size) one.wake();
  };

  const writeQueued = async (): Promise<void> => {
    try {
      for (let batch = queue.splice(0, 256); batch.length > 0; batch = queue.splice(0, 256)) {
        const at = Date.now();
        if (Math.abs(at - (times.at(-1)?.at ?? -Infinity)) >= sameTimeMs) times.push({ offset: size, at });
        if (times.length > mostTimes) times = times.filter((_, i) => i % 2 === 0);
        size += await writeAll(file, batch.map(({ bytes }) => bytes), size).catch((error: unknown) => {
          // Those behind it would leave a hole.
          batch.push(...queue.splice(0));
          for (const one of batch.splice(0)) one.reject(new Error(`cannot write the step's output to ${path}`, { cause: error }));
          return 0;
        });
        for (const one of batch) one.resolve();
        wakeReaders();
      }
    } finally {
      // At once, not in a later microtask: an append that a resolve above sets free must find it so.
      writing = null;
    }
  };

  return {
    get size() {
      return size;
    },
    get finished() {
      return finished;
    },
    append(bytes) {
      if (finished) return Promise.reject(new Error(`the log in ${path} has ended: nothing can be appended`));
      return new Promise((resolve, reject) => {
        queue.push({ bytes, resolve, reject });
        writing ??= writeQueued();
      });
    },
    async read(offset, length) {
      const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)));
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled);
        if (bytesRead === 0) throw new Error(`${path} has become shorter than the ${size} bytes that were written to it`);
        filled += bytesRead;
      }
      return buffer;
    },
    written(offset) {
      const first = times.findLastIndex((one) => one.offset <= offset);
      if (first > 0) times = times.slice(first);
      return times;
    },
    reach(wanted, { signal, withinMs } = {}) {
      return new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        if (finished || size >= wanted) return resolve();
        const stop = (): void => {
          waiting.delete(one);
          clearTimeout(timer);
          signal?.removeEventListener('abort', aborted);
        };
        const one = { size: wanted, wake: () => (stop(), resolve()) };
        const aborted = (): void => (stop(), reject(signal!.reason as Error));
        const timer = withinMs === undefined ? undefined : setTimeout(one.wake, withinMs);
        signal?.addEventListener('abort', aborted);
        waiting.add(one);
      });
    },
    finish() {
      finished = true;
      wakeReaders();
    },
    close() {
      finished = true;
      closed ??= Promise.resolve(writing).then(() => file.close());
      wakeReaders();
      return closed;
    },
  };
}

type Writable = { writev(buffers: Uint8Array[], position: number): Promise<{ bytesWritten: number }> };

/** The number of bytes written: all of them. A short write (a full disk, a signal) goes on where it stopped. */
async function writeAll(file: Writable, buffers: Uint8Array[], position: number): Promise<number> {
  const total = buffers.reduce((sum, { length }) => sum + length, 0);
  let rest = buffers;
  for (let written = 0; written < total; ) {
    const { bytesWritten } = await file.writev(rest, position + written);
    written += bytesWritten;
    rest = written < total ? [Buffer.concat(buffers).subarray(written)] : [];
  }
  return total;
}
