import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { memoryOf } from '../../workflows/seen.ts';

const hour = 60 * 60 * 1000;
const start = Date.parse('2026-01-01T00:00:00Z');
const hashes = (n: number): string[] => ['delivery', 'push'].map((kind) => createHash('sha256').update(`${kind}:${n}`).digest('base64url').slice(0, 16));

test('either hash of a delivery makes it known, for more than the three days in which GitHub redelivers', () => {
  const memory = memoryOf([]);
  assert.equal(memory.knows(['a', 'b'], start), false);
  assert.equal(memory.knows(['c', 'b'], start), true);
  assert.equal(memory.knows(['c', 'd'], start), false, 'what was dropped has left nothing');
  assert.equal(memory.knows(['a', 'x'], start + 73 * hour), true);
  assert.equal(memory.knows(['a', 'x'], start + 97 * hour), false);
});

test('what is remembered goes on in the next run', () => {
  const memory = memoryOf([]);
  for (let n = 0; n < 10; n++) memory.knows(hashes(n), start + n * hour);
  const next = memoryOf(JSON.parse(JSON.stringify(memory.all())) as ReturnType<typeof memory.all>);
  for (let n = 0; n < 10; n++) assert.equal(next.knows([hashes(n)[1]!], start + 11 * hour), true);
});

test('10,000 deliveries of four days fit far under the 2 MB of a payload, and many more do not break it', () => {
  const memory = memoryOf([]);
  const last = start + 95 * hour;
  for (let n = 0; n < 10_000; n++) memory.knows(hashes(n), start + Math.floor((n / 10_000) * 95) * hour);
  assert.ok(JSON.stringify(memory.all()).length < 450_000, `${JSON.stringify(memory.all()).length} bytes`);
  assert.equal(memory.knows(hashes(0), last), true);
  for (let n = 10_000; n < 60_000; n++) memory.knows(hashes(n), start + (n > 35_000 ? 96 : 95) * hour);
  assert.ok(JSON.stringify(memory.all()).length < 1_500_000, `${JSON.stringify(memory.all()).length} bytes`);
});
