import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGitHubApp, readGitHubClient, type GitHubAppSettings } from '../../app/github-app.ts';
import { storeCredentials } from '../../app/setup/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'github-app-'));
after(() => rmSync(folder, { recursive: true }));

const { privateKey: pem } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const none: GitHubAppSettings = { appId: null, privateKey: null, privateKeyPath: null, webhookSecret: null, gheHost: null, gheProtocol: 'https' };
const whole: GitHubAppSettings = { ...none, appId: '12', privateKey: pem, webhookSecret: 's' };

test('none', async () => assert.equal(await readGitHubApp(none), null));

test('the key as it is, on one line, as base64, or in a file', async () => {
  const path = join(folder, 'key.pem');
  writeFileSync(path, pem);
  const ways: GitHubAppSettings[] = [whole, { ...whole, privateKey: pem.replaceAll('\n', '\\n') }, { ...whole, privateKey: Buffer.from(pem).toString('base64') }, { ...whole, privateKey: null, privateKeyPath: path }];
  for (const settings of ways) assert.deepEqual(await readGitHubApp(settings), { appId: 12, privateKey: pem, webhookSecret: 's', host: null, protocol: 'https' });
});

test('half of an App is refused with what is missing', async (t) => {
  const cases: [string, GitHubAppSettings, RegExp][] = [
    ['no secret', { ...whole, webhookSecret: null }, /WEBHOOK_SECRET is missing/],
    ['no key', { ...whole, privateKey: null }, /PRIVATE_KEY or PRIVATE_KEY_PATH is missing/],
    ['only a secret', { ...none, webhookSecret: 's' }, /APP_ID and PRIVATE_KEY/],
    ['an id that is none', { ...whole, appId: 'Iv1.abc' }, /must be the number/],
    ['a key that is none', { ...whole, privateKey: 'ssh-ed25519 AAAA' }, /PRIVATE_KEY does not hold a private key/],
    ['only the first line of a key', { ...whole, privateKey: '-----BEGIN RSA PRIVATE KEY-----' }, /does not hold a private key/],
    ['a file that is not there', { ...whole, privateKey: null, privateKeyPath: join(folder, 'absent') }, /cannot be read from .*absent/],
  ];
  for (const [name, settings, message] of cases) {
    await t.test(name, () =>
      assert.rejects(readGitHubApp(settings), (error: Error) => {
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /AAAA|MII/, 'nothing of a key is repeated');
        return true;
      }),
    );
  }
});

test('people sign in by the client of the settings, else by that which setup stored with this App', async () => {
  const data = join(folder, 'data');
  const unset = { githubClientId: null, githubClientSecret: null, appId: '12', data };
  assert.equal(await readGitHubClient(unset), null);
  await storeCredentials(data, { appId: 12, privateKey: pem, webhookSecret: 's', clientId: 'Iv1', clientSecret: 'stored' });
  assert.deepEqual(await readGitHubClient(unset), { clientId: 'Iv1', clientSecret: 'stored' });
  assert.equal(await readGitHubClient({ ...unset, appId: '13' }), null, 'of another App');
  assert.deepEqual(await readGitHubClient({ ...unset, githubClientId: 'Iv2', githubClientSecret: 'set' }), { clientId: 'Iv2', clientSecret: 'set' });
  await assert.rejects(readGitHubClient({ ...unset, githubClientId: 'Iv2' }), /GITHUB_CLIENT_SECRET is missing/);
  writeFileSync(join(data, 'github-app.json'), '{}');
  await assert.rejects(readGitHubClient(unset), /github-app\.json does not hold a clientId/);
});
