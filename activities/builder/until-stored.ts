// How does a step wait for the object store, so that an outage costs time and no files?

import { setTimeout as sleep } from 'node:timers/promises';
import { Fenced } from '../fence.ts';
import type { ObjectStore } from '../object-store.ts';
import type { DataRun } from './data-step.ts';

type Waiting = Pick<DataRun, 'signal' | 'say'>;

/** Tries until it succeeds, the step is canceled or its attempt is over. Says once that it waits. `work` must be safe to repeat. */
export async function untilStored<T>({ signal, say }: Waiting, work: () => Promise<T>): Promise<T> {
  for (let delayMs = 250; ; delayMs = Math.min(delayMs * 2, 10_000)) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Fenced) throw error;
      if (delayMs === 250) await say(`The object store does not answer as it should (${(error as Error).message}). Trying until it does …`);
      await sleep(delayMs * (0.5 + Math.random()), undefined, { signal });
    }
  }
}

/** The whole object; where the store fails under way, it is read on from there. */
export async function* readPatiently(run: Waiting, store: Pick<ObjectStore, 'read'>, key: string): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (let whole = false; !whole; ) {
    const parts = await untilStored(run, () => store.read(key, { from }));
    if (!parts) throw new Error(`the object store lacks ${key}`);
    try {
      for await (const bytes of parts) {
        yield bytes;
        from += bytes.length;
      }
      whole = true;
    } catch {
      // Asked again above, which says so.
      run.signal.throwIfAborted();
      await sleep(250, undefined, { signal: run.signal });
    }
  }
}
