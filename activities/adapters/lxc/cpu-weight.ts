// When processors are scarce, who gets how much?

import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { cgroupFolders, foldersBelow, readIfThere, type Hierarchy } from './cgroups.ts';

/** Each sandbox in proportion to its processors, and all of them together as one ordinary process on every processor. */
export function weigh(number: number, cpus: number, hierarchies: Hierarchy[]): void {
  const { all } = cgroupFolders(number);
  setWeight(dirname(all), availableParallelism(), hierarchies);
  setWeight(all, cpus, hierarchies);
}

/**
 * A sandbox that ran into its limit of processes gets the lowest weight for the rest of its life: what does so is a fork bomb or fails
 * anyhow, and within the processor time of its own limit it would still slow down its neighbours.
 */
export function judge(number: number, hierarchies: Hierarchy[]): void {
  const { all, payload } = cgroupFolders(number);
  // v1 counts where the process was to be born, v2 where the limit is.
  const refused = hierarchies.flatMap((h) => foldersBelow(join(h.folder, payload))).some((folder) => /^max [1-9]/m.test(readIfThere(join(folder, 'pids.events')) ?? ''));
  if (refused) setWeight(all, 0, hierarchies);
}

/** In units of one processor; 0 for the least that the kernel knows. */
function setWeight(folder: string, processors: number, hierarchies: Hierarchy[]): void {
  for (const h of hierarchies) {
    const { file, unit, least, most } = h.version === 1 ? { file: 'cpu.shares', unit: 1024, least: 2, most: 262_144 } : { file: 'cpu.weight', unit: 100, least: 1, most: 10_000 };
    const path = join(h.folder, folder, file);
    if (existsSync(path)) writeFileSync(path, String(Math.min(most, Math.max(least, Math.round(unit * processors)))));
  }
}
