// How do we get a descriptor of a user namespace that maps a range, for idmapped mounts?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { SandboxError } from '../../builder/sandbox.ts';
import { idsPerRange, rangeId } from './ranges.ts';

/**
 * Namespaces of ranges, each made once by a short-lived child and kept open: a mapping is only numbers, so the next sandbox
 * with the same range takes the same descriptor, without starting a process.
 */
export function userNamespaces(): { of(number: number): Promise<number>; known(): Iterable<number> } {
  const descriptors = new Map<number, number>();
  return {
    known: () => descriptors.keys(),
    async of(number) {
      const descriptor = descriptors.get(number) ?? (await openUserNamespace(rangeId(number)));
      descriptors.set(number, descriptor);
      return descriptor;
    },
  };
}

/** Maps the ids from 0 on to those of the host from `first` on. */
export async function openUserNamespace(first: number): Promise<number> {
  const child = spawn('unshare', ['--user', '--', 'cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'close').then(
    ([code]: (number | null)[]) => `unshare --user ended with exit code ${code}`,
    (error: Error) => error.message,
  );
  child.stdin.on('error', () => {}); // It ended without reading: `ended` says how.
  try {
    // The echo proves that cat runs, hence that its namespace exists.
    child.stdin.write('\n');
    const early = await Promise.race([once(child.stdout, 'data').then(() => null), ended]);
    if (early !== null) throw new SandboxError('start-failed', 'The sandbox could not be made: this machine allows no user namespace. "roundhouse doctor" says what is missing.', { cause: new Error(early) });
    const map = `0 ${first} ${idsPerRange}\n`;
    writeFileSync(`/proc/${child.pid}/uid_map`, map);
    writeFileSync(`/proc/${child.pid}/gid_map`, map);
    return openSync(`/proc/${child.pid}/ns/user`, 'r');
  } finally {
    child.stdin.end();
    await ended;
  }
}
