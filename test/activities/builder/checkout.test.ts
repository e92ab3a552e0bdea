import { after, before, suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkoutEnvironment, checkoutScript, knownHostsEnvironment } from '../../../activities/builder/checkout.ts';
import { Mirrors } from '../../../activities/builder/mirror.ts';
import type { CheckoutStep } from '../../../config-schema/plan.ts';
import type { Trigger } from '../../../config-schema/trigger.ts';
import { checkoutStep, planJob } from '../../config-schema/plan-parts.ts';

const run = promisify(execFile);
const identity = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com' };

let root: string;
let forge: string;
let mirrors: Mirrors;
let mirror: string;
const sha: Record<string, string> = {};

const git = async (folder: string, ...args: string[]): Promise<string> => {
  const env = { PATH: process.env['PATH'], HOME: join(root, 'home'), GIT_CONFIG_NOSYSTEM: '1', ...identity };
  return (await run('git', ['-C', folder, ...args], { env }).catch((error: Error & { stdout: string; stderr: string }) => Promise.reject(new Error(error.stderr + error.stdout)))).stdout.trim();
};
const commit = async (name: string, text = name): Promise<void> => {
  writeFileSync(join(forge, 'file'), `${text}\n`);
  await git(forge, 'add', '-A');
  await git(forge, 'commit', '-q', '-m', name);
  sha[name] = await git(forge, 'rev-parse', 'HEAD');
};

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'checkout-'));
  chmodSync(root, 0o755);
  for (const name of ['home', 'forge', 'work']) mkdirSync(join(root, name));
  forge = join(root, 'forge');
  await git(forge, 'init', '-q', '-b', 'main');
  await commit('one');
  await git(forge, 'tag', 'light');
  await commit('two');
  await git(forge, 'tag', '-a', '-m', 'x', 'annotated');
  await git(forge, 'checkout', '-q', '-b', 'foo/bar');
  await commit('side');
  await git(forge, 'checkout', '-q', 'main');
  await commit('three');
  // As after a forced push, and as the head of a pull request.
  await git(forge, 'checkout', '-q', '--detach');
  await commit('lost');
  await commit('pull');
  await git(forge, 'update-ref', 'refs/pull/9/head', 'HEAD');
  await git(forge, 'checkout', '-q', 'main');
  await git(forge, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  // In place of the agent's way to the builder.
  writeFileSync(join(root, 'ssh'), `#!/bin/sh\nexec git -c safe.directory=* upload-pack ${root}/mirrors/1-T1\n`, { mode: 0o755 });
  mirrors = new Mirrors(join(root, 'mirrors'));
  mirror = await mirrors.open(1, 'T1');
});
after(() => rmSync(root, { recursive: true, force: true }));

type Options = { knownHosts?: string; ref?: string; step?: Partial<CheckoutStep>; uid?: number; repositoryUrl?: string };

/** Fetches the commit of this name into the mirror and checks it out in this folder. */
async function checkOut(folder: string, name: string, { knownHosts, ref = 'refs/heads/main', step = {}, uid, repositoryUrl = 'https://github.example/acme/shop' }: Options = {}): Promise<{ code: number; output: string }> {
  const trigger = { repository: { owner: 'acme', name: 'shop', defaultBranch: 'main' }, ref, sha: sha[name] } as Trigger;
  await mirrors.fetch(mirror, trigger, { url: forge, authorization: null });
  const env = {
    PATH: process.env['PATH'],
    HOME: uid === undefined ? join(root, 'home') : join(root, `home-${uid}`),
    GIT_CONFIG_NOSYSTEM: '1',
    ...checkoutEnvironment({ trigger, job: planJob({ steps: [] }), repositoryUrl }, 0, { ...checkoutStep, ...step }),
    ...(knownHosts !== undefined && knownHostsEnvironment({ url: '', authorization: null, ssh: { privateKey: '', knownHosts } })),
    RH_MIRROR: `${mirror}/objects`,
    GIT_SSH_COMMAND: join(root, 'ssh'),
  };
  mkdirSync(folder, { recursive: true });
  if (uid !== undefined) for (const own of [folder, env.HOME]) (mkdirSync(own, { recursive: true }), chownSync(own, uid, uid));
  return run('/bin/sh', ['-c', checkoutScript], { cwd: folder, env, ...(uid !== undefined && { uid, gid: uid }) }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, output: error.stdout + error.stderr }),
  );
}

let folders = 0;
const newFolder = (): string => join(root, 'work', String(folders++));
const refs = async (folder: string): Promise<string[]> => (await git(folder, 'for-each-ref', '--format=%(refname)')).split('\n');
const has = async (folder: string, what: Record<string, string>): Promise<void> => {
  for (const [name, expected] of Object.entries(what)) assert.equal(await git(folder, 'rev-parse', '--abbrev-ref', name), expected, name);
};

