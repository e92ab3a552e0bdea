// Which heads of forks' pull requests are due for a pipeline of their own accord?

import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { duePulls, type ForkHead, type WatchedPulls } from '../../../activities/control/missed-pulls.ts';

const head = (number: number, sha: string): ForkHead => ({ sha, title: 'x', author: { id: 2, login: 'eve' }, pullRequest: { number, url: '', headRepositoryId: 8, headOwner: 'eve', headName: 'shop', baseRef: 'main' } });

/** At 1000 ms, where a webhook may be under way for 100. */
const cases: { title: string; before: WatchedPulls | undefined; heads: ForkHead[]; isAll?: boolean; due: string[]; after: WatchedPulls }[] = [
  { title: 'what is open when we begin to watch', before: undefined, heads: [head(1, 'a')], due: [], after: { 1: { sha: 'a', sinceMs: null } } },
  { title: 'a new one waits for its webhook', before: {}, heads: [head(1, 'a')], due: [], after: { 1: { sha: 'a', sinceMs: 1000 } } },
  { title: 'and then no longer', before: { 1: { sha: 'a', sinceMs: 900 } }, heads: [head(1, 'a')], due: ['a'], after: { 1: { sha: 'a', sinceMs: null } } },
  { title: 'one that has had its turn', before: { 1: { sha: 'a', sinceMs: null } }, heads: [head(1, 'a')], due: [], after: { 1: { sha: 'a', sinceMs: null } } },
  { title: 'one that moved on waits anew', before: { 1: { sha: 'a', sinceMs: 900 } }, heads: [head(1, 'b')], due: [], after: { 1: { sha: 'b', sinceMs: 1000 } } },
  { title: 'a closed one is forgotten', before: { 1: { sha: 'a', sinceMs: null } }, heads: [], due: [], after: {} },
  { title: 'one that GitHub does not list is kept', before: { 1: { sha: 'a', sinceMs: null } }, heads: [], isAll: false, due: [], after: { 1: { sha: 'a', sinceMs: null } } },
];

suite('pull requests of forks', () => {
  for (const { title, before, heads, isAll = true, due, after } of cases) {
    test(title, () => {
      const found = duePulls(before, { heads, isAll }, { nowMs: 1000, graceMs: 100 });
      assert.deepEqual([found.due.map(({ sha }) => sha), found.after], [due, after]);
    });
  }
});
