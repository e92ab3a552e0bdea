// Where is kept what the containers beside the steps print? In logs like those of steps, which come after them.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Mask } from './masking.ts';
import type { SandboxHost } from './sandbox.ts';
import type { StepLog } from './step-log.ts';

const lookEveryMs = 1000;

export type Services = {
  /** Takes what was printed last, and resolves when all of it is stored. The containers must still be there. */
  finish(): Promise<void>;
};

/** Moves output of `count` sidecars into their logs until it is told to finish. What is printed faster than a mebibyte a second has gaps. */
export function keepServices(sandbox: string, count: number, host: Pick<SandboxHost, 'sidecarOutput'>, openLog: (service: number) => Promise<StepLog>, newMask: () => Mask): Services {
  const stopping = new AbortController();
  const all = Promise.all(Array.from({ length: count }, (_, service) => keep(service)));
  all.catch(() => undefined);
  return {
    async finish() {
      stopping.abort();
      await all;
    },
  };

  async function keep(service: number): Promise<void> {
    const log = await openLog(service);
    const mask = newMask();
    // Masking keeps lengths: where the log ends an earlier process has stopped.
    let read = log.size;
    for (let last = false; !last; ) {
      await sleep(lookEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      last = stopping.signal.aborted;
      const { from, bytes } = await host.sidecarOutput(sandbox, service, read);
      if (from > read) await log.append(Buffer.from(`\n[${from - read} bytes are not kept: they came too fast]\n`));
      read = from + bytes.length;
      const masked = mask.push(bytes);
      if (masked.length > 0) await log.append(masked);
    }
    const rest = mask.end();
    if (rest.length > 0) await log.append(rest);
    await log.end();
  }
}
