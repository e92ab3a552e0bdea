import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { reportPause } from '../../workflows/report-pace.ts';

const cases: [title: string, times: number, lastAt: number, now: number, inAnyCase: number, forMore: number][] = [
  ['the first news go at once', 0, -Infinity, 50_000, 0, 0],
  ['the next wait for a second', 1, 50_000, 50_400, 600, 0],
  ['or go at once when it is over', 4, 50_000, 51_000, 0, 0],
  ['after five times they wait for more', 5, 50_000, 50_400, 600, 4_000],
  ['until five seconds are over', 5, 50_000, 53_000, 0, 2_000],
  ['what comes later goes at once', 100, 50_000, 60_000, 0, 0],
];

suite('how soon the forge is told', () => {
  for (const [title, times, lastAt, now, inAnyCase, forMore] of cases) test(title, () => assert.deepEqual(reportPause({ times, lastAt }, now), { inAnyCase, forMore }));
});
