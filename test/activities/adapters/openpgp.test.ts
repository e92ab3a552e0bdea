// Committed secrets between us, gpg and jq: what each of them makes, the others read; what was tampered with, nobody does.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import * as openpgp from 'openpgp';
import { decryptSecret, describeKey, encryptionKeyIds, encryptTo, generateRepositoryKey, hiddenRecipient, recipientsOf } from '../../../activities/adapters/openpgp.ts';
import { readSecret, refusalOf, secretText } from '../../../config-schema/secret.ts';
import type { UnpaddedSecret } from '../../../config-schema/secret.ts';

// A short path: gpg-agent's socket lies in it.
const folder = mkdtempSync(join(tmpdir(), 'rg-'));
const env = { ...process.env, GNUPGHOME: folder };
after(() => {
  execFileSync('gpgconf', ['--kill', 'all'], { env });
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
const run = (program: string, args: string[], input = ''): string => execFileSync(program, args, { env, input, cwd: folder, encoding: 'utf8', maxBuffer: 1e8, stdio: ['pipe', 'pipe', 'ignore'] });
const gpg = (args: string[], input = ''): string => run('gpg', ['--batch', '--no-tty', '--quiet', ...args], input);

const shop = await generateRepositoryKey({ host: 'github.com', repositoryId: 1296269, fullName: 'acme/shop' });
const other = await generateRepositoryKey({ host: 'github.com', repositoryId: 77, fullName: 'acme/other' });
for (const [file, text] of Object.entries({ 'key.asc': shop.publicKey, 'private.asc': shop.privateKey, 'value.txt': 'pa"ss\\wörd\n' })) writeFileSync(join(folder, file), text);
gpg(['--import', 'private.asc']);
const toShop = ['--armor', '--encrypt', '--trust-model', 'always', '--recipient', shop.fingerprint];

const secret: UnpaddedSecret = { v: 1, host: 'github.com', repo_id: 1296269, name: 'DEPLOY_TOKEN', min_trust: 'T2', refs: ['main'], kid: shop.fingerprint, nonce: 'abcDEF-_0123456789abcd', created: '2026-01-31', value: 'a canary' };
const inShop = { host: 'github.com', repositoryId: 1296269, name: 'DEPLOY_TOKEN', trust: 'T2', ref: 'refs/heads/main', kid: shop.fingerprint, now: Date.parse('2026-06-01') } as const;
const textIn = async (armored: string, privateKey = shop.privateKey): Promise<string> => {
  const opened = await decryptSecret(armored, privateKey);
  assert.ok('text' in opened, JSON.stringify(opened));
  return opened.text;
};
const problemOf = async (armored: string, privateKey = shop.privateKey): Promise<{ problem: string; sentence: string }> => {
  const opened = await decryptSecret(armored, privateKey);
  assert.ok('problem' in opened, 'it was opened');
  return opened;
};
const armor = (bytes: Uint8Array): string => openpgp.armor(openpgp.enums.armor.message, bytes);
const bytesOf = async (armored: string): Promise<Uint8Array> => (await openpgp.unarmor(armored)).data as unknown as Uint8Array;
/** As RFC 9580 has it; our own side makes the elder kind only. */
const version2 = async (text: string, aeadAlgorithm: openpgp.SessionKey['aeadAlgorithm'] & string): Promise<string> =>
  openpgp.encrypt({ message: await openpgp.createMessage({ text }), encryptionKeys: await openpgp.readKey({ armoredKey: shop.publicKey }), sessionKey: { data: randomBytes(32), algorithm: 'aes256', aeadAlgorithm } });

test('a key says for which repository it is, and gpg 2.2 knows it', async () => {
  assert.deepEqual(await describeKey(shop.publicKey), { fingerprint: shop.fingerprint, host: 'github.com', repositoryId: 1296269, fullName: 'acme/shop' });
  const lines = run('gpg', ['--show-keys', '--with-colons', 'key.asc']).split('\n').map((line) => line.split(':'));
  assert.deepEqual(lines.filter(([kind]) => kind === 'uid').map((line) => line[9]), ['Roundhouse github.com repository 1296269 (acme/shop)']);
  assert.deepEqual(lines.filter(([kind]) => kind === 'fpr').map((line) => line[9])[0], shop.fingerprint);
  const keys = lines.filter(([kind]) => kind === 'pub' || kind === 'sub');
  assert.deepEqual(keys.map((line) => [line[0], line[3], line[16]]), [['pub', '22', 'ed25519'], ['sub', '18', 'cv25519']]);
  assert.deepEqual([await encryptionKeyIds(shop.publicKey), await encryptionKeyIds(shop.privateKey)], [[keys[1]![4]], [keys[1]![4]]]);
  await assert.rejects(generateRepositoryKey({ host: 'github.com', repositoryId: 1, fullName: 'acme/shop) <x@y>' }), /no key can be named/);
});

suite('a key that is not of a repository is named as such', () => {
  const signedBy = async (...userIDs: openpgp.UserID[]): Promise<string> => (await openpgp.generateKey({ type: 'ecc', curve: 'curve25519Legacy', userIDs })).publicKey;
  const rows: [string, () => Promise<string> | string, RegExp][] = [
    ['nonsense', () => 'nonsense', /not a valid armored OpenPGP key/],
    ['a message', () => encryptTo([shop.publicKey], 'x'), /not a valid armored OpenPGP key/],
    ['a private key', () => shop.privateKey, /not the public key of a repository/],
    ["a person's key", () => signedBy({ name: 'Ada', email: 'ada@example.org' }), /not the public key of a repository/],
    ['one that only holds such a user id', () => signedBy({ name: 'Not Roundhouse github.com repository 1', comment: 'a/b' }), /not the public key of a repository/],
    ['one of two repositories', () => signedBy({ name: 'Roundhouse github.com repository 1', comment: 'a/b' }, { name: 'Roundhouse github.com repository 2', comment: 'a/c' }), /not the public key of a repository/],
    ['one whose user id was exchanged for that of another key', () => exchanged(), /not a valid armored OpenPGP key|not the public key/],
  ];
  /** The user id and signature of the other repository on the key of this one. */
  const exchanged = async (): Promise<string> => {
    const [ours, theirs] = await Promise.all([shop, other].map(({ publicKey }) => openpgp.readKey({ armoredKey: publicKey })));
    const packets = ours!.toPacketList();
    packets.splice(1, 2, ...theirs!.toPacketList().slice(1, 3));
    return openpgp.armor(openpgp.enums.armor.publicKey, packets.write());
  };
  for (const [name, key, problem] of rows) test(name, async () => assert.match(((await describeKey(await key())) as { problem: string }).problem, problem));
});

test('docs/SECRETS.md is true: what its gpg and jq make is a secret of this repository', async () => {
  const document = readFileSync(join(import.meta.dirname, '../../../docs/SECRETS.md'), 'utf8');
  const snippet = [...document.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block]) => block!).find((block) => block.includes('gpg'))!;
  run('sh', ['-c', snippet!]);
  const text = await textIn(readFileSync(join(folder, '.circle/secrets/DEPLOY_TOKEN.asc'), 'utf8'));
  assert.equal(Buffer.byteLength(text) % 256, 0);
  const read = readSecret(text);
  assert.ok('secret' in read, JSON.stringify(read));
  assert.equal(read.secret.value, 'pa"ss\\wörd');
  assert.equal(refusalOf(read.secret, { ...inShop, now: Date.now() }), null);
  assert.match(refusalOf(read.secret, { ...inShop, ref: 'refs/heads/topic', now: Date.now() })!, /is for main, release\/\*/);
});

