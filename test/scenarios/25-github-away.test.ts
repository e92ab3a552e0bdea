// What becomes of a pipeline while GitHub is away, a repository gets another name, or news of a fork comes in the wrong order? No sandbox is needed: jobs have nothing to run.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance({ builders: [], env: { ROUNDHOUSE_FORKS: 'approve', ROUNDHOUSE_SWEEP_SECONDS: '3600' } });
});
after(() => instance.stop());

const config = { '.circle.yml': 'version: 2.1\njobs: {nothing: {type: no-op}}\nworkflows: {ci: {jobs: [{hold: {type: approval}}, {nothing: {requires: [hold]}}]}}\n' };
const unguarded = { '.circle.yml': 'version: 2.1\njobs: {nothing: {type: no-op}}\nworkflows: {ci: {jobs: [nothing]}}\n' };
const held = (sha: string) => instance.github.waitForCheck(instance.repository, sha, (check) => check.name === 'hold' && check.conclusion === 'action_required', 60_000);
const checks = (repository: string, sha: string): string[] => instance.github.checkRuns(repository, sha).map(({ name, conclusion }) => `${name} ${conclusion}`).sort();

test('nothing of GitHub answers for a minute when the verdict falls: afterwards each check has its last word, once', async () => {
  const { github, repository } = instance;
  const sha = await instance.push(config);
  await held(sha);
  const { length: earlier } = github.requests();
  github.inject({ match: /./, cut: 'before', times: 2 });
  const comesBack = github.inject({ match: /./, status: 503, times: Infinity });
  const number = await instance.newest();
  assert.equal((await instance.roundhouse('approve', `${repository}#${number}/ci/hold`)).code, 0);
  const { at: away } = await instance.until('GitHub is asked', () => github.requests()[earlier]);
  await instance.until('a minute is over', () => Date.now() - away.getTime() >= 60_000, 90_000);
  const refused = github.requests().slice(earlier).map(({ status }) => status);
  assert.deepEqual([...new Set(refused)], [0, 503], 'the line was cut, and then every request refused');
  assert.deepEqual(checks(repository, sha), ['hold action_required', 'nothing null']);
  comesBack();
  assert.equal((await instance.check(sha, 'nothing', 120_000)).conclusion, 'success');
  await instance.ended(sha);
  assert.deepEqual(checks(repository, sha), ['hold success', 'nothing success']);
});

test('a fork’s pull request is told of when its next commit was already: only the newer one runs when a maintainer says so', async () => {
  const { github, repository } = instance;
  const { token } = github.createUser('mallory');
  await instance.push(unguarded);
  const { cloneUrl } = await github.fork(repository, 'mallory');
  const fork = { cloneUrl, owner: 'mallory', token };
  const asks = 'Roundhouse: build this fork';
  const waits = (sha: string) => github.waitForCheck(repository, sha, (check) => check.name === asks && check.conclusion === 'action_required', 60_000);
  const older = await instance.pushToFork(fork);
  const url = github.deliveries().at(-1)!.url;
  github.setWebhook('http://127.0.0.1:9/nobody', 'secret');
  const pull = await github.openPullRequest(repository, { head: 'mallory:patch', author: 'mallory' });
  const opened = await github.waitForDelivery(({ event, action }) => event === 'pull_request' && action === 'opened');
  github.setWebhook(url, 'secret');
  const newer = await instance.pushToFork(fork);
  await waits(newer);
  assert.equal((await github.redeliver(opened.id)).statusCode, 200);
  await waits(older);
  assert.deepEqual(checks(repository, newer), [`${asks} action_required`], 'the newer one still waits');
  github.comment(repository, pull.number, 'ada', '/ok-to-test');
  assert.equal((await instance.check(newer, 'nothing')).conclusion, 'success');
  assert.deepEqual(checks(repository, older), [`${asks} action_required`]);
});

test('the repository is renamed in mid-pipeline: the last word stands under its new name', async () => {
  const { github, repository } = instance;
  await instance.git('checkout', '-q', 'main');
  const sha = await instance.push(config);
  await held(sha);
  const number = await instance.newest();
  github.renameRepository(repository, 'store');
  await github.settled();
  assert.equal((await instance.roundhouse('approve', `acme/store#${number}/ci/hold`)).code, 0);
  await github.waitForCheck('acme/store', sha, 'nothing', 60_000);
  assert.deepEqual(checks('acme/store', sha), ['hold success', 'nothing success']);
  const { stdout } = await instance.roundhouse('why', sha, '--repository', 'acme/store');
  assert.match(stdout, /ci\/hold: was approved by operator \S+\nci\/nothing: passed\n$/);
  github.assertNoFaults();
});
