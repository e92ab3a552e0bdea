// `roundhouse secrets` on somebody's own machine, without an app: the real program, in a work tree, with the public key alone.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { decryptSecret, generateRepositoryKey } from '../../../activities/adapters/openpgp.ts';
import { readSecret, type SecretPlaintext } from '../../../config-schema/secret.ts';

const program = join(import.meta.dirname, '../../../bin/roundhouse');
let folder: string;
let tree: string;
let key: Awaited<ReturnType<typeof generateRepositoryKey>>;
let server: Server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-secrets-'));
  key = await generateRepositoryKey({ host: 'github.com', repositoryId: 7, fullName: 'acme/shop' });
  writeFileSync(join(folder, 'key.asc'), key.publicKey);
  tree = join(folder, 'tree');
  mkdirSync(join(tree, 'deep'), { recursive: true });
  execFileSync('git', ['init', '-q', '-b', 'main', tree]);
  execFileSync('git', ['-C', tree, 'remote', 'add', 'origin', 'git@github.com:acme/shop.git']);
  server = createServer((req, res) => void res.writeHead(req.url === '/keys/7.asc' ? 200 : 404).end(req.url === '/keys/7.asc' ? key.publicKey : 'no'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

type Ran = { code: number | null; stdout: string; stderr: string };

/** `after`: the input is typed when the program has said this. */
async function run(command: string, args: string[], input: string, { cwd = tree, after }: { cwd?: string; after?: string } = {}): Promise<Ran> {
  const child = spawn(command, args, { cwd, env: { PATH: process.env.PATH, ROUNDHOUSE_DATA: join(folder, 'data'), GIT_CEILING_DIRECTORIES: tmpdir(), TERM: 'xterm' } });
  child.stdin.on('error', () => undefined);
  if (after === undefined) child.stdin.end(input);
  else child.stdout.on('data', (bytes: Buffer) => bytes.includes(after) && child.stdin.end(input));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number | null>((resolve) => child.on('close', resolve))]);
  assert.doesNotMatch(stderr, /^\s+at .*[.]ts:/m, 'no stack trace');
  return { code, stdout, stderr };
}
const secrets = (args: string[], input = '', cwd = tree): Promise<Ran> => run(program, ['secrets', ...args], input, { cwd });

async function opened(name: string): Promise<SecretPlaintext> {
  const decrypted = await decryptSecret(readFileSync(join(tree, '.circle/secrets', `${name}.asc`), 'utf8'), key.privateKey);
  assert.ok('text' in decrypted, JSON.stringify(decrypted));
  const read = readSecret(decrypted.text);
  assert.ok('secret' in read, JSON.stringify(read));
  return read.secret;
}

test('without a key that can be had, the sentence says where to get one', async () => {
  const { code, stderr } = await secrets(['set', 'TOKEN'], 'value');
  assert.equal(code, 2);
  assert.match(stderr, /the public key of acme\/shop is not here .*--key FILE/s);
  assert.equal(existsSync(join(tree, '.circle')), false, 'nothing was written');
});

test('set by an address of the key: encrypted here, with all that it may be used for, and the key beside it', async () => {
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await secrets(['set', 'TOKEN', '--key', `http://127.0.0.1:${port}/keys/7.asc`, '--refs', 'main', '--refs', 'release/*', '--min-trust', 'T2', '--expires', '2100-01-31'], 'pa"ss\nword\n', join(tree, 'deep'));
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(key.fingerprint));
  const { nonce, created, pad: _, ...secret } = await opened('TOKEN');
  assert.deepEqual(secret, { v: 1, host: 'github.com', repo_id: 7, name: 'TOKEN', min_trust: 'T2', refs: ['main', 'release/*'], kid: key.fingerprint, expires: '2100-01-31', value: 'pa"ss\nword' });
  assert.ok(nonce.length === 22 && Date.parse(created) <= Date.now());
  assert.equal(readFileSync(join(tree, '.circle/secrets/key.pub.asc'), 'utf8'), key.publicKey);
});