suite('what gpg 2.2 encrypts to the imported key, we open', () => {
  const rows: [string, string[]][] = [
    ['as it does by itself', []],
    ['compressed by zip', ['--compress-algo', 'zip']],
    ['compressed by zlib', ['--compress-algo', 'zlib']],
    ['compressed by bzip2', ['--compress-algo', 'bzip2']],
    ['with AES of 128 bits', ['--cipher-algo', 'AES']],
    ['with its recipient hidden', ['--throw-keyids']],
    ['signed too', ['--sign', '--local-user', shop.fingerprint]],
  ];
  for (const [name, options] of rows) {
    test(name, async () => {
      const text = `line one\r\nline two ä\n${'x'.repeat(3000)}`;
      const armored = gpg([...options, ...toShop], text);
      assert.equal(await textIn(armored), text);
      // Line ends of another system, and what an editor leaves at the end.
      assert.equal(await textIn(`\ufeff${armored.replaceAll('\n', '\r\n')}\n\n`), text);
      assert.deepEqual(await recipientsOf(armored), { keyIds: name.includes('hidden') ? [hiddenRecipient] : await encryptionKeyIds(shop.publicKey) });
    });
  }

  test('and a hidden recipient who is not us makes a message for another repository', async () => {
    assert.equal((await problemOf(gpg(['--throw-keyids', ...toShop], 'x'), other.privateKey)).problem, 'foreign');
  });
});

test('what we encrypt, gpg 2.2 decrypts with the private key, and jq reads it', async () => {
  const armored = await encryptTo([shop.publicKey], secretText(secret));
  const text = gpg(['--pinentry-mode', 'loopback', '--decrypt'], armored);
  assert.equal(run('jq', ['-r', '.name + " " + .value + " " + (.repo_id | tostring)'], text), 'DEPLOY_TOKEN a canary 1296269\n');
  assert.match(gpg(['--pinentry-mode', 'loopback', '--list-packets'], armored), /mdc_method: 2/);
});

