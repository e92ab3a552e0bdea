// Does a process keep the one key that it made, for itself alone?

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import ssh2 from 'ssh2';
import { generateKey, loadOrCreateKey } from '../../activities/key-file.ts';

test('the key is made once, and is nobody else\'s to read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'key-file-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'keys', 'builder_key');
  const keys = await Promise.all(Array.from({ length: 10 }, () => loadOrCreateKey(path)));
  assert.equal(new Set(keys.map(({ publicKey }) => publicKey)).size, 1);
  assert.match(keys[0]!.publicKey, /^ssh-ed25519 AAAA\S+$/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(folder, 'keys')), ['builder_key']);

  await chmod(path, 0o640);
  await assert.rejects(loadOrCreateKey(path), /may be read by others: chmod 600/);
  await chmod(path, 0o600);
  await writeFile(path, 'not a key');
  await assert.rejects(loadOrCreateKey(path), { message: `${path} is no private key in OpenSSH's format` });
});

test('every key that is made can be used', () => {
  // Of ssh2's own, a few of so many cannot be read again.
  for (let i = 0; i < 1500; i += 1) {
    const { privateKey, publicKey } = generateKey();
    const [secret, open] = [ssh2.utils.parseKey(privateKey), ssh2.utils.parseKey(publicKey)];
    if (secret instanceof Error || open instanceof Error) assert.fail('a key that cannot be read');
    if (i % 100 === 0) assert.equal(open.verify(Buffer.from('x'), secret.sign(Buffer.from('x'))), true);
  }
});
