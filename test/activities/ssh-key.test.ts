import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseKeys, describeSshKey, isSshHost } from '../../activities/ssh-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'ssh-key-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const keygen = (...args: string[]): string => execFileSync('ssh-keygen', args, { encoding: 'utf8' });

function make(name: string, ...args: string[]): string {
  keygen('-q', '-N', '', '-f', join(folder, name), ...args);
  return readFileSync(join(folder, name), 'utf8');
}

const kinds: [string, string[]][] = [
  ['ed25519', ['-t', 'ed25519']],
  ['rsa', ['-t', 'rsa', '-b', '2048']],
  ['rsa-pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
  ['nistp256', ['-t', 'ecdsa', '-b', '256']],
  ['nistp521', ['-t', 'ecdsa', '-b', '521']],
];
for (const [name, args] of kinds) {
  test(`a key of ${name} is described as ssh-keygen does`, () => {
    const described = describeSshKey(make(name, ...args));
    assert.ok(!('problem' in described));
    assert.equal(described.publicKey, readFileSync(join(folder, `${name}.pub`), 'utf8').split(' ').slice(0, 2).join(' '));
    assert.equal(described.fingerprint, keygen('-l', '-f', join(folder, name)).split(' ')[1]);
    assert.equal(`MD5:${described.md5}`, keygen('-l', '-E', 'md5', '-f', join(folder, name)).split(' ')[1]);
    assert.equal(described.type, described.publicKey.split(' ')[0]);
  });
}

const bad: [string, () => string, RegExp][] = [
  ['nothing', () => '', /is no ssh key/],
  ['words', () => 'hello', /is no ssh key/],
  ['half of one', () => make('half', '-t', 'ed25519').slice(0, 200), /is no ssh key/],
  ['a public one', () => (make('public', '-t', 'ed25519'), readFileSync(join(folder, 'public.pub'), 'utf8')), /is a public key/],
  ['one with a passphrase', () => (keygen('-q', '-t', 'ed25519', '-N', 'hush hush', '-f', join(folder, 'closed')), readFileSync(join(folder, 'closed'), 'utf8')), /protected by a passphrase/],
  ['an old one with a passphrase', () => (keygen('-q', '-t', 'rsa', '-m', 'PEM', '-N', 'hush hush', '-f', join(folder, 'closed-pem')), readFileSync(join(folder, 'closed-pem'), 'utf8')), /protected by a passphrase/],
  ['one in PKCS#8', () => make('pkcs8', '-t', 'rsa', '-m', 'PKCS8'), /is a private key in PKCS#8/],
];
for (const [name, text, problem] of bad) {
  test(`${name} is refused in a sentence`, () => {
    const described = describeSshKey(text());
    assert.ok('problem' in described, JSON.stringify(described));
    assert.match(described.problem, problem);
  });
}

const first = { fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDCvzfzW1a6H6cFyrA', md5: '1b:c3:77:15:3c:49:6b:0c:5f:91:ad:7c:0e:1e:22:0f' };
const second = { fingerprint: 'SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM', md5: 'ff:00:77:15:3c:49:6b:0c:5f:91:ad:7c:0e:1e:22:0f' };
const writings: [string, string[] | null, object[]][] = [
  ['nothing named', null, [first, second]],
  ['an empty list', [], []],
  ['as ssh-keygen shows it', [first.fingerprint], [first]],
  ['without its prefix', [first.fingerprint.slice(7)], [first]],
  ['with padding', [`${first.fingerprint}=`], [first]],
  ['MD5 with colons', [first.md5], [first]],
  ['MD5 with its prefix, in capitals', [`MD5:${first.md5.toUpperCase()}`], [first]],
  ['MD5 without colons', [second.md5.replaceAll(':', '')], [second]],
  ['one twice, in the order of the config', [second.md5, first.md5, second.fingerprint], [second, first]],
];
for (const [name, fingerprints, chosen] of writings) {
  test(`fingerprints, ${name}`, () => assert.deepEqual(chooseKeys([first, second], fingerprints), { chosen }));
}

test('a fingerprint of no key is a problem with its remedy; letters of SHA256 differ by their case', () => {
  for (const absent of ['SHA256:nobody', first.fingerprint.toLowerCase()]) {
    assert.deepEqual(chooseKeys([first, second], [first.md5, absent], 'acme/shop'), { problem: `the key ${absent} is not among the ssh keys of this repository; add it: roundhouse ssh-keys add acme/shop` });
  }
});

const hosts: [string, boolean][] = [
  ['github.com', true],
  ['10.0.0.1', true],
  ['2001:db8::1', true],
  ['', false],
  ['*', false],
  ['!github.com', false],
  ['-oProxyCommand=x', false],
  ['a b', false],
  ['a\n  ProxyCommand x', false],
];
for (const [host, isHost] of hosts) test(`${JSON.stringify(host)} is ${isHost ? 'a' : 'no'} host`, () => assert.equal(isSshHost(host), isHost));
