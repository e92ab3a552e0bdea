// How do we remove a folder that a build may have filled?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync } from 'node:fs';

/** By rm(1), because a build can nest folders deeper than a path may be long, which Node's own removal does not get through. */
export async function removeTree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  // rm's own --one-file-system does not see a bind mount of a folder of the same file system, and would empty that folder.
  const mounted = mountsBelow(path);
  if (mounted.length > 0) throw new Error(`${path} is not removed, because ${mounted.join(', ')} is still mounted in it. Unmount it first: umount -R ${mounted[0]}`);
  const child = spawn('rm', ['-rf', '--one-file-system', '--', path], { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`could not remove ${path}: ${complaint.trim().slice(0, 500)}`);
}

function mountsBelow(path: string): string[] {
  const real = realpathSync(path);
  const points = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
  return points.filter((point) => point.startsWith(`${real}/`));
}
