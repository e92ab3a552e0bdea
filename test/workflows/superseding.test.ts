// Which open pipelines a newer one supersedes, by the kind of what started each.

import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import type { AutoCancel } from '../../config-schema/choices.ts';
import type { Trigger } from '../../config-schema/trigger.ts';
import { headOf, superseded } from '../../workflows/superseding.ts';

const trigger = (change: Partial<Trigger> = {}): Trigger => ({
  event: 'push',
  deliveryId: 'd',
  receivedAt: '2026-01-01T10:00:00.000Z',
  repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
  ref: 'refs/heads/topic',
  before: '0'.repeat(40),
  sha: 'a'.repeat(40),
  sender: { id: 1, login: 'ada' },
  commit: { subject: '', authorLogin: null },
  pullRequest: null,
  ...change,
});
const pull: Partial<Trigger> = { event: 'pull_request', ref: 'refs/pull/9/head', pullRequest: { number: 9, url: '', headRepositoryId: 8, headOwner: 'eve', headName: 'shop', baseRef: 'main' } };
const main: Partial<Trigger> = { ref: 'refs/heads/main' };

/** Whether an older pipeline gives way to a newer one. */
const cases: { title: string; older?: Partial<Trigger>; newer?: Partial<Trigger>; policy?: AutoCancel; gives: boolean }[] = [
  { title: 'a push to a branch supersedes the one before', gives: true },
  { title: 'not where nobody wants it', policy: 'off', gives: false },
  { title: 'another branch is none of its business', older: { ref: 'refs/heads/other' }, gives: false },
  { title: 'each commit of the default branch is built', older: main, newer: main, gives: false },
  { title: 'unless all branches are meant', older: main, newer: main, policy: 'all', gives: true },
  { title: 'a tag never moves on', older: { ref: 'refs/tags/v1' }, newer: { ref: 'refs/tags/v1' }, policy: 'all', gives: false },
  { title: 'so does a commit of a fork’s pull request', older: pull, newer: pull, gives: true },
  { title: 'a branch that has the name of a pull request’s ref is no pull request', older: { ref: 'refs/heads/pull/9/head' }, newer: pull, gives: false },
  { title: 'a rerun was asked for by somebody, and stays', older: { event: 'rerun' }, gives: false },
  { title: 'a rerun supersedes nothing', newer: { event: 'rerun' }, gives: false },
  { title: 'what a schedule started stays', older: { event: 'schedule' }, gives: false },
  { title: 'what was asked for through the API supersedes nothing', newer: { event: 'api' }, gives: false },
  { title: 'a push that GitHub tells late does not supersede a newer one', older: { happenedAt: '2026-01-01T09:59:00.000Z' }, newer: { happenedAt: '2026-01-01T09:58:00.000Z', receivedAt: '2026-01-01T10:05:00.000Z' }, gives: false },
  { title: 'of two in the same second the one that came last counts', older: { happenedAt: '2026-01-01T09:59:00.000Z' }, newer: { happenedAt: '2026-01-01T09:59:00.000Z' }, gives: true },
  { title: 'but one that follows on the other stays, however late that is told', older: { before: 'b'.repeat(40), happenedAt: '2026-01-01T09:59:00.000Z' }, newer: { sha: 'b'.repeat(40), happenedAt: '2026-01-01T09:59:00.000Z' }, gives: false },
];

suite('superseding', () => {
  for (const { title, older = {}, newer = {}, policy = 'branches', gives } of cases) {
    test(title, () => {
      const [before, after] = [headOf(trigger(older)), headOf(trigger(newer))];
      const open = new Map(before ? [[3, before]] : []);
      assert.deepEqual(after ? superseded(after, open, policy, 'main') : [], gives ? [3] : []);
    });
  }
});
