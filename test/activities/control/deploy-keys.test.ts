// A repository is fetched over ssh: one key on GitHub, whatever happens at once, breaks in between, or is removed by a person.

import { after, beforeEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { githubClient } from '../../../activities/adapters/github-client.ts';
import { githubDeployKeys } from '../../../activities/adapters/github-deploy-keys.ts';
import { deployKeys, fingerprintOf, NoDeployKey, type DeployKeyAbout, type DeployKeys, type GitHubDeployKeys } from '../../../activities/control/deploy-keys.ts';
import { ForgeUnavailable, type GitCredential } from '../../../activities/control/forge.ts';
import { generateKey } from '../../../activities/key-file.ts';
import type { Vault } from '../../../activities/control/vault.ts';
import { memoryAudit, type MemoryAudit } from '../../fakes/audit.ts';
import { memoryVault, type MemoryVault } from '../../fakes/vault.ts';
import { openGitHub, type Opened } from '../../adapters/github/open.ts';

const run = promisify(execFile);
const addKey = 'POST /repos/{owner}/{repo}/keys';
const title = 'Roundhouse at ci.example:8443';
const operator = { who: 'operator root', from: 'command line at ci.example' };

let opened: Opened;
let folder: string;
let vault: MemoryVault;
let audit: MemoryAudit;
let warnings: string[];
before(async () => {
  opened = await openGitHub({ app: { permissions: { contents: 'read', administration: 'write' } } });
  await opened.push({ 'a.txt': 'a\n' });
  await opened.github.createRepository({ owner: 'acme', name: 'other', private: true });
  folder = await mkdtemp(join(tmpdir(), 'deploy-keys-'));
});
after(async () => {
  opened.github.assertNoFaults();
  await rm(folder, { recursive: true });
  await opened.close();
});
beforeEach(() => {
  vault = memoryVault();
  audit = memoryAudit();
  warnings = [];
  for (const { id } of onGitHub()) opened.github.removeDeployKey(opened.fullName, id);
});

/** A process of its own with the same vault. */
const startProcess = (of: Vault = vault, github: GitHubDeployKeys = githubDeployKeys(githubClient(opened.settings))): DeployKeys =>
  deployKeys({ vault: of, audit, github, publicUrl: 'https://ci.example:8443/x', log: { warn: (_bound, text) => warnings.push(text) } });
const onGitHub = () => opened.github.deployKeys(opened.fullName);
const actions = (): string[] => audit.events.map(({ action }) => action);
const held = (): DeployKeyAbout => JSON.parse(vault.entries.get(`repositories/${opened.repository.id}/deploy-key`)!.about) as DeployKeyAbout;

/** git's own words with what a builder is given, and nothing besides. */
async function git({ ssh }: GitCredential, ...args: string[]): Promise<string> {
  const [key, known] = [join(folder, 'key'), join(folder, 'known_hosts')];
  await rm(key, { force: true });
  await writeFile(key, ssh!.privateKey, { mode: 0o600 });
  await writeFile(known, ssh!.knownHosts);
  const command = `ssh -F /dev/null -i ${key} -o IdentitiesOnly=yes -o UserKnownHostsFile=${known} -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o BatchMode=yes`;
  return (await run('git', args, { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_SSH_COMMAND: command } })).stdout;
}
const refsWith = (credential: GitCredential): Promise<string> => git(credential, 'ls-remote', credential.url);

