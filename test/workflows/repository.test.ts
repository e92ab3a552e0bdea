// How many pipelines of a repository run at once, who waits, and what becomes of them: through a real Temporal server.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelPipeline, disownRepository, listOpenPipelines, openPipelinesOf } from '../../workflows/client.ts';
import { pipelineWorkflowId, repositoryWorkflowId } from '../../config-schema/address.ts';
import { listBuilds } from '../../app/builds.ts';
import { pipelineHeld } from '../../workflows/messages.ts';
import { startWorld, type AtOnce, type World } from './world.ts';

let world: World;
const atOnce: AtOnce = { pipelinesAtOnce: 2, askAfterSeconds: 1 };
before(async () => {
  // The repository continues as new after a few pipelines already.
  const serverArgs = ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'];
  world = await startWorld({ queueTimeoutSeconds: 600, builderLostSeconds: 4, leaseSeconds: 5, explainAfterSeconds: 60 }, undefined, { atOnce, serverArgs });
});
after(() => world.stop());

/** Nobody offers a builder, so that it runs until it is canceled. */
const endless = 'version: 2.1\njobs:\n  build: {docker: [{image: "debian:bookworm"}], steps: [{run: "true"}]}\n';
let last = 0;
const push = async (config: string | null = endless): Promise<number> => {
  await world.push(config);
  return ++last;
};
const stateOf = async (number: number) => (await world.view(number))?.state;
const until = (number: number, state: 'waiting' | 'running') => world.until(`pipeline ${number} is ${state}`, async () => (await stateOf(number)) === state, 15_000);
const cancel = async (number: number) => {
  assert.equal(await cancelPipeline(world.client, 7, number), true);
  assert.equal((await world.ended(number)).outcome, 'canceled');
};

/** The repository continues as new when it has heard enough. */
const continued = async (tell: () => Promise<unknown>): Promise<void> => {
  const runOf = async () => (await world.client.workflow.getHandle(repositoryWorkflowId(7)).describe()).runId;
  const first = await runOf();
  await world.until('the repository has continued', async () => {
    await tell();
    return (await runOf()) !== first;
  });
};

test('more pipelines than may run at once wait in their order, and say so where builds are listed', async () => {
  const [first, second, third, fourth, fifth] = [await push(), await push(), await push(), await push(), await push()];
  for (const number of [first, second]) await until(number, 'running');
  for (const number of [third, fourth, fifth]) await until(number, 'waiting');
  const lines = await listBuilds(world, { limit: 10 });
  assert.deepEqual(
    lines.map(({ number, state, reason }) => [number, state, reason]).sort(),
    [first, second].map((number): unknown[] => [number, 'running', undefined]).concat([third, fourth, fifth].map((number) => [number, 'waiting', 'waits: 2 pipelines of this repository run, and no more may run at once'])),
  );
  // One that waits can be canceled like any other; it takes no place.
  await cancel(fourth);
  await cancel(second);
  await until(third, 'running');
  assert.equal((await world.view(third))!.reason, undefined);
  assert.equal(await stateOf(fifth), 'waiting');
  await cancel(first);
  await until(fifth, 'running');
  for (const number of [third, fifth]) await cancel(number);
});

test('they wait on when the repository continues as new, and a delivery is known as before', async () => {
  const [one, two, three] = [await push(), await push(), await push()];
  const { deliveryId, sha } = await world.push(endless);
  last += 1;
  await until(last, 'waiting');
  // Each drop is a signal of its own: enough of them for the next run.
  await continued(() => world.push(endless, { deliveryId, sha }));
  assert.deepEqual(await openPipelinesOf(world.client, 7), [one, two, three, last]);
  await cancel(one);
  await until(three, 'running');
  await cancel(two);
  await until(last, 'running');
  assert.equal((await listOpenPipelines(world.client)).length, 2, 'none was started for the repeated deliveries');
  for (const number of [three, last]) await cancel(number);
});

test('a pipeline that an operator terminated does not hold its place', async () => {
  const [one, two, three] = [await push(), await push(), await push()];
  await until(three, 'waiting');
  await world.client.workflow.getHandle(pipelineWorkflowId(7, one)).terminate('by the operator');
  await until(three, 'running');
  for (const number of [two, three]) await cancel(number);
});

test('a raised limit takes effect for those that wait, and a lowered one for those that come', async () => {
  const [one, two, three] = [await push(), await push(), await push()];
  await until(three, 'waiting');
  atOnce.pipelinesAtOnce = 3;
  await until(three, 'running');
  atOnce.pipelinesAtOnce = 1;
  const four = await push();
  await until(four, 'waiting');
  atOnce.pipelinesAtOnce = 0;
  const five = await push();
  for (const number of [four, five]) await until(number, 'running');
  atOnce.pipelinesAtOnce = 2;
  for (const number of [one, two, three, four, five]) await cancel(number);
});

test('a raised limit takes effect as soon when the repository has continued meanwhile', async () => {
  const [one, two, three] = [await push(), await push(), await push()];
  await until(three, 'waiting');
  // What it hears meanwhile does not say how many, as deliveries do.
  await continued(() => world.client.workflow.getHandle(repositoryWorkflowId(7)).signal(pipelineHeld, { number: one, held: false }));
  await sleep(1500); // It asks once as it begins.
  atOnce.pipelinesAtOnce = 3;
  await until(three, 'running');
  atOnce.pipelinesAtOnce = 2;
  for (const number of [one, two, three]) await cancel(number);
});

test('pipelines that end at once give their places back at once', async () => {
  const numbers: number[] = [];
  for (let count = 0; count < 12; count++) numbers.push(await push(null));
  for (const number of numbers) assert.equal((await world.ended(number)).outcome, 'skipped');
  await world.until('none is open', async () => (await openPipelinesOf(world.client, 7)).length === 0);
});

test('a repository that cannot be reached any more: its pipelines end without a word to the forge, whether they run or wait', async () => {
  const report = world.forge.report;
  const refused = Object.assign(new Error('Not Found'), { status: 404 });
  const numbers = [await push(), await push(), await push()];
  await until(numbers[2]!, 'waiting');
  world.forge.report = () => Promise.reject(refused);
  await disownRepository(world.client, 7, 'acme/shop was deleted');
  for (const number of numbers) {
    const view = await world.ended(number);
    assert.equal(view.outcome, 'canceled');
    assert.equal(view.reason, 'acme/shop was deleted');
  }
  world.forge.report = report;
  const number = await push(null);
  assert.equal((await world.ended(number)).outcome, 'skipped', 'what comes later, for the App is installed again, is built');
  await disownRepository(world.client, 4711, 'nothing ever happened in this one');
});
