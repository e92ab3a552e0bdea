// Which caches does the store have of a repository, and which of them does a key mean?

import { createHash } from 'node:crypto';
import type { TrustLevel } from '../../../config-schema/trigger.ts';
import { getJson, ObjectExists, putJson, type ObjectStore } from '../../object-store.ts';

/** Where a cache belongs: trust levels never share. */
export type CachePlace = { repositoryId: number; level: TrustLevel };

/** What the store knows of one cache, beside its archive. Never changed. */
export type CacheEntry = {
  version: 1;
  key: string;
  /** Absolute; the archive holds them relative to `/`. */
  roots: string[];
  /** ISO 8601. */
  savedAt: string;
  expiresAt: string;
  by: { pipeline: number; workflow: string; job: string };
  /** Name of the archive, unique for ever. */
  archive: string;
  /** Of the archive, hexadecimal. */
  sha256: string;
  packedBytes: number;
  /** The sandbox's word, for people to read. */
  unpackedBytes: number;
};

export type FoundCache = CacheEntry & CachePlace;

export const cachesOf = (repositoryId: number): string => `caches/${repositoryId}/`;
const entriesOf = ({ repositoryId, level }: CachePlace): string => `${cachesOf(repositoryId)}${level}/keys/`;
export const archiveKey = ({ repositoryId, level, archive }: CachePlace & { archive: string }): string => `${cachesOf(repositoryId)}${level}/archives/${archive}`;

/**
 * The name begins as the cache's key does, so that an ordered listing finds a prefix; what is too long for a name is cut. The hash makes
 * it one for each key: of several that save one key at once, the store lets one through.
 */
export const entryKey = (place: CachePlace, key: string): string => `${entriesOf(place)}${beginningOf(key)}~${createHash('sha256').update(key).digest('hex').slice(0, 40)}`;

/** The newest cache of these levels whose key begins with `prefix`, be it another level's: an old cache of one's own is no better than a new one of the default branch. */
export async function findCache(store: ObjectStore, repositoryId: number, levels: readonly TrustLevel[], prefix: string, now: number): Promise<FoundCache | null> {
  const candidates: { key: string; level: TrustLevel; time: number }[] = [];
  for (const level of levels) {
    const begins = entriesOf({ repositoryId, level }) + beginningOf(prefix);
    for await (const { key, modified } of store.list(entriesOf({ repositoryId, level }), { after: begins })) {
      if (!key.startsWith(begins)) break;
      candidates.push({ key, level, time: modified.getTime() });
    }
  }
  candidates.sort((a, b) => b.time - a.time);
  let found: FoundCache | null = null;
  let foundTime = 0;
  for (const { key, level, time } of candidates) {
    // Some stores tell times in whole seconds: within one, the entries themselves say which is newer.
    if (found && time < foundTime) break;
    const entry = await getJson<CacheEntry>(store, key);
    if (!entry || entry.version !== 1 || !entry.key.startsWith(prefix) || hasExpired(entry, now)) continue;
    if (!found || entry.savedAt > found.savedAt) [found, foundTime] = [{ ...entry, repositoryId, level }, time];
  }
  return found;
}

/** The cache of exactly this key. */
export async function readEntry(store: ObjectStore, place: CachePlace, key: string, now: number): Promise<CacheEntry | null> {
  const entry = await getJson<CacheEntry>(store, entryKey(place, key));
  return entry && !hasExpired(entry, now) ? entry : null;
}

/** False when the key is taken: caches never change. The archive is there already. */
export async function addEntry(store: ObjectStore, place: CachePlace, entry: CacheEntry): Promise<boolean> {
  const key = entryKey(place, entry.key);
  const put = (): Promise<boolean> =>
    putJson(store, key, entry, { ifAbsent: true }).then(
      () => true,
      (error: unknown) => (error instanceof ObjectExists ? false : Promise.reject(error)),
    );
  if (await put()) return true;
  const before = await getJson<CacheEntry>(store, key);
  if (before && !hasExpired(before, Date.parse(entry.savedAt))) return before.archive === entry.archive;
  // Nobody has swept it up yet.
  await store.delete(key);
  return put();
}

export const hasExpired = ({ expiresAt }: CacheEntry, now: number): boolean => Date.parse(expiresAt) <= now;

/** A store's names have 250 bytes, of which the hash and its mark take 41. */
const mostBeginningBytes = 200;

/** Byte by byte, so that the beginning of a key becomes the beginning of its name. */
function beginningOf(key: string): string {
  const escaped = [...Buffer.from(key)].map((byte) => (/[A-Za-z0-9_.-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`));
  return escaped.join('').slice(0, mostBeginningBytes);
}
