// What does a sandbox see as its file system?

import { chmodSync, chownSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { paths } from '../../../sandbox-agent/protocol.ts';
import type { SandboxSpec } from '../../builder/sandbox.ts';
import { mountFolder, rangeId } from './ranges.ts';
import { bindFolder, mountOverlay, unmount } from './syscalls.ts';

export type Rootfs = {
  number: number;
  hostname: string;
  /** The image's folder on the host, never written to. */
  image: string;
  /** The sandbox's own folder in the storage pool. */
  disk: string;
  agent: string;
  mirrorObjects: string | null;
  cacheFolders: SandboxSpec['cacheFolders'];
  nameserver: string;
  /** Descriptor of a user namespace with the sandbox's map. */
  userNamespace: number;
};

/** Where the host finds the mounted root, and the folder that the sandbox sees as `paths.run`. */
export const rootFolder = (number: number): string => join(mountFolder(number), 'root');
/** Where the image lies for the moment in which the overlay is mounted; never in the disk, which is removed with all that is in it. */
const lowerFolder = (number: number): string => join(mountFolder(number), 'lower');
export const sharedFolder = (number: number): string => join(mountFolder(number), 'run');

/**
 * Mounts an overlay over the image with the owners shifted into the sandbox's range, and on it what the host lends. All of it is
 * mounted here, on the host, and not by LXC's mount entries: those are mounted by the container's root, who can walk
 * neither a private state folder nor a private home.
 */
export function mountRootfs(rootfs: Rootfs): void {
  const { number, disk } = rootfs;
  const owner = rangeId(number);
  const [upper, work, scratch] = ['upper', 'work', 'scratch'].map((folder) => join(disk, folder)) as [string, string, string];
  for (const folder of [upper, work, scratch]) mkdirSync(folder);
  for (const folder of [upper, scratch]) give(folder, owner, 0o755);
  const [root, shared, lower] = [rootFolder(number), sharedFolder(number), lowerFolder(number)];
  for (const folder of [root, shared, lower]) mkdirSync(folder, { recursive: true });
  // The container's root, who is nobody on the host, walks to its root file system on this path.
  for (const folder of [dirname(dirname(mountFolder(number))), dirname(mountFolder(number)), mountFolder(number)]) chmodSync(folder, 0o711);

  writeUpper(rootfs, upper, owner);
  // Read-only: whoever finds it left behind by a killed builder must not be able to harm the image.
  bindFolder(rootfs.image, lower, { idMap: rootfs.userNamespace, setuid: true, readOnly: true });
  mountOverlay({ lower, upper, work }, root);
  unmount(lower); // The overlay has its own clone of it.

  // The same folder of the same overlay, for the host's eyes; the sandbox may move it, and may put a symbolic link where its socket
  // was: the builder must not follow that to a socket of the host.
  bindFolder(join(root, paths.run), shared, { noSymlinks: true, noExec: true });
  bindFolder(rootfs.agent, join(root, paths.agent), { readOnly: true });
  if (rootfs.mirrorObjects !== null) {
    bindFolder(rootfs.mirrorObjects, join(root, paths.mirror), { readOnly: true, noExec: true, idMap: rootfs.userNamespace });
  }
  for (const [trust, folder] of Object.entries(rootfs.cacheFolders)) bindFolder(folder, join(root, paths.caches, trust), { readOnly: true, idMap: rootfs.userNamespace });
  // An overlay cannot be the upper layer of another one.
  bindFolder(scratch, join(root, paths.scratch), {});
}

/** Answers whether anything was mounted. Repeatable. */
export function unmountRootfs(number: number): boolean {
  const folders = [rootFolder(number), sharedFolder(number), lowerFolder(number)];
  const any = folders.map(unmount).includes(true);
  for (const folder of [...folders, mountFolder(number)]) rmdirIfThere(folder);
  return any;
}

/** The files that are this sandbox's own, laid into the upper layer: no path of the image is walked, so none of its links can mislead us. */
function writeUpper(rootfs: Rootfs, upper: string, owner: number): void {
  const places = [paths.agent, paths.run, paths.scratch, ...(rootfs.mirrorObjects === null ? [] : [paths.mirror]), ...Object.keys(rootfs.cacheFolders).map((trust) => join(paths.caches, trust))];
  const folders = ['etc', ...places.flatMap(withParents)];
  const files = {
    'etc/hostname': `${rootfs.hostname}\n`,
    'etc/hosts': `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 ${rootfs.hostname}\n`,
    'etc/resolv.conf': `nameserver ${rootfs.nameserver}\n`,
  };
  for (const folder of new Set(folders)) {
    mkdirSync(join(upper, folder));
    give(join(upper, folder), owner, 0o755);
  }
  for (const path of [paths.run, paths.scratch]) give(join(upper, path), owner, 0o700);
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(upper, path), text);
    give(join(upper, path), owner, 0o644);
  }
}

/** Whatever the builder's umask is. */
function give(path: string, owner: number, mode: number): void {
  chmodSync(path, mode);
  chownSync(path, owner, owner);
}

const withParents = (path: string): string[] => {
  const parts = path.split('/').filter(Boolean);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
};

function rmdirIfThere(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
