// Is each reason that a pipeline or a job can have told to whoever asks `roundhouse why`? No sandbox is needed: jobs wait, or have nothing to run.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

/** The answers about a commit or a pipeline, each without the name of the pipeline before it. */
async function why(what: string): Promise<string[]> {
  const { code, stdout, stderr } = await instance.roundhouse('why', what);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split('\n').map((line) => line.replace(/^acme\/shop#\d+: /, ''));
}
const whyEnded = async (sha: string): Promise<string[]> => {
  await instance.ended(sha);
  return why(sha);
};
/** Asks until there is an answer like this. */
const until = (sha: string, answer: RegExp): Promise<string[]> =>
  instance.until(`why says ${answer}`, async () => {
    const answers = (await instance.roundhouse('why', sha)).stdout.trimEnd().split('\n');
    return answers.some((line) => answer.test(line)) ? answers.slice(1) : null;
  });
/** A branch of its own with this config. */
const pushed = (branch: string, config: string, message?: string): Promise<string> => instance.push({ '.circle.yml': `version: 2.1\n${config}\n` }, { branch, ...(message !== undefined && { message }) });
const numberOf = async (sha: string): Promise<string> => /^acme\/shop#\d+/.exec((await instance.roundhouse('why', sha)).stdout)![0];
const nothing = 'jobs: {nothing: {type: no-op}}';

let waiting: string;

test('nothing ran: no config, a faulty one, the message, no workflow whose condition holds, filters', async () => {
  const none = await instance.push({ 'note.txt': 'a note' });
  // Looked at below: it takes a while until it is said for what it waits.
  waiting = await pushed('waiting', 'jobs: {build: {docker: [{image: debian:bookworm}], resource_class: xlarge, steps: [checkout]}, after: {type: no-op}}\nworkflows: {ci: {jobs: [build, after: {requires: [build]}]}}');
  const faulty = await pushed('faulty', 'jobs: {nothing: {type: no-op}}\nworkflows: {ci: {jobs: [another]}}');
  const quiet = await pushed('quiet', nothing, 'A note [ci skip]');
  const conditional = await pushed('conditional', `${nothing}\nworkflows: {ci: {when: {equal: [main, << pipeline.git.branch >>]}, jobs: [nothing]}}`);
  const filtered = await pushed('filtered', `${nothing}\nworkflows: {ci: {jobs: [nothing: {filters: {branches: {only: main}}}]}}`);
  const began = (branch: string): string => `began by a push of ada for ${branch}`;
  assert.deepEqual(await whyEnded(none), [`${began('main')}; nothing ran; no .circle.yml or .circleci/config.yml at ${none.slice(0, 12)}: nothing to run`]);
  assert.match((await whyEnded(faulty)).join(), /^began by a push of ada for faulty; failed; \.circle\.yml: .*another/);
  assert.deepEqual(await whyEnded(quiet), [`${began('quiet')}; nothing ran; the message of ${quiet.slice(0, 12)} says [ci skip]`]);
  assert.match((await whyEnded(conditional)).join(), /^began by a push of ada for conditional; nothing ran; no workflow of \.circle\.yml has a job for branch conditional; ci is off: its condition \{equal: \[main, << pipeline\.git\.branch >>\]\} \(\.circle\.yml:3\) is false$/);
  assert.deepEqual(await whyEnded(filtered), [`${began('filtered')}; nothing ran; filters and conditions of the config leave every job out`, 'ci/nothing: was filtered out; its filters (.circle.yml:3) let only branches in that match main, and this is filtered']);
});

test('a job waits for a person, and a newer push takes its place', async () => {
  const held = `${nothing}\nworkflows: {ci: {jobs: [hold: {type: approval}, nothing: {requires: [hold]}]}}`;
  const older = await pushed('topic', held);
  assert.deepEqual(await until(older, /waits for an approval/), ['ci/hold: waits for an approval', 'ci/nothing: waits until hold has ended']);
  const newer = await pushed('topic', held);
  await until(newer, /waits for an approval/);
  const number = await numberOf(newer);
  const [pipeline, ...jobs] = await whyEnded(older);
  assert.equal(pipeline, `began by a push of ada for topic; canceled; superseded by ${number.slice('acme/shop'.length)}`);
  assert.deepEqual(jobs.map((line) => line.slice(0, line.indexOf(';'))), ['ci/hold: canceled', 'ci/nothing: canceled']);
  assert.equal((await instance.roundhouse('approve', `${number}/ci/hold`)).code, 0);
  const [, hold, after] = await whyEnded(newer);
  assert.match(hold!, /^ci\/hold: was approved by operator \S+$/);
  assert.equal(after, 'ci/nothing: passed');
});

test('a job waits for its turn, until somebody cancels it', async () => {
  const locks = 'jobs: {take: {type: lock, key: deploy}, give: {type: unlock, key: deploy}}\nworkflows: {cd: {jobs: [take, hold: {type: approval, requires: [take]}, give: {requires: [hold]}]}}';
  const first = await pushed('first', locks);
  await until(first, /hold: waits for an approval/);
  const second = await pushed('second', locks);
  assert.equal((await until(second, /take: waits for serial group/))[0], `cd/take: waits for serial group deploy, which ${await numberOf(first)} holds`);
  assert.equal((await instance.roundhouse('cancel', await numberOf(second))).code, 0);
  assert.match((await whyEnded(second)).join('\n'), /^began by a push of ada for second; canceled; canceled by operator \S+\ncd\/take: canceled; canceled by operator/);
  assert.equal((await instance.roundhouse('cancel', await numberOf(first))).code, 0);
});

test('a job may not have what it names, another cannot run here, a third needs them, and a fourth is not run again', async () => {
  const sha = await pushed('refused', `jobs:
  nothing: {type: no-op}
  last: {type: no-op}
  deploy: {docker: [{image: debian:bookworm}], steps: [checkout]}
  mac: {macos: {xcode: 16.0.0}, steps: [checkout]}
workflows: {ci: {jobs: [nothing, mac, deploy: {context: production}, last: {requires: [deploy]}]}}`);
  const reasons = (await whyEnded(sha)).slice(1);
  assert.equal(reasons[0], 'ci/nothing: passed');
  assert.match(reasons[1]!, /^ci\/mac: unsupported; .*macOS/i);
  assert.match(reasons[2]!, /^ci\/deploy: unauthorized; .*context production/);
  assert.equal(reasons[3], 'ci/last: did not run; requires deploy, which ended as unauthorized');
  const number = await numberOf(sha);
  const { stdout } = await instance.roundhouse('rerun', number, '--failed');
  const again = await instance.until('the rerun has ended', async () => {
    const answers = await why(stdout.trim());
    return answers[0]!.includes('is open') ? null : answers;
  });
  assert.match(again[0]!, /^was run again by .* for refused; failed|^was run again by .* for refused; unauthorized/);
  assert.equal(again[1], `ci/nothing: passed in ${number.slice('acme/shop'.length)}, and was not run again`);
});

test('a fork is not built, or waits until somebody allows it', async () => {
  const { github, repository } = instance;
  const { token } = github.createUser('mallory');
  await instance.push({ '.circle.yml': `version: 2.1\n${nothing}\nworkflows: {ci: {jobs: [nothing]}}\n` });
  const { cloneUrl } = await github.fork(repository, 'mallory');
  const fork = { cloneUrl, owner: 'mallory', token };
  const never = await instance.pushToFork(fork);
  const { number } = await github.openPullRequest(repository, { head: 'mallory:patch', author: 'mallory' });
  assert.deepEqual(await whyEnded(never), [`began by a pull request of mallory for refs/pull/${number}/head; nothing ran; pull request ${number} comes from a fork, and forks are not built here (forks: never)`]);
  assert.equal((await instance.roundhouse('settings', repository, '--forks', 'approve')).code, 0);
  const asks = await instance.pushToFork(fork);
  await until(asks, /waits until a maintainer allows this commit of a fork to run/);
});

test('no builder offers the class; and more pipelines wait for that one', async () => {
  const [build, after] = await until(waiting, /build: no connected builder/);
  assert.match(build!, /^ci\/build: no connected builder offers class xlarge; they offer .*medium.*\. Choose one of these as resource_class, or add a larger builder\.$/);
  assert.equal(after, 'ci/after: waits until build has ended');
  assert.equal((await instance.roundhouse('settings', instance.repository, '--pipelines-at-once', '1')).code, 0);
  const late = await pushed('late', `${nothing}\nworkflows: {ci: {jobs: [nothing]}}`);
  const { stdout } = await instance.until('why says for what it waits', async () => {
    const answer = await instance.roundhouse('why', late);
    return answer.stdout.includes('waits: ') ? answer : null;
  });
  assert.match(stdout, /^acme\/shop#\d+: began by a push of ada for late; waits: 1 pipelines of this repository run, and no more may run at once\n$/);
  instance.github.assertNoFaults();
});
