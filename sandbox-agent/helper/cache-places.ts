// What lies where a cache is to be packed from or unpacked to?

import { lstat, mkdir, opendir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { expandHome } from '../user.ts';

/** `empty`: of a folder, that nothing is in it. */
export type CachePlaceFacts = { path: string; kind: 'missing' | 'folder' | 'other'; empty: boolean };

/** In the order of the paths, each made absolute. */
export async function cachePlaces(paths: string[]): Promise<CachePlaceFacts[]> {
  const facts: CachePlaceFacts[] = [];
  for (const written of paths) facts.push(await factsOf(resolve(expandHome(written, process.env['HOME'] ?? '/'))));
  return facts;
}

/** Folders on the way to these paths, made as the user of the steps; what this user may not make is left to root. */
export async function makeParents(paths: string[]): Promise<null> {
  for (const path of paths) await mkdir(dirname(path), { recursive: true }).catch(() => undefined);
  return null;
}

async function factsOf(path: string): Promise<CachePlaceFacts> {
  const found = await lstat(path).catch(() => null);
  if (!found) return { path, kind: 'missing', empty: true };
  if (!found.isDirectory()) return { path, kind: 'other', empty: false };
  const folder = await opendir(path).catch(() => null);
  const first = await folder?.read();
  await folder?.close();
  return { path, kind: 'folder', empty: first === null };
}
