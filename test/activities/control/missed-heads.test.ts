// Which movements of branches are heads that should have a pipeline?

import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { openHeads, type Movement } from '../../../activities/control/missed-heads.ts';
import { noCommit } from '../../../config-schema/trigger.ts';

const nowMs = Date.parse('2026-01-10T12:00:00Z');
const minute = 60_000;
const moved = (branch: string, after: string, minutesAgo: number): Movement => ({ ref: `refs/heads/${branch}`, before: 'x', after, atMs: nowMs - minutesAgo * minute, by: null });

/** Newest first, as GitHub lists them; watched for `watched` minutes. */
const cases: { title: string; movements: Movement[]; watched?: number; heads: string[]; isSettled?: boolean }[] = [
  { title: 'nothing moved', movements: [], heads: [] },
  { title: 'of each branch the newest', movements: [moved('a', 'a2', 5), moved('b', 'b1', 6), moved('a', 'a1', 7)], heads: ['a2', 'b1'] },
  { title: 'a deleted branch has no head', movements: [moved('a', noCommit, 5), moved('a', 'a1', 6)], heads: [] },
  { title: 'a branch that came back has one', movements: [moved('a', 'a2', 4), moved('a', noCommit, 5), moved('a', 'a1', 6)], heads: ['a2'] },
  { title: 'what moved before anybody watched is not ours', movements: [moved('a', 'a1', 11), moved('b', 'b1', 10)], watched: 10, heads: ['b1'] },
  { title: 'nor what moved more than a day ago', movements: [moved('a', 'a1', 24 * 60 + 1)], watched: 9999, heads: [] },
  { title: 'a webhook may be under way for a minute: later, then', movements: [moved('a', 'a2', 0), moved('b', 'b1', 1)], heads: ['b1'], isSettled: false },
  { title: 'a commit that a newer one follows is not waited for', movements: [moved('a', 'a2', 0), moved('a', 'a1', 5)], heads: [], isSettled: false },
  { title: 'tags are none', movements: [{ ...moved('a', 'a1', 5), ref: 'refs/tags/v1' }], heads: [] },
];

suite('open heads', () => {
  for (const { title, movements, watched = 60, heads, isSettled = true } of cases) {
    test(title, () => {
      const found = openHeads(movements, { sinceMs: nowMs - watched * minute, nowMs, graceMs: minute });
      assert.deepEqual([found.heads.map(({ after }) => after), found.isSettled], [heads, isSettled]);
    });
  }
});
