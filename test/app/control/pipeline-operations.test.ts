// What does the command line hear when it has a pipeline run again?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '../../../app/control/operation.ts';
import { pipelineOperations } from '../../../app/control/pipeline-operations.ts';
import { runOperation } from '../../../app/control/run-operation.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import { failedView, runningView } from '../page/pipeline-scene.ts';

const asker = { who: 'operator root', from: 'command line at ci' };

async function rerunOf(view: PipelineView | null): Promise<{ answer: unknown; asked: unknown[] }> {
  const asked: unknown[] = [];
  const known = pipelineOperations({
    readPipeline: (owner, name, number) => Promise.resolve(owner === 'acme' && name === 'rocket' && number === 7 ? view : null),
    rerun: (found, by, who) => Promise.resolve((asked.push([found.number, by, who]), 8)),
  });
  return { answer: await runOperation(known['pipelines.rerun']!, { repository: 'acme/rocket', number: 7 }, asker), asked };
}

test('an ended pipeline runs again, and its number is told', async () => assert.deepEqual(await rerunOf(failedView()), { answer: { number: 8 }, asked: [[7, null, asker]] }));

const local = failedView();
local.trigger.event = 'local';
for (const [what, view, sentence] of [
  ['one that runs', runningView(), /has not ended\. Wait for it, or cancel it first: roundhouse cancel acme\/rocket#7/],
  ['one of a work tree', local, /came from a work tree/],
  ['one that is not there', null, /there is no pipeline acme\/rocket#7\. See: roundhouse builds acme\/rocket/],
] as const) {
  test(`${what} does not`, () => assert.rejects(rerunOf(view), (error) => error instanceof Refused && sentence.test(error.message)));
}
