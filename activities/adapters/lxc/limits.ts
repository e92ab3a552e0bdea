// How do we hold a sandbox to its limits, and see that they hold?

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SandboxError, type SandboxLimits } from '../../builder/sandbox.ts';
import { cgroupFolders, payloadPids, readIfThere, type Hierarchy } from './cgroups.ts';

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

/** Reads back, through the processes of the sandbox, what the kernel holds it to. Throws SandboxError 'limits-absent' when that is more than the limits. */
export function assertLimits(number: number, limits: SandboxLimits, hierarchies: Hierarchy[]): void {
  const pids = payloadPids(number, hierarchies);
  const absent = (what: string): SandboxError =>
    new SandboxError('limits-absent', `The ${what} limit of the sandbox is not in force on this machine, so it was not used. "roundhouse doctor" says which cgroup controllers are missing.`);
  const places = new Set(pids.flatMap((pid) => readIfThere(`/proc/${pid}/cgroup`) ?? []));
  if (places.size === 0) throw absent('process');
  const { payload } = cgroupFolders(number);

  for (const place of places) {
    const own = place.split('\n').map(parseMembership);
    const within = (what: string, controller: string, v1File: string, v2File: string, most: number): void => {
      const v1 = own.find((m) => m.controllers.includes(controller));
      const home = hierarchies.find((h) => (v1 ? h.controllers.includes(controller) : h.version === 2));
      const path = (v1 ?? own.find((m) => m.id === '0'))?.path;
      if (!home || path === undefined || !(leastUpTo(payload, home.folder, path, v1 ? v1File : v2File) <= most)) throw absent(what);
    };
    within('memory', 'memory', 'memory.limit_in_bytes', 'memory.max', limits.memoryBytes);
    within('process', 'pids', 'pids.max', 'pids.max', limits.pids);
    within('CPU', 'cpu', 'cpu.cfs_quota_us', 'cpu.max', cpuQuota(limits.cpus));
  }
}

/** What holds a process is the lowest limit from its own cgroup to that of the sandbox. */
function leastUpTo(top: string, hierarchy: string, path: string, file: string): number {
  const text = readIfThere(join(hierarchy, path, file));
  // v2's cpu.max holds two numbers, quota and period; -1 and "max" mean none.
  const value = text === null || text.startsWith('max') || text.startsWith('-') ? Infinity : Number.parseInt(text, 10);
  return path.endsWith(`/${top}`) || path === '/' ? value : Math.min(value, leastUpTo(top, hierarchy, dirname(path), file));
}

function parseMembership(line: string): { id: string; controllers: string[]; path: string } {
  const [id = '', controllers = '', ...path] = line.split(':');
  return { id, controllers: controllers.split(','), path: path.join(':') };
}
