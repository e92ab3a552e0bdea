// The GitHub adapter on the local GitHub: what the contract of Forge does not say.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { githubForge } from '../../../activities/adapters/github.ts';
import { ForgeUnavailable, type CheckRun, type Forge, type Reported } from '../../../activities/control/forge.ts';
import type { Trigger } from '../../../config-schema/trigger.ts';
import { publishedLimits } from '../../github/index.ts';
import { openGitHub, type Opened } from './open.ts';

const run = promisify(execFile);
const paths = ['.circle.yml', '.circleci/config.yml'];
const graphql = 'POST /graphql';

let opened: Opened;
let forge: Forge;
before(async () => {
  opened = await openGitHub();
  forge = githubForge(opened.settings);
});
after(async () => {
  opened.github.assertNoFaults();
  await opened.close();
});

const report = (by: Forge, checks: CheckRun[], mayExist = false) => by.report(opened.repository, checks, mayExist);
const idOf = (told: Reported | undefined): string | number => (told && 'id' in told && told.id !== null ? told.id : assert.fail(JSON.stringify(told)));
const check = (sha: string, rest: Partial<CheckRun> = {}): CheckRun => ({ externalId: 'pipeline/1/test', sha, name: 'test', detailsUrl: 'https://ci.example/1', status: 'queued', ...rest });
const unavailable = (seconds: number | null) => (error: unknown) => {
  assert.ok(error instanceof ForgeUnavailable, String(error));
  assert.equal(error.retryAfterSeconds, seconds);
  return true;
};
/** What the adapter asked, tokens aside. */
const asked = (): string[] => opened.github.requests().map(({ method, path, operation }) => operation ?? `${method} ${path}`).filter((operation) => !/access_tokens/.test(operation));

test('loading is one query', async () => {
  const { github } = opened;
  const trigger = await opened.push({ '.circle.yml': 'x: 1\n' }, 'Begin');
  const count = asked().length;
  const { repositoryUrl, ownerId, ...loaded } = await forge.load(trigger, paths);
  assert.ok(ownerId > 0);
  assert.equal(new URL(repositoryUrl).pathname, `/${opened.fullName}`);
  assert.deepEqual(loaded, { config: { path: '.circle.yml', text: 'x: 1\n' }, refIsProtected: false, senderPermission: 'admin', commit: { subject: 'Begin', authorLogin: 'alice' }, commitBody: '', pullRequestNumbers: [], pullRequest: null, secretFiles: {}, baseSha: null });
  assert.equal(asked().length - count, 1);
  assert.match(asked().at(-1)!, /graphql/i);
  github.assertNoFaults();
});

test('who may do what, by numeric id', async (t) => {
  const { github } = opened;
  const trigger = await opened.push({}, 'People');
  const bob = github.createUser('bob');
  const stranger = github.createUser('stranger');
  github.addCollaborator(opened.fullName, 'bob', 'maintain');
  const permission = async (sender: { id: number; login: string }) => (await forge.load({ ...trigger, sender }, paths)).senderPermission;
  await t.test('a collaborator', async () => assert.equal(await permission(bob), 'maintain'));
  await t.test('nobody of a private repository', async () => assert.equal(await permission(stranger), 'none'));
  await t.test('somebody who has taken the login of a collaborator', async () => assert.equal(await permission({ id: stranger.id, login: 'bob' }), 'none'));
  await t.test('a bot', async () => assert.equal(await permission({ id: 5, login: 'dependabot[bot]' }), 'none'));
});

