// What does every object store promise? Run by each adapter's own test.

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { ObjectExists } from '../../activities/object-store.ts';
import type { ObjectStore } from '../../activities/object-store.ts';
import { collect } from '../collect.ts';

/** `makeStore` answers an empty store and removes it again by `t.after`. Without `bothNames`, it cannot have the objects `a` and `a/b` at once. */
export function objectStoreContract(name: string, makeStore: (t: TestContext) => Promise<ObjectStore>, { bothNames = true } = {}): void {
  suite(`object store contract: ${name}`, () => {
    const check = (title: string, story: (store: ObjectStore) => Promise<void>): void => {
      test(title, async (t) => story(await makeStore(t)));
    };

    check('what was put is read again: whole, by range, by size', async (store) => {
      const before = Date.now();
      await store.put('a/b.txt', text('0123456789'));
      assert.equal(await whole(store, 'a/b.txt'), '0123456789');
      const ranges: [{ from?: number; to?: number } | undefined, string][] = [
        [undefined, '0123456789'],
        [{}, '0123456789'],
        [{ from: 3 }, '3456789'],
        [{ to: 3 }, '012'],
        [{ from: 3, to: 5 }, '34'],
        [{ from: 8, to: 100 }, '89'],
        [{ from: 10 }, ''],
        [{ from: 50, to: 60 }, ''],
        [{ from: 4, to: 4 }, ''],
      ];
      for (const [range, expected] of ranges) assert.equal(await streamed(store, 'a/b.txt', range), expected, JSON.stringify(range));
      const head = await store.head('a/b.txt');
      assert.equal(head?.size, 10);
      assert.ok(Math.abs(head.modified.getTime() - before) < 60_000);
    });

    check('what is not there is undefined, not an error', async (store) => {
      await store.put('a/b/c', text('x'));
      for (const key of ['nothing', 'a', 'a/b', 'a/b/c/d', 'b/c']) {
        assert.equal(await store.get(key), undefined, key);
        assert.equal(await store.read(key), undefined, key);
        assert.equal(await store.head(key), undefined, key);
        await store.delete(key);
      }
      assert.equal(await whole(store, 'a/b/c'), 'x');
    });

    check('a later put replaces; an empty object is an object; a delete removes', async (store) => {
      await store.put('k', text('first and long'));
      await store.put('k', text('second'));
      assert.equal(await whole(store, 'k'), 'second');
      await store.put('k', text(''));
      assert.equal(await whole(store, 'k'), '');
      assert.equal(await streamed(store, 'k'), '');
      await store.delete('k');
      await store.delete('k');
      assert.equal(await store.get('k'), undefined);
    });

    check('streams are stored whole, or not at all when they break', async (store) => {
      const block = Buffer.alloc(300_000, 'ab');
      await store.put('big', (async function* () {
        for (let i = 0; i < 40; i += 1) yield block;
      })());
      assert.equal((await store.head('big'))?.size, 12_000_000);
      const tail = Buffer.from(await streamed(store, 'big', { from: 11_999_998 }));
      assert.equal(tail.toString(), 'ab');

      const broken = new Error('the source broke');
      await assert.rejects(
        store.put('big', (async function* () {
          yield block;
          throw broken;
        })()),
        (error) => error === broken,
      );
      assert.equal((await store.head('big'))?.size, 12_000_000);
      assert.deepEqual(await keys(store, ''), ['big']);
    });

    check('a file is stored as it is now, and may go then', async (store) => {
      const folder = await mkdtemp(join(tmpdir(), 'put-file-'));
      try {
        const path = join(folder, 'file');
        const before = Date.now();
        for (const size of [0, 10, 20_000_003]) {
          const bytes = numbered(size);
          await writeFile(path, bytes);
          await utimes(path, 1, 1);
          await store.putFile('k', path);
          await rm(path);
          assert.ok(bytes.equals((await store.get('k'))!), `${size} bytes`);
          assert.ok((await store.head('k'))!.modified.getTime() > before - 60_000);
        }
        await writeFile(path, 'another');
        await assert.rejects(store.putFile('k', path, { ifAbsent: true }), ObjectExists);
        assert.equal((await store.head('k'))!.size, 20_000_003);
        await store.putFile('new', path, { ifAbsent: true });
        await appendFile(path, ' and more');
        assert.equal(await whole(store, 'new'), 'another');
        await assert.rejects(store.putFile('none', join(folder, 'none')), /ENOENT/);
        assert.deepEqual(await keys(store, ''), ['k', 'new']);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    check('a large object is read whole and by any range, in order, by several at once', async (store) => {
      const bytes = numbered(40_000_001);
      await store.put('large', bytes);
      assert.ok(bytes.equals((await store.get('large'))!));
      const ranges = [[0, 1], [8_388_607, 8_388_609], [5, 39_000_000], [8_388_608, 16_777_216], [39_999_999, 50_000_000]] as const;
      await Promise.all(ranges.map(async ([from, to]) => assert.ok(bytes.subarray(from, to).equals(Buffer.concat(await collect((await store.read('large', { from, to }))!))), `${from} to ${to}`)));
      // Who has seen enough goes.
      for await (const some of (await store.read('large'))!) {
        assert.ok(bytes.subarray(0, some.byteLength).equals(some));
        break;
      }
      await assert.rejects(store.put('large', bytes.subarray(0, 20_000_000), { ifAbsent: true }), ObjectExists);
      const tries = await Promise.allSettled([1, 2, 3].map((size) => store.put('another', parts(bytes.subarray(0, 10_000_000 * size)), { ifAbsent: true })));
      const winner = tries.findIndex(({ status }) => status === 'fulfilled');
      for (const [i, result] of tries.entries()) if (i !== winner) assert.ok(result.status === 'rejected' && result.reason instanceof ObjectExists, String(i));
      assert.equal((await store.head('another'))!.size, 10_000_000 * (winner + 1));
    });

    check('of many that create one key at once, one succeeds', async (store) => {
      const tries = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => store.put('locks/one', text(`winner ${i}`), { ifAbsent: true })));
      const winners = tries.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []));
      assert.equal(winners.length, 1);
      for (const result of tries) if (result.status === 'rejected') assert.ok(result.reason instanceof ObjectExists, String(result.reason));
      assert.equal(await whole(store, 'locks/one'), `winner ${winners[0]}`);
      await store.delete('locks/one');
      await store.put('locks/one', text('free again'), { ifAbsent: true });
    });

    check('readers see the old object or the new one, never a mixture', async (store) => {
      const [old, fresh] = [Buffer.alloc(500_000, 'o'), Buffer.alloc(400_000, 'n')];
      await store.put('k', old);
      const seen = new Set<string>();
      const writer = (async () => {
        for (let i = 0; i < 20; i += 1) await store.put('k', i % 2 ? old : fresh);
      })();
      const reader = async (): Promise<void> => {
        for (let i = 0; i < 20; i += 1) {
          const bytes = Buffer.from((await store.get('k'))!);
          seen.add(`${bytes.length} ${[...new Set(bytes.toString())].join('')}`);
        }
      };
      await Promise.all([writer, reader(), reader()]);
      for (const one of seen) assert.ok(one === '500000 o' || one === '400000 n', one);
    });

    check('listing goes in byte order, by prefix, after a key, up to a limit', async (store) => {
      const all = [...(bothNames ? ['a', 'a/b'] : []), 'a b', 'a b ', ' a', 'a-b', 'a.b', 'a/b/c', 'a/é', 'a%2fb', 'a+b?c=d&e#f', 'a"<b>\'', 'a:*@,;$(b)[c]{d}|!^`', 'a/ｆ', 'a/😀', 'a0', 'ab/c', '=a', '+a/b', '.incoming/a', '~'];
      const sorted = all.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      for (const key of all) await store.put(key, text(key));
      assert.deepEqual(await keys(store, ''), sorted);
      for (const key of all) assert.equal(await whole(store, key), key);
      for (const key of all) assert.equal((await store.head(key))?.size, Buffer.byteLength(key));
      assert.deepEqual(await keys(store, 'a/'), sorted.filter((key) => key.startsWith('a/')));
      assert.deepEqual(await keys(store, 'a/b/'), ['a/b/c']);
      assert.deepEqual(await keys(store, 'none/'), []);
      for (const after of [...all, 'a/', 'a/a', 'zz', '!']) {
        const expected = sorted.filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0);
        assert.deepEqual(await keys(store, '', { after }), expected, `after ${after}`);
        assert.deepEqual(await keys(store, '', { after, limit: 2 }), expected.slice(0, 2), `two after ${after}`);
      }
      for (const key of all) {
        await store.delete(key);
        assert.equal(await store.get(key), undefined, key);
      }
      await store.put('ab/c', text('ab/c'));
      for await (const { key, size, modified } of store.list('')) {
        assert.deepEqual([key, size], ['ab/c', 4]);
        assert.ok(modified instanceof Date);
      }
    });

    check('putting, listing and deleting neighbours at once disturbs nobody', async (store) => {
      await Promise.all(
        Array.from({ length: 30 }, async (_, i) => {
          for (let round = 0; round < 5; round += 1) {
            await store.put(`busy/${i % 3}/x${i}`, text('x'));
            await keys(store, 'busy/');
            await store.delete(`busy/${i % 3}/x${i}`);
          }
          await store.put(`busy/${i % 3}/kept${i}`, text('x'));
        }),
      );
      assert.equal((await keys(store, 'busy/')).length, 30);
    });

    check('a key that is none is refused with a sentence, by every call', async (store) => {
      const bad = ['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/./b', 'a\\b', 'a\nb', 'a\0b', 'a\u2028b', '\ud800', 'x'.repeat(251), `${'x/'.repeat(450)}x`];
      for (const key of bad) {
        const refused = { name: 'TypeError', message: /^object key ".*" (is|holds|has) /s };
        await assert.rejects(store.put(key, text('x')), refused, JSON.stringify(key));
        await assert.rejects(store.get(key), refused);
        await assert.rejects(store.read(key), refused);
        await assert.rejects(store.head(key), refused);
        await assert.rejects(store.delete(key), refused);
      }
      for (const prefix of ['a', '../', '/', 'a//', 'a/../']) await assert.rejects(keys(store, prefix), TypeError, prefix);
      assert.deepEqual(await keys(store, ''), []);
      const longest = `${'x'.repeat(250)}/${'é'.repeat(125)}/${'z'.repeat(250)}`;
      await store.put(longest, text('fits'));
      assert.deepEqual(await keys(store, ''), [longest]);
    });
  });
}

/** No two places of it look alike. */
function numbered(size: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

async function* parts(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000);
}

const text = (value: string): Uint8Array => Buffer.from(value);

async function whole(store: ObjectStore, key: string): Promise<string | undefined> {
  const bytes = await store.get(key);
  return bytes && Buffer.from(bytes).toString();
}

async function streamed(store: ObjectStore, key: string, range?: { from?: number; to?: number }): Promise<string> {
  const stream = await store.read(key, range);
  assert.ok(stream, `${key} is there`);
  return Buffer.concat(await collect(stream)).toString();
}

async function keys(store: ObjectStore, prefix: string, options?: { after?: string; limit?: number }): Promise<string[]> {
  return (await collect(store.list(prefix, options))).map(({ key }) => key);
}
