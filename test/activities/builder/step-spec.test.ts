import { test } from 'node:test';
import assert from 'node:assert/strict';
import { stepSpec } from '../../../activities/builder/step-spec.ts';
import type { StepPlace } from '../../../activities/builder/environment.ts';
import { checkoutStep, planJob, runStep } from '../../config-schema/plan-parts.ts';

const run = runStep({ environment: { LEVEL: 'step' } });
const job = planJob({ environment: { LEVEL: 'job', CIRCLE_BRANCH: 'chosen by the job' }, parallelism: 3, steps: [run] });
const hostile = '$(touch${IFS}/tmp/p)';
const place: StepPlace = {
  trigger: {
    event: 'push',
    deliveryId: 'd',
    receivedAt: '2026-01-01T00:00:00Z',
    repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
    ref: `refs/heads/${hostile}`,
    before: '0'.repeat(40),
    sha: 'a'.repeat(40),
    sender: { id: 1, login: 'ada' },
    commit: { subject: '', authorLogin: null },
    pullRequest: null,
  },
  pipeline: 12,
  workflow: 'ci',
  job,
  jobName: 'test',
  slice: 1,
  sliceTotal: 3,
  publicUrl: 'http://ci.example',
  repositoryUrl: 'https://github.example/acme/shop',
  pullRequestUrls: [],
};

test('the step’s environment goes over the job’s, the job’s over the built-in', () => {
  const { env } = stepSpec(place, 0, run);
  assert.equal(env.LEVEL, 'step');
  assert.equal(env.CIRCLE_BRANCH, 'chosen by the job');
  assert.equal(env.CIRCLE_NODE_INDEX, '1');
  assert.equal(env.CIRCLE_NODE_TOTAL, '3');
  assert.equal(env.CIRCLE_BUILD_URL, 'http://ci.example/acme/shop/12/ci/test');
});

test('a tag build has a tag and no branch', () => {
  const { env } = stepSpec({ ...place, job: { ...job, environment: {} }, trigger: { ...place.trigger, ref: 'refs/tags/v1' } }, 0, run);
  assert.equal(env.CIRCLE_TAG, 'v1');
  assert.equal('CIRCLE_BRANCH' in env, false);
});

test('names from outside reach a checkout as environment, never as text of its script', () => {
  const spec = stepSpec(place, 0, checkoutStep);
  assert.equal(spec.env.RH_BRANCH, hostile);
  assert.ok(!spec.argv.join(' ').includes(hostile));
});

const folders: [string, string][] = [
  ['.', '~/project'],
  ['sub', '~/project/sub'],
  ['/tmp', '/tmp'],
  ['~/x', '~/x'],
];
for (const [workingDirectory, cwd] of folders) {
  test(`working_directory ${workingDirectory} is ${cwd}`, () => assert.equal(stepSpec(place, 0, { ...run, workingDirectory }).cwd, cwd));
}

test('a shell of the config’s gets the command after -c', () => {
  assert.deepEqual(stepSpec(place, 0, { ...run, shell: ['/bin/sh', '-e'] }).argv, ['/bin/sh', '-e', '-c', 'make test']);
});
