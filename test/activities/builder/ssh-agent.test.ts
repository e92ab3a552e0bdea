import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { sshAgentStream, withAgentSocket, type AgentKey } from '../../../activities/builder/ssh-agent.ts';

const run = promisify(execFile);
const kinds: [string, string[]][] = [
  ['ed25519', ['-t', 'ed25519']],
  ['rsa', ['-t', 'rsa', '-b', '2048']],
  ['nistp256', ['-t', 'ecdsa', '-b', '256']],
  ['nistp384', ['-t', 'ecdsa', '-b', '384']],
  ['nistp521', ['-t', 'ecdsa', '-b', '521']],
];

let folder: string;
const keys: AgentKey[] = [];
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssh-agent-test-'));
  for (const [name, args] of kinds) {
    execFileSync('ssh-keygen', ['-q', '-N', '', '-f', join(folder, name), ...args]);
    keys.push({ privateKey: readFileSync(join(folder, name), 'utf8'), comment: `the key ${name}` });
    rmSync(join(folder, name));
  }
  execFileSync('ssh-keygen', ['-q', '-N', '', '-t', 'ed25519', '-f', join(folder, 'foreign')]);
  renameSync(join(folder, 'foreign.pub'), join(folder, 'strange.pub'));
  writeFileSync(join(folder, 'message'), 'hello');
});
after(() => rmSync(folder, { recursive: true, force: true }));

const withAgent = (SSH_AUTH_SOCK: string): { env: NodeJS.ProcessEnv } => ({ env: { PATH: process.env['PATH'], SSH_AUTH_SOCK } });

test('OpenSSH lists the keys, with their comments', async () => {
  const listed = await withAgentSocket(keys, async (socket) => (await run('ssh-add', ['-L'], withAgent(socket))).stdout);
  const expected = kinds.map(([name]) => `${readFileSync(join(folder, `${name}.pub`), 'utf8').split(' ').slice(0, 2).join(' ')} the key ${name}\n`);
  assert.equal(listed, expected.join(''));
});

test('each kind of key signs so that OpenSSH accepts it, many times over', async () => {
  await withAgentSocket(keys, async (socket) => {
    for (const [name] of kinds) {
      // Numbers of a signature may begin with zeros or with a bit that is a sign: of some there are 24.
      for (let round = 0; round < 24; round++) {
        const { stdout: signature } = await run('bash', ['-c', `ssh-keygen -q -Y sign -n test -f ${name}.pub < message`], { ...withAgent(socket), cwd: folder });
        writeFileSync(join(folder, 'signature'), signature);
        await run('bash', ['-c', 'ssh-keygen -Y check-novalidate -n test -s signature < message'], { cwd: folder });
      }
    }
  });
});

test('it does nothing else: what OpenSSH asks is refused, and the keys stay', async () => {
  await withAgentSocket(keys, async (socket) => {
    const asks: [string, string[]][] = [
      ['a further key', ['foreign']],
      ['a key for a time', ['-t', '60', 'foreign']],
      ['one key less', ['-d', 'ed25519.pub']],
      ['no key', ['-D']],
    ];
    for (const [name, args] of asks) await assert.rejects(run('ssh-add', args, { ...withAgent(socket), cwd: folder }), name);
    await assert.rejects(run('bash', ['-c', 'ssh-keygen -q -Y sign -n test -f strange.pub < message'], { ...withAgent(socket), cwd: folder }));
    assert.equal((await run('ssh-add', ['-l'], withAgent(socket))).stdout.split('\n').length, kinds.length + 1);
  });
});

test('its socket is for this user alone, and goes with the work, also when that fails', async () => {
  let where = '';
  await assert.rejects(
    withAgentSocket(keys, async (socket) => {
      where = socket;
      assert.equal(statSync(dirname(socket)).mode & 0o777, 0o700);
      throw new Error('never mind');
    }),
    /never mind/,
  );
  assert.equal(existsSync(dirname(where)), false);
});

const message = (type: number, ...body: number[]): Buffer => Buffer.from([0, 0, 0, body.length + 1, type, ...body]);
const rows: [string, Buffer, string][] = [
  ['session-bind@openssh.com, and then the list', Buffer.concat([message(27, 0, 0, 0, 3, 97, 98, 99), message(11)]), '0000000105' + '000000050c00000000'],
  ['lock', message(22, 0, 0, 0, 1, 120), '0000000105'],
  ['a request to sign with half a body', message(13, 0, 0, 0, 200, 1), '0000000105'],
  ['a request to sign with nothing', message(13), '0000000105'],
  ['SSH-1', message(1), '0000000105'],
];
for (const [name, bytes, answer] of rows) {
  test(`an agent without keys answers ${name}`, async () => {
    // In one piece, and byte by byte.
    for (const size of [bytes.length, 1]) {
      const stream = sshAgentStream([]);
      for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
      stream.end();
      assert.equal(Buffer.concat((await stream.toArray()) as Buffer[]).toString('hex'), answer);
    }
  });
}

test('RSA does not sign with SHA-1', async () => {
  const [, rsa] = keys;
  const blob = Buffer.from(readFileSync(join(folder, 'rsa.pub'), 'utf8').split(' ')[1] ?? '', 'base64');
  const text = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes]);
  for (const [flags, type] of [[0, 5], [2, 14], [4, 14]] as const) {
    const stream = sshAgentStream([rsa!]);
    const body = Buffer.concat([Buffer.from([13]), text(blob), text(Buffer.from('data')), Buffer.from([0, 0, 0, flags])]);
    stream.end(text(body));
    assert.equal(Buffer.concat((await stream.toArray()) as Buffer[])[4], type);
  }
});

test('a message without end is not waited for', async () => {
  for (const length of ['00000000', '00040001', 'ffffffff']) {
    const stream = sshAgentStream([]);
    stream.write(Buffer.from(`${length}0b`, 'hex'));
    await assert.rejects(stream.toArray(), /gets no message of/);
  }
});

test('who asks without listening is not read any further', async () => {
  const stream = sshAgentStream(keys);
  let written = 0;
  for (; written < 100_000 && stream.write(message(11)); written++) await new Promise(setImmediate);
  assert.ok(written < 100_000);
  assert.ok(stream.readableLength < 1 << 20, String(stream.readableLength));
  stream.destroy();
});
