import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openScene, type Person, type Scene } from './scene.ts';

let scene: Scene;
let alice: Person;
let repository: string;
let work: string;

before(async () => {
  scene = await openScene();
  alice = await scene.person('alice');
  repository = (await scene.github.createRepository({ owner: 'alice', name: 'app', private: true })).fullName;
  scene.github.installApp('alice');
  work = await alice.clone(repository);
});
after(() => scene.close());

test('a push over ssh arrives as a signed push event that fits the schema', async () => {
  const sha = await scene.commit(alice, work, 'Begin', { 'README.md': 'hello\n', 'src/a b.txt': 'a\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'main');
  const delivery = await scene.github.waitForDelivery(({ event }) => event === 'push');
  assert.equal(delivery.status, 'OK');
  const received = scene.receiver.received.find(({ event }) => event === 'push');
  assert.ok(received, 'the signature was right');
  const payload = received.payload as Record<string, any>;
  assert.equal(payload['ref'], 'refs/heads/main');
  assert.equal(payload['after'], sha);
  assert.equal(payload['created'], true);
  assert.deepEqual(payload['commits'].map((commit: any) => [commit.id, commit.message, commit.added.sort(), commit.author.username]), [[sha, 'Begin', ['README.md', 'src/a b.txt'], 'alice']]);
  assert.equal(payload['installation'].id > 0, true);
  await scene.github.settled();
  const events = scene.receiver.received.map(({ event, payload: { action } }) => (action === undefined ? event : `${event}.${action as string}`));
  assert.deepEqual(events.sort(), ['check_suite.requested', 'create', 'installation.created', 'push']);
  scene.github.assertNoFaults();
});
