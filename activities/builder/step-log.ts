// How does a step's output reach the object store and its readers, whatever becomes of this process?

import type { ObjectStore } from '../object-store.ts';
import { logCodec } from '../log-codec.ts';
import { emptyManifest } from '../../config-schema/log-manifest.ts';
import type { LogManifest } from '../../config-schema/log-manifest.ts';
import { gapSentence, readChunks, readManifest } from '../../config-schema/read-log.ts';
import { openLogFile } from './log-file.ts';
import type { LogFile } from './log-file.ts';
import { uploadLog } from './upload-log.ts';
import type { Upload } from './upload-log.ts';

export { Fenced } from './upload-log.ts';

/**
 * The log of one step of one attempt. A local file takes every byte first; chunks follow it into the store on their own.
 *
 * `append` resolves when the bytes are in the file: they may be acknowledged to the agent, and outlive a kill of this process.
 * `end` resolves when everything is stored and the manifest says so; nothing is appended after it was called. It waits as long as the
 * store is away. Once a newer attempt has begun, `append` and `end` reject with Fenced and nothing more is written to the store.
 * `close` lets go of the file wherever things stand; to open the log again goes on from there. After `end` it is due all the same.
 * `tail` gives the bytes from an offset on as they come. It ends when `end` has resolved, when the log is fenced, or on `close`.
 */
export interface StepLog {
  /** Bytes in the file. */
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
  tail(from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
}

export type StepLogOptions = {
  store: ObjectStore;
  /** `stepLogKey`: one per step and attempt. */
  key: string;
  /** A path on a local disk; the same when the log is opened again. */
  file: string;
  checkFence: () => Promise<void>;
  /** Aborting is closing. */
  signal?: AbortSignal;
  onTrouble?: (error: unknown) => void;
};

/** Opens a log that is new, or goes on with one where a killed process left it. Open one log once at a time. */
export async function openStepLog({ store, key, file: path, checkFence, signal: outer, onTrouble }: StepLogOptions): Promise<StepLog> {
  const stored = (await readManifest(store, key)) ?? emptyManifest;
  const file = await openLogFile(path);
  await refill(file, store, key, stored);
  if (stored.complete) file.finish();

  const closing = new AbortController();
  const signal = outer ? AbortSignal.any([outer, closing.signal]) : closing.signal;
  const upload: Upload = { store, key, file, stored, checkFence, signal, ...(onTrouble && { onTrouble }) };
  let failure: Error | null = null;
  const uploaded = (stored.complete ? Promise.resolve() : uploadLog(upload)).catch((error: unknown) => {
    failure = error as Error;
  });
  const close = async (): Promise<void> => {
    closing.abort(new Error(`log ${key} is closed`));
    await uploaded;
    await file.close();
  };
  signal.addEventListener('abort', () => void close());

  return {
    get size() {
      return file.size;
    },
    append(bytes) {
      return failure ? Promise.reject(failure) : file.append(bytes);
    },
    async end() {
      // Behind every append that has not resolved yet.
      if (!file.finished) await file.append(new Uint8Array());
      file.finish();
      await uploaded;
      if (failure) throw failure;
    },
    async *tail(from, tailSignal) {
      const left = tailSignal ? AbortSignal.any([signal, tailSignal]) : signal;
      yield* tail(file, from, left);
      // Whoever comes back at the end of a tail finds the complete manifest.
      await Promise.race([uploaded, aborted(left)]);
    },
    close,
  };
}

const readBytes = 256 * 1024;

async function* tail(file: LogFile, from: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let offset = from; ; ) {
    await file.reach(offset + 1, { signal }).catch(() => {});
    if (signal.aborted || file.size <= offset) return;
    const bytes = await file.read(offset, readBytes).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    if (!bytes) return;
    yield bytes;
    offset += bytes.length;
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

/** The machine lost the end of the file (a crash of the kernel, not of this process) but the store has it. */
async function refill(file: LogFile, store: ObjectStore, key: string, stored: LogManifest): Promise<void> {
  if (file.size >= stored.totalBytes) return;
  for await (const part of readChunks(store, key, stored, { from: file.size }, logCodec)) {
    if (part.kind === 'gap') throw new Error(`log ${key} cannot go on: ${gapSentence(part)}`);
    await file.append(part.bytes);
  }
}
