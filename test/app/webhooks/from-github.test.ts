// The local GitHub sends, our server hears: what people do becomes triggers.
import { after, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { githubForge } from '../../../activities/adapters/github.ts';
import { operatorLog } from '../../../app/operator-log.ts';
import { startServer, webhookPath, type RunningServer } from '../../../app/server.ts';
import type { Change } from '../../../app/webhooks/probot.ts';
import { noCommit, trustLevel, type Trigger } from '../../../config-schema/trigger.ts';
import { openGitHub, type Opened } from '../../adapters/github/open.ts';

let opened: Opened;
let server: RunningServer;
let triggers: Trigger[] = [];
let changes: Change[] = [];
let down = false;

before(async () => {
  opened = await openGitHub({ private: false, app: { webhookSecret: 'of this test' } });
  const { appId, privateKey } = opened.settings;
  server = await startServer({
    settings: { host: '127.0.0.1', port: 0, github: { appId, privateKey, webhookSecret: 'of this test' } },
    log: operatorLog({ level: 'silent', format: 'json' }),
    handlers: [],
    async deliver(trigger) {
      if (down) throw new Error('temporal is down');
      triggers.push(trigger);
    },
    changed: async (change) => void changes.push(change),
  });
  await opened.github.settled();
  opened.github.setWebhook(server.url + webhookPath);
});
beforeEach(async () => {
  await opened.github.settled();
  triggers = [];
  changes = [];
});
after(async () => {
  await opened.close();
  await server.close();
  opened.github.assertNoFaults();
});

test('a push', async () => {
  const { sha } = await opened.push({ '.circle.yml': 'x: 1\n' }, 'Begin\n\nmore');
  await opened.github.settled();
  const [trigger, ...more] = triggers;
  assert.deepEqual([trigger?.event, trigger?.ref, trigger?.sha, trigger?.before, trigger?.commit, trigger?.sender.login], ['push', 'refs/heads/main', sha, noCommit, { subject: 'Begin', authorLogin: 'alice' }, 'alice']);
  assert.deepEqual(trigger?.repository, opened.repository);
  assert.equal(more.length, 0, 'the check suite that GitHub asks for starts nothing besides');
});

test('a forced push, an annotated tag, a deleted branch', async () => {
  const first = await opened.push({}, 'One', 'refs/heads/topic');
  await opened.git('commit', '-q', '--amend', '--allow-empty', '-m', 'One again');
  await opened.git('push', '-q', 'origin', '+HEAD:refs/heads/topic');
  const amended = await opened.git('rev-parse', 'HEAD');
  await opened.git('tag', '-a', 'v1', '-m', 'a tag');
  await opened.git('push', '-q', 'origin', 'v1');
  await opened.git('push', '-q', 'origin', ':topic');
  await opened.github.settled();
  assert.deepEqual(triggers.map(({ ref, before, sha }) => [ref, before, sha]), [
    ['refs/heads/topic', noCommit, first.sha],
    ['refs/heads/topic', first.sha, amended],
    ['refs/tags/v1', noCommit, amended],
  ]);
});

test('a pull request of the same repository has the pipeline of its push; a fork’s has its own, at T0', async () => {
  const { github } = opened;
  await opened.push({ 'a.txt': 'a' }, 'Same', 'refs/heads/same');
  await github.openPullRequest(opened.fullName, { head: 'same', author: 'alice' });
  const mallory = github.createUser('mallory');
  const fork = await github.fork(opened.fullName, 'mallory');
  await opened.git('checkout', '-q', '-b', 'evil', 'HEAD');
  await opened.git('commit', '-q', '--allow-empty', '-m', 'From a fork');
  const header = `http.extraHeader=Authorization: Basic ${Buffer.from(`mallory:${mallory.token}`).toString('base64')}`;
  // The fork's branch is called like our default branch.
  await opened.git('-c', 'http.extraHeader=', '-c', header, 'push', '-q', fork.cloneUrl, '+HEAD:main');
  const { number } = await github.openPullRequest(opened.fullName, { head: 'mallory:main', author: 'mallory', title: 'Please' });
  await github.settled();
  const sha = await opened.git('rev-parse', 'HEAD');
  const mine = triggers.filter(({ event }) => event === 'pull_request');
  assert.deepEqual(mine.map((trigger) => [trigger.ref, trigger.sha, trigger.pullRequest?.headRepositoryId, trustLevel(trigger, true)]), [[`refs/pull/${number}/head`, sha, fork.id, 'T0']]);

  // Somebody presses "Re-run" on the fork's check: it must not come back as a push to main.
  const forge = githubForge(opened.settings);
  await forge.report(opened.repository, [{ externalId: 'x', sha, name: 'test', detailsUrl: 'https://ci.example', status: 'completed', conclusion: 'failure', completedAt: '2026-01-01T00:00:00Z' }], false);
  const [run] = github.checkRuns(opened.fullName, sha);
  triggers = [];
  github.requestCheckRerun(run!.id, 'alice');
  await github.settled();
  for (const trigger of triggers) {
    const { refused } = await forge.load(trigger, ['.circle.yml']);
    assert.ok(refused !== undefined || trustLevel(trigger, false) === 'T0', JSON.stringify(trigger));
  }
});

test('"Re-run" and "Re-run all checks" run the commit again on its branch', async () => {
  const { github } = opened;
  await opened.git('checkout', '-q', 'main');
  const { sha } = await opened.push({}, 'Again');
  await github.settled();
  const forge = githubForge(opened.settings);
  await forge.report(opened.repository, [{ externalId: 'y', sha, name: 'test', detailsUrl: 'https://ci.example', status: 'completed', conclusion: 'failure', completedAt: '2026-01-01T00:00:00Z' }], false);
  await github.settled();
  triggers = [];
  github.requestCheckRerun(github.checkRuns(opened.fullName, sha)[0]!.id, 'alice');
  await github.settled();
  await github.requestSuiteRerun(opened.fullName, sha, 'alice');
  await github.settled();
  assert.deepEqual(triggers.map(({ event, ref, sha: built }) => [event, ref, built]), [['rerun', 'refs/heads/main', sha], ['rerun', 'refs/heads/main', sha]]);
  assert.notEqual(triggers[0]?.deliveryId, triggers[1]?.deliveryId);
  assert.equal((await forge.load(triggers[0]!, ['.circle.yml'])).config?.text, 'x: 1\n');
});

test('while Temporal is down GitHub keeps the delivery as failed, and sent again it arrives under the same id', async () => {
  const { github } = opened;
  down = true;
  const { sha } = await opened.push({}, 'While down');
  const failed = await github.waitForDelivery(({ event, status, request }) => event === 'push' && status !== 'OK' && JSON.stringify(request).includes(sha));
  assert.equal(failed.statusCode, 503);
  assert.deepEqual(triggers, []);
  down = false;
  const again = await github.redeliver(failed.id);
  assert.equal(again.statusCode, 200);
  assert.deepEqual(triggers.map(({ sha: built, deliveryId }) => [built, deliveryId]), [[sha, failed.guid]]);
});

test('a renamed repository and an installation that went are told', async () => {
  opened.github.renameRepository(opened.fullName, 'renamed');
  await opened.github.settled();
  opened.github.suspendApp('acme');
  await opened.github.settled();
  assert.deepEqual(changes.map((change) => (change.kind === 'repository' ? [change.change, change.repository.id, change.repository.name] : [change.change, change.repositories.map(({ id }) => id)])), [
    ['renamed', opened.repository.id, 'renamed'],
    ['removed', [opened.repository.id]],
  ]);
});
