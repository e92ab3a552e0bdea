import { after, before, beforeEach, suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { chmod, mkdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CredentialRefused, FetchFailed, Mirrors } from '../../../activities/builder/mirror.ts';
import type { GitCredential } from '../../../activities/control/forge.ts';
import { generateKey } from '../../../activities/key-file.ts';
import { openScene, type Person, type Scene } from '../../github/scene.ts';

const run = promisify(execFile);

let scene: Scene;
let ada: Person;
let work: string;
let state: string;
let mirrors: Mirrors;
let first: string;
const key = generateKey();
let credential: GitCredential & { ssh: NonNullable<GitCredential['ssh']> };
let keyId: number;
const installation = { id: 0 };
const ref = 'refs/heads/main';

before(async () => {
  scene = await openScene({ app: { permissions: { metadata: 'read', contents: 'read', administration: 'write' }, events: [] } });
  ada = await scene.person('ada');
  await scene.github.createRepository({ owner: 'ada', name: 'shop', private: true, defaultBranch: 'main' });
  await scene.github.createRepository({ owner: 'ada', name: 'other', private: true });
  installation.id = scene.github.installApp('ada').id;
  work = await ada.clone('ada/shop');
  first = await scene.commit(ada, work, 'Begin', { 'a.txt': 'a\n' });
  await ada.git(work, 'push', '--quiet', 'origin', 'main');
  const { data } = await scene.octokit(installation.id).request('POST /repos/{owner}/{repo}/keys', { owner: 'ada', repo: 'shop', key: key.publicKey, title: 'roundhouse', read_only: true });
  keyId = data.id;
  credential = { url: `${scene.github.sshUrl}/ada/shop.git`, authorization: null, ssh: { privateKey: key.privateKey, knownHosts: scene.github.knownHosts } };
  state = mkdtempSync(join(tmpdir(), 'mirrors-'));
  mirrors = new Mirrors(state);
});
after(async () => {
  await scene.github.settled();
  const faults = scene.github.faults();
  await scene.close();
  rmSync(state, { recursive: true, force: true });
  assert.deepEqual(faults, []);
});

const has = (mirror: string, what: string): Promise<string> => run('git', ['--git-dir', mirror, 'rev-parse', what]).then(({ stdout }) => stdout.trim(), () => 'nothing');

suite('a fetch with a deploy key', () => {
  test('brings the commit, and the key is never in a file or among arguments', async () => {
    const mirror = await mirrors.open(1, 'T2');
    const secret = key.privateKey.split('\n')[2] ?? '';
    let looks = 0;
    let seen = false;
    const fetching = mirrors.fetch(mirror, { sha: first, ref }, credential).finally(() => (seen = true));
    while (!seen) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        for (const file of ['cmdline', 'environ']) assert.ok(!read(`/proc/${pid}/${file}`).includes(secret), `${file} of ${pid}`);
      }
      for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith('ssh-agent-'))) {
        for (const file of readdirSync(join(tmpdir(), name), { withFileTypes: true })) {
          if (!file.isFile()) continue;
          looks++;
          assert.ok(!read(join(tmpdir(), name, file.name)).includes(secret), file.name);
        }
      }
      await sleep(5);
    }
    await fetching;
    assert.ok(looks > 0, 'nobody looked in time');
    assert.equal(await has(mirror, `refs/roundhouse/${first}`), first);
    await assert.rejects(run('grep', ['-rlF', secret, state]), ({ code }: { code: number }) => code === 1);
  });

  const refusals: [string, () => GitCredential, RegExp, boolean][] = [
    ['of another repository', () => ({ ...credential, url: `${scene.github.sshUrl}/ada/other.git` }), /\/ada\/other\.git: ERROR: Repository not found\.$/, true],
    ['that nobody knows', () => ({ ...credential, ssh: { ...credential.ssh, privateKey: generateKey().privateKey } }), /\/ada\/shop\.git: git@127\.0\.0\.1: Permission denied \(publickey\)\.$/, true],
    ['for a host that is another', () => ({ ...credential, ssh: { ...credential.ssh, knownHosts: scene.github.knownHosts.replace(/ssh-ed25519 .*/, generateKey().publicKey) } }), /Host key verification failed\.$/, false],
    ['when nobody answers', () => ({ ...credential, url: 'ssh://git@127.0.0.1:1/ada/shop.git' }), /Connection refused$/, false],
  ];
  for (const [name, given, words, isRefused] of refusals) {
    test(`${name} ends in a sentence${isRefused ? ', as a refusal' : ''}`, async () => {
      const mirror = await mirrors.open(2, 'T2');
      await assert.rejects(mirrors.fetch(mirror, { sha: first, ref }, given()), (error: Error) => {
        assert.ok(error instanceof FetchFailed);
        assert.match(error.message, /^the code could not be fetched from ssh:\/\//);
        assert.match(error.message, words);
        assert.equal(error instanceof CredentialRefused, isRefused);
        return true;
      });
    });
  }

  test('takes no key, configuration or host key that this machine has', async () => {
    const shim = join(state, 'shim');
    await mkdir(shim);
    await writeFile(join(shim, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -G "$@" > ${shim}/settings\n`, { mode: 0o755 });
    const path = process.env['PATH'] ?? '';
    process.env['PATH'] = `${shim}:${path}`;
    try {
      await assert.rejects(mirrors.fetch(await mirrors.open(3, 'T2'), { sha: first, ref }, credential), FetchFailed);
    } finally {
      process.env['PATH'] = path;
    }
    const settings = new Set(read(join(shim, 'settings')).split('\n'));
    for (const setting of ['identityfile none', 'globalknownhostsfile none', 'stricthostkeychecking true', 'batchmode yes', 'forwardagent no', 'passwordauthentication no']) assert.ok(settings.has(setting), setting);
  });

  test('is refused once the key was removed on the other side; what is here already is here', async () => {
    await scene.octokit(installation.id).request('DELETE /repos/{owner}/{repo}/keys/{key_id}', { owner: 'ada', repo: 'shop', key_id: keyId });
    const next = await scene.commit(ada, work, 'Go on', { 'b.txt': 'b\n' });
    await ada.git(work, 'push', '--quiet', 'origin', 'main');
    const mirror = await mirrors.open(1, 'T2');
    await mirrors.fetch(mirror, { sha: first, ref }, credential);
    await assert.rejects(mirrors.fetch(mirror, { sha: next, ref }, credential), CredentialRefused);
  });
});

suite('a fetch by a header', () => {
  test('does not say the header, even if the server repeats it, and is no refusal of a key', async () => {
    const server = createServer((request, response) => {
      const refusal = `ERR you said ${request.headers.authorization}`;
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' }).end(`001e# service=git-upload-pack\n0000${(refusal.length + 4).toString(16).padStart(4, '0')}${refusal}`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ada/shop.git`;
      await assert.rejects(mirrors.fetch(await mirrors.open(4, 'T2'), { sha: first, ref }, { url, authorization: 'Basic c2VjcmV0' }), (error: Error) => {
        assert.ok(error instanceof FetchFailed && !(error instanceof CredentialRefused));
        assert.match(error.message, /^the code could not be fetched from http:.*: fatal: remote error: you said …$/);
        assert.ok(!`${error.stack} ${JSON.stringify(error)}`.includes('c2VjcmV0'));
        return true;
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

suite('a further repository', () => {
  test('has its branches, tags and default branch as they are, and lies apart', async () => {
    const path = join(state, 'origin.git');
    await mkdir(path);
    const git = (...args: string[]): Promise<unknown> => run('git', ['-C', path, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args]);
    const tree = (await run('git', ['-C', path, 'init', '-q', '--bare', '-b', 'trunk']).then(() => run('git', ['-C', path, 'hash-object', '-w', '-t', 'tree', '/dev/null']))).stdout.trim();
    const commit = async (text: string): Promise<string> => (await run('git', ['-C', path, '-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit-tree', '-m', text, tree])).stdout.trim();
    const [one, two, three] = [await commit('one'), await commit('two'), await commit('three')];
    await git('update-ref', 'refs/heads/trunk', one);
    await git('update-ref', 'refs/heads/old', one);
    await git('update-ref', 'refs/tags/v1', one);
    await git('update-ref', 'refs/pull/1/head', three);

    const mirror = await mirrors.openFurther(7, 'T1');
    assert.notEqual(mirror, await mirrors.open(7, 'T1'));
    await mirrors.fetchAll(mirror, { url: path, authorization: null });
    assert.deepEqual([await has(mirror, 'HEAD'), await has(mirror, 'refs/heads/old'), await has(mirror, 'refs/tags/v1'), await has(mirror, `${three}^{commit}`)], [one, one, one, 'nothing']);

    // Rewound, removed, moved, renamed.
    await git('update-ref', 'refs/heads/main', two);
    await git('symbolic-ref', 'HEAD', 'refs/heads/main');
    for (const ref of ['refs/heads/trunk', 'refs/heads/old']) await git('update-ref', '-d', ref);
    await git('update-ref', 'refs/tags/v1', two);
    await Promise.all([mirrors.fetchAll(mirror, { url: path, authorization: null }), mirrors.fetchAll(mirror, { url: path, authorization: null })]);
    const { stdout: refs } = await run('git', ['--git-dir', mirror, 'for-each-ref', '--format=%(refname) %(objectname)']);
    assert.equal(refs, `refs/heads/main ${two}\nrefs/tags/v1 ${two}\n`);
    assert.equal(await has(mirror, 'HEAD'), two);
  });

  test('that is not there is a failure in a sentence', async () => {
    await assert.rejects(mirrors.fetchAll(await mirrors.openFurther(8, 'T1'), { url: '/nonexistent.git', authorization: null }), /^FetchFailed: the code could not be fetched from \/nonexistent\.git: fatal: '\/nonexistent\.git' does not appear to be a git repository$/);
  });
});

suite('what becomes of a mirror', () => {
  const dayMs = 24 * 3600_000;
  let origin: string;
  let made = 0;
  const inOrigin = async (...args: string[]): Promise<string> => (await run('git', ['-C', origin, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args])).stdout.trim();
  const commit = async (text: string): Promise<string> => {
    await writeFile(join(origin, 'file'), `${text} ${'x'.repeat(5000)}`);
    await inOrigin('add', '.');
    await inOrigin('commit', '-q', '-m', text);
    return inOrigin('rev-parse', 'HEAD');
  };
  beforeEach(async () => {
    origin = mkdtempSync(join(state, 'origin-'));
    await inOrigin('init', '-q', '-b', 'main');
  });
  const access = (): GitCredential => ({ url: origin, authorization: null });
  const used = (path: string, days: number): Promise<void> => utimes(path, new Date(Date.now() - days * dayMs), new Date(Date.now() - days * dayMs));
  const newMirrors = (): { folder: string; mirrors: Mirrors; damages: string[] } => {
    const folder = join(state, `mirrors-${made++}`);
    const damages: string[] = [];
    return { folder, damages, mirrors: new Mirrors(folder, { days: 30, onDamage: (mirror, reason) => damages.push(`${basename(mirror)}: ${reason}`) }) };
  };

  test('a tag that is younger than its commit is fetched although the commit is there', async () => {
    const { mirrors } = newMirrors();
    const mirror = await mirrors.open(1, 'T2');
    const sha = await commit('one');
    await mirrors.fetch(mirror, { sha, ref }, access());
    await inOrigin('tag', '-a', '-m', 'x', 'v1');
    await mirrors.fetch(mirror, { sha, ref }, access());
    assert.equal(await has(mirror, 'refs/tags/v1'), 'nothing');
    await mirrors.fetch(mirror, { sha, ref: 'refs/tags/v1' }, access());
    assert.equal(await has(mirror, 'refs/tags/v1^{commit}'), sha);
  });

  test('branches are as they are now, and a commit that was asked for outlives its branch', async () => {
    const { mirrors } = newMirrors();
    const mirror = await mirrors.open(1, 'T2');
    await commit('one');
    await inOrigin('checkout', '-q', '-b', 'side');
    const side = await commit('side');
    await mirrors.fetch(mirror, { sha: side, ref: 'refs/heads/side' }, access());
    await inOrigin('checkout', '-q', 'main');
    await inOrigin('branch', '-q', '-D', 'side');
    // In its way.
    await inOrigin('branch', '-q', 'side/more');
    const two = await commit('two');
    await mirrors.fetch(mirror, { sha: two, ref }, access());
    const { stdout } = await run('git', ['--git-dir', mirror, 'for-each-ref', '--format=%(refname)']);
    assert.equal(stdout, ['refs/heads/main', 'refs/heads/side/more', ...[side, two].map((sha) => `refs/roundhouse/${sha}`).sort(), ''].join('\n'));
  });

  const damages: [name: string, anew: boolean, spoil: (mirror: string) => Promise<unknown>][] = [
    // What git misses of these it fetches again by itself.
    ['a pack is cut off', false, async (mirror) => {
      await run('git', ['--git-dir', mirror, 'repack', '-adq']);
      const pack = readdirSync(join(mirror, 'objects/pack')).find((name) => name.endsWith('.pack'))!;
      await chmod(join(mirror, 'objects/pack', pack), 0o644);
      await truncate(join(mirror, 'objects/pack', pack), 40);
    }],
    ['an object is missing', false, async (mirror) => {
      const sha = await has(mirror, 'refs/heads/main');
      await rm(join(mirror, 'objects', sha.slice(0, 2), sha.slice(2)));
    }],
    ['an object is empty', true, async (mirror) => {
      const sha = await has(mirror, 'refs/heads/main');
      const path = join(mirror, 'objects', sha.slice(0, 2), sha.slice(2));
      await chmod(path, 0o644);
      await truncate(path, 0);
    }],
    ['its configuration is garbage', true, (mirror) => writeFile(join(mirror, 'config'), '[[[')],
  ];
  for (const [name, anew, spoil] of damages) {
    test(`when ${name} the next fetch makes it whole${anew ? ': it is made anew, once, where it was, and that is said' : ''}`, async () => {
      const { mirrors, folder, damages } = newMirrors();
      const mirror = await mirrors.open(1, 'T2');
      await mirrors.fetch(mirror, { sha: await commit('one'), ref }, access());
      const { ino } = statSync(join(mirror, 'objects'));
      await spoil(mirror);
      const sha = await commit('two');
      await mirrors.open(1, 'T2');
      await mirrors.fetch(mirror, { sha, ref }, access());
      assert.deepEqual(damages.map((line) => line.split(' ')[0]), anew ? ['1-T2:'] : [], damages.join('\n'));
      assert.equal(statSync(join(mirror, 'objects')).ino, ino, 'sandboxes have this folder mounted');
      await run('git', ['--git-dir', mirror, 'rev-list', '--objects', '--all']);
      assert.equal((await run('git', ['--git-dir', mirror, 'config', 'uploadpack.allowAnySHA1InWant'])).stdout, 'true\n');
      assert.deepEqual(readdirSync(folder), ['1-T2']);
    });
  }

  test('locks of a fetch that was killed with its builder are in nobody’s way', async () => {
    const { mirrors, folder, damages } = newMirrors();
    const mirror = await mirrors.open(1, 'T2');
    await mirrors.fetch(mirror, { sha: await commit('one'), ref }, access());
    for (const lock of ['packed-refs.lock', 'refs/heads/main.lock', 'config.lock']) await writeFile(join(mirror, lock), '');
    const next = new Mirrors(folder);
    const sha = await commit('two');
    await next.fetch(await next.open(1, 'T2'), { sha, ref }, access());
    assert.equal(await has(mirror, 'refs/heads/main'), sha);
    assert.deepEqual(damages, []);
  });

  test('the sweep removes what nobody used for a month, and touches nothing that is in use or has just been', async () => {
    const { mirrors, folder } = newMirrors();
    const sha = await commit('one');
    const names = ['1-T2', '2-T1', 'further-3-T2', '4-T2'];
    const [old, mounted, further, recent] = [await mirrors.open(1, 'T2'), await mirrors.open(2, 'T1'), await mirrors.openFurther(3, 'T2'), await mirrors.open(4, 'T2')];
    for (const mirror of [old, mounted, recent]) await mirrors.fetch(mirror, { sha, ref }, access());
    assert.deepEqual(await mirrors.sweep(new Set()), []);
    for (const mirror of [old, mounted, further]) await used(join(mirror, 'used'), 31);
    await used(join(recent, 'used'), 29);
    await mkdir(join(folder, '9-T2.gone'));
    assert.deepEqual((await mirrors.sweep(new Set([mounted]))).sort(), [names[0], names[2]]);
    assert.deepEqual(readdirSync(folder).sort(), [names[1], names[3]]);
    assert.equal(await has(recent, `refs/roundhouse/${sha}`), sha);
    // It is made again as if nothing had been.
    await mirrors.fetch(await mirrors.open(1, 'T2'), { sha, ref }, access());
    assert.equal(await has(old, `refs/roundhouse/${sha}`), sha);
  });

  test('the sweep forgets commits that nobody asked for in a month, and packs', async () => {
    const { mirrors } = newMirrors();
    const mirror = await mirrors.open(1, 'T2');
    const shas: string[] = [];
    await commit('base');
    for (const name of ['old', 'again', 'young']) {
      await inOrigin('checkout', '-q', '--detach', 'main');
      shas.push(await commit(name));
      await inOrigin('update-ref', `refs/heads/${name}`, 'HEAD');
      await mirrors.fetch(mirror, { sha: shas.at(-1)!, ref: `refs/heads/${name}` }, access());
      await inOrigin('update-ref', '-d', `refs/heads/${name}`);
    }
    const [old, again, young] = shas as [string, string, string];
    for (const sha of [old, again]) await used(join(mirror, 'used', sha), 31);
    // Its branch went with the other's fetch; this job is a late one.
    await mirrors.fetch(mirror, { sha: again, ref }, access());
    await mirrors.fetch(mirror, { sha: await inOrigin('rev-parse', 'main'), ref }, access());
    await used(join(mirror, 'used'), 1);
    assert.deepEqual(await mirrors.sweep(new Set()), []);
    assert.deepEqual([await has(mirror, `${old}^{commit}`), await has(mirror, again), await has(mirror, young)], ['nothing', again, young]);
    assert.match((await run('git', ['--git-dir', mirror, 'count-objects', '-v'])).stdout, /^count: 0\n[^]*^packs: 1\n/m);
  });
});

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
