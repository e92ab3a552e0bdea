import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Outcome } from '../../config-schema/outcome.ts';
import type { RequiredStatus } from '../../config-schema/plan.ts';
import { readyJobs } from '../../workflows/ready-jobs.ts';

const success: RequiredStatus[] = ['success'];
const job = (name: string, requires: Record<string, RequiredStatus[]> = {}) => ({
  name,
  requires: Object.entries(requires).map(([required, statuses]) => ({ job: required, statuses })),
});
const diamond = [job('build'), job('lint', { build: success }), job('test', { build: success }), job('deploy', { lint: success, test: success })];

const cases: { title: string; jobs: ReturnType<typeof job>[]; ended?: Record<string, Outcome>; started?: string[]; start: string[]; notRun?: string[] }[] = [
  { title: 'jobs without requirements start at once', jobs: [job('a'), job('b')], start: ['a', 'b'] },
  { title: 'a started job does not start again', jobs: [job('a'), job('b')], started: ['a'], start: ['b'] },
  { title: 'both sides of a diamond start when its top has passed', jobs: diamond, ended: { build: 'passed' }, start: ['lint', 'test'] },
  { title: 'the bottom waits for both sides', jobs: diamond, ended: { build: 'passed', lint: 'passed' }, started: ['test'], start: [] },
  { title: 'the bottom is not run as soon as one side failed', jobs: diamond, ended: { build: 'passed', lint: 'failed' }, started: ['test'], start: [], notRun: ['deploy'] },
  { title: 'what follows a job that did not run does not run', jobs: diamond, ended: { build: 'passed', lint: 'not-run', test: 'passed' }, start: [], notRun: ['deploy'] },
  { title: 'a timeout is a failure to those who require', jobs: [job('a'), job('mend', { a: ['failed'] })], ended: { a: 'timed-out' }, start: ['mend'] },
  { title: 'a handler of failures is not run after success', jobs: [job('a'), job('mend', { a: ['failed'] })], ended: { a: 'passed' }, start: [], notRun: ['mend'] },
  { title: 'canceled is a status of its own', jobs: [job('a'), job('b', { a: success }), job('c', { a: ['canceled'] })], ended: { a: 'canceled' }, start: ['c'], notRun: ['b'] },
  { title: 'an unsupported job counts as not run', jobs: [job('a'), job('b', { a: ['not_run'] })], ended: { a: 'unsupported' }, start: ['b'] },
];

for (const { title, jobs, ended = {}, started = [], start, notRun = [] } of cases) {
  test(title, () => {
    const ready = readyJobs(jobs, new Map(Object.entries(ended)), new Set(started));
    assert.deepEqual(ready.start, start);
    assert.deepEqual(ready.notRun.map((entry) => entry.job), notRun);
  });
}

test('the reason names the requirement and how it ended', () => {
  const { notRun } = readyJobs(diamond, new Map([['build', 'timed-out']]), new Set());
  assert.deepEqual(notRun[0], { job: 'lint', reason: 'requires build, which ended as timed-out' });
});
