// What does persist_to_workspace mean by its root and its paths? Paths are patterns of Go's filepath.Match, relative to the root.

import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { goPattern, isPattern } from './go-pattern.ts';
import { bytesOf, entriesOf, filesBelow, fullPath, kindAt } from './files.ts';

export type WorkspaceFiles =
  | {
      /** In full. */
      root: string;
      /** From the root; none lies within another. A folder means all of it. */
      matches: string[];
      /** Whatever is no folder, in the matches and below them. */
      files: string[];
      /** Patterns that nothing matches. */
      unmatched: string[];
    }
  | { refused: string };

/** Names are bytes (latin1), patterns are text. */
export async function workspaceFiles({ root: given, patterns, most }: { root: string; patterns: string[]; most: number }): Promise<WorkspaceFiles> {
  const root = await realpath(bytesOf(fullPath(given)), 'latin1').catch(() => null);
  if (root === null || (await kindAt(root)) !== 'folder') return { root: fullPath(given), matches: [], files: [], unmatched: patterns };
  const unmatched: string[] = [];
  const found = new Set<string>();
  try {
    for (const pattern of patterns) {
      const matches = await expand(root, '', partsOf(pattern));
      if (matches.length === 0) unmatched.push(pattern);
      for (const match of matches) found.add(match);
    }
    const matches = [...found].filter((path) => !foldersAround(path).some((folder) => found.has(folder)));
    const files: string[] = [];
    for (const match of matches) {
      for await (const file of filesOf(root, match)) files.push(file);
      if (files.length > most) return { refused: `The paths hold more than ${most} files. Pack them into an archive, or persist fewer.` };
    }
    return { root, matches, files, unmatched };
  } catch (error) {
    // Such as a folder that may not be read.
    return { refused: (error as Error).message };
  }
}

function partsOf(pattern: string): string[] {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new Error(`The path ${pattern} leads out of the root. Choose a root that holds everything.`);
  return parts;
}

async function* filesOf(root: string, match: string): AsyncGenerator<string> {
  const path = match === '.' ? root : `${root}/${match}`;
  if ((await kindAt(path)) !== 'folder') yield match;
  else for await (const file of filesBelow(path, match === '.' ? '' : `${match}/`)) yield file.path;
}

/** `attach_workspace` goes there; made as the user. */
export async function workspaceTarget({ at }: { at: string }): Promise<{ path: string } | { refused: string }> {
  const path = fullPath(at);
  try {
    await makeFolder(path);
    return { path };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

/** With its parents. Node's own way of it goes round and round below /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(bytesOf(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(bytesOf(path))).isDirectory()) return;
    if (code !== 'ENOENT') throw error;
    await makeFolder(dirname(path));
    await mkdir(bytesOf(path));
  }
}

async function expand(root: string, prefix: string, [part, ...rest]: string[]): Promise<string[]> {
  const folder = prefix === '' ? root : `${root}/${prefix}`;
  const below = (name: string): string => (prefix === '' ? name : `${prefix}/${name}`);
  if (part === undefined) return (await kindAt(folder)) === null ? [] : [prefix === '' ? '.' : prefix];
  // Also a link to a folder leads on, as in Go.
  if (!isPattern(part)) return expand(root, below(Buffer.from(part).toString('latin1')), rest);
  const matches = goPattern(part);
  const found: string[] = [];
  for (const { name } of await entriesOf(folder).catch(() => [])) {
    if (matches(bytesOf(name).toString('utf8'))) found.push(...(await expand(root, below(name), rest)));
  }
  return found;
}

/** `a/b/c` lies in `.`, `a` and `a/b`. */
function foldersAround(path: string): string[] {
  if (path === '.') return [];
  const parts = path.split('/');
  return ['.', ...parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))];
}
