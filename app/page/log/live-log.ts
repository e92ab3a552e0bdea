// Where do the next bytes of a log come from: the object store, or the builder that is writing them?

import { setTimeout as sleep } from 'node:timers/promises';
import { readChunks, readManifest } from '../../../config-schema/read-log.ts';
import type { LogGap, LogPart } from '../../../config-schema/read-log.ts';
import { streamPaths } from '../../../config-schema/uplink.ts';
import type { CommonPorts } from '../ports.ts';

export type LivePart =
  /** `at`: when they were written (ms since 1970), as far as that is known. */
  | { kind: 'bytes'; bytes: Uint8Array; at: number | null }
  | LogGap
  /** Complete, or all that will ever be: the builder was lost with the rest. */
  | { kind: 'end'; complete: boolean; totalBytes: number };

/** The builder that has the step; over: nobody will add to its log. */
export type Standing = { builder: string | null; over: boolean };

/** Between two looks at a log of which nothing new is to be had. */
const shortestPauseMs = 50;
const longestPauseMs = 2000;

/**
 * A log from byte `from` on, to its end: each byte once and in order, wherever it lies. Ends by `signal` with the signal's reason.
 * `standing` is asked whenever neither store nor builder has more.
 */
export async function* liveLog(
  { store, codec, openStream }: Pick<CommonPorts, 'store' | 'codec' | 'openStream'>,
  key: string,
  from: number,
  standing: () => Promise<Standing>,
  signal: AbortSignal,
): AsyncGenerator<LivePart> {
  let offset = from;

  async function* stored(): AsyncGenerator<LivePart, boolean> {
    const manifest = await readManifest(store, key);
    if (manifest && manifest.totalBytes > offset) {
      for await (const part of readChunks(store, key, manifest, { from: offset }, codec)) {
        signal.throwIfAborted();
        if (part.kind === 'bytes') yield* dated(part);
        else yield part;
        // The gap begins where its chunk does, which may be before what was asked for.
        offset = part.offset + (part.kind === 'bytes' ? part.bytes.length : part.length);
      }
    }
    return manifest?.complete ?? false;
  }

  /** Ends where the builder does: with the log, or with itself. */
  async function* live(builder: string): AsyncGenerator<LivePart> {
    try {
      for await (const bytes of (await openStream(builder, streamPaths.log(key, offset), signal)) ?? []) {
        // Just now; what the builder had before we came and has not stored yet, about a second ago.
        yield { kind: 'bytes', bytes, at: Date.now() };
        offset += bytes.length;
      }
    } catch {
      // The connection broke. What the builder stored before that is in the store; it may come back with the rest.
    }
  }

  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    signal.throwIfAborted();
    // In this order: a slice is not over before its last chunk is stored.
    const { builder, over } = await standing();
    const complete = yield* stored();
    if (complete || over) return yield { kind: 'end', complete, totalBytes: offset };
    const before = offset;
    if (builder !== null) yield* live(builder);
    if (offset > before) pauseMs = shortestPauseMs;
    else await sleep(pauseMs, undefined, { signal });
  }
}

/** Stored bytes, cut where the time changes. */
function* dated({ bytes, offset, written }: LogPart & { kind: 'bytes' }): Generator<LivePart> {
  const end = offset + bytes.length;
  const times = written.filter((one) => one.offset > offset && one.offset < end);
  const first = written.findLast((one) => one.offset <= offset);
  let [start, at] = [offset, first?.at ?? null];
  for (const one of times) {
    yield { kind: 'bytes', bytes: bytes.subarray(start - offset, one.offset - offset), at };
    [start, at] = [one.offset, one.at];
  }
  yield { kind: 'bytes', bytes: bytes.subarray(start - offset), at };
}
