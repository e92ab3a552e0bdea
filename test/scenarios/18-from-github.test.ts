// What GitHub's own pages ask, from comment, label and button to check; and the code of a fork on the whole road.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { searchForCredentials, startInstance, type Instance } from './instance.ts';

let instance: Instance;
let fork: { cloneUrl: string };
let mallory: { token: string };
before(async () => {
  instance = await startInstance({ env: { ROUNDHOUSE_FORKS: 'approve' } });
  mallory = instance.github.createUser('mallory');
});
after(() => instance.stop());

const asks = 'Roundhouse: build this fork';
const docker = 'docker: [{image: "debian:bookworm"}]';

/** Commits on a branch of the work tree, pushes that to the fork, and answers the commit. */
async function pushToFork(files: Record<string, string>): Promise<string> {
  await instance.git('checkout', '-q', '-B', 'patch');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(instance.tree, path)), { recursive: true });
    await writeFile(join(instance.tree, path), text);
  }
  await instance.git('add', '-A');
  await instance.git('commit', '-q', '-m', 'From a fork');
  await instance.git('-c', `http.extraHeader=Authorization: Basic ${Buffer.from(`mallory:${mallory.token}`).toString('base64')}`, 'push', '-q', '-f', fork.cloneUrl, 'HEAD:refs/heads/patch');
  const { stdout } = await instance.git('rev-parse', 'HEAD');
  // What is pushed next to the repository itself shall not hold it.
  await instance.git('checkout', '-q', '-');
  return stdout.trim();
}

const config = `version: 2.1
orbs:
  tool: mine/tool@1.0.0
jobs:
  look:
    ${docker}
    steps:
      - checkout
      - run: git log -1 --format=%H; echo "[$WHERE] $CIRCLE_BRANCH $CIRCLE_PR_USERNAME"; grep NoNewPrivs /proc/self/status; ${searchForCredentials}
      - restore_cache: {keys: [deps-]}
      - run: cat ~/deps/file; echo poison >~/deps/file
      - save_cache: {key: deps-fork, paths: [~/deps]}
      - tool/say
  secret:
    ${docker}
    steps: [{run: {command: 'true', secrets: [NPM_TOKEN]}}]
  context:
    ${docker}
    steps: [{run: 'true'}]
  keys:
    ${docker}
    steps: [add_ssh_keys]
  further:
    ${docker}
    steps: [{checkout: {repositories: [acme/other]}}]
workflows:
  ci:
    jobs: [look, secret, {context: {context: deploy}}, keys, further]
`;

test('what is the repository’s own is there before any fork', async () => {
  await instance.inTree('of-the-project-1\n', 'variables', 'set', 'acme/shop', 'WHERE');
  await instance.inTree('of-a-context-1\n', 'contexts', 'set', 'acme', 'deploy', 'WHERE');
  await instance.inTree('npm-canary-1\n', 'secrets', 'set', 'NPM_TOKEN');
  await instance.github.createRepository({ owner: 'acme', name: 'other', private: true });
  const sha = await instance.push({ '.circle.yml': `version: 2.1\njobs: {build: {${docker}, steps: [{run: 'mkdir ~/deps; echo clean >~/deps/file'}, {save_cache: {key: deps-main, paths: [~/deps]}}]}}\n` });
  assert.equal((await instance.check(sha)).conclusion, 'success');
  fork = await instance.github.fork(instance.repository, 'mallory');
});

let pull: number;
const hostile = '<< pipeline.number >> "quoted\'; $(id)';
let forkSha: string;

test('a fork’s pull request waits; a stranger’s word does nothing, a maintainer’s runs it, at T0', async () => {
  const { github, repository } = instance;
  forkSha = await pushToFork({ '.circle.yml': config, '.circle/orbs/mine/tool/1.0.0.yml': 'version: 2.1\ncommands: {say: {steps: [{run: echo from the fork}]}}\n' });
  ({ number: pull } = await github.openPullRequest(repository, { head: 'mallory:patch', title: hostile, author: 'mallory' }));
  const waiting = await instance.check(forkSha, asks);
  assert.equal(waiting.conclusion, 'action_required');
  assert.match(waiting.output.summary!.replaceAll('\\', ''), /5 jobs: look, secret, context, keys, further\.[^]*\.circle\.yml is not that of main/);
  assert.deepEqual(waiting.actions.map(({ identifier }) => identifier), ['allow']);

  github.comment(repository, pull, 'mallory', '/ok-to-test');
  await github.settled();
  assert.match(instance.started.map((each) => each.log()).join(''), /command on GitHub is not carried out/);
  assert.equal(github.checkRuns(repository, forkSha).length, 1);

  github.comment(repository, pull, 'ada', 'Looks good.\n\n/ok-to-test');
  assert.equal((await instance.check(forkSha, 'look')).conclusion, 'success', (await instance.check(forkSha, 'look')).output.summary!);
  await github.waitForCheck(repository, forkSha, (check) => check.name === asks && check.conclusion === 'success');
});