test('the first fetch makes a key for reading this repository alone, and every further one uses it', async () => {
  const keys = startProcess();
  const credential = await keys.credential(opened.repository);
  assert.match(await refsWith(credential), /refs\/heads\/main/);
  assert.deepEqual([credential.authorization, new URL(credential.url).protocol], [null, 'ssh:']);
  await assert.rejects(git(credential, 'ls-remote', credential.url.replace('/app.git', '/other.git')), /Repository not found/);
  await run('git', ['init', '-q', join(folder, 'mine')]);
  await git(credential, '-C', 'mine', 'fetch', '-q', credential.url, 'main');
  await assert.rejects(git(credential, '-C', 'mine', 'push', credential.url, 'FETCH_HEAD:refs/heads/mine'), /read only/);

  const [key] = onGitHub();
  assert.deepEqual([onGitHub().length, key!.title, key!.readOnly], [1, title, true]);
  const about = held();
  assert.deepEqual([about.githubKeyId, about.fingerprint, about.repository], [key!.id, fingerprintOf(key!.publicKey), 'acme/app']);
  assert.equal((await run('ssh-keygen', ['-l', '-f', join(folder, 'key')])).stdout.split(' ')[1], about.fingerprint);
  assert.deepEqual(audit.events, [{ who: 'roundhouse', from: 'checkout', action: 'deploy-key.created', subject: 'repository acme/app', repositoryId: opened.repository.id, details: { title, fingerprint: about.fingerprint, githubKeyId: key!.id } }]);
  assert.doesNotMatch(JSON.stringify([about, audit.events]), /PRIVATE KEY/);

  const asked = opened.github.requests().length;
  assert.deepEqual(await keys.credential(opened.repository), credential);
  assert.equal(opened.github.requests().length, asked, 'GitHub is not asked each time');
  assert.deepEqual(await startProcess().credential(opened.repository), credential);
  assert.deepEqual(await keys.list(), [{ repositoryId: opened.repository.id, ...about }]);
});

test('three processes with ten fetches each at once make one key', async () => {
  const processes = [startProcess(), startProcess(), startProcess()];
  const credentials = await Promise.all(processes.flatMap((each) => Array.from({ length: 10 }, () => each.credential(opened.repository))));
  assert.equal(new Set(credentials.map(({ ssh }) => ssh!.privateKey)).size, 1);
  assert.equal(onGitHub().length, 1);
  assert.match(await refsWith(credentials[7]!), /main/);
  const asked = opened.github.requests().filter(({ operation }) => operation === addKey).slice(-30);
  assert.ok(asked.length <= 4, `${asked.length} requests to add a key`);
});

test('a process that was about to store a key takes the one that another has stored and handed out meanwhile', async () => {
  let first: GitCredential | undefined;
  const slow: Vault = {
    ...vault,
    async put(...args) {
      first ??= await startProcess().credential(opened.repository);
      return vault.put(...args);
    },
  };
  assert.deepEqual(await startProcess(slow).credential(opened.repository), first);
  assert.match(await refsWith(first!), /main/);
  assert.deepEqual([onGitHub().length, actions()], [1, ['deploy-key.created']]);
});

test('a key that two processes bring to GitHub is told of once, by the first', async () => {
  const github = githubDeployKeys(githubClient(opened.settings));
  const slow: GitHubDeployKeys = {
    ...github,
    async addDeployKey(...args) {
      const added = await github.addDeployKey(...args);
      await startProcess().credential(opened.repository);
      return added;
    },
  };
  await startProcess(vault, slow).credential(opened.repository);
  assert.deepEqual([onGitHub().length, actions()], [1, ['deploy-key.created']]);
});

test('ends in mid-creation leave nothing that nobody holds', async (t) => {
  const once = async (): Promise<void> => {
    assert.match(await refsWith(await startProcess().credential(opened.repository)), /main/);
    assert.deepEqual(onGitHub().map(({ publicKey }) => publicKey), [held().publicKey]);
  };
  for (const cut of ['before', 'after'] as const) {
    await t.test(`the connection breaks ${cut} GitHub has added the key`, async () => {
      await vault.remove(`repositories/${opened.repository.id}/deploy-key`);
      opened.github.inject({ match: addKey, cut });
      await assert.rejects(startProcess().credential(opened.repository), ForgeUnavailable);
      await once();
    });
  }
  await t.test('the process ends before it has noted the id', async () => {
    let puts = 0;
    const ending: Vault = { ...vault, put: (...args) => (++puts === 2 ? Promise.reject(new Error('killed')) : vault.put(...args)) };
    await vault.remove(`repositories/${opened.repository.id}/deploy-key`);
    await assert.rejects(startProcess(ending).credential(opened.repository), /killed/);
    assert.equal(held().githubKeyId, null);
    await once();
  });
});

