// How long does LXC take by itself? A bare container, to compare ours with.
//
// The least with which a build of the same image could be kept apart at all: the same image, mounted by the same recipe (the owners
// shifted into a range of ids, an overlay on it), an unprivileged user namespace, `lxc-start -d`, which returns when the container runs, its
// PID 1 a `sleep`; then `lxc-stop -k`, unmount, and the removal of its folder. It has no network, no limits, no seccomp filter, no
// agent and nobody who can talk to it.

import { execFile } from 'node:child_process';
import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { claimRange, idsPerRange, rangeId, releaseRange } from '../../activities/adapters/lxc/ranges.ts';
import { bindFolder, mountOverlay, unmount } from '../../activities/adapters/lxc/syscalls.ts';
import { userNamespaces } from '../../activities/adapters/lxc/user-namespace.ts';
import { timed, type Bench } from './bench.ts';

const run = promisify(execFile);

export type BareContainer = {
  /** Milliseconds from nothing until it runs. */
  start(): Promise<number>;
  /** Milliseconds until nothing of it is left. */
  stop(): Promise<number>;
};

/** One at a time; it is removed at the end of the bench. */
export function bareContainer(bench: Bench, image: string): BareContainer {
  const folder = join(bench.folder, 'bare');
  const name = `rh-bench-${process.pid}`;
  // As for our own: root's lxc-start without a newuidmap on its path writes the id maps itself, which is quicker.
  const lxc = (program: string, ...args: string[]): Promise<unknown> => run(`/usr/bin/${program}`, ['-P', folder, '-n', name, ...args], { cwd: '/', env: { PATH: '/nonexistent' } });
  const namespaces = userNamespaces();
  const { number } = claimRange(bench.folder, 'bench', [], () => false);
  const root = join(folder, 'root');

  const start = async (): Promise<void> => {
    await mkdir(root, { recursive: true });
    const owner = rangeId(number);
    const layers = { lower: join(folder, 'lower'), upper: join(folder, 'upper'), work: join(folder, 'work') };
    for (const layer of Object.values(layers)) await mkdir(layer);
    await chown(layers.upper, owner, owner);
    bindFolder(image, layers.lower, { idMap: await namespaces.of(number), setuid: true });
    mountOverlay(layers, root);
    unmount(layers.lower);
    const config = join(folder, 'config');
    await writeFile(config, settings(name, root, owner));
    await lxc('lxc-start', '-d', '-f', config, '--', '/bin/sleep', '1000');
  };
  const stop = async (): Promise<void> => {
    await lxc('lxc-stop', '-k');
    unmount(root);
    await rm(folder, { recursive: true, force: true });
  };
  bench.atEnd(async () => {
    // It may not have come as far as to run.
    await lxc('lxc-stop', '-k').catch(() => undefined);
    unmount(root);
    releaseRange(number);
  });
  return { start: () => timed(start), stop: () => timed(stop) };
}

const settings = (name: string, root: string, owner: number): string => `lxc.uts.name = ${name}
lxc.rootfs.path = dir:${root}
lxc.idmap = u 0 ${owner} ${idsPerRange}
lxc.idmap = g 0 ${owner} ${idsPerRange}
lxc.mount.auto = proc:mixed sys:ro
lxc.net.0.type = empty
`;
