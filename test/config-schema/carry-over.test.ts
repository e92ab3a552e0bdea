// What keeps its result when a pipeline runs again in part?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { carriedPlaces, carryOver, ranIn } from '../../config-schema/carry-over.ts';
import type { Outcome } from '../../config-schema/outcome.ts';
import type { Graph, GraphJob } from '../../config-schema/plan.ts';
import type { RerunOf } from '../../config-schema/trigger.ts';
import type { JobView, PipelineView } from '../../config-schema/view.ts';
import { waitingSlice } from '../../config-schema/waiting.ts';

type Planned = { requires?: string[]; parallelism?: number; type?: GraphJob['type'] };

const graphOf = (workflows: Record<string, Record<string, Planned>>): Graph => ({
  workflows: Object.entries(workflows).map(([name, jobs]) => ({
    name,
    jobs: Object.entries(jobs).map(([job, { requires = [], parallelism = 1, type }]): GraphJob => ({ name: job, job, requires: requires.map((required) => ({ job: required, statuses: ['success'] })), parallelism, resourceClass: 'large', timeoutSeconds: 60, steps: [], ...(type && { type }) })),
  })),
});

const ended = (name: string, outcome: Outcome, slices: Outcome[] = [outcome]): JobView => ({
  name,
  state: 'ended',
  outcome,
  startedAt: null,
  endedAt: '2026-01-01T00:00:00Z',
  slices: slices.map((each, index) => (each === 'not-run' ? waitingSlice(index, 1, 'large') : { ...waitingSlice(index, 2, 'large'), state: 'ended', outcome: each })),
});

const pipelineOf = (workflows: Record<string, JobView[]>): PipelineView =>
  ({ number: 12, workflows: Object.entries(workflows).map(([name, jobs]) => ({ name, outcome: 'failed', jobs })) }) as unknown as PipelineView;

const chain = graphOf({ ci: { build: {}, lint: {}, test: { requires: ['build'], parallelism: 2 }, hold: { requires: ['test', 'lint'], type: 'approval', parallelism: 0 }, deploy: { requires: ['hold'] } }, docs: { write: {}, publish: { requires: ['write'] } } });

const failedTests = pipelineOf({
  ci: [ended('build', 'passed'), ended('lint', 'passed'), ended('test', 'failed', ['passed', 'failed']), ended('hold', 'not-run', []), ended('deploy', 'not-run')],
  docs: [ended('write', 'canceled'), ended('publish', 'not-run')],
});
const allPassed = pipelineOf({
  ci: [ended('build', 'passed'), ended('lint', 'passed'), ended('test', 'passed', ['passed', 'passed']), ended('hold', 'passed', []), ended('deploy', 'passed')],
  docs: [ended('write', 'passed'), ended('publish', 'passed')],
});

const names = (earlier: PipelineView, what: RerunOf, graph = chain): string => carryOver(earlier, graph, what).map(({ workflow, job }) => `${workflow}/${job.name} ${job.outcome ?? job.state}`).join(', ');

suite('carried over', () => {
  const rows: [what: string, earlier: PipelineView, of: RerunOf, carried: string][] = [
    ['all: nothing', failedTests, { kind: 'all' }, ''],
    ['failed: what passed, and of the failed and canceled nothing, with what did not run because of them', failedTests, { kind: 'failed' }, 'ci/build passed, ci/lint passed'],
    ['failed of one workflow: the other as it ended', failedTests, { kind: 'failed', workflow: 'docs' }, 'ci/build passed, ci/lint passed, ci/test failed, ci/hold not-run, ci/deploy not-run'],
    ['a workflow: nothing of it, the other as it ended', failedTests, { kind: 'workflow', workflow: 'docs' }, 'ci/build passed, ci/lint passed, ci/test failed, ci/hold not-run, ci/deploy not-run'],
    ['a job: all but it and what follows from it and did not pass', failedTests, { kind: 'job', workflow: 'ci', job: 'test' }, 'ci/build passed, ci/lint passed, docs/write canceled, docs/publish not-run'],
    ['a job that passed: what followed from it keeps its result, approvals too', allPassed, { kind: 'job', workflow: 'ci', job: 'test' }, 'ci/build passed, ci/lint passed, ci/hold passed, ci/deploy passed, docs/write passed, docs/publish passed'],
    ['nothing failed: everything', allPassed, { kind: 'failed' }, 'ci/build passed, ci/lint passed, ci/test passed, ci/hold passed, ci/deploy passed, docs/write passed, docs/publish passed'],
    ['a slice: the job waits with it, and its other slices do not', failedTests, { kind: 'job', workflow: 'ci', job: 'test', slice: 1 }, 'ci/build passed, ci/lint passed, ci/test waiting, docs/write canceled, docs/publish not-run'],
  ];
  for (const [what, earlier, of, carried] of rows) test(what, () => assert.equal(names(earlier, of), carried));

  test('only what the graph still has, with as many slices', () => {
    const other = graphOf({ ci: { build: {}, test: { requires: ['build'], parallelism: 3 }, hold: { requires: ['test'], type: 'approval', parallelism: 0 }, more: {} } });
    assert.equal(names(allPassed, { kind: 'failed' }, other), 'ci/build passed, ci/hold passed');
  });

  test('a job that never ended runs', () => {
    const broken = pipelineOf({ ci: [ended('build', 'passed'), { ...ended('lint', 'passed'), state: 'waiting', outcome: null }] });
    assert.equal(names(broken, { kind: 'failed' }), 'ci/build passed');
  });
});

suite('where it ran', () => {
  test('in the earlier pipeline, or in the one before that for what was carried over already', () => {
    const [build] = carryOver(allPassed, chain, { kind: 'failed' });
    assert.equal(build!.job.carriedFrom, 12);
    const again = { ...allPassed, number: 15, workflows: [{ ...allPassed.workflows[0]!, jobs: [build!.job, ...allPassed.workflows[0]!.jobs.slice(1)] }] };
    const carried = carryOver(again, chain, { kind: 'failed' });
    assert.deepEqual(carried.map(({ job }) => [job.name, job.carriedFrom]).slice(0, 2), [['build', 12], ['lint', 15]]);
  });

  test('slice by slice: one that runs anew is of the rerun, at its first attempt', () => {
    const carried = carryOver(failedTests, chain, { kind: 'job', workflow: 'ci', job: 'test', slice: 1 });
    const { job } = carried.find(({ job: { name } }) => name === 'test')!;
    assert.deepEqual(job.slices.map(({ state, attempt, outcome, carriedFrom }) => [state, attempt, outcome, carriedFrom]), [['ended', 2, 'passed', 12], ['waiting', 1, null, undefined]]);
    assert.deepEqual(carriedPlaces(13, carried), [{ workflow: 'ci', job: 'build', ranIn: [12] }, { workflow: 'ci', job: 'lint', ranIn: [12] }, { workflow: 'ci', job: 'test', ranIn: [12, 13] }, { workflow: 'docs', job: 'write', ranIn: [12] }, { workflow: 'docs', job: 'publish', ranIn: [12] }]);

    const second = pipelineOf({ ci: [{ ...job, state: 'ended', outcome: 'failed' }] });
    const twice = carryOver({ ...second, number: 13 }, chain, { kind: 'workflow', workflow: 'docs' });
    assert.deepEqual(twice[0]!.job.slices.map((slice) => ranIn(14, twice[0]!.job, slice)), [12, 13]);
  });
});
