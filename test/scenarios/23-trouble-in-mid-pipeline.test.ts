// What becomes of a pipeline when GitHub, Temporal or the app fails in its middle, or news comes late and in the wrong order?

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance, type Running } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance({ env: { ROUNDHOUSE_SWEEP_SECONDS: '600' } });
});
after(() => instance.stop());

const steps = (command: string): string => `    steps:\n      - run: ${JSON.stringify(command)}\n`;
const runs = (sha: string): Promise<unknown> => instance.github.waitForCheck(instance.repository, sha, (check) => check.name === 'build' && check.status === 'in_progress', 60_000);
const conclusionOf = async (sha: string, timeoutMs?: number): Promise<string> => (await instance.check(sha, 'build', timeoutMs)).conclusion!;
const running = (word: string): Running => instance.started.findLast(({ process }) => process.exitCode === null && process.signalCode === null && process.spawnargs.includes(word)) as Running;

test('GitHub fails, cuts the line, is slow and asks for silence at the verdict: the check has its last word all the same, once', async () => {
  const sha = await instance.pushJob(steps('sleep 4'));
  await runs(sha);
  const { github } = instance;
  github.inject({ match: 'POST /graphql', status: 502, times: 2 });
  github.inject({ match: 'POST /graphql', cut: 'before' });
  github.inject({ match: 'POST /graphql', cut: 'after' });
  github.injectSecondaryLimit({ match: 'POST /graphql', retryAfterSeconds: 2 });
  github.inject({ match: 'POST /graphql', delayMs: 1500 });
  assert.equal(await conclusionOf(sha, 120_000), 'success');
  assert.equal(github.checkRuns(instance.repository, sha).length, 1);
});

test('the token expires in mid-pipeline: another one is asked for', async () => {
  const sha = await instance.pushJob(steps('sleep 3'));
  await runs(sha);
  instance.github.expireTokens();
  assert.equal(await conclusionOf(sha), 'success');
});

test('the branch is deleted in mid-run: the job ends as it ends, and its check says so', async () => {
  const sha = await instance.pushJob(steps('sleep 3'), { branch: 'short-lived' });
  await runs(sha);
  await instance.git('push', '-q', 'origin', ':refs/heads/short-lived');
  assert.equal(await conclusionOf(sha), 'success');
});

test('Temporal is killed in mid-step and starts again: the step goes on, and no byte of its log is lost or repeated', async () => {
  const sha = await instance.pushJob(steps('for i in $(seq 40); do echo line $i; sleep 0.2; done'));
  await runs(sha);
  await running('start-dev').kill('SIGKILL');
  await instance.startTemporal();
  assert.equal(await conclusionOf(sha, 120_000), 'success');
  assert.equal(await instance.logOf(await instance.ended(sha), { step: 0 }), Array.from({ length: 40 }, (_, i) => `line ${i + 1}\n`).join(''));
});

test('the app is killed as soon as GitHub has heard that the push has come: it is built', async () => {
  const sha = await instance.push({ 'note.txt': 'after all' });
  const heard = await instance.github.waitForDelivery((delivery) => delivery.event === 'push' && delivery.request.payload.after === sha, 30_000);
  await running('app').kill('SIGKILL');
  assert.equal(heard.statusCode, 200);
  await instance.startApp();
  assert.equal(await conclusionOf(sha, 120_000), 'success');
});

test('news of an old commit comes after that of a new one: both are built, and the old one cancels nothing', async () => {
  const { github } = instance;
  const url = `${instance.url}/api/github/webhooks`;
  const config = (command: string): Record<string, string> => ({ '.circle.yml': `version: 2.1\njobs:\n  build:\n    docker:\n      - image: debian:bookworm\n${steps(command)}` });
  github.setWebhook('http://127.0.0.1:9/nobody', 'secret');
  const old = await instance.push(config('true'), { branch: 'topic' });
  const failed = await github.waitForDelivery((delivery) => delivery.event === 'push' && delivery.request.payload.after === old, 30_000);
  github.setWebhook(url, 'secret');
  const fresh = await instance.push(config('sleep 6'), { branch: 'topic' });
  await runs(fresh);
  assert.equal((await github.redeliver(failed.id)).statusCode, 200);
  assert.equal(await conclusionOf(old), 'success');
  assert.equal(await conclusionOf(fresh), 'success');
});

test('the same delivery again, ten times, is one pipeline for ever', async () => {
  const before = await instance.newest();
  const [delivery] = instance.github.deliveries({ event: 'push' });
  for (let time = 0; time < 10; time++) assert.equal((await instance.github.redeliver(delivery!.id)).statusCode, 200);
  const sha = await instance.push({ 'note.txt': 'one more' });
  await instance.ended(sha);
  assert.equal(await instance.newest(), before + 1);
});

test('why: what ran, what did not, and what was never told of', async () => {
  const why = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await instance.roundhouse('why', ...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const sha = await instance.push({
    '.circle.yml': `version: 2.1
jobs:
  build: &job {docker: [{image: debian:bookworm}], steps: [{run: exit 3}]}
  after: *job
  deploy: *job
workflows: {ci: {jobs: [build, {after: {requires: [build]}}, {deploy: {filters: {branches: {only: release}}}}]}}
`,
  });
  const { number } = await instance.ended(sha);
  const lines = (await why(`acme/shop#${number}`)).trimEnd().split('\n');
  assert.match(lines[0]!, new RegExp(`^acme/shop#${number}: began by a push of ada for main; failed`));
  assert.match(lines[1]!, /^ci\/build: failed; .*exit code 3/);
  assert.deepEqual(lines.slice(2), ['ci/after: did not run; requires build, which ended as failed', 'ci/deploy: was filtered out; its filters (.circle.yml:6) let only branches in that match release, and this is main']);
  assert.equal(await why(`acme/shop#${number}/ci/deploy`), `${lines[3]}\n`);
  const skipped = await instance.push({ 'note.txt': 'quiet' }, { message: 'Only a note [skip ci]' });
  await instance.ended(skipped);
  assert.match(await why(skipped), /nothing ran; the message of [0-9a-f]{12} says \[skip ci\]/);
  assert.match(await why('a'.repeat(40), '--repository', 'acme/shop'), /no pipeline of it is known/);
  assert.match(await why('a'.repeat(40), '--repository', 'acme/elsewhere'), /the GitHub App is not installed on acme\/elsewhere/);
  await instance.roundhouse('unfollow', 'acme/shop');
  const unheard = await instance.push({ 'note.txt': 'unheard' });
  assert.match(await why(unheard, '--repository', 'acme/shop'), /acme\/shop is not followed, so its pushes begin nothing. Follow it: roundhouse follow acme\/shop/);
  const nonsense = await instance.roundhouse('why', 'what?');
  assert.equal(nonsense.code, 2);
  assert.match(nonsense.stderr, /neither a commit .* nor OWNER\/NAME#PIPELINE/);
});
