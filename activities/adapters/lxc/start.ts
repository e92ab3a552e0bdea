// How does a container start, and when is it ready?

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MainProcess } from '../../../sandbox-agent/protocol.ts';
import { SandboxError } from '../../builder/sandbox.ts';
import { containerName, runFolder } from './ranges.ts';

/** LXC keeps locks and its command socket under this name; one for all builders, since containers are named by their range. */
const lxcFolder = join(runFolder, 'lxc');

export type Start = {
  number: number;
  /** 0: the primary. */
  container: number;
  program: string;
  configFile: string;
  logFile: string;
  /** JSON for the standard input of PID 1; null: nothing. */
  main: MainProcess | null;
  readySeconds: number;
};

export type PrimaryStart = Start & {
  /** What PID 1 prints: on the sandbox's own disk, for whoever gets this descriptor inside can fill it. */
  outputFile: string;
  /** Appears on the host when the agent listens. */
  agentSocket: string;
  /** One try to reach the agent; rejects when it does not answer. */
  probe: (signal: AbortSignal) => Promise<void>;
};

/** Resolves when the agent answers. */
export async function startPrimary(start: PrimaryStart): Promise<void> {
  const output = openSync(start.outputFile, 'ax+');
  await startContainer(start, [output, output], (monitor, signal) => {
    tell(monitor, start.main);
    return agentAnswers(start, signal);
  }, () => readEnd(output)).finally(() => closeSync(output));
}

export type SidecarStart = Start & {
  /** What its main process prints to. */
  outputPipe: string;
  /** Looks at the container before anything of its image runs; throws when it is not to be used. */
  inspect: () => void;
};

/** Resolves when the main process runs, with an empty text, or with why it could not be started, which is the user's matter. */
export async function startSidecar(start: SidecarStart): Promise<string> {
  // To read it as well: who prints does not die of an agent that is gone.
  const output = openSync(start.outputPipe, constants.O_RDWR | constants.O_NOFOLLOW);
  const said: string[] = [];
  await startContainer(start, [output, 'pipe'], async (monitor) => {
    for await (const line of createInterface({ input: monitor.stderr! })) {
      said.push(line);
      if (said.length === 2) return true;
      start.inspect();
      tell(monitor, start.main);
    }
    // It has ended without a word: LXC says why.
    return false;
  }, () => said.join('\n')).finally(() => closeSync(output));
  return said[1]!;
}

function tell(monitor: ChildProcess, main: MainProcess | null): void {
  monitor.stdin?.on('error', () => {}); // It ended without reading: how the start went tells.
  monitor.stdin?.end(JSON.stringify(main));
}

/**
 * Starts LXC and waits until `ready` is true. lxc-start stays in the foreground as the container's monitor, in a session
 * of its own: it outlives this process, and while we live its end tells us at once. Its exit code says nothing.
 */
async function startContainer(start: Start, stdio: [number, number | 'pipe'], ready: (monitor: ChildProcess, signal: AbortSignal) => Promise<boolean>, printed: () => string): Promise<void> {
  mkdirSync(lxcFolder, { recursive: true });
  const args = ['-P', lxcFolder, '-n', containerName(start.number, start.container), '-f', start.configFile, '-F', '--close-all-fds', '--quiet'];
  // No newuidmap on the path: root's lxc-start writes the id maps itself then, without two more processes.
  // Without a console the container's PID 1 inherits these streams.
  const monitor = spawn(start.program, args, { detached: true, stdio: [start.main ? 'pipe' : 'ignore', ...stdio], cwd: '/', env: { PATH: '/nonexistent' } });
  const over = new AbortController();
  const ended = once(monitor, 'exit', { signal: over.signal }).then(
    () => 'ended' as const,
    (error: unknown) => error,
  );
  monitor.unref();
  const deadline = AbortSignal.timeout(start.readySeconds * 1000);
  try {
    await once(monitor, 'spawn');
    const isReady = ready(monitor, AbortSignal.any([over.signal, deadline])).then((yes) => (yes ? ('ready' as const) : ended));
    const outcome = await Promise.race([ended, isReady, aborted(deadline)]);
    if (outcome === 'ready') return;
    throw failure(outcome === 'ended' ? `ended before ${start.container === 0 ? 'its agent answered' : 'its main process began'}` : `did not answer within ${start.readySeconds} s`, start, printed());
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    throw new SandboxError('start-failed', 'The sandbox could not be started: lxc-start did not run. "roundhouse doctor" says what is missing.', { cause: error });
  } finally {
    over.abort();
    monitor.stderr?.destroy();
  }
}

const aborted = (signal: AbortSignal): Promise<'late'> => new Promise((resolve) => signal.addEventListener('abort', () => resolve('late')));

async function agentAnswers(start: PrimaryStart, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (existsSync(start.agentSocket)) {
      try {
        await start.probe(signal);
        return true;
      } catch {
        // It does not accept yet.
      }
    }
    await sleep(4);
  }
  return false;
}

/** With the operator's part as the cause: LXC's own words, and what the sandbox printed. */
function failure(what: string, start: Start, printed: string): SandboxError {
  const log = existsSync(start.logFile) ? readFileSync(start.logFile, 'utf8').trim().split('\n') : [];
  const complaints = log.filter((line) => / ERROR /.test(line)).slice(-8);
  return new SandboxError('start-failed', `${start.container === 0 ? 'The sandbox' : 'A sidecar of the sandbox'} ${what}.`, { cause: new Error([...complaints, printed.trim()].filter(Boolean).join('\n') || 'neither LXC nor the sandbox said why') });
}

/** Through our own descriptor: under its name the sandbox may have put anything. */
function readEnd(file: number): string {
  const bytes = Buffer.alloc(2000);
  const { size } = fstatSync(file);
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, Math.max(0, size - bytes.length))).trim();
}