test('protection', async (t) => {
  const { github } = opened;
  const trigger = await opened.push({}, 'Release', 'refs/heads/release/1.0');
  const isProtected = async (of = trigger) => (await forge.load(of, paths)).refIsProtected;
  await t.test('a branch without rules', async () => assert.equal(await isProtected(), false));
  await github.protectBranch(opened.fullName, 'release/1.0');
  await t.test('a protected branch', async () => assert.equal(await isProtected(), true));
  await t.test('a branch that is gone', async () => assert.equal(await isProtected({ ...trigger, ref: 'refs/heads/gone' }), false));
  await t.test('a tag of that name', async () => {
    const tag = await opened.push({}, 'Tag', 'refs/tags/release/1.0');
    assert.equal(await isProtected(tag), false);
  });
  const repository = { databaseId: opened.repository.id, owner: { databaseId: 5 }, isPrivate: true, commit: { message: 'x', author: null }, collaborators: { edges: [] }, config0: null, config1: null };
  const ref = { target: { oid: trigger.sha }, branchProtectionRule: null, rules: { nodes: [] }, associatedPullRequests: { nodes: [] } };
  await t.test('without the permission to see the rule, REST is asked', async () => {
    github.inject({ match: 'POST /graphql', status: 200, headers: { 'content-type': 'application/json' }, body: { data: { repository: { ...repository, ref } }, errors: [{ type: 'FORBIDDEN', path: ['repository', 'ref', 'branchProtectionRule'], message: 'Resource not accessible by integration' }] } });
    assert.equal(await isProtected(), true);
  });
  await t.test('rulesets protect when they say who may change the ref, and not when they ask for tidiness', async () => {
    for (const [type, expected] of [['PULL_REQUEST', true], ['UPDATE', true], ['COMMIT_MESSAGE_PATTERN', false], ['NON_FAST_FORWARD', false], ['CREATION', false]] as const) {
      github.inject({ match: 'POST /graphql', status: 200, headers: { 'content-type': 'application/json' }, body: { data: { repository: { ...repository, ref: { ...ref, rules: { nodes: [{ type }] } } } } } });
      assert.equal(await isProtected(), expected, type);
    }
    github.inject({ match: 'POST /graphql', status: 200, headers: { 'content-type': 'application/json' }, body: { data: { repository: { ...repository, ref: { ...ref, rules: { nodes: [{ type: 'CREATION' }] } } } } } });
    assert.equal(await isProtected({ ...trigger, ref: 'refs/tags/v1' }), true);
  });
  await t.test('without the permission to see collaborators, REST is asked', async () => {
    github.inject({ match: 'POST /graphql', status: 200, headers: { 'content-type': 'application/json' }, body: { data: { repository: { ...repository, ref, collaborators: null } }, errors: [{ type: 'FORBIDDEN', path: ['repository', 'collaborators'], message: 'Resource not accessible by integration' }] } });
    assert.equal((await forge.load(trigger, paths)).senderPermission, 'admin');
  });
  await t.test('any other error of GraphQL is one', async () => {
    github.inject({ match: 'POST /graphql', status: 200, headers: { 'content-type': 'application/json' }, body: { data: { repository: { ...repository, ref } }, errors: [{ type: 'FORBIDDEN', path: ['repository', 'object'], message: 'Resource not accessible by integration' }] } });
    await assert.rejects(forge.load(trigger, paths), /Resource not accessible/);
  });
});

test('pull requests made from the branch', async () => {
  const { github } = opened;
  const trigger = await opened.push({ 'a.txt': 'a' }, 'Topic', 'refs/heads/topic');
  const title = '"<< pipeline.number >>"';
  const { number } = await github.openPullRequest(opened.fullName, { head: 'topic', base: 'release/1.0', title, draft: true, author: 'alice' });
  const base = (await opened.git('rev-parse', 'origin/release/1.0')).trim();
  const { pullRequestNumbers, baseSha, pullRequest, repositoryUrl } = await forge.load(trigger, paths);
  assert.deepEqual([pullRequestNumbers, baseSha], [[number], base]);
  assert.deepEqual(pullRequest, { number, url: `${repositoryUrl}/pull/${number}`, title, draft: true, merged: false, headRef: 'topic', baseRef: 'release/1.0', baseSha: base });
  await github.openPullRequest(opened.fullName, { head: 'topic', author: 'alice' });
  const several = await forge.load(trigger, paths);
  assert.deepEqual([several.pullRequestNumbers, several.pullRequest], [[number, number + 1], null], 'of several nobody knows which is meant');
});