// What each line of the log stands for: DESIGN sections 6 and 8.
test('check 14 and 3: the fork’s job has its own commit and orb, no new privileges, no variable and no credential; its cache is not the default branch’s', async () => {
  const view = await instance.ended(forkSha);
  assert.equal(view.trust, 'T0');
  const log = (step: number): Promise<string> => instance.logOf(view, { workflow: 'ci', job: 'look', step });
  assert.equal(await log(1), `${forkSha}\n[] pull/${pull} mallory\nNoNewPrivs:\t1\nsearched\n`);
  assert.match(await log(2), /Found a cache .* at deps-main/);
  assert.equal(await log(3), 'clean\n');
  assert.match(await log(4), /^Saved/);
  assert.equal(await log(5), 'from the fork\n');
  const sha = await instance.push({ '.circle.yml': `version: 2.1\njobs: {build: {${docker}, steps: [{restore_cache: {keys: [deps-fork, deps-]}}, {run: cat ~/deps/file}]}}\n` });
  assert.equal((await instance.check(sha)).conclusion, 'success');
  assert.equal(await instance.logOf(await instance.ended(sha), { workflow: 'workflow', step: 1 }), 'clean\n');
});

test('check 15: what a fork’s job names and may not have ends it with a sentence, and the vault is not asked', async () => {
  const sentences: [string, RegExp][] = [['secret', /secret NPM_TOKEN is not for pull requests of forks/], ['context', /context deploy is not for pull requests of forks/], ['keys', /add_ssh_keys is not for pull requests of forks/], ['further', /repositories of a checkout are not for pull requests of forks/]];
  for (const [job, sentence] of sentences) {
    const check = await instance.check(forkSha, job);
    assert.equal(check.conclusion, 'failure', job);
    assert.match(check.output.summary!.replaceAll('\\', ''), sentence);
  }
  const number = (await instance.ended(forkSha)).number;
  const audit = await instance.inTree('', 'audit', 'show', '--json');
  assert.ok(audit.includes('"fork.allowed"') && audit.includes('"command.refused"'));
  assert.doesNotMatch(audit, new RegExp(`"from":"pipeline ${instance.repositoryId}/${number}"`));
});

test('"Re-run" of the fork’s check by a maintainer runs that job again, without asking', async () => {
  const { github, repository } = instance;
  const [check] = github.checkRuns(repository, forkSha).filter(({ name }) => name === 'look');
  github.requestCheckRerun(check!.id, 'ada');
  await github.waitForCheck(repository, forkSha, ({ id, name, conclusion }) => name === 'look' && id !== check!.id && conclusion === 'success');
  assert.equal(github.checkRuns(repository, forkSha).filter(({ name }) => name === 'look').length, 2);
});

test('new commits ask again, and the button lets them run', async () => {
  const { github, repository } = instance;
  const older = await pushToFork({ '.circle.yml': `version: 2.1\njobs: {build: {${docker}, steps: [{run: echo older}]}}\n` });
  await instance.check(older, asks);
  const newer = await pushToFork({ '.circle.yml': `version: 2.1\njobs: {build: {${docker}, steps: [checkout, {run: echo newer}]}}\n` });
  const waiting = await instance.check(newer, asks);
  await github.waitForCheck(repository, older, (check) => check.name === asks && check.conclusion === 'cancelled');
  github.requestCheckAction(waiting.id, 'allow', 'mallory');
  github.requestCheckAction(waiting.id, 'allow', 'ada');
  assert.equal((await instance.check(newer)).conclusion, 'success');
});

