import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { stepEnvironment, type StepPlace } from '../../../activities/builder/environment.ts';
import type { Trigger } from '../../../config-schema/trigger.ts';
import { checkoutStep, dockerImage, planJob, runStep } from '../../config-schema/plan-parts.ts';

const sha = 'a'.repeat(40);
const trigger: Trigger = {
  event: 'push',
  deliveryId: 'd',
  receivedAt: '2026-01-01T00:00:00Z',
  repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
  ref: 'refs/heads/feature/x',
  before: '0'.repeat(40),
  sha,
  sender: { id: 1, login: 'ada' },
  commit: { subject: '', authorLogin: null },
  pullRequest: null,
};
const place: StepPlace = {
  trigger,
  pipeline: 12,
  workflow: 'ci',
  job: planJob({ workingDirectory: '~/project', parallelism: 3 }),
  jobName: 'test',
  slice: 1,
  sliceTotal: 3,
  publicUrl: 'http://ci.example',
  repositoryUrl: 'https://github.example/acme/shop',
  pullRequestUrls: ['https://github.example/acme/shop/pull/5', 'https://github.example/acme/shop/pull/6'],
};
const environment = (change: Partial<StepPlace> = {}): Record<string, string> => stepEnvironment({ ...place, ...change }, runStep());
const given = { values: { variables: { LEVEL: 'context', CIRCLE_BRANCH: 'context', ONLY: 'context' }, secrets: { TOKEN: 'secret', LEVEL: 'secret', OTHER: 'secret' }, sshKeys: [] }, hasSshAgent: true };
const withGiven = (job: object, step: object = {}): Record<string, string> => stepEnvironment({ ...place, job: planJob({ workingDirectory: '~/project', ...job }) }, runStep(step), given);
const onTag = environment({ trigger: { ...trigger, ref: 'refs/tags/v1' } });
const fork = { ...trigger, event: 'pull_request', ref: 'refs/pull/9/head', pullRequest: { number: 9, url: 'https://github.example/acme/shop/pull/9', headRepositoryId: 8, headOwner: 'eve', headName: 'shop-fork', baseRef: 'main' } } satisfies Trigger;
const ofFork = environment({ trigger: fork, pullRequestUrls: [fork.pullRequest.url] });
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const rows: [name: string, of: Record<string, string>, value: string | RegExp | undefined][] = [
  // Contexts and variables go below everything that the config says, secrets over the job's environment and below the step's.
  ['ONLY', withGiven({}), 'context'],
  ['LEVEL', withGiven({}), 'context'],
  ['CIRCLE_BRANCH', withGiven({}), 'feature/x'],
  ['LEVEL', withGiven({ environment: { LEVEL: 'job' } }), 'job'],
  ['LEVEL', withGiven({ environment: { LEVEL: 'job' }, secrets: ['LEVEL'] }), 'secret'],
  ['LEVEL', withGiven({ environment: { LEVEL: 'job' } }, { secrets: ['LEVEL'] }), 'secret'],
  ['LEVEL', withGiven({ secrets: ['LEVEL'] }, { environment: { LEVEL: 'step' } }), 'step'],
  ['TOKEN', withGiven({}), undefined],
  ['TOKEN', withGiven({}, { secrets: ['TOKEN'] }), 'secret'],
  ['OTHER', withGiven({}, { secrets: ['TOKEN'] }), undefined],
  ['SSH_AUTH_SOCK', withGiven({}), '/run/roundhouse/ssh-agent.sock'],
  ['SSH_AUTH_SOCK', environment(), undefined],
  ['CI', environment(), 'true'],
  ['CIRCLECI', environment(), 'true'],
  ['CIRCLE_BRANCH', environment(), 'feature/x'],
  ['CIRCLE_BRANCH', onTag, undefined],
  ['CIRCLE_BRANCH', ofFork, 'pull/9'],
  ['CIRCLE_TAG', environment(), undefined],
  ['CIRCLE_TAG', onTag, 'v1'],
  ['CIRCLE_SHA1', environment(), sha],
  ['CIRCLE_COMPARE_URL', environment(), undefined],
  ['CIRCLE_COMPARE_URL', environment({ trigger: { ...trigger, before: 'b'.repeat(40) } }), 'https://github.example/acme/shop/compare/bbbbbbbbbbbb...aaaaaaaaaaaa'],
  ['CIRCLE_STAGE', environment(), 'test'],
  ['CIRCLE_ORGANIZATION_ID', environment({ organizationId: 5 }), uuid],
  ['CIRCLE_ORGANIZATION_ID', environment(), undefined],
  ['CIRCLE_INTERNAL_TASK_DATA', environment(), '/tmp/.roundhouse'],
  ['CI_PULL_REQUEST', environment(), 'https://github.example/acme/shop/pull/5'],
  ['CI_PULL_REQUEST', environment({ pullRequestUrls: [] }), undefined],
  ['CI_PULL_REQUESTS', environment(), 'https://github.example/acme/shop/pull/5,https://github.example/acme/shop/pull/6'],
  // Artifacts and test results of 2.x are told by steps.
  ['CIRCLE_ARTIFACTS', environment(), undefined],
  ['CIRCLE_TEST_REPORTS', environment(), undefined],
  // The agent knows them, or the image.
  ['HOME', environment(), undefined],
  ['USER', environment(), undefined],
  ['CIRCLE_BUILD_NUM', environment(), '12'],
  ['CIRCLE_BUILD_URL', environment(), 'http://ci.example/acme/shop/12/ci/test'],
  ['CIRCLE_JOB', environment(), 'test'],
  ['CIRCLE_NODE_INDEX', environment(), '1'],
  ['CIRCLE_NODE_TOTAL', environment(), '3'],
  ['CIRCLE_PIPELINE_ID', environment(), uuid],
  ['CIRCLE_PROJECT_ID', environment(), uuid],
  ['CIRCLE_PROJECT_REPONAME', environment(), 'shop'],
  ['CIRCLE_PROJECT_USERNAME', environment(), 'acme'],
  ['CIRCLE_PULL_REQUEST', environment(), 'https://github.example/acme/shop/pull/5'],
  ['CIRCLE_PULL_REQUEST', environment({ pullRequestUrls: [] }), undefined],
  ['CIRCLE_PULL_REQUESTS', environment(), 'https://github.example/acme/shop/pull/5,https://github.example/acme/shop/pull/6'],
  ['CIRCLE_PULL_REQUESTS', ofFork, 'https://github.example/acme/shop/pull/9'],
  ['CIRCLE_PR_NUMBER', environment(), undefined],
  ['CIRCLE_PR_NUMBER', ofFork, '9'],
  ['CIRCLE_PR_REPONAME', ofFork, 'shop-fork'],
  ['CIRCLE_PR_USERNAME', ofFork, 'eve'],
  ['CIRCLE_REPOSITORY_URL', environment(), 'git@github.example:acme/shop.git'],
  ['CIRCLE_USERNAME', environment(), 'ada'],
  ['CIRCLE_WORKFLOW_ID', environment(), uuid],
  ['CIRCLE_WORKFLOW_JOB_ID', environment(), uuid],
  ['CIRCLE_WORKFLOW_WORKSPACE_ID', environment(), uuid],
  ['CIRCLE_WORKING_DIRECTORY', environment(), '~/project'],
  ['BASH_ENV', environment(), /^\//],
  ['CIRCLE_SHELL_ENV', environment(), /^\//],
  ['CIRCLE_CONTINUATION_KEY', environment(), undefined],
];
for (const [name, of, value] of rows) {
  test(`2.1 §18 ${name} is ${value instanceof RegExp ? 'of the right form' : String(value)}`, () => {
    if (value instanceof RegExp) assert.match(of[name] ?? '', value);
    else assert.equal(of[name], value);
  });
}

suite('2.1 §18 ids', () => {
  const ids = (change: Partial<StepPlace>): string[] => ['CIRCLE_PIPELINE_ID', 'CIRCLE_WORKFLOW_ID', 'CIRCLE_WORKFLOW_JOB_ID'].map((name) => environment(change)[name]!);
  const same = (a: string[], b: string[]): boolean[] => a.map((id, index) => id === b[index]);
  test('are the same each time', () => assert.deepEqual(ids({}), ids({})));
  test('of another pipeline are others', () => assert.deepEqual(same(ids({}), ids({ pipeline: 13 })), [false, false, false]));
  test('of another workflow', () => assert.deepEqual(same(ids({}), ids({ workflow: 'nightly' })), [true, false, false]));
  test('of another job', () => assert.deepEqual(same(ids({}), ids({ jobName: 'lint' })), [true, true, false]));
  test('of the slices of a job are one', () => assert.deepEqual(same(ids({}), ids({ slice: 2 })), [true, true, true]));
  test('are each another thing’s', () => assert.equal(new Set([...ids({}), environment()['CIRCLE_PROJECT_ID']]).size, 4));
});

suite('2.1 §8.1 of one name given at several places, the nearest to the step wins', () => {
  const built = { CIRCLE_JOB: 'image' };
  const executor = { ...dockerImage('debian:bookworm'), environment: { ...built, A: 'image', B: 'image' } };
  const job = planJob({ executor, environment: { A: 'job', B: 'job', C: 'job' } });
  const of = stepEnvironment({ ...place, job }, runStep({ environment: { A: 'step' } }));
  test('run goes before the job', () => assert.equal(of['A'], 'step'));
  test('the job before the image', () => assert.equal(of['B'], 'job'));
  test('the image before the built-in names', () => assert.equal(of['CIRCLE_JOB'], 'image'));
  test('a step without variables of its own has those of the job', () => assert.equal(stepEnvironment({ ...place, job }, checkoutStep)['A'], 'job'));
});

suite('2.1 §8.1 what the image sets', () => {
  const imageEnvironment = { LANG: 'de_DE', LEVEL: 'image', CIRCLE_JOB: 'image', PATH: '/image/bin:/bin', HOME: '/home/circleci' };
  const of = (variables: Record<string, string> = {}, job: Parameters<typeof planJob>[0] = {}): Record<string, string> =>
    stepEnvironment({ ...place, job: planJob(job) }, runStep(), { values: { ...given.values, variables, secrets: {} }, hasSshAgent: false, imageEnvironment });
  test('goes over our defaults', () => assert.deepEqual([of()['LANG'], of()['HOME']], ['de_DE', '/home/circleci']));
  test('goes below project variables', () => assert.equal(of({ LEVEL: 'variable' })['LEVEL'], 'variable'));
  test('goes below the built-in names', () => assert.equal(of()['CIRCLE_JOB'], 'test'));
  const ours = '/opt/roundhouse/bin';
  const paths: [name: string, path: string | undefined, expected: string][] = [
    ['of the image', of()['PATH'], `/image/bin:/bin:${ours}`],
    ['of the job goes before it', of({}, { environment: { PATH: '/job' } })['PATH'], `/job:${ours}`],
    ['of nobody is the usual one', environment()['PATH'], `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${ours}`],
    // An empty entry would be the working directory.
    ['that is empty', of({}, { environment: { PATH: '' } })['PATH'], ours],
  ];
  for (const [name, path, expected] of paths) test(`PATH ${name}, and our commands are at its end`, () => assert.equal(path, expected));
});
