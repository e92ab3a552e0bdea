// Which schedules stay when pushes come in any order, and what starts when one fires while things have changed?

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { fireSchedule, keepSchedules, type SchedulePorts } from '../../../activities/control/schedules.ts';
import { rememberName } from '../../../activities/repository-name.ts';
import { mostSchedules, type BranchSchedules, type NamedSchedule } from '../../../config-schema/schedule.ts';
import type { PlanSchedule } from '../../../config-schema/plan.ts';
import { noCommit, type Repository, type Trigger } from '../../../config-schema/trigger.ts';
import { keepsSchedules } from '../../contracts/schedules.ts';
import { memorySchedules } from '../../fakes/schedules.ts';

const shop: Repository = { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 };
const pushTo = (branch: string, change: Partial<Trigger> = {}): Trigger => ({ event: 'push', deliveryId: 'd', receivedAt: '2026-01-01T00:00:00Z', repository: shop, ref: `refs/heads/${branch}`, before: noCommit, sha: 'a'.repeat(40), sender: { id: 1, login: 'ada' }, commit: { subject: '', authorLogin: null }, pullRequest: null, ...change });
const nightly: PlanSchedule = { workflow: 'nightly', cron: '0 4 * * *', branches: { only: ['main'], ignore: null } };
const hourly: PlanSchedule = { workflow: 'hourly', cron: '0 * * * *', branches: null };
const main = { kind: 'config', repositoryId: 7, branch: 'main' } as const;
const workflowsOf = async (schedules: SchedulePorts['schedules'], branch = 'main'): Promise<string[] | null> => {
  const found = (await schedules.find({ ...main, branch })) as BranchSchedules | null;
  return found && found.workflows.map(({ workflow }) => workflow);
};

test('the schedules in memory keep the contract', () => keepsSchedules(memorySchedules()));

test('each branch has the schedules that its own config says, and that are for it', async () => {
  const schedules = memorySchedules();
  await keepSchedules({ schedules }, pushTo('main'), 1, [nightly, hourly]);
  await keepSchedules({ schedules }, pushTo('other'), 2, [nightly, hourly]);
  await keepSchedules({ schedules }, pushTo('quiet'), 3, [nightly]);
  assert.deepEqual([await workflowsOf(schedules), await workflowsOf(schedules, 'other'), await workflowsOf(schedules, 'quiet')], [['nightly', 'hourly'], ['hourly'], null]);
  await keepSchedules({ schedules }, pushTo('other'), 4, []);
  assert.deepEqual([await workflowsOf(schedules), await workflowsOf(schedules, 'other')], [['nightly', 'hourly'], null]);
});

test('of two pushes the later one counts, in whatever order they are read', async () => {
  const schedules = memorySchedules();
  await keepSchedules({ schedules }, pushTo('main'), 9, [nightly]);
  await keepSchedules({ schedules }, pushTo('main'), 8, [hourly]);
  await keepSchedules({ schedules }, pushTo('main'), 8, []);
  assert.deepEqual(await workflowsOf(schedules), ['nightly']);
});

for (const [what, change] of [
  ['a rerun', { event: 'rerun' }],
  ['a tag', { ref: 'refs/tags/v1' }],
  ['a pull request of a fork', { event: 'pull_request', ref: 'refs/pull/1/head' }],
  ['one that an operator asked for', { event: 'api' }],
] as const)
  test(`${what} changes no schedule`, async () => {
    const schedules = memorySchedules();
    await keepSchedules({ schedules }, pushTo('main'), 1, [nightly]);
    await keepSchedules({ schedules }, pushTo('main', change), 2, [hourly]);
    assert.deepEqual(await workflowsOf(schedules), ['nightly']);
  });

