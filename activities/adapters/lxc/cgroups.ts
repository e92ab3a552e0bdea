// Which cgroups has a sandbox, how do we count in them, and how are they ended?

import { existsSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One mounted cgroup tree. `controllers` is empty for v2, which has them all. */
export type Hierarchy = { version: 1 | 2; folder: string; controllers: string[] };

/** LXC makes these below every hierarchy; the number keeps builders apart. `payload` has the limits, and below it one cgroup for each container. */
export const cgroupFolders = (number: number) => ({
  all: `roundhouse/${number}`,
  payload: `roundhouse/${number}/payload`,
  container: (container: number) => `roundhouse/${number}/payload/${container}`,
  monitor: (container: number) => `roundhouse/${number}/monitor-${container}`,
  pivot: (container: number) => `roundhouse/${number}/pivot-${container}`,
});

export function listHierarchies(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): Hierarchy[] {
  return mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    const [before, after] = line.split(' - ');
    const [type, , options] = after?.split(' ') ?? [];
    const folder = before?.split(' ')[4] ?? '';
    if (type === 'cgroup2') return [{ version: 2, folder, controllers: [] }];
    if (type === 'cgroup') return [{ version: 1, folder, controllers: (options ?? '').split(',') }];
    return [];
  });
}

/** Kills by the kernel's OOM killer in the sandbox's cgroup and those below it. */
export function countOomKills(number: number, hierarchies: Hierarchy[]): number {
  return hierarchies
    .filter((h) => h.version === 2 || h.controllers.includes('memory'))
    .flatMap((h) => {
      const payload = join(h.folder, cgroupFolders(number).payload);
      // v2's memory.events sums up what is below it; v1's memory.oom_control does not.
      return h.version === 2 ? [join(payload, 'memory.events')] : foldersBelow(payload).map((folder) => join(folder, 'memory.oom_control'));
    })
    .map((file) => Number(/^oom_kill (\d+)$/m.exec(readIfThere(file) ?? '')?.[1] ?? 0))
    .reduce((sum, kills) => sum + kills, 0);
}

/** Processes of the sandbox itself, without LXC's monitors. */
export const payloadPids = (number: number, hierarchies: Hierarchy[]): number[] => pidsBelow(cgroupFolders(number).payload, hierarchies);

/** Those of one of its containers: 0 is the primary. */
export const containerPids = (number: number, container: number, hierarchies: Hierarchy[]): number[] => pidsBelow(cgroupFolders(number).container(container), hierarchies);

/** Without them, a sandbox is no more, whatever its sidecars do. Version 0.1.0 made no cgroup for each container: its processes are in the payload's own. */
export function primaryPids(number: number, hierarchies: Hierarchy[]): number[] {
  const pids = containerPids(number, 0, hierarchies);
  return pids.length > 0 ? pids : pidsIn(hierarchies.map((h) => join(h.folder, cgroupFolders(number).payload)));
}

/** Ends every process of the sandbox and its monitor. Resolves when the kernel has none left. */
export async function killAll(number: number, hierarchies: Hierarchy[]): Promise<void> {
  const folder = cgroupFolders(number).all;
  const unified = hierarchies.find((h) => h.version === 2 && existsSync(join(h.folder, folder, 'cgroup.kill')));
  const deadline = Date.now() + 20_000;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
    const pids = pidsBelow(folder, hierarchies);
    if (pids.length === 0) return;
    if (Date.now() > deadline) throw new Error(`processes ${pids.join(', ')} of sandbox ${number} outlive SIGKILL; they hang in the kernel`);
    // Where the kernel can kill a cgroup as one, no fork slips through; elsewhere the death of its PID 1 takes the rest along.
    if (unified) writeFileSync(join(unified.folder, folder, 'cgroup.kill'), '1');
    pids.forEach(kill);
    await sleep(waitMs);
  }
}

/** Removes the sandbox's cgroups, those that were made in it included, after `killAll`. */
export async function removeCgroups(number: number, hierarchies: Hierarchy[]): Promise<void> {
  for (const h of hierarchies) {
    for (const folder of foldersBelow(join(h.folder, cgroupFolders(number).all)).reverse()) {
      // The last process may have left the list a moment before it leaves the cgroup.
      for (let waited = 0; !isRemoved(folder); waited++) {
        if (waited > 1000) throw new Error(`cgroup ${folder} stays busy`);
        await sleep(2);
      }
    }
  }
}

function isRemoved(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}

/** Numbers under which there are cgroups of ours. */
export const numbersWithCgroups = (hierarchies: Hierarchy[]): number[] => [
  ...new Set(hierarchies.flatMap((h) => subfolders(join(h.folder, 'roundhouse')).map(Number)).filter(Number.isInteger)),
];

const pidsBelow = (folder: string, hierarchies: Hierarchy[]): number[] => pidsIn(hierarchies.flatMap((h) => foldersBelow(join(h.folder, folder))));

const pidsIn = (cgroups: string[]): number[] => [...new Set(cgroups.flatMap((folder) => (readIfThere(join(folder, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number)))];

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The folder and all below it, parents first. */
export function foldersBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return [folder, ...subfolders(folder).flatMap((name) => foldersBelow(join(folder, name)))];
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** null: the cgroup or process is gone, or this machine has no such file. */
export function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}
