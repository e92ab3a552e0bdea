// With what is the commit of a pipeline compared, and what does a pipeline hear that asks again?
import { after, before, suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { changedPaths, comparedWith } from '../../../activities/control/changed-paths.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import { noCommit, type Trigger } from '../../../config-schema/trigger.ts';
import { memoryForge } from '../../fakes/forge.ts';

const [sha, earlier, base] = ['a'.repeat(40), 'e'.repeat(40), 'b'.repeat(40)];
const pullRequest = { number: 3, url: '', headRepositoryId: 99, headOwner: 'mallory', headName: 'shop', baseRef: 'main', baseSha: base };
const trigger = (change: Partial<Trigger> = {}): Trigger => ({
  event: 'push',
  deliveryId: 'd-1',
  receivedAt: new Date().toISOString(),
  repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
  ref: 'refs/heads/main',
  before: earlier,
  sha,
  sender: { id: 1, login: 'ada' },
  commit: { subject: 'x', authorLogin: null },
  pullRequest: null,
  ...change,
});
const schedule = { name: 'nightly', workflow: null };

suite('compared with', () => {
  const rows: [what: string, change: Partial<Trigger>, base: string | RegExp][] = [
    ['a push of the default branch', {}, earlier],
    ['its rerun', { event: 'rerun', rerun: { number: 1, what: { kind: 'all' } } }, earlier],
    ['the first push of the default branch', { before: noCommit }, /what main was before this push is not known/],
    ['a push of another branch', { ref: 'refs/heads/topic' }, 'main'],
    ['a new branch', { ref: 'refs/heads/topic', before: noCommit }, 'main'],
    ['a pull request of the same repository', { event: 'pull_request', ref: 'refs/heads/topic', pullRequest: { ...pullRequest, headRepositoryId: 7 } }, 'main'],
    ['a pull request of a fork', { event: 'pull_request', ref: 'refs/pull/3/head', pullRequest }, base],
    ['one of which GitHub did not say the base', { event: 'pull_request', ref: 'refs/pull/3/head', pullRequest: { ...pullRequest, baseSha: undefined } as never }, 'main'],
    ['a tag', { ref: 'refs/tags/v1' }, /a tag/],
    ['a schedule on the default branch', { event: 'schedule', schedule }, /nobody has pushed main/],
    ['its rerun too', { event: 'rerun', origin: 'schedule', schedule }, /nobody has pushed main/],
    ['one that the API asked for', { event: 'api' }, /nobody has pushed main/],
    ['a schedule on another branch', { event: 'schedule', schedule, ref: 'refs/heads/topic' }, 'main'],
    ['a work tree', { event: 'local' }, /a work tree/],
  ];
  for (const [what, change, expected] of rows)
    test(what, () => {
      const found = comparedWith(trigger(change));
      if (typeof expected === 'string') assert.deepEqual(found, { base: expected });
      else assert.match('unknown' in found ? found.unknown : '', expected);
    });
});

suite('what a pipeline hears', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'rh-changed-'))));
  after(() => rm(folder, { recursive: true }));
  const scene = async () => ({ forge: memoryForge(), store: fileStore(await mkdtemp(join(folder, 's-'))) });

  test('it hears the same again, and so does one that runs it again, whatever the branches are by then', async () => {
    const ports = await scene();
    ports.forge.changed.set(`main...${sha}`, ['docs/a']);
    const topic = trigger({ ref: 'refs/heads/topic' });
    assert.deepEqual(await changedPaths(ports, topic, 1), { paths: ['docs/a'] });
    ports.forge.changed.set(`main...${sha}`, []);
    assert.deepEqual(await changedPaths(ports, topic, 1), { paths: ['docs/a'] });
    const again = trigger({ ref: 'refs/heads/topic', event: 'rerun', rerun: { number: 1, what: { kind: 'all' } } });
    assert.deepEqual(await changedPaths(ports, again, 2), { paths: ['docs/a'] });
    assert.deepEqual(await changedPaths(ports, { ...again, rerun: { number: 2, what: { kind: 'all' } } }, 3), { paths: ['docs/a'] });
    assert.deepEqual(await changedPaths(ports, topic, 4), { paths: [] }, 'another pipeline asks anew');
  });

  test('a forge that does not answer is asked again, for some minutes', async () => {
    const ports = await scene();
    const forge = { ...ports.forge, changedPaths: () => Promise.reject(new ForgeUnavailable('GitHub could not compare', null)) };
    await assert.rejects(changedPaths({ ...ports, forge }, trigger(), 1), ForgeUnavailable);
    assert.deepEqual(await changedPaths({ ...ports, forge }, trigger({ receivedAt: new Date(Date.now() - 10 * 60_000).toISOString() }), 1), { unknown: 'GitHub could not compare' });
  });

  test('more than a compile should look at is unknown', async () => {
    const ports = await scene();
    ports.forge.changed.set(`${earlier}...${sha}`, Array.from({ length: 51 }, (_, i) => `${i}`.padEnd(1000, 'x')));
    assert.deepEqual(await changedPaths(ports, trigger(), 1), { unknown: 'their names have more than 50000 characters together' });
  });
});
