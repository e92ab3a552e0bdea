// Pipelines that begin and end, a store in memory that may fail, and the lists of both.

import type { TestContext } from 'node:test';
import type { ObjectStore } from '../../activities/object-store.ts';
import { openLists, type Lists, type ListsPorts, type Paging } from '../../app/history/lists.ts';
import type { Filter } from '../../app/history/filter.ts';
import type { Outcome } from '../../config-schema/outcome.ts';
import { buildLine, historyKey, repositoryHistoryKey, repositoryNowKey, type PipelineView } from '../../config-schema/view.ts';

export type Facts = { repositoryId?: number; number: number; at?: number; ref?: string; subject?: string; sender?: string; sha?: string; event?: PipelineView['trigger']['event']; pullRequest?: number };

/** `at`: minutes since a certain morning. */
export function viewOf({ repositoryId = 42, number, at = number, ref = 'refs/heads/main', subject = `Change ${number}`, sender = 'ada', sha = number.toString(16).padStart(40, 'a'), event = 'push', pullRequest }: Facts): PipelineView {
  const startedAt = momentOf(at);
  const repository = { id: repositoryId, owner: 'acme', name: `rocket-${repositoryId}`, private: true, defaultBranch: 'main', installationId: 1 };
  const pull = pullRequest === undefined ? null : { number: pullRequest, url: '', headRepositoryId: repositoryId, headOwner: 'acme', headName: 'x', baseRef: 'main' };
  return {
    version: 1,
    repository,
    number,
    trigger: { event, deliveryId: 'd', receivedAt: startedAt, repository, ref, before: '0'.repeat(40), sha, sender: { id: 1, login: sender }, commit: { subject, authorLogin: null }, pullRequest: pull },
    trust: 'T2',
    state: 'running',
    outcome: null,
    startedAt,
    endedAt: null,
    workflows: [],
  };
}

export const momentOf = (minutes: number): string => new Date(Date.parse('2026-01-01T08:00:00Z') + minutes * 60_000).toISOString();

export type Pipelines = ReturnType<typeof pipelines>;

/** What Temporal and the store know. */
export function pipelines() {
  const objects = new Map<string, Uint8Array>();
  let sorted: string[] | null = null;
  const open = new Map<string, PipelineView>();
  const world = {
    objects,
    open,
    /** Of calls of the store. */
    calls: { get: 0, list: 0 },
    looks: 0,
    temporalIsAway: false,
    /** Throws for what it is to fail at. */
    trouble: (_call: 'get' | 'list', _key: string): void => {},
    put(key: string, value: unknown): void {
      if (!objects.has(key)) sorted = null;
      objects.set(key, Buffer.from(JSON.stringify(value)));
    },
    remove(key: string): void {
      objects.delete(key);
      sorted = null;
    },
    begin(facts: Facts): PipelineView {
      const view = viewOf(facts);
      open.set(`${view.repository.id}/${view.number}`, view);
      return view;
    },
    /** As `finish` does, and the end of the workflow after it. */
    end(view: PipelineView, outcome: Outcome = 'passed', minutes = 1): void {
      world.tellHistory(view, outcome, minutes);
      open.delete(`${view.repository.id}/${view.number}`);
    },
    tellHistory(view: PipelineView, outcome: Outcome = 'passed', minutes = 1): void {
      Object.assign(view, { state: 'ended', outcome, endedAt: new Date(Date.parse(view.startedAt) + minutes * 60_000).toISOString() });
      world.put(historyKey(view.endedAt!, view.repository.id, view.number), buildLine(view));
      world.put(repositoryHistoryKey(view.repository.id, view.number), buildLine(view));
    },
    ended(facts: Facts, outcome: Outcome = 'passed', minutes = 1): PipelineView {
      const view = viewOf(facts);
      world.end(view, outcome, minutes);
      return view;
    },
    rename: (repositoryId: number, owner: string, name: string): void => world.put(repositoryNowKey(repositoryId), { owner, name, at: momentOf(0) }),
    ports(): Omit<ListsPorts, 'signal'> {
      return {
        store,
        lookEveryMs: 0,
        log: { warn: () => {} },
        listOpen() {
          world.looks += 1;
          return world.temporalIsAway ? Promise.reject(new Error('14 UNAVAILABLE')) : Promise.resolve([...open.values()].map(({ repository, number }) => ({ repositoryId: repository.id, number })));
        },
        viewOpen: (repositoryId, number) => Promise.resolve(structuredClone(open.get(`${repositoryId}/${number}`) ?? null)),
      };
    },
  };
  const store: Pick<ObjectStore, 'get' | 'list'> = {
    async get(key) {
      world.calls.get += 1;
      world.trouble('get', key);
      return objects.get(key);
    },
    async *list(prefix, { after = '', limit = Infinity } = {}) {
      world.calls.list += 1;
      world.trouble('list', prefix);
      sorted ??= [...objects.keys()].sort();
      let listed = 0;
      for (const key of sorted) {
        if (listed >= limit) return;
        if (!key.startsWith(prefix) || key <= after) continue;
        listed += 1;
        yield { key, size: 0, modified: new Date(0) };
      }
    },
  };
  return world;
}

/** All that is listed, page by page. */
export async function allOf(lists: Lists, filter: Filter = { words: [] }, paging: Partial<Paging> = {}): Promise<string[]> {
  const names: string[] = [];
  for (let before: string | null = null; ; ) {
    const { lines, next } = await lists.pipelines(filter, { limit: 10, before, readable: everything, ...paging });
    names.push(...lines.map(({ name, number }) => `${name}#${number}`));
    if (next === null) return names;
    if (names.length > 1000 || next === before) throw new Error(`the pages do not end: ${next}`);
    before = next;
  }
}

export const everything: Paging['readable'] = (repositories) => Promise.resolve(new Set(repositories.map(({ id }) => id)));

export function listsOf(t: TestContext, world: Pipelines, ports: Partial<ListsPorts> = {}): Lists {
  const stop = new AbortController();
  t.after(() => stop.abort());
  return openLists({ ...world.ports(), signal: stop.signal, ...ports });
}
