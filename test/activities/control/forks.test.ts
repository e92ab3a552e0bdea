// Tables: who need not be asked about a fork's commit, what it would do, and which commits say that they want nothing.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { isAllowed, isStrange, wouldRun } from '../../../activities/control/forks.ts';
import { skipReason } from '../../../activities/control/skip.ts';
import { putJson } from '../../../activities/object-store.ts';
import { compileConfig } from '../../../config-schema/compile.ts';
import { planKey } from '../../../config-schema/address.ts';
import { sampleValues } from '../../../config-schema/pipeline-values.ts';
import type { Trigger } from '../../../config-schema/trigger.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sha = 'a'.repeat(40);
const [ada, mallory] = [{ id: 1, login: 'ada' }, { id: 66, login: 'mallory' }];
const pullRequest = { number: 3, url: '', headRepositoryId: 99, headOwner: 'mallory', headName: 'shop', baseRef: 'main', baseSha: 'b'.repeat(40), authorId: mallory.id };
const trigger = (change: Partial<Trigger> = {}): Trigger => ({
  event: 'pull_request',
  deliveryId: 'd-1',
  receivedAt: '2026-01-02T03:04:05Z',
  repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
  ref: 'refs/pull/3/head',
  before: '0'.repeat(40),
  sha,
  sender: mallory,
  commit: { subject: 'x', authorLogin: null },
  pullRequest,
  ...change,
});

test('a fork’s commit is a stranger’s, and so is one of which nobody says where it comes from', () => {
  assert.equal(isStrange(trigger()), true);
  assert.equal(isStrange(trigger({ pullRequest: null })), true);
  assert.equal(isStrange(trigger({ ref: 'refs/heads/topic', pullRequest: null })), false);
});

test('who need not be asked', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'rh-forks-'));
  t.after(() => rm(folder, { recursive: true }));
  const store = fileStore(folder);
  await putJson(store, planKey(7, 12), { trigger: trigger() });
  const own = { ...pullRequest, authorId: ada.id };
  const rerun = (number: number) => ({ event: 'rerun' as const, rerun: { number, what: { kind: 'all' as const } } });
  const table: [story: string, change: Partial<Trigger>, permission: string, allowedBy: string | undefined, allowed: boolean][] = [
    ['a stranger', {}, 'read', undefined, false],
    ['a stranger whom a maintainer allowed', {}, 'read', 'ada', true],
    ['a maintainer with a pull request of her own', { sender: ada, pullRequest: own }, 'write', undefined, true],
    ['its author, who may only triage', { sender: ada, pullRequest: own }, 'triage', undefined, false],
    ['a maintainer who reopens a stranger’s', { sender: ada }, 'admin', undefined, false],
    ['a stranger who pushes to a maintainer’s fork', { pullRequest: own }, 'read', undefined, false],
    ['a maintainer, where GitHub did not say who opened it', { sender: ada, pullRequest: { ...pullRequest, authorId: 0 } }, 'write', undefined, false],
    ['a rerun of what was allowed', rerun(12), 'read', undefined, true],
    ['a rerun of what was not', rerun(13), 'read', undefined, false],
    ['a rerun of another commit', { ...rerun(12), sha: 'c'.repeat(40) }, 'read', undefined, false],
  ];
  for (const [story, change, senderPermission, allowedBy, allowed] of table) {
    await t.test(story, async () => assert.equal(await isAllowed(store, trigger(change), { senderPermission }, allowedBy), allowed));
  }
});

test('what it would do is said in sentences', async () => {
  const text = `version: 2.1\njobs:\n  build: {docker: [{image: "cimg/node:20"}, {image: "redis:7"}], steps: [{run: x}]}\n  lint: {docker: [{image: "cimg/node:20"}], steps: [{run: x}]}\nworkflows: {ci: {jobs: [build, lint, {hold: {type: approval}}]}}\n`;
  const compiled = compileConfig(text, { path: '.circle.yml', values: sampleValues(), parameters: {}, orbs: new Map() });
  assert.ok('plan' in compiled);
  const said = async (base: string | null) => (await wouldRun({ readFile: () => Promise.resolve(base) }, trigger(), compiled.plan, { path: '.circle.yml', text })).slice(0, 3);
  assert.deepEqual(await said(text), ['It runs 3 jobs: build, lint, hold.', 'Images: cimg/node:20, redis:7.', '.circle.yml is that of main.']);
  for (const base of ['another', null]) assert.equal((await said(base))[2], '.circle.yml is not that of main: read what this commit changes in it.');
});

test('a commit may say that nothing shall run for it', async (t) => {
  const push: Partial<Trigger> = { event: 'push', ref: 'refs/heads/topic', pullRequest: null };
  const table: [story: string, change: Partial<Trigger>, subject: string, body: string, reason: string | null][] = [
    ['in its first line', push, 'Typo [skip ci]', '', `the message of ${sha.slice(0, 12)} says [skip ci]`],
    ['further down, in capitals', push, 'Typo', 'x\n\n[CI SKIP]', `the message of ${sha.slice(0, 12)} says [CI SKIP]`],
    ['a fork’s', {}, '[ci skip]', '', `the message of ${sha.slice(0, 12)} says [ci skip]`],
    ['not at all', push, 'Skip ci', 'ci [skip]', null],
    ['and somebody asks for it', { event: 'rerun' }, '[skip ci]', '', null],
    ['and a schedule does', { ...push, event: 'schedule' }, '[skip ci]', '', null],
    ['and it waits in a merge queue', { ...push, ref: 'refs/heads/gh-readonly-queue/main/pr-3-abc' }, 'Merge', 'Typo [skip ci]', null],
  ];
  for (const [story, change, subject, commitBody, reason] of table) {
    await t.test(story, () => assert.equal(skipReason(trigger(change), { commit: { subject, authorLogin: null }, commitBody }), reason));
  }
});
