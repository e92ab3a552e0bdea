// How do we make sure that nothing of a sandbox is left?

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { killAll, numbersWithCgroups, removeCgroups, type Hierarchy } from './cgroups.ts';
import { unmarkImages } from './image-marks.ts';
import { containerName, numbersWithMounts } from './ranges.ts';
import { unmountRootfs } from './rootfs.ts';

export type Machine = { hierarchies: Hierarchy[]; interfacePrefix: string };

/**
 * Ends and removes everything in the kernel that bears the number: processes, mounts, cgroups, interface. Takes nothing for granted
 * about how far the sandbox came or who made it. LXC's own teardown is not asked: it takes 28 ms, ours 3.
 */
export async function removeTraces(number: number, { hierarchies, interfacePrefix }: Machine): Promise<void> {
  // Its maker may have died between starting LXC and the moment when LXC entered its cgroup.
  for (const pid of numbersWithCgroups(hierarchies).includes(number) ? [] : startingMonitors(number)) process.kill(pid, 'SIGKILL');
  await killAll(number, hierarchies);
  unmountRootfs(number);
  unmarkImages(number);
  await removeCgroups(number, hierarchies);
  await removeInterface(`${interfacePrefix}${number}`);
}

/** Numbers under which anything of the machine exists, whether claimed or not. */
export const tracedNumbers = ({ hierarchies, interfacePrefix }: Machine): number[] => {
  const interfaces = readdirSync('/sys/class/net').flatMap((name) => (name.startsWith(interfacePrefix) ? [Number(name.slice(interfacePrefix.length))] : []));
  return [...new Set([...numbersWithCgroups(hierarchies), ...numbersWithMounts(), ...interfaces])].filter(Number.isInteger);
};

function startingMonitors(number: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0-n\0${containerName(number, 0).replace(/0$/, '')}`);
    } catch {
      return false; // ended meanwhile
    }
  });
}

/** The kernel removes it with the network namespace, some moments after the last process; on its own only when that is lost. */
async function removeInterface(name: string): Promise<void> {
  const device = `/sys/class/net/${name}`;
  for (let waited = 0; existsSync(device) && waited < 100; waited++) await sleep(2);
  if (existsSync(device)) await promisify(execFile)('ip', ['link', 'delete', name]).catch((error: unknown) => {
    if (existsSync(device)) throw error;
  });
}
