// Who is in a team and who may read, by numeric ids, asked of the local GitHub.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { githubClient } from '../../../activities/adapters/github-client.ts';
import { githubPeople, type GitHubPeople, type Person } from '../../../activities/adapters/github-people.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import { openGitHub, type Opened } from './open.ts';

let opened: Opened;
let people: GitHubPeople;
let installationId: number;
const known: Record<string, Person> = {};
before(async () => {
  opened = await openGitHub();
  const { github, fullName, repository } = opened;
  installationId = repository.installationId!;
  known['alice'] = opened.alice;
  for (const login of ['bob', 'carol', 'stranger']) known[login] = github.createUser(login);
  github.addCollaborator(fullName, 'bob', 'triage');
  github.createTeam('acme', 'The Builders', ['bob', 'alice']);
  await github.createRepository({ owner: 'acme', name: 'open', private: false });
  people = githubPeople(githubClient(opened.settings));
});
after(async () => {
  opened.github.assertNoFaults();
  await opened.close();
});
/** Somebody who has taken the login of another. */
const impostor = (login: string): Person => ({ id: known['stranger']!.id, login });

test('who is in a team', async (t) => {
  const rows: [title: string, team: string, person: () => Person, isMember: boolean][] = [
    ['a member', 'the-builders', () => known['bob']!, true],
    ['somebody else', 'the-builders', () => known['carol']!, false],
    ['somebody with the login that a member had', 'the-builders', () => impostor('bob'), false],
    ['a login that nobody has', 'the-builders', () => ({ id: 1, login: 'nobody-at-all' }), false],
    ['a bot', 'the-builders', () => ({ id: 5, login: 'dependabot[bot]' }), false],
    ['a team that there is not', 'absent', () => known['bob']!, false],
    ['a team with a path for a name', '../../../users/bob', () => known['bob']!, false],
  ];
  for (const [title, team, person, isMember] of rows) {
    await t.test(title, async () => assert.equal(await people.isTeamMember(installationId, 'acme', team, person()), isMember));
  }
  await t.test('somebody who has not accepted the invitation', async () => {
    opened.github.inject({ match: 'GET /orgs/{org}/teams/{team_slug}/memberships/{username}', status: 200, headers: { 'content-type': 'application/json' }, body: { url: 'https://x.example/', role: 'member', state: 'pending' } });
    assert.equal(await people.isTeamMember(installationId, 'acme', 'the-builders', known['bob']!), false);
  });
});

test('who may read', async (t) => {
  const rows: [title: string, name: string, person: () => Person, mayRead: boolean][] = [
    ['an owner of the organization', 'app', () => known['alice']!, true],
    ['a collaborator with a small role', 'app', () => known['bob']!, true],
    ['nobody in particular, of a private repository', 'app', () => known['carol']!, false],
    ['nobody in particular, of a public one', 'open', () => known['carol']!, true],
    ['somebody with the login that a collaborator had', 'app', () => impostor('bob'), false],
    ['a login that nobody has', 'app', () => ({ id: 1, login: 'nobody-at-all' }), false],
    ['anybody, of a repository that is gone', 'gone', () => known['alice']!, false],
  ];
  for (const [title, name, person, mayRead] of rows) {
    await t.test(title, async () => assert.equal(await people.mayRead({ owner: 'acme', name, installationId }, person()), mayRead));
  }
  await t.test('where the App is not installed', async () => {
    assert.equal(await people.mayRead({ owner: 'acme', name: 'app', installationId: null }, opened.alice), false);
    assert.equal(await people.mayRead({ owner: 'acme', name: 'app', installationId: 1 }, opened.alice), false);
  });
  await t.test('where the App is suspended', async () => {
    const { github } = opened;
    github.suspendApp('acme');
    assert.equal(await githubPeople(githubClient(opened.settings)).mayRead({ owner: 'acme', name: 'app', installationId }, opened.alice), false);
    github.unsuspendApp('acme');
  });
});

test('what waiting mends is thrown as that, and taken for no answer', async () => {
  const { github } = opened;
  for (const match of ['GET /orgs/{org}/teams/{team_slug}/memberships/{username}', 'GET /users/{username}']) {
    github.injectSecondaryLimit({ match, retryAfterSeconds: 3 });
    await assert.rejects(githubPeople(githubClient(opened.settings)).isTeamMember(installationId, 'acme', 'the-builders', known['bob']!), ForgeUnavailable);
  }
  const permission = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
  github.injectPrimaryLimit({ match: permission, resetInSeconds: 60 });
  await assert.rejects(githubPeople(githubClient(opened.settings)).mayRead({ owner: 'acme', name: 'app', installationId }, opened.alice), ForgeUnavailable);
  github.inject({ match: permission, cut: 'before' });
  await assert.rejects(people.mayRead({ owner: 'acme', name: 'app', installationId }, opened.alice), ForgeUnavailable);
});

test('an App that may not know of teams says what it lacks', async () => {
  const { github, settings } = opened;
  const app = await github.createApp({ name: 'Lesser', permissions: { contents: 'read' } });
  const lesser = githubPeople(githubClient({ ...settings, appId: app.id, privateKey: app.privateKey! }));
  await assert.rejects(lesser.isTeamMember(github.installApp('acme', 'all', { appId: app.id }).id, 'acme', 'the-builders', known['bob']!), /does not let the App read the teams of acme\. Give it the permission "Members: Read-only"/);
});
