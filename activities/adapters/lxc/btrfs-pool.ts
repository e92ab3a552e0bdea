// How does btrfs hold each sandbox to its disk limit?

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync, statfsSync } from 'node:fs';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { removeTree } from '../remove-tree.ts';
import { usedPercent, type StoragePool } from './pool.ts';
import { askFileSystem, unmount, withLock } from './syscalls.ts';

export type BtrfsPoolOptions = {
  /** Where the pool is mounted, or a folder on a btrfs that is there already. */
  folder: string;
  /** A sparse file that holds the pool where `folder` is on another file system: it takes only what is used, and gives it back. */
  image?: { file: string; sizeBytes: number };
};

/** A subvolume for each sandbox, with a limit on what it refers to. Mounts itself when it is first used, also after a reboot. */
export function btrfsPool({ folder, image }: BtrfsPoolOptions): StoragePool {
  const isReady = (): boolean => existsSync(folder) && isBtrfs(folder);
  const ready = async (): Promise<void> => {
    if (isReady()) return;
    if (!image) throw new Error(`${folder} is not on btrfs. Mount one there, or let the pool have a file.`);
    await mkdir(dirname(image.file), { recursive: true });
    await mkdir(folder, { recursive: true });
    await withLock(`${image.file}.lock`, async () => {
      if (!existsSync(image.file)) await makeImage(image.file, image.sizeBytes);
      if (!isBtrfs(folder)) await promisify(execFile)('mount', ['-o', 'loop,noatime,nodev,discard=async', image.file, folder]);
      enableQuotas(folder);
    });
  };

  return {
    hasQuotas: true,
    async create(name, diskBytes) {
      await ready();
      askFileSystem(folder, createSubvolume, volumeArguments(name), `making the subvolume ${name}`);
      const own = join(folder, name);
      await chmod(own, 0o700);
      if (diskBytes !== null) askFileSystem(own, limitGroup, limitArguments(diskBytes), 'setting the disk limit');
      return own;
    },
    async destroy(name) {
      if (!isReady() || !existsSync(join(folder, name))) return;
      const isSubvolume = statSync(join(folder, name)).ino === firstInode;
      if (isSubvolume) askFileSystem(folder, destroySubvolume, volumeArguments(name), `removing the subvolume ${name}`);
      else await removeTree(join(folder, name));
    },
    // Its file is sparse: it ends where the file system ends that the file is on, too.
    usedPercent: async () => Math.max(isReady() ? usedPercent(folder) : 0, usedPercent(image?.file ?? folder)),
    names: async () => (isReady() ? readdirSync(folder) : []),
    async release() {
      if (image && isReady()) unmount(folder);
    },
  };
}

// From linux/btrfs.h and linux/btrfs_tree.h.
const magic = 0x9123683e;
const firstInode = 256;
const createSubvolume = 0x5000940e;
const destroySubvolume = 0x5000940f;
const controlQuotas = 0xc0109428;
const limitGroup = 0x8030942b;
const limitReferenced = 1n;
/** Simple quotas, from Linux 6.7 on, account for a write without looking for its other owners; older kernels know only the full ones. */
const enableSimple = 4n;
const enableFull = 1n;

const isBtrfs = (folder: string): boolean => statfsSync(folder).type === magic;

async function makeImage(file: string, sizeBytes: number): Promise<void> {
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  const handle = await open(fresh, 'wx', 0o600);
  await handle.truncate(sizeBytes);
  await handle.close();
  await promisify(execFile)('mkfs.btrfs', ['--quiet', '--metadata', 'single', fresh]);
  await rename(fresh, file);
}

function enableQuotas(folder: string): void {
  for (const command of [enableSimple, enableFull]) {
    const argument = Buffer.alloc(16); // struct btrfs_ioctl_quota_ctl_args
    argument.writeBigUInt64LE(command);
    try {
      return askFileSystem(folder, controlQuotas, argument, 'switching on quotas');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return; // They are on.
      if (command === enableFull || (code !== 'EINVAL' && code !== 'ENOTTY' && code !== 'ENOTSUP')) throw error;
    }
  }
}

/** struct btrfs_ioctl_vol_args: a descriptor that we do not use, and the name. */
function volumeArguments(name: string): Buffer {
  const argument = Buffer.alloc(4096);
  argument.write(name, 8);
  return argument;
}

/** struct btrfs_ioctl_qgroup_limit_args for the group of the very subvolume. */
function limitArguments(diskBytes: number): Buffer {
  const argument = Buffer.alloc(48);
  argument.writeBigUInt64LE(limitReferenced, 8);
  argument.writeBigUInt64LE(BigInt(diskBytes), 16);
  return argument;
}
