import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { payloadCodec, readKeyRing } from '../../../activities/adapters/payload-codec.ts';

const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"a canary"') };
const key = (id: string) => ({ id, key: randomBytes(32) });

test('what goes to Temporal is not readable there, and comes back whole', async () => {
  const codec = payloadCodec([key('k1')]);
  const [sealed] = await codec.encode([plain]);
  assert.ok(!Buffer.from(sealed!.data!).includes('canary'));
  const [opened] = await codec.decode([sealed!]);
  assert.equal(Buffer.from(opened!.data!).toString(), '"a canary"');
  assert.equal(Buffer.from(opened!.metadata!.encoding!).toString(), 'json/plain');
});

test('a large payload takes a fraction of its size, and comes back whole', async () => {
  const codec = payloadCodec([key('k1')]);
  const data = Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, (_, index) => ({ index, name: 'step', outcome: 'passed' }))));
  const [sealed] = await codec.encode([{ ...plain, data }]);
  assert.ok(sealed!.data!.length < data.length / 5, `${sealed!.data!.length} of ${data.length} bytes`);
  const [opened] = await codec.decode([sealed!]);
  assert.ok(data.equals(Buffer.from(opened!.data!)));
});

test('after rotation the new key encrypts and the old one still decrypts', async () => {
  const [old, fresh] = [key('old'), key('new')];
  const [sealedBefore] = await payloadCodec([old]).encode([plain]);
  const rotated = payloadCodec([fresh, old]);
  const [sealedAfter] = await rotated.encode([plain]);
  assert.equal(Buffer.from(sealedAfter!.metadata!['key-id']!).toString(), 'new');
  const opened = await rotated.decode([sealedBefore!, sealedAfter!]);
  assert.deepEqual(opened.map((payload) => Buffer.from(payload.data!).toString()), ['"a canary"', '"a canary"']);
});

test('a flipped bit and a missing key are refused', async () => {
  const codec = payloadCodec([key('k1')]);
  const [sealed] = await codec.encode([plain]);
  const bytes = Buffer.from(sealed!.data!);
  bytes[20]! ^= 1;
  // The codec decrypts synchronously and may throw before it has a promise to reject.
  await assert.rejects(async () => codec.decode([{ ...sealed!, data: bytes }]));
  await assert.rejects(async () => payloadCodec([key('k2')]).decode([sealed!]), /encrypted with key k1, which the key ring does not hold/);
});

test('the key file is made once, for its owner only, and a broken line is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-keys-'));
  try {
    const file = join(folder, 'keys', 'payload.keys');
    const [first, second] = await Promise.all([readKeyRing(file), readKeyRing(file)]);
    assert.deepEqual(first, second);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    await writeFile(file, 'k1 tooshort\n');
    await assert.rejects(readKeyRing(file), /payload\.keys:1: expected "ID BASE64"/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
