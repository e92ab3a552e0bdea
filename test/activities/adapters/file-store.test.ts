// Does a folder keep the object store's promises, also over crashes?

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { collect } from '../../collect.ts';
import { objectStoreContract } from '../../contracts/object-store.ts';

objectStoreContract('file', async (t) => fileStore(await newFolder(t)));

test('what a crash left behind is not listed, and goes when it is old', async (t) => {
  const folder = await newFolder(t);
  const incoming = join(folder, '.incoming');
  await mkdir(incoming);
  for (const name of ['abandoned', 'growing']) await writeFile(join(incoming, name), 'half an object');
  const longAgo = new Date(Date.now() - 2 * 3_600_000);
  await utimes(join(incoming, 'abandoned'), longAgo, longAgo);

  const store = fileStore(folder);
  assert.deepEqual(await collect(store.list('')), []);
  await store.put('a', Buffer.from('x'));
  assert.deepEqual(await readdir(incoming), ['growing']);
  assert.deepEqual((await collect(store.list(''))).map(({ key }) => key), ['a']);
});

test('a put leaves no temporary file, done or broken', async (t) => {
  const folder = await newFolder(t);
  const store = fileStore(folder);
  await store.put('a', Buffer.from('x'));
  await assert.rejects(store.put('a', Buffer.from('y'), { ifAbsent: true }));
  await assert.rejects(store.put('b', (async function* (): AsyncGenerator<Uint8Array> {
    throw new Error('the source broke');
  })()));
  assert.deepEqual(await readdir(join(folder, '.incoming')), []);
});

test('deleting the last object of a folder removes the folder', async (t) => {
  const folder = await newFolder(t);
  const store = fileStore(`${folder}/`);
  await store.put('a/b/c', Buffer.from('x'));
  await store.put('a/d', Buffer.from('x'));
  await store.delete('a/b/c');
  assert.deepEqual(await readdir(join(folder, 'a')), ['=d']);
});

test('a store that cannot be written says which object, where, and why', async (t) => {
  const folder = await newFolder(t);
  await writeFile(join(folder, 'a'), 'a file where a folder should be');
  await assert.rejects(fileStore(folder).put('a/b', Buffer.from('x')), { message: new RegExp(`^cannot store a/b in ${folder}: (ENOTDIR|EEXIST)`) });
});

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'file-store-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
