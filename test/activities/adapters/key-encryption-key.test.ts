// Does the key-encryption key come from where the operator says, and go nowhere else?

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKeyRing } from '../../../activities/adapters/key-encryption-key.ts';
import { readOrMakeRing } from '../../../activities/adapters/key-ring-file.ts';
import type { KekSource } from '../../../activities/control/key-ring.ts';

const line = (id: string): string => `${id} ${randomBytes(32).toString('base64')}`;
const none = { kekFile: '/nonexistent/kek.keys', kek: null, kekCommand: null };
const idsOf = async (source: KekSource, options?: { fresh?: boolean }): Promise<string[]> => (await source.ring(options)).map(({ id }) => id);

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rk-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

suite('a file', () => {
  test('is made once, for its owner alone, by processes that begin at once', async (t) => {
    const folder = await folderOf(t);
    const kekFile = join(folder, 'data/kek.keys');
    const rings = await Promise.all(Array.from({ length: 10 }, () => openKeyRing({ ...none, kekFile }, {}).ring()));
    assert.equal(new Set(rings.map((ring) => JSON.stringify(ring))).size, 1);
    assert.equal(new Set(await Promise.all(Array.from({ length: 10 }, () => readOrMakeRing(`${kekFile}.other`)))).size, 1);
    await rm(`${kekFile}.other`);
    assert.equal(rings[0]!.length, 1);
    assert.deepEqual(await readdir(join(folder, 'data')), ['kek.keys']);
    assert.deepEqual([(await stat(kekFile)).mode & 0o777, (await stat(join(folder, 'data'))).mode & 0o777], [0o600, 0o700]);
  });

  test('that others may read is refused', async (t) => {
    const kekFile = join(await folderOf(t), 'kek.keys');
    const source = openKeyRing({ ...none, kekFile }, {});
    await source.ring();
    for (const mode of [0o640, 0o604, 0o620, 0o602]) {
      await chmod(kekFile, mode);
      await assert.rejects(source.ring(), { message: `${kekFile}: the key-encryption key may be read by others. chmod 600 it; if they may have read it, rotate it as well: roundhouse keys rotate.` });
    }
    await chmod(kekFile, 0o400);
    assert.equal((await source.ring()).length, 1);
  });

  test('is read at each use, and not made again when it vanishes', async (t) => {
    const kekFile = join(await folderOf(t), 'kek.keys');
    const source = openKeyRing({ ...none, kekFile }, {});
    const [first] = await source.ring();
    await source.change!(async (replace) => replace([{ id: 'other', key: randomBytes(32) }, ...(await source.ring())]));
    assert.deepEqual(await idsOf(source), ['other', first!.id]);
    assert.equal((await stat(kekFile)).mode & 0o777, 0o600);
    await rm(kekFile);
    await assert.rejects(source.ring(), { message: `${kekFile}: the key-encryption key was there and is gone. Put the file back.` });
    await writeFile(kekFile, 'k1 hunter2\n', { mode: 0o600 });
    await assert.rejects(source.ring(), (error: Error) => error.message.startsWith(`${kekFile}:1: expected "ID BASE64"`) && !error.message.includes('hunter2'));
  });
});

test('of those that change a ring in a file one does at a time', async (t) => {
  const kekFile = join(await folderOf(t), 'data/kek.keys');
  let [inside, most] = [0, 0];
  const change = (): Promise<void> =>
    openKeyRing({ ...none, kekFile }, {}).change!(async () => {
      most = Math.max(most, ++inside);
      await sleep(20);
      inside -= 1;
    });
  await Promise.all([change(), change(), change()]);
  assert.equal(most, 1);
});

