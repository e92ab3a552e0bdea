// Where does each line of a log lie, without reading for every question what cannot change any more?

import type { LogManifest } from '../../../config-schema/log-manifest.ts';
import { readManifest } from '../../../config-schema/read-log.ts';
import type { CommonPorts } from '../ports.ts';

/** Of all that are remembered: some hours of output, and about 30 MB. */
const mostChunks = 50_000;

/** As readManifest; those of complete logs, of which the last that were asked for are remembered, are asked of the store once. */
export function manifests(store: Pick<CommonPorts['store'], 'get'>): (logKey: string) => Promise<LogManifest | undefined> {
  const complete = new Map<string, LogManifest>();
  let chunks = 0;
  return async (logKey) => {
    const known = complete.get(logKey);
    if (known) {
      complete.delete(logKey);
      complete.set(logKey, known);
      return known;
    }
    const manifest = await readManifest(store, logKey);
    // Another may have read it meanwhile.
    if (!manifest?.complete || complete.has(logKey)) return manifest;
    complete.set(logKey, manifest);
    chunks += manifest.chunks.length;
    for (const [key, oldest] of complete) {
      if (chunks <= mostChunks) break;
      complete.delete(key);
      chunks -= oldest.chunks.length;
    }
    return manifest;
  };
}
