import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Delivery } from './index.ts';
import { openScene, type Person, type Scene } from './scene.ts';

let scene: Scene;
let alice: Person;
let bob: Person;
let work: string;
let first: string;

before(async () => {
  scene = await openScene();
  [alice, bob] = [await scene.person('alice'), await scene.person('bob')];
  scene.github.createOrganization('acme', { alice: 'admin' });
  await scene.github.createRepository({ owner: 'acme', name: 'app', private: true });
  scene.github.installApp('acme');
  work = await alice.clone('acme/app');
});
after(async () => {
  await scene.github.settled();
  const faults = scene.github.faults();
  await scene.close();
  assert.deepEqual(faults, []);
});

/** What was delivered for this one push. */
async function pushing(push: () => Promise<unknown>): Promise<{ event: string; payload: any }[]> {
  const before = scene.github.deliveries().length;
  await push();
  await scene.github.settled();
  return scene.github.deliveries().slice(before).map((delivery: Delivery) => ({ event: delivery.action === null ? delivery.event : `${delivery.event}.${delivery.action}`, payload: delivery.request.payload }));
}

const push = (...args: string[]) => pushing(() => alice.git(work, 'push', '--quiet', 'origin', ...args));
const names = (delivered: { event: string }[]): string[] => delivered.map(({ event }) => event);
const find = (delivered: { event: string; payload: any }[], event: string): any => delivered.find((one) => one.event === event)?.payload ?? assert.fail(`no ${event} among ${names(delivered).join(', ')}`);

