// No webhook gets through for a while: which pipelines does the sweep start, by what the local GitHub remembers of its branches?

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { githubClient } from '../../../activities/adapters/github-client.ts';
import { forkHeads } from '../../../activities/adapters/github-fork-heads.ts';
import { movements } from '../../../activities/adapters/github-movements.ts';
import { githubPlaces } from '../../../activities/adapters/github-places.ts';
import { startMissed, type MissedPorts } from '../../../activities/control/missed-heads.ts';
import { translate } from '../../../app/webhooks/translate.ts';
import { identitiesOf } from '../../../config-schema/swept.ts';
import type { Trigger } from '../../../config-schema/trigger.ts';
import { repositoryNowKey } from '../../../config-schema/view.ts';
import { memoryOf } from '../../../workflows/seen.ts';
import { openGitHub, type Opened } from './open.ts';

let opened: Opened;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-missed-'));
  opened = await openGitHub({ app: { webhookSecret: 'x' } });
  opened.github.setWebhook('http://127.0.0.1:1/');
});
after(async () => {
  await opened.close();
  await rm(folder, { recursive: true });
  opened.github.assertNoFaults();
});

const day = 24 * 60 * 60 * 1000;
const heard: string[] = [];
const warnings: string[] = [];
const built = { all: true, forks: false };
const memory = memoryOf([]);
/** What the repository's temporal workflow does with a trigger. */
const deliver = async (trigger: Trigger): Promise<void> => {
  const { remembered, knownBy } = identitiesOf(trigger);
  if (!memory.knows(knownBy, Date.now(), remembered)) heard.push(`${trigger.ref} ${trigger.sha}`);
};
function ports(change: Partial<MissedPorts> = {}): MissedPorts {
  const client = githubClient(opened.settings);
  return {
    store: fileStore(join(folder, 'store')),
    listPushed: githubPlaces(client).listPushed,
    isBuilt: () => Promise.resolve(built.all),
    movements: (repository) => movements(client, repository),
    choices: () => Promise.resolve({ forks: built.forks ? 'approve' : 'never' }),
    forkHeads: (repository) => forkHeads(client, repository),
    isKnown: (trigger) => Promise.resolve(identitiesOf(trigger).knownBy.some(memory.has)),
    deliver,
    graceMs: 0,
    log: { warn: (_fields, message) => void warnings.push(message) },
    ...change,
  };
}
/** GitHub's times are whole seconds. */
const nextSecond = () => sleep(1100);
const activityRequests = () => opened.github.requests().filter(({ path }) => path.includes('/activity')).length;
/** Of the App's webhooks that failed, by what they say. */
const webhooks = (): Trigger[] =>
  opened.github.deliveries({ event: 'push' }).flatMap(({ event, guid, request }) => {
    const translation = translate({ name: event, deliveryId: guid, receivedAt: new Date().toISOString(), payload: request.payload }, opened.github.app.id);
    return translation.kind === 'trigger' ? [translation.trigger] : [];
  });

test('each open head gets one pipeline, also when its webhook comes after all; what moved before we looked gets none', async () => {
  const { github, repository } = opened;
  await opened.push({}, 'long before', 'refs/heads/old');
  await github.settled();
  await nextSecond();
  assert.equal(await startMissed(ports()), 0, 'nobody had been watching');
  assert.ok(await fileStore(join(folder, 'store')).get(repositoryNowKey(repository.id)), 'from now on the repository is found by its name');

  await opened.push({}, 'one', 'refs/heads/main');
  const main = await opened.push({}, 'two', 'refs/heads/main');
  const topic = await opened.push({}, 'three', 'refs/heads/topic/x');
  await opened.push({}, 'tagged', 'refs/tags/v1');
  await opened.push({}, 'gone', 'refs/heads/gone');
  await opened.git('push', '-q', 'origin', ':refs/heads/gone');
  const arrived = await opened.push({}, 'arrived', 'refs/heads/arrived');
  await github.settled();
  await deliver(webhooks().find(({ sha }) => sha === arrived.sha)!);
  heard.splice(0);

  assert.equal(await startMissed(ports({ graceMs: day })), 0, 'their webhooks may still be under way');
  assert.equal(await startMissed(ports()), 2);
  const heads = [`refs/heads/main ${main.sha}`, `refs/heads/topic/x ${topic.sha}`];
  assert.deepEqual(heard.sort(), heads);
  const requests = activityRequests();
  assert.equal(await startMissed(ports()), 0);
  assert.equal(activityRequests(), requests, 'where nothing was pushed since, GitHub is not asked again');

  for (const trigger of webhooks()) if (heads.includes(`${trigger.ref} ${trigger.sha}`)) await deliver(trigger);
  assert.deepEqual(heard, heads, 'GitHub has sent them again, and they are known');
  // Back to the commit before and on again: these are movements of their own.
  const again = { ...webhooks().find(({ sha }) => sha === arrived.sha)!, deliveryId: 'again', before: main.sha };
  await deliver(again);
  assert.deepEqual(heard.slice(2), [`refs/heads/arrived ${arrived.sha}`]);
});

