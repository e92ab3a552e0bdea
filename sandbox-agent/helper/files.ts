// How do we go through folders whose names are any bytes? A name is a text of one character for each byte (latin1), which JSON can carry.

import { homedir } from 'node:os';
import { lstat, readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Dirent } from 'node:fs';

export const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');

/** A path of the config in full: `~` is the home folder, others are relative to the working directory. */
export function fullPath(path: string): string {
  const full = resolve(path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path);
  return Buffer.from(full).toString('latin1');
}

export type Kind = 'file' | 'folder' | 'link' | 'FIFO' | 'socket' | 'device';

/** Of the thing itself, not of what a link leads to; null when there is none. */
export const kindAt = (path: string): Promise<Kind | null> => lstat(bytesOf(path)).then(kindOf, () => null);

function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket'>): Kind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (entry.isSymbolicLink()) return 'link';
  return entry.isFIFO() ? 'FIFO' : entry.isSocket() ? 'socket' : 'device';
}

/** Names and kinds, by name. Throws when it is none, or may not be read. */
export async function entriesOf(folder: string): Promise<{ name: string; kind: Kind }[]> {
  const entries = await readdir(bytesOf(folder), { withFileTypes: true, encoding: 'buffer' });
  return entries.map((entry) => ({ name: entry.name.toString('latin1'), kind: kindOf(entry) })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Everything below a folder that is no folder itself, by its path from there. */
export async function* filesBelow(folder: string, prefix = ''): AsyncGenerator<{ path: string; kind: Kind }> {
  for (const { name, kind } of await entriesOf(folder)) {
    if (kind === 'folder') yield* filesBelow(`${folder}/${name}`, `${prefix}${name}/`);
    else yield { path: prefix + name, kind };
  }
}
