// How do we stop a step? Every process of it is told, then killed, until none is left.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from './processes.ts';
import { identity, members } from './processes.ts';

/** SIGTERM now, SIGKILL after `graceMs`; resolves when no process of the family is left. May run several times at once. */
export async function killFamily(family: Family, graceMs: number): Promise<void> {
  const told = new Set<string>();
  const deadline = performance.now() + graceMs;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const left = members(family, told);
    if (left.length === 0) return;
    if (performance.now() >= deadline) {
      // By groups first: a fork bomb is faster than a list of processes, but a signal to its group reaches all of it at once.
      for (const group of new Set(left.map((one) => one.group))) send(-group, 'SIGKILL');
      for (const one of left) send(one.pid, 'SIGKILL');
    }
    for (const one of left) {
      if (told.has(identity(one))) continue;
      told.add(identity(one));
      send(one.pid, 'SIGTERM');
      // A stopped process hears nothing but SIGKILL.
      send(one.pid, 'SIGCONT');
    }
    await sleep(Math.max(1, Math.min(pauseMs, deadline - performance.now())));
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
