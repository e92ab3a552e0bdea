import assert from 'node:assert/strict';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openScene, type Person, type Scene } from './scene.ts';

let scene: Scene;
let alice: Person;
let sha: string;
let token: string;

before(async () => {
  scene = await openScene();
  alice = await scene.person('alice');
  for (const name of ['app', 'other']) await scene.github.createRepository({ owner: 'alice', name, private: true });
  await scene.github.createRepository({ owner: 'alice', name: 'public' });
  const { id } = scene.github.installApp('alice', ['app']);
  const work = await alice.clone('alice/app');
  sha = await scene.commit(alice, work, 'Begin', { 'a.txt': 'a\n', 'big.bin': 'x'.repeat(3_000_000) });
  for (const name of ['app', 'public', 'other']) await alice.git(work, 'push', '--quiet', `${scene.github.sshUrl}/alice/${name}.git`, 'main');
  const auth = (await scene.octokit(id).auth({ type: 'installation', repositoryNames: ['app'], permissions: { contents: 'read' } })) as { token: string };
  token = auth.token;
});
after(() => scene.close());

const header = (value: string): string[] => ['-c', `http.extraHeader=Authorization: Basic ${Buffer.from(`x-access-token:${value}`).toString('base64')}`];
const fresh = (): Promise<string> => mkdtemp(join(scene.folder, 'clone-'));
const url = (name: string): string => `${scene.github.url}/alice/${name}`;

test('an installation token clones its repository, whole, shallow and blobless, and fetches a commit by its sha', async () => {
  const where = await fresh();
  await alice.git(where, ...header(token), 'clone', '--quiet', `${url('app')}.git`, '.');
  assert.equal(await readFile(join(where, 'a.txt'), 'utf8'), 'a\n');
  await alice.git(await fresh(), ...header(token), 'clone', '--quiet', '--depth=1', '--filter=blob:none', '--no-checkout', url('app'), '.');
  const bare = await fresh();
  await alice.git(bare, 'init', '--quiet', '--bare', '.');
  await alice.git(bare, ...header(token), 'fetch', '--quiet', url('app'), sha);
  assert.equal(await alice.git(bare, 'rev-parse', 'FETCH_HEAD'), sha);
});

const refused: [title: string, name: string, token: () => string | null, message: RegExp][] = [
  ['another repository', 'other', () => token, /not found/i],
  ['a repository that is not there', 'absent', () => token, /not found/i],
  ['a private repository without a token', 'app', () => null, /could not read Username|Authentication failed/i],
  ['with a token that is none', 'app', () => 'ghs_nonsense', /Authentication failed|could not read/i],
];
for (const [title, name, by, message] of refused) {
  test(`cloning is refused: ${title}`, async () => {
    const value = by();
    await assert.rejects(alice.git(await fresh(), ...(value === null ? [] : header(value)), 'clone', '--quiet', url(name), '.'), message);
  });
}

test('anybody clones what is public', async () => {
  await alice.git(await fresh(), 'clone', '--quiet', url('public'), '.');
});

test('reading permission does not push; a user token does, and the push is announced', async () => {
  const where = await fresh();
  await alice.git(where, ...header(token), 'clone', '--quiet', url('app'), '.');
  const next = await scene.commit(alice, where, 'Next', { 'a.txt': 'b\n' });
  await assert.rejects(alice.git(where, ...header(token), 'push', '--quiet', 'origin', 'main'), /403|Write access/);
  await alice.git(where, ...header(alice.token), 'push', '--quiet', 'origin', 'main');
  const delivery = await scene.github.waitForDelivery(({ event, request }) => event === 'push' && request.payload['after'] === next);
  assert.equal((delivery.request.payload['sender'] as { login: string }).login, 'alice');
  await scene.github.settled();
  scene.github.assertNoFaults();
});

test('an expired token is refused', async () => {
  scene.github.expireTokens();
  await assert.rejects(alice.git(await fresh(), ...header(token), 'clone', '--quiet', url('app'), '.'), /Authentication failed|could not read/i);
});
