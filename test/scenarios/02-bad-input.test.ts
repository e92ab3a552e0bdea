// What people and configs get wrong, and what they read then.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

test('check 25: a webhook that is not signed, wrongly signed, or signed by SHA-1 alone is refused, and nothing starts', async () => {
  const body = JSON.stringify({ zen: 'x', ref: 'refs/heads/main', repository: { id: instance.repositoryId } });
  const sha1 = `sha1=${createHmac('sha1', 'secret').update(body).digest('hex')}`;
  const signatures: Record<string, string>[] = [{}, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, { 'x-hub-signature': sha1 }];
  for (const signature of signatures) {
    const response = await fetch(`${instance.url}/api/github/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': 'd', ...signature },
      body,
    });
    assert.ok(response.status >= 400 && response.status < 500, `${JSON.stringify(signature)} was answered ${response.status}`);
  }
  assert.equal((await instance.roundhouse('builds', '--json')).stdout, '');
});

test('no config in the repository: nothing runs, and builds says why', async () => {
  const sha = await instance.push({ 'README.md': 'no config yet\n' });
  const view = await instance.ended(sha);
  assert.equal(view.outcome, 'skipped');
  const { code, stdout } = await instance.roundhouse('builds');
  assert.equal(code, 0);
  assert.match(stdout, /acme\/shop#1 .*skipped/);
  assert.match(stdout, /no \.circle\.yml or \.circleci\/config\.yml at/);
  assert.deepEqual(instance.github.checkRuns(instance.repository, sha), []);
});

test('broken YAML: the check fails, with the line annotated', async () => {
  const sha = await instance.push({ '.circle.yml': 'version: 2.1\njobs:\n  build:\n    docker: [{image: debian:bookworm}\n    steps: [checkout]\n' });
  const check = await instance.check(sha, 'Roundhouse config');
  assert.equal(check.conclusion, 'failure');
  const [annotation] = check.output.annotations;
  assert.equal(annotation!.path, '.circle.yml');
  assert.ok(annotation!.start_line >= 4 && annotation!.start_line <= 5, `line ${annotation!.start_line}`);
});

test('what the language has and we cannot run yet is said on its line', async () => {
  const sha = await instance.push({ '.circle.yml': 'version: 2.1\njobs:\n  build:\n    docker: [{image: "debian:bookworm"}]\n    steps:\n      - checkout\n      - install_signing_bundle\n' });
  const check = await instance.check(sha, 'Roundhouse config');
  assert.equal(check.conclusion, 'failure');
  assert.equal(check.output.title, 'Not supported yet');
  assert.equal(check.output.annotations[0]!.start_line, 7);
  assert.match(check.output.annotations[0]!.message ?? '', /`install_signing_bundle` is not supported yet by this version of Roundhouse/);
});

test('a command that is not found, and a step killed by a signal, are said so', async () => {
  const missing = await instance.check(await instance.pushJob('    steps:\n      - run: no-such-command --help\n'));
  assert.equal(missing.conclusion, 'failure');
  assert.match(missing.output.summary!, /command not found/);
  const killed = await instance.check(await instance.pushJob('    steps:\n      - run: {name: suicide, command: "kill -SEGV $$"}\n'));
  assert.equal(killed.conclusion, 'failure');
  assert.match(killed.output.summary!, /SIGSEGV/);
});

test('check 5: a step over its memory limit dies alone, and the check says which limit', async () => {
  const sha = await instance.push({
    '.circle.yml': `version: 2.1
jobs:
  greedy:
    docker: [{image: "debian:bookworm"}]
    resource_class: small
    steps:
      - run: {name: Eat, command: "head -c 4G /dev/zero | tail -c 4G > /dev/null"}
  modest:
    docker: [{image: "debian:bookworm"}]
    resource_class: small
    steps:
      - run: sleep 2; echo still here
workflows: {w: {jobs: [greedy, modest]}}
`,
  });
  const [greedy, modest] = [await instance.check(sha, 'greedy'), await instance.check(sha, 'modest')];
  assert.equal(greedy.conclusion, 'failure');
  assert.match(greedy.output.summary!, /out of memory \(limit 2 GB\)/);
  assert.equal(modest.conclusion, 'success');
});

test('an image that is none of ours is refused with a sentence', async () => {
  const check = await instance.check(await instance.push({ '.circle.yml': 'version: 2.1\njobs:\n  build:\n    docker: [{image: "cimg/node:20.1"}]\n    steps: [{run: "true"}]\n' }));
  assert.equal(check.conclusion, 'failure');
  assert.match(check.output.summary!, /cimg\/node:20\.1/);
});

test('check 27: a branch named like a command is a name', async () => {
  const branch = '$(touch${IFS}/tmp/p)';
  const sha = await instance.pushJob('    steps:\n      - checkout\n      - run: printf "%s\\n" "$CIRCLE_BRANCH"; git branch --show-current; ls /tmp\n', { branch });
  assert.equal((await instance.check(sha)).conclusion, 'success');
  const log = await instance.logOf(await instance.ended(sha), { step: 1 });
  assert.deepEqual(log.split('\n').slice(0, 2), [branch, branch]);
  assert.doesNotMatch(log, /^p$/m, 'in the sandbox');
  assert.ok(!existsSync('/tmp/p'), 'on the builder');
});

test('silence for too long ends the step, and the check says timed out', async () => {
  const check = await instance.check(await instance.pushJob('    steps:\n      - run: {command: "echo before; sleep 300", no_output_timeout: 1s}\n'));
  assert.equal(check.conclusion, 'timed_out');
  assert.match(check.output.summary!, /Too long with no output \(exceeded 1s\)/);
});

test('check 26: the same delivery ten times at once is one pipeline', async () => {
  const sha = await instance.pushJob('    steps:\n      - run: "true"\n');
  await instance.check(sha);
  const [delivery] = instance.github.deliveries({ event: 'push' }).slice(-1);
  const again = await Promise.all(Array.from({ length: 10 }, () => instance.github.redeliver(delivery!.id)));
  assert.ok(again.every(({ statusCode }) => statusCode >= 200 && statusCode < 300));
  const next = await instance.pushJob('    steps:\n      - run: echo next\n');
  await instance.check(next);
  assert.equal((await instance.ended(next)).number, (await instance.ended(sha)).number + 1);
});

test('a pull request from a fork runs nothing, and builds says why', async () => {
  const { github, repository } = instance;
  const stranger = github.createUser('mallory');
  github.setVisibility(repository, 'public');
  await github.fork(repository, stranger.login);
  const pull = await github.openPullRequest(repository, { head: `${stranger.login}:main`, author: stranger.login });
  await instance.until('builds tells of it', async () => /pull request \d+ comes from a fork, and forks are not built here/.test((await instance.roundhouse('builds')).stdout));
  assert.ok(pull.number > 0);
});

test('wrong use of the command line is a sentence and exit code 2, never a stack trace', async () => {
  for (const args of [['cancel', 'nonsense'], ['logs', 'acme/shop#999/w/j'], ['builds', 'not-a-repository'], ['builds', '--limit', 'many'], ['frobnicate'], ['cancel', 'acme/shop#1'], ['run']]) {
    const { code, stderr } = await instance.roundhouse(...args);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.doesNotMatch(stderr, /^\s+at /m, args.join(' '));
    assert.ok(stderr.trim().length > 0);
  }
});
