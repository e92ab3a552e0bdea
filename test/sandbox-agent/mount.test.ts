import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { SandboxHandle } from '../../activities/builder/sandbox.ts';
import { removeTree } from '../../activities/adapters/remove-tree.ts';
import { paths, type MountAnswer } from '../../sandbox-agent/protocol.ts';
import { reach, runInside, specOf, testHost } from '../activities/adapters/lxc/machine.ts';

const { host } = testHost();
const caches = mkdtempSync('/tmp/rh-test-lower-');
let sandbox: SandboxHandle;

before(async () => {
  mkdirSync(join(caches, 'one/sub'), { recursive: true });
  writeFileSync(join(caches, 'one/sub/file'), 'x');
  execFileSync('chown', ['-R', '1000:1001', join(caches, 'one/sub')]);
  sandbox = await host.create(specOf({ cacheFolders: { T1: caches } }));
});
after(async () => {
  await host.destroy(sandbox.name);
  await removeTree(caches);
});

const sh = async (script: string): Promise<string> => (await runInside(sandbox, script)).output;

async function mount(lower: string, target: string, user?: string): Promise<MountAnswer> {
  const agent = await reach(sandbox);
  try {
    return await agent.mount({ lower, target, ...(user !== undefined && { user }) });
  } finally {
    agent.end();
  }
}

const one = join(paths.caches, 'T1/one/sub');

suite('a cache is mounted', () => {
  test('on a folder that is not there, whose parents become the user’s', async () => {
    assert.deepEqual(await mount(one, '/home/a/b', '33:33'), { mounted: true });
    assert.equal(await sh('cd /home; stat -c "%u:%g" a a/b a/b/file; touch a/b/new; echo y >a/b/file; cat a/b/file'), '33:33\n1000:1001\n1000:1001\ny\n');
    assert.equal(await sh(`cat ${one}/file; ls ${one}`), 'xfile\n', 'the cache is as it was');
  });

  test('on an empty folder, twice on two', async () => {
    await sh('mkdir /srv/empty /srv/another');
    assert.deepEqual(await mount(one, '/srv/empty'), { mounted: true });
    assert.deepEqual(await mount(one, '/srv/another'), { mounted: true });
    assert.equal(await sh('rm /srv/empty/file; ls /srv/empty; ls /srv/another'), 'file\n');
  });

  test('read-only is what the sandbox sees of the builder', async () => {
    assert.match(await sh(`touch ${one}/x; rm ${one}/file; mount -o remount,rw ${paths.caches}/T1`), /Read-only file system[^]*Read-only file system[^]*permission denied/);
  });

  const refused: [what: string, lower: string, target: string, why: RegExp][] = [
    ['where files are', one, '/etc', /there are files already/],
    ['where a file is', one, '/etc/passwd', /ENOTDIR/],
    ['what is not there', `${one}/missing`, '/srv/x/y', /ENOENT/],
    ['what is no folder', `${one}/file`, '/srv/x/y', /ENOTDIR/],
    ['what is no cache', '/etc', '/srv/x/y', /not one of the builder’s caches/],
    ['what leads out of the caches', `${paths.caches}/../../etc`, '/srv/x/y', /not one of the builder’s caches/],
    ['on the root', one, '/', /no place for it/],
    ['on a path that leads elsewhere', one, '/srv/../etc', /no place for it/],
  ];
  for (const [what, lower, target, why] of refused) {
    test(`not ${what}`, async () => {
      const before = await sh('find /srv; cat /proc/mounts');
      const answer = await mount(lower, target);
      assert.match(answer.mounted ? 'mounted' : answer.refused, why);
      assert.equal(await sh('find /srv; cat /proc/mounts'), before, 'all is as it was');
    });
  }
});
