// What becomes of a push: through a real Temporal server and real agents, without walls around them.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { AuditEvent } from '../../activities/control/audit.ts';
import { getJson } from '../../activities/object-store.ts';
import { cancelAsked } from '../../app/asks.ts';
import { Refused } from '../../app/control/operation.ts';
import { rerunAsked, type RerunPorts } from '../../app/rerun.ts';
import { faultyConfigKey, type FaultyConfig } from '../../config-schema/faulty-config.ts';
import { cancelPipeline, deliverTrigger, isPipelineOpen } from '../../workflows/client.ts';
import { startWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  await world.startBuilder('b1');
});
after(() => world.stop());

const config = (jobs: string): string => `version: 2.1\njobs:\n${jobs}`;
let last = 0;

test('a push runs its jobs in the order of the graph, slices side by side', async () => {
  const { sha } = await world.push(`version: 2.1
jobs:
  build: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: echo built}]}
  test: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, parallelism: 3, steps: [{run: 'echo slice $CIRCLE_NODE_INDEX of $CIRCLE_NODE_TOTAL'}]}
workflows:
  ci:
    jobs: [build, {test: {requires: [build]}}]
`);
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'passed');
  const [build, tests] = view.workflows[0]!.jobs;
  assert.equal(tests!.slices.length, 3);
  assert.deepEqual([build!.requires, tests!.requires], [[], ['build']]);
  for (const { resourceClass, queuedAt, prepareMs, startedAt } of [...build!.slices, ...tests!.slices]) {
    assert.equal(resourceClass, 'medium');
    assert.ok(prepareMs! > 0 && prepareMs! <= Date.parse(startedAt!) - Date.parse(queuedAt!), 'the sandbox was made between asking and beginning');
  }
  assert.ok(build!.endedAt! <= tests!.startedAt!, 'test starts after build has ended');
  const checks = [...world.forge.checks.values()].filter((check) => check.sha === sha);
  assert.deepEqual(checks.map(({ name, status, conclusion }) => `${name} ${status} ${conclusion}`).sort(), ['build completed success', 'test completed success']);
});

test('a failing job keeps what requires it from running, and the check says why', async () => {
  const { sha } = await world.push(`version: 2.1
jobs:
  build: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: exit 3}, {run: {name: mend, when: on_fail, command: echo mend}}, {run: {name: never, command: echo never}}]}
  test: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
workflows: {ci: {jobs: [build, {test: {requires: [build]}}]}}
`);
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'failed');
  const [build, tests] = view.workflows[0]!.jobs;
  assert.deepEqual(build!.slices[0]!.steps.map(({ result }) => [result!.outcome, result!.exitCode]), [['failed', 3], ['passed', 0], ['skipped', null]]);
  assert.equal(tests!.outcome, 'not-run');
  const check = [...world.forge.checks.values()].find((candidate) => candidate.sha === sha && candidate.name === 'test');
  assert.equal(check!.conclusion, 'skipped');
});

test('the same delivery ten times at once is one pipeline', async () => {
  const trigger = await world.push(config('  build: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: "true"}]}\n'));
  await Promise.all(Array.from({ length: 9 }, () => deliverTrigger(world.client, trigger)));
  await world.ended(++last);
  const next = await world.push(null);
  const view = await world.ended(++last);
  assert.equal(view.trigger.deliveryId, next.deliveryId, 'the next number belongs to the next push');
});

test('a force push A-B-A is three pipelines', async () => {
  const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
  const ref = 'refs/heads/back-and-forth';
  await world.push(null, { ref, before: '0'.repeat(40), sha: a });
  await world.push(null, { ref, before: a, sha: b });
  await world.push(null, { ref, before: b, sha: a });
  for (const sha of [a, b, a]) assert.equal((await world.ended(++last)).trigger.sha, sha);
});

test('without a config nothing runs, and the summary says why', async () => {
  await world.push(null);
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'skipped');
  assert.match(view.reason!, /no \.circle\.yml at/);
});

