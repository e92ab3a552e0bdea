// Repositories and accounts by name, as far as the App is installed there, asked of the local GitHub.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { githubClient } from '../../../activities/adapters/github-client.ts';
import { githubPlaces, type GitHubPlaces } from '../../../activities/adapters/github-places.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import { openGitHub, type Opened } from './open.ts';

let opened: Opened;
let places: GitHubPlaces;
let bobId: number;
let bobsInstallation: number;
before(async () => {
  opened = await openGitHub();
  const { github } = opened;
  bobId = github.createUser('bob').id;
  github.createUser('carol');
  await github.createRepository({ owner: 'acme', name: 'library', private: false, defaultBranch: 'trunk' });
  await github.createRepository({ owner: 'bob', name: 'tools', private: true });
  await github.createRepository({ owner: 'bob', name: 'kept-out', private: false });
  await github.createRepository({ owner: 'carol', name: 'public', private: false });
  bobsInstallation = github.installApp('bob', ['tools']).id;
  places = githubPlaces(githubClient(opened.settings));
});
after(async () => {
  opened.github.assertNoFaults();
  await opened.close();
});

test('a repository is found where the App is installed, and nowhere else', async (t) => {
  await t.test('with all that we know of one', async () => assert.deepEqual(await places.findRepository('acme', 'app'), opened.repository));
  await t.test('public, with another default branch, in other case', async () => {
    const found = await places.findRepository('ACME', 'Library');
    assert.partialDeepStrictEqual(found, { owner: 'acme', name: 'library', private: false, defaultBranch: 'trunk', installationId: opened.repository.installationId });
  });
  await t.test('of a person, selected', async () => assert.equal((await places.findRepository('bob', 'tools'))?.installationId, bobsInstallation));
  const absent: [owner: string, name: string][] = [['bob', 'kept-out'], ['carol', 'public'], ['acme', 'gone'], ['nobody-at-all', 'x'], ['acme', '../../app']];
  for (const [owner, name] of absent) await t.test(`not ${owner}/${name}`, async () => assert.equal(await places.findRepository(owner, name), null));
  await t.test('by its former name too', async () => {
    opened.github.renameRepository('acme/library', 'books');
    assert.equal((await places.findRepository('acme', 'library'))?.name, 'books');
    opened.github.renameRepository('acme/books', 'library');
  });
});

test('an account is found by its login', async () => {
  const { installationId } = opened.repository;
  const acme = await places.findOwner('Acme');
  assert.deepEqual([acme?.login, acme?.installationId, typeof acme?.id], ['acme', installationId, 'number']);
  assert.deepEqual(await places.findOwner('bob'), { id: bobId, login: 'bob', installationId: bobsInstallation });
  assert.deepEqual([await places.findOwner('carol'), await places.findOwner('nobody-at-all')], [null, null]);
});

test('a further repository is one of the same installation', async (t) => {
  const { repository } = opened;
  await t.test('one that it covers', async () => assert.equal((await places.sameInstallation(repository, 'acme', 'library'))?.name, 'library'));
  await t.test('the own one', async () => assert.deepEqual(await places.sameInstallation(repository, 'acme', 'app'), repository));
  const absent: [title: string, owner: string, name: string][] = [
    ["another installation's", 'bob', 'tools'],
    ['a public one without the App', 'carol', 'public'],
    ['one that there is not', 'acme', 'gone'],
  ];
  for (const [title, owner, name] of absent) await t.test(title, async () => assert.equal(await places.sameInstallation(repository, owner, name), null));
  await t.test('public, and not selected', async () => assert.equal(await places.sameInstallation((await places.findRepository('bob', 'tools'))!, 'bob', 'kept-out'), null));
  await t.test('of a repository without an installation', async () => assert.equal(await places.sameInstallation({ ...repository, installationId: null }, 'acme', 'library'), null));
});

