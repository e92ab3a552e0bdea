import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Spool } from '../../sandbox-agent/spool.ts';

const chunk = 64 * 1024;

function write(spool: Spool, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const count = bytes.copy(spool.tail(), 0, at);
    spool.wrote(count);
    at += count;
  }
}

function readAll(spool: Spool, from: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = from; at < spool.written; at += parts.at(-1)?.length ?? 0) parts.push(Buffer.from(spool.read(at)));
  return Buffer.concat(parts);
}

suite('a spool', () => {
  test('gives from any byte that is held, whatever the sizes of writes and acknowledgements', () => {
    const spool = new Spool(10 * chunk);
    const all = Buffer.from(Array.from({ length: 7 * chunk + 123 }, (_, i) => (i * 31 + (i >> 8)) & 255));
    const sizes = [1, 7, chunk - 8, chunk, 3, 2 * chunk + 1];
    let written = 0;
    for (let turn = 0; written < all.length; turn++) {
      const size = sizes[turn % sizes.length] ?? 1;
      write(spool, all.subarray(written, written + size));
      written = Math.min(all.length, written + size);
      spool.acknowledge(Math.max(0, written - 100_000 - turn));
      for (const from of [spool.acknowledged, spool.acknowledged + 1, (spool.acknowledged + written) >> 1, written]) {
        assert.ok(readAll(spool, from).equals(all.subarray(from, written)), `from ${from} of ${written}`);
      }
    }
    assert.equal(spool.read(all.length).length, 0);
  });

  test('is full at its limit, until some is acknowledged', () => {
    const spool = new Spool(2 * chunk);
    write(spool, Buffer.alloc(2 * chunk - 1));
    assert.equal(spool.full, false);
    write(spool, Buffer.alloc(1));
    assert.equal(spool.full, true);
    spool.acknowledge(1);
    assert.equal(spool.full, false);
    // Neither backwards nor beyond what there is.
    spool.acknowledge(0);
    assert.equal(spool.acknowledged, 1);
    spool.acknowledge(Infinity);
    assert.equal(spool.acknowledged, 2 * chunk);
  });

  test('does not write over what a second reader is about to send', () => {
    const spool = new Spool(10 * chunk);
    spool.readers = 2;
    write(spool, Buffer.alloc(chunk, 'a'));
    const pending = spool.read(0);
    spool.acknowledge(chunk);
    write(spool, Buffer.alloc(chunk, 'b'));
    assert.ok(pending.equals(Buffer.alloc(chunk, 'a')));
  });
});
