// What is kept of repositories: who is followed, by which name they are found, how they ended last.

import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { repositorySettings } from '../../../activities/control/repository-settings.ts';
import { putJson } from '../../../activities/object-store.ts';
import { rememberName } from '../../../activities/repository-name.ts';
import { repositoryHistoryKey } from '../../../config-schema/view.ts';

const shop = { id: 7, owner: 'acme', name: 'shop' };

async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'rh-followed-'));
  t.after(() => rm(folder, { recursive: true }));
  const store = fileStore(folder);
  const clock = { ms: Date.parse('2026-03-01T00:00:00Z') };
  /** As another process has it. */
  const open = () => repositorySettings(store, () => clock.ms);
  return { store, clock, open, settings: open() };
}

test('nobody has said anything, then somebody follows, then another one does not', async (t) => {
  const { settings } = await world(t);
  assert.equal(await settings.read(7), null);
  await settings.follow(shop, true, 'github:7 ada');
  assert.deepEqual(await settings.read(7), { version: 1, followed: true, changedBy: 'github:7 ada', changedAt: '2026-03-01T00:00:00.000Z' });
  await settings.follow(shop, false, 'operator root');
  assert.partialDeepStrictEqual(await settings.read(7), { followed: false, changedBy: 'operator root' });
  assert.equal(await settings.read(8), null);
});

test('what is chosen stays when somebody follows, and what nobody chooses any more is gone', async (t) => {
  const { settings } = await world(t);
  await settings.choose(shop, { autoCancel: 'all', pipelinesAtOnce: 0 }, 'ada');
  const { followed } = (await settings.read(7))!;
  assert.equal(followed, undefined, 'nobody has said');
  await settings.follow(shop, true, 'ada');
  await settings.choose(shop, { autoCancel: null, forks: 'approve' }, 'bob');
  assert.deepEqual(await settings.read(7), { version: 1, followed: true, forks: 'approve', pipelinesAtOnce: 0, changedBy: 'bob', changedAt: '2026-03-01T00:00:00.000Z' });
});

test('another process sees a change within five seconds, and asks the store no sooner', async (t) => {
  const { open, settings, clock } = await world(t);
  assert.equal(await settings.read(7), null);
  await open().follow(shop, true, 'ada');
  clock.ms += 4_999;
  assert.equal(await settings.read(7), null);
  clock.ms += 1;
  assert.equal((await settings.read(7))?.followed, true);
});

test('what is not as we write it is no answer, until somebody writes it anew', async (t) => {
  const { store, settings } = await world(t);
  for (const bad of [{ version: 2, followed: true, changedBy: 'x', changedAt: 'y' }, { version: 1 }, 'text', null]) {
    await putJson(store, 'repositories/7/settings.json', bad);
    await assert.rejects(settings.read(7), /repositories\/7\/settings\.json .* Follow or unfollow the repository/);
  }
  await settings.follow(shop, true, 'ada');
  assert.equal((await settings.read(7))?.followed, true);
});

test('known are those that were built or followed, each once and by its name of now', async (t) => {
  const { store, settings } = await world(t);
  await rememberName(store, { id: 8, owner: 'acme', name: 'old' }, '2026-01-01T00:00:00Z');
  await rememberName(store, { id: 8, owner: 'acme', name: 'new' }, '2026-02-01T00:00:00Z');
  await settings.follow(shop, false, 'ada');
  assert.deepEqual((await settings.known()).sort((a, b) => a.id - b.id), [shop, { id: 8, owner: 'acme', name: 'new' }]);
});

test('the newest pipeline that has ended', async (t) => {
  const { store, settings } = await world(t);
  assert.equal(await settings.lastEnded(7), null);
  for (const number of [9, 10]) await putJson(store, repositoryHistoryKey(7, number), { number });
  assert.partialDeepStrictEqual(await settings.lastEnded(7), { number: 10 });
});
