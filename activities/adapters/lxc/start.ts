// How does a container start, and when is it ready?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxError } from '../../builder/sandbox.ts';
import { containerName, runFolder } from './ranges.ts';

/** LXC keeps locks and its command socket under this name; one for all builders, since containers are named by their range. */
const lxcFolder = join(runFolder, 'lxc');

export type Start = {
  number: number;
  program: string;
  configFile: string;
  logFile: string;
  /** What PID 1 prints: on the sandbox's own disk, for whoever gets this descriptor inside can fill it. */
  outputFile: string;
  /** Appears on the host when the agent listens. */
  agentSocket: string;
  /** One try to reach the agent; rejects when it does not answer. */
  probe: (signal: AbortSignal) => Promise<void>;
  readySeconds: number;
};

/**
 * Starts LXC and resolves when the agent answers. lxc-start stays in the foreground as the container's monitor, in a session
 * of its own: it outlives this process, and while we live its end tells us at once. Its exit code says nothing.
 */
export async function startContainer(start: Start): Promise<void> {
  mkdirSync(lxcFolder, { recursive: true });
  const args = ['-P', lxcFolder, '-n', containerName(start.number), '-f', start.configFile, '-F', '--close-all-fds'];
  // No newuidmap on the path: root's lxc-start writes the id maps itself then, without two more processes.
  // Without a console the container's PID 1 inherits these streams.
  const output = openSync(start.outputFile, 'ax+');
  const monitor = spawn(start.program, args, { detached: true, stdio: ['ignore', output, output], cwd: '/', env: { PATH: '/nonexistent' } });
  const over = new AbortController();
  const ended = once(monitor, 'exit', { signal: over.signal }).then(
    () => 'ended' as const,
    (error: unknown) => error,
  );
  monitor.unref();
  const deadline = AbortSignal.timeout(start.readySeconds * 1000);
  try {
    await once(monitor, 'spawn');
    const outcome = await Promise.race([ended, agentAnswers(start, AbortSignal.any([over.signal, deadline]))]);
    if (outcome === 'ready') return;
    throw failure(outcome === 'ended' ? 'ended before its agent answered' : `did not answer within ${start.readySeconds} s`, start, output);
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    throw new SandboxError('start-failed', 'The sandbox could not be started: lxc-start did not run. "roundhouse doctor" says what is missing.', { cause: error });
  } finally {
    over.abort();
    closeSync(output);
  }
}

async function agentAnswers(start: Start, signal: AbortSignal): Promise<'ready' | 'late'> {
  while (!signal.aborted) {
    if (existsSync(start.agentSocket)) {
      try {
        await start.probe(signal);
        return 'ready';
      } catch {
        // It does not accept yet.
      }
    }
    await sleep(4);
  }
  return 'late';
}

/** With the operator's part as the cause: LXC's own words, and what the sandbox printed. */
function failure(what: string, start: Start, output: number): SandboxError {
  const log = existsSync(start.logFile) ? readFileSync(start.logFile, 'utf8').trim().split('\n') : [];
  const complaints = log.filter((line) => / ERROR /.test(line)).slice(-8);
  return new SandboxError('start-failed', `The sandbox ${what}.`, { cause: new Error([...complaints, readEnd(output)].filter(Boolean).join('\n') || 'neither LXC nor the sandbox said why') });
}

/** Through our own descriptor: under its name the sandbox may have put anything. */
function readEnd(file: number): string {
  const bytes = Buffer.alloc(2000);
  const { size } = fstatSync(file);
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, Math.max(0, size - bytes.length))).trim();
}
