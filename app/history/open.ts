// Which pipelines are open? Temporal is asked once for all who look.

import { buildLine, type PipelineView } from '../../config-schema/view.ts';
import { entryOf, type Entry } from './filter.ts';
import { inTurn } from '../in-turn.ts';

export type OpenPorts = {
  listOpen(): Promise<{ repositoryId: number; number: number }[]>;
  viewOpen(repositoryId: number, number: number): Promise<PipelineView | null>;
  log: { warn(fields: object, message: string): void };
};

export type Open = {
  /** The last look, of pipelines that had not ended then. */
  entries(): readonly Entry[];
  /** Temporal did not answer. */
  away(): boolean;
  /** Looks again. True when one that was open is so no more. Never throws. */
  look(): Promise<boolean>;
};

const viewsAtOnce = 16;
const patienceMs = 5000;

export function lookAtOpen({ listOpen, viewOpen, log }: OpenPorts): Open {
  let last = new Map<string, Entry>();
  let isAway = false;

  async function seenNow(): Promise<Map<string, Entry>> {
    const seen = new Map<string, Entry>();
    await inTurn(await listOpen(), viewsAtOnce, async ({ repositoryId, number }) => {
      const name = `${repositoryId}-${number}`;
      const view = await viewOpen(repositoryId, number).catch((error: unknown) => {
        log.warn({ error, repositoryId, number }, 'an open pipeline did not say how it stands');
        return undefined;
      });
      // null: it has ended since it was listed.
      const entry = view === undefined ? last.get(name) : view && entryOf(buildLine(view));
      if (entry) seen.set(name, entry);
    });
    return seen;
  }

  return {
    entries: () => [...last.values()],
    away: () => isAway,
    async look() {
      try {
        const seen = await within(patienceMs, seenNow());
        // One that is listed and has ended tells the history just now.
        const left = [...last.keys()].some((name) => !seen.has(name)) || [...seen.values()].some(({ line }) => line.state === 'ended');
        [last, isAway] = [seen, false];
        return left;
      } catch (error) {
        if (!isAway) log.warn({ error }, 'Temporal did not say which pipelines are open');
        [last, isAway] = [new Map(), true];
        return false;
      }
    },
  };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
