// A log in a store in memory, in the chunks that a test chooses.

import { deflate, logCodec } from '../../../activities/log-codec.ts';
import { chunkKey, chunkLink, chunkName, manifestKey } from '../../../config-schema/log-manifest.ts';
import type { LogChunk, LogManifest } from '../../../config-schema/log-manifest.ts';
import { countNewlines } from '../../../config-schema/read-log.ts';

export type StoredLog = Awaited<ReturnType<typeof storedLog>>;

/** `store` is a port as the page has it; `reads` are the keys that were asked of it; `add` goes on with an incomplete log. */
export async function storedLog(contents: (string | Uint8Array)[] = [], { complete = true } = {}) {
  const objects = new Map<string, Uint8Array>();
  const reads: string[] = [];
  const manifest: LogManifest = { version: 1, chunks: [], totalBytes: 0, totalLines: 0, complete };
  let newlines = 0;
  const log = {
    key: 'log',
    objects,
    reads,
    manifest,
    ports: {
      store: {
        get: (key: string) => (reads.push(key), Promise.resolve(objects.get(key))),
        read: () => Promise.reject(new Error('nothing is read in parts here')),
      },
      codec: logCodec,
    },
    async add(content: string | Uint8Array, when: Pick<LogChunk, 'at' | 'times'> = {}): Promise<void> {
      const bytes = Buffer.from(content);
      const at = { offset: manifest.totalBytes, firstLine: newlines + 1 };
      const sha256 = chunkLink(manifest.chunks.at(-1)?.sha256, at, bytes, logCodec.sha256);
      const chunk = { object: chunkName(manifest.chunks.length, sha256), ...at, bytes: bytes.length, sha256 };
      const frame = await deflate(bytes);
      objects.set(chunkKey('log', chunk), frame);
      manifest.chunks.push({ ...chunk, storedBytes: frame.length, ...when });
      manifest.totalBytes += bytes.length;
      newlines += countNewlines(bytes);
      manifest.totalLines = newlines + (bytes.at(-1) === 10 ? 0 : 1);
      objects.set(manifestKey('log'), Buffer.from(JSON.stringify(manifest)));
    },
    lose(chunk: number): void {
      objects.delete(chunkKey('log', manifest.chunks[chunk]!));
    },
  };
  for (const content of contents) await log.add(content);
  return log;
}

export function inChunksOf(size: number, text: string): Uint8Array[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
