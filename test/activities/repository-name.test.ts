import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { fileStore } from '../../activities/adapters/file-store.ts';
import { rememberName } from '../../activities/repository-name.ts';
import { listBuilds, readPipeline, repositoryIdOf } from '../../app/builds.ts';
import { controlActivities, type ControlPorts } from '../../activities/control/control.ts';
import type { PipelineView } from '../../config-schema/view.ts';

const folder = await mkdtemp(join(tmpdir(), 'rh-names-'));
after(() => rm(folder, { recursive: true, force: true }));
const day = (n: number): string => `2026-01-0${n}T00:00:00.000Z`;
/** Temporal holds nothing open. */
const client = { workflow: { list: async function* () {} } } as unknown as Client;
const viewOf = (owner: string, name: string): PipelineView => {
  const repository = { id: 7, owner, name, private: false, defaultBranch: 'main', installationId: 1 };
  const trigger = { event: 'push' as const, deliveryId: 'd', receivedAt: day(1), repository, ref: 'refs/heads/main', before: '0'.repeat(40), sha: 'a'.repeat(40), sender: { id: 1, login: 'ada' }, commit: { subject: 'x', authorLogin: null }, pullRequest: null };
  return { version: 1, repository, number: 1, trigger, trust: 'T2', state: 'ended', outcome: 'passed', startedAt: day(1), endedAt: day(1), workflows: [] };
};

test('a renamed repository keeps its history under both names, until somebody else takes the old one', async () => {
  const store = fileStore(join(folder, 'renamed'));
  await rememberName(store, { id: 7, owner: 'acme', name: 'shop' }, day(1));
  await controlActivities({ store } as Partial<ControlPorts> as ControlPorts).finish(viewOf('acme', 'shop'));
  await rememberName(store, { id: 7, owner: 'acme', name: 'store' }, day(2));
  for (const name of ['shop', 'store']) {
    const view = await readPipeline({ store, client }, 'acme', name, 1);
    assert.equal(view?.repository.name, 'store', 'its links lead to what it is called now');
    assert.equal(view?.trigger.repository.name, 'shop', 'what happened is not rewritten');
  }
  assert.deepEqual((await listBuilds({ store, client }, { limit: 5 })).map(({ owner, name }) => `${owner}/${name}`), ['acme/store']);

  await rememberName(store, { id: 8, owner: 'acme', name: 'Shop' }, day(3));
  assert.equal(await repositoryIdOf(store, 'acme', 'shop'), 8);
  assert.equal(await repositoryIdOf(store, 'acme', 'store'), 7);
  assert.deepEqual((await listBuilds({ store, client }, { limit: 5 })).map(({ name }) => name), ['store']);

  // A trigger of before the renaming may be loaded after it.
  await rememberName(store, { id: 7, owner: 'acme', name: 'shop' }, day(1));
  assert.equal(await repositoryIdOf(store, 'acme', 'shop'), 8);
});

test('a repository that is renamed back has its name again', async () => {
  const store = fileStore(join(folder, 'back'));
  for (const [n, name] of [[1, 'shop'], [2, 'store'], [4, 'shop']] as const) {
    await rememberName(store, { id: 7, owner: 'acme', name }, day(n));
    if (n === 2) await rememberName(store, { id: 8, owner: 'acme', name: 'shop' }, day(3));
  }
  assert.equal(await repositoryIdOf(store, 'ACME', 'SHOP'), 7);
});
