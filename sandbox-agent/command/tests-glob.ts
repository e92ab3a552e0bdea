// Which test files does a pattern mean? `*` within a folder, `**` through folders, `?`, `[abc]`, `{a,b}`.

import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import picomatch from 'picomatch';
import { Refused } from '../refused.ts';
import type { Surroundings } from './surroundings.ts';

/** Prints the files, sorted, as the patterns write them: an absolute pattern gives absolute paths. No match prints nothing. */
export function globTests(args: string[], { cwd, print }: Surroundings): number {
  const patterns = args.filter((arg) => arg !== '--');
  if (patterns.length === 0) throw new Refused('tests glob: name a pattern, in quotes: tests glob "test/**/*.test.js"');
  const files = new Set(patterns.flatMap((pattern) => filesOf(pattern, cwd)));
  print([...files].sort().map((file) => `${file}\n`).join(''));
  return 0;
}

function filesOf(pattern: string, cwd: string): string[] {
  // A name may look like a pattern, when a shell has already put `app/[id]/page.test.js` in its place.
  if (isFile(resolve(cwd, pattern))) return [pattern];
  const parts = pattern.split('/');
  const firstOpen = parts.findIndex((part) => /[*?[\]{}\\]/.test(part));
  if (firstOpen === -1) return [];
  const fixed = parts.slice(0, firstOpen).map((part) => `${part}/`).join('');
  const open = parts.slice(firstOpen).join('/');
  // Parentheses, | and + are letters here; to picomatch they would be parts of a regular expression.
  const matches = picomatch(open.replace(/[()|+]/g, '\\$&'), { noextglob: true, nonegate: true });
  const walk: Walk = {
    isDeep: open.includes('**'),
    depth: open.split('/').length,
    mayBeHidden: /(^|[/{,\\])\./.test(open),
  };
  return walkFolder(resolve(cwd, fixed), '', 1, walk).filter((file) => matches(file)).map((file) => fixed + file);
}

type Walk = { isDeep: boolean; depth: number; mayBeHidden: boolean };

function walkFolder(folder: string, prefix: string, depth: number, walk: Walk): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    const isHidden = entry.name.startsWith('.') && !walk.mayBeHidden;
    // `**` does not go through links, as in shells: they may lead in circles. A folder that the pattern names itself may be one.
    const isLink = entry.isSymbolicLink();
    const isFolder = entry.isDirectory() || (isLink && !walk.isDeep && !isFile(path));
    if (isHidden) return [];
    if (isFolder) return walk.isDeep || depth < walk.depth ? walkFolder(path, `${prefix}${entry.name}/`, depth + 1, walk) : [];
    return isLink && !isFile(path) ? [] : [prefix + entry.name];
  });
}

function entriesOf(folder: string): ReturnType<typeof list> {
  try {
    return list(folder);
  } catch {
    // It is not there, or not for us to read: it holds no tests.
    return [];
  }
}

const list = (folder: string) => readdirSync(folder, { withFileTypes: true });

/** Of a link: what it leads to. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
