import assert from 'node:assert/strict';
import { createHash, createPrivateKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { startGitHub, type GitHub } from './index.ts';

let github: GitHub;

before(async () => {
  github = await startGitHub({ app: { callbackUrls: ['http://127.0.0.1:1/auth/callback'] } });
  github.createUser('alice');
  github.createUser('bob');
  await github.createRepository({ owner: 'alice', name: 'app', private: true });
});
after(async () => {
  const faults = github.faults();
  await github.stop();
  assert.deepEqual(faults, []);
});

const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) => fetch(`${github.url}${path}`, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual', headers });
const location = (response: Response): URL => new URL(response.headers.get('location') ?? assert.fail(`no redirect, but ${response.status}`));

/** The hidden fields of the form on a page, as a browser would send them. */
const fields = (page: string): Record<string, string> => Object.fromEntries([...page.matchAll(/<input(?: type="hidden")? name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')]));

const manifest = {
  name: 'My <b>CI</b>',
  url: 'http://ci.example/',
  hook_attributes: { url: 'http://ci.example/hook' },
  redirect_url: 'http://ci.example/setup?x=1',
  setup_url: 'http://ci.example/installed',
  callback_urls: ['http://ci.example/callback'],
  default_permissions: { checks: 'write', contents: 'read' },
  default_events: ['push'],
};

test("an app is made from a manifest, installed, and signs in with what the conversion gave", async () => {
  const confirm = await (await post('/settings/apps/new?state=abc', { manifest: JSON.stringify(manifest) })).text();
  assert.match(confirm, /checks: write/);
  assert.doesNotMatch(confirm, /<b>CI/);
  const back = location(await post('/settings/apps/create', { ...fields(confirm), login: 'alice' }));
  assert.deepEqual([back.origin, back.searchParams.get('x'), back.searchParams.get('state')], ['http://ci.example', '1', 'abc']);

  const convert = () => fetch(`${github.apiUrl}/app-manifests/${back.searchParams.get('code')}/conversions`, { method: 'POST' });
  const response = await convert();
  assert.equal(response.status, 201);
  const made = (await response.json()) as { id: number; slug: string; pem: string; webhook_secret: string; client_id: string; owner: { login: string } };
  assert.deepEqual([made.slug, made.owner.login, made.webhook_secret.length > 20], ['my-b-ci-b', 'alice', true]);
  assert.match(made.pem, /^-----BEGIN RSA PRIVATE KEY-----/);
  assert.equal((await convert()).status, 404, 'a code is good once');

  const installed = location(await post(`/apps/${made.slug}/installations/new`, { login: 'alice', repositories: '' }));
  assert.equal(installed.searchParams.get('setup_action'), 'install');
  const now = Math.floor(Date.now() / 1000);
  const jwt = await new SignJWT({ iss: made.client_id, iat: now, exp: now + 60 }).setProtectedHeader({ alg: 'RS256' }).sign(createPrivateKey(made.pem));
  const installations = (await (await fetch(`${github.apiUrl}/app/installations`, { headers: { Authorization: `Bearer ${jwt}` } })).json()) as { id: number; account: { login: string } }[];
  assert.deepEqual(installations.map(({ id, account }) => [String(id), account.login]), [[installed.searchParams.get('installation_id'), 'alice']]);
});

test('a manifest that is none is refused with a sentence', async () => {
  const response = await post('/settings/apps/new', { manifest: 'nonsense' });
  assert.equal(response.status, 422);
  assert.match(await response.text(), /must be JSON/);
});

test('a person signs in through the app, and sees what is theirs', async () => {
  const { clientId, clientSecret } = github.app;
  github.installApp('alice');
  const callback = 'http://127.0.0.1:1/auth/callback';
  const authorize = `/login/oauth/authorize?client_id=${clientId}&redirect_uri=${encodeURIComponent(callback)}&state=s1`;
  assert.match(await (await fetch(`${github.url}${authorize}`)).text(), /<option>alice<\/option>/);
  const back = location(await post(authorize, { login: 'alice' }));
  assert.deepEqual([`${back.origin}${back.pathname}`, back.searchParams.get('state')], [callback, 's1']);
  const code = back.searchParams.get('code') ?? '';
  const exchange = async (secret: string): Promise<Record<string, string>> => (await (await post('/login/oauth/access_token', { client_id: clientId, client_secret: secret, code }, { Accept: 'application/json' })).json()) as Record<string, string>;
  assert.equal((await exchange('wrong'))['error'], 'incorrect_client_credentials');
  const { access_token: token = '' } = await exchange(clientSecret);
  assert.match(token, /^ghu_/);
  assert.equal((await exchange(clientSecret))['error'], 'bad_verification_code');

  const ask = async (path: string): Promise<any> => (await fetch(`${github.apiUrl}${path}`, { headers: { Authorization: `Bearer ${token}` } })).json();
  assert.equal((await ask('/user')).login, 'alice');
  const { installations } = await ask('/user/installations');
  const { repositories } = await ask(`/user/installations/${installations[0].id}/repositories`);
  assert.deepEqual(repositories.map((one: any) => [one.full_name, one.permissions.admin]), [['alice/app', true]]);
});

test('nobody is sent to an address that the app has not registered', async () => {
  for (const uri of ['http://evil.example/auth/callback', 'http://127.0.0.1:1/other']) {
    const response = await fetch(`${github.url}/login/oauth/authorize?client_id=${github.app.clientId}&redirect_uri=${encodeURIComponent(uri)}`);
    assert.equal(response.status, 422);
  }
});

test('a code with a challenge is good for whoever has the verifier', async () => {
  const { clientId, clientSecret } = github.app;
  const callback = 'http://127.0.0.1:1/auth/callback';
  const verifier = 'a'.repeat(43);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const authorize = (method: string): string => `/login/oauth/authorize?client_id=${clientId}&redirect_uri=${encodeURIComponent(callback)}&code_challenge=${challenge}&code_challenge_method=${method}`;
  assert.equal((await fetch(`${github.url}${authorize('plain')}`)).status, 422);
  const exchange = async (more: Record<string, string>): Promise<string> => {
    const code = location(await post(authorize('S256'), { login: 'alice' })).searchParams.get('code') ?? '';
    const answer = (await (await post('/login/oauth/access_token', { client_id: clientId, client_secret: clientSecret, code, ...more }, { Accept: 'application/json' })).json()) as Record<string, string>;
    return answer['error'] ?? answer['token_type'] ?? '';
  };
  assert.equal(await exchange({}), 'bad_verification_code');
  assert.equal(await exchange({ code_verifier: 'b'.repeat(43) }), 'bad_verification_code');
  assert.equal(await exchange({ code_verifier: verifier, redirect_uri: 'http://127.0.0.1:1/auth/callback/other' }), 'redirect_uri_mismatch');
  assert.equal(await exchange({ code_verifier: verifier, redirect_uri: callback }), 'bearer');
});
