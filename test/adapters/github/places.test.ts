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

test('a suspended installation covers nothing', async () => {
  const { github } = opened;
  github.suspendApp('bob');
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
