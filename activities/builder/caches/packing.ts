// How do the bytes of a sandbox become a packed file, and come out of it again? They go from socket to zstd and from zstd to file without
// passing through this process, which looks on: at how many they are, and whether they still flow.

import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export type Bounds = {
  /** Of what is not packed. */
  maxBytes: number;
  /** So long nothing may move. */
  stallMs: number;
  signal: AbortSignal;
};

export type Flow = { ended: 'well' | 'badly' | 'too-large' | 'stalled'; /** What the program said, when it ended badly. */ complaint: string };

/** Fast before small: a cache is read more often over a network than kept for years. All processors at once. */
const packing = ['-1', '-T0'];
const lookEveryMs = 50;

/** Everything that comes from `source`, which this takes over. Rejects when the signal aborts. */
export async function pack(source: Socket, file: string, bounds: Bounds): Promise<Flow> {
  await using target = await open(file, 'w', 0o600);
  const zstd = spawn('zstd', [...packing, '--quiet', '--stdout'], { stdio: [source, target.fd, 'pipe'] });
  source.destroy();
  // Awaited here: while the file is closed nobody would hear a rejection.
  return await watch(zstd, 'rchar', bounds);
}

/** A file, or what comes of one, into the other end of `into`, which this takes over. Whoever made it may mean ill: zstd has nothing but the two ends. */
export async function unpackInto(from: string | Readable, into: Socket, bounds: Bounds): Promise<Flow> {
  await using source = typeof from === 'string' ? await open(from) : null;
  const zstd = spawn('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--', 'zstd', '--decompress', '--quiet', '--stdout'], { cwd: '/', stdio: [source?.fd ?? 'pipe', into, 'pipe'] });
  into.destroy();
  // Should zstd end before the source does, it is zstd's end that counts.
  if (typeof from !== 'string') void pipeline(from, zstd.stdin!).catch(() => undefined);
  // Awaited here: while the file is closed nobody would hear a rejection.
  return await watch(zstd, 'wchar', bounds);
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

/** Waits for the end of a program through which many bytes go. `counter` is one of proc(5)'s: what it has read or written. */
async function watch(child: ChildProcess, counter: 'rchar' | 'wchar', { maxBytes, stallMs, signal }: Bounds): Promise<Flow> {
  let complaint = '';
  child.stderr!.on('data', (bytes: Buffer) => (complaint = (complaint + bytes.toString('latin1')).slice(-4096)));
  let stopped: 'too-large' | 'stalled' | null = null;
  let [last, lastMoved] = [-1, Date.now()];
  const look = setInterval(() => {
    const bytes = countedBytes(child.pid, counter);
    if (bytes !== last) [last, lastMoved] = [bytes, Date.now()];
    if (bytes > maxBytes) stopped = 'too-large';
    else if (Date.now() - lastMoved > stallMs) stopped = 'stalled';
    if (stopped) child.kill('SIGKILL');
  }, lookEveryMs);
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    signal.throwIfAborted();
    return { ended: stopped ?? (code === 0 ? 'well' : 'badly'), complaint: complaint.trim() };
  } finally {
    clearInterval(look);
    signal.removeEventListener('abort', kill);
  }
}

function countedBytes(pid: number | undefined, counter: 'rchar' | 'wchar'): number {
  try {
    return Number(new RegExp(`^${counter}: (\\d+)$`, 'm').exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // It has just ended.
  }
}