test('what a ref holds is its commit, whatever others are called', async (t) => {
  const { repository } = opened;
  const { sha } = await opened.push({ 'a.txt': '1' });
  const { sha: lure } = await opened.push({ 'a.txt': '2' }, 'x', 'refs/heads/heads/main');
  await opened.git('tag', '-a', 'v1', '-m', 'annotated', sha);
  await opened.git('tag', 'main', lure);
  await opened.git('push', '-q', 'origin', 'refs/tags/v1', 'refs/tags/main');
  const rows: [ref: string, sha: string | null][] = [['refs/heads/main', sha], ['refs/heads/heads/main', lure], ['refs/tags/v1', sha], ['refs/tags/main', lure], ['refs/heads/gone', null], ['refs/heads/v1', null], ['refs/heads/../main', null]];
  for (const [ref, held] of rows) await t.test(ref, async () => assert.equal(await places.headOf(repository, ref), held));
  await t.test('of a repository without an installation', async () => assert.equal(await places.headOf({ ...repository, installationId: null }, 'refs/heads/main'), null));
  await t.test('never another repository’s that has the name now', () => assert.rejects(places.headOf({ ...repository, id: 5 }, 'refs/heads/main'), /is repository \d+ now, not 5/));
});

test('all repositories of all installations are listed', async () => {
  const listed = await places.listRepositories();
  assert.deepEqual(listed.map(({ owner, name }) => `${owner}/${name}`).sort(), ['acme/app', 'acme/library', 'bob/tools']);
  assert.deepEqual(listed.find(({ name }) => name === 'app'), opened.repository);
});

test('more than fit on one of GitHub’s pages are listed too, and an installation that has just gone is none', async () => {
  const asked: string[] = [];
  const pageOf = <T>(all: T[], { page }: { page: number }): T[] => all.slice((page - 1) * 100, page * 100);
  const octokit = (installationId: number) => ({
    request: async (route: string, options: { page: number }) => {
      asked.push(`${installationId} ${route} ${options.page}`);
      if (route === 'GET /app/installations') return { data: pageOf(Array.from({ length: 101 }, (_, n) => ({ id: n + 1, suspended_at: n > 1 && n < 100 ? '2026-01-01' : null })), options) };
      if (installationId === 101) throw Object.assign(new Error('Not Found'), { status: 404 });
      const count = installationId === 1 ? 200 : 3;
      return { data: { repositories: pageOf(Array.from({ length: count }, (_, n) => ({ id: installationId * 1000 + n, owner: { login: 'acme' }, name: `r${n}`, private: true, default_branch: 'main' })), options) } };
    },
  });
  const client = { as: (id: number, _what: string, _cost: object, work: (o: object) => Promise<unknown>) => work(octokit(id)), asApp: (_what: string, _cost: object, work: (o: object) => Promise<unknown>) => work(octokit(0)) };
  const listed = await githubPlaces(client as unknown as Parameters<typeof githubPlaces>[0]).listRepositories();
  assert.equal(new Set(listed.map(({ id }) => id)).size, 203);
  assert.deepEqual(asked, ['0 GET /app/installations 1', '0 GET /app/installations 2', ...[1, 2, 3].map((page) => `1 GET /installation/repositories ${page}`), '2 GET /installation/repositories 1', '101 GET /installation/repositories 1']);
});

test('a suspended installation covers nothing', async () => {
  const { github } = opened;
  github.suspendApp('bob');
  assert.deepEqual((await places.listRepositories()).map(({ owner }) => owner), ['acme', 'acme']);
  assert.deepEqual([await places.findRepository('bob', 'tools'), await places.findOwner('bob')], [null, null]);
  github.unsuspendApp('bob');
});

test('the App is removed between the two questions: not found', async () => {
  const { github } = opened;
  github.inject({ match: 'POST /app/installations/{installation_id}/access_tokens', status: 404 });
  assert.equal(await githubPlaces(githubClient(opened.settings)).findRepository('acme', 'app'), null);
});

test('what waiting mends is thrown as that, and not taken for absence', async () => {
  const { github } = opened;
  github.inject({ match: 'GET /repos/{owner}/{repo}/installation', status: 502 });
  await assert.rejects(places.findRepository('acme', 'app'), ForgeUnavailable);
  github.inject({ match: 'GET /orgs/{org}/installation', cut: 'before' });
  await assert.rejects(places.findOwner('acme'), ForgeUnavailable);
  github.injectSecondaryLimit({ match: 'GET /repos/{owner}/{repo}', retryAfterSeconds: 5 });
  await assert.rejects(githubPlaces(githubClient(opened.settings)).sameInstallation(opened.repository, 'acme', 'app'), ForgeUnavailable);
});
