// What can people do with a pipeline while it is open: approve, cancel a part, run a part again?

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { Answer, Ask } from '../../config-schema/ask.ts';
import type { JobView, PipelineView } from '../../config-schema/view.ts';
import { askPipeline } from '../../workflows/client.ts';
import { startWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  await world.startBuilder('b1');
});
after(() => world.stop());

let last = 0;
const job = (command: string, more = ''): string => `{docker: [{image: "debian:bookworm"}], working_directory: ${world.folder}, ${more}steps: [{run: ${JSON.stringify(command)}}]}`;
const asked = (what: Ask): Promise<Answer> => askPipeline(world.client, 7, last, what);
const jobsOf = (view: PipelineView): JobView[] => view.workflows.flatMap(({ jobs }) => jobs);
const outcomes = (view: PipelineView): string[] => jobsOf(view).map(({ name, outcome }) => `${name} ${outcome}`);
const checksOf = (sha: string): string[] => [...world.forge.checks.values()].filter((check) => check.sha === sha).map(({ name, status, conclusion, output }) => `${name} ${status} ${conclusion}: ${output!.title}`).sort();
const openView = (what: string, look: (view: PipelineView) => boolean): Promise<PipelineView | null> =>
  world.until(what, async () => {
    const view = await world.view(last);
    return view && look(view) && view;
  });
const waits = (name: string): Promise<PipelineView | null> => openView(`${name} waits`, (view) => jobsOf(view).some((each) => each.name === name && each.reason === 'waits for an approval'));
const has = (name: string, outcome: string): Promise<PipelineView | null> => openView(`${name} is ${outcome}`, (view) => jobsOf(view).some((each) => each.name === name && each.outcome === outcome));

test('what requires an approval runs when a person has given it, and of two at once the second hears who did', async () => {
  const { sha } = await world.push(`version: 2.1
jobs:
  build: ${job('true')}
  deploy: ${job('true')}
workflows: {ci: {jobs: [build, {hold: {type: approval, requires: [build]}}, {deploy: {requires: [hold]}}]}}
`);
  last += 1;
  await waits('hold');
  assert.deepEqual(await asked({ kind: 'approve', by: 'ada', workflow: 'ci', job: 'deploy' }), { done: false, why: 'workflow ci has no job deploy that waits for an approval' });
  await world.until('the check asks for it', () => Promise.resolve(checksOf(sha).find((check) => /^hold completed action_required/.test(check))));
  const people = ['ada', 'grace'];
  const answers = await Promise.all(people.map((by) => asked({ kind: 'approve', by, workflow: 'ci', job: 'hold' })));
  const first = people.find((_, i) => answers[i]!.done)!;
  assert.deepEqual(answers.filter(({ done }) => !done), [{ done: false, why: `hold was approved by ${first}` }]);
  const view = await world.ended(last);
  assert.deepEqual(outcomes(view), ['build passed', 'hold passed', 'deploy passed']);
  assert.equal(jobsOf(view)[1]!.approvedBy, first);
  assert.deepEqual(checksOf(sha).map((check) => check.split(':')[0]), ['build completed success', 'deploy completed success', 'hold completed success']);
});

test('what waits for an approval is canceled with its pipeline, with the reason', async () => {
  await world.push(`version: 2.1
jobs:
  deploy: ${job('true')}
workflows: {ci: {jobs: [{hold: {type: approval}}, {deploy: {requires: [hold]}}]}}
`);
  last += 1;
  await waits('hold');
  await asked({ kind: 'cancel', by: 'ada' });
  const view = await world.ended(last);
  assert.equal(view.outcome, 'canceled');
  assert.deepEqual(jobsOf(view).map(({ name, outcome, reason }) => [name, outcome, reason]), [['hold', 'canceled', 'canceled by ada'], ['deploy', 'canceled', 'canceled by ada']]);
  assert.deepEqual(await asked({ kind: 'approve', by: 'ada', workflow: 'ci', job: 'hold' }), { done: false, why: `pipeline #${last} has ended` });
});

test('one workflow or one job is canceled while the rest goes on', async () => {
  await world.push(`version: 2.1
jobs:
  long: ${job('sleep 60')}
  other: ${job('sleep 60')}
  after: ${job('true')}
workflows:
  ci: {jobs: [long, other, {after: {requires: [{long: canceled}]}}]}
  docs: {jobs: [{hold: {type: approval}}]}
`);
  last += 1;
  await openView('both run', (view) => jobsOf(view).filter(({ state }) => state === 'running').length === 2);
  assert.deepEqual(await asked({ kind: 'cancel', by: 'ada', workflow: 'ci', job: 'long' }), { done: true });
  await has('after', 'passed');
  assert.deepEqual(await asked({ kind: 'cancel', by: 'grace', workflow: 'ci' }), { done: true });
  await has('other', 'canceled');
  assert.deepEqual(await asked({ kind: 'approve', by: 'ada', workflow: 'docs', job: 'hold' }), { done: true });
  const view = await world.ended(last);
  assert.deepEqual(jobsOf(view).map(({ name, outcome, reason }) => [name, outcome, reason]), [
    ['long', 'canceled', 'canceled by ada'],
    ['other', 'canceled', 'canceled by grace'],
    ['after', 'passed', undefined],
    ['hold', 'passed', undefined],
  ]);
});

