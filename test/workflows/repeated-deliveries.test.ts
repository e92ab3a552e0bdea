// Is a delivery known that comes again days later? The repository's memory is set back in the state that one run hands to the next, as if so many days had gone by.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { repositoryWorkflowId } from '../../config-schema/address.ts';
import { controlQueue } from '../../config-schema/queues.ts';
import type { Trigger } from '../../config-schema/trigger.ts';
import { deliverTrigger, openPipelinesOf } from '../../workflows/client.ts';
import type { repository, RepositoryState } from '../../workflows/repository.ts';
import { startWorld, type World } from './world.ts';

const config = 'version: 2.1\njobs: {nothing: {type: no-op}}\nworkflows: {ci: {jobs: [nothing]}}\n';

let world: World;
before(async () => {
  // One pipeline is enough that the repository continues as new.
  world = await startWorld({}, undefined, { serverArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=10'] });
});
after(() => world.stop());

const handle = () => world.client.workflow.getHandle(repositoryWorkflowId(7));

/** What the run of before has handed on. */
const state = (): Promise<RepositoryState> =>
  world.until('a run has handed on what it knows', async () => {
    const { events } = await handle().fetchHistory();
    const { input, continuedExecutionRunId } = events![0]!.workflowExecutionStartedEventAttributes!;
    const [codec] = world.client.options.loadedDataConverter.payloadCodecs;
    if (!continuedExecutionRunId) return null;
    const [payload] = await codec!.decode(input!.payloads as Payload[]);
    return defaultPayloadConverter.fromPayload<RepositoryState>(payload!);
  });

/** As if all that it has heard had been so long ago, and every pipeline had ended. */
async function goBack(days: number): Promise<void> {
  const now = await state();
  await handle().terminate();
  const args: [RepositoryState] = [{ ...now, running: [], heads: [], seen: now.seen.map(([hour, hashes]) => [hour - days * 24, hashes]) }];
  await world.client.workflow.start<typeof repository>('repository', { workflowId: repositoryWorkflowId(7), taskQueue: controlQueue, args });
}

async function deliver(trigger: Trigger, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await deliverTrigger(world.client, trigger);
}

/** Another push gets the next number, when all before it has been dealt with. */
async function nextNumber(number: number): Promise<void> {
  const { sha } = await world.push(config);
  assert.equal((await world.ended(number)).trigger.sha, sha);
  await world.until('its end is known', async () => (await openPipelinesOf(world.client, 7)).length === 0);
}

test('ten identical deliveries, some of them two days after the others, are one pipeline', async () => {
  const trigger = await world.push(config);
  await world.ended(1);
  await deliver(trigger, 4);
  await nextNumber(2);
  await goBack(2);
  await deliver(trigger, 5);
  await nextNumber(3);
});

test('what comes later than GitHub can send anything again is news', async () => {
  const trigger = await world.push(config);
  await world.ended(4);
  await nextNumber(5);
  await goBack(5);
  await deliver(trigger, 2);
  assert.equal((await world.ended(6)).trigger.sha, trigger.sha);
  await nextNumber(7);
});
