import { test } from 'node:test';
import assert from 'node:assert/strict';
import { costs, createLimiter, earliest, published, type Limit } from '../../../activities/adapters/github-limiter.ts';

const at = (...times: number[]) => times.map((time) => ({ at: time, ...costs.create }));
const three: Limit[] = [{ of: 'content', most: 3, windowMs: 1000 }];

test('the earliest time that keeps every limit', async (t) => {
  const cases: [string, Parameters<typeof earliest>, number][] = [
    ['nothing spent', [[], costs.create, 50, three], 50],
    ['room left', [at(0, 10), costs.create, 50, three], 50],
    ['full: when the oldest leaves the window', [at(0, 10, 20), costs.create, 50, three], 1000],
    ['full, but long ago', [at(0, 10, 20), costs.create, 1000, three], 1000],
    ['one left since', [at(0, 10, 20), costs.create, 1005, three], 1005],
    ['not before those that were promised', [at(0, 10, 20, 1000), costs.create, 50, three], 1010],
    ['reading costs no content', [at(0, 10, 20), costs.read, 50, three], 50],
    ['the strictest of two limits', [at(0, 10), costs.create, 50, [...three, { of: 'points', most: 11, windowMs: 5000 }]], 5000],
  ];
  for (const [name, args, expected] of cases) await t.test(name, () => assert.equal(earliest(...args), expected));
});

test('whatever is asked and when, no window of a minute holds more than GitHub allows', () => {
  let time = 0;
  const limiter = createLimiter(published, () => time);
  const sent: { at: number; points: number; content: number }[] = [];
  // A fixed sequence of pauses and kinds, from bursts to trickles.
  for (let i = 0, seed = 7; i < 3000; i++) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    time += seed % 5 === 0 ? seed % 4000 : 0;
    const cost = [costs.create, costs.change, costs.read][seed % 3]!;
    sent.push({ at: time + limiter.book(cost, Infinity), ...cost });
  }
  for (const { of, most, windowMs } of published) {
    let highest = 0;
    for (const [i, last] of sent.entries()) {
      let sum = 0;
      for (let j = i; j >= 0 && sent[j]!.at > last.at - windowMs; j--) sum += sent[j]![of];
      highest = Math.max(highest, sum);
    }
    assert.ok(highest <= most, `${highest} ${of} in a window`);
    assert.ok(highest > most * 0.9, `only ${highest} ${of} of ${most}: the limiter holds back needlessly`);
  }
});

test('a wait that is too long is not booked', () => {
  const limiter = createLimiter(three, () => 0);
  for (let i = 0; i < 3; i++) assert.equal(limiter.book(costs.create, 0), 0);
  for (let i = 0; i < 5; i++) assert.equal(limiter.book(costs.create, 500), 1000);
  assert.equal(limiter.book(costs.create, 1000), 1000);
});

test('when GitHub asks for silence nothing goes', () => {
  let time = 0;
  const limiter = createLimiter(three, () => time);
  limiter.pause(30);
  assert.equal(limiter.book(costs.read, 0), 30_000);
  limiter.pause(10);
  time = 29_000;
  assert.equal(limiter.book(costs.read, 0), 1_000);
  time = 30_000;
  assert.equal(limiter.book(costs.read, 0), 0);
});
