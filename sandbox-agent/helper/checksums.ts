// What is in these files, in short? For `{{ checksum "FILE" }}` of cache keys.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { expandHome } from '../user.ts';

/** SHA-256 in base64, as in the original; null where there is no such file. */
export async function checksums(paths: string[]): Promise<Record<string, string | null>> {
  const entries: [string, string | null][] = [];
  for (const path of paths) entries.push([path, await checksum(path)]);
  return Object.fromEntries(entries);
}

async function checksum(path: string): Promise<string | null> {
  // A FIFO must not hold us.
  const file = await open(expandHome(path, process.env['HOME'] ?? '/'), constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  await using opened = file;
  if (!(await opened.stat()).isFile()) return null;
  const hash = createHash('sha256');
  await pipeline(opened.createReadStream({ autoClose: false }), hash);
  return hash.digest('base64');
}
