// Which pipelines are there, of those that somebody asks for and may see? Open ones as Temporal has them, ended ones from the history.

import type { ObjectStore } from '../../activities/object-store.ts';
import type { BuildLine } from '../../config-schema/view.ts';
import { readJson } from '../json-object.ts';
import { readEnded } from './ended.ts';
import { entryOf, looksAtAll, matcher, standingOf, type Entry, type Filter } from './filter.ts';
import { inTurn } from '../in-turn.ts';
import { currentNames } from './names.ts';
import { lookAtOpen, type OpenPorts } from './open.ts';
import { afterMemory, byAge, isBefore, lineAt, memoryPlace, memoryPlaceIn, storePlace, storePlaceIn, unnamedPlace, type StorePlace } from './place.ts';

export type Known = { id: number; owner: string; name: string };

export type Paging = {
  limit: number;
  /** `next` of the page before; null for the newest. One that is none is the newest. */
  before: string | null;
  /** Which of these the viewer may read. Asked of those alone that would be shown. */
  readable(repositories: Known[]): Promise<ReadonlySet<number>>;
  /** For somebody who will be told that there is none: what began before this was asked is there, however long that takes. */
  surely?: boolean;
};

export type Listed = {
  /** Newest first, under the present names of their repositories. */
  lines: BuildLine[];
  /** Where the next page begins; null: there are no more. */
  next: string | null;
  /** False soon after the start, while the history is still being read. */
  complete: boolean;
  /** Open pipelines are missing, since nobody could say which there are. */
  temporalAway: boolean;
  /** Of the open ones that the viewer may read, in the repository asked for. */
  open: { running: number; waiting: number };
  /** What a filter looks at, when the store has more than that; else null. */
  filtersLookAt: number | null;
};

export type Lists = {
  pipelines(filter: Filter, paging: Paging): Promise<Listed>;
  /** After something was deleted from the history. */
  reload(): Promise<void>;
};

export type ListsPorts = OpenPorts & {
  store: Pick<ObjectStore, 'get' | 'list'>;
  signal: AbortSignal;
  mostInMemory?: number;
  /** Looks of all viewers together are no more frequent. */
  lookEveryMs?: number;
};

/** A page waits so long for a new look, and takes the last one then. Somebody who comes first has none yet. */
const patienceMs = 60;
const firstPatienceMs = 2500;
/** Of one page, in the older history, whatever of it may be shown. */
const mostListed = 2000;
const readsAtOnce = 32;

