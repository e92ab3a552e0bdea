import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { openScene, type Person, type Scene } from './scene.ts';
import { makeSshKeys } from './ssh-keys.ts';

const run = promisify(execFile);

let scene: Scene;
let alice: Person;
let work: string;

before(async () => {
  scene = await openScene();
  alice = await scene.person('alice');
  for (const name of ['app', 'other']) await scene.github.createRepository({ owner: 'alice', name, private: true });
  scene.github.installApp('alice');
  work = await alice.clone('alice/app');
  await scene.commit(alice, work, 'Begin', { 'a.txt': 'a\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'main');
});
after(async () => {
  await scene.github.settled();
  const faults = scene.github.faults();
  await scene.close();
  assert.deepEqual(faults, []);
});

/** ssh's own words, as somebody who holds this key. */
async function ssh(keyFile: string, ...command: string[]): Promise<{ code: number; stderr: string }> {
  const args = ['-F', '/dev/null', '-i', keyFile, '-o', 'IdentitiesOnly=yes', '-o', `UserKnownHostsFile=${join(scene.folder, 'known_hosts')}`, '-o', 'BatchMode=yes', '-p', String(scene.github.sshPort), 'git@127.0.0.1', ...command];
  return run('ssh', args).then(({ stderr }) => ({ code: 0, stderr }), (error: { code: number; stderr: string }) => ({ code: error.code, stderr: error.stderr }));
}

test('a stranger is not let in, a friend is greeted and given no shell', async () => {
  const strangers = join(scene.folder, 'stranger.key');
  await writeFile(strangers, makeSshKeys().private, { mode: 0o600 });
  assert.match((await ssh(strangers)).stderr, /Permission denied \(publickey\)/);
  const greeting = await ssh(join(scene.folder, 'alice.key'));
  assert.deepEqual([greeting.code, /Hi alice! You've successfully authenticated/.test(greeting.stderr)], [1, true]);
});

test('nothing but git runs, and no repository outside', async () => {
  const key = join(scene.folder, 'alice.key');
  for (const command of ['id', "git-upload-pack '/alice/app.git'; id", "git-upload-pack '/../../etc'", "git-upload-archive '/alice/app.git'", "git-upload-pack --help '/alice/app.git'"]) {
    const { code, stderr } = await ssh(key, command);
    assert.deepEqual([code, /Invalid command|Repository not found/.test(stderr)], [128, true], command);
  }
});

test('a deploy key reads its one repository, and writes only when it may', async () => {
  const keys = makeSshKeys();
  const keyFile = join(scene.folder, 'deploy.key');
  await writeFile(keyFile, keys.private, { mode: 0o600 });
  const as = (...args: string[]) => run('git', ['-C', work, '-c', `core.sshCommand=ssh -F /dev/null -i ${keyFile} -o IdentitiesOnly=yes -o UserKnownHostsFile=${join(scene.folder, 'known_hosts')}`, ...args]);
  scene.github.addDeployKey('alice/app', keys.public);
  assert.match((await as('ls-remote', 'origin')).stdout, /refs\/heads\/main/);
  await assert.rejects(as('ls-remote', `${scene.github.sshUrl}/alice/other.git`), /Repository not found/);
  await assert.rejects(as('push', '--quiet', 'origin', 'main:refs/heads/robot'), /marked as read only/);

  const writing = makeSshKeys();
  await writeFile(keyFile, writing.private, { mode: 0o600 });
  scene.github.addDeployKey('alice/app', writing.public, { readOnly: false });
  await as('push', '--quiet', 'origin', 'main:refs/heads/robot');
  await scene.github.waitForDelivery(({ event, request }) => event === 'push' && request.payload['ref'] === 'refs/heads/robot');
});

test('ten pushes at once are ten push events, each with its own branch', async () => {
  const from = scene.github.deliveries({ event: 'push' }).length;
  const branches = Array.from({ length: 10 }, (_, i) => `many-${i}`);
  await Promise.all(branches.map((branch) => alice.git(work, 'push', '--quiet', 'origin', `main:refs/heads/${branch}`)));
  await scene.github.settled();
  const pushed = scene.github.deliveries({ event: 'push' }).slice(from).map(({ request }) => request.payload['ref']);
  assert.deepEqual(pushed.sort(), branches.map((branch) => `refs/heads/${branch}`));
});

test('an end waits for no app that is deaf', async () => {
  const deaf = await openScene({ webhookTimeoutSeconds: 60 });
  deaf.receiver.answer = () => {};
  deaf.github.createUser('alice');
  deaf.github.installApp('alice');
  const began = performance.now();
  await deaf.close();
  assert.equal(performance.now() - began < 5_000, true);
});