test('what an earlier life has left on GitHub is removed, and what people have added stays', async () => {
  const { github, fullName } = opened;
  github.addDeployKey(fullName, generateKey().publicKey, { title });
  github.addDeployKey(fullName, generateKey().publicKey, { title: 'deploy to production' });
  github.addDeployKey(fullName, generateKey().publicKey, { title, readOnly: false });
  // More than one page of the list.
  for (let n = 0; n < 100; n++) github.addDeployKey(fullName, generateKey().publicKey, { title: `machine ${n}` });
  github.addDeployKey(fullName, generateKey().publicKey, { title });
  await startProcess().credential(opened.repository);
  assert.deepEqual(onGitHub().filter((each) => !each.title.startsWith('machine')).map((each) => [each.title, each.readOnly, each.publicKey === held().publicKey]), [
    ['deploy to production', true, false],
    [title, false, false],
    [title, true, true],
  ]);
});

test('rotation: the new key works and the old one does not', async () => {
  const keys = startProcess();
  const before = await keys.credential(opened.repository);
  const [old] = onGitHub();
  const about = await keys.rotate(opened.repository, operator);
  await assert.rejects(refsWith(before), /Permission denied/);
  const now = await keys.credential(opened.repository);
  assert.match(await refsWith(now), /main/);
  assert.deepEqual(onGitHub().map(({ publicKey }) => publicKey), [about.publicKey]);
  assert.deepEqual(actions(), ['deploy-key.created', 'deploy-key.rotated']);
  assert.partialDeepStrictEqual(audit.events[1], { ...operator, details: { fingerprint: about.fingerprint, replaced: fingerprintOf(old!.publicKey) } });
});

test('a rotation that breaks off is finished by the next fetch, as a rotation', async () => {
  const keys = startProcess();
  await keys.credential(opened.repository);
  opened.github.inject({ match: 'DELETE /repos/{owner}/{repo}/keys/{key_id}', status: 503 });
  await assert.rejects(keys.rotate(opened.repository, operator), ForgeUnavailable);
  assert.equal(onGitHub().length, 2);
  assert.match(await refsWith(await startProcess().credential(opened.repository)), /main/);
  assert.deepEqual(onGitHub().map(({ publicKey }) => publicKey), [held().publicKey]);
  assert.deepEqual(actions(), ['deploy-key.created', 'deploy-key.rotated']);
});

test('a rotation where GitHub has come to refuse keys keeps the old one', async () => {
  const keys = startProcess();
  const before = await keys.credential(opened.repository);
  opened.github.forbidDeployKeys('acme');
  await assert.rejects(keys.rotate(opened.repository), NoDeployKey);
  opened.github.allowDeployKeys('acme');
  assert.deepEqual(await keys.credential(opened.repository), before);
  assert.match(await refsWith(before), /main/);
});

test('two processes that rotate at once end with one key', async () => {
  const [one, two] = [startProcess(), startProcess()];
  await one.credential(opened.repository);
  await Promise.all([one.rotate(opened.repository), two.rotate(opened.repository)]);
  assert.match(await refsWith(await one.credential(opened.repository)), /main/);
  assert.equal(onGitHub().length, 1);
});

test('a rotation that another one overtakes gives way to it', async () => {
  await startProcess().credential(opened.repository);
  const github = githubDeployKeys(githubClient(opened.settings));
  let overtaking: string | undefined;
  const overtaken: GitHubDeployKeys = {
    ...github,
    async addDeployKey(...args) {
      const added = await github.addDeployKey(...args);
      if (overtaking === undefined) {
        opened.github.inject({ match: addKey, status: 502 });
        await assert.rejects(startProcess().rotate(opened.repository), ForgeUnavailable);
        overtaking = held().fingerprint;
      }
      return added;
    },
  };
  assert.equal((await startProcess(vault, overtaken).rotate(opened.repository)).fingerprint, overtaking);
  assert.deepEqual(onGitHub().map(({ publicKey }) => fingerprintOf(publicKey)), [overtaking]);
  assert.match(await refsWith(await startProcess().credential(opened.repository)), /main/);
});