test('a message for two keys is opened by either, and says for whom it is', async () => {
  // Such a key asks for version 2, which gpg 2.2 could not read.
  const modern = await openpgp.generateKey({ type: 'ecc', curve: 'curve25519Legacy', userIDs: { name: 'Ada' }, config: { aeadProtect: true } });
  const armored = await encryptTo([shop.publicKey, modern.publicKey], 'for both');
  assert.equal(await textIn(armored), 'for both');
  assert.equal(await textIn(armored, modern.privateKey), 'for both');
  assert.equal(gpg(['--pinentry-mode', 'loopback', '--decrypt'], armored), 'for both');
  assert.deepEqual(await recipientsOf(armored), { keyIds: [...(await encryptionKeyIds(shop.publicKey)), ...(await encryptionKeyIds(modern.publicKey))] });
  // The version of the first packet, behind its head of two bytes.
  assert.equal((await bytesOf(await encryptTo([modern.publicKey], 'for one')))[2], 3);
  await assert.rejects(encryptTo([], 'for nobody'), /could never be opened/);
});

test('messages of version 2 (RFC 9580) are opened', async () => {
  for (const mode of ['gcm', 'ocb', 'eax'] as const) {
    const armored = await version2('two', mode);
    assert.equal((await bytesOf(armored))[0], 0xc1);
    assert.equal(await textIn(armored), 'two');
    assert.deepEqual(await recipientsOf(armored), { keyIds: await encryptionKeyIds(shop.publicKey) });
  }
});

// Seen to fail when decryptSecret does not ask whether a recipient is ours, and without the comparison of repo_id in refusalOf.
test('check 16: moved to another repository: refused as made for another repository', async () => {
  const copied = await encryptTo([shop.publicKey], secretText(secret));
  const { problem, sentence } = await problemOf(copied, other.privateKey);
  assert.equal(problem, 'foreign');
  assert.match(sentence, /made for another repository/);

  // Whoever knows the value, or got somebody to encrypt it to the wrong key.
  for (const kid of [shop.fingerprint, other.fingerprint]) {
    const made = await encryptTo([other.publicKey], secretText({ ...secret, kid }));
    const read = readSecret(await textIn(made, other.privateKey));
    assert.ok('secret' in read);
    assert.match(refusalOf(read.secret, { ...inShop, repositoryId: 77, kid: other.fingerprint })!, /made for another repository/);
  }
});

