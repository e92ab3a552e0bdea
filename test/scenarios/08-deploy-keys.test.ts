// Code fetched over ssh by a deploy key: made when it is first needed, made anew when somebody removed it, gone with the App.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { searchForCredentials, startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  const permissions = { checks: 'write', contents: 'read', metadata: 'read', pull_requests: 'read', administration: 'write' } as const;
  instance = await startInstance({ env: { ROUNDHOUSE_CHECKOUT: 'deploy-key' }, app: { permissions } });
});
after(() => instance.stop());

const build = `    steps:
      - checkout
      - run: git log -1 --format=%H; ${searchForCredentials}
`;

// Seen to fail when the checkout leaves a private key in the home of the sandbox.
test('check 14: the first checkout makes a read-only key, and it does not come into the sandbox', async () => {
  const sha = await instance.pushJob(build);
  const check = await instance.check(sha);
  assert.equal(check.conclusion, 'success', check.output.summary!);
  assert.match(await instance.logOf(await instance.ended(sha), { workflow: 'workflow', step: 1 }), new RegExp(`^${sha}\\nsearched\\n$`));
  const keys = instance.github.deployKeys(instance.repository);
  assert.equal(keys.length, 1);
  assert.equal(keys[0]!.readOnly, true);
  assert.match(keys[0]!.title, /^Roundhouse at /);
  const asked = instance.github.requests().filter(({ operation }) => operation === 'POST /repos/{owner}/{repo}/keys');
  assert.equal(asked.length, 1);
});

test('the next one uses the same key', async () => {
  assert.equal((await instance.check(await instance.push({ more: 'x' }))).conclusion, 'success');
  assert.equal(instance.github.deployKeys(instance.repository).length, 1);
});

test('a key that somebody removed on GitHub is noticed, said on the check, and replaced', async () => {
  const [before] = instance.github.deployKeys(instance.repository);
  instance.github.removeDeployKey(instance.repository, before!.id);
  const check = await instance.check(await instance.push({ again: 'x' }));
  assert.equal(check.conclusion, 'success', check.output.summary!);
  assert.match(check.output.summary!, /deploy key .* was removed on GitHub/);
  const [now, ...more] = instance.github.deployKeys(instance.repository);
  assert.equal(more.length, 0);
  assert.notEqual(now!.id, before!.id);
});

test('rotated and removed by command, each with its entry in the audit log', async () => {
  const [before] = instance.github.deployKeys(instance.repository);
  await instance.inTree('', 'deploy-keys', 'rotate', 'acme/shop');
  const [now, ...more] = instance.github.deployKeys(instance.repository);
  assert.deepEqual([more.length, now!.id === before!.id], [0, false]);
  assert.equal((await instance.check(await instance.push({ third: 'x' }))).conclusion, 'success');
  assert.match(await instance.inTree('', 'deploy-keys', 'list'), /^acme\/shop {2}SHA256:/);
  await instance.inTree('', 'deploy-keys', 'remove', 'acme/shop');
  assert.deepEqual(instance.github.deployKeys(instance.repository), []);
  const log = await instance.inTree('', 'audit', 'show', '--json');
  for (const action of ['deploy-key.created', 'deploy-key.lost', 'deploy-key.rotated', 'deploy-key.removed']) assert.ok(log.includes(`"${action}"`), action);
});

test('where GitHub forbids deploy keys, the build ends with the setting that helps', async () => {
  instance.github.forbidDeployKeys('acme');
  const check = await instance.check(await instance.push({ fourth: 'x' }));
  assert.equal(check.conclusion, 'failure');
  assert.match(check.output.summary!.replaceAll('\\', ''), /ROUNDHOUSE_CHECKOUT=token/);
  instance.github.allowDeployKeys('acme');
});

test('when the App is removed the key goes, as far as GitHub still lets us', async () => {
  assert.equal((await instance.check(await instance.push({ fifth: 'x' }))).conclusion, 'success');
  instance.github.uninstallApp('acme');
  const stored = join(instance.folder, 'data/store/vault/repositories', String(instance.repositoryId), '=deploy-key');
  await instance.until('our part of it is gone', () => readFile(stored).then(() => false, () => true));
  // The App may do nothing there any more; a person can.
  assert.match(instance.started.find(({ process }) => process.spawnargs.includes('app'))!.log(), /Roundhouse at [^"]+/);
  assert.equal(instance.github.deployKeys(instance.repository).length, 1);
});
