// Which caches of the store does nobody need any more?

import { getJson, type ObjectStore } from '../../object-store.ts';
import { hasExpired, type CacheEntry } from './cache-index.ts';

export type CacheLimits = { repositoryBytes: number };

/** An archive is stored before its entry, and how long that may take nobody knows. */
const graceMs = 24 * 3_600_000;
const readAtOnce = 16;

type Listed = { key: string; size: number; modified: Date };

/**
 * Removes caches that have expired, archives that no entry names, and of a repository beyond its budget the oldest. Any number of processes may do
 * so at once, and beside any save or restore: an entry goes before its archive, and a restore that comes too late is a miss.
 * Answers how many caches were removed.
 */
export async function collectCaches(store: ObjectStore, now: number, limits: CacheLimits): Promise<number> {
  let removed = 0;
  let [repository, listed]: [string, Listed[]] = ['', []];
  for await (const object of store.list('caches/')) {
    const [, of = ''] = object.key.split('/');
    if (of !== repository) {
      removed += await collectRepository(store, listed, now, limits);
      [repository, listed] = [of, []];
    }
    listed.push(object);
  }
  return removed + (await collectRepository(store, listed, now, limits));
}

async function collectRepository(store: ObjectStore, listed: readonly Listed[], now: number, { repositoryBytes }: CacheLimits): Promise<number> {
  const isEntry = ({ key }: Listed): boolean => key.split('/')[3] === 'keys';
  const entries = await readEntries(store, listed.filter(isEntry));
  // A later release has other entries, whose archives this one does not know.
  if (entries.some(({ entry }) => entry && entry.version !== 1)) return 0;
  const archives = new Map(listed.filter((object) => !isEntry(object)).map((object) => [object.key, object]));
  const isOld = ({ modified }: Listed): boolean => now - modified.getTime() > graceMs;

  const kept: { object: Listed; archive: string; bytes: number }[] = [];
  const gone: { object: Listed; archive: string | null }[] = [];
  for (const { object, entry } of entries) {
    const archive = entry && `${object.key.split('/').slice(0, 3).join('/')}/archives/${entry.archive}`;
    const stored = archive === null ? undefined : archives.get(archive);
    if (archive === null || hasExpired(entry!, now) || (!stored && isOld(object))) gone.push({ object, archive });
    else kept.push({ object, archive, bytes: object.size + (stored?.size ?? 0) });
  }
  kept.sort((a, b) => b.object.modified.getTime() - a.object.modified.getTime());
  let bytes = 0;
  for (const cache of kept) {
    bytes += cache.bytes;
    if (bytes > repositoryBytes) gone.push(cache);
    else archives.delete(cache.archive);
  }
  for (const { object, archive } of gone) {
    await store.delete(object.key);
    if (archive === null) continue;
    await store.delete(archive);
    archives.delete(archive);
  }
  for (const orphan of archives.values()) if (isOld(orphan)) await store.delete(orphan.key);
  return gone.length;
}

/** null: it has just gone. */
async function readEntries(store: ObjectStore, objects: readonly Listed[]): Promise<{ object: Listed; entry: CacheEntry | null }[]> {
  const read: { object: Listed; entry: CacheEntry | null }[] = [];
  for (let i = 0; i < objects.length; i += readAtOnce) {
    read.push(...(await Promise.all(objects.slice(i, i + readAtOnce).map(async (object) => ({ object, entry: (await getJson<CacheEntry>(store, object.key)) ?? null })))));
  }
  return read;
}