test('labels are commands too: one runs the fork’s commit, one runs it again; a stranger’s and any other do nothing', async () => {
  const { github, repository } = instance;
  const sha = await pushToFork({ '.circle.yml': `version: 2.1\njobs: {build: {${docker}, environment: {TITLE: << pipeline.event.github.pull_request.title >>}, steps: [{run: 'echo "$TITLE"'}]}}\n` });
  await instance.check(sha, asks);
  await github.label(repository, pull, 'ada', 'bug');
  github.addCollaborator(repository, 'mallory', 'read');
  await github.label(repository, pull, 'mallory', 'run-ci');
  await github.settled();
  assert.deepEqual(github.checkRuns(repository, sha).map(({ name, conclusion }) => [name, conclusion]), [[asks, 'action_required']]);
  await github.label(repository, pull, 'ada', 'ok-to-test');
  assert.equal((await instance.check(sha)).conclusion, 'success');
  const view = await instance.ended(sha);
  assert.equal(await instance.logOf(view, { workflow: 'workflow', step: 0 }), `${hostile}\n`, 'the title is a text, whatever stands in it');
  await github.unlabel(repository, pull, 'ada', 'run-ci');
  await github.label(repository, pull, 'ada', 'run-ci');
  await instance.until('it runs again', async () => (await instance.roundhouse('why', `${repository}#${view.number + 1}`)).stdout.includes('was run again by ada'));
});

test('the command line allows a fork’s commit, once, and what waits for nobody gets a sentence', async () => {
  const { github, repository } = instance;
  const sha = await pushToFork({ '.circle.yml': `version: 2.1\njobs: {build: {${docker}, steps: [{run: echo allowed}]}}\n` });
  await instance.check(sha, asks);
  const waiting = await instance.until('the pipeline is listed', async () => {
    const lines = (await instance.roundhouse('builds', '--limit', '3', '--json')).stdout.split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as { sha: string; number: number }).find((line) => line.sha === sha);
  });
  const address = `${repository}#${waiting.number}`;
  assert.match((await instance.roundhouse('why', address)).stdout, /waits until a maintainer allows this commit of a fork to run\. It runs one job: build\./);
  assert.deepEqual((await instance.roundhouse('allow', address)).code, 0);
  const late = await instance.roundhouse('allow', address);
  assert.deepEqual([late.code, /was allowed to run by operator \S+, so there is nothing to allow\.|has ended/.test(late.stderr)], [2, true], late.stderr);
  assert.equal((await instance.check(sha)).conclusion, 'success');
  await github.waitForCheck(repository, sha, (check) => check.name === asks && check.conclusion === 'success');
  const own = await instance.roundhouse('allow', `${repository}#1`);
  assert.deepEqual([own.code, own.stderr], [2, 'roundhouse: pipeline #1 is not of a fork, so there is nothing to allow.\n']);
});

test('approve and cancel by buttons', async () => {
  const { github, repository } = instance;
  const sha = await instance.push({ '.circle.yml': `version: 2.1\njobs: {deploy: {${docker}, steps: [{run: sleep 300}]}}\nworkflows: {ci: {jobs: [{hold: {type: approval}}, {deploy: {requires: [hold]}}]}}\n` }, { branch: 'topic' });
  const hold = await github.waitForCheck(repository, sha, (check) => check.name === 'hold' && check.conclusion === 'action_required');
  github.requestCheckAction(hold.id, 'approve', 'ada');
  const deploy = await github.waitForCheck(repository, sha, (check) => check.name === 'deploy' && check.status === 'in_progress');
  github.requestCheckAction(deploy.id, 'cancel', 'ada');
  assert.equal((await instance.check(sha, 'deploy')).conclusion, 'cancelled');
  const view = await instance.ended(sha);
  assert.deepEqual(view.workflows[0]!.jobs.map(({ outcome, approvedBy, reason }) => [outcome, approvedBy, reason]), [['passed', 'ada', undefined], ['canceled', undefined, 'canceled by ada']]);
});

test('a commit in the merge queue is built by the push of the queue’s branch, and once', async () => {
  const { github, repository } = instance;
  await instance.push({ '.circle.yml': `version: 2.1\njobs: {build: {${docker}, steps: [{run: echo queued}]}}\n` });
  await instance.push({ queued: 'x' }, { branch: 'queued', message: 'Queued [skip ci]' });
  const { number } = await github.openPullRequest(repository, { head: 'queued', author: 'ada', title: 'Queued [skip ci]' });
  const { headSha } = await github.enqueue(repository, number, 'ada');
  assert.equal((await instance.check(headSha)).conclusion, 'success');
  await github.settled();
  assert.equal(github.checkRuns(repository, headSha).length, 1);
});

test('where forks are not built, the list of builds says why nothing ran', async () => {
  await instance.inTree('', 'settings', 'acme/shop', '--forks', 'never');
  const sha = await pushToFork({ more: 'x' });
  const line = await instance.until('the pipeline is listed', async () => {
    const { stdout } = await instance.roundhouse('builds', '--limit', '3', '--json');
    return stdout.split('\n').find((each) => each.includes(sha) && each.includes('"ended"'));
  });
  assert.match(line, /comes from a fork, and forks are not built here \(forks: never\)/);
  instance.github.assertNoFaults();
});