test('the next one needs no key to be named; at a terminal the value is asked for and not shown', async () => {
  const { code, stdout, stderr } = await run('script', ['-qec', `${program} secrets set TYPED`, '/dev/null'], 'typed-valuX\u007fe\r', { after: '(not shown)' });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /value of TYPED \(not shown\): /);
  assert.doesNotMatch(stdout, /typed/);
  assert.equal((await opened('TYPED')).value, 'typed-value');
});

test('mistakes are sentences, and leave what is there', async (t) => {
  const before = readFileSync(join(tree, '.circle/secrets/TOKEN.asc'), 'utf8');
  const cases: [string, string[], string, RegExp][] = [
    ['a name that is none', ['set', '1BAD'], 'v', /1BAD is no name for a secret/],
    ['an empty value', ['set', 'TOKEN'], '\n', /value of TOKEN is empty/],
    ['a date that is none', ['set', 'TOKEN', '--expires', 'soon'], 'v', /TOKEN: .*expires must be a date/],
    ['a ref that is none', ['set', 'TOKEN', '--refs', 'refs/heads/main'], 'v', /refs must be a list/],
    ['a trust that is none', ['set', 'TOKEN', '--min-trust', 'T0'], 'v', /Write T1 .* or T2/],
    ['a value that is too long', ['set', 'TOKEN'], 'x'.repeat(70_000), /value must be a text of 1 to 65536 bytes/],
    ['a key file that is not there', ['set', 'TOKEN', '--key', 'nowhere'], 'v', /--key nowhere: is not there/],
    ['a key file that holds no key', ['set', 'TOKEN', '--key', join(tree, '.git/HEAD')], 'v', /HEAD: /],
    ['a secret that is not there', ['revoke', 'NOWHERE'], '', /\.circle\/secrets\/NOWHERE\.asc is not there/],
    ['nothing to revoke', ['revoke'], '', /name one secret, or a key/],
    ['no app for what needs one', ['rotate'], '', /no Roundhouse app runs with this data folder/],
  ];
  for (const [title, args, input, sentence] of cases)
    await t.test(title, async () => {
      const { code, stderr } = await secrets(args, input);
      assert.ok(code === 2 || code === 3, stderr);
      assert.match(stderr, sentence);
    });
  assert.equal(readFileSync(join(tree, '.circle/secrets/TOKEN.asc'), 'utf8'), before);
});

test('check, without an app: whom each file is for, and what is no secret', async () => {
  const well = await secrets(['check']);
  assert.deepEqual([well.code, well.stdout], [0, '.circle/secrets/TOKEN.asc: well\n.circle/secrets/TYPED.asc: well\n']);
  assert.match(well.stderr, /No app runs on this machine, so nothing was opened/);
  const other = await generateRepositoryKey({ host: 'github.com', repositoryId: 8, fullName: 'acme/other' });
  writeFileSync(join(folder, 'other.asc'), other.publicKey);
  await secrets(['set', 'FOREIGN', '--key', join(folder, 'other.asc')], 'v');
  writeFileSync(join(tree, '.circle/secrets/key.pub.asc'), key.publicKey);
  writeFileSync(join(tree, '.circle/secrets/PLAIN.asc'), 'password=hunter2\n');
  const bad = await secrets(['check', '--offline', '--json']);
  assert.equal(bad.code, 2);
  const { secrets: found } = JSON.parse(bad.stdout) as { secrets: { name: string; problem: string | null }[] };
  assert.match(found.find(({ name }) => name === 'FOREIGN')!.problem!, /is not encrypted for the key in \.circle\/secrets\/key\.pub\.asc/);
  assert.ok(found.find(({ name }) => name === 'PLAIN')!.problem);
  assert.doesNotMatch(bad.stdout + bad.stderr, /hunter2/);
  assert.equal(found.find(({ name }) => name === 'TOKEN')!.problem, null);
});

test('list, without an app: what there is', async () => {
  const { code, stdout } = await secrets(['list']);
  assert.equal(code, 0);
  assert.deepEqual(stdout.trim().split('\n').map((line) => line.split(' ')[0]), ['FOREIGN', 'PLAIN', 'TOKEN', 'TYPED']);
});