suite('a new folder', () => {
  for (const method of ['blobless', 'full'] as const) {
    test(`by method ${method} is what a clone would be`, async () => {
      const folder = newFolder();
      assert.deepEqual(await checkOut(folder, 'three', { step: { method } }), { code: 0, output: `HEAD is now ${sha['three']!.slice(0, 7)} three\n` });
      assert.deepEqual(await refs(folder), ['refs/heads/main', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/foo/bar', 'refs/remotes/origin/main', 'refs/tags/annotated', 'refs/tags/light']);
      assert.equal(await git(folder, 'rev-list', '--count', 'HEAD'), '3');
      assert.equal(await git(folder, 'describe', '--tags'), `annotated-1-g${sha['three']!.slice(0, 7)}`);
      assert.equal(await git(folder, 'status', '--short', '--branch'), '## main...origin/main');
      await has(folder, { HEAD: 'main', 'main@{upstream}': 'origin/main', 'origin/HEAD': 'origin/main' });
    });
  }

  test('of another branch has the default branch beside it', async () => {
    const folder = newFolder();
    await checkOut(folder, 'side', { ref: 'refs/heads/foo/bar' });
    await has(folder, { HEAD: 'foo/bar' });
    assert.equal(await git(folder, 'merge-base', 'main', 'HEAD'), sha['two']);
  });

  const depths: [depth: number, commits: string][] = [[1, '1'], [2, '2'], [50, '3']];
  for (const [depth, commits] of depths) {
    test(`by method shallow with depth ${depth} has ${commits} of 3 commits and one branch`, async () => {
      const folder = newFolder();
      await checkOut(folder, 'three', { step: { method: 'shallow', depth } });
      assert.equal(await git(folder, 'rev-list', '--count', 'HEAD'), commits);
      assert.deepEqual(await refs(folder), ['refs/heads/main', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main']);
      assert.equal(await git(folder, 'fsck', '--no-dangling'), '');
    });
  }

  const tags: [ref: string, name: string, step: Partial<CheckoutStep>, exact: RegExp][] = [
    ['refs/tags/light', 'one', {}, /^light$/],
    ['refs/tags/annotated', 'two', {}, /^annotated$/],
    ['refs/tags/annotated', 'two', { method: 'shallow', depth: 1 }, /^annotated$/],
    // It was moved or removed since.
    ['refs/tags/light', 'two', {}, /light|annotated/],
    ['refs/tags/removed', 'three', {}, /^removed$/],
    ['refs/tags/removed', 'three', { method: 'shallow', depth: 1 }, /^removed$/],
  ];
  for (const [ref, name, step, exact] of tags) {
    test(`of ${ref} at "${name}"${step.method ? ', shallow,' : ''} is that commit, under that tag`, async () => {
      const folder = newFolder();
      assert.equal((await checkOut(folder, name, { ref, step })).code, 0);
      await has(folder, { HEAD: 'HEAD' });
      assert.equal(await git(folder, 'rev-parse', 'HEAD', `${ref}^{commit}`), `${sha[name]}\n${sha[name]}`);
      assert.match(await git(folder, 'describe', '--tags', '--exact-match'), exact);
      assert.equal(await git(folder, 'cat-file', '-t', 'refs/tags/annotated').catch(() => 'absent'), step.method && ref !== 'refs/tags/annotated' ? 'absent' : 'tag');
    });
  }

  test('of a pull request is on a branch of its name, as in the original', async () => {
    const folder = newFolder();
    assert.equal((await checkOut(folder, 'pull', { ref: 'refs/pull/9/head' })).code, 0);
    await has(folder, { HEAD: 'pull/9' });
    assert.equal(await git(folder, 'rev-parse', 'origin/pull/9'), sha['pull']);
  });

  test('of a commit that its branch has lost, and of a branch that is gone', async () => {
    const folder = newFolder();
    assert.equal((await checkOut(folder, 'lost')).code, 0);
    assert.equal(await git(folder, 'rev-parse', 'main', 'origin/main'), `${sha['lost']}\n${sha['three']}`);
    // `foo` cannot be a branch of the origin's beside `foo/bar`.
    for (const branch of ['gone', 'foo']) assert.deepEqual(await checkOut(newFolder(), 'lost', { ref: `refs/heads/${branch}` }), { code: 0, output: `HEAD is now ${sha['lost']!.slice(0, 7)} lost\n` });
  });

  test('as another user than the mirror’s', async () => {
    const folder = newFolder();
    const { code, output } = await checkOut(folder, 'three', { uid: 12345 });
    assert.equal(code, 0, output);
    assert.equal((await run('git', ['-C', folder, 'log', '--oneline'], { uid: 12345, gid: 12345, env: { HOME: join(root, 'home-12345'), PATH: process.env['PATH'] } })).stdout.split('\n').length, 4);
  });

  test('of another user’s is trusted from then on', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    chownSync(folder, 12345, 12345);
    const { code, output } = await checkOut(folder, 'three');
    assert.equal(code, 0, output);
    assert.equal(await git(folder, 'status', '--short'), '');
  });

  test('of whatever name', async () => {
    const folder = join(root, 'work', `a\n"b' $(touch ${root}/pwned) \`id\` ;c`);
    assert.equal((await checkOut(folder, 'three')).code, 0);
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'three\n');
    assert.equal(existsSync(join(root, 'pwned')), false);
  });

  test('leaves the forge’s host keys for ssh, once', async () => {
    const file = join(root, 'home/.ssh/known_hosts');
    for (const knownHosts of ['github.example ssh-ed25519 A\ngithub.example ssh-rsa B\n', 'github.example ssh-rsa B\ngithub.example ssh-ed25519 C\n']) assert.equal((await checkOut(newFolder(), 'three', { knownHosts })).code, 0);
    assert.equal(readFileSync(file, 'utf8'), ['ed25519 A', 'rsa B', 'ed25519 C', ''].map((key) => key && `github.example ssh-${key}`).join('\n'));
  });

  test('with files in it is refused, and they stay', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, '.hidden'), '');
    assert.deepEqual(await checkOut(folder, 'three'), { code: 1, output: `checkout: ${folder} holds files and is not a git repository. Remove them before checkout, or set path: on the step.\n` });
    assert.deepEqual(await readdir(folder), ['.hidden']);
  });
});

