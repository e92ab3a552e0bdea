// Is every reason told, in words that one can act on?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { why } from '../../app/why.ts';
import type { JobView, PipelineView, SliceView } from '../../config-schema/view.ts';

const slice = (change: Partial<SliceView> = {}): SliceView => ({ index: 0, attempt: 1, state: 'waiting', outcome: null, notes: [], builder: null, startedAt: null, endedAt: null, steps: [], ...change });
const job = (change: Partial<JobView>): JobView => ({ name: 'test', state: 'waiting', outcome: null, startedAt: null, endedAt: null, slices: [slice()], ...change });
const pipeline = (change: Partial<PipelineView> = {}): PipelineView => ({
  version: 1,
  repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
  number: 12,
  trigger: {
    event: 'push',
    deliveryId: 'd',
    receivedAt: '2026-01-01T00:00:00Z',
    repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    sha: 'a'.repeat(40),
    sender: { id: 1, login: 'ada' },
    commit: { subject: 'mend', authorLogin: 'ada' },
    pullRequest: null,
  },
  trust: 'T2',
  state: 'running',
  outcome: null,
  startedAt: '2026-01-01T00:00:00Z',
  endedAt: null,
  workflows: [],
  ...change,
});

suite('why a pipeline', () => {
  const rows: [title: string, view: Partial<PipelineView>, answer: string][] = [
    ['has no config', { state: 'ended', outcome: 'skipped', reason: 'no .circle.yml at aaaaaaaaaaaa: nothing to run' }, 'began by a push of ada for main; nothing ran; no .circle.yml at aaaaaaaaaaaa: nothing to run'],
    ['has a faulty config', { state: 'ended', outcome: 'failed', reason: '.circle.yml: jobs must be a map' }, 'began by a push of ada for main; failed; .circle.yml: jobs must be a map'],
    ['waits for its place', { state: 'waiting', reason: 'waits: 2 pipelines of this repository run, and no more may run at once' }, 'began by a push of ada for main; waits: 2 pipelines of this repository run, and no more may run at once'],
    ['was superseded', { state: 'ended', outcome: 'canceled', reason: 'superseded by #13' }, 'began by a push of ada for main; canceled; superseded by #13'],
    ['waits for a maintainer', { reason: 'waits until a maintainer allows this commit of a fork to run', wouldRun: ['It runs one job: build.', 'Images: x.'] }, 'began by a push of ada for main; waits until a maintainer allows this commit of a fork to run. It runs one job: build. Images: x.'],
    ['is open', {}, 'began by a push of ada for main; is open'],
  ];
  for (const [title, view, answer] of rows) test(title, () => assert.deepEqual(why(pipeline(view)), [{ subject: 'acme/shop#12', answer }]));
});

suite('why a job', () => {
  const rows: [title: string, view: Partial<JobView>, answer: string][] = [
    ['failed', { state: 'ended', outcome: 'failed', reason: 'Run tests: exit code 1' }, 'failed; Run tests: exit code 1'],
    ['failed in one of its slices', { state: 'ended', outcome: 'failed', slices: [slice({ state: 'ended', outcome: 'passed' }), slice({ index: 1, state: 'ended', outcome: 'failed', reason: 'Run tests: exit code 1' })] }, 'failed; slice 1; Run tests: exit code 1'],
    ['did not run because of another', { state: 'ended', outcome: 'not-run', reason: 'requires build, which ended as failed' }, 'did not run; requires build, which ended as failed'],
    ['waits for another', { requires: ['build'] }, 'waits until build has ended'],
    ['waits for an approval', { type: 'approval', slices: [], reason: 'waits for an approval' }, 'waits for an approval'],
    ['was approved', { type: 'approval', slices: [], state: 'ended', outcome: 'passed', approvedBy: 'grace' }, 'was approved by grace'],
    ['waits for a serial group', { reason: 'waits for serial group deploy, which acme/shop#11 holds' }, 'waits for serial group deploy, which acme/shop#11 holds'],
    ['waits for a builder', { slices: [slice({ reason: 'no builder offers the class xlarge' })] }, 'no builder offers the class xlarge'],
    ['runs while one of its slices waits', { state: 'running', slices: [slice({ state: 'running' }), slice({ index: 1, reason: 'waits for room' })] }, 'runs; slice 1 waits: waits for room'],
    ['cannot run here', { state: 'ended', outcome: 'unsupported', reason: 'the job needs macOS' }, 'unsupported; the job needs macOS'],
    ['may not have what it names', { state: 'ended', outcome: 'unauthorized', reason: 'context deploy is for branch main' }, 'unauthorized; context deploy is for branch main'],
    ['lost its builder', { state: 'ended', outcome: 'passed', slices: [slice({ state: 'ended', outcome: 'passed', notes: ['builder b3 was lost at step 4; started again on b1'] })] }, 'passed; builder b3 was lost at step 4; started again on b1'],
    ['is filtered out', { state: 'ended', outcome: 'skipped', slices: [], reason: 'its filters (.circle.yml:9) let only branches in that match main, and this is dev' }, 'was filtered out; its filters (.circle.yml:9) let only branches in that match main, and this is dev'],
    ['was carried over', { state: 'ended', outcome: 'passed', carriedFrom: 9 }, 'passed in #9, and was not run again'],
  ];
  for (const [title, view, answer] of rows) {
    test(title, () => assert.deepEqual(why(pipeline({ workflows: [{ name: 'ci', outcome: null, jobs: [job(view)] }] }), { workflow: 'ci', job: 'test' }), [{ subject: 'ci/test', answer }]));
  }

  test('of a workflow that is off is in its condition', () => {
    const view = pipeline({ workflows: [{ name: 'ci', outcome: 'passed', jobs: [] }], off: [{ workflow: 'nightly', reason: 'its condition << pipeline.parameters.night >> (.circle.yml:9) is false' }] });
    const answer = [{ subject: 'nightly', answer: 'did not run; its condition << pipeline.parameters.night >> (.circle.yml:9) is false' }];
    assert.deepEqual(why(view).slice(1), answer);
    assert.deepEqual(why(view, { workflow: 'nightly' }), answer);
    assert.deepEqual(why(view, { workflow: 'ci' }), []);
  });

  test('that is not there has no answer', () => assert.deepEqual(why(pipeline(), { workflow: 'ci', job: 'nothing' }), []));
});
