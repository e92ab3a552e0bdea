// What runs without a push? A config's schedules come and go with its pushes, and each starts its own workflow; and somebody asks for a pipeline.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { temporalSchedules } from '../../activities/adapters/temporal-schedules.ts';
import type { NamedSchedule } from '../../config-schema/schedule.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import { rerunAsked } from '../../app/rerun.ts';
import { triggerAsked, type Asked, type TriggerPorts } from '../../app/trigger.ts';
import { deliverTrigger } from '../../workflows/client.ts';
import { keepsSchedules } from '../contracts/schedules.ts';
import { memoryAudit } from '../fakes/audit.ts';
import { startWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

test('Temporal keeps schedules', () => keepsSchedules(temporalSchedules(world.client)));

let last = 0;
const main = { kind: 'config', repositoryId: 7, branch: 'main' } as const;
const kept = async () => (await temporalSchedules(world.client).find(main)) ?? null;
const job = '{type: no-op}';
const configWith = (cron: string, ...more: string[]): string => `version: 2.1
parameters: {deep: {type: boolean, default: false}}
jobs: {build: ${job}, scan: ${job}}
workflows:
  ci: {jobs: [build]}
  nightly:
    triggers: [{schedule: {cron: "${cron}", filters: {branches: {only: main}}}}]
    jobs: [scan]
${more.join('\n')}`;
const next = async (): Promise<PipelineView> => world.ended((last += 1));
const ran = ({ workflows }: PipelineView): string[] => workflows.flatMap(({ name, jobs }) => jobs.map((each) => `${name}/${each.name} ${each.outcome}`));

/** As its time had come. */
async function fire(): Promise<string> {
  for await (const { scheduleId } of world.client.schedule.list()) {
    await world.client.schedule.getHandle(scheduleId).trigger();
    return scheduleId;
  }
  throw new Error('nothing is scheduled');
}

test('a push makes the schedules of its config, and runs none of them', async () => {
  await world.push(configWith('30 4 * * 1-5'));
  assert.deepEqual(ran(await next()), ['ci/build passed']);
  assert.deepEqual(await kept(), { ...main, number: 1, workflows: [{ workflow: 'nightly', cron: '30 4 * * 1-5' }] });
  const [{ next: at } = { next: null }] = await world.until('it is listed', async () => {
    const all = await temporalSchedules(world.client).list(7);
    return all.length > 0 && all;
  });
  assert.match(at!, /T04:30:00/);
});

test('when it fires, its workflow alone runs, for what the branch holds then', async () => {
  const { sha } = await world.push(configWith('30 4 * * 1-5').replace('jobs: [scan]', 'jobs: [scan, {build: {requires: [scan]}}]'));
  await next();
  await fire();
  const view = await next();
  assert.deepEqual(ran(view), ['nightly/scan passed', 'nightly/build passed']);
  assert.deepEqual([view.trigger.event, view.trigger.schedule, view.trigger.sha, view.trigger.ref], ['schedule', { name: 'nightly', workflow: 'nightly' }, sha, 'refs/heads/main']);
});

test('of several schedules only those start whose time it is', async () => {
  await world.push(configWith('30 4 * * *', '  hourly:', '    triggers: [{schedule: {cron: "15 * * * *", filters: {branches: {only: [main, other]}}}}]', '    jobs: [build]'));
  await next();
  for await (const { scheduleId } of world.client.schedule.list()) await world.client.schedule.getHandle(scheduleId).backfill({ start: new Date('2026-01-01T04:14:00Z'), end: new Date('2026-01-01T04:16:00Z'), overlap: 'ALLOW_ALL' });
  const view = await next();
  assert.deepEqual([view.trigger.schedule, ran(view)], [{ name: 'hourly', workflow: 'hourly' }, ['hourly/build passed']]);
});

test('another push changes it, and one of another branch does not', async () => {
  await world.push(configWith('0 6 * * *'));
  await next();
  assert.deepEqual(await kept(), { ...main, number: last, workflows: [{ workflow: 'nightly', cron: '0 6 * * *' }] });
  const before = await kept();
  await world.push('version: 2.1\njobs: {build: {type: no-op}}\nworkflows: {ci: {jobs: [build]}}\n', { ref: 'refs/heads/other' });
  await next();
  assert.deepEqual(await kept(), before);
});

test('a config without it ends it', async () => {
  await world.push(`version: 2.1\njobs: {build: ${job}}\nworkflows: {ci: {jobs: [build]}}\n`);
  await next();
  assert.equal(await kept(), null);
});

test('a schedule whose branch is gone starts nothing, and ends', async () => {
  await world.push(configWith('0 6 * * *'));
  await next();
  world.heads.delete('refs/heads/main');
  await fire();
  await world.until('it has ended', async () => (await kept()) === null);
});

test('one that somebody arranged runs what a push would run, with its parameters', async () => {
  await world.push(configWith('0 6 * * *', '  deep: {when: << pipeline.parameters.deep >>, jobs: [scan]}', '  weekly: {when: {equal: [weekly, << pipeline.schedule.name >>]}, jobs: [build]}'));
  assert.deepEqual(ran(await next()), ['ci/build passed']);
  const schedules = temporalSchedules(world.client);
  await schedules.remove(main);
  const weekly: NamedSchedule = { kind: 'named', repositoryId: 7, name: 'weekly', branch: 'main', cron: '0 0 * * 7', parameters: { deep: true }, by: 'operator root' };
  await schedules.put(weekly);
  assert.deepEqual(await schedules.find(weekly), weekly);
  await world.until('it alone is listed', async () => JSON.stringify((await schedules.list(7)).map(({ scheduled }) => scheduled)) === JSON.stringify([weekly]));
  await fire();
  assert.deepEqual(ran(await next()), ['ci/build passed', 'deep/scan passed', 'weekly/build passed']);
});

test('a pipeline that somebody asks for has its parameters and values, and so has its rerun', async () => {
  const { sha, repository } = await world.push(configWith('0 6 * * *', '  deep: {when: << pipeline.parameters.deep >>, jobs: [scan]}', '  asked: {when: {equal: [api, << pipeline.trigger_source >>]}, jobs: [scan]}'));
  assert.deepEqual(ran(await next()), ['ci/build passed']);
  const audit = memoryAudit();
  const ports: TriggerPorts = {
    client: world.client,
    store: world.store,
    audit,
    deliver: (trigger) => deliverTrigger(world.client, trigger),
    findRepository: () => Promise.resolve(repository),
    isBuilt: () => Promise.resolve(true),
    headOf: (_repository, ref) => Promise.resolve(world.heads.get(ref) ?? null),
  };
  const asker = { who: 'operator root', from: 'here' };
  const ask = (parameters: Asked['parameters']): Promise<number | null> => triggerAsked(ports, { repository: 'acme/shop', parameters }, { event: 'api', by: { id: 0, login: 'roundhouse[operator]' } }, asker);

  assert.equal(await ask({ deep: true }), last + 1);
  const view = await next();
  assert.deepEqual(ran(view), ['ci/build passed', 'deep/scan passed', 'asked/scan passed']);
  assert.deepEqual([view.trigger.sha, view.trigger.event, view.trust], [sha, 'api', 'T2']);
  assert.deepEqual(audit.events.map(({ who, action, details }) => [who, action, details]), [['operator root', 'pipeline.triggered', { event: 'api', ref: 'refs/heads/main', sha, parameters: ['deep'] }]]);

  assert.equal(await rerunAsked(ports, view, { kind: 'all' }, null, asker), last + 1);
  assert.deepEqual(ran(await next()), ['ci/build passed', 'deep/scan passed', 'asked/scan passed']);

  await ask({ deep: 'very', shallow: 1 });
  const faulty = await next();
  assert.equal(faulty.outcome, 'failed');
  assert.match(faulty.reason!, /^\.circle\.yml: .*Unexpected argument\(s\): shallow/);
});
