// Those who count requests to GitHub hear of each, with what it says of its limits, and of the waits before them.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { githubClient, type GitHubWatch } from '../../../activities/adapters/github-client.ts';
import { githubPlaces } from '../../../activities/adapters/github-places.ts';
import { openGitHub, type Opened } from './open.ts';

let opened: Opened;
before(async () => {
  opened = await openGitHub();
});
after(() => opened.close());

type Answer = Parameters<GitHubWatch['answered']>[0];
function watching(): GitHubWatch & { answers: Answer[]; waits: [number, boolean][] } {
  const [answers, waits]: [Answer[], [number, boolean][]] = [[], []];
  return { answers, waits, answered: (answer) => void answers.push(answer), waited: (ms, putOff) => void waits.push([ms, putOff]) };
}

test('each request with its status and its limits, under the installation that asks', async () => {
  const watch = watching();
  const { installationId, owner, name } = opened.repository;
  assert.ok(await githubPlaces(githubClient(opened.settings, Date.now, watch)).findRepository(owner, name));
  // As the App: where it is installed, and for a token. As the installation: the repository.
  assert.deepEqual(watch.answers.map(({ installation, method, status }) => [installation, method, status]), [[null, 'GET', 200], [null, 'POST', 201], [installationId, 'GET', 200]]);
  const last = watch.answers.at(-1)!;
  assert.match(last.header('x-ratelimit-remaining') ?? '', /^\d+$/);
  assert.ok(last.ms > 0);
  assert.deepEqual(watch.waits, [[0, false], [0, false]]);
});

test('a request without an answer', async () => {
  const watch = watching();
  const nowhere = githubClient({ ...opened.settings, host: '127.0.0.1:1' }, Date.now, watch);
  await assert.rejects(githubPlaces(nowhere).findRepository('acme', 'app'));
  assert.deepEqual(watch.answers.map(({ method, status }) => [method, status]), [['GET', null]]);
});

test('a request that would wait for too long is put off, and not sent', async () => {
  const watch = watching();
  const client = githubClient(opened.settings, () => 1_800_000_000_000, watch);
  const costly = { points: 900, content: 0 };
  await client.asApp('look', costly, () => Promise.resolve(1));
  await assert.rejects(client.asApp('look', costly, () => Promise.resolve(2)), { name: 'ForgeUnavailable' });
  assert.deepEqual(watch.waits, [[0, false], [60_000, true]]);
});
