// The data folder is lost, and comes back from a backup: with its keys, without what was revoked since.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startInstance, type Instance } from './instance.ts';

const run = promisify(execFile);

let instance: Instance;
/** Short: gpg's sockets lie in it. */
let home: string;
const gpg = (...args: string[]) => run('gpg', ['--batch', '--homedir', home, ...args]);

before(async () => {
  instance = await startInstance();
  home = await mkdtemp(join(tmpdir(), 'gpg-'));
  await gpg('--passphrase', '', '--pinentry-mode', 'loopback', '--quick-generate-key', 'Operator <ops@example.org>', 'future-default', 'default', 'never');
  await writeFile(join(instance.folder, 'operator.asc'), (await gpg('--export', '--armor', 'ops@example.org')).stdout);
  await writeFile(join(instance.folder, 'operator.key'), (await gpg('--export-secret-keys', '--armor', 'ops@example.org')).stdout, { mode: 0o600 });
});
after(async () => {
  await run('gpgconf', ['--homedir', home, '--kill', 'all']).catch(() => undefined);
  await rm(home, { recursive: true, force: true });
  await instance.stop();
});

const config = `version: 2.1
jobs:
  build:
    docker: [{image: "debian:bookworm"}]
    steps:
      - run: {command: '[ "$KEPT" = kept-value ] && [ "$FROM_CONTEXT" = context-value ]', secrets: [KEPT]}
  revoked:
    docker: [{image: "debian:bookworm"}]
    steps:
      - run: {command: x, secrets: [REVOKED]}
workflows: {ci: {jobs: [build: {context: deploy}, revoked]}}
`;
const backup = (): string => join(instance.folder, 'saved.gpg');

test('a backup is encrypted to the operator’s key, and says what is not in it', async () => {
  await instance.inTree('kept-value', 'secrets', 'set', 'KEPT');
  await instance.inTree('revoked-value', 'secrets', 'set', 'REVOKED');
  await instance.inTree('context-value', 'contexts', 'set', 'acme', 'deploy', 'FROM_CONTEXT');
  await instance.inTree('context-value', 'contexts', 'set', 'acme', 'deploy', 'TAKEN_BACK');
  const { code, stderr } = await instance.roundhouse('backup', '--to', 'operator.asc', backup());
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Logs, plans and the history of pipelines are not in this backup/);
  assert.match(stderr, /Without the key-encryption key nobody can open the vault again/);
  const bytes = await readFile(backup(), 'latin1');
  for (const text of ['kek.keys', 'payload.keys', 'PRIVATE KEY', 'context-value']) assert.ok(!bytes.includes(text), text);
  assert.match(await instance.inTree('', 'audit', 'show', '--action', 'backup.made'), /backup\.made/);
});

test('check 21: what was revoked after the backup stays dead when it is restored, and everything else works again', async () => {
  await instance.inTree('', 'secrets', 'revoke', 'REVOKED');
  await instance.inTree('', 'contexts', 'unset', 'acme', 'deploy', 'TAKEN_BACK');
  const running = await instance.roundhouse('restore', backup(), '--key', 'operator.key');
  assert.equal(running.code, 2);
  assert.match(running.stderr, /the app runs/);

  await stopAll();
  // The disk with the keys is lost; the object store lay elsewhere.
  await rename(join(instance.folder, 'data'), join(instance.folder, 'lost'));
  const empty = await instance.roundhouse('restore', backup());
  assert.match(empty.stderr, /Name your private key: --key FILE/);
  await run('mkdir', ['-p', join(instance.folder, 'data')]);
  await rename(join(instance.folder, 'lost', 'store'), join(instance.folder, 'data', 'store'));
  const { code, stderr } = await instance.roundhouse('restore', backup(), '--key', 'operator.key');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Restored what was saved at/);

  await startAll();
  const sha = await instance.push({ '.circle.yml': config });
  assert.equal((await instance.check(sha, 'build')).conclusion, 'success');
  const dead = await instance.check(sha, 'revoked');
  assert.equal(dead.conclusion, 'failure');
  assert.match(dead.output.summary!, /was revoked on/);
  assert.doesNotMatch(await instance.inTree('', 'contexts', 'list', 'acme'), /TAKEN_BACK/);
  assert.match(await instance.inTree('', 'audit', 'verify'), /whole$/m);
});

test('where the object store is lost too, the vault comes back; gpg opens the backup as well', async () => {
  await stopAll();
  await rename(join(instance.folder, 'data'), join(instance.folder, 'lost again'));
  const archive = join(instance.folder, 'saved.tar.gz');
  await gpg('--output', archive, '--decrypt', backup());
  assert.match((await run('tar', ['tzf', archive])).stdout, /^data\/kek\.keys$/m);
  const { code, stderr } = await instance.roundhouse('restore', archive);
  assert.equal(code, 0, stderr);
  await startAll();
  assert.match(await instance.inTree('', 'contexts', 'list', 'acme'), /^deploy {2}for every repository\n {2}FROM_CONTEXT /);
  const sha = await instance.push({ last: 'x' });
  assert.equal((await instance.check(sha, 'build')).conclusion, 'success');
});

async function stopAll(): Promise<void> {
  for (const running of instance.started.toReversed()) await running.kill('SIGTERM');
}

async function startAll(): Promise<void> {
  await instance.startTemporal();
  await instance.startApp();
  await instance.startBuilder();
}