test('whoever may push cannot make any number of them', async () => {
  const schedules = memorySchedules();
  const many = Array.from({ length: mostSchedules + 1 }, (_, n) => ({ ...hourly, cron: `${n} * * * *` }));
  assert.match((await keepSchedules({ schedules }, pushTo('main'), 1, many))[0]!, /has 51 schedules for this branch: only the first 50 count/);
  assert.equal((await workflowsOf(schedules))!.length, mostSchedules);
  for (let n = 1; n < mostSchedules; n++) assert.deepEqual(await keepSchedules({ schedules }, pushTo(`b${n}`), 1, [hourly]), []);
  assert.match((await keepSchedules({ schedules }, pushTo('one-more'), 1, [hourly]))[0]!, /^50 branches and names of this repository have schedules already/);
  assert.equal(await workflowsOf(schedules, 'one-more'), null);
  assert.deepEqual(await keepSchedules({ schedules }, pushTo('main'), 2, [nightly]), [], 'those that are there may change');
});

const folder = await mkdtemp(join(tmpdir(), 'rh-schedules-'));
after(() => rm(folder, { recursive: true }));

async function firing(change: Partial<SchedulePorts> = {}) {
  const store = fileStore(folder);
  await rememberName(store, shop, '2026-01-01T00:00:00Z');
  const delivered: Trigger[] = [];
  const ports = {
    store,
    schedules: memorySchedules(),
    findRepository: () => Promise.resolve(shop),
    headOf: (_repository: Repository, ref: string) => Promise.resolve(ref === 'refs/heads/main' ? 'b'.repeat(40) : null),
    isBuilt: () => Promise.resolve(true),
    deliver: (trigger: Trigger) => Promise.resolve(void delivered.push(trigger)),
    ...change,
  };
  return { ports, delivered };
}
const ofMain: BranchSchedules = { ...main, number: 3, workflows: [{ workflow: 'nightly', cron: '0 4 * * *' }, { workflow: 'hourly', cron: '0 * * * *' }] };
const weekly: NamedSchedule = { kind: 'named', repositoryId: 7, name: 'weekly', branch: 'main', cron: '0 0 * * 0', parameters: { deep: true }, by: 'operator root' };

test('what is due is delivered for the head of the branch, and another try is known again', async () => {
  const { ports, delivered } = await firing();
  for (let tries = 0; tries < 2; tries++) assert.deepEqual(await fireSchedule(ports, { scheduled: ofMain, at: '2026-11-29T04:00:00Z', firing: 'f1' }), []);
  await fireSchedule(ports, { scheduled: weekly, at: '2026-11-29T00:00:00Z', firing: 'f2' });
  assert.deepEqual(delivered.map(({ deliveryId, schedule, sha, parameters, sender }) => [deliveryId, schedule?.workflow, sha[0], parameters, sender.id]), [
    ['f1/nightly', 'nightly', 'b', undefined, 0],
    ['f1/hourly', 'hourly', 'b', undefined, 0],
    ['f1/nightly', 'nightly', 'b', undefined, 0],
    ['f1/hourly', 'hourly', 'b', undefined, 0],
    ['f2/weekly', null, 'b', { deep: true }, 0],
  ]);
});

for (const [what, change, why] of [
  ['the branch is gone', { headOf: () => Promise.resolve(null) }, 'there is no branch main any more'],
  ['the App is gone', { findRepository: () => Promise.resolve(null) }, 'the GitHub App is not installed on acme/shop any more'],
  ['another repository has the name', { findRepository: () => Promise.resolve({ ...shop, id: 8 }) }, 'the GitHub App is not installed on acme/shop any more'],
  ['nobody follows the repository', { isBuilt: () => Promise.resolve(false) }, 'nobody follows acme/shop'],
] as const)
  test(`when ${what}, nothing starts: what a config said ends, what a person arranged stays`, async () => {
    const { ports, delivered } = await firing(change);
    await ports.schedules.put(ofMain);
    await ports.schedules.put(weekly);
    for (const scheduled of [ofMain, weekly]) assert.deepEqual(await fireSchedule(ports, { scheduled, at: '2026-11-29T04:00:00Z', firing: 'f' }), [why]);
    assert.deepEqual([delivered, await ports.schedules.find(ofMain), await ports.schedules.find(weekly)], [[], null, weekly]);
  });
