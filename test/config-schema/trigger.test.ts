import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { branchOf, isFork, noCommit, tagOf, trustLevel } from '../../config-schema/trigger.ts';
import type { Trigger, TrustLevel } from '../../config-schema/trigger.ts';

const push: Trigger = {
  event: 'push',
  deliveryId: 'd',
  receivedAt: '2026-01-01T00:00:00Z',
  repository: { id: 1, owner: 'o', name: 'r', private: false, defaultBranch: 'main', installationId: 2 },
  ref: 'refs/heads/main',
  before: noCommit,
  sha: 'a'.repeat(40),
  sender: { id: 3, login: 's' },
  commit: { subject: 'x', authorLogin: null },
  pullRequest: null,
};
const pull = (headRepositoryId: number): Trigger['pullRequest'] => ({ number: 5, url: 'u', headRepositoryId, headOwner: 'o', headName: 'r', baseRef: 'main' });

suite('the trust level', () => {
  const rows: [string, Partial<Trigger>, boolean, TrustLevel][] = [
    ['of the default branch is T2', {}, false, 'T2'],
    ['of another branch is T1', { ref: 'refs/heads/topic' }, false, 'T1'],
    ['of a protected branch is T2', { ref: 'refs/heads/release' }, true, 'T2'],
    ['of a tag is T1', { ref: 'refs/tags/v1' }, false, 'T1'],
    ['of a tag named like the default branch is T1', { ref: 'refs/tags/main' }, false, 'T1'],
    ['of a branch that ends like the default branch is T1', { ref: 'refs/heads/refs/heads/main' }, false, 'T1'],
    ['of a protected tag is T2', { ref: 'refs/tags/v1' }, true, 'T2'],
    ['of a pull request from the same repository is that of its branch', { event: 'pull_request', ref: 'refs/heads/topic', pullRequest: pull(1) }, false, 'T1'],
    ["of a fork's pull request is T0", { event: 'pull_request', ref: 'refs/pull/5/head', pullRequest: pull(9) }, false, 'T0'],
    ["of a fork's pull request is T0 even where rules cover the ref", { event: 'pull_request', ref: 'refs/pull/5/head', pullRequest: pull(9) }, true, 'T0'],
    ["of a fork's branch called like the default branch is T0", { event: 'pull_request', ref: 'refs/heads/main', pullRequest: pull(9) }, true, 'T0'],
    ['of a rerun of a fork is T0', { event: 'rerun', ref: 'refs/pull/5/head', pullRequest: pull(9) }, false, 'T0'],
    ['of a pull request of which nothing is known is T0', { event: 'rerun', ref: 'refs/pull/5/head' }, true, 'T0'],
    ['of anything else is T1', { event: 'local', ref: 'main' }, false, 'T1'],
  ];
  for (const [name, change, isProtected, level] of rows) test(name, () => assert.equal(trustLevel({ ...push, ...change }, isProtected), level));
});

test('a fork is told by the numeric id, not by names', () => {
  assert.equal(isFork({ ...push, pullRequest: pull(9) }), true);
  assert.equal(isFork({ ...push, pullRequest: { ...pull(1)!, headOwner: 'stranger' } }), false);
  assert.equal(isFork(push), false);
});

test('a ref is a branch, a tag, or neither', () => {
  assert.deepEqual(['refs/heads/a/b', 'refs/tags/v1', 'refs/pull/1/head', 'main'].map((ref) => [branchOf(ref), tagOf(ref)]), [['a/b', null], [null, 'v1'], [null, null], [null, null]]);
});
