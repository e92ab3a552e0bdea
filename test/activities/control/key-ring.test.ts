// Does the key-encryption key change under everybody's hands without a value being lost, or unreadable for a moment?

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { openKeyRing } from '../../../activities/adapters/key-encryption-key.ts';
import { formatKeyRing, makeKey, parseKeyRing, rotateKeyEncryptionKey } from '../../../activities/control/key-ring.ts';
import type { KekSource } from '../../../activities/control/key-ring.ts';
import { sealedVault } from '../../../activities/control/sealed-vault.ts';
import { getJson, putJson } from '../../../activities/object-store.ts';
import { collect } from '../../collect.ts';
import { dyingStore, makeInstallation } from './vault-scene.ts';

const encoded = randomBytes(32).toString('base64');
const idsOf = async (source: KekSource): Promise<string[]> => (await source.ring({ fresh: true })).map(({ id }) => id);

suite('the text of a key ring', () => {
  const other = randomBytes(32).toString('base64');
  const rows: [string, string, string[] | RegExp][] = [
    ['one a line, with a comment', `# ours\n\nnew ${encoded}\n  old\t${other}  \n`, ['new', 'old']],
    ['between commas, for the environment', `new ${encoded}, old ${other},`, ['new', 'old']],
    ['a comment with a comma', `# new, old\nnew ${encoded}`, ['new']],
    ['without padding', `new ${encoded.slice(0, -1)}`, ['new']],
    ['none', '\n# nothing\n', /^KEK: there is no key\./],
    ['no key', 'new\n', /^KEK:1: expected "ID BASE64" with a key of 32 bytes/],
    ['a short key in the third line', `# x\nnew ${encoded}\nold AAAA`, /^KEK:3: expected "ID BASE64"/],
    ['a word too many', `new ${encoded} x`, /^KEK:1: expected/],
    ['an id twice', `new ${encoded}\nnew ${other}`, /^KEK:2: the key id new is there twice/],
  ];
  for (const [name, text, expected] of rows)
    test(name, () => {
      if (Array.isArray(expected)) assert.deepEqual(parseKeyRing(text, 'KEK').map(({ id }) => id), expected);
      else assert.throws(() => parseKeyRing(text, 'KEK'), (error: Error) => expected.test(error.message) && !error.message.includes('AAAA'));
    });

  test('is read as it was written', () => {
    const ring = [makeKey(), makeKey()];
    assert.deepEqual(parseKeyRing(formatKeyRing(ring), 'KEK'), ring);
  });
});

test('after a rotation everything is under a new key, and the old one opens nothing', async (t) => {
  const here = await makeInstallation(t);
  for (let index = 0; index < 10; index += 1) await here.vault.put(`n/${index}`, { index }, { value: index });
  await here.vault.put('n/3', {}, null);
  const before = await here.ring.ring();
  const text = await readFile(here.kekFile, 'utf8');
  const { sentence, ...done } = await rotateKeyEncryptionKey({ source: here.ring, vault: here.vault });
  const [current, ...others] = await idsOf(here.ring);
  assert.deepEqual(others, []);
  assert.deepEqual(done, { current, rewrapped: 9, removed: 0, unreadable: [], dropped: [before[0]!.id] });
  assert.equal(sentence, `9 keys of the vault re-encrypted. The key ${current} encrypts now; dropped: ${before[0]!.id}.`);
  for (let index = 0; index < 10; index += 1) assert.deepEqual(await here.open().vault.open(`n/${index}`, 'context'), index === 3 ? { about: {}, secret: null } : { about: { index }, secret: { value: index } });
  const withOld = sealedVault({ store: here.store, ring: openKeyRing({ kek: text.trim(), kekCommand: null, kekFile: '' }, {}) });
  await assert.rejects(withOld.open('n/1', 'context'), { message: new RegExp(`under the key-encryption key ${current}, which ROUNDHOUSE_KEK does not hold`) });
});

