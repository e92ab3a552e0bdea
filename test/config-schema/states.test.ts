// Do pipelines, workflows and jobs stand by CircleCI's words as they should?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { outcomes, type Outcome } from '../../config-schema/outcome.ts';
import { jobState, pipelineState, workflowState, type JobState, type WorkflowState } from '../../config-schema/states.ts';
import type { BuildLine, JobView } from '../../config-schema/view.ts';

/** `test!failed`, `test` waits, `test+` runs; `hold?` is an approval. What follows `<` it requires. */
function job(text: string): JobView {
  const [, name, kind, outcome, requires] = /^(\w+)([?+]?)(?:!([\w-]+))?(?:<([\w,]+))?$/.exec(text)!;
  return { name: name!, state: outcome !== undefined ? 'ended' : kind === '+' ? 'running' : 'waiting', outcome: (outcome as Outcome) ?? null, startedAt: null, endedAt: null, slices: [], ...(kind === '?' && { type: 'approval' }), ...(requires !== undefined && { requires: requires.split(',') }) };
}

suite('a workflow', () => {
  const open: [jobs: string, state: WorkflowState][] = [
    ['build', 'running'],
    ['build+', 'running'],
    ['build!passed test+<build', 'running'],
    ['build!failed test+', 'failing'],
    ['build!timed-out test', 'failing'],
    ['build!canceled test+', 'running'],
    ['hold?', 'on_hold'],
    ['build!passed hold?<build deploy<hold', 'on_hold'],
    ['build+ hold?<build', 'running'],
    ['hold? build+', 'running'],
    ['hold? build', 'running'],
    ['hold? build!failed', 'failing'],
  ];
  for (const [jobs, state] of open) test(`that is open with ${jobs} is ${state}`, () => assert.equal(workflowState({ name: 'ci', outcome: null, jobs: jobs.split(' ').map(job) }), state));

  const ended: Record<Outcome, WorkflowState> = { passed: 'success', failed: 'failed', 'timed-out': 'failed', canceled: 'canceled', skipped: 'not_run', 'not-run': 'not_run', unsupported: 'not_run', unauthorized: 'unauthorized', broken: 'error' };
  for (const outcome of outcomes) test(`that has ended as ${outcome} is ${ended[outcome]}`, () => assert.equal(workflowState({ name: 'ci', outcome, jobs: [] }), ended[outcome]));
});

suite('a job', () => {
  const cases: [of: string, others: string, state: JobState][] = [
    ['build', '', 'queued'],
    ['build+', '', 'running'],
    ['test<build', 'build+', 'blocked'],
    ['test<build', 'build!passed', 'queued'],
    ['hold?', '', 'on_hold'],
    ['hold?<build', 'build', 'blocked'],
    ['build!passed', '', 'success'],
    ['build!failed', '', 'failed'],
    ['build!timed-out', '', 'timedout'],
    ['build!canceled', '', 'canceled'],
    ['build!not-run', '', 'not_run'],
    ['build!skipped', '', 'not_run'],
    ['build!unsupported', '', 'not_run'],
    ['build!unauthorized', '', 'unauthorized'],
    ['build!broken', '', 'infrastructure_fail'],
  ];
  for (const [of, others, state] of cases) test(`${of}${others && ` beside ${others}`} is ${state}`, () => assert.equal(jobState(job(of), [of, ...others.split(' ').filter(Boolean)].map(job)), state));
});

suite('a pipeline', () => {
  const jobs = { total: 1, ended: 0, failed: 0 };
  const cases: [title: string, line: Pick<BuildLine, 'state' | 'outcome' | 'jobs'>, state: string][] = [
    ['that waits for its turn', { state: 'waiting', outcome: null }, 'pending'],
    ['whose config is being read', { state: 'running', outcome: null }, 'pending'],
    ['that runs jobs', { state: 'running', outcome: null, jobs }, 'created'],
    ['whose job failed', { state: 'ended', outcome: 'failed', jobs }, 'created'],
    ['whose config cannot run', { state: 'ended', outcome: 'failed' }, 'errored'],
    ['that broke before it had a job', { state: 'ended', outcome: 'broken' }, 'errored'],
    ['that had nothing to run', { state: 'ended', outcome: 'skipped' }, 'created'],
  ];
  for (const [title, line, state] of cases) test(`${title} is ${state}`, () => assert.equal(pipelineState(line), state));
});
