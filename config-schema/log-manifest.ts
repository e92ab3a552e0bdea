// How does the log of one step lie in the object store?
//
// Under its key: `chunk-000000-0123456789ab` and so on, each one zstd frame of at most `chunkBytes`, and `manifest.json`, which says where
// each line is. A chunk's name ends in the beginning of its hash: what a killed process was still sending never takes the place of what its
// successor cuts there. Each chunk's hash covers the hash before it, so that no chunk can be dropped, replaced or moved unseen. Times stand
// beside it: the same bytes have the same hash whoever cuts them and when, and logs of earlier versions, which have no times, stay whole.

import * as z from 'zod';

export const chunkBytes = 1024 * 1024;

const count = z.int().nonnegative();
const logChunk = z.object({
  /** Its name under the log's key. */
  object: z.string().regex(/^chunk-\d{6,}-[0-9a-f]{12}$/),
  /** Of its first byte in the log. */
  offset: count,
  bytes: z.int().positive(),
  /** The line, from 1, that its first byte belongs to. */
  firstLine: z.int().positive(),
  storedBytes: z.int().positive(),
  /** See chunkLink; hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** When its first byte was written, in ms since 1970 by the builder's clock. */
  at: count.optional(),
  /** Where later bytes of it begin that were written at another time: how many bytes into the chunk, and how many ms after `at`. */
  times: z.array(z.tuple([count, count])).optional(),
});
const logManifest = z.object({
  version: z.literal(1),
  chunks: z.array(logChunk),
  totalBytes: count,
  /** Lines begun: a last one without a newline counts. */
  totalLines: count,
  /** The step has ended and all of its output is here. */
  complete: z.boolean(),
});

export type LogChunk = z.infer<typeof logChunk>;
export type LogManifest = z.infer<typeof logManifest>;

/** Bytes of a log from `offset` on, up to the next of these, were written at `at` (ms since 1970). */
export type Written = { offset: number; at: number };

/** More than a reader can tell apart makes manifests large. */
export const mostTimes = 20;

/** As they stand in a manifest: at most `mostTimes` of those that lie within the chunk; nothing when its beginning is not among them. */
export function timesOf(written: readonly Written[], { offset, bytes }: { offset: number; bytes: number }): Pick<LogChunk, 'at' | 'times'> {
  const first = written.findLast((one) => one.offset <= offset);
  if (!first) return {};
  const later = written.filter((one) => one.offset > offset && one.offset < offset + bytes);
  const step = Math.ceil(later.length / mostTimes);
  // A clock that was set back in between shall not count backwards.
  const times = later.filter((_, i) => i % step === 0).map((one): [number, number] => [one.offset - offset, Math.max(0, one.at - first.at)]);
  return { at: first.at, ...(times.length > 0 && { times }) };
}

/** When the bytes of a chunk were written; empty for those of earlier versions. */
export function writtenOf({ offset, at, times = [] }: LogChunk): Written[] {
  return at === undefined ? [] : [{ offset, at }, ...times.map(([bytes, ms]) => ({ offset: offset + bytes, at: at + ms }))];
}

export const emptyManifest: LogManifest = { version: 1, chunks: [], totalBytes: 0, totalLines: 0, complete: false };

export const manifestKey = (logKey: string): string => `${logKey}/manifest.json`;
export const chunkKey = (logKey: string, chunk: Pick<LogChunk, 'object'>): string => `${logKey}/${chunk.object}`;
export const chunkName = (index: number, sha256: string): string => `chunk-${String(index).padStart(6, '0')}-${sha256.slice(0, 12)}`;

/** Throws a sentence when the text is no manifest, or when its chunks do not follow one another. */
export function parseManifest(text: string): LogManifest {
  const manifest = logManifest.parse(JSON.parse(text));
  let [offset, line] = [0, 1];
  for (const chunk of manifest.chunks) {
    if (chunk.offset !== offset || chunk.firstLine < line) throw new Error(`${chunk.object} does not follow the chunk before it`);
    offset += chunk.bytes;
    line = chunk.firstLine;
  }
  if (manifest.totalBytes !== offset || manifest.totalLines < line - 1) throw new Error('the totals do not fit the chunks');
  return manifest;
}

/** Puts `bytes` (a whole chunk, unpacked) in its place in the chain; the answer is its `sha256`. */
export function chunkLink(previous: string | undefined, place: Pick<LogChunk, 'offset' | 'firstLine'>, bytes: Uint8Array, sha256: (...parts: Uint8Array[]) => string): string {
  return sha256(new TextEncoder().encode(`${previous ?? ''} ${place.offset} ${place.firstLine}\n`), bytes);
}
