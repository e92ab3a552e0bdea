// How does a part of a pipeline run again: as a pipeline of its own, which takes over what passed, and in place while one is open?

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { AuditEvent } from '../../activities/control/audit.ts';
import { approveAsked, cancelAsked } from '../../app/asks.ts';
import { Refused } from '../../app/control/operation.ts';
import { rerunAsked, type RerunPorts } from '../../app/rerun.ts';
import type { RerunOf, Trigger } from '../../config-schema/trigger.ts';
import type { JobView, PipelineView } from '../../config-schema/view.ts';
import { deliverTrigger } from '../../workflows/client.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let repository: Trigger['repository'];
before(async () => {
  world = await startWorld();
  await world.startBuilder('b1');
});
after(() => world.stop());

let last = 0;
const noted: AuditEvent[] = [];
const asker = { who: 'github:9 bob', from: 'page at 10.0.0.7' };
const ports = (): RerunPorts => ({ client: world.client, store: world.store, deliver: (trigger) => deliverTrigger(world.client, trigger), audit: { append: (event) => Promise.resolve(void noted.push(event)) }, isBuilt: () => Promise.resolve(true), findRepository: () => Promise.resolve(repository) });
const rerun = (view: PipelineView, what: RerunOf): Promise<number | null> => rerunAsked(ports(), view, what, { id: 9, login: 'bob' }, asker);

