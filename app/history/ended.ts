// Which pipelines have ended? The newest lines of the history stay in memory: reading one object for each, for every page, would take too long.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '../../activities/object-store.ts';
import type { BuildLine } from '../../config-schema/view.ts';
import { readJson } from '../json-object.ts';
import { entryOf, type Entry } from './filter.ts';
import { inTurn } from '../in-turn.ts';

export type Ended = {
  /** In no order; another array after every change. */
  entries(): readonly Entry[];
  has(repositoryId: number, number: number): boolean;
  /** All of the newest have been read since the start. */
  complete(): boolean;
  /** Of the oldest in memory, when the store has still older ones; else null. */
  olderThan(): string | null;
  /** Looks for new ones; not more often than it should, unless something is known to have ended. Never throws: what the store refuses, it may give the next time. */
  refresh(options?: { surely?: boolean }): Promise<void>;
  /** What was taken out of the store must leave memory too. */
  reload(): Promise<void>;
};

export type EndedPorts = {
  store: Pick<ObjectStore, 'get' | 'list'>;
  log: { warn(fields: object, message: string): void };
  signal: AbortSignal;
  /** Of about 500 bytes each. */
  mostInMemory: number;
  lookEveryMs: number;
};

const readsAtOnce = 32;
const mostTries = 3;
/** A line may come late, when the store was away at the pipeline's end: a look goes on beyond the first that it knows. */
const knownInARow = 64;
/** And now and then over all of them. */
const sweepEveryMs = 10 * 60_000;
const firstPauseMs = 250;
const longestPauseMs = 30_000;
/** Looking takes at most so much of the time: 5 %. */
const mostOfTheTime = 20;

/** Reads what there is in the background, and has at once what it has read. */
export function readEnded({ store, log, signal, mostInMemory, lookEveryMs }: EndedPorts): Ended {
  // By REPOSITORY-NUMBER. null: what lies there is none of our lines.
  let known = new Map<string, { key: string; entry: Entry | null }>();
  // Both are made when somebody asks after a change.
  let entries: Entry[] | null = null;
  let oldest: string | null = null;
  const changed = (): void => void ([entries, oldest] = [null, null]);
  let isComplete = false;
  let hasOlder = false;
  let [sweptAt, lookAgainAt] = [-Infinity, -Infinity];

  async function read(key: string): Promise<boolean> {
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        const line = await lineAt(key);
        // Gone since it was listed.
        if (line === undefined) return true;
        known.set(nameIn(key), { key, entry: line && entryOf(line) });
        changed();
        return true;
      } catch (error) {
        if (tries < mostTries) continue;
        log.warn({ error, key }, 'a line of the history could not be read now');
        return false;
      }
    }
    return false;
  }

  async function lineAt(key: string): Promise<BuildLine | null | undefined> {
    const line = await readJson<BuildLine>(store, key).catch((error: unknown) => {
      if (!(error instanceof SyntaxError)) throw error;
      log.warn({ key }, 'a line of the history cannot be read and is left out');
      return null;
    });
    return line && typeof line.startedAt !== 'string' ? null : line;
  }

  /** True when all that was listed is in memory. `stopAfter` known ones in a row it ends. */
  async function look(stopAfter: number): Promise<boolean> {
    const [before, listed] = [[...known.keys()], new Set<string>()];
    let [inARow, whole, more] = [0, true, false];
    const unread = (async function* () {
      for await (const { key } of store.list('history/', { limit: mostInMemory + 1 })) {
        if (listed.size === mostInMemory) more = true;
        if (more || signal.aborted) return;
        listed.add(nameIn(key));
        inARow = known.get(nameIn(key))?.key === key ? inARow + 1 : 0;
        if (inARow === 0) yield key;
        else if (inARow >= stopAfter) return;
      }
    })();
    await inTurn(unread, readsAtOnce, async (key) => {
      if (!(await read(key))) whole = false;
    });
    if (stopAfter === Infinity && !signal.aborted) {
      hasOlder = more;
      for (const name of before) if (!listed.has(name)) known.delete(name);
      changed();
    }
    trim();
    return whole;
  }

  function trim(): void {
    if (known.size <= mostInMemory) return;
    const tooOld = [...known].sort(([, a], [, b]) => (a.key < b.key ? -1 : 1)).slice(mostInMemory);
    for (const [name] of tooOld) known.delete(name);
    hasOlder = true;
    changed();
  }

  async function sweepUntilWhole(): Promise<void> {
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      sweptAt = Date.now();
      const before = known.size;
      const whole = await look(Infinity).catch((error: unknown) => {
        log.warn({ error }, 'the history could not be listed');
        return false;
      });
      isComplete ||= whole;
      if (whole) return;
      if (known.size > before) pauseMs = firstPauseMs;
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  function forget(): void {
    known = new Map();
    changed();
    isComplete = false;
  }

  let sweeping: Promise<void> | null = null;
  const sweep = (): Promise<void> => (sweeping ??= sweepUntilWhole().finally(() => (sweeping = null)));

  let looking: Promise<void> | null = null;
  async function lookOnce(): Promise<void> {
    const began = Date.now();
    await look(knownInARow).catch((error: unknown) => log.warn({ error }, 'the history could not be listed'));
    lookAgainAt = began + Math.max(lookEveryMs, mostOfTheTime * (Date.now() - began));
  }

  void sweep();
  return {
    entries: () => (entries ??= [...known.values()].flatMap(({ entry }) => entry ?? [])),
    has: (repositoryId, number) => known.has(`${repositoryId}-${number}`),
    complete: () => isComplete,
    olderThan: () => (hasOlder && isComplete ? (oldest ??= [...known.values()].reduce((last, { key }) => (key > last ? key : last), '')) : null),
    async refresh({ surely = false } = {}) {
      // The first reading has the newest first, too.
      if (!isComplete) return;
      if (Date.now() - sweptAt > sweepEveryMs) void sweep();
      if (looking === null && !surely && Date.now() < lookAgainAt) return;
      // One that has begun may have passed by what ended since.
      if (surely) await looking;
      await (looking ??= lookOnce().finally(() => (looking = null)));
    },
    async reload() {
      forget();
      // One that has begun may still bring what is gone.
      await sweeping;
      forget();
      await sweep();
    },
  };
}

/** `history/INVERTEDTIME-REPOSITORY-NUMBER.json` */
const nameIn = (key: string): string => key.slice(key.indexOf('-') + 1, -'.json'.length);
