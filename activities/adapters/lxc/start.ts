// How does a container start, and when is it ready?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
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
  // Without a console the container's PID 1 inherits these streams: they must not lead to a file of the host.
  const monitor = spawn(start.program, args, { detached: true, stdio: 'ignore', cwd: '/', env: { PATH: '/nonexistent' } });
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
    throw failure(outcome === 'ended' ? 'ended before its agent answered' : `did not answer within ${start.readySeconds} s`, start);
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    throw new SandboxError('start-failed', 'The sandbox could not be started: lxc-start did not run. "roundhouse doctor" says what is missing.', { cause: error });
  } finally {
    over.abort();
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

/** With the operator's part, LXC's own words, as the cause. */
function failure(what: string, start: Start): SandboxError {
  const log = existsSync(start.logFile) ? readFileSync(start.logFile, 'utf8').trim().split('\n') : [];
  const errors = log.filter((line) => / (ERROR|WARN) /.test(line)).slice(-8);
  return new SandboxError('start-failed', `The sandbox ${what}.`, { cause: new Error(errors.join('\n') || 'LXC logged nothing') });
}