test('the pull request of a fork, in the same query; and without it what the webhook said', async () => {
  const { github } = opened;
  const pushed = await opened.push({ 'f.txt': 'f' }, 'Patch it', 'refs/heads/patch');
  const { number } = await github.openPullRequest(opened.fullName, { head: 'patch', title: 'Patch', author: 'alice' });
  const trigger: Trigger & { pullRequest: object } = { ...pushed, event: 'pull_request', ref: `refs/pull/${number}/head`, pullRequest: { number, url: '', headRepositoryId: 99, headOwner: 'mallory', headName: 'app', baseRef: 'main' } };
  const count = asked().length;
  const { pullRequest } = await forge.load(trigger, paths);
  assert.deepEqual([pullRequest?.number, pullRequest?.title, pullRequest?.headRef, pullRequest?.baseRef, pullRequest?.draft], [number, 'Patch', 'patch', 'main', false]);
  assert.equal(asked().length - count, 1);
  assert.equal((await forge.load({ ...trigger, pullRequest: { ...trigger.pullRequest, number: 999 } }, paths)).pullRequest, null);
});

test('a rerun runs only what is on its ref', async (t) => {
  const first = await opened.push({}, 'One', 'refs/heads/rerun');
  const second = await opened.push({}, 'Two', 'refs/heads/rerun');
  const elsewhere = await opened.push({ 'b.txt': 'b' }, 'Elsewhere', 'refs/heads/elsewhere');
  const refused = async (sha: string, ref = 'refs/heads/rerun') => (await forge.load({ ...opened.trigger(sha, ref), event: 'rerun' }, paths)).refused;
  await t.test('the tip', async () => assert.equal(await refused(second.sha), undefined));
  await t.test('an older commit of it', async () => assert.equal(await refused(first.sha), undefined));
  await t.test('a commit of another branch, as if it were on this one', async () => {
    const loaded = await forge.load({ ...opened.trigger(elsewhere.sha, 'refs/heads/rerun'), event: 'rerun' }, paths);
    assert.match(loaded.refused ?? '', /is not on refs\/heads\/rerun/);
    assert.equal(loaded.config, null);
  });
  await t.test('a ref that is gone', async () => assert.match((await refused(first.sha, 'refs/heads/gone')) ?? '', /is not on/));
  await t.test('a push is not questioned', async () => assert.equal((await forge.load(opened.trigger(elsewhere.sha, 'refs/heads/rerun'), paths)).refused, undefined));
});

test('a name that belongs to another repository by now is refused', async () => {
  const trigger = await opened.push({}, 'Mine');
  await assert.rejects(forge.load({ ...trigger, repository: { ...trigger.repository, id: 1 } }, paths), /is repository \d+ now, not 1/);
});

test('a commit that GitHub does not know yet is asked for again, and in the end given up', async () => {
  const trigger = opened.trigger('e'.repeat(40));
  await assert.rejects(forge.load(trigger, paths), unavailable(3));
  await assert.rejects(forge.load({ ...trigger, receivedAt: new Date(Date.now() - 120_000).toISOString() }, paths), (error) => !(error instanceof ForgeUnavailable));
});

test('a repository without the App says so', async () => {
  await assert.rejects(forge.credential({ ...opened.repository, installationId: null }), /is not installed on acme\/app/);
});

test('the credential reads this repository, for an hour at most, and nothing else', async () => {
  const { github } = opened;
  const other = await github.createRepository({ owner: 'acme', name: 'other', private: true });
  const { authorization, url } = await forge.credential(opened.repository);
  const git = (...args: string[]) => run('git', ['-c', `http.extraHeader=Authorization: ${authorization}`, ...args], { env: { PATH: process.env['PATH'] ?? '', GIT_CONFIG_NOSYSTEM: '1', HOME: '/nonexistent', GIT_TERMINAL_PROMPT: '0' } });
  assert.match((await git('ls-remote', url)).stdout, /refs\/heads\/main/);
  await assert.rejects(git('ls-remote', other.cloneUrl));
  const token = Buffer.from(authorization!.replace('Basic ', ''), 'base64').toString().replace('x-access-token:', '');
  const call = (method: string, path: string, body?: object) => fetch(github.apiUrl + path, { method, headers: { authorization: `Bearer ${token}`, 'user-agent': 'test' }, ...(body && { body: JSON.stringify(body) }) });
  assert.equal((await call('POST', '/repos/acme/app/check-runs', { name: 'x', head_sha: 'e'.repeat(40) })).status, 403);
  const { repositories } = (await (await call('GET', '/installation/repositories')).json()) as { repositories: { name: string }[] };
  assert.deepEqual(repositories.map(({ name }) => name), ['app']);
});