suite('the environment', () => {
  test('gives the ring and loses it, so that programs that are started do not inherit it', async () => {
    const kek = `${line('new')},${line('old')}`;
    const env: NodeJS.ProcessEnv = { ...process.env, ROUNDHOUSE_KEK: kek };
    const source = openKeyRing({ ...none, kek }, env);
    assert.deepEqual(await idsOf(source), ['new', 'old']);
    assert.equal(source.change, null);
    assert.doesNotMatch(execFileSync('env', { env, encoding: 'utf8' }), /ROUNDHOUSE_KEK/);
  });

  test('with a fault is refused without repeating it', () => {
    assert.throws(() => openKeyRing({ ...none, kek: 'k1 hunter2' }, {}), (error: Error) => error.message.startsWith('ROUNDHOUSE_KEK:1: expected') && !error.message.includes('hunter2'));
  });

  test('beside a command is one too many', () => {
    assert.throws(() => openKeyRing({ ...none, kek: line('a'), kekCommand: 'true' }, {}), { message: 'ROUNDHOUSE_KEK and ROUNDHOUSE_KEK_COMMAND are both set, and only one can be where the key-encryption key comes from. Remove one of the two.' });
  });
});

suite('a command', () => {
  test('is asked once a minute, and at once for what is fresh', async (t) => {
    const folder = await folderOf(t);
    let now = 0;
    const kekCommand = `echo x >> ${folder}/asked; cat ${folder}/ring`;
    const source = openKeyRing({ ...none, kekCommand }, process.env, { now: () => now });
    await writeFile(join(folder, 'ring'), `${line('one')}\n`);
    assert.deepEqual([await Promise.all([idsOf(source), idsOf(source)]), await idsOf(source)], [[['one'], ['one']], ['one']]);
    await writeFile(join(folder, 'ring'), `${line('two')}\n`);
    now = 59_000;
    assert.deepEqual(await idsOf(source), ['one']);
    assert.deepEqual(await idsOf(source, { fresh: true }), ['two']);
    now += 61_000;
    await writeFile(join(folder, 'ring'), `${line('three')}\n`);
    assert.deepEqual(await idsOf(source), ['three']);
    assert.equal(await readFile(join(folder, 'asked'), 'utf8'), 'x\nx\nx\n');
  });

  const failures: [string, string, RegExp][] = [
    ['fails, with what it said', 'echo hunter2; echo "no network" >&2; exit 7', /^ROUNDHOUSE_KEK_COMMAND ended with exit code 7: no network\. Run it by hand: it must print the key ring/],
    ['is not there', 'no-such-program-here', /^ROUNDHOUSE_KEK_COMMAND ended with exit code 127: .*not found/],
    ['is killed', 'kill -9 $$', /^ROUNDHOUSE_KEK_COMMAND ended with SIGKILL and said nothing\./],
    ['prints something else', 'echo k1 hunter2', /^the output of ROUNDHOUSE_KEK_COMMAND:1: expected "ID BASE64"/],
    ['prints nothing', 'true', /^the output of ROUNDHOUSE_KEK_COMMAND: there is no key\./],
  ];
  for (const [name, kekCommand, expected] of failures)
    test(`that ${name}`, async () => {
      const source = openKeyRing({ ...none, kekCommand }, { ...process.env }, { commandLimitMs: 500 });
      await assert.rejects(source.ring(), (error: Error) => expected.test(error.message) && !error.message.includes('hunter2'));
    });

  test('that takes too long ends with all that it started', async (t) => {
    const folder = await folderOf(t);
    const source = openKeyRing({ ...none, kekCommand: `echo waiting >&2; sleep 60 & echo $! > ${folder}/pid; wait` }, process.env, { commandLimitMs: 500 });
    await assert.rejects(source.ring(), { message: /^ROUNDHOUSE_KEK_COMMAND did not end within 0\.5 s: waiting\./ });
    const child = Number(await readFile(join(folder, 'pid'), 'utf8'));
    // Killed, it is there as a zombie until somebody has asked how it ended.
    assert.match(await readFile(`/proc/${child}/stat`, 'utf8').catch(() => 'gone'), /^gone$|^\d+ \(sleep\) [ZX]/);
  });

  test('that failed is asked again', async (t) => {
    const folder = await folderOf(t);
    const source = openKeyRing({ ...none, kekCommand: `cat ${folder}/ring` }, process.env);
    await assert.rejects(source.ring(), /No such file/);
    await writeFile(join(folder, 'ring'), line('one'));
    assert.deepEqual(await idsOf(source), ['one']);
  });
});
