// What becomes of older pipelines when a branch moves on, and of places while a person is waited for: through a real Temporal server.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Trigger } from '../../config-schema/trigger.ts';
import { askPipeline, openPipelinesOf } from '../../workflows/client.ts';
import { repositoryWorkflowId } from '../../config-schema/address.ts';
import { startWorld, type AtOnce, type World } from './world.ts';

let world: World;
const atOnce: AtOnce = { pipelinesAtOnce: 0, askAfterSeconds: 60, autoCancel: 'branches' };
before(async () => {
  // The repository continues as new after a few pipelines already.
  const serverArgs = ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'];
  world = await startWorld({ queueTimeoutSeconds: 600, builderLostSeconds: 4, leaseSeconds: 5, explainAfterSeconds: 60 }, undefined, { atOnce, serverArgs });
});
after(() => world.stop());

const job = '{docker: [{image: "debian:bookworm"}], steps: [{run: "true"}]}';
/** Nobody offers a builder, so that it runs until it is canceled. */
const endless = `version: 2.1\njobs:\n  build: ${job}\n`;
const held = 'version: 2.1\njobs:\n  hold: {type: approval}\nworkflows: {ci: {jobs: [hold]}}\n';
const topic: Partial<Trigger> = { ref: 'refs/heads/topic' };
let last = 0;
const push = async (config: string, change: Partial<Trigger> = topic): Promise<number> => {
  await world.push(config, change);
  return ++last;
};
const until = (number: number, state: 'waiting' | 'running') => world.until(`pipeline ${number} is ${state}`, async () => (await world.view(number))?.state === state, 15_000);
const untilJobs = (number: number) => world.until(`pipeline ${number} has jobs`, async () => ((await world.view(number))?.workflows ?? []).length > 0, 15_000);
const cancel = async (...numbers: number[]) => {
  for (const number of numbers) {
    assert.deepEqual(await askPipeline(world.client, 7, number, { kind: 'cancel', by: 'ada' }), { done: true });
    await world.ended(number);
  }
};
const endOf = async (number: number) => {
  const { outcome, reason } = await world.ended(number);
  return [outcome, reason];
};

test('a push cancels the older pipelines of its branch, whether they run or wait for a place, and no other', async () => {
  atOnce.pipelinesAtOnce = 2;
  const [other, first] = [await push(endless, { ref: 'refs/heads/other' }), await push(endless)];
  await untilJobs(first);
  const second = await push(endless);
  assert.deepEqual(await endOf(first), ['canceled', `superseded by #${second}`]);
  await until(second, 'running');
  const [main, third] = [await push(endless, {}), await push(endless)];
  assert.deepEqual(await endOf(second), ['canceled', `superseded by #${third}`]);
  await until(main, 'running');
  await until(third, 'waiting');
  const fourth = await push(endless);
  assert.deepEqual(await endOf(third), ['canceled', `superseded by #${fourth}`]);
  await cancel(other, main, fourth);
  atOnce.pipelinesAtOnce = 0;
});

test('workflows with `auto_cancel: false` go on, also when the next push comes before the config is read', async () => {
  const load = world.forge.load;
  const gate = Promise.withResolvers<void>();
  world.forge.load = async (...args) => gate.promise.then(() => load(...args));
  const older = await push(`version: 2.1
jobs: {test: ${job}, deploy: ${job}}
workflows: {ci: {jobs: [test]}, cd: {auto_cancel: false, jobs: [deploy]}}
`);
  const newer = await push(endless);
  gate.resolve();
  await world.until('the workflow that may go is canceled', async () => (await world.view(older))?.workflows.find(({ name }) => name === 'ci')?.outcome === 'canceled');
  assert.equal((await world.view(older))!.workflows.find(({ name }) => name === 'cd')!.outcome, null);
  world.forge.load = load;
  await cancel(older, newer);
});

test('the repository knows which branch a pipeline is of when it has continued as new', async () => {
  const { runId } = await world.client.workflow.getHandle(repositoryWorkflowId(7)).describe();
  const older = await push(endless);
  await world.until('the repository has continued', async () => {
    await push(held, { ref: `refs/heads/other-${last}` });
    return (await world.client.workflow.getHandle(repositoryWorkflowId(7)).describe()).runId !== runId;
  });
  const newer = await push(endless);
  assert.deepEqual(await endOf(older), ['canceled', `superseded by #${newer}`]);
  await cancel(...(await openPipelinesOf(world.client, 7)).filter((number) => number !== older));
});

test('a pipeline of which nothing runs until somebody approves takes no place, also when the repository has continued as new', async () => {
  atOnce.pipelinesAtOnce = 1;
  const { deliveryId, sha } = await world.push(held);
  const first = ++last;
  await untilJobs(first);
  const { runId } = await world.client.workflow.getHandle(repositoryWorkflowId(7)).describe();
  await world.until('the repository has continued', async () => {
    await world.push(held, { deliveryId, sha });
    return (await world.client.workflow.getHandle(repositoryWorkflowId(7)).describe()).runId !== runId;
  });
  const second = await push(endless, {});
  await until(second, 'running');
  const third = await push(endless, {});
  await until(third, 'waiting');
  assert.deepEqual(await askPipeline(world.client, 7, first, { kind: 'approve', by: 'ada', workflow: 'ci', job: 'hold' }), { done: true });
  assert.deepEqual(await endOf(first), ['passed', undefined]);
  assert.equal((await world.view(third))!.state, 'waiting', 'it gave back no place that it had not');
  await cancel(second);
  await until(third, 'running');
  await cancel(third);
  atOnce.pipelinesAtOnce = 0;
});