test('key rotation while pipelines run loses none', async (t) => {
  const here = await makeInstallation(t);
  const names = Array.from({ length: 8 }, (_, index) => `repositories/${index}/key`);
  for (const name of names) await here.vault.put(name, { count: 0 }, { count: 0 });
  const written = new Map(names.map((name) => [name, 0]));
  const rotated = new AbortController();
  let [opens, puts] = [0, 0];
  // Each name has one writer and two readers, each as a process of its own: a source and a vault.
  const write = async (name: string): Promise<void> => {
    const { vault } = here.open();
    for (let count = 1; !rotated.signal.aborted; count += 1) {
      await vault.put(name, { count }, { count });
      written.set(name, count);
      puts += 1;
    }
  };
  const read = async (name: string): Promise<void> => {
    const { vault } = here.open();
    while (!rotated.signal.aborted) {
      const atLeast = written.get(name)!;
      const opened = await vault.open<{ count: number }, { count: number }>(name, 'committed-secret');
      assert.equal(opened?.about.count, opened?.secret?.count);
      assert.ok(opened!.about.count >= atLeast, `${name}: ${opened!.about.count} after ${atLeast}`);
      opens += 1;
    }
  };
  const pipelines = Promise.all(names.flatMap((name) => [write(name), read(name), read(name)]));
  const seen = new Set(await idsOf(here.ring));
  const rotator = here.open();
  const rotations = (async () => {
    try {
      for (let round = 0; round < 12; round += 1) {
        const done = await rotateKeyEncryptionKey({ source: rotator.ring, vault: rotator.vault });
        assert.deepEqual(done.unreadable, []);
        seen.add(done.current);
      }
    } finally {
      rotated.abort();
    }
  })();
  await Promise.all([rotations, pipelines]);
  assert.equal(seen.size, 13);
  for (const [name, count] of written) assert.deepEqual(await here.open().vault.open(name, 'committed-secret'), { about: { count }, secret: { count } });
  assert.deepEqual([...new Set(await kidsOf(here))], await idsOf(here.ring));
  t.diagnostic(`${opens} opens and ${puts} puts beside 12 rotations`);
});

test('two rotations at once are one after the other', async (t) => {
  const here = await makeInstallation(t);
  for (let index = 0; index < 5; index += 1) await here.vault.put(`n/${index}`, {}, index);
  const rotators = [here.open(), here.open()];
  const done = await Promise.all(rotators.map(({ ring, vault }) => rotateKeyEncryptionKey({ source: ring, vault })));
  assert.deepEqual(done.map(({ rewrapped, dropped }) => [rewrapped, dropped.length]), [[5, 1], [5, 1]]);
  assert.equal((await idsOf(here.ring)).length, 1);
  for (let index = 0; index < 5; index += 1) assert.equal((await here.vault.open(`n/${index}`, 'context'))?.secret, index);
});

test('a key that the operator adds meanwhile stays', async (t) => {
  const here = await makeInstallation(t);
  const [old] = await idsOf(here.ring);
  const vault = { rewrap: async () => (await appendFile(here.kekFile, `mine ${encoded}\n`), here.vault.rewrap()) };
  const { current, dropped } = await rotateKeyEncryptionKey({ source: here.ring, vault });
  assert.deepEqual([dropped, await idsOf(here.ring)], [[old], [current, 'mine']]);
});

test('a rotation that is killed at any write leaves everything readable, and the next one ends it', async (t) => {
  for (let writes = 0; ; writes += 1) {
    const here = await makeInstallation(t);
    for (let index = 0; index < 4; index += 1) await here.vault.put(`n/${index}`, {}, index);
    const readable = async (when: string): Promise<void> => {
      for (let index = 0; index < 4; index += 1) assert.equal((await here.open().vault.open(`n/${index}`, 'context'))?.secret, index, `${writes} writes, ${when}`);
    };
    // The writes of the ring are counted with those of the store.
    let left = writes;
    const dying = here.open(dyingStore(here.store, Infinity));
    const dies = (): void => {
      if (left-- <= 0) throw new Error('killed');
    };
    const source: KekSource = { ...dying.ring, change: (action) => dying.ring.change!((replace) => action(async (ring) => (dies(), replace(ring)))) };
    const vault = sealedVault({ store: { ...here.store, put: async (...args) => (dies(), here.store.put(...args)) }, ring: dying.ring });
    const ended = await rotateKeyEncryptionKey({ source, vault }).then(
      () => true,
      (error: Error) => (assert.equal(error.message, 'killed'), false),
    );
    await readable('killed');
    await here.open().vault.put('new', {}, 'x');
    const again = await rotateKeyEncryptionKey({ source: here.ring, vault: here.vault });
    assert.deepEqual(again.unreadable, []);
    assert.deepEqual(await idsOf(here.ring), [again.current]);
    await readable('rotated again');
    assert.equal((await here.vault.open('new', 'context'))?.secret, 'x');
    if (!ended) continue;
    assert.equal(writes, 6, 'the new key, four values, the old key');
    return;
  }
});

