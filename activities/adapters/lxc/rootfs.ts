// What does a container see as its file system?

import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { paths } from '../../../sandbox-agent/protocol.ts';
import type { SandboxSpec } from '../../builder/sandbox.ts';
import { mountFolder, rangeId } from './ranges.ts';
import { bindFolder, mountOverlay, unmount } from './syscalls.ts';

export type Rootfs = {
  number: number;
  /** 0 is the primary, and the only one that has what `lent` is. */
  container: number;
  hostname: string;
  /** Further names of this machine: all containers have one network. */
  hostNames: string[];
  /** The image's folder on the host, never written to. */
  image: string;
  /** The sandbox's own folder in the storage pool. */
  disk: string;
  agent: string;
  nameserver: string;
  /** Containers run in it: see `dockerFolder`. */
  nesting: boolean;
  /** Descriptor of a user namespace with the sandbox's map. */
  userNamespace: number;
};

/** What the host lends to the steps. */
export type Lent = Pick<SandboxSpec, 'mirrorObjects' | 'cacheFolders'>;

/** Where the host finds the mounted root, and the folder that the primary sees as `paths.run`. */
export const rootFolder = (number: number, container: number): string => join(mountFolder(number), `root-${container}`);
export const sharedFolder = (number: number): string => join(mountFolder(number), 'run');
/** Docker's images and containers, like the scratch folder not in the overlay. */
const dockerFolder = '/var/lib/docker';
/** Where an image lies for the moment in which its overlay is mounted; never in the disk, which is removed with all that is in it. */
const lowerFolder = (number: number): string => join(mountFolder(number), 'lower');

/**
 * Mounts an overlay over the image with the owners shifted into the sandbox's range, and on it what the host lends. All of it is
 * mounted here, on the host, and not by LXC's mount entries: those are mounted by the container's root, who can walk
 * neither a private state folder nor a private home.
 */
export function mountRootfs(rootfs: Rootfs, lent: Lent | null): void {
  const { number, container, disk, nesting } = rootfs;
  const owner = rangeId(number);
  const [upper, work] = ['upper', 'work'].map((folder) => join(disk, `${folder}-${container}`)) as [string, string];
  const [root, lower] = [rootFolder(number, container), lowerFolder(number)];
  for (const folder of [upper, work]) mkdirSync(folder);
  give(upper, owner, 0o755);
  for (const folder of [root, lower]) mkdirSync(folder, { recursive: true });
  // The container's root, who is nobody on the host, walks to its root file system on this path.
  for (const folder of [dirname(dirname(mountFolder(number))), dirname(mountFolder(number)), mountFolder(number)]) chmodSync(folder, 0o711);

  writeUpper(rootfs, lent, upper, owner);
  // Read-only: whoever finds it left behind by a killed builder must not be able to harm the image.
  bindFolder(rootfs.image, lower, { idMap: rootfs.userNamespace, setuid: true, readOnly: true });
  mountOverlay({ lower, upper, work }, root);
  unmount(lower); // The overlay has its own clone of it.
  bindFolder(rootfs.agent, join(root, paths.agent), { readOnly: true });
  if (nesting) lendDisk(join(disk, `docker-${container}`), join(root, dockerFolder), owner);
  if (lent) lend(rootfs, lent, root, owner);
}

function lend({ number, disk, userNamespace }: Rootfs, { mirrorObjects, cacheFolders }: Lent, root: string, owner: number): void {
  // The same folder of the same overlay, for the host's eyes; the sandbox may move it, and may put a symbolic link where its socket
  // was: the builder must not follow that to a socket of the host.
  mkdirSync(sharedFolder(number));
  bindFolder(join(root, paths.run), sharedFolder(number), { noSymlinks: true, noExec: true });
  if (mirrorObjects !== null) bindFolder(mirrorObjects, join(root, paths.mirror), { readOnly: true, noExec: true, idMap: userNamespace });
  for (const [trust, folder] of Object.entries(cacheFolders)) bindFolder(folder, join(root, paths.caches, trust), { readOnly: true, idMap: userNamespace });
  // An overlay cannot be the upper layer of another one.
  lendDisk(join(disk, 'scratch'), join(root, paths.scratch), owner);
}

function lendDisk(folder: string, target: string, owner: number): void {
  mkdirSync(folder);
  give(folder, owner, 0o755);
  bindFolder(folder, target, {});
}

/** Repeatable. */
export function unmountRootfs(number: number): void {
  const own = mountFolder(number);
  if (!existsSync(own)) return;
  for (const folder of readdirSync(own).map((name) => join(own, name))) {
    unmount(folder);
    rmdirSync(folder);
  }
  rmdirSync(own);
}

/** The files that are this sandbox's own, laid into the upper layer: no path of the image is walked, so none of its links can mislead us. */
function writeUpper({ hostname, hostNames, nameserver, nesting }: Rootfs, lent: Lent | null, upper: string, owner: number): void {
  const mirror = lent?.mirrorObjects ? [paths.mirror] : [];
  const places = lent ? [paths.run, paths.scratch, ...mirror, ...Object.keys(lent.cacheFolders).map((trust) => join(paths.caches, trust))] : [];
  const folders = ['etc', ...[paths.agent, ...places, ...(nesting ? [dockerFolder] : [])].flatMap(withParents)];
  const files = {
    'etc/hostname': `${hostname}\n`,
    'etc/hosts': `127.0.0.1 ${['localhost', ...hostNames].join(' ')}\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 ${hostname}\n`,
    'etc/resolv.conf': `nameserver ${nameserver}\n`,
  };
  for (const folder of new Set(folders)) {
    mkdirSync(join(upper, folder));
    give(join(upper, folder), owner, 0o755);
  }
  if (lent) for (const path of [paths.run, paths.scratch]) give(join(upper, path), owner, 0o700);
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