test('a failed job runs again while the rest of its pipeline goes on, and what did not run because of it does', async () => {
  const flag = `${world.folder}/mended`;
  const { sha } = await world.push(`version: 2.1
jobs:
  test: ${job(`test -e ${flag}`)}
  deploy: ${job('true')}
workflows: {ci: {jobs: [test, {deploy: {requires: [test]}}, {hold: {type: approval}}]}}
`);
  last += 1;
  await has('deploy', 'not-run');
  assert.deepEqual(await asked({ kind: 'rerun', by: 'ada', what: { kind: 'job', workflow: 'ci', job: 'nothing' } }), { done: false, why: 'workflow ci has no job nothing' });
  await writeFile(flag, '');
  assert.deepEqual(await asked({ kind: 'rerun', by: 'ada', what: { kind: 'failed' } }), { done: true });
  await has('deploy', 'passed');
  assert.deepEqual(await asked({ kind: 'rerun', by: 'ada', what: { kind: 'failed' } }), { done: false, why: 'no job of workflow ci has failed' });
  await asked({ kind: 'approve', by: 'ada', workflow: 'ci', job: 'hold' });
  const view = await world.ended(last);
  assert.equal(view.outcome, 'passed');
  const [tests] = jobsOf(view);
  assert.deepEqual([tests!.slices[0]!.attempt, tests!.slices[0]!.notes], [2, ['run again by ada']]);
  assert.deepEqual(checksOf(sha).map((check) => check.split(':')[0]), ['deploy completed success', 'hold completed success', 'test completed success']);
});

test('one slice runs again while its siblings go on', async () => {
  await world.push(`version: 2.1
jobs:
  test: ${job('if test $CIRCLE_NODE_INDEX = 0; then test -e go; else until test -e go; do sleep 0.1; done; fi', 'parallelism: 2, ')}
workflows: {ci: {jobs: [test]}}
`);
  last += 1;
  await openView('slice 0 has failed', (view) => jobsOf(view)[0]?.slices[0]?.outcome === 'failed');
  assert.deepEqual(await asked({ kind: 'rerun', by: 'ada', what: { kind: 'job', workflow: 'ci', job: 'test', slice: 1 } }), { done: false, why: 'slice 1 of job test has not ended' });
  await writeFile(`${world.folder}/go`, '');
  assert.deepEqual(await asked({ kind: 'rerun', by: 'ada', what: { kind: 'job', workflow: 'ci', job: 'test', slice: 0 } }), { done: true });
  const view = await world.ended(last);
  assert.deepEqual(jobsOf(view)[0]!.slices.map(({ outcome, attempt }) => [outcome, attempt]), [['passed', 2], ['passed', 1]]);
});

test('failed jobs run again by themselves, as often as the workflow says and not more', async () => {
  const count = `${world.folder}/count`;
  await world.push(`version: 2.1
jobs:
  flaky: ${job(`echo x >> ${count}; test $(wc -l < ${count}) -eq 3`)}
  hopeless: ${job('exit 1')}
  after: ${job('true')}
workflows:
  ci: {max_auto_reruns: 3, jobs: [flaky, {after: {requires: [flaky]}}]}
  other: {max_auto_reruns: 1, jobs: [hopeless]}
`);
  const view = await world.ended(++last);
  assert.deepEqual(outcomes(view), ['flaky passed', 'after passed', 'hopeless failed']);
  assert.deepEqual(jobsOf(view).map(({ slices }) => slices[0]!.attempt), [3, 3, 2]);
  assert.deepEqual(view.workflows.map(({ autoReruns }) => autoReruns), [2, 1]);
});

test('a newer pipeline cancels what it supersedes, but for workflows that say otherwise', async () => {
  await world.push(`version: 2.1
jobs:
  test: ${job('sleep 60')}
  deploy: ${job('sleep 3')}
workflows:
  ci: {jobs: [test]}
  cd: {auto_cancel: false, jobs: [deploy]}
`);
  last += 1;
  await openView('both run', (view) => jobsOf(view).filter(({ state }) => state === 'running').length === 2);
  assert.deepEqual(await asked({ kind: 'superseded', number: 99 }), { done: true });
  const view = await world.ended(last);
  assert.deepEqual(jobsOf(view).map(({ name, outcome, reason }) => [name, outcome, reason]), [['test', 'canceled', 'superseded by #99'], ['deploy', 'passed', undefined]]);
});

test('cancel races success: whichever comes first, there is one end and the check agrees with it', async () => {
  const race = async ({ sha, number }: { sha: string; number: number }): Promise<void> => {
    await world.until('it runs', async () => {
      const view = await world.view(number);
      return view !== null && jobsOf(view).some(({ state }) => state !== 'waiting');
    });
    await askPipeline(world.client, 7, number, { kind: 'cancel', by: 'ada' });
    const view = await world.ended(number);
    const conclusion = { passed: 'success', canceled: 'cancelled' }[view.outcome as 'passed' | 'canceled'];
    assert.deepEqual(checksOf(sha).map((check) => check.split(':')[0]), [`build completed ${conclusion}`]);
  };
  // Fifty races, four at a time, which is what the builder has room for; pushes go one after the other, as they are numbered.
  let pushing = Promise.resolve({ sha: '', number: 0 });
  const racer = async (_: unknown, lane: number): Promise<void> => {
    for (let round = lane; round < 50; round += 4) {
      pushing = pushing.then(async () => ({ sha: (await world.push(`version: 2.1\njobs:\n  build: ${job(`sleep 0.${round % 10}`)}\n`)).sha, number: ++last }));
      await race(await pushing);
    }
  };
  await Promise.all(Array.from({ length: 4 }, racer));
});
