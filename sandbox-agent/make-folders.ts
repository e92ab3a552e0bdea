// How is a folder made with all those above it? Node's own way tries for ever where the kernel makes none, as below /proc.

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Answers the outermost folder that was missing; undefined when none was. Throws as mkdirSync does. */
export function makeFolders(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const outermost = dirname(path) === path ? undefined : makeFolders(dirname(path));
  mkdirSync(path);
  return outermost ?? path;
}
