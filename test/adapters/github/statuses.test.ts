// Commit statuses instead of checks.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { githubClient } from '../../../activities/adapters/github-client.ts';
import { githubForge } from '../../../activities/adapters/github.ts';
import type { CheckRun, Forge } from '../../../activities/control/forge.ts';
import { openGitHub, type Opened } from './open.ts';

let opened: Opened;
let forge: Forge;
before(async () => {
  opened = await openGitHub();
  forge = githubForge(opened.settings, githubClient(opened.settings), 'statuses');
});
after(async () => {
  opened.github.assertNoFaults();
  await opened.close();
});

const cases: [title: string, of: Partial<CheckRun>, state: string][] = [
  ['a job that waits', { status: 'queued' }, 'pending'],
  ['a job that runs', { status: 'in_progress' }, 'pending'],
  ['a job that passed', { conclusion: 'success' }, 'success'],
  ['a job that was skipped', { conclusion: 'skipped' }, 'success'],
  ['a job that this version cannot run', { conclusion: 'neutral' }, 'success'],
  ['a job that failed', { conclusion: 'failure' }, 'failure'],
  ['a job that took too long', { conclusion: 'timed_out' }, 'failure'],
  ['a job that was canceled', { conclusion: 'cancelled' }, 'error'],
  ['an approval that waits', { conclusion: 'action_required' }, 'pending'],
];

test('each job has one status, which says how it is and leads to its page', async (t) => {
  const { sha } = await opened.push({}, 'Statuses');
  const check = (title: string, of: Partial<CheckRun>): CheckRun => ({ externalId: title, sha, name: title, detailsUrl: 'https://ci.example/1', status: 'completed', output: { title: `${title} ${'x'.repeat(200)}`, summary: '' }, ...of });
  assert.deepEqual(await forge.report(opened.repository, cases.map(([title]) => check(title, { status: 'queued' })), false), cases.map(() => ({ id: null })));
  await forge.report(opened.repository, cases.map(([title, of]) => check(title, of)), false);
  const statuses = opened.github.statuses(opened.fullName, sha);
  assert.equal(statuses.length, cases.length);
  for (const [title, , state] of cases) {
    await t.test(title, () => {
      const status = statuses.find(({ context }) => context === `roundhouse: ${title}`);
      assert.deepEqual([status?.state, status?.targetUrl, status?.description?.startsWith(`${title} xxx`)], [state, 'https://ci.example/1', true]);
    });
  }
  assert.deepEqual(opened.github.checkRuns(opened.fullName, sha), []);
});

test('a job that a filter keeps out has a status where nothing else has its name, and hides no other', async () => {
  const { sha } = await opened.push({ 'a.txt': 'a' }, 'Filtered');
  const check = (name: string, of: Partial<CheckRun>): CheckRun => ({ externalId: name, sha, name, detailsUrl: 'https://ci.example/1', status: 'completed', ...of });
  const filtered = ['deploy', 'build'].map((name) => check(name, { conclusion: 'skipped', unlessThere: true, output: { title: 'Skipped: its filters let only main in', summary: '' } }));
  const stands = (): unknown[] => opened.github.statuses(opened.fullName, sha).map(({ context, state, description }) => [context, state, description]);
  await forge.report(opened.repository, [check('build', { conclusion: 'failure', output: { title: 'Failed', summary: '' } })], false);
  assert.deepEqual(await forge.report(opened.repository, filtered, true), [{ id: null }, { id: null }]);
  await forge.report(opened.repository, filtered, true);
  assert.deepEqual(stands(), [['roundhouse: build', 'failure', 'Failed'], ['roundhouse: deploy', 'success', 'Skipped: its filters let only main in']]);
  await forge.report(opened.repository, [check('deploy', { status: 'in_progress' })], false);
  assert.deepEqual(stands().at(-1), ['roundhouse: deploy', 'pending', ''], 'what runs on another branch counts for more');
});

test('all of the commit’s statuses are looked through, however many there are', async () => {
  const { sha } = await opened.push({ 'b.txt': 'b' }, 'Many');
  const check = (of: Partial<CheckRun>): CheckRun => ({ externalId: 'build', sha, name: 'build', detailsUrl: 'https://ci.example/1', status: 'completed', conclusion: 'failure', ...of });
  await forge.report(opened.repository, [check({})], false);
  opened.github.inject({ match: 'GET /repos/{owner}/{repo}/commits/{ref}/status', status: 200, headers: { 'content-type': 'application/json' }, body: { statuses: Array.from({ length: 100 }, (_, i) => ({ context: `other ${i}` })) } });
  // What GitHub has as a second page it has here as its only one.
  opened.github.inject({ match: 'GET /repos/{owner}/{repo}/commits/{ref}/status', status: 200, headers: { 'content-type': 'application/json' }, body: { statuses: [{ context: 'roundhouse: build' }] } });
  await forge.report(opened.repository, [check({ conclusion: 'skipped', unlessThere: true })], false);
  assert.deepEqual(opened.github.statuses(opened.fullName, sha).map(({ state }) => state), ['failure']);
});
