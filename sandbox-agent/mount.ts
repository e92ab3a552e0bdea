// How does a cache of the builder appear in the sandbox without being copied? As the lower layer of an overlay, whose upper one takes
// what the job writes. Only root of the sandbox's own user namespace can do it there: the agent.

import { chmodSync, chownSync, closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { SystemCalls } from './pipe.ts';
import { paths, type MountAnswer, type MountSpec } from './protocol.ts';
import { stepUser } from './user.ts';

const pathOnly = 0x200000; // O_PATH
let mounts = 0;

export function mountCache({ lower, target, user }: MountSpec, { mountOverlay }: Pick<SystemCalls, 'mountOverlay'>): MountAnswer {
  if (normalize(lower) !== lower || !lower.startsWith(`${paths.caches}/`)) return refused('it is not one of the builder’s caches');
  if (normalize(target) !== target || !target.startsWith('/') || target === '/') return refused(`${target} is no place for it`);
  const made = missingParents(target);
  const layers = join(paths.scratch, String((mounts += 1)));
  const open: number[] = [];
  const descriptor = (path: string): string => {
    open.push(openSync(path, pathOnly | constants.O_DIRECTORY));
    return `/proc/self/fd/${open.at(-1)}`;
  };
  try {
    if (made.length === 0 && readdirSync(target).length > 0) return refused('there are files already');
    const ids = user === undefined ? {} : stepUser(user).ids;
    for (const folder of made) {
      mkdirSync(folder);
      if (ids.uid !== undefined && folder !== target) chownSync(folder, ids.uid, ids.gid ?? ids.uid);
    }
    const { mode, uid, gid } = statSync(lower);
    mkdirSync(layers);
    for (const layer of ['upper', 'work']) mkdirSync(join(layers, layer));
    chmodSync(join(layers, 'upper'), mode & 0o7777);
    chownSync(join(layers, 'upper'), uid, gid);
    mountOverlay(`lowerdir=${descriptor(lower)},upperdir=${descriptor(join(layers, 'upper'))},workdir=${descriptor(join(layers, 'work'))},userxattr`, target);
    return { mounted: true };
  } catch (error) {
    rmSync(layers, { recursive: true, force: true });
    removeEmpty(made);
    return refused((error as Error).message);
  } finally {
    open.forEach((each) => closeSync(each));
  }
}

const refused = (why: string): MountAnswer => ({ mounted: false, refused: why });

/** Innermost first; somebody may have put something into one by now. */
function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders.toReversed()) if (existsSync(folder)) rmdirSync(folder);
  } catch {
    // It is theirs now.
  }
}

/** Outermost first. */
function missingParents(path: string): string[] {
  return existsSync(path) ? [] : [...missingParents(dirname(path)), path];
}
