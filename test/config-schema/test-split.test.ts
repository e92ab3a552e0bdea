import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { splitTests } from '../../config-schema/test-split.ts';

const seconds = (times: Record<string, number>) => (item: string) => times[item] ?? 0;

suite('the shares of tests', () => {
  for (const [what, items, total, weightOf, shares] of [
    ['nothing', [], 2, () => 1, [[], []]],
    ['one slice has all, sorted', ['b', 'a'], 1, () => 1, [['a', 'b']]],
    ['equal weights go round by name', ['e', 'd', 'c', 'b', 'a'], 2, () => 1, [['a', 'c', 'e'], ['b', 'd']]],
    ['the longest comes first', ['a', 'b', 'c', 'd'], 2, seconds({ a: 1, b: 2, c: 3, d: 6 }), [['d'], ['a', 'b', 'c']]],
    ['a tie goes to the first', ['a', 'b', 'c'], 3, seconds({ a: 5, b: 5, c: 5 }), [['a'], ['b'], ['c']]],
    ['what weighs nothing is spread too', ['a', 'b', 'c', 'd'], 2, () => 0, [['a', 'c'], ['b', 'd']]],
    ['a weight that is none counts as nothing', ['a', 'b'], 2, seconds({ a: NaN, b: -1 }), [['a'], ['b']]],
    ['the same test twice is one test', ['a', 'b', 'a'], 2, () => 1, [['a'], ['b']]],
    ['more slices than tests', ['a'], 3, () => 1, [['a'], [], []]],
  ] as const) {
    test(what, () => assert.deepEqual(splitTests(items, total, weightOf), shares));
  }
});

suite('of any tests', () => {
  const weighed = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.double({ min: 0, max: 1000, noNaN: true }), { maxKeys: 60 });
  const totals = fc.integer({ min: 1, max: 9 });

  test('each is in exactly one share', () => {
    fc.assert(
      fc.property(weighed, totals, (times, total) => {
        const shares = splitTests(Object.keys(times), total, seconds(times));
        assert.equal(shares.length, total);
        assert.deepEqual(shares.flat().sort(), Object.keys(times).sort());
      }),
    );
  });

  test('their order and their number say nothing', () => {
    // Few weights, so that many are the same.
    const alike = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.integer({ min: 0, max: 2 }), { maxKeys: 60 });
    const shuffled = alike.chain((times) => fc.tuple(fc.constant(times), fc.shuffledSubarray(Object.keys(times), { minLength: Object.keys(times).length })));
    fc.assert(fc.property(shuffled, totals, ([times, items], total) => assert.deepEqual(splitTests([...items, ...items.slice(3)], total, seconds(times)), splitTests(Object.keys(times), total, seconds(times)))));
  });

  test('no share could be lightened by giving one of its tests to the lightest', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 1000 }), { maxKeys: 60 }), totals, (times, total) => {
        const shares = splitTests(Object.keys(times), total, seconds(times));
        const loads = shares.map((share) => share.reduce((sum, item) => sum + seconds(times)(item), 0));
        const least = Math.min(...loads);
        for (const [index, share] of shares.entries()) {
          const lightest = Math.min(...share.map(seconds(times)));
          if (share.length > 0) assert.ok(loads[index]! - lightest <= least, `${JSON.stringify(loads)}`);
        }
      }),
    );
  });
});
