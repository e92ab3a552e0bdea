import { test } from 'node:test';
import assert from 'node:assert/strict';
import { onChange } from '../../../app/webhooks/changed.ts';
import type { Change } from '../../../app/webhooks/probot.ts';

const shop = { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 };
const two = [{ id: 7, owner: 'acme', name: 'shop' }, { id: 8, owner: 'acme', name: 'site' }];

const cases: { title: string; change: Change; names?: string[]; ended?: [number, string][]; dropped?: number[]; told: string }[] = [
  { title: 'renamed', change: { kind: 'repository', change: 'renamed', repository: shop }, names: ['7 acme/shop'], told: 'info a repository was renamed' },
  {
    title: 'transferred',
    change: { kind: 'repository', change: 'transferred', repository: { ...shop, owner: 'evil' } },
    names: ['7 evil/shop'],
    ended: [[7, 'the repository was transferred to evil/shop; push again to build it there']],
    dropped: [7],
    told: 'warn a repository was transferred: open pipelines are canceled',
  },
  { title: 'deleted', change: { kind: 'repository', change: 'deleted', repository: shop }, ended: [[7, 'acme/shop was deleted']], dropped: [7], told: 'warn a repository was deleted: open pipelines are canceled' },
  { title: 'made private', change: { kind: 'repository', change: 'privatized', repository: shop }, told: '' },
  { title: 'another default branch', change: { kind: 'repository', change: 'default-branch', repository: shop }, told: '' },
  { title: 'the App is installed', change: { kind: 'installation', change: 'added', installationId: 1, repositories: [...two, { id: 9, owner: 'acme', name: 'unfollowed' }] }, names: ['7 acme/shop', '8 acme/site'], told: 'info the GitHub App was installed' },
  {
    title: 'the App is removed, or suspended',
    change: { kind: 'installation', change: 'removed', installationId: 1, repositories: two },
    ended: [[7, 'the GitHub App was removed from acme/shop'], [8, 'the GitHub App was removed from acme/site']],
    dropped: [7, 8],
    told: 'warn the GitHub App was removed: open pipelines are canceled',
  },
];

for (const { title, change, names = [], ended = [], dropped = [], told } of cases) {
  test(title, async () => {
    const did = { names: [] as string[], ended: [] as [number, string][], dropped: [] as number[], told: '' };
    const log = (level: string) => (_fields: object, message: string) => void (did.told = `${level} ${message}`);
    const changed = onChange({
      rememberName: async ({ id, owner, name }) => void did.names.push(`${id} ${owner}/${name}`),
      isBuilt: async (id) => id !== 9,
      disown: async (id, reason) => void did.ended.push([id, reason]),
      removeDeployKey: async ({ id }) => {
        did.dropped.push(id);
        return null;
      },
      log: { info: log('info'), warn: log('warn') },
    });
    await changed(change, new AbortController().signal);
    // The keys go after the webhook was answered.
    await new Promise(setImmediate);
    assert.deepEqual(did, { names, ended, dropped, told });
  });
}

test('thousands of repositories at once are few calls at once, and each is ended', async () => {
  let running = 0;
  let most = 0;
  const ended = new Set<number>();
  const changed = onChange({
    rememberName: () => Promise.resolve(),
    isBuilt: () => Promise.resolve(true),
    async disown(id) {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
      ended.add(id);
    },
    removeDeployKey: () => Promise.resolve(null),
    log: { info: () => undefined, warn: () => undefined },
  });
  const repositories = Array.from({ length: 1234 }, (_, id) => ({ id, owner: 'acme', name: `r${id}` }));
  await changed({ kind: 'installation', change: 'removed', installationId: 1, repositories }, new AbortController().signal);
  assert.equal(ended.size, 1234);
  assert.ok(most <= 50, String(most));
});