export function openLists({ store, log, signal, listOpen, viewOpen, mostInMemory = 20_000, lookEveryMs = 1000 }: ListsPorts): Lists {
  const ended = readEnded({ store, log, signal, mostInMemory, lookEveryMs });
  const open = lookAtOpen({ listOpen, viewOpen, log });
  const names = currentNames(store);

  let [hasLooked, lookedAt] = [false, -Infinity];
  let looking: Promise<void> | null = null;
  /** The open ones first: what is open no more by then, is in the history when that is read. */
  async function look(surely: boolean): Promise<void> {
    lookedAt = Date.now();
    const left = await open.look();
    await ended.refresh({ surely: left || surely });
    hasLooked = true;
  }
  async function settle(surely: boolean): Promise<void> {
    // One that is under way may have looked too early.
    if (surely) await looking;
    else if (looking === null && Date.now() - lookedAt < lookEveryMs) return;
    looking ??= look(surely).finally(() => (looking = null));
    await (surely ? looking : atMost(hasLooked ? patienceMs : firstPatienceMs, looking));
  }

  let sorted: { of: readonly Entry[]; entries: Entry[] } | null = null;
  function newestFirst(): Entry[] {
    const all = ended.entries();
    if (sorted?.of !== all) sorted = { of: all, entries: all.toSorted(byAge) };
    const others = open.entries().filter(({ line }) => !ended.has(line.repositoryId, line.number));
    return others.length === 0 ? sorted.entries : [...others, ...sorted.entries].sort(byAge);
  }

  const known = (line: BuildLine): Known => ({ id: line.repositoryId, owner: line.owner, name: line.name, ...names.of(line.repositoryId) });

  /** Asks in rounds for the lines that would come next, until there are enough: of most repositories nobody needs to ask. */
  async function shown(found: Iterable<Entry>, many: number, { readable }: Paging, answers: Map<number, boolean>): Promise<Entry[]> {
    const lines: Entry[] = [];
    const all = found[Symbol.iterator]();
    for (let done = false; !done && lines.length < many; ) {
      const round: Entry[] = [];
      while (lines.length + round.length < many) {
        const one = all.next();
        if (one.done) {
          done = true;
          break;
        }
        if (answers.get(one.value.line.repositoryId) !== false) round.push(one.value);
      }
      await ask(round, readable, answers);
      lines.push(...round.filter(({ line }) => answers.get(line.repositoryId)));
    }
    return lines;
  }

  async function ask(entries: Entry[], readable: Paging['readable'], answers: Map<number, boolean>): Promise<void> {
    const unknown = new Map(entries.filter(({ line }) => !answers.has(line.repositoryId)).map(({ line }) => [line.repositoryId, line]));
    if (unknown.size === 0) return;
    await names.learn(unknown.keys());
    const allowed = await readable([...unknown.values()].map(known));
    for (const id of unknown.keys()) answers.set(id, allowed.has(id));
  }

  async function olderInStore(place: StorePlace, filter: Filter, paging: Paging, answers: Map<number, boolean>, many: number): Promise<{ entries: Entry[]; next: string | null }> {
    const { repositoryId } = filter;
    const prefix = repositoryId === undefined ? 'history/' : `repositories/${repositoryId}/history/`;
    const found: Entry[] = [];
    let [last, listed] = [place.after, 0];
    for (;;) {
      const keys: string[] = [];
      for await (const { key } of store.list(prefix, { after: last, limit: 2 * readsAtOnce })) keys.push(key);
      last = keys.at(-1) ?? last;
      listed += keys.length;
      const read = new Map<string, Entry>();
      const unseen = keys.filter((key) => {
        const line = lineAt(key, repositoryId);
        return !ended.has(line.repositoryId, line.number);
      });
      await inTurn(unseen, readsAtOnce, async (key) => {
        const line = await readJson<BuildLine>(store, key).catch(() => undefined);
        if (line) read.set(key, entryOf(line));
      });
      await ask([...read.values()], paging.readable, answers);
      for (const key of unseen) {
        const entry = read.get(key);
        if (!entry || !answers.get(entry.line.repositoryId)) continue;
        found.push(entry);
        if (found.length === many) return { entries: found, next: storePlace(key) };
      }
      if (keys.length === 0) return { entries: found, next: null };
      if (listed >= mostListed) return { entries: found, next: unnamedPlace(last) };
    }
  }

  return {
    async pipelines(filter, paging) {
      await settle(paging.surely ?? false);
      const entries = newestFirst();
      await names.learn(filter.words.length > 0 ? new Set(entries.map(({ line }) => line.repositoryId)) : []);
      const answers = new Map<number, boolean>();
      const { limit } = paging;
      const isWhole = looksAtAll(filter);
      const [inMemory, inStore] = [memoryPlaceIn(paging.before), isWhole ? storePlaceIn(paging.before, filter) : null];

      const lowerNames = new Map<number, string>();
      const nameOf = (line: BuildLine): string => {
        const name = lowerNames.get(line.repositoryId) ?? nameText(known(line));
        lowerNames.set(line.repositoryId, name);
        return name;
      };
      const matches = matcher(filter, nameOf);
      function* candidates(): Generator<Entry> {
        for (const entry of entries) if ((inMemory === null || isBefore(entry, inMemory)) && matches(entry)) yield entry;
      }
      let lines = inStore ? [] : await shown(candidates(), limit + 1, paging, answers);
      let next = lines.length > limit ? memoryPlace(lines[limit - 1]!) : null;
      lines = lines.slice(0, limit);
      const from = inStore ?? (next === null && isWhole ? afterMemory(filter, entries, ended.olderThan()) : null);
      if (from) {
        const older = lines.length === limit ? { entries: [], next: unnamedPlace(from.after) } : await olderInStore(from, filter, paging, answers, limit - lines.length);
        lines.push(...older.entries);
        next = older.next;
      }

      const openOnes = open.entries().filter(({ line }) => line.state !== 'ended' && (filter.repositoryId ?? line.repositoryId) === line.repositoryId && !ended.has(line.repositoryId, line.number));
      await ask(openOnes, paging.readable, answers);
      const running = openOnes.filter(({ line }) => answers.get(line.repositoryId)).map(({ line }) => standingOf(line));
      await names.learn(lines.map(({ line }) => line.repositoryId));
      return {
        lines: lines.map(({ line }) => ({ ...line, ...names.of(line.repositoryId) })),
        next,
        complete: ended.complete(),
        temporalAway: open.away(),
        open: { running: running.filter((standing) => standing === 'running').length, waiting: running.filter((standing) => standing === 'waiting').length },
        filtersLookAt: ended.olderThan() === null ? null : mostInMemory,
      };
    },
    reload: () => ended.reload(),
  };
}

const nameText = ({ owner, name }: Known): string => `${owner}/${name}`.toLowerCase();

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