test('a broken config fails its check on the line', async () => {
  const { sha } = await world.push('version: 2.1\njobs:\n  build: [unclosed\n');
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'failed');
  const check = [...world.forge.checks.values()].find((candidate) => candidate.sha === sha);
  assert.equal(check!.conclusion, 'failure');
  assert.ok(check!.output!.annotations!.length > 0);
  const kept = await getJson<FaultyConfig>(world.store, faultyConfigKey(7, last));
  assert.match(kept!.text, /unclosed/);
  assert.deepEqual(kept!.errors.map(({ line }) => line), check!.output!.annotations!.map(({ startLine }) => startLine));
});

const checksOf = (sha: string): string[] => [...world.forge.checks.values()].filter((check) => check.sha === sha).map(({ name, conclusion, output }) => `${name} ${conclusion}: ${output!.title}`).sort();

test('a job that needs macOS ends as unsupported, a neutral check says why, and what requires it does not run', async () => {
  const { sha } = await world.push(`version: 2.1
jobs:
  mac: {macos: {xcode: 16.0.0}, steps: [{run: xcodebuild}]}
  linux: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
  ship: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
  tell: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
workflows: {ci: {jobs: [mac, linux, {ship: {requires: [mac]}}, {tell: {requires: [{mac: not_run}]}}]}}
`);
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'passed', 'what nobody here can run does not fail the rest');
  const sentence = 'the job needs macOS, and Roundhouse runs Linux on x86-64 without GPUs';
  assert.deepEqual(view.workflows[0]!.jobs.map(({ name, outcome, slices }) => [name, outcome, slices.length]), [['mac', 'unsupported', 0], ['linux', 'passed', 1], ['ship', 'not-run', 1], ['tell', 'passed', 1]]);
  assert.ok(view.workflows[0]!.jobs[0]!.reason!.startsWith(sentence));
  const [linux, mac, ship] = checksOf(sha);
  assert.match(linux!, /^linux success: Passed/);
  assert.ok(mac!.startsWith(`mac neutral: Unsupported: ${sentence}`), mac);
  assert.match(ship!, /^ship skipped: Not run: requires mac, which ended as unsupported/);
});

test('a job that runs nothing passes at once, and others wait for it', async () => {
  const { sha } = await world.push(`version: 2.1
jobs:
  build: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
  gate: {type: no-op}
  plan: {type: release, plan_name: shop}
  after: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
workflows: {ci: {jobs: [build, {gate: {requires: [build]}}, plan, {after: {requires: [gate, plan]}}]}}
`);
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'passed');
  const [build, gate, , after] = view.workflows[0]!.jobs;
  assert.ok(build!.endedAt! <= gate!.endedAt! && gate!.endedAt! <= after!.startedAt!);
  assert.deepEqual(checksOf(sha).filter((check) => /^(gate|plan)/.test(check)), ['gate success: Passed', 'plan success: Passed']);
});

const filtered = `version: 2.1
jobs:
  test: &job {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: echo << pipeline.git.branch >>}]}
  deploy: *job
  tell: *job
workflows:
  ci:
    jobs:
      - test: {filters: {tags: {only: /v.*/}}}
      - deploy: {requires: [test], filters: {branches: {ignore: /.*/}, tags: {only: /v.*/}}}
      - tell: {requires: [deploy]}
  docs:
    when: {equal: [gh-pages, << pipeline.git.branch >>]}
    jobs: [test]
`;
const jobsRun = async (change: { ref: string }): Promise<string[]> => {
  await world.push(filtered, change);
  const view = await world.ended(++last);
  return view.workflows.flatMap(({ name, jobs }) => jobs.map((job) => `${name}/${job.name} ${job.outcome}`));
};

test('a push of a branch runs what filters and conditions let through', async () => {
  assert.deepEqual(await jobsRun({ ref: 'refs/heads/main' }), ['ci/test passed', 'ci/deploy skipped', 'ci/tell skipped']);
  assert.deepEqual((await world.ended(last)).off, [{ workflow: 'docs', reason: 'its condition {equal: [gh-pages, << pipeline.git.branch >>]} (.circle.yml:13) is false' }]);
  assert.deepEqual(await jobsRun({ ref: 'refs/heads/gh-pages' }), ['ci/test passed', 'ci/deploy skipped', 'ci/tell skipped', 'docs/test passed']);
});

