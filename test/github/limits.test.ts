import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openScene, type Scene } from './scene.ts';
import { startGitHub } from './index.ts';

let scene: Scene;
let token: string;

before(async () => {
  scene = await openScene();
  scene.github.createUser('alice');
  await scene.github.createRepository({ owner: 'alice', name: 'app' });
  const { id } = scene.github.installApp('alice');
  token = ((await scene.octokit(id).auth({ type: 'installation' })) as { token: string }).token;
});
after(() => scene.close());

const ask = async (path = '/repos/alice/app', method = 'GET'): Promise<{ status: number; headers: Headers; body: any }> => {
  const response = await fetch(`${scene.github.apiUrl}${path}`, { method, headers: { Authorization: `token ${token}` } });
  return { status: response.status, headers: response.headers, body: JSON.parse((await response.text()) || 'null') };
};

test('every answer counts down the hour', async () => {
  const [first, second] = [await ask(), await ask()];
  assert.equal(Number(first.headers.get('x-ratelimit-remaining')) - Number(second.headers.get('x-ratelimit-remaining')), 1);
  const { body } = await ask('/rate_limit');
  assert.equal(body.resources.core.remaining, Number(second.headers.get('x-ratelimit-remaining')));
});

test('an injected primary limit says when it ends, and is over after its count', async () => {
  scene.github.injectPrimaryLimit({ match: 'GET /repos/{owner}/{repo}', resetInSeconds: 60, times: 2 });
  for (const status of [403, 403, 200]) {
    const answer = await ask();
    assert.equal(answer.status, status);
    if (status === 403) {
      assert.equal(answer.headers.get('x-ratelimit-remaining'), '0');
      assert.equal(Math.abs(Number(answer.headers.get('x-ratelimit-reset')) - Date.now() / 1000 - 60) < 3, true);
      assert.match(answer.body.message, /API rate limit exceeded/);
    }
  }
});

test('an injected secondary limit says when to come again', async () => {
  scene.github.injectSecondaryLimit({ match: /^GET .*\/app$/, retryAfterSeconds: 7, status: 429 });
  const answer = await ask();
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '7']);
  assert.match(answer.body.message, /secondary rate limit/);
});

test('a failure, a delay and a lost connection meet the request they are meant for', async () => {
  scene.github.inject({ match: 'GET /repos/alice/app', status: 502 });
  assert.equal((await ask('/rate_limit')).status, 200);
  assert.equal((await ask()).status, 502);
  scene.github.inject({ match: 'GET /repos/{owner}/{repo}', delayMs: 150 });
  const began = performance.now();
  assert.equal((await ask()).status, 200);
  assert.equal(performance.now() - began >= 145, true);
  scene.github.inject({ match: 'GET /repos/{owner}/{repo}', cut: 'before' });
  await assert.rejects(ask(), /fetch failed/);
  scene.github.inject({ match: 'POST /graphql', status: 503 });
  assert.equal((await ask('/graphql', 'POST')).status, 503);
  assert.equal((await ask()).status, 200);
});

test('an answer can be lost although the request was carried out', async () => {
  scene.github.inject({ match: 'DELETE /installation/token', cut: 'after' });
  const { id } = scene.github.installApp('alice');
  const short = ((await scene.octokit(id).auth({ type: 'installation' })) as { token: string }).token;
  const as = (method: string, path: string) => fetch(`${scene.github.apiUrl}${path}`, { method, headers: { Authorization: `token ${short}` } });
  await assert.rejects(as('DELETE', '/installation/token'), /fetch failed/);
  assert.equal((await as('GET', '/repos/alice/app')).status, 401);
});

test('what was asked is kept', async () => {
  await ask();
  assert.deepEqual(scene.github.requests().slice(-1).map(({ operation, path, status, caller }) => [operation, path, status, caller]), [['GET /repos/{owner}/{repo}', '/repos/alice/app', 200, 'installation']]);
  scene.github.assertNoFaults();
});

test('a mutation counts for what it changes and creates', async () => {
  const github = await startGitHub({ limits: { perHour: 100, pointsPerMinute: 11, createsPerMinute: 2, createsPerHour: 500 } });
  try {
    const { token: mine } = github.createUser('alice');
    const statusOf = async (query: string): Promise<number> => (await fetch(github.graphqlUrl, { method: 'POST', headers: { Authorization: `token ${mine}` }, body: JSON.stringify({ query }) })).status;
    const create = (alias: string): string => `${alias}: createCheckRun(input: { repositoryId: "R_x", headSha: "x", name: "x" }) { clientMutationId }`;
    assert.deepEqual([await statusOf(`mutation { ${create('a')} ${create('b')} }`), await statusOf('{ viewer { login } }'), await statusOf(`mutation { ${create('c')} }`), await statusOf('{ viewer { login } }')], [200, 200, 403, 200]);
    const update = 'mutation { updateCheckRun(input: { repositoryId: "R_x", checkRunId: "x" }) { clientMutationId } }';
    assert.deepEqual([await statusOf(update), await statusOf('{ viewer { login } }')], [200, 403]);
  } finally {
    await github.stop();
  }
});

test('limits are enforced when a test wants them', async () => {
  const github = await startGitHub({ limits: { perHour: 6, pointsPerMinute: 4, createsPerMinute: 80, createsPerHour: 500 } });
  try {
    const { token: mine } = github.createUser('alice');
    const statuses: [number, string | null][] = [];
    for (let i = 0; i < 7; i++) {
      const response = await fetch(`${github.apiUrl}/user`, { headers: { Authorization: `token ${mine}` } });
      statuses.push([response.status, response.headers.get('retry-after')]);
    }
    assert.deepEqual(statuses, [[200, null], [200, null], [200, null], [200, null], [403, '60'], [403, '60'], [403, null]]);
  } finally {
    await github.stop();
  }
});
