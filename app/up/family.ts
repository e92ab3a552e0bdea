// How do several processes run as one? Each is started again when it fails, and all end together.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export type Member = { name: string; command: readonly string[]; env: NodeJS.ProcessEnv };

export type Family = {
  /** Ends the members, last one first, and waits for them; those that do not end in time are killed. */
  end(): Promise<void>;
};

const patienceMs = 15_000;
const firstPauseMs = 500;
const longestPauseMs = 15_000;
/** A member that lived so long has not failed at its start. */
const steadyMs = 60_000;

/** `say` tells the operator of a member that ended by itself. */
export function startFamily(members: readonly Member[], say: (line: string) => void): Family {
  const ending = new AbortController();
  const running = members.map((member) => {
    let child: ChildProcess | null = null;
    const living = (async () => {
      let pauseMs = firstPauseMs;
      while (!ending.signal.aborted) {
        const startedAt = Date.now();
        const [program, ...args] = member.command;
        // A group of its own: Ctrl-C at the terminal reaches us alone, and we end them in order.
        child = spawn(program!, args, { env: member.env, stdio: ['ignore', 'ignore', 'inherit'], detached: true });
        // A program that cannot be started has no exit: `once` rejects with the reason.
        const [code, signal] = (await once(child, 'exit').catch((error: unknown) => [error, null])) as [number | Error | null, string | null];
        if (ending.signal.aborted) return;
        say(`${member.name} ended (${code instanceof Error ? code.message : (signal ?? `exit code ${code}`)}); it is started again`);
        if (Date.now() - startedAt > steadyMs) pauseMs = firstPauseMs;
        await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    })();
    return {
      async end() {
        child?.kill('SIGTERM');
        const killing = setTimeout(() => child?.kill('SIGKILL'), patienceMs);
        await living;
        clearTimeout(killing);
      },
    };
  });
  return {
    async end() {
      ending.abort();
      for (const member of running.toReversed()) await member.end();
    },
  };
}
