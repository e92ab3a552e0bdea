// How does the log of one step lie in the object store?
//
// Under its key: `chunk-000000-0123456789ab` and so on, each one zstd frame of at most `chunkBytes`, and `manifest.json`, which says where
// each line is. A chunk's name ends in the beginning of its hash: what a killed process was still sending never takes the place of what its
// successor cuts there. Each chunk's hash covers the hash before it, so that no chunk can be dropped, replaced or moved unseen.

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
