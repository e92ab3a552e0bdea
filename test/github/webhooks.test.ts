import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openScene, type Person, type Scene } from './scene.ts';

let scene: Scene;
let alice: Person;
let work: string;
let installation: number;

before(async () => {
  scene = await openScene({ webhookTimeoutSeconds: 0.3 });
  alice = await scene.person('alice');
  await scene.github.createRepository({ owner: 'alice', name: 'app' });
  installation = scene.github.installApp('alice').id;
  work = await alice.clone('alice/app');
});
after(async () => {
  await scene.github.settled();
  const faults = scene.github.faults();
  await scene.close();
  assert.deepEqual(faults, []);
});

async function push(): Promise<string> {
  const sha = await scene.commit(alice, work, 'More', {});
  await alice.git(work, 'push', '--quiet', 'origin', 'main');
  await scene.github.settled();
  return sha;
}
const lastPush = () => scene.github.deliveries({ event: 'push' }).at(-1) ?? assert.fail('nothing was delivered');

test('a refused delivery is kept as failed, not sent again by itself, and the same when it is redelivered', async () => {
  scene.receiver.answer = (_received, response) => void response.writeHead(503).end('come later');
  await push();
  const failed = lastPush();
  assert.deepEqual([failed.status, failed.statusCode, failed.response.payload], ['Invalid HTTP Response: 503', 503, 'come later']);
  scene.receiver.answer = (_received, response) => void response.writeHead(202).end();
  await sleep(100);
  assert.equal(lastPush(), failed);

  const app = scene.octokit();
  const listed = await app.request('GET /app/hook/deliveries', { per_page: 100 });
  const mine = listed.data.find((delivery) => delivery.event === 'push' && delivery.status !== 'OK');
  assert.equal(mine?.guid, failed.guid);
  await app.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: Number(mine?.id) });
  await scene.github.settled();
  const again = lastPush();
  assert.deepEqual([again.status, again.redelivery, again.guid === failed.guid, again.id === failed.id], ['OK', true, true, false]);
  const bodies = scene.receiver.received.filter(({ headers }) => headers['x-github-delivery'] === failed.guid).map(({ body }) => body);
  assert.deepEqual([bodies.length, bodies[0] === bodies[1]], [2, true]);
  const detail = await app.request('GET /app/hook/deliveries/{delivery_id}', { delivery_id: again.id });
  assert.equal((detail.data.request.payload as { ref: string }).ref, 'refs/heads/main');
});

test('an app that does not answer in time, or not at all, has failed', async () => {
  scene.receiver.answer = () => {};
  await push();
  assert.equal(lastPush().status, 'timed out');
  scene.receiver.answer = (_received, response) => void response.writeHead(202).end();
  scene.github.setWebhook('http://127.0.0.1:9/');
  await push();
  assert.equal(lastPush().status, 'failed to connect to host');
  scene.github.setWebhook(scene.receiver.url);
  assert.equal((await scene.github.redeliver(lastPush().id)).status, 'OK');
});

test('failed deliveries can be listed alone, page by page', async () => {
  const app = scene.octokit();
  const first = await app.request('GET /app/hook/deliveries', { per_page: 1, status: 'failure' });
  assert.equal(first.data.every((delivery) => delivery.status !== 'OK'), true);
  const cursor = /cursor=([^&>]+)/.exec(first.headers.link ?? '')?.[1] ?? assert.fail('there is no second page');
  const second = await app.request('GET /app/hook/deliveries', { per_page: 1, status: 'failure', cursor });
  assert.notEqual(second.data[0]?.id, first.data[0]?.id);
});

test('"Re-run", "Re-run all checks" and a button of its own reach the app that made the check', async () => {
  const sha = await push();
  const octokit = scene.octokit(installation);
  const { data: run } = await octokit.request('POST /repos/{owner}/{repo}/check-runs', {
    owner: 'alice', repo: 'app', name: 'build', head_sha: sha, status: 'completed', conclusion: 'success', external_id: 'mine', actions: [{ label: 'Hold', description: 'Hold the build', identifier: 'hold' }],
  });
  scene.github.requestCheckRerun(Number(run.id), 'alice');
  scene.github.requestCheckAction(Number(run.id), 'hold', 'alice');
  await scene.github.requestSuiteRerun('alice/app', sha, 'alice');
  await scene.github.settled();
  const [rerun, action, suite] = ['rerequested', 'requested_action', 'rerequested'].map((name, i) => scene.github.deliveries({ event: i < 2 ? 'check_run' : 'check_suite', action: name }).at(-1)?.request.payload as any);
  assert.deepEqual([rerun.check_run.external_id, rerun.sender.login, action.requested_action.identifier, suite.check_suite.head_sha], ['mine', 'alice', 'hold', sha]);
  assert.throws(() => scene.github.requestCheckAction(Number(run.id), 'absent', 'alice'), /no action absent/);
});

test('installing, selecting, suspending and removing are told', async () => {
  await scene.github.createRepository({ owner: 'alice', name: 'second' });
  scene.github.installApp('alice', ['second']);
  scene.github.suspendApp('alice');
  scene.github.unsuspendApp('alice');
  scene.github.uninstallApp('alice');
  await scene.github.settled();
  const told = scene.github.deliveries().filter(({ event }) => event.startsWith('installation') || event === 'repository').map(({ event, action }) => `${event}.${action}`);
  assert.deepEqual(told, ['installation.created', 'installation_repositories.added', 'repository.created', 'installation_repositories.removed', 'installation.suspend', 'installation.unsuspend', 'installation.deleted']);
});

test('what becomes of a repository is told', async () => {
  const { github } = scene;
  github.createOrganization('acme', { alice: 'admin' });
  github.installApp('alice');
  github.installApp('acme');
  const from = github.deliveries().length;
  await github.createRepository({ owner: 'alice', name: 'life' });
  github.renameRepository('alice/life', 'death');
  github.setVisibility('alice/death', 'private');
  await github.setDefaultBranch('alice/death', 'trunk');
  github.transferRepository('alice/death', 'acme');
  await github.deleteRepository('acme/death');
  await github.settled();
  const told = github.deliveries().slice(from).map(({ event, action, request }) => [event, action, (request.payload['installation'] as { account?: { login: string } }).account?.login]);
  assert.deepEqual(told, [
    ['installation_repositories', 'added', 'alice'],
    ['repository', 'created', undefined],
    ['repository', 'renamed', undefined],
    ['repository', 'privatized', undefined],
    ['repository', 'edited', undefined],
    ['installation_repositories', 'removed', 'alice'],
    ['installation_repositories', 'added', 'acme'],
    ['repository', 'transferred', undefined],
    ['repository', 'deleted', undefined],
  ]);
  assert.throws(() => github.renameRepository('acme/death', 'x'), /no repository acme\/death/);
});
