import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { confinedUnpacker } from '../../../activities/adapters/unpack.ts';
import type { Unpacked } from '../../../activities/builder/caches/local-caches.ts';
import { tarOf, zstdOf, type Member } from '../builder/caches/tar.ts';

type Place = { folder: string; target: string; unpack(archive: Buffer | string, limits?: { maxBytes?: number; maxFiles?: number }): Promise<Unpacked> };

/** `folder` holds the target, an archive, and a canary that nobody may touch. */
function place(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), 'rh-unpack-'));
  const target = join(folder, 'target');
  mkdirSync(target);
  writeFileSync(join(folder, 'canary'), 'alive');
  t.after(() => rmSync(folder, { recursive: true }));
  return {
    folder,
    target,
    async unpack(archive, { maxBytes = 1e9, maxFiles = 1000 } = {}) {
      const file = typeof archive === 'string' ? archive : join(folder, 'archive');
      if (typeof archive !== 'string') writeFileSync(file, archive);
      const unpacked = await confinedUnpacker(file, target, { maxBytes, maxFiles, stallMs: 60_000, signal: new AbortController().signal, inBackground: false });
      assert.deepEqual(readdirSync(folder).filter((name) => name !== 'archive').sort(), ['canary', 'target'], 'something appeared beside the target');
      assert.equal(readFileSync(join(folder, 'canary'), 'utf8'), 'alive');
      return unpacked;
    },
  };
}

const faultOf = (unpacked: Unpacked): string => ('fault' in unpacked ? unpacked.fault : 'none');

suite('an honest archive', () => {
  test('is unpacked with its owners, modes, links and times', async (t) => {
    const { target, unpack } = place(t);
    const source = mkdtempSync(join(tmpdir(), 'rh-source-'));
    t.after(() => rmSync(source, { recursive: true }));
    execFileSync('sh', ['-ec', 'mkdir -p home/ada/empty; cd home/ada; echo one >file; ln file hard; ln -s file soft; ln -s /etc/passwd absolute; mkfifo fifo; chown 1000:1001 file; chown -h 65534 soft; chmod 600 file; chmod 1777 empty; touch -d @1000000000 file; truncate -s 1G sparse'], { cwd: source });
    const tar = execFileSync('tar', ['--create', '--numeric-owner', '--sparse', 'home'], { cwd: source });
    assert.deepEqual(await unpack(zstdOf(tar)), { files: 9, bytes: 10_240 });
    const home = join(target, 'home/ada');
    const { uid, gid, mode, ino, mtimeMs } = statSync(join(home, 'file'));
    assert.deepEqual([uid, gid, mode & 0o7777, mtimeMs], [1000, 1001, 0o600, 1e12]);
    assert.equal(statSync(join(home, 'hard')).ino, ino);
    assert.equal(lstatSync(join(home, 'soft')).uid, 65534);
    assert.equal(statSync(join(home, 'empty')).mode & 0o7777, 0o1777);
    assert.ok(statSync(join(home, 'sparse')).blocks < 100);
  });

  test('may have names that are no text, and names of two lines', async (t) => {
    const { target, unpack } = place(t);
    assert.deepEqual(await unpack(zstdOf(tarOf([{ name: Buffer.from([0x61, 0xff, 0xfe]) }, { name: 'two\nlines' }]))), { files: 2, bytes: 10_240 });
    assert.deepEqual(readdirSync(target, { encoding: 'buffer' }).map((name) => name.toString('latin1')).sort(), ['a\xff\xfe', 'two\nlines']);
  });

  test('is left alone by a signal that is aborted before its end', async (t) => {
    const { folder, target } = place(t);
    execFileSync('sh', ['-c', 'head -c 300000000 /dev/urandom | zstd -1 -q >archive'], { cwd: folder });
    const abort = new AbortController();
    const unpacking = confinedUnpacker(join(folder, 'archive'), target, { maxBytes: 1e9, maxFiles: 9, stallMs: 1e6, signal: abort.signal, inBackground: true });
    abort.abort(new Error('no more'));
    await assert.rejects(unpacking, /no more/);
    assert.deepEqual(readdirSync(folder).sort(), ['archive', 'canary', 'target']);
  });
});