test('twenty checks are made in one request, and told again in one', async () => {
  const trigger = await opened.push({}, 'Twenty');
  await forge.load(trigger, paths);
  const checks = Array.from({ length: 20 }, (_, i) => check(trigger.sha, { externalId: `job/${i}`, name: `job ${i}` }));
  const before = asked().length;
  const made = await report(forge, checks);
  assert.deepEqual(asked().slice(before), [graphql]);
  await report(forge, checks.map((each, i) => ({ ...each, id: idOf(made[i]), status: 'completed', conclusion: 'success', completedAt: '2026-01-01T00:00:00Z' })));
  assert.deepEqual(asked().slice(before), [graphql, graphql]);
  const runs = opened.github.checkRuns(opened.fullName, trigger.sha);
  assert.deepEqual([runs.length, ...new Set(runs.map(({ conclusion }) => conclusion))], [20, 'success']);
});

test('a repository whose id GraphQL has not told yet is asked for once', async () => {
  const { sha } = await opened.push({}, 'Unknown');
  const own = githubForge(opened.settings);
  const before = asked().length;
  for (const externalId of ['a', 'b']) await report(own, [check(sha, { externalId })]);
  assert.deepEqual(asked().slice(before), ['GET /repos/{owner}/{repo}', graphql, graphql]);
});

test('buttons come and go with the state', async () => {
  const { sha } = await opened.push({}, 'Buttons');
  const actions = [{ label: 'Cancel', description: 'Stop this job', identifier: 'cancel' as const }];
  const shown = () => opened.github.checkRuns(opened.fullName, sha)[0]!.actions;
  const [made] = await report(forge, [check(sha, { actions })]);
  assert.deepEqual(shown(), actions);
  await report(forge, [check(sha, { id: idOf(made) })]);
  assert.deepEqual(shown(), []);
});

test('answers that are lost on their way do not make second checks', async () => {
  const { sha } = await opened.push({}, 'Lost');
  const checks = ['a', 'b'].map((externalId) => check(sha, { externalId, status: 'in_progress' }));
  opened.github.inject({ match: graphql, cut: 'after' });
  await assert.rejects(report(forge, checks), unavailable(null));
  const before = asked().length;
  await report(forge, [...checks, check(sha, { externalId: 'c' })], true);
  assert.deepEqual(asked().slice(before), ['GET /repos/{owner}/{repo}/commits/{ref}/check-runs', graphql]);
  assert.deepEqual(opened.github.checkRuns(opened.fullName, sha).map(({ externalId, status }) => [externalId, status]), [['a', 'in_progress'], ['b', 'in_progress'], ['c', 'queued']]);
});

test('ids that an earlier version kept by REST are numbers: their checks are found by their external ids', async () => {
  const { sha } = await opened.push({}, 'Old');
  await report(forge, [check(sha)]);
  const [run] = opened.github.checkRuns(opened.fullName, sha);
  await report(forge, [check(sha, { id: run!.id, status: 'in_progress' })]);
  assert.deepEqual(opened.github.checkRuns(opened.fullName, sha).map(({ status }) => status), ['in_progress']);
});

test('a check that GitHub refuses does not hold up the others', async () => {
  const { sha } = await opened.push({}, 'Partly');
  const told = await report(forge, [check(sha, { externalId: 'good' }), check('e'.repeat(40), { externalId: 'bad' }), check(sha, { externalId: 'better' })]);
  assert.deepEqual(told.map((each) => ('id' in each ? 'made' : each.refused)), ['made', `No commit found for SHA: ${'e'.repeat(40)}`, 'made']);
  assert.equal(opened.github.checkRuns(opened.fullName, sha).length, 2);
});

