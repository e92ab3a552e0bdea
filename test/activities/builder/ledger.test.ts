import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Ledger } from '../../../activities/builder/ledger.ts';

const GiB = 2 ** 30;
const small = { cpus: 1, memoryBytes: 2 * GiB };
const large = { cpus: 4, memoryBytes: 8 * GiB };
const minute = 60_000;

test('room is given until it is taken, and given back', () => {
  const ledger = new Ledger({ cpus: 2, memoryBytes: 8 * GiB });
  assert.equal(ledger.take('a', 'small', small), true);
  assert.equal(ledger.take('b', 'small', small), true);
  assert.equal(ledger.take('c', 'small', small), false);
  assert.deepEqual(ledger.used, { cpus: 2, memoryBytes: 4 * GiB });
  ledger.release('a');
  assert.equal(ledger.take('c', 'small', small), true);
});

test('memory counts as well as cores', () => {
  const ledger = new Ledger({ cpus: 16, memoryBytes: 3 * GiB });
  assert.equal(ledger.take('a', 'small', small), true);
  assert.equal(ledger.take('b', 'small', small), false);
});

test('taking again for the same sandbox takes nothing more', () => {
  const ledger = new Ledger({ cpus: 1, memoryBytes: 2 * GiB });
  assert.equal(ledger.take('a', 'small', small), true);
  assert.equal(ledger.take('a', 'small', small), true);
  assert.deepEqual(ledger.used, small);
});

test('a large class that small ones keep out for a minute gets the next room', () => {
  const ledger = new Ledger({ cpus: 4, memoryBytes: 8 * GiB });
  ledger.take('s1', 'small', small, 0);
  assert.equal(ledger.take('l', 'large', large, 0), false);
  assert.equal(ledger.take('s2', 'small', small, 1000), true, 'within the minute nothing is reserved');
  assert.equal(ledger.take('l', 'large', large, minute), false);
  assert.equal(ledger.take('s3', 'small', small, minute + 1), false, 'after it small ones wait');
  ledger.release('s1');
  ledger.release('s2');
  assert.equal(ledger.take('l', 'large', large, minute + 2), true);
});

test('a class that has stopped asking reserves nothing', () => {
  const ledger = new Ledger({ cpus: 4, memoryBytes: 8 * GiB });
  ledger.take('s1', 'small', small, 0);
  ledger.take('l', 'large', large, 0);
  assert.equal(ledger.take('s2', 'small', small, 3 * minute), true);
});