test('what a filter keeps from a branch has a check that says so, since GitHub may wait for it, but for a name that another job has', async () => {
  const { sha } = await world.push(filtered);
  await world.ended(++last);
  assert.deepEqual(checksOf(sha).filter((check) => !/^test success: Passed/.test(check)), [
    'deploy skipped: Skipped: its filters (.circle.yml:10) keep branches out that match /.*/, and this is main',
    'tell skipped: Skipped: all that it requires is filtered out: deploy',
  ]);
  const nothing = await world.push(`version: 2.1
jobs:
  test: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
workflows:
  a: {jobs: [{test: {filters: {branches: {only: other}}}}]}
  b: {jobs: [{test: {filters: {branches: {only: another}}}}]}
`);
  const view = await world.ended(++last);
  assert.deepEqual([view.outcome, view.reason], ['skipped', 'filters and conditions of the config leave every job out']);
  assert.deepEqual(checksOf(nothing.sha), ['test skipped: Skipped: its filters (.circle.yml:5) let only branches in that match other, and this is main']);
});

test('a push of a tag runs the jobs for that tag', async () => {
  assert.deepEqual(await jobsRun({ ref: 'refs/tags/v1' }), ['ci/test passed', 'ci/deploy passed']);
});

test('where no workflow has a job for the ref nothing runs, no check is made, and the summary says so', async () => {
  const { sha } = await world.push(filtered, { ref: 'refs/tags/other' });
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'skipped');
  assert.match(view.reason!, /^no workflow of \.circle\.yml has a job for tag other; docs is off: its condition .* \(\.circle\.yml:\d+\) is false$/);
  assert.deepEqual(checksOf(sha), []);
});

test('what this version cannot run yet fails a check of its own, on the lines that ask for it', async () => {
  const { sha } = await world.push(`version: 2.1
jobs:
  build:
    docker: [{image: "debian:bookworm"}]
    steps:
      - install_signing_bundle
      - run: 'true'
      - install_signing_bundle
`);
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'failed');
  assert.match(view.reason!, /`install_signing_bundle` is not supported yet by this version of Roundhouse/);
  const check = [...world.forge.checks.values()].find((candidate) => candidate.sha === sha)!;
  assert.deepEqual([check.conclusion, check.output!.title, check.output!.annotations!.map(({ startLine }) => startLine)], ['failure', 'Not supported yet', [6, 8]]);
});

test('a config that comes to more than a pipeline can hold is refused with a sentence', async () => {
  const values = Array.from({ length: 2500 }, (_, index) => index).join(', ');
  const steps = Array.from({ length: 12 }, (_, index) => `{run: {name: a step with a rather long name so that the whole is large ${index}, command: 'true'}}`).join(', ');
  await world.push(`version: 2.1
jobs:
  build:
    parameters: {n: {type: integer}}
    docker: [{image: "debian:bookworm"}]
    steps: [${steps}]
workflows: {ci: {jobs: [{build: {matrix: {parameters: {n: [${values}]}}}}]}}
`);
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'failed');
  assert.match(view.reason!, /the workflows come to 2500 jobs with 30000 steps, more than one pipeline can hold/);
});

test('cancel: the step gets SIGTERM within a second, nothing runs after it, and the check says cancelled', async () => {
  const delaysMs: number[] = [];
  // The machine may have other work, which comes and goes: the best of a few counts.
  for (let tries = 0; tries < 5 && (tries === 0 || Math.min(...delaysMs) > 1000); tries++) delaysMs.push(await cancelOnce(`cancel-${tries}`));
  assert.ok(Math.min(...delaysMs) <= 1000, `SIGTERM came after ${delaysMs.join(', ')} ms`);
});

const asker = { who: 'github:9 bob', from: 'page at 10.0.0.7' };

