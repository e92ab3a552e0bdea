// What in the object store is kept for some days only, and how does it go?

import { createHash } from 'node:crypto';
import { getJson, putJson, type ObjectStore } from './object-store.ts';

const kinds = ['artifacts', 'workspaces'] as const;
export type ExpiringKind = (typeof kinds)[number];

/** A note for each day, so that nobody needs to go through all that there is. Ids are in the key for those who forget a repository. */
const noteKey = (kind: ExpiringKind, now: Date, pipeline: { repositoryId: number; pipeline: number }, prefix: string): string =>
  `expiring/${kind}/${now.toISOString().slice(0, 10)}/${pipeline.repositoryId}/${pipeline.pipeline}/${createHash('sha256').update(prefix).digest('hex').slice(0, 32)}.json`;

/** Call it before anything is stored under the prefix. */
export const noteExpiring = (store: ObjectStore, kind: ExpiringKind, of: { repositoryId: number; pipeline: number }, prefix: string, now = new Date()): Promise<void> => putJson(store, noteKey(kind, now, of, prefix), { prefix });

/** Keys of the notes about this repository. */
export async function* expiringNotesOf(store: Pick<ObjectStore, 'list'>, repositoryId: number): AsyncGenerator<string> {
  for await (const { key } of store.list('expiring/')) if (key.split('/')[3] === String(repositoryId)) yield key;
}

/** Deletes what was stored before so many days. Safe to repeat and to interrupt. Answers how many objects went. */
export async function collectExpired(store: ObjectStore, days: Record<ExpiringKind, number>, now = new Date()): Promise<number> {
  let deleted = 0;
  for (const kind of kinds) {
    const lastDay = new Date(now.getTime() - (days[kind] + 1) * 86_400_000).toISOString().slice(0, 10);
    for await (const { key } of store.list(`expiring/${kind}/`)) {
      const [, , day = '', repositoryId, pipeline] = key.split('/');
      if (day > lastDay) break;
      const prefix = (await getJson<{ prefix: string }>(store, key))?.prefix ?? '';
      // Whoever could write a note must not choose what goes.
      if (prefix.startsWith(`pipelines/${repositoryId}/${pipeline}/workflows/`)) {
        for await (const { key: expired } of store.list(`${prefix}/`)) {
          await store.delete(expired);
          deleted += 1;
        }
      }
      await store.delete(key);
    }
  }
  return deleted;
}