const push = async (config: string): Promise<Trigger> => {
  const trigger = await world.push(config);
  ({ repository } = trigger);
  last += 1;
  return trigger;
};
const jobsOf = (view: PipelineView): JobView[] => view.workflows.flatMap(({ jobs }) => jobs);
const jobOf = (view: PipelineView, name: string): JobView => jobsOf(view).find((job) => job.name === name)!;
const stands = (view: PipelineView): string[] => jobsOf(view).map(({ name, outcome, carriedFrom }) => `${name} ${outcome}${carriedFrom === undefined ? '' : ` from #${carriedFrom}`}`);
const openView = (what: string, look: (view: PipelineView) => boolean): Promise<PipelineView> =>
  world.until(what, async () => {
    const view = await world.view(last);
    return view && look(view) && view;
  });
const waits = (name: string): Promise<PipelineView> => openView(`${name} waits`, (view) => jobOf(view, name)?.reason === 'waits for an approval');
const refusal = (pattern: RegExp) => (error: unknown) => error instanceof Refused && pattern.test(error.message);

/** A job in a folder of its own, with these further steps. */
const job = (name: string, steps: string, more = ''): string => `{docker: [{image: "debian:bookworm"}], working_directory: ${world.folder}/${name}, ${more}steps: [${steps}]}`;
const run = (command: string): string => `{run: ${JSON.stringify(command)}}`;
const persist = '{persist_to_workspace: {root: out, paths: ["*"]}}';
const attach = '{run: "rm -rf in"}, {attach_workspace: {at: in}}';

test('only what failed runs again, with the files of what passed, once and twice', async () => {
  const [flag, other] = [`${world.folder}/one`, `${world.folder}/two`];
  const { sha } = await push(`version: 2.1
jobs:
  build: ${job('build', `${run('mkdir -p out; date +%N > out/built; cp out/built ..')}, ${persist}`)}
  test: ${job('test', `${attach}, ${run(`cmp in/built ../built && test -e ${flag}`)}`)}
  pack: ${job('pack', `${attach}, ${run(`cmp in/built ../built && test -e ${other}`)}`)}
workflows: {ci: {jobs: [build, {hold: {type: approval}}, {test: {requires: [build]}}, {pack: {requires: [test, hold]}}]}}
`);
  await approveAsked(ports(), await waits('hold'), { workflow: 'ci', job: 'hold' }, asker);
  const first = await world.ended(last);
  assert.deepEqual(stands(first), ['build passed', 'hold passed', 'test failed', 'pack not-run']);

  await writeFile(flag, '');
  assert.equal(await rerun(first, { kind: 'failed' }), ++last);
  const second = await world.ended(last);
  assert.deepEqual(stands(second), ['build passed from #1', 'hold passed from #1', 'test passed', 'pack failed'], 'the approval is kept too');
  assert.deepEqual([second.trigger.event, second.trigger.sha, second.trigger.rerun], ['rerun', sha, { number: 1, what: { kind: 'failed' } }]);
  assert.equal(jobOf(second, 'hold').approvedBy, 'bob');

  await writeFile(other, '');
  assert.equal(await rerun(second, { kind: 'failed' }), ++last);
  const third = await world.ended(last);
  assert.deepEqual(stands(third), ['build passed from #1', 'hold passed from #1', 'test passed from #2', 'pack passed']);
  assert.equal(third.outcome, 'passed');
  const checks = [...world.forge.checks.values()].filter((check) => check.sha === sha);
  assert.equal(checks.filter(({ name }) => name === 'build').length, 1, 'what was carried over has its check already');
  assert.deepEqual(noted.map(({ action, subject, details }) => [action, subject, details?.['what']]), [
    ['job.approved', 'job acme/shop#1/ci/hold', undefined],
    ['pipeline.rerun', 'pipeline acme/shop#1', { kind: 'failed' }],
    ['pipeline.rerun', 'pipeline acme/shop#2', { kind: 'failed' }],
  ]);
  await assert.rejects(rerun(third, { kind: 'failed' }), refusal(/^No job of acme\/shop#3 has failed\./));
});

test('one slice runs again; its siblings keep their results, and what follows finds the files of all', async () => {
  const flag = `${world.folder}/slice`;
  await push(`version: 2.1
jobs:
  test: ${job('many', `${run(`test $CIRCLE_NODE_INDEX = 0 || test -e ${flag}; mkdir -p out; rm -f out/*; date +%N > out/$CIRCLE_NODE_INDEX; cat out/* >> ../log-$CIRCLE_NODE_INDEX`)}, ${persist}`, 'parallelism: 2, ')}
  pack: ${job('packed', `${attach}, ${run('test -s in/0 -a -s in/1; cmp in/0 ../log-0')}`)}
workflows: {ci: {jobs: [test, {pack: {requires: [test]}}]}}
`);
  const first = await world.ended(last);
  assert.deepEqual(jobOf(first, 'test').slices.map(({ outcome }) => outcome), ['passed', 'failed']);
  await writeFile(flag, '');
  await assert.rejects(rerun(first, { kind: 'job', workflow: 'ci', job: 'test', slice: 2 }), refusal(/has no slice 2: it has 2, counted from 0/));
  await assert.rejects(rerun(first, { kind: 'job', workflow: 'ci', job: 'tset' }), refusal(/has no job tset\. Its jobs are test, pack\./));
  assert.equal(await rerun(first, { kind: 'job', workflow: 'ci', job: 'test', slice: 1 }), ++last);
  const view = await world.ended(last);
  assert.deepEqual(stands(view), ['test passed', 'pack passed']);
  assert.deepEqual(jobOf(view, 'test').slices.map(({ carriedFrom, attempt }) => [carriedFrom, attempt]), [[last - 1, 1], [undefined, 1]]);
});

test('while a rerun is open, what it took over runs again in place', async () => {
  await push(`version: 2.1
jobs:
  build: ${job('again', `${run('mkdir -p out; date +%N > out/built; cp out/built ../again-built')}, ${persist}`)}
  fails: ${job('fails', run(`test -e ${world.folder}/never`))}
  pack: ${job('again-packed', `${attach}, ${run('cmp in/built ../again-built')}`)}
workflows:
  ci: {jobs: [build, fails, {hold: {type: approval, requires: [fails]}}, {wait: {type: approval}}, {pack: {requires: [build, wait]}}]}
`);
  await waits('wait');
  await cancelAsked(ports(), await waits('wait'), { workflow: 'ci', job: 'wait' }, asker);
  const first = await world.ended(last);
  assert.deepEqual(stands(first), ['build passed', 'fails failed', 'hold not-run', 'wait canceled', 'pack not-run']);
  assert.equal(await rerun(first, { kind: 'failed' }), ++last);
  const open = await openView('fails has failed again', (view) => jobsOf(view).length > 0 && jobOf(view, 'fails').outcome === 'failed' && jobOf(view, 'wait').reason !== undefined);
  await assert.rejects(rerun(open, { kind: 'all' }), refusal(/has not ended\. Wait for its end, cancel it first, or run again a part of it\./));
  await assert.rejects(rerun(open, { kind: 'workflow', workflow: 'ci' }), refusal(/^workflow ci has not ended, so nothing of it is run again now\.$/));
  assert.equal(await rerun(open, { kind: 'job', workflow: 'ci', job: 'build' }), last, 'in the same pipeline');
  await openView('build has passed again', (view) => jobOf(view, 'build').outcome === 'passed' && jobOf(view, 'build').carriedFrom === undefined);
  await approveAsked(ports(), open, { workflow: 'ci', job: 'wait' }, asker);
  await assert.rejects(approveAsked(ports(), open, { workflow: 'ci', job: 'wait' }, asker), refusal(/was approved by bob, so there is nothing to approve|has ended, so/));
  const view = await world.ended(last);
  assert.deepEqual(stands(view), ['build passed', 'fails failed', 'hold not-run', 'wait passed', 'pack passed']);
  assert.deepEqual(jobOf(view, 'build').slices.map(({ attempt, notes, carriedFrom }) => [attempt, notes, carriedFrom]), [[1, ['run again by bob'], undefined]], 'its first attempt in this pipeline');

  assert.equal(await rerun(open, { kind: 'workflow', workflow: 'ci' }), ++last, 'what has ended since somebody looked runs again as a new one');
  const whole = await openView('all of the workflow has run again', (each) => jobsOf(each).length > 0 && jobOf(each, 'fails').outcome === 'failed' && jobOf(each, 'build').outcome === 'passed' && jobOf(each, 'wait').reason !== undefined);
  assert.equal(jobOf(whole, 'build').carriedFrom, undefined);
  await cancelAsked(ports(), whole, {}, asker);
  assert.equal(jobOf(await world.ended(last), 'wait').reason, 'canceled by bob');
});

test('of a pipeline that ran with less trust nothing is taken over', async () => {
  const config = `version: 2.1
jobs:
  build: ${job('trusted', run('true'))}
  fails: ${job('trusted', run('exit 1'))}
workflows: {ci: {jobs: [build, fails]}}
`;
  const trigger = await world.push(config, { ref: 'refs/heads/feature' });
  ({ repository } = trigger);
  const first = await world.ended(++last);
  assert.equal(first.trust, 'T1');
  repository = { ...repository, defaultBranch: 'feature' };
  assert.equal(await rerun(first, { kind: 'failed' }), ++last);
  const view = await world.ended(last);
  assert.deepEqual([view.trust, stands(view)], ['T2', ['build passed', 'fails failed']]);
  const check = [...world.forge.checks.values()].findLast(({ sha, name }) => sha === trigger.sha && name === 'build');
  assert.match(check!.output!.summary, /ran at trust level T1 and this one runs at T2, so all of it runs again/);
});
