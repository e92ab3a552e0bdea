import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { btrfsPool } from '../../../../activities/adapters/lxc/btrfs-pool.ts';
import { folderPool } from '../../../../activities/adapters/lxc/pool.ts';
import { runInside, specOf, testHost, testImages } from './machine.ts';

const MiB = 1024 * 1024;
const folder = mkdtempSync('/tmp/rh-test-full-');
const [small, state] = [join(folder, 'small'), join(folder, 'state')];
for (const path of [small, state]) mkdirSync(path);
// The disk of a builder, which is easily full.
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m,nr_inodes=2000', 'tmpfs', small]);
after(() => {
  execFileSync('umount', [small]);
  rmSync(folder, { recursive: true });
});

test('a pool says how full its file system is, of bytes and of files', async () => {
  const pool = folderPool(join(small, 'not', 'yet'));
  const about = async (percent: number): Promise<void> => {
    const used = await pool.usedPercent();
    assert.ok(Math.abs(used - percent) < 3, `${used} % used, not ${percent} %`);
  };
  await about(0);
  writeFileSync(join(small, 'x'), Buffer.alloc(30 * MiB));
  await about(75);
  rmSync(join(small, 'x'));
  mkdirSync(join(small, 'many'));
  for (let i = 0; i < 1800; i++) writeFileSync(join(small, 'many', String(i)), '');
  await about(90);
  rmSync(join(small, 'many'), { recursive: true });
});

test('a btrfs pool is as full as the disk that its sparse file is on', async () => {
  const options = { folder: join(state, 'pool'), image: { file: join(small, 'pool.btrfs'), sizeBytes: 512 * MiB } };
  const pool = btrfsPool(options);
  assert.ok((await pool.usedPercent()) < 5);
  await pool.create('one', null);
  const before = await pool.usedPercent();
  writeFileSync(join(small, 'x'), Buffer.alloc(20 * MiB));
  assert.ok((await pool.usedPercent()) >= before + 45);
  assert.ok(statSync(options.image.file).size === 512 * MiB);
  await pool.destroy('one');
  await pool.release();
  for (const file of ['x', 'pool.btrfs', 'pool.btrfs.lock']) rmSync(join(small, file));
});

test('on a full disk only the sandbox that fills it fails, and one that cannot be made says so', async () => {
  const { host } = testHost({ pool: folderPool(join(small, 'disks')), images: testImages({}) });
  const handle = await host.create(specOf());
  const { output } = await runInside(handle, 'head -c 100M /dev/zero > /tmp/x; echo "ended with $?"');
  assert.match(output, /No space left on device\nended with 1\n/);
  await assert.rejects(host.create(specOf()), { kind: 'start-failed' });
  assert.equal((await runInside(handle, 'rm /tmp/x && echo free')).output, 'free\n');
  const next = await host.create(specOf());
  await Promise.all([handle, next].map(({ name }) => host.destroy(name)));
});