suite('check 23: a cache by a hostile hand is unpacked nowhere but in its folder, or not at all', () => {
  const rows: [what: string, members: Member[], fault: string][] = [
    ['a name with ..', [{ name: '../canary', content: 'dead' }], 'damaged'],
    ['a name with .. in the middle', [{ name: 'a/../../canary', content: 'dead' }], 'damaged'],
    ['a file through a link to the outside', [{ name: 'out', type: 'symlink', link: '..' }, { name: 'out/canary', content: 'dead' }], 'damaged'],
    ['a file through an absolute link', [{ name: 'out', type: 'symlink', link: '/' }, { name: 'out/target-of-link', content: 'dead' }], 'damaged'],
    ['a file through a link to a link', [{ name: 'a', type: 'symlink', link: '..' }, { name: 'b', type: 'symlink', link: 'a/..' }, { name: 'b/canary', content: 'dead' }], 'damaged'],
    ['a hard link to the outside', [{ name: 'hard', type: 'hardlink', link: '../canary' }, { name: 'hard', content: 'dead' }], 'damaged'],
    ['a hard link to a program of the host', [{ name: 'hard', type: 'hardlink', link: '/usr/bin/env' }], 'damaged'],
    ['a hard link through a link', [{ name: 'a', type: 'symlink', link: '/usr/bin' }, { name: 'hard', type: 'hardlink', link: 'a/env' }], 'damaged'],
    ['a device', [{ name: 'zero', type: 'device' }], 'damaged'],
    ['an owner that no sandbox has', [{ name: 'x', uid: 100_000 }], 'damaged'],
  ];
  for (const [what, members, fault] of rows) {
    test(what, async (t) => {
      const { unpack } = place(t);
      assert.equal(faultOf(await unpack(zstdOf(tarOf(members)))), fault);
    });
  }

  test('an absolute name becomes one in the folder', async (t) => {
    const { target, unpack } = place(t);
    assert.equal(faultOf(await unpack(zstdOf(tarOf([{ name: '/canary', content: 'dead' }])))), 'none');
    assert.deepEqual(readdirSync(target), ['canary']);
  });

  test('a program with its set-user-id bit lies in a folder where nobody else comes, and mounts make nothing of it', async (t) => {
    const { target, unpack } = place(t);
    assert.equal(faultOf(await unpack(zstdOf(tarOf([{ name: 'su', mode: 0o4755, content: 'x' }])))), 'none');
    assert.equal(statSync(join(target, 'su')).mode & 0o7777, 0o4755);
  });

  test('a bomb of 10 GB of zeros', async (t) => {
    const { folder, target, unpack } = place(t);
    const file = join(folder, 'archive');
    zeros(file, 10);
    assert.ok(statSync(file).size < 2e6);
    assert.equal(faultOf(await unpack(file, { maxBytes: 200e6 })), 'too-large');
    assert.ok(Number(execFileSync('du', ['-s', '-B1', target], { encoding: 'utf8' }).split('\t')[0]) < 2e9);
  });

  test('2 million empty files', async (t) => {
    const { folder, target, unpack } = place(t);
    const file = join(folder, 'archive');
    const part = zstdOf(tarOf(Array.from({ length: 10_000 }, (_, i) => ({ name: String(i) }))).subarray(0, 10_000 * 512));
    writeFileSync(file, Buffer.concat(Array.from({ length: 200 }, () => part)));
    assert.equal(faultOf(await unpack(file, { maxFiles: 5000 })), 'too-many-files');
    assert.ok(readdirSync(target).length <= 10_000);
  });

  const good = zstdOf(tarOf([{ name: 'x', content: 'y'.repeat(100_000) }]));
  const bytes: [what: string, archive: Buffer][] = [
    ['truncated', good.subarray(0, good.length - 10)],
    ['with a byte changed', Buffer.concat([good.subarray(0, 20), Buffer.from([good[20]! ^ 0xff]), good.subarray(21)])],
    ['not packed at all', tarOf([{ name: 'x' }])],
    ['empty', Buffer.alloc(0)],
    ['with something behind it', Buffer.concat([good, Buffer.from('garbage')])],
    ['packed, but no archive', zstdOf(Buffer.from('x'.repeat(5000)))],
    ['an archive without its end', zstdOf(tarOf([{ name: 'x', content: 'y'.repeat(5000) }]).subarray(0, 2000))],
  ];
  for (const [what, archive] of bytes) {
    test(`bytes that are ${what}`, async (t) => assert.equal(faultOf(await place(t).unpack(archive)), 'damaged'));
  }
});

/** One file of so many gigabytes of zeros, in an archive that is packed. What zstd packs may be put together piece by piece. */
function zeros(file: string, gigabytes: number): void {
  const [header, gigabyte] = [tarOf([{ name: 'zeros', claimedSize: gigabytes * 1e9 }]).subarray(0, 512), execFileSync('sh', ['-c', 'head -c 1000000000 /dev/zero | zstd -1 --quiet --stdout'])];
  writeFileSync(file, Buffer.concat([zstdOf(header), ...Array.from({ length: gigabytes }, () => gigabyte), zstdOf(Buffer.alloc(1024))]));
}
