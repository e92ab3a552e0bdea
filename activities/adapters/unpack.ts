// How is an archive unpacked on the host, when whoever made it may mean ill?

import { spawn } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Unpacker } from '../builder/caches/local-caches.ts';
import { unpackInto } from '../builder/caches/packing.ts';
import { openUserNamespace } from './lxc/user-namespace.ts';

/**
 * GNU tar takes care of hostile paths by itself. Should it fail to, it sees nothing of the host: its root is a small file system in
 * memory, gone with it, that has /usr read-only and the target, on which no device works; it is root of a user namespace without any
 * right outside, sees no other process and no network, and can make no device. In that namespace every id is the host's, so that the
 * owners on the disk are those of the archive, as the idmapped mount of a sandbox wants them.
 */
export const confinedUnpacker: Unpacker = async (archive, target, { maxFiles, inBackground, ...bounds }) => {
  namespace ??= openUserNamespace(0);
  const guard = await mkdtemp(join(dirname(target), 'guard-'));
  try {
    const polite = inBackground ? ['nice', '-n', '19', 'ionice', '-c', '3'] : [];
    const [program = '', ...args] = [...polite, 'unshare', '--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--propagation', 'private', 'sh', '-ec', script, 'sh', guard, target];
    const tar = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe', await namespace] });
    const ended = new Promise<number | null>((resolve, reject) => tar.once('error', reject).once('close', resolve));
    ended.catch(() => undefined);
    tar.stdin!.on('error', () => {});
    let files = 0;
    tar.stdout!.on('data', (names: Buffer) => {
      for (let at = names.indexOf(10); at >= 0; at = names.indexOf(10, at + 1)) files += 1;
      if (files > maxFiles) tar.kill('SIGKILL');
    });
    let complaint = '';
    tar.stderr!.on('data', (text: Buffer) => (complaint = (complaint + text.toString('latin1')).slice(-4096)));
    const flow = await unpackInto(archive, tar.stdin as Socket, bounds).catch((error: unknown) => {
      tar.kill('SIGKILL');
      return ended.then(() => Promise.reject(error));
    });
    if (flow.ended !== 'well') tar.kill('SIGKILL');
    const code = await ended;
    if (files > maxFiles) return { fault: 'too-many-files', cause: `more than ${maxFiles} files` };
    if (flow.ended === 'too-large' || flow.ended === 'stalled') return { fault: flow.ended, cause: flow.ended };
    if (/No space left on device/.test(complaint)) return { fault: 'disk-full', cause: complaint.trim() };
    if (flow.ended !== 'well' || code !== 0) return { fault: 'damaged', cause: `zstd: ${flow.complaint || 'well'}; tar ended with ${code}: ${complaint.trim()}` };
    return { files, bytes: Number(/^Total bytes read: (\d+)/m.exec(complaint)?.[1] ?? 0) };
  } finally {
    await rmdir(guard);
  }
};

let namespace: Promise<number> | undefined;

const rights = ['chown', 'dac_override', 'fowner', 'fsetid'];

const script = `
umask 022
mount -t tmpfs -o mode=755,size=1m,nr_inodes=100 guard "$1"
mkdir "$1/target"
mount -o bind,nosuid,nodev "$2" "$1/target"
cd "$1"
for name in usr lib lib64; do
  if [ -L /$name ]; then cp -P /$name .
  elif [ -d /$name ]; then mkdir $name && mount -o bind,ro,nosuid,nodev /$name $name; fi
done
exec nsenter --user=/proc/self/fd/3 chroot . /usr/bin/setpriv --no-new-privs --bounding-set=-all,${rights.map((right) => `+${right}`).join(',')} --inh-caps=-all \\
  /usr/bin/env -i LC_ALL=C /usr/bin/tar --extract --verbose --totals --file=- --directory=/target --numeric-owner --same-owner --same-permissions --delay-directory-restore`;