/** As programs made it before 2001: nothing shows whether the data was changed. RFC 4880, section 5.7. */
async function unprotected(text: string): Promise<string> {
  const sessionKey = { data: randomBytes(32), algorithm: 'aes256' } as const;
  const session = await openpgp.encryptSessionKey({ ...sessionKey, encryptionKeys: await openpgp.readKey({ armoredKey: shop.publicKey }), format: 'binary' });
  const cfb = (bytes: Uint8Array, iv: Uint8Array): Buffer => createCipheriv('aes-256-cfb', sessionKey.data, iv).update(bytes);
  const random = randomBytes(16);
  const head = cfb(Buffer.concat([random, random.subarray(14)]), Buffer.alloc(16));
  const data = Buffer.concat([head, cfb((await openpgp.createMessage({ text })).write() as Uint8Array, head.subarray(2))]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return armor(Buffer.concat([session, Buffer.from([0xc9, 255]), length, data]));
}

// Seen to fail when failureOf answers with a text, and when packets without protection are not asked for (the message is then called unencrypted).
test('check 17: a flipped bit or an unauthenticated packet is rejected', async () => {
  const text = secretText(secret);
  for (const armored of [await encryptTo([shop.publicKey], text), await version2(text, 'gcm')]) {
    const bytes = await bytesOf(armored);
    const counts: Record<string, number> = {};
    for (let sample = 0; sample < 200; sample++) {
      const at = Math.floor((sample * bytes.length) / 200);
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << (sample % 8);
      const opened = await decryptSecret(armor(flipped), shop.privateKey);
      // Some bits say nothing, such as how many bits of a number count.
      if ('text' in opened) assert.equal(opened.text, text, `byte ${at}`);
      const what = 'text' in opened ? 'same' : opened.problem;
      counts[what] = (counts[what] ?? 0) + 1;
      // The data, after session keys of about a hundred bytes and a head.
      if (at > 200) assert.equal(what, 'altered', `byte ${at}`);
    }
    assert.ok(counts['altered']! > 150 && (counts['same'] ?? 0) < 20, JSON.stringify(counts));
  }

  const old = gpg(['--rfc2440', '--disable-mdc', '--cipher-algo', '3DES', ...toShop], text);
  const made = await unprotected(text);
  // It is a message that opens, if one lets it.
  const opened = await openpgp.decrypt({ message: await openpgp.readMessage({ armoredMessage: made }), decryptionKeys: await openpgp.readPrivateKey({ armoredKey: shop.privateKey }), config: { allowUnauthenticatedMessages: true } });
  assert.equal(opened.data, text);
  // Behind a packet that is protected, and by a key that we do not have.
  const both = armor(Buffer.concat([await bytesOf(await encryptTo([shop.publicKey], text)), await bytesOf(made)]));
  for (const [armored, key] of [[old, shop], [made, shop], [both, shop], [made, other]] as const) assert.equal((await problemOf(armored, key.privateKey)).problem, 'unauthenticated');

  const flipped = await bytesOf(await encryptTo([shop.publicKey], text));
  flipped[300]! ^= 1;
  const three = [await problemOf(armor(flipped)), await problemOf(made), await problemOf(await encryptTo([shop.publicKey], text), other.privateKey)];
  assert.deepEqual(three.map(({ problem }) => problem), ['altered', 'unauthenticated', 'foreign']);
  assert.equal(new Set(three.map(({ sentence }) => sentence)).size, 3);
  for (const { sentence } of three) assert.doesNotMatch(sentence, /canary/);
});

suite('a file that is not one message for us is unreadable', () => {
  const message = (): Promise<string> => encryptTo([shop.publicKey], 'x');
  const rows: [string, () => Promise<string> | string, RegExp][] = [
    ['an empty file', () => '', /not one armored OpenPGP message/],
    ['the bare value', () => 'a canary', /not one armored OpenPGP message/],
    ['a key', () => shop.publicKey, /not one armored OpenPGP message/],
    ['half a message', async () => (await message()).slice(0, 150), /not one armored OpenPGP message/],
    ['a message without its end', async () => armor((await bytesOf(await message())).slice(0, -10)), /not one armored OpenPGP message/],
    ['two messages', async () => (await message()) + (await message()), /not one armored OpenPGP message/],
    ['two messages in one armor', async () => armor(Buffer.concat([await bytesOf(await message()), await bytesOf(await message())])), /not one armored OpenPGP message/],
    ['a message in a letter', async () => `Here it is:\n${await message()}`, /not one armored OpenPGP message/],
    ['a second beginning in a message', async () => (await message()).replace('\n=', '\n-----BEGIN PGP MESSAGE-----\n\n='), /not one armored OpenPGP message/],
    ['what is no packet', () => armor(Buffer.from('a canary')), /not one armored OpenPGP message/],
    ['no data', async () => armor((await bytesOf(await message())).slice(0, 96)), /not encrypted|not one armored/],
    ['a message that is only signed', () => gpg(['--sign', '--armor', '--local-user', shop.fingerprint], 'a canary'), /is not encrypted\. If it holds the value/],
    ['a message that is only armored', () => gpg(['--store', '--armor'], 'a canary'), /is not encrypted/],
    ['a message by a password', () => gpg(['--symmetric', '--armor', '--passphrase', 'x', '--pinentry-mode', 'loopback'], 'x'), /encrypted with a password/],
    ['a message by a password, or by our key', () => gpg(['--symmetric', '--passphrase', 'x', '--pinentry-mode', 'loopback', ...toShop], 'x'), /encrypted with a password/],
    ['a message to very many keys', async () => encryptTo(Array.from({ length: 51 }, () => shop.publicKey), 'x'), /to 51 keys; the most is 50/],
    ['more than 200 KiB', async () => encryptTo([shop.publicKey], 'x'.repeat(160_000)), /bytes long; the most is 204800/],
    ['what zip blows up', () => gpg(['--compress-algo', 'zip', '-z', '9', ...toShop], 'x'.repeat(20_000_000)), /unpacks to more than 262144 bytes/],
    ['what bzip2 blows up', () => gpg(['--compress-algo', 'bzip2', '-z', '9', ...toShop], 'x'.repeat(20_000_000)), /unpacks to more than 262144 bytes/],
    ['what is not text', async () => openpgp.encrypt({ message: await openpgp.createMessage({ binary: Buffer.from([0xff, 0xfe]) }), encryptionKeys: await openpgp.readKey({ armoredKey: shop.publicKey }) }), /not text in UTF-8/],
  ];
  for (const [name, file, sentence] of rows) {
    test(name, async () => {
      const armored = await file();
      const said = await problemOf(armored);
      assert.equal(said.problem, 'unreadable');
      assert.match(said.sentence, sentence);
      assert.doesNotMatch(said.sentence, /canary/);
    });
  }

  test('the largest secret is not', async () => {
    const largest = secretText({ ...secret, value: '"'.repeat(64 * 1024), refs: Array.from({ length: 40 }, (_, i) => `${i}${'r'.repeat(200)}`) });
    assert.ok('secret' in readSecret(largest));
    assert.equal(await textIn(await encryptTo([shop.publicKey, other.publicKey], largest)), largest);
  });
});
