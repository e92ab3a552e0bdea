// How do we remove a folder that a build may have filled?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/** By rm(1), because a build can nest folders deeper than a path may be long, which Node's own removal does not get through. */
export async function removeTree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const child = spawn('rm', ['-rf', '--one-file-system', '--', path], { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`could not remove ${path}: ${complaint.trim().slice(0, 500)}`);
}
