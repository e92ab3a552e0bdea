// How do we run a program that handles what strangers made, so that it ends with us and cannot fill the disk?

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';

export type BoundedOptions = {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Its descriptors from 3 on. */
  files?: number[];
  signal?: AbortSignal | undefined;
  /** It is killed when it has written more, wherever to. */
  maxWrittenBytes?: number;
};

export type Ended = { code: number | null; stdout: string; stderr: string; ended: 'by-itself' | 'too-large' | 'disk-full' };

const lookEveryMs = 100;
/** Of bytes and of inodes, below which the file system counts as full. */
const spareShare = 0.02;
const maxAnswer = 16 << 20;

/** Rejects when the signal aborts, after the program is gone, and when there is no such program. */
export async function runBounded(command: string, args: string[], { cwd, env = process.env, files = [], signal, maxWrittenBytes = Infinity }: BoundedOptions): Promise<Ended> {
  signal?.throwIfAborted();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe', ...files] });
  let ended: Ended['ended'] = 'by-itself';
  const stop = (why: Ended['ended']): void => {
    ended = why;
    child.kill('SIGKILL');
  };
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]!.on('data', (text: Buffer) => (said[name].length + text.length > maxAnswer ? stop('too-large') : (said[name] += text.toString())));
  const watch = setInterval(() => {
    if (writtenBytes(child.pid) > maxWrittenBytes) stop('too-large');
    else void isFull(cwd).then((full) => full && child.exitCode === null && stop('disk-full'), () => undefined);
  }, lookEveryMs);
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    signal?.throwIfAborted();
    return { code, ...said, ended };
  } finally {
    clearInterval(watch);
    signal?.removeEventListener('abort', kill);
  }
}

/** What the process asked to be written, sparse or not (proc(5), `wchar`). */
function writtenBytes(pid: number | undefined): number {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // It has just ended.
  }
}

async function isFull(folder: string): Promise<boolean> {
  const { blocks, bavail, files, ffree } = await statfs(folder);
  // btrfs makes its inodes as it goes, and says 0.
  return bavail < blocks * spareShare || (files > 0 && ffree < files * spareShare);
}