test('a process that is killed in its put leaves the value before, and a rotation passes over it', async (t) => {
  const here = await makeInstallation(t);
  await here.vault.put('a', {}, 'before');
  await assert.rejects(here.open(dyingStore(here.store, 1)).vault.put('a', {}, 'after'), /killed/);
  assert.equal((await collect(here.store.list('vault-keys/'))).length, 2);
  assert.partialDeepStrictEqual(await rotateKeyEncryptionKey({ source: here.ring, vault: here.vault }), { rewrapped: 2, unreadable: [] });
  assert.equal((await here.vault.open('a', 'context'))?.secret, 'before');
});

test('a put that began before a rotation, and ends after it, is under the new key', async (t) => {
  // Seen to fail without the second look at the ring in storeKey.
  const here = await makeInstallation(t);
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let isFirst = true;
  const stopped = here.open({
    ...here.store,
    async put(...args) {
      if (isFirst) {
        isFirst = false;
        reached.resolve();
        await goOn.promise;
      }
      return here.store.put(...args);
    },
  });
  const putting = stopped.vault.put('a', {}, 'x');
  await reached.promise;
  await rotateKeyEncryptionKey({ source: here.ring, vault: here.vault });
  goOn.resolve();
  await putting;
  assert.equal((await here.vault.open('a', 'context'))?.secret, 'x');
  assert.deepEqual(await kidsOf(here), await idsOf(here.ring));
});

test('a damaged value keeps its old key in the ring and is named; the others go on', async (t) => {
  const here = await makeInstallation(t);
  for (const name of ['good', 'bad']) await here.vault.put(name, {}, name);
  const { sealed } = (await getJson<{ sealed: { key: string } }>(here.store, 'vault/bad'))!;
  const key = `vault-keys/${sealed.key}`;
  const copy = Buffer.from((await here.store.get(key))!);
  await putJson(here.store, key, { ...JSON.parse(copy.toString()), data: 'AAAA' });
  const [old] = await idsOf(here.ring);
  const done = await rotateKeyEncryptionKey({ source: here.ring, vault: here.vault });
  assert.partialDeepStrictEqual(done, { rewrapped: 1, dropped: [], unreadable: [{ name: 'bad', kid: old }] });
  assert.match(done.sentence, /^1 key of the vault re-encrypted\. vault\/bad was altered .* no old key could be dropped\.$/);
  assert.deepEqual(await idsOf(here.ring), [done.current, old]);
  await here.store.put(key, copy);
  assert.equal((await here.vault.open('bad', 'context'))?.secret, 'bad');
  assert.deepEqual((await rotateKeyEncryptionKey({ source: here.ring, vault: here.vault })).dropped, [done.current, old]);
});

test('where the ring is not ours, the operator hears when his old key may go', async (t) => {
  const { store } = await makeInstallation(t);
  const [old, fresh] = [`old ${encoded}`, `new ${randomBytes(32).toString('base64')}`];
  const withRing = (kek: string) => {
    const source = openKeyRing({ kek, kekCommand: null, kekFile: '' }, {});
    return { source, vault: sealedVault({ store, ring: source }) };
  };
  const before = withRing(old);
  await before.vault.put('a', {}, 'x');
  assert.match((await rotateKeyEncryptionKey(before)).sentence, /^0 keys of the vault re-encrypted\. ROUNDHOUSE_KEK holds a single key.* Put a new key first in it/);
  const both = withRing(`${fresh},${old}`);
  const first = await rotateKeyEncryptionKey(both);
  assert.partialDeepStrictEqual(first, { current: 'new', rewrapped: 1, dropped: [] });
  assert.match(first.sentence, /When every process was started with this ring, run this once more: when it re-encrypts nothing, these keys can be taken out of ROUNDHOUSE_KEK: old\.$/);
  // A process that was not started again goes on with the old one.
  await before.vault.put('late', {}, 'y');
  assert.equal((await rotateKeyEncryptionKey(both)).rewrapped, 1);
  const last = await rotateKeyEncryptionKey(both);
  assert.match(last.sentence, /^0 keys of the vault re-encrypted\. When every process was started with this ring, these keys can be taken out of ROUNDHOUSE_KEK: old\.$/);
  const after = withRing(fresh).vault;
  assert.deepEqual([(await after.open('a', 'context'))?.secret, (await after.open('late', 'context'))?.secret], ['x', 'y']);
});

async function kidsOf({ store }: { store: Parameters<typeof getJson>[0] & { list: (prefix: string) => AsyncIterable<{ key: string }> } }): Promise<string[]> {
  const kids: string[] = [];
  for await (const { key } of store.list('vault-keys/')) kids.push((await getJson<{ kid: string }>(store, key))!.kid);
  return kids;
}
