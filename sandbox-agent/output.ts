// How does a step's output get from its pipe into its spool, and when is it all there?

import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SystemCalls } from './pipe.ts';
import { Spool } from './spool.ts';

export type Output = {
  readonly spool: Spool;
  /** performance.now() of the last bytes; a process that is blocked by a full spool is not silent. */
  lastAt(): number;
  /** The bytes below `offset` need not be kept. Reading goes on when it had stopped. */
  acknowledge(offset: number): void;
  /** To be called when the process has exited: resolves when what it wrote is in the spool. Later output of others is taken and forgotten. */
  finish(): Promise<void>;
};

/** Others may write still when the process has exited: a `> >(tee log)` ends a moment after its shell; a daemon stays. */
const quietMs = 200;
const patienceMs = 1000;

export function takeOutput(readEnd: number, limitBytes: number, unread: SystemCalls['unread'], changed: () => void): Output {
  const spool = new Spool(limitBytes);
  const forgotten = Buffer.alloc(4096);
  let lastAt = performance.now();
  let takeUpTo = 0;
  let forgetting = false;

  const pipe = new Socket({
    fd: readEnd,
    readable: true,
    writable: false,
    onread: {
      buffer: () => (forgetting ? forgotten : spool.tail()),
      callback(count) {
        // A daemon that the step has left behind must not die of a closed or full pipe.
        if (forgetting) return true;
        spool.wrote(count);
        lastAt = performance.now();
        changed();
        return !spool.full || spool.written < takeUpTo;
      },
    },
  });
  // Reading a pipe fails with its end at most; 'close' follows in any case.
  pipe.on('error', () => {});
  const closed = new Promise<void>((resolve) => pipe.once('close', () => resolve()));

  return {
    spool,
    lastAt: () => (spool.full ? performance.now() : lastAt),
    acknowledge(offset) {
      // Its time begins again when it may write again, not with the next byte.
      if (spool.full) lastAt = performance.now();
      spool.acknowledge(offset);
      if (!spool.full) pipe.resume();
    },
    async finish() {
      // What the pipe holds now is the process's own: it is taken even beyond the limit, so that an end does not wait for a builder.
      if (!pipe.destroyed) takeUpTo = spool.written + unread(readEnd);
      pipe.resume();
      const deadline = performance.now() + patienceMs;
      for (let before = -1; !pipe.destroyed && (spool.written < takeUpTo || (spool.written > before && performance.now() < deadline)); ) {
        before = spool.written;
        await Promise.race([closed, sleep(quietMs, undefined, { ref: false })]);
      }
      forgetting = true;
      spool.close();
      pipe.resume();
    },
  };
}
