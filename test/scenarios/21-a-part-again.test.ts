// Approved and run again in part from the command line, in real sandboxes, with the files of what is not run again.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { summaryKey, type PipelineView } from '../../config-schema/view.ts';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

const job = (...steps: string[]): string => `{docker: [{image: "debian:bookworm"}], steps: [${steps.join(', ')}]}`;

const ended = (number: number): Promise<PipelineView> =>
  instance.until(
    `pipeline ${number} has ended`,
    async () => {
      const bytes = await instance.store.get(summaryKey(instance.repositoryId, number));
      return bytes && (JSON.parse(Buffer.from(bytes).toString()) as PipelineView);
    },
    120_000,
  );

test('what failed runs again with the workspace and the approval of before', async () => {
  const sha = await instance.push({
    '.circle.yml': `version: 2.1
jobs:
  build: ${job('run: mkdir /out; echo built in << pipeline.number >> | tee /out/built', 'persist_to_workspace: {root: /out, paths: [built]}')}
  test: ${job('attach_workspace: {at: /ws}', "run: grep -x 'built in 1' /ws/built && test << pipeline.number >> != 1")}
  deploy: ${job('attach_workspace: {at: /ws}', 'run: cat /ws/built')}
workflows: {ci: {jobs: [build, {hold: {type: approval}}, {test: {requires: [build]}}, {deploy: {requires: [test, hold]}}]}}
`,
  });
  const name = instance.repository;
  assert.equal((await instance.check(sha, 'hold')).conclusion, 'action_required');
  assert.equal((await instance.roundhouse('approve', `${name}#1/ci/hold`)).code, 0);
  const late = await instance.roundhouse('approve', `${name}#1/ci/hold`);
  assert.deepEqual([late.code, /hold was approved by operator \S+, so there is nothing to approve\.|has ended/.test(late.stderr)], [2, true], late.stderr);
  assert.deepEqual((await ended(1)).workflows[0]!.jobs.map((each) => `${each.name} ${each.outcome}`), ['build passed', 'hold passed', 'test failed', 'deploy not-run']);

  const again = await instance.roundhouse('rerun', `${name}#1`, '--failed');
  assert.equal(again.stdout, `${name}#2\n`);
  const view = await ended(2);
  assert.deepEqual(view.workflows[0]!.jobs.map((each) => `${each.name} ${each.outcome} ${each.carriedFrom ?? ''}`.trim()), ['build passed 1', 'hold passed 1', 'test passed', 'deploy passed']);
  assert.equal((await instance.roundhouse('logs', `${name}#2/ci/build`, '--step', '1')).stdout, 'built in 1\n', 'the log of what was taken over');
  assert.match(await instance.logOf(view, { job: 'deploy', step: 1 }), /built in 1/);
  const checks = instance.github.checkRuns(name, sha).map((check) => `${check.name} ${check.conclusion}`);
  for (const check of ['build success', 'hold success', 'test success', 'deploy success']) assert.ok(checks.includes(check), `${check} is none of ${checks.join(', ')}`);
  const over = await instance.roundhouse('cancel', `${name}#2/ci/test`);
  assert.deepEqual([over.code, /pipeline #2 has ended, so there is nothing to cancel\./.test(over.stderr)], [2, true], over.stderr);
});
