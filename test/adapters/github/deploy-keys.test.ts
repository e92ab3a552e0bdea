// Deploy keys on the local GitHub: what is refused, what is repeated, and how ssh is found.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { githubClient } from '../../../activities/adapters/github-client.ts';
import { githubDeployKeys, knownHost, sshUrl } from '../../../activities/adapters/github-deploy-keys.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import type { GitHubDeployKeys } from '../../../activities/control/deploy-keys.ts';
import { generateKey } from '../../../activities/key-file.ts';
import { openGitHub, type Opened } from './open.ts';

let opened: Opened;
let keys: GitHubDeployKeys;
before(async () => {
  opened = await openGitHub({ app: { permissions: { contents: 'read', administration: 'write' } } });
  keys = githubDeployKeys(githubClient(opened.settings));
});
after(async () => {
  opened.github.assertNoFaults();
  await opened.close();
});

test('a key is added, listed and removed, each as often as one likes', async () => {
  const { repository } = opened;
  const { publicKey } = generateKey();
  const added = await keys.addDeployKey(repository, { title: 'CI', publicKey });
  assert.ok('id' in added);
  assert.deepEqual(await keys.addDeployKey(repository, { title: 'CI', publicKey }), added);
  assert.deepEqual(await keys.listDeployKeys(repository), [{ id: added.id, title: 'CI', publicKey, readOnly: true, enabled: true }]);
  assert.equal(await keys.removeDeployKey(repository, added.id), null);
  assert.equal(await keys.removeDeployKey(repository, added.id), null);
  assert.deepEqual(await keys.listDeployKeys(repository), []);
});

test("a key that another repository has is nobody's to share", async () => {
  const { github, repository } = opened;
  const { publicKey } = generateKey();
  await github.createRepository({ owner: 'acme', name: 'second', private: true });
  github.addDeployKey('acme/second', publicKey);
  await assert.rejects(keys.addDeployKey(repository, { title: 'CI', publicKey }), /already in use/);
});

test('refusals are sentences, and what waiting mends is not', async (t) => {
  const { github, repository } = opened;
  const key = () => ({ title: 'CI', publicKey: generateKey().publicKey });
  const refused = async (answer: Promise<unknown>): Promise<string> => ((await answer) as { refused?: string } | null)?.refused ?? 'not refused';
  await t.test('a policy', async () => {
    github.forbidDeployKeys('acme');
    assert.match(await refused(keys.addDeployKey(repository, key())), /^Deploy keys are disabled for acme\/app by a policy of its organization or enterprise\. Allow them there, or .*\(ROUNDHOUSE_CHECKOUT=token\)\.$/);
    github.allowDeployKeys('acme');
  });
  await t.test('an App that may read what is administrative, or nothing of it', async () => {
    for (const permissions of [{ contents: 'read', administration: 'read' }, { contents: 'read' }] as const) {
      const app = await github.createApp({ name: `App ${Object.keys(permissions).length}`, permissions });
      const installationId = github.installApp('acme', 'all', { appId: app.id }).id;
      const lesser = githubDeployKeys(githubClient({ ...opened.settings, appId: app.id, privateKey: app.privateKey! }));
      assert.match(await refused(lesser.addDeployKey({ ...repository, installationId }, key())), /does not let the App administer acme\/app \(Resource not accessible by integration.*"Administration: Read and write".*ROUNDHOUSE_CHECKOUT=token/);
      if (!('administration' in permissions)) assert.match(await refused(lesser.listDeployKeys({ ...repository, installationId })), /does not let the App administer/);
    }
  });
  await t.test('a repository that is gone', async () => assert.match(await refused(keys.addDeployKey({ ...repository, name: 'gone' }, key())), /no access to acme\/gone/));
  await t.test('GitHub asks for silence', async () => {
    github.injectSecondaryLimit({ match: 'GET /repos/{owner}/{repo}/keys', retryAfterSeconds: 7 });
    await assert.rejects(githubDeployKeys(githubClient(opened.settings)).listDeployKeys(repository), (error: unknown) => error instanceof ForgeUnavailable && error.retryAfterSeconds === 7);
  });
  assert.deepEqual(github.deployKeys(opened.fullName), []);
});

test('the ssh port and its host keys are as GitHub says', async () => {
  const { github, repository } = opened;
  assert.deepEqual(await keys.sshAccess(repository), { url: `${github.sshUrl}/acme/app.git`, knownHosts: `${github.knownHosts}\n` });
});

test('without host keys there is no ssh, and what is no key is not taken for one', async () => {
  const json = { 'content-type': 'application/json' };
  for (const body of [{ verifiable_password_authentication: true }, { verifiable_password_authentication: true, ssh_keys: ['* ssh-ed25519 AAAA', 'ssh-ed25519 AAAA\n* ssh-ed25519 BBBB'] }]) {
    opened.github.inject({ match: 'GET /meta', status: 200, headers: json, body });
    assert.match(((await keys.sshAccess(opened.repository)) as { refused: string }).refused, /does not say which keys its ssh port has .*ROUNDHOUSE_CHECKOUT=token/);
  }
});

const addresses: [text: string, url: string, known: string][] = [
  ['git@github.com:acme/shop.git', 'ssh://git@github.com/acme/shop.git', 'github.com'],
  ['org-123@github.com:acme/shop.git', 'ssh://org-123@github.com/acme/shop.git', 'github.com'],
  ['git@ghe.example:/acme/shop.git', 'ssh://git@ghe.example/acme/shop.git', 'ghe.example'],
  ['ssh://git@ghe.example:2222/acme/shop.git', 'ssh://git@ghe.example:2222/acme/shop.git', '[ghe.example]:2222'],
  ['ssh://git@ghe.example:22/acme/shop.git', 'ssh://git@ghe.example:22/acme/shop.git', 'ghe.example'],
  ['ssh://git@[::1]:2222/acme/shop.git', 'ssh://git@[::1]:2222/acme/shop.git', '[::1]:2222'],
];
for (const [text, url, known] of addresses) {
  test(`${text} is ${url}, known as ${known}`, () => assert.deepEqual([sshUrl(text).href, knownHost(sshUrl(text))], [url, known]));
}
test('an address that is not for ssh is an error', () => assert.throws(() => sshUrl('https://github.com/acme/shop.git'), /not/));
