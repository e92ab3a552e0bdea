// How do we hold a sandbox to its limits, see that they hold, and end all of its processes?

import { existsSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxError, type SandboxLimits } from '../../builder/sandbox.ts';

/** One mounted cgroup tree. `controllers` is empty for v2, which has them all. */
export type Hierarchy = { version: 1 | 2; folder: string; controllers: string[] };

/** LXC makes these below every hierarchy; the number keeps builders apart. */
export const cgroupFolders = (number: number) => ({
  all: `roundhouse/${number}`,
  payload: `roundhouse/${number}/payload`,
  monitor: `roundhouse/${number}/monitor`,
  pivot: `roundhouse/${number}/pivot`,
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

const cpuPeriod = 100_000;
const cpuQuota = (cpus: number): number => Math.max(1000, Math.round(cpus * cpuPeriod));

/**
 * LXC's settings for the limits, for both families: LXC passes over those of the family that the machine lacks, with a warning
 * only, which is why `assertLimits` exists. Swap is not to be had: memory and swap together get what memory gets.
 */
export function limitSettings(limits: SandboxLimits, hierarchies: Hierarchy[]): [string, string][] {
  const memory = hierarchies.find((h) => h.controllers.includes('memory'));
  const countsSwap = memory !== undefined && existsSync(join(memory.folder, 'memory.memsw.limit_in_bytes'));
  return [
    ['lxc.cgroup.memory.limit_in_bytes', String(limits.memoryBytes)],
    // LXC does take it as an error when this one file is missing: it is where the kernel was told not to count swap.
    ...(countsSwap ? [['lxc.cgroup.memory.memsw.limit_in_bytes', String(limits.memoryBytes)] as [string, string]] : []),
    ['lxc.cgroup.pids.max', String(limits.pids)],
    ['lxc.cgroup.cpu.cfs_period_us', String(cpuPeriod)],
    ['lxc.cgroup.cpu.cfs_quota_us', String(cpuQuota(limits.cpus))],
    ['lxc.cgroup2.memory.max', String(limits.memoryBytes)],
    ['lxc.cgroup2.memory.swap.max', '0'],
    ['lxc.cgroup2.pids.max', String(limits.pids)],
    ['lxc.cgroup2.cpu.max', `${cpuQuota(limits.cpus)} ${cpuPeriod}`],
  ];
}

/** Reads back, through a process of the sandbox, what the kernel holds it to. Throws SandboxError 'limits-absent' when that is more than the limits. */
export function assertLimits(number: number, limits: SandboxLimits, hierarchies: Hierarchy[]): void {
  const pid = payloadPids(number, hierarchies)[0];
  const absent = (what: string): SandboxError =>
    new SandboxError('limits-absent', `The ${what} limit of the sandbox is not in force on this machine, so it was not used. "roundhouse doctor" says which cgroup controllers are missing.`);
  if (pid === undefined) throw absent('process');
  const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n').map(parseMembership);

  const within = (what: string, controller: string, v1File: string, v2File: string, most: number): void => {
    const v1 = own.find((m) => m.controllers.includes(controller));
    const home = hierarchies.find((h) => (v1 ? h.controllers.includes(controller) : h.version === 2));
    const path = (v1 ?? own.find((m) => m.id === '0'))?.path;
    const text = home && path !== undefined ? readIfThere(join(home.folder, path, v1 ? v1File : v2File)) : null;
    // v2's cpu.max holds two numbers, quota and period; -1 and "max" mean none.
    const value = text === null || text.startsWith('max') || text.startsWith('-') ? Infinity : Number.parseInt(text, 10);
    if (!(value <= most)) throw absent(what);
  };
  within('memory', 'memory', 'memory.limit_in_bytes', 'memory.max', limits.memoryBytes);
  within('process', 'pids', 'pids.max', 'pids.max', limits.pids);
  within('CPU', 'cpu', 'cpu.cfs_quota_us', 'cpu.max', cpuQuota(limits.cpus));
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

/** Processes of the sandbox itself, without LXC's monitor. */
export const payloadPids = (number: number, hierarchies: Hierarchy[]): number[] => pidsBelow(cgroupFolders(number).payload, hierarchies);

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

function pidsBelow(folder: string, hierarchies: Hierarchy[]): number[] {
  const files = hierarchies.flatMap((h) => foldersBelow(join(h.folder, folder)).map((f) => join(f, 'cgroup.procs')));
  return [...new Set(files.flatMap((file) => (readIfThere(file) ?? '').split('\n').filter(Boolean).map(Number)))];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function parseMembership(line: string): { id: string; controllers: string[]; path: string } {
  const [id = '', controllers = '', ...path] = line.split(':');
  return { id, controllers: controllers.split(','), path: path.join(':') };
}

/** The folder and all below it, parents first. */
function foldersBelow(folder: string): string[] {
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

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null; // the cgroup or the process is gone
  }
}
