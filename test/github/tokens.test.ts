import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import { SignJWT, type JWTPayload } from 'jose';
import { startGitHub, type GitHub } from './index.ts';

let github: GitHub;
let installation: number;

before(async () => {
  github = await startGitHub({ app: { id: 77, permissions: { checks: 'write', contents: 'read' } } });
  github.createUser('alice');
  for (const name of ['one', 'two']) await github.createRepository({ owner: 'alice', name, private: true });
  await github.createRepository({ owner: 'alice', name: 'outside', private: true });
  await github.createRepository({ owner: 'alice', name: 'public' });
  installation = github.installApp('alice', ['one', 'two']).id;
});
after(() => github.stop());

const now = (): number => Math.floor(Date.now() / 1000);

async function sign(claims: JWTPayload, alg = 'RS256'): Promise<string> {
  const key = alg === 'HS256' ? new TextEncoder().encode(github.app.clientSecret) : createPrivateKey(github.app.privateKey ?? '');
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
}

async function ask(method: string, path: string, token: string, body?: unknown): Promise<{ status: number; body: any }> {
  const response = await fetch(`${github.apiUrl}${path}`, { method, headers: { Authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

const jwt = (): Promise<string> => sign({ iss: '77', iat: now() - 30, exp: now() + 300 });
const issue = async (narrowing?: unknown) => ask('POST', `/app/installations/${installation}/access_tokens`, await jwt(), narrowing);

const tokens: [title: string, claims: () => JWTPayload, alg: string, status: number, message: RegExp | null][] = [
  ['by id', () => ({ iss: '77', iat: now() - 60, exp: now() + 540 }), 'RS256', 200, null],
  ['by client id', () => ({ iss: github.app.clientId, iat: now() - 60, exp: now() + 540 }), 'RS256', 200, null],
  ['of another app', () => ({ iss: '78', iat: now(), exp: now() + 60 }), 'RS256', 404, /Integration not found/],
  ['expired', () => ({ iss: '77', iat: now() - 700, exp: now() - 100 }), 'RS256', 401, /'exp'/],
  ['for eleven minutes', () => ({ iss: '77', iat: now(), exp: now() + 660 }), 'RS256', 401, /too far in the future/],
  ['issued in the future', () => ({ iss: '77', iat: now() + 200, exp: now() + 300 }), 'RS256', 401, /'iat'/],
  ['without a time of issue', () => ({ iss: '77', exp: now() + 300 }), 'RS256', 401, /'iat'/],
  ['signed with a shared secret', () => ({ iss: '77', iat: now(), exp: now() + 300 }), 'HS256', 401, /could not be decoded/],
];
for (const [title, claims, alg, status, message] of tokens) {
  test(`an app's JWT ${title}: ${status}`, async () => {
    const answer = await ask('GET', '/app', await sign(claims(), alg));
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    if (message !== null) assert.match(answer.body.message, message);
  });
}

test("a JWT with another app's signature is refused", async () => {
  const other = await github.createApp({ name: 'Other' });
  const forged = await new SignJWT({ iss: '77', iat: now(), exp: now() + 60 }).setProtectedHeader({ alg: 'RS256' }).sign(createPrivateKey(other.privateKey ?? ''));
  assert.equal((await ask('GET', '/app', forged)).status, 401);
});

test('a token for the whole installation reaches its repositories and no other', async () => {
  const { body } = await issue();
  assert.equal(body.token.startsWith('ghs_') && body.token.length > 500, true);
  assert.equal(Math.abs(Date.parse(body.expires_at) - Date.now() - 3_600_000) < 5_000, true);
  assert.deepEqual(body.permissions, { checks: 'write', contents: 'read', metadata: 'read' });
  const reach = async (name: string): Promise<number> => (await ask('GET', `/repos/alice/${name}`, body.token)).status;
  assert.deepEqual([await reach('one'), await reach('two'), await reach('outside'), await reach('public')], [200, 200, 404, 200]);
  assert.equal((await ask('GET', '/installation/repositories', body.token)).body.total_count, 2);
});

test('a narrowed token reaches one repository, with one permission', async () => {
  const { status, body } = await issue({ repositories: ['one'], permissions: { contents: 'read' } });
  assert.equal(status, 201);
  assert.deepEqual([body.repository_selection, body.repositories.map((one: any) => one.name), body.permissions], ['selected', ['one'], { contents: 'read', metadata: 'read' }]);
  assert.equal((await ask('GET', '/repos/alice/two', body.token)).status, 404);
  const checks = await ask('GET', '/repos/alice/one/check-suites/1', body.token);
  assert.deepEqual([checks.status, checks.body.message], [403, 'Resource not accessible by integration']);
});

test('a token is never wider than the installation', async () => {
  assert.equal((await issue({ repositories: ['outside'] })).status, 422);
  assert.equal((await issue({ permissions: { contents: 'write' } })).status, 422);
  assert.equal((await issue({ permissions: { issues: 'read' } })).status, 422);
});

test('tokens end: expired, revoked, suspended, uninstalled', async () => {
  const { body: first } = await issue();
  assert.equal((await ask('DELETE', '/installation/token', first.token)).status, 204);
  assert.equal((await ask('GET', '/repos/alice/one', first.token)).status, 401);
  const { body: second } = await issue();
  github.suspendApp('alice');
  assert.equal((await ask('GET', '/repos/alice/one', second.token)).status, 403);
  assert.equal((await issue()).status, 403);
  github.unsuspendApp('alice');
  assert.equal((await ask('GET', '/repos/alice/one', second.token)).status, 200);
  github.expireTokens();
  const expired = await ask('GET', '/repos/alice/one', second.token);
  assert.deepEqual([expired.status, expired.body.message], [401, 'Bad credentials']);
  assert.deepEqual(github.faults(), []);
});

test('a user token reads what the user may read, and writes no checks', async () => {
  const { token } = github.createUser('mallory');
  assert.equal((await ask('GET', '/repos/alice/one', token)).status, 404);
  assert.equal((await ask('GET', '/repos/alice/public', token)).status, 200);
  assert.equal((await ask('POST', '/repos/alice/public/check-runs', token, { name: 'x', head_sha: '0'.repeat(40) })).status, 403);
});

test('tokens can have the old form of 40 characters', async () => {
  const old = await startGitHub({ tokenStyle: 'short', app: { id: 77, key: github.app.privateKey ?? '' } });
  try {
    old.createUser('alice');
    const { id } = old.installApp('alice');
    const response = await fetch(`${old.apiUrl}/app/installations/${id}/access_tokens`, { method: 'POST', headers: { Authorization: `Bearer ${await jwt()}` } });
    assert.match(((await response.json()) as { token: string }).token, /^ghs_[A-Za-z0-9]{36}$/);
  } finally {
    await old.stop();
  }
});
