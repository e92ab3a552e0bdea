// Where does what a sandbox writes lie, and how is it held to its disk limit?

import { existsSync, statfsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SandboxError } from '../../builder/sandbox.ts';
import { removeTree } from '../remove-tree.ts';

/** Storage of one builder's sandboxes. Every call may be repeated. */
export interface StoragePool {
  /** False: `create` refuses a limit, instead of promising one that is not there. */
  readonly hasQuotas: boolean;
  /** An empty folder for this sandbox. */
  create(name: string, diskBytes: number | null): Promise<string>;
  destroy(name: string): Promise<void>;
  names(): Promise<string[]>;
  /** How full it is, 0 to 100: of all file systems below it, and of bytes and files, what is nearest to its end. */
  usedPercent(): Promise<number>;
  /** Lets go of the machine when no sandbox is left and none will come: what is mounted is unmounted. */
  release(): Promise<void>;
}

/** Ordinary folders, without quotas. */
export function folderPool(folder: string): StoragePool {
  return {
    hasQuotas: false,
    async create(name, diskBytes) {
      if (diskBytes !== null) {
        throw new SandboxError('limits-absent', `The storage of this builder has no quotas, so it cannot hold a sandbox to ${diskBytes} bytes of disk. Give it a btrfs pool, or take the disk limit out of the resource class.`);
      }
      await mkdir(folder, { recursive: true });
      const own = join(folder, name);
      await mkdir(own, { mode: 0o700 });
      return own;
    },
    destroy: (name) => removeTree(join(folder, name)),
    release: () => Promise.resolve(),
    names: async () => (existsSync(folder) ? await readdir(folder) : []),
    usedPercent: async () => usedPercent(folder),
  };
}

/** Of the file system of this path, which need not exist yet. What is kept for root does not count as free. */
export function usedPercent(path: string): number {
  if (!existsSync(path)) return usedPercent(dirname(path));
  const { blocks, bfree, bavail, files, ffree } = statfsSync(path);
  const used = (taken: number, free: number): number => (taken + free === 0 ? 0 : (100 * taken) / (taken + free));
  return Math.max(used(blocks - bfree, bavail), used(files - ffree, ffree));
}