test('run again: the same commit once more, sent by who asked, and its number is known at once', async () => {
  const first = await world.push(`version: 2.1
jobs:
  build: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
`);
  const view = await world.ended(++last);
  const noted: AuditEvent[] = [];
  const moved = { ...first.repository, defaultBranch: 'trunk' };
  const ports: RerunPorts = { client: world.client, store: world.store, deliver: (trigger) => deliverTrigger(world.client, trigger), audit: { append: (event) => Promise.resolve(void noted.push(event)) }, isBuilt: () => Promise.resolve(true), findRepository: () => Promise.resolve(moved) };
  assert.equal(await rerunAsked(ports, view, { kind: 'all' }, { id: 9, login: 'bob' }, asker), ++last);
  const again = await world.ended(last);
  assert.equal(again.outcome, 'passed');
  assert.deepEqual([again.trigger.event, again.trigger.sha, again.trigger.ref, again.trigger.sender], ['rerun', first.sha, first.ref, { id: 9, login: 'bob' }]);
  assert.deepEqual([view.trust, again.trust], ['T2', 'T1'], 'which branch is the default one is asked anew');
  assert.deepEqual(noted, [{ ...asker, action: 'pipeline.rerun', subject: `pipeline acme/shop#${last - 1}`, repositoryId: 7, details: { sha: first.sha, ref: first.ref } }]);

  assert.equal(await rerunAsked(ports, again, { kind: 'all' }, null, asker), ++last, 'and again, by an operator who is nobody on GitHub');
  assert.deepEqual((await world.ended(last)).trigger.sender, { id: 9, login: 'bob' });

  for (const found of [null, { ...moved, id: 8 }]) await assert.rejects(rerunAsked({ ...ports, findRepository: () => Promise.resolve(found) }, view, { kind: 'all' }, null, asker), Refused);
});

test('canceled at the page: the audit log says by whom, and only when there was something to cancel', async () => {
  await world.push(`version: 2.1
jobs:
  build: {docker: [{image: "debian:bookworm"}], working_directory: ${world.folder}, steps: [{run: sleep 60}]}
`);
  const view = await world.until('it is open', () => world.view(last + 1));
  const noted: AuditEvent[] = [];
  const ports = { client: world.client, audit: { append: (event: AuditEvent) => Promise.resolve(void noted.push(event)) } };
  await cancelAsked(ports, view, {}, asker);
  const canceled = await world.ended(++last);
  assert.deepEqual([canceled.outcome, canceled.reason], ['canceled', 'canceled by bob']);
  await world.until('Temporal knows', async () => !(await isPipelineOpen(world.client, 7, last)));
  await assert.rejects(cancelAsked(ports, view, {}, asker), Refused);
  assert.deepEqual(noted, [{ ...asker, action: 'pipeline.canceled', subject: `pipeline acme/shop#${last}`, repositoryId: 7, details: {} }]);
});

/** Milliseconds from the cancellation to the step's SIGTERM. */
async function cancelOnce(name: string): Promise<number> {
  const folder = `${world.folder}/${name}`;
  const { sha } = await world.push(`version: 2.1
jobs:
  build: {docker: [{image: "debian:bookworm"}], working_directory: ${folder}, steps: [{run: 'trap "date +%s%3N > terminated; exit 9" TERM; touch started; while :; do sleep 0.05; done'}, {run: {when: always, command: touch later}}]}
`);
  const number = ++last;
  await world.until('the step has started', () => Promise.resolve(existsSync(`${folder}/started`)));
  const asked = Date.now();
  assert.equal(await cancelPipeline(world.client, 7, number), true);
  const view = await world.ended(number);
  assert.equal(view.outcome, 'canceled');
  assert.ok(!existsSync(`${folder}/later`));
  const check = [...world.forge.checks.values()].find((candidate) => candidate.sha === sha);
  assert.equal(check!.conclusion, 'cancelled');
  return Number(readFileSync(`${folder}/terminated`, 'utf8')) - asked;
}