suite('a repository that is there', () => {
  /** A checkout of the first commit with changes in it; what is done to it; whether it is made anew. */
  const rows: [name: string, spoil: (folder: string) => Promise<unknown> | void, madeAnew: boolean][] = [
    ['as it was', () => undefined, false],
    ['with locks of a git that was killed', (folder) => ['index.lock', 'HEAD.lock', 'config.lock', 'shallow.lock'].forEach((lock) => writeFileSync(join(folder, '.git', lock), '')), false],
    ['of another origin and with branches of another', async (folder) => (await git(folder, 'remote', 'set-url', 'origin', 'https://elsewhere.example/x.git'), await git(folder, 'update-ref', '-d', 'refs/remotes/origin/foo/bar'), git(folder, 'update-ref', 'refs/remotes/origin/foo', 'HEAD')), false],
    ['with stale alternates', (folder) => writeFileSync(join(folder, '.git/objects/info/alternates'), '/nonexistent\n'), false],
    ['in mid-merge', async (folder) => (await git(folder, 'checkout', '-q', '-f', 'main'), writeFileSync(join(folder, 'file'), 'ours\n'), await git(folder, 'commit', '-q', '-a', '-m', 'ours'), git(folder, 'merge', sha['side']!).catch(() => undefined)), false],
    ['on a branch in whose way it is', (folder) => git(folder, 'branch', '-m', 'main', 'main/x'), true],
    ['whose branch is of objects that are nowhere', (folder) => writeFileSync(join(folder, '.git/refs/heads/feature'), `${'1'.repeat(40)}\n`), true],
    ['whose HEAD is lost', (folder) => rmSync(join(folder, '.git/HEAD')), false],
    ['whose index is half there', (folder) => truncateSync(join(folder, '.git/index'), 10), true],
    ['whose configuration is garbage', (folder) => appendFileSync(join(folder, '.git/config'), '[[[\n'), true],
    ['that is shallow', async (folder) => (rmSync(join(folder, '.git'), { recursive: true }), rmSync(join(folder, 'file')), cpSync(await shallow(), join(folder, '.git'), { recursive: true })), false],
  ];
  const shallow = async (): Promise<string> => {
    const folder = newFolder();
    await checkOut(folder, 'two', { step: { method: 'shallow', depth: 1 } });
    return join(folder, '.git');
  };
  for (const [name, spoil, madeAnew] of rows) {
    test(`${name} is fetched and reset, other files stay${madeAnew ? ', git’s folder is made anew' : ''}`, async () => {
      const folder = newFolder();
      await checkOut(folder, 'one');
      writeFileSync(join(folder, 'mine'), 'mine\n');
      writeFileSync(join(folder, 'file'), 'changed\n');
      await spoil(folder);
      const { code, output } = await checkOut(folder, 'three');
      assert.equal(code, 0, output);
      assert.equal(output.includes('made anew'), madeAnew, output);
      assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'three\n');
      assert.equal(await git(folder, 'status', '--short'), '?? mine');
      assert.equal(await git(folder, 'rev-list', '--count', 'HEAD'), '3');
      assert.equal(await git(folder, 'config', 'remote.origin.url'), 'git@github.example:acme/shop.git');
      await has(folder, { HEAD: 'main', 'origin/main': 'origin/main' });
    });
  }
});
