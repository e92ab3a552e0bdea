// What were the last lines of a step's log?

import { readManifest, readLog } from '../../config-schema/read-log.ts';
import { logCodec } from '../log-codec.ts';
import type { ObjectStore } from '../object-store.ts';

/** Longer ones are cut: a line of a progress bar may be megabytes. */
const mostBytes = 64 * 1024;

/** Nothing when there is no such log. */
export async function lastLines(store: ObjectStore, key: string, lines: number): Promise<string[]> {
  const manifest = await readManifest(store, key);
  if (!manifest) return [];
  const bytes: Uint8Array[] = [];
  for await (const part of readLog(store, key, { from: Math.max(0, manifest.totalBytes - mostBytes) }, logCodec)) {
    if (part.kind === 'bytes') bytes.push(part.bytes);
  }
  const text = Buffer.concat(bytes).toString('utf8').replace(/\n$/, '');
  return text === '' ? [] : text.split('\n').slice(-lines);
}