test('one that a later try may bring through has all of them tried again, and none made twice', async () => {
  const { sha } = await opened.push({}, 'Hiccup');
  const checks = ['a', 'b'].map((externalId) => check(sha, { externalId }));
  const [first] = await report(forge, [checks[0]!]);
  opened.github.inject({ match: graphql, status: 200, headers: { 'content-type': 'application/json' }, body: { data: { run0: { checkRun: { id: idOf(first) } }, run1: null }, errors: [{ message: 'Something went wrong while executing your query.', path: ['run1'] }] } });
  await assert.rejects(report(forge, checks), unavailable(null));
  await report(forge, checks, true);
  assert.deepEqual(opened.github.checkRuns(opened.fullName, sha).map(({ externalId }) => externalId), ['a', 'b']);
});

test('many annotations go in requests of 50, each once, also when the report is repeated', async () => {
  const { sha } = await opened.push({}, 'Annotated');
  const annotations = Array.from({ length: 120 }, (_, i) => ({ path: '.circle.yml', startLine: i + 1, endLine: i + 1, level: 'failure' as const, message: `m${i}`, title: 'Config error' }));
  const [made] = await report(forge, [check(sha)]);
  const failed = check(sha, { id: idOf(made), status: 'completed', conclusion: 'failure', completedAt: '2026-01-01T00:00:00Z', output: { title: 'Config error', summary: 's', annotations } });
  const few = { ...failed, externalId: 'few', output: { ...failed.output!, annotations: annotations.slice(0, 3) } };
  delete few.id;
  opened.github.inject({ match: graphql, cut: 'after' });
  await assert.rejects(report(forge, [failed, few]), unavailable(null));
  const before = asked().length;
  await report(forge, [failed, few], true);
  assert.deepEqual(asked().slice(before), ['GET /repos/{owner}/{repo}/commits/{ref}/check-runs', graphql, graphql]);
  await report(forge, [failed]);
  const [run, other, ...more] = opened.github.checkRuns(opened.fullName, sha);
  assert.deepEqual([other?.output.annotations.length, more.length], [3, 0]);
  assert.deepEqual(run?.output.annotations.map(({ message, start_line }) => `${message} ${start_line}`), annotations.map(({ message, startLine }) => `${message} ${startLine}`));
});

test('what is too long for GitHub is cut, and says so', async () => {
  const { sha } = await opened.push({}, 'Long');
  const output = { title: 't'.repeat(999), summary: 'ü line\n'.repeat(50_000), annotations: [{ path: 'a', startLine: 1, endLine: 1, level: 'notice' as const, message: 'é'.repeat(70_000), title: 'x'.repeat(999) }] };
  await report(forge, [check(sha, { output })]);
  const [made] = opened.github.checkRuns(opened.fullName, sha);
  assert.match(made?.output.summary ?? '', /The rest is left out: GitHub takes no more/);
  assert.ok(Buffer.byteLength(made?.output.summary ?? '') > 65_000);
});

test('trouble that passes is ForgeUnavailable, with the wait that GitHub asks for', async (t) => {
  const { github } = opened;
  const trigger = await opened.push({}, 'Trouble');
  // Each story with a forge of its own: after a limit the adapter is silent for as long as it was told.
  const load = () => githubForge(opened.settings).load(trigger, paths);
  await t.test('502', async () => {
    github.inject({ match: 'POST /graphql', status: 502, body: {} });
    await assert.rejects(load(), unavailable(null));
  });
  await t.test('503 with Retry-After', async () => {
    github.inject({ match: 'POST /graphql', status: 503, headers: { 'retry-after': '9' }, body: {} });
    await assert.rejects(load(), unavailable(9));
  });
  await t.test('a connection that is cut', async () => {
    github.inject({ match: 'POST /graphql', cut: 'before' });
    await assert.rejects(load(), unavailable(null));
  });
  await t.test('no GitHub at all', async () => {
    await assert.rejects(githubForge({ ...opened.settings, host: '127.0.0.1:1' }).load(trigger, paths), unavailable(null));
  });
  await t.test('the secondary limit', async () => {
    github.injectSecondaryLimit({ match: graphql, retryAfterSeconds: 17 });
    await assert.rejects(report(githubForge(opened.settings), [check(trigger.sha)]), unavailable(17));
  });
  await t.test('the primary limit', async () => {
    github.injectPrimaryLimit({ match: graphql, resetInSeconds: 120 });
    await assert.rejects(report(githubForge(opened.settings), [check(trigger.sha)]), (error) => error instanceof ForgeUnavailable && Math.abs(error.retryAfterSeconds! - 120) <= 2);
  });
  await t.test('a refused token request', async () => {
    github.inject({ match: 'POST /app/installations/{installation_id}/access_tokens', status: 500, body: {} });
    await assert.rejects(load(), unavailable(null));
  });
  await t.test('what is wrong for good comes as it is', async () => {
    await assert.rejects(report(githubForge(opened.settings), [check('e'.repeat(40))]), (error) => !(error instanceof ForgeUnavailable) && /No commit found/.test((error as Error).message));
  });
});

