// How do we stop a step? Every process of it is told, then killed, until none is left.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from './processes.ts';
import { identity, members } from './processes.ts';

/** SIGTERM now, SIGKILL after `graceMs`; resolves when no process of the family is left. May run several times at once. */
export async function killFamily(family: Family, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  const known = new Set<string>();
  let left = members(family, known);
  // Once: what is born from here on may be somebody's tidying up, which has until the deadline.
  for (const one of left) {
    send(one.pid, 'SIGTERM');
    // A stopped process hears nothing but SIGKILL.
    send(one.pid, 'SIGCONT');
  }
  for (let pauseMs = 2; left.length > 0; pauseMs = Math.min(pauseMs * 2, 50)) {
    for (const one of left) known.add(identity(one));
    const graceLeftMs = deadline - performance.now();
    await sleep(graceLeftMs > 0 ? Math.min(pauseMs, graceLeftMs) : 1);
    left = members(family, known);
    if (performance.now() < deadline) continue;
    // By groups first: a fork bomb is faster than a list of processes, but a signal to its group reaches all of it at once.
    for (const group of new Set(left.map((one) => one.group))) send(-group, 'SIGKILL');
    for (const one of left) send(one.pid, 'SIGKILL');
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
