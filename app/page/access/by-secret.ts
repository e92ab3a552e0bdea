// What is known by a secret that only its holder has? Sessions and tokens: each lies in the object store under the hash of its secret.

import { createHash, randomBytes } from 'node:crypto';
import { readJson, jsonBytes } from '../../json-object.ts';
import type { ObjectStore } from '../../../activities/object-store.ts';

/** Times are ISO 8601. */
export type Lasting = { createdAt: string; expiresAt: string };

/** `key`: the SHA-256 of the secret, in hex; whoever knows it can name the thing, but not use it. */
export type Kept<T extends Lasting> = T & { key: string; usedAt: string };

/**
 * Any number of processes may work on one folder: what one has ended is over in the others within `cacheMs`. Nobody who reads the store
 * learns a secret from it.
 */
export type BySecret<T extends Lasting> = {
  /** Stores it and answers its secret: 256 bits, after the prefix. */
  make(value: T): Promise<string>;
  /** Null for what nobody made, was ended, or has expired. */
  find(secret: string): Promise<Kept<T> | null>;
  /** Notes when it was used, some minutes apart. */
  use(kept: Kept<T>): Promise<void>;
  end(key: string): Promise<void>;
  /** What has not expired, newest first. Removes the rest. */
  list(): Promise<Kept<T>[]>;
};

export type BySecretOptions = {
  store: Pick<ObjectStore, 'get' | 'put' | 'delete' | 'list'>;
  /** Without a slash. */
  folder: string;
  prefix?: string;
  /** It is over too when nobody used it for so long. */
  idleMs?: number;
  now: () => number;
};

export const cacheMs = 10_000;
const noteUseEveryMs = 10 * 60_000;
const mostCached = 5_000;
const atOnce = 16;

export function bySecret<T extends Lasting>({ store, folder, prefix = '', idleMs = Infinity, now }: BySecretOptions): BySecret<T> {
  const cache = new Map<string, { found: Promise<Kept<T> | null>; until: number }>();
  const recordOf = (key: string): string => `${folder}/${key}.json`;
  // Apart from the record: a note of use that is late must not bring back what was ended meanwhile.
  const useOf = (key: string): string => `${folder}/${key}.used`;

  const isOver = ({ expiresAt, usedAt }: Kept<T>): boolean => Date.parse(expiresAt) <= now() || Date.parse(usedAt) + idleMs <= now();

  async function read(key: string): Promise<Kept<T> | null> {
    const [record, use] = await Promise.all([readJson<T>(store, recordOf(key)), readJson<{ usedAt: string }>(store, useOf(key))]);
    return record === undefined ? null : { ...record, key, usedAt: use?.usedAt ?? record.createdAt };
  }

  function remember(key: string, found: Promise<Kept<T> | null>): void {
    cache.delete(key);
    cache.set(key, { found, until: now() + cacheMs });
    const [oldest] = cache.keys();
    if (cache.size > mostCached && oldest !== undefined) cache.delete(oldest);
  }

  async function end(key: string): Promise<void> {
    remember(key, Promise.resolve(null));
    await store.delete(recordOf(key));
    await store.delete(useOf(key));
    remember(key, Promise.resolve(null));
  }

  return {
    async make(value) {
      const secret = `${prefix}${randomBytes(32).toString('base64url')}`;
      await store.put(recordOf(keyOf(secret)), jsonBytes(value), { ifAbsent: true, contentType: 'application/json' });
      return secret;
    },

    async find(secret) {
      if (!secret.startsWith(prefix) || secret.length !== prefix.length + secretLength) return null;
      const key = keyOf(secret);
      const cached = cache.get(key);
      if (!cached || cached.until <= now()) {
        const found = read(key);
        remember(key, found);
        found.catch(() => cache.delete(key));
      }
      const kept = await cache.get(key)!.found;
      return kept && !isOver(kept) ? kept : null;
    },

    async use(kept) {
      if (Date.parse(kept.usedAt) + noteUseEveryMs > now()) return;
      const usedAt = new Date(now()).toISOString();
      // Before it is written, so that requests that come at the same time do not write it too.
      kept.usedAt = usedAt;
      await store.put(useOf(kept.key), jsonBytes({ usedAt }), { contentType: 'application/json' });
    },

    end,

    async list() {
      const keys: string[] = [];
      for await (const { key } of store.list(`${folder}/`)) if (key.endsWith('.json')) keys.push(key.slice(folder.length + 1, -'.json'.length));
      const all: Kept<T>[] = [];
      for (let from = 0; from < keys.length; from += atOnce) all.push(...(await Promise.all(keys.slice(from, from + atOnce).map(read))).filter((kept) => kept !== null));
      for (const kept of all.filter(isOver)) await end(kept.key);
      return all.filter((kept) => !isOver(kept)).sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
    },
  };
}

const secretLength = 43;

const keyOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
