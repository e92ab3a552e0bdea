// Repositories, as the command line and the page ask for them.

import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import { repositorySettings } from '../../../activities/control/repository-settings.ts';
import { putJson } from '../../../activities/object-store.ts';
import { rememberName } from '../../../activities/repository-name.ts';
import { Refused, type OperationPorts } from '../../../app/control/operation.ts';
import { repositoryOperations, type ChosenRepository, type RepositoryList, type ShownRepository } from '../../../app/control/repository-operations.ts';
import { runOperation } from '../../../app/control/run-operation.ts';
import type { Follow } from '../../../app/webhooks/followed.ts';
import type { Choices } from '../../../config-schema/choices.ts';
import type { Repository } from '../../../config-schema/trigger.ts';
import { repositoryHistoryKey } from '../../../config-schema/view.ts';
import { memoryAudit } from '../../fakes/audit.ts';

const shop: Repository = { id: 7, owner: 'acme', name: 'shop', private: true, defaultBranch: 'trunk', installationId: 1 };
const installation: Choices = { autoCancel: 'branches', forks: 'never', pipelinesAtOnce: 50 };
const asker = { who: 'operator root', from: 'command line at host' };

async function world(t: TestContext, follow: Follow = 'all') {
  const folder = await mkdtemp(join(tmpdir(), 'rh-repositories-'));
  t.after(() => rm(folder, { recursive: true }));
  const [store, audit, state] = [fileStore(folder), memoryAudit(), { away: false, asked: 0 }];
  const ports: Partial<OperationPorts> = {
    audit,
    follow,
    choices: installation,
    repositorySettings: repositorySettings(store),
    listRepositories() {
      state.asked += 1;
      return state.away ? Promise.reject(new ForgeUnavailable('GitHub could not list', 5)) : Promise.resolve([shop]);
    },
    keys: { find: () => Promise.resolve(null) } as Partial<OperationPorts['keys']> as OperationPorts['keys'],
    findRepository: async (owner, name) => (`${owner}/${name}` === 'acme/shop' ? shop : null),
  };
  const known = repositoryOperations(ports as OperationPorts);
  const ask = async <Answer>(name: string, input: object = {}): Promise<Answer> => (await runOperation(known[name]!, input, asker)) as Answer;
  return { store, audit, state, ask, list: () => ask<RepositoryList>('repositories.list') };
}

test('all of the installations, and those that were built here before, each as it stands', async (t) => {
  const { store, list, ask } = await world(t);
  await rememberName(store, { id: 8, owner: 'acme', name: 'gone' }, '2026-01-01T00:00:00Z');
  await putJson(store, repositoryHistoryKey(8, 3), { number: 3, outcome: 'failed', endedAt: '2026-01-01T00:00:00Z', sender: 'ada' });
  const gone = { id: 8, owner: 'acme', name: 'gone', private: null, defaultBranch: null, isInstalled: false, isKnown: true, isBuilt: false, settings: null, last: { number: 3, outcome: 'failed', endedAt: '2026-01-01T00:00:00Z' } };
  const here = { id: 7, owner: 'acme', name: 'shop', private: true, defaultBranch: 'trunk', isInstalled: true, isKnown: false, isBuilt: true, settings: null, last: null };
  assert.deepEqual(await list(), { repositories: [gone, here], problem: null });
  await ask('repositories.unfollow', { repository: 'acme/shop' });
  assert.partialDeepStrictEqual((await list()).repositories[1], { isKnown: true, isBuilt: false, settings: { followed: false, changedBy: 'operator root' } });
});

test('follow and unfollow leave an entry each before anything changes', async (t) => {
  const { ask, audit } = await world(t, 'listed');
  await ask('repositories.follow', { repository: 'acme/shop' });
  await ask('repositories.unfollow', { repository: 'acme/shop' });
  assert.deepEqual(audit.events, ['repository.followed', 'repository.unfollowed'].map((action) => ({ ...asker, action, subject: 'repository acme/shop', repositoryId: 7 })));
});

test('what the App is not on can be neither followed nor shown, and no entry says so', async (t) => {
  const { ask, audit } = await world(t);
  for (const name of ['follow', 'unfollow', 'show']) {
    await assert.rejects(ask(`repositories.${name}`, { repository: 'acme/nowhere' }), (error) => error instanceof Refused && /there is no acme\/nowhere on which the GitHub App is installed/.test(error.message));
    await assert.rejects(ask(`repositories.${name}`, { repository: '../etc/passwd' }), Refused);
  }
  assert.deepEqual(audit.events, []);
});

test('while GitHub is away those are listed that are known here, and the reason is said', async (t) => {
  const { state, list, ask } = await world(t);
  await ask('repositories.follow', { repository: 'acme/shop' });
  state.away = true;
  const { repositories, problem } = await list();
  assert.equal(problem, 'GitHub could not list');
  assert.partialDeepStrictEqual(repositories, [{ id: 7, isInstalled: false, private: null, settings: { followed: true } }]);
});

test('one repository is shown with what holds for it', async (t) => {
  const { ask } = await world(t, 'listed');
  assert.deepEqual(await ask<ShownRepository>('repositories.show', { repository: 'acme/shop' }), { repository: shop, isBuilt: false, settings: null, choices: installation, secretKey: null });
  await ask('repositories.follow', { repository: 'acme/shop' });
  assert.partialDeepStrictEqual(await ask<ShownRepository>('repositories.show', { repository: 'acme/shop' }), { isBuilt: true, settings: { followed: true } });
});

test('what is chosen for a repository holds there, leaves an entry, and goes back to the installation', async (t) => {
  const { ask, audit } = await world(t);
  const choose = (made: object) => ask<ChosenRepository>('repositories.choose', { repository: 'acme/shop', ...made });
  assert.partialDeepStrictEqual(await choose({ autoCancel: 'off', pipelinesAtOnce: 3 }), { choices: { autoCancel: 'off', forks: 'never', pipelinesAtOnce: 3 }, settings: { autoCancel: 'off', changedBy: 'operator root' } });
  assert.deepEqual(audit.events, [{ ...asker, action: 'repository.settings-changed', subject: 'repository acme/shop', repositoryId: 7, details: { autoCancel: 'off', pipelinesAtOnce: 3 } }]);
  assert.deepEqual((await choose({ autoCancel: null, forks: 'approve' })).choices, { autoCancel: 'branches', forks: 'approve', pipelinesAtOnce: 3 });
  assert.partialDeepStrictEqual(await ask<ShownRepository>('repositories.show', { repository: 'acme/shop' }), { isBuilt: true, choices: { forks: 'approve' } });
  await assert.rejects(choose({ autoCancel: 'sometimes' }), Refused);
});

test('GitHub is asked for the list once, however many look; not having answered is not remembered', async (t) => {
  const { list, state } = await world(t);
  state.away = true;
  assert.equal((await list()).problem, 'GitHub could not list');
  state.away = false;
  const lists = await Promise.all([list(), list(), list()]);
  assert.ok(lists.every(({ problem, repositories }) => problem === null && repositories.length === 1));
  await list();
  assert.equal(state.asked, 2);
});
