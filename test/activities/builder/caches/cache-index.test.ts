import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { fileStore } from '../../../../activities/adapters/file-store.ts';
import { addEntry, archiveKey, entryKey, findCache, readEntry, type CacheEntry } from '../../../../activities/builder/caches/cache-index.ts';
import { collectCaches } from '../../../../activities/builder/caches/collect.ts';
import { keysOfRepository } from '../../../../activities/control/forget-repository.ts';
import type { ObjectStore } from '../../../../activities/object-store.ts';
import { readable, type TrustLevel } from '../../../../config-schema/trigger.ts';

const day = 86_400_000;
const now = Date.parse('2026-06-15T12:00:00Z');

type Saved = [key: string, at: number, change?: Partial<CacheEntry> & { level?: TrustLevel; withoutArchive?: boolean }];

/** A store that holds these caches, each saved so many minutes after `now`. */
async function storeWith(t: TestContext, ...saved: Saved[]): Promise<{ store: ObjectStore; folder: string; find(prefix: string, trust?: TrustLevel, at?: number): Promise<string | null>; keys(): Promise<string[]> }> {
  const folder = mkdtempSync(join(tmpdir(), 'rh-index-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = fileStore(folder);
  for (const [i, [key, at, { level = 'T2', withoutArchive = false, ...change } = {}]] of saved.entries()) {
    const time = new Date(now + at * 60_000);
    const place = { repositoryId: 7, level };
    const entry: CacheEntry = { version: 1, key, roots: ['/x'], savedAt: time.toISOString(), expiresAt: new Date(time.getTime() + 15 * day).toISOString(), by: { pipeline: i, workflow: 'w', job: 'j' }, archive: `archive${i}`, sha256: '', packedBytes: 100, unpackedBytes: 0, ...change };
    if (!withoutArchive) {
      await store.put(archiveKey({ ...place, archive: entry.archive }), Buffer.alloc(1000));
      await utimes(fileOf(folder, archiveKey({ ...place, archive: entry.archive })), time, time);
    }
    assert.ok(await addEntry(store, place, entry), key);
    await utimes(fileOf(folder, entryKey(place, key)), time, time);
  }
  return {
    store,
    folder,
    find: async (prefix, trust = 'T2', at = 1e9) => (await findCache(store, 7, readable(trust), prefix, Math.min(now + at, now + 60 * 60_000)))?.key ?? null,
    async keys() {
      const keys: string[] = [];
      for await (const { key } of store.list('caches/')) keys.push(decodeURIComponent(key.replace(/~.*/, '').replace(/^caches\/7\//, '')));
      return keys;
    },
  };
}

/** Where a store that is a folder keeps an object. */
const fileOf = (folder: string, key: string): string => join(folder, key.replace(/[^/]*$/, '=$&'));

const long = 'ä'.repeat(420);

suite('of the caches whose key begins so', () => {
  const rows: [what: string, saved: Saved[], prefix: string, found: string | null, trust?: TrustLevel][] = [
    ['the newest is taken', [['v1-a', 1], ['v1-c', 3], ['v1-b', 2]], 'v1-', 'v1-c'],
    ['the newest is taken, not the exact one', [['v1', 1], ['v1-longer', 2]], 'v1', 'v1-longer'],
    ['the exact one is taken when it is the newest', [['v1', 2], ['v1-longer', 1]], 'v1', 'v1'],
    ['others are none', [['v2', 1], ['V1', 2], [' v1', 3]], 'v1', null],
    ['a beginning may end anywhere', [['linux/amd64 ☃', 1]], 'linux/amd64 ', 'linux/amd64 ☃'],
    ['what looks like its escape is another', [['a%2Fb', 1]], 'a/', null],
    ['dots are no folders', [['..', 1]], '..', '..'],
    ['the end of a long key counts', [[`${long}1`, 1], [`${long}2`, 2]], `${long}1`, `${long}1`],
    ['the beginning of a long key is enough', [[`${long}1`, 1], [`${long}2`, 2]], long, `${long}2`],
    ['an expired one is passed over', [['v1-a', 1], ['v1-b', 2, { expiresAt: new Date(now).toISOString() }]], 'v1', 'v1-a'],
    ['one of a later release is passed over', [['v1-a', 1], ['v1-b', 2, { version: 2 as 1 }]], 'v1', 'v1-a'],
    ['the default branch sees its own alone', [['v1', 1, { level: 'T1' }], ['v1', 2, { level: 'T0' }]], 'v1', null],
    ['another branch sees the default one’s, too', [['v1-main', 1]], 'v1', 'v1-main', 'T1'],
    ['a newer one of the default branch goes before one’s own', [['v1-main', 2], ['v1-own', 1, { level: 'T1' }]], 'v1', 'v1-main', 'T1'],
    ['a branch does not see a fork’s', [['v1', 1, { level: 'T0' }]], 'v1', null, 'T1'],
    ['a fork sees all', [['v1-main', 1], ['v1-branch', 2, { level: 'T1' }]], 'v1', 'v1-branch', 'T0'],
  ];
  for (const [what, saved, prefix, found, trust] of rows) test(what, async (t) => assert.equal(await (await storeWith(t, ...saved)).find(prefix, trust), found));

  test('within one second of the store, the entries say which is newer', async (t) => {
    const { store, folder, find } = await storeWith(t, ['v1-a', 1], ['v1-b', 2], ['v1-c', 1.5]);
    const second = new Date(now);
    for await (const { key } of store.list('caches/7/T2/keys/')) await utimes(fileOf(folder, key), second, second);
    assert.equal(await find('v1'), 'v1-b');
  });

  test('among hundreds, few are read', async (t) => {
    const { store } = await storeWith(t, ...Array.from({ length: 500 }, (_, i): Saved => [`v${i % 7}-${i}`, i, { withoutArchive: true }]));
    let reads = 0;
    const counted: ObjectStore = { ...store, get: (key) => ((reads += 1), store.get(key)) };
    assert.equal((await findCache(counted, 7, ['T2'], 'v3', now))?.key, 'v3-493');
    assert.equal(await findCache(counted, 7, ['T2'], 'v8', now), null);
    assert.equal(reads, 1);
  });
});

suite('a key is taken once', () => {
  const entry = (archive: string, at: number): CacheEntry => ({ version: 1, key: 'k', roots: [], savedAt: new Date(at).toISOString(), expiresAt: new Date(at + day).toISOString(), by: { pipeline: 1, workflow: 'w', job: 'j' }, archive, sha256: '', packedBytes: 0, unpackedBytes: 0 });
  const place = { repositoryId: 7, level: 'T1' as const };

  test('whoever comes first has it, of any number at once', async (t) => {
    const { store } = await storeWith(t);
    const won = await Promise.all(Array.from({ length: 20 }, (_, i) => addEntry(store, place, entry(`a${i}`, now))));
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal((await readEntry(store, place, 'k', now))?.archive, `a${won.indexOf(true)}`);
  });

  test('who asks again has it still; another level has one of its own; what has expired gives way', async (t) => {
    const { store } = await storeWith(t);
    assert.ok(await addEntry(store, place, entry('a', now)));
    assert.ok(await addEntry(store, place, entry('a', now)));
    assert.ok(!(await addEntry(store, place, entry('b', now + 1))));
    assert.ok(await addEntry(store, { ...place, level: 'T2' }, entry('c', now)));
    assert.equal(await readEntry(store, place, 'k', now + day), null);
    assert.ok(await addEntry(store, place, entry('d', now + day)));
    assert.equal((await readEntry(store, place, 'k', now + day))?.archive, 'd');
  });
});

suite('what nobody needs any more is removed', () => {
  const large = { repositoryBytes: 1e9 };

  test('what has expired, and its archive', async (t) => {
    const { store, keys } = await storeWith(t, ['old', -20 * 24 * 60], ['short', -2 * 24 * 60, { expiresAt: new Date(now - 1).toISOString() }], ['new', -14 * 24 * 60]);
    assert.equal(await collectCaches(store, now, large), 2);
    assert.deepEqual(await keys(), ['T2/archives/archive2', 'T2/keys/new']);
    assert.equal(await collectCaches(store, now, large), 0);
  });

  test('archives without an entry and entries without an archive, once they are a day old', async (t) => {
    const { store, folder, keys } = await storeWith(t, ['kept', -60 * 48], ['lost', -60 * 48, { withoutArchive: true }], ['fresh', -1, { withoutArchive: true }]);
    for (const [archive, age] of [['orphan', 25], ['upload', 23]] as const) {
      const key = archiveKey({ repositoryId: 7, level: 'T1', archive });
      await store.put(key, Buffer.alloc(1));
      const time = new Date(now - age * 3_600_000);
      await utimes(fileOf(folder, key), time, time);
    }
    assert.equal(await collectCaches(store, now, large), 1);
    assert.deepEqual(await keys(), ['T1/archives/upload', 'T2/archives/archive0', 'T2/keys/fresh', 'T2/keys/kept']);
  });

  test('of a repository beyond its budget the oldest, over all levels', async (t) => {
    const { store, keys } = await storeWith(t, ['a', 1], ['b', 2, { level: 'T1' }], ['c', 3], ['d', 4, { level: 'T0' }]);
    await store.put('caches/8/T2/archives/x', Buffer.alloc(5000));
    assert.equal(await collectCaches(store, now + day / 2, { repositoryBytes: 2900 }), 2);
    assert.deepEqual((await keys()).filter((key) => key.includes('keys')), ['T0/keys/d', 'T2/keys/c']);
  });

  test('all of a repository that is forgotten, and of no other', async (t) => {
    const { store, keys } = await storeWith(t, ['a', 1], ['b', 2, { level: 'T0' }]);
    await store.put('caches/77/T2/archives/x', Buffer.alloc(1));
    for await (const key of keysOfRepository(store, 7)) await store.delete(key);
    assert.deepEqual(await keys(), ['caches/77/T2/archives/x']);
  });

  test('nothing where a later release has been', async (t) => {
    const { store, keys } = await storeWith(t, ['old', -20 * 24 * 60], ['later', -20 * 24 * 60, { version: 2 as 1 }]);
    assert.equal(await collectCaches(store, now, { repositoryBytes: 0 }), 0);
    assert.equal((await keys()).length, 4);
  });
});