test('a key that a person removed is made anew, with a sentence for everybody who asks', async () => {
  const keys = startProcess();
  const before = await keys.credential(opened.repository);
  assert.equal(await keys.checkStillThere(opened.repository), null);
  const { fingerprint } = held();
  opened.github.removeDeployKey(opened.fullName, onGitHub()[0]!.id);
  await assert.rejects(refsWith(before), /Permission denied/);
  const said = await Promise.all([1, 2, 3].map(() => keys.checkStillThere(opened.repository)));
  assert.deepEqual(new Set(said), new Set([`The deploy key of acme/app ("${title}", ${fingerprint}) was removed on GitHub; a new one was made.`]));
  assert.match(await refsWith(await keys.credential(opened.repository)), /main/);
  assert.deepEqual(actions(), ['deploy-key.created', 'deploy-key.lost', 'deploy-key.created']);
  assert.equal(audit.events[1]!.details!['fingerprint'], fingerprint);
  assert.equal(onGitHub().length, 1);
});

test('a key that a policy has disabled is not made anew', async () => {
  const keys = startProcess();
  const credential = await keys.credential(opened.repository);
  opened.github.forbidDeployKeys('acme');
  await assert.rejects(refsWith(credential), /Permission denied/);
  await assert.rejects(keys.checkStillThere(opened.repository), /The deploy key .* of acme\/app is disabled: a policy .*ROUNDHOUSE_CHECKOUT=token/);
  opened.github.allowDeployKeys('acme');
  assert.deepEqual(actions(), ['deploy-key.created']);
});

test('a host key or a name that has changed is asked for again', async () => {
  const keys = startProcess();
  const before = await keys.credential(opened.repository);
  const { github, repository } = opened;
  github.renameRepository('acme/app', 'renamed');
  const now = await keys.credential({ ...repository, name: 'renamed' });
  github.renameRepository('acme/renamed', 'app');
  assert.match(now.url, /\/acme\/renamed\.git$/);
  assert.equal(now.ssh!.privateKey, before.ssh!.privateKey);
  await keys.credential(repository);
  const asked = github.requests().filter(({ operation }) => operation === 'GET /meta').length;
  await keys.checkStillThere(repository);
  await keys.credential(repository);
  await keys.credential(repository);
  assert.equal(github.requests().filter(({ operation }) => operation === 'GET /meta').length, asked + 1);
});

test('removed: off GitHub and out of the vault', async () => {
  const keys = startProcess();
  await keys.credential(opened.repository);
  const { fingerprint } = held();
  assert.equal(await keys.remove(opened.repository, 'the repository was forgotten', operator), null);
  assert.deepEqual([onGitHub().length, vault.entries.size, warnings], [0, 0, []]);
  assert.partialDeepStrictEqual(audit.events[1], { ...operator, action: 'deploy-key.removed', details: { title, fingerprint, why: 'the repository was forgotten' } });
  assert.equal(await keys.remove(opened.repository, 'twice'), null);
  assert.equal(audit.events.length, 2);
});

test('where GitHub refuses, the sentence says how to do without keys', async (t) => {
  const { github, repository } = opened;
  await t.test('a policy forbids them; allowed again, the fetch that is tried again succeeds', async () => {
    github.forbidDeployKeys('acme');
    const keys = startProcess();
    await assert.rejects(keys.credential(repository), (error: unknown) => error instanceof NoDeployKey && /^Deploy keys are disabled for acme\/app by a policy .*ROUNDHOUSE_CHECKOUT=token\)\.$/.test(error.message));
    assert.deepEqual(onGitHub(), []);
    github.allowDeployKeys('acme');
    assert.match(await refsWith(await keys.credential(repository)), /main/);
  });
  await t.test('no installation', () => assert.rejects(startProcess(memoryVault()).credential({ ...repository, installationId: null }), /no access to acme\/app \(any more\)\. Install it there/));
});

test('access is lost: what remains on GitHub is said, in the log and for ever', async () => {
  const keys = startProcess();
  await keys.credential(opened.repository);
  const { fingerprint } = held();
  opened.github.uninstallApp('acme');
  try {
    const remains = await keys.remove(opened.repository, 'the App was removed');
    assert.ok(remains?.includes(`"${title}" (${fingerprint}) of acme/app remains on GitHub`), String(remains));
    assert.deepEqual(warnings, [remains]);
    assert.partialDeepStrictEqual(audit.events[1], { action: 'deploy-key.removed', details: { why: 'the App was removed', remains } });
    assert.deepEqual([vault.entries.size, onGitHub().length], [0, 1]);
  } finally {
    opened.repository.installationId = opened.github.installApp('acme').id;
  }
});
