// Under which path does an artifact appear, and where is it stored?

import { attemptKey, type SliceKey } from './address.ts';

/** Everything that one step stored lies under it. */
export const artifactsKey = (slice: SliceKey, attempt: number, step: number): string => `${attemptKey(slice, attempt)}/artifacts/${step}`;
/** An ArtifactIndex. Written last: what it does not list is not there. */
export const artifactIndexKey = (artifacts: string): string => `${artifacts}/index.json`;
/** Files are numbered: their names may hold what no key can. */
export const artifactFileKey = (artifacts: string, file: number): string => `${artifacts}/files/${file}`;

export type ArtifactIndex = { version: 1; files: StoredArtifact[] };
/** `path`: as people see it, without a slash at its beginning. */
export type StoredArtifact = { path: string; file: number; bytes: number; sha256: string };

/**
 * The path of what `store_artifacts` names: its destination; else its path as the config has it, a `~` resolved. `found` is where it was
 * found: absolute, and whether it is a folder, whose files then appear below. A file goes below a destination that ends in `/`.
 */
export function shownPath({ path, destination }: { path: string; destination: string | null }, found: { path: string; isFolder: boolean }): string {
  const name = found.path.split('/').at(-1)!;
  if (destination !== null) return plainPath(destination.endsWith('/') && !found.isFolder ? destination + name : destination);
  return plainPath(/^~(\/|$)/.test(path) ? found.path : path);
}

/** The path of a file below it; its name is the sandbox's word. */
export const artifactPathBelow = (shown: string, name: string): string => plainPath(`${shown}/${name}`);

/** Without empty parts, dots, and whatever leads out. */
function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** A name that came as bytes (latin1); of one that is no UTF-8, what is beyond ASCII is percent-encoded. */
export function nameInWords(latin1: string): string {
  const bytes = Uint8Array.from(latin1, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return latin1.replace(/[\x80-\xff]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  }
}

export type ArtifactFolder = { folders: { name: string; files: number; bytes: number }[]; files: (StoredArtifact & { name: string })[] };

/** What lies in this folder (`''` for the outermost), by name; null when there is none. */
export function artifactFolder(files: readonly StoredArtifact[], folder: string): ArtifactFolder | null {
  const prefix = folder === '' ? '' : `${folder}/`;
  const inside = files.filter(({ path }) => path.startsWith(prefix));
  if (inside.length === 0 && folder !== '') return null;
  const folders = new Map<string, ArtifactFolder['folders'][number]>();
  const own: ArtifactFolder['files'] = [];
  for (const file of inside) {
    const [name = '', ...below] = file.path.slice(prefix.length).split('/');
    if (below.length === 0) own.push({ ...file, name });
    else {
      const entry = folders.get(name) ?? { name, files: 0, bytes: 0 };
      folders.set(name, { name, files: entry.files + 1, bytes: entry.bytes + file.bytes });
    }
  }
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  return { folders: [...folders.values()].sort(byName), files: own.sort(byName) };
}