test('the first push makes a branch: create, push and a check suite, signed and complete', async () => {
  first = await scene.commit(alice, work, 'Begin', { 'README.md': 'hello\n', 'src/a b.txt': 'a\n', 'ümlaut "q".txt': 'u\n' });
  const delivered = await push('main');
  assert.deepEqual(names(delivered), ['create', 'push', 'check_suite.requested']);
  const payload = find(delivered, 'push');
  assert.deepEqual([payload.ref, payload.before, payload.after, payload.created, payload.forced, payload.base_ref], ['refs/heads/main', '0'.repeat(40), first, true, false, null]);
  assert.deepEqual(payload.commits.map((commit: any) => [commit.id, commit.message, commit.distinct, commit.added.sort(), commit.author.username]), [[first, 'Begin', true, ['README.md', 'src/a b.txt', 'ümlaut "q".txt'], 'alice']]);
  assert.deepEqual([payload.pusher.name, payload.sender.login, payload.organization.login, payload.repository.full_name], ['alice', 'alice', 'acme', 'acme/app']);
  assert.equal(find(delivered, 'check_suite.requested').check_suite.head_sha, first);
  const received = scene.receiver.received.find(({ event }) => event === 'push');
  assert.match(String(received?.headers['user-agent']), /^GitHub-Hookshot\//);
  assert.match(String(received?.headers['x-github-delivery']), /^[0-9a-f-]{36}$/);
  assert.match(String(received?.headers['x-hub-signature']), /^sha1=/);
  assert.deepEqual(scene.receiver.unsigned, []);
});

test('a push of several commits lists them oldest first, with what each changed', async () => {
  const one = await scene.commit(alice, work, 'One', { 'src/a b.txt': 'b\n', 'new.txt': 'n\n' });
  const two = await scene.commit(alice, work, 'Two\n\nWith a body', { 'new.txt': null });
  const payload = find(await push('main'), 'push');
  assert.deepEqual(payload.commits.map((commit: any) => [commit.id, commit.message, commit.added, commit.modified, commit.removed]), [
    [one, 'One', ['new.txt'], ['src/a b.txt'], []],
    [two, 'Two\n\nWith a body', [], [], ['new.txt']],
  ]);
  assert.equal(payload.head_commit.id, two);
  assert.match(payload.compare, new RegExp(`/acme/app/compare/${first.slice(0, 12)}\\.\\.\\.${two.slice(0, 12)}$`));
});

test('a branch from main has no commits of its own, and no second check suite for the commit', async () => {
  const delivered = await push('main:refs/heads/topic');
  assert.deepEqual(names(delivered), ['create', 'push']);
  const payload = find(delivered, 'push');
  assert.deepEqual([payload.commits, payload.base_ref], [[], 'refs/heads/main']);
});

test('a forced push says so', async () => {
  await alice.git(work, 'checkout', '--quiet', '-b', 'topic', first);
  const other = await scene.commit(alice, work, 'Otherwise', { 'other.txt': 'o\n' });
  await assert.rejects(push('topic'), /non-fast-forward|fetch first|rejected/);
  const payload = find(await push('--force', 'topic'), 'push');
  assert.deepEqual([payload.forced, payload.created, payload.after, payload.commits.length], [true, false, other, 1]);
});

test('two branches in one push are two push events', async () => {
  const sha = await scene.commit(alice, work, 'For both', { 'both.txt': 'b\n' });
  const delivered = await push('topic', 'topic:refs/heads/twin');
  assert.deepEqual(delivered.filter(({ event }) => event === 'push').map(({ payload }) => [payload.ref, payload.after]).sort(), [['refs/heads/topic', sha], ['refs/heads/twin', sha]]);
});

test('a deleted branch: delete, and a push to nothing', async () => {
  const delivered = await push('--delete', 'twin');
  assert.deepEqual(names(delivered), ['delete', 'push']);
  const payload = find(delivered, 'push');
  assert.deepEqual([payload.deleted, payload.after, payload.head_commit, payload.commits], [true, '0'.repeat(40), null, []]);
});

test('tags: a plain one names the commit, an annotated one itself; neither asks for a check suite', async () => {
  await alice.git(work, 'tag', 'plain', first);
  await alice.git(work, 'tag', '-a', 'noted', '-m', 'Noted', first);
  const noted = await alice.git(work, 'rev-parse', 'noted');
  const delivered = await push('plain', 'noted');
  assert.deepEqual(names(delivered), ['create', 'push', 'create', 'push']);
  const pushes = delivered.filter(({ event }) => event === 'push').map(({ payload }) => [payload.ref, payload.after, payload.head_commit.id]);
  assert.deepEqual(pushes.sort(), [['refs/tags/noted', noted, first], ['refs/tags/plain', first, first]]);
});

test('four tags at once make no events, as on GitHub', async () => {
  for (const tag of ['t1', 't2', 't3', 't4']) await alice.git(work, 'tag', tag, first);
  assert.deepEqual(names(await push('t1', 't2', 't3', 't4')), []);
});

test('a protected branch is neither forced nor deleted, but goes forward', async () => {
  await scene.github.protectBranch('acme/app', 'main');
  await assert.rejects(push('--force', 'topic:main'), /GH006: Protected branch update failed for refs\/heads\/main[^]*Cannot force-push/);
  await assert.rejects(push('--delete', 'main'), /refusing to delete the current branch/, 'the default branch stays in any case');
  await scene.github.protectBranch('acme/app', 'topic');
  await assert.rejects(push('--delete', 'topic'), /Cannot delete a protected branch/);
  await alice.git(work, 'checkout', '--quiet', 'main');
  await scene.commit(alice, work, 'Onward', {});
  assert.deepEqual(names(await push('main')), ['push', 'check_suite.requested']);
});

test('who may not push is told so, and nothing is announced', async () => {
  const url = `${scene.github.sshUrl}/acme/app.git`;
  await assert.rejects(bob.git(work, 'push', '--quiet', url, 'main:refs/heads/bobs'), /ERROR: Repository not found/);
  scene.github.addCollaborator('acme/app', 'bob', 'read');
  assert.match(await bob.git(work, 'ls-remote', url), /refs\/heads\/main/);
  await assert.rejects(bob.git(work, 'push', '--quiet', url, 'main:refs/heads/bobs'), /ERROR: Permission to acme\/app.git denied to bob/);
  scene.github.addCollaborator('acme/app', 'bob', 'write');
  const delivered = await pushing(() => bob.git(work, 'push', '--quiet', url, 'main:refs/heads/bobs'));
  assert.equal(find(delivered, 'push').sender.login, 'bob');
});

test('names that a shell would read are names', async () => {
  const branch = 'x$(touch${IFS}pwned);`id`&&"q';
  const payload = find(await push(`main:refs/heads/${branch}`), 'push');
  assert.equal(payload.ref, `refs/heads/${branch}`);
});

test('what is pushed while the app does not listen is not delivered later', async () => {
  scene.github.setWebhook(null);
  await scene.commit(alice, work, 'Unheard', {});
  assert.deepEqual(names(await push('main')), []);
  scene.github.setWebhook(scene.receiver.url);
});
