// What has a container's main process printed?

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptOutput } from '../../builder/sandbox.ts';
import { keptHeaderBytes, keptOutputBytes, mainOutput } from '../../../sandbox-agent/protocol.ts';

/** From byte `from` on, or from the first one behind it that is kept. The files lie where root of the sandbox may put anything. */
export function readKeptOutput(folder: string, container: number, from: number): KeptOutput {
  const end = (part: KeptOutput): number => part.from + part.bytes.length;
  const [first, second] = mainOutput(container)
    .files.flatMap((file) => readPart(join(folder, file)) ?? [])
    .sort((a, b) => a.from - b.from)
    .filter((part) => end(part) > from);
  if (first === undefined) return { from, bytes: Buffer.alloc(0) };
  const start = Math.max(from, first.from);
  // Where the disk was full, there is a gap: the next call begins behind it.
  const more = second?.from === end(first) ? [second.bytes] : [];
  return { from: start, bytes: Buffer.concat([first.bytes.subarray(start - first.from), ...more]) };
}

/** null: there is none. */
function readPart(path: string): KeptOutput | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  try {
    if (!fstatSync(file).isFile()) return null;
    const bytes = Buffer.alloc(keptHeaderBytes + keptOutputBytes / 2);
    const length = readSync(file, bytes, 0, bytes.length, 0);
    const from = Number(bytes.toString('latin1', 0, keptHeaderBytes));
    return length < keptHeaderBytes || !Number.isSafeInteger(from) ? null : { from, bytes: bytes.subarray(keptHeaderBytes, length) };
  } finally {
    closeSync(file);
  }
}
