// Which system calls do we need that Node lacks?

import { chmodSync, chownSync, closeSync, constants, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const c = {
  openTree: libc.func('int open_tree(int folder, const char *path, unsigned int flags)'),
  moveMount: libc.func('int move_mount(int fromFolder, const char *from, int toFolder, const char *to, unsigned int flags)'),
  mountSetattr: libc.func('int mount_setattr(int folder, const char *path, unsigned int flags, const void *attr, size_t size)'),
  mount: libc.func('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)'),
  umount: libc.func('int umount2(const char *target, int flags)'),
  mkfifo: libc.func('int mkfifo(const char *path, unsigned int mode)'),
  flock: libc.func('int flock(int file, int operation)'),
  ioctl: libc.func('int ioctl(int file, unsigned long request, void *argument)'),
};

const currentFolder = -100; // AT_FDCWD
const emptyPath = 0x1000; // AT_EMPTY_PATH
const cloneAndCloseOnExec = 0x1 | 0x80000; // OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
const fromEmptyPath = 0x4; // MOVE_MOUNT_F_EMPTY_PATH
const pathOnly = 0x200000; // O_PATH
const noDevices = 0x4; // MS_NODEV, and MOUNT_ATTR_NODEV
const attribute = { readOnly: 0x1, noSetuid: 0x2, noDevices, noExec: 0x8, noSymlinks: 0x200000, idMap: 0x100000 };
const detachMount = 0x2; // MNT_DETACH
const lockNow = 0x2 | 0x4; // LOCK_EX | LOCK_NB
const { EINVAL, ENOENT, EWOULDBLOCK } = koffi.os.errno;

/** What is special about a bind mount. Devices and set-user-id programs are off except where `whole` keeps them as they are. */
export type BindOptions = {
  readOnly?: boolean;
  noExec?: boolean;
  /** Nobody who looks through this mount is led elsewhere by a symbolic link. */
  noSymlinks?: boolean;
  /** An image: set-user-id programs work in it. */
  setuid?: boolean;
  /** An open user namespace: owners on disk appear in the mount as that namespace maps them. */
  idMap?: number;
};

/** Mounts the folder `source`, without what is mounted below it, on the folder `target` as well. */
export function bindFolder(source: string, target: string, options: BindOptions): void {
  const tree = check(c.openTree(currentFolder, source, cloneAndCloseOnExec), `open_tree ${source}`);
  try {
    const set =
      attribute.noDevices |
      (options.setuid ? 0 : attribute.noSetuid) |
      (options.readOnly ? attribute.readOnly : 0) |
      (options.noExec ? attribute.noExec : 0) |
      (options.noSymlinks ? attribute.noSymlinks : 0) |
      (options.idMap === undefined ? 0 : attribute.idMap);
    const attr = Buffer.alloc(32); // struct mount_attr: attr_set, attr_clr, propagation, userns_fd
    attr.writeBigUInt64LE(BigInt(set), 0);
    attr.writeBigUInt64LE(BigInt(options.idMap ?? 0), 24);
    check(c.mountSetattr(tree, '', emptyPath, attr, attr.length), `mount_setattr ${source}`);
    check(c.moveMount(tree, '', currentFolder, target, fromEmptyPath), `move_mount to ${target}`);
  } finally {
    closeSync(tree);
  }
}

/**
 * Mounts an overlay that forgets: `volatile` leaves out every sync, also the sync of the whole host file system at its unmount.
 * The layers go in by descriptor, because the kernel's option syntax knows no plain way to write a path with a comma or colon.
 */
export function mountOverlay(layers: { lower: string; upper: string; work: string }, target: string): void {
  const descriptors: number[] = [];
  const open = (path: string): string => {
    descriptors.push(openSync(path, pathOnly | constants.O_DIRECTORY));
    return `/proc/self/fd/${descriptors.at(-1)}`;
  };
  try {
    const data = `lowerdir=${open(layers.lower)},upperdir=${open(layers.upper)},workdir=${open(layers.work)},redirect_dir=on,volatile`;
    check(c.mount('overlay', target, 'overlay', noDevices, data), `mount overlay on ${target}`);
  } finally {
    descriptors.forEach(closeSync);
  }
}

/** Detaches everything that is mounted on the folder, with all below it. Answers whether there was anything. */
export function unmount(target: string): boolean {
  let any = false;
  while (c.umount(target, detachMount) === 0) any = true;
  const errno = koffi.errno();
  if (errno !== EINVAL && errno !== ENOENT) throw failure(`umount ${target}`, errno);
  return any;
}

/** Anybody who finds it may read and write it. */
export function makePipe(path: string, owner: number): void {
  check(c.mkfifo(path, 0o666), `mkfifo ${path}`);
  chmodSync(path, 0o666);
  chownSync(path, owner, owner);
}

/** Asks the file system of this folder for something that has no call of its own. Throws an error with the kernel's name as its `code`. */
export function askFileSystem(folder: string, request: number, argument: Buffer, what: string): void {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    check(c.ioctl(descriptor, request, argument), `${what} in ${folder}`);
  } finally {
    closeSync(descriptor);
  }
}

/** Runs `action` while no other process of the machine does so under the same lock file. */
export async function withLock<T>(lockFile: string, action: () => Promise<T>): Promise<T> {
  const file = openSync(lockFile, 'a');
  try {
    while (c.flock(file, lockNow) !== 0) {
      const errno = koffi.errno();
      if (errno !== EWOULDBLOCK) throw failure(`flock ${lockFile}`, errno);
      await sleep(20);
    }
    return await action();
  } finally {
    closeSync(file);
  }
}

function check(result: number, what: string): number {
  if (result < 0) throw failure(what, koffi.errno());
  return result;
}

function failure(what: string, errno: number): Error {
  const name = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `error ${errno}`;
  return Object.assign(new Error(`${what}: ${name}`), { code: name });
}
