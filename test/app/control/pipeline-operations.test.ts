// What does the command line say to the app when a pipeline or a part of it is approved, canceled, run again, allowed; and what does it hear?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { allow } from '../../../app/cli/allow.ts';
import { approve } from '../../../app/cli/approve.ts';
import { cancel } from '../../../app/cli/cancel.ts';
import { Problem } from '../../../app/cli/problem.ts';
import { rerun } from '../../../app/cli/rerun.ts';
import type { Ask } from '../../../app/control/ask.ts';
import { Refused } from '../../../app/control/operation.ts';
import { pipelineOperations } from '../../../app/control/pipeline-operations.ts';
import { runOperation } from '../../../app/control/run-operation.ts';
import { failedView } from '../page/pipeline-scene.ts';

const asker = { who: 'operator root', from: 'command line at ci' };

/** What the app was asked for by this command; it prints nothing here. */
async function asks(command: (ask: Ask) => Promise<void>): Promise<unknown[]> {
  const asked: unknown[] = [];
  const known = pipelineOperations({
    readPipeline: (owner, name, number) => Promise.resolve(owner === 'acme' && name === 'rocket' && number === 7 ? failedView() : null),
    rerun: (view, what, by, who) => Promise.resolve((asked.push('rerun', view.number, what, by, who), 8)),
    approve: (view, job, who) => Promise.resolve(void asked.push('approve', view.number, job, who)),
    cancel: (view, part, who) => Promise.resolve(void asked.push('cancel', view.number, part, who)),
    allow: (view, who) => Promise.resolve(void asked.push('allow', view.number, who)),
  });
  await command(async (operation, input) => (await runOperation(known[operation]!, JSON.parse(JSON.stringify(input)), asker)) as never);
  return asked;
}

suite('run again', () => {
  const rows: [address: string, failed: boolean, what: unknown][] = [
    ['acme/rocket#7', false, { kind: 'all' }],
    ['acme/rocket#7', true, { kind: 'failed' }],
    ['acme/rocket#7/ci', false, { kind: 'workflow', workflow: 'ci' }],
    ['acme/rocket#7/ci', true, { kind: 'failed', workflow: 'ci' }],
    ['acme/rocket#7/ci/unit%20tests', false, { kind: 'job', workflow: 'ci', job: 'unit tests' }],
    ['acme/rocket#7/ci/unit%20tests/2', false, { kind: 'job', workflow: 'ci', job: 'unit tests', slice: 2 }],
  ];
  for (const [address, failed, what] of rows) test(`${address}${failed ? ' --failed' : ''}`, async () => assert.deepEqual(await asks((ask) => rerun(ask, address, { failed })), ['rerun', 7, what, null, asker]));
});

suite('canceled, approved and allowed', () => {
  for (const [address, part] of [['acme/rocket#7', {}], ['acme/rocket#7/ci', { workflow: 'ci' }], ['acme/rocket#7/ci/lint', { workflow: 'ci', job: 'lint' }]] as const) {
    test(`cancel ${address}`, async () => assert.deepEqual(await asks((ask) => cancel(ask, address)), ['cancel', 7, part, asker]));
  }
  test('approve acme/rocket#7/ci/hold', async () => assert.deepEqual(await asks((ask) => approve(ask, 'acme/rocket#7/ci/hold')), ['approve', 7, { workflow: 'ci', job: 'hold' }, asker]));
  test('allow acme/rocket#7', async () => assert.deepEqual(await asks((ask) => allow(ask, 'acme/rocket#7')), ['allow', 7, asker]));
});

suite('a sentence for what cannot be', () => {
  const rows: [what: string, command: (ask: Ask) => Promise<void>, kind: typeof Refused | typeof Problem, sentence: RegExp][] = [
    ['a pipeline that is not there', (ask) => rerun(ask, 'acme/rocket#8', {}), Refused, /there is no pipeline acme\/rocket#8\. See: roundhouse builds acme\/rocket/],
    ['no address', (ask) => rerun(ask, 'rocket', {}), Problem, /^rocket cannot be run again\. Write OWNER\/NAME#PIPELINE,/],
    ['an attempt', (ask) => rerun(ask, 'acme/rocket#7/ci/lint/0@2', {}), Problem, /cannot be run again/],
    ['failed jobs of a job', (ask) => rerun(ask, 'acme/rocket#7/ci/lint', { failed: true }), Problem, /is one job, which runs again however it ended\. Leave out --failed\./],
    ['canceling a slice', (ask) => cancel(ask, 'acme/rocket#7/ci/lint/0'), Problem, /cannot be canceled\. Write OWNER\/NAME#PIPELINE, and after it \/WORKFLOW or \/WORKFLOW\/JOB/],
    ['approving a workflow', (ask) => approve(ask, 'acme/rocket#7/ci'), Problem, /is no job\. Write OWNER\/NAME#PIPELINE\/WORKFLOW\/JOB\./],
    ['allowing a job', (ask) => allow(ask, 'acme/rocket#7/ci/lint'), Problem, /^acme\/rocket#7\/ci\/lint is no pipeline\. Write OWNER\/NAME#PIPELINE\.$/],
    ['allowing a pipeline that is not there', (ask) => allow(ask, 'acme/rocket#8'), Refused, /there is no pipeline acme\/rocket#8\./],
  ];
  for (const [what, command, kind, sentence] of rows) test(what, () => assert.rejects(asks(command), (error) => error instanceof kind && sentence.test(error.message)));
});