test('a repository that cannot be asked is looked at again, and what nobody follows is not looked at', async () => {
  // Without a grace, what was pushed in the second of the last look is not seen.
  await nextSecond();
  await opened.push({}, 'more', 'refs/heads/main');
  await opened.github.settled();
  heard.splice(0);
  assert.equal(await startMissed(ports({ movements: () => Promise.reject(new Error('Not Found')) })), 0);
  assert.deepEqual(warnings, ['whether something moved without a webhook cannot be said']);
  built.all = false;
  assert.equal(await startMissed(ports()), 0);
  built.all = true;
  await nextSecond();
  assert.equal(await startMissed(ports()), 0, 'what was pushed while nobody followed is not built later');
  await opened.push({}, 'followed again', 'refs/heads/main');
  await opened.github.settled();
  assert.equal(await startMissed(ports({ isKnown: () => Promise.reject(new Error('Temporal is away')) })), 0);
  assert.equal(await startMissed(ports()), 1);
});

test('where forks are built, each open head of their pull requests gets one pipeline too; what was open before gets none', async () => {
  const { github } = opened;
  const eve = github.createUser('eve');
  github.addCollaborator(opened.fullName, 'eve', 'read');
  const { cloneUrl } = await github.fork(opened.fullName, 'eve');
  await opened.git('config', '--unset-all', 'http.extraHeader');
  const push = async (branch: string): Promise<string> => {
    await opened.git('commit', '-q', '--allow-empty', '-m', `for ${branch}`);
    await opened.git('-c', `http.extraHeader=Authorization: Basic ${Buffer.from(`eve:${eve.token}`).toString('base64')}`, 'push', '-q', cloneUrl, `HEAD:refs/heads/${branch}`);
    await github.settled();
    return opened.git('rev-parse', 'HEAD');
  };
  const open = async (branch: string) => (await github.openPullRequest(opened.fullName, { head: `eve:${branch}`, base: 'main', author: 'eve' })).number;
  await push('one');
  const one = await open('one');
  heard.splice(0);
  built.forks = true;
  assert.equal(await startMissed(ports()), 0, 'it was open before forks were built');
  const sha = await push('one');
  const second = await push('two');
  const two = await open('two');
  assert.equal(await startMissed(ports({ graceMs: day })), 0, 'their webhooks may still be under way');
  assert.equal(await startMissed(ports()), 2);
  assert.deepEqual(heard.sort(), [`refs/pull/${one}/head ${sha}`, `refs/pull/${two}/head ${second}`]);
  assert.equal(await startMissed(ports()), 0);
  for (const { event, guid, request } of github.deliveries({ event: 'pull_request' })) {
    const translation = translate({ name: event, deliveryId: guid, receivedAt: new Date().toISOString(), payload: request.payload }, github.app.id);
    if (translation.kind === 'trigger' && [sha, second].includes(translation.trigger.sha)) await deliver(translation.trigger);
  }
  assert.equal(heard.length, 2, 'GitHub has sent them again, and they are known');
});

test('more movements than one page holds', async () => {
  const page = (from: number, count: number) => Array.from({ length: count }, (_, n) => ({ ref: `refs/heads/b${from + n}`, before: 'a', after: 'b', timestamp: '2026-01-01T00:00:00Z', actor: null }));
  const asked: unknown[] = [];
  const request = (_route: string, { after }: { after?: string }) => {
    asked.push(after);
    return Promise.resolve(after === undefined ? { data: page(0, 100), headers: { link: '<https://api.github.com/x?after=c1&per_page=100>; rel="next"' } } : { data: page(100, 30), headers: {} });
  };
  const client = { as: (_installation: number, _what: string, _cost: unknown, work: (octokit: object) => unknown) => work({ request }) };
  const found = await movements(client as unknown as Parameters<typeof movements>[0], opened.repository);
  assert.deepEqual([asked, found.length, found.at(-1)?.ref, found[0]?.by], [[undefined, 'c1'], 130, 'refs/heads/b129', null]);
});
