import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestCase } from '../../config-schema/junit.ts';
import { mergeTimings, readTimings, timingsOf } from '../../config-schema/test-timings.ts';

const result = (more: Partial<TestCase>): TestCase => ({ name: 't', classname: null, file: null, line: null, seconds: 1, outcome: 'passed', message: null, detail: null, suite: null, ...more });

suite('the times of tests', () => {
  test('are summed for each file, class and name', () => {
    const results = [
      result({ name: 'adds', classname: 'Cart', file: 'test/cart.js', seconds: 0.1 }),
      result({ name: 'removes', classname: 'Cart', file: 'test/cart.js', seconds: 0.2, outcome: 'failed' }),
      result({ name: 'adds', classname: 'Basket', file: 'test/basket.js', seconds: 2 }),
      result({ name: 'without a time', classname: 'Never', file: 'test/never.js', seconds: null }),
      result({ name: '', classname: null, file: null }),
      result({ name: '__proto__', seconds: 4 }),
      result({ name: 'x'.repeat(1001), seconds: 5 }),
    ];
    const timings = timingsOf(results, 'acme/shop#41/build/test');
    assert.equal(timings.of, 'acme/shop#41/build/test');
    assert.deepEqual(timings.file, { 'test/cart.js': 0.3, 'test/basket.js': 2 });
    assert.deepEqual(timings.classname, { Cart: 0.3, Basket: 2 });
    assert.deepEqual(Object.entries(timings.testname), [['adds', 2.1], ['removes', 0.2], ['__proto__', 4]]);
  });

  test('merged with older ones: the newer time of each name, the older of what did not run', () => {
    const older = timingsOf([result({ file: 'a', seconds: 1 }), result({ file: 'b', seconds: 2 })], 'older');
    const newer = timingsOf([result({ file: 'b', seconds: 3 }), result({ file: 'c', seconds: 4 })], 'newer');
    const merged = mergeTimings(older, newer);
    assert.equal(merged.of, 'newer');
    assert.deepEqual(merged.file, { a: 1, b: 3, c: 4 });
  });

  test('are of 50,000 names at most, of which the newer stay', () => {
    const many = (prefix: string) => timingsOf(Array.from({ length: 60_000 }, (_, i) => result({ file: `${prefix}${i}` })), prefix);
    assert.equal(Object.keys(many('a').file).length, 50_000);
    const newer = timingsOf([result({ file: 'new' })], 'new');
    const merged = mergeTimings(many('a'), newer);
    assert.equal(Object.keys(merged.file).length, 50_000);
    assert.equal(merged.file['new'], 1);
  });

  test('are read back from what was written', () => {
    const timings = timingsOf([result({ name: '__proto__', file: 'a', classname: 'A' })], 'of');
    assert.deepEqual(readTimings(JSON.stringify(timings)), timings);
  });

  for (const text of ['', 'null', '[]', '{}', '{"version":2,"of":"x","file":{},"classname":{},"testname":{}}', '{"version":1,"of":"x","file":{},"classname":{}}', '{"version":1,"of":"x","file":{"a":"1"},"classname":{},"testname":{}}']) {
    test(`are not ${JSON.stringify(text)}`, () => assert.equal(readTimings(text), null));
  }
});