test('after GitHub asked for silence nothing is asked until then', async () => {
  const trigger = await opened.push({}, 'Silence');
  const own = githubForge(opened.settings);
  opened.github.injectSecondaryLimit({ match: 'POST /graphql', retryAfterSeconds: 60 });
  await assert.rejects(own.load(trigger, paths), unavailable(60));
  const count = asked().length;
  await assert.rejects(own.load(trigger, paths), (error) => error instanceof ForgeUnavailable && error.retryAfterSeconds! > 55);
  assert.equal(asked().length, count);
});

test('a token that was revoked is replaced', async () => {
  const trigger = await opened.push({}, 'Revoked');
  await forge.load(trigger, paths);
  opened.github.expireTokens();
  assert.equal((await forge.load(trigger, paths)).commit.subject, 'Revoked');
});

test('tokens that live for two seconds are replaced before they end', async () => {
  const short = await openGitHub({ tokenLifetimeSeconds: 2 });
  try {
    const own = githubForge(short.settings);
    const trigger = await short.push({}, 'Short');
    await own.load(trigger, paths);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    await own.load(trigger, paths);
    const refused = short.github.requests().filter(({ status }) => status === 401);
    assert.deepEqual(refused, []);
  } finally {
    await short.close();
  }
});

test('under GitHub’s real limits a burst of checks is never refused by GitHub: the adapter asks for patience first', async () => {
  const strict = await openGitHub({ limits: publishedLimits });
  try {
    const own = githubForge(strict.settings);
    const { sha } = await strict.push({}, 'Burst');
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => own.report(strict.repository, [check(sha, { externalId: `job/${i}`, name: `job ${i}` })], false)));
    const waiting = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as ForgeUnavailable);
    assert.equal(strict.github.checkRuns(strict.fullName, sha).length, 80);
    assert.equal(waiting.length, 20);
    for (const error of waiting) assert.ok(error instanceof ForgeUnavailable && error.retryAfterSeconds! > 0 && error.retryAfterSeconds! <= 60, String(error));
    assert.deepEqual(strict.github.requests().filter(({ status }) => status === 403 || status === 429), []);
  } finally {
    await strict.close();
  }
});

test('a repository that is renamed while a pipeline runs is reported to under its old name, by GitHub’s redirects', async () => {
  const trigger = await opened.push({ '.circle.yml': 'x: 1\n' }, 'Renamed under way');
  const check = { externalId: 'renamed', sha: trigger.sha, name: 'renamed', detailsUrl: 'https://ci.example' };
  const [made] = await report(forge, [{ ...check, status: 'queued' }]);
  opened.github.renameRepository(opened.fullName, 'app-renamed');
  try {
    assert.equal((await forge.load(trigger, paths)).config?.text, 'x: 1\n');
    await report(forge, [{ ...check, id: idOf(made), status: 'completed', conclusion: 'success', completedAt: '2026-01-01T00:00:00Z' }]);
    await report(forge, [{ ...check, externalId: 'new', name: 'new', status: 'queued' }], true);
    assert.deepEqual(opened.github.checkRuns('acme/app-renamed', trigger.sha).map(({ name, conclusion }) => [name, conclusion]), [['renamed', 'success'], ['new', null]]);
  } finally {
    opened.github.renameRepository('acme/app-renamed', 'app');
  }
});
