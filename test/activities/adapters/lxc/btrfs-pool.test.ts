import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { btrfsPool } from '../../../../activities/adapters/lxc/btrfs-pool.ts';
import { runInside, specOf, testHost } from './machine.ts';

const MiB = 1024 * 1024;
const state = mkdtempSync('/tmp/rh-test-pool-');
const options = { folder: join(state, 'pool'), image: { file: join(state, 'pool.btrfs'), sizeBytes: 2048 * MiB } };
const pool = btrfsPool(options);
const { host } = testHost({ pool });
after(() => {
  execFileSync('umount', [options.folder]);
  rmSync(state, { recursive: true });
});

test('check 6: filling the disk ends at the quota of the sandbox; its neighbour and the builder have room', async () => {
  const limits = { cpus: 1, memoryBytes: 512 * MiB, pids: 200 };
  const [full, other] = await Promise.all([host.create(specOf({ limits: { ...limits, diskBytes: 100 * MiB } })), host.create(specOf({ limits: { ...limits, diskBytes: 200 * MiB } }))]);
  for (const place of ['/tmp', '/var/tmp', '/root', '/run/roundhouse']) {
    const { output } = await runInside(full, `head -c ${150 * MiB} /dev/zero > ${place}/x; echo "ended with $?"; sync; stat -c %s ${place}/x; rm ${place}/x; sync`);
    assert.match(output, /(No space left on device|Disk quota exceeded)\nended with 1\n/, place);
    const written = Number(/\n(\d+)\n$/.exec(output)?.[1]);
    assert.ok(written > 60 * MiB && written <= 100 * MiB, `${written} bytes in ${place}`);
  }
  // Many small files are no way around it.
  assert.match((await runInside(full, 'mkdir /tmp/many; cd /tmp/many; i=0; while head -c 400000 /dev/urandom > $i; do i=$((i+1)); [ $i -lt 500 ] || break; done; echo "stopped at $i"')).output, /stopped at [12]\d{2}\n$/);
  assert.equal((await runInside(other, `head -c ${150 * MiB} /dev/zero > /tmp/x && echo fits`)).output, 'fits\n');
  writeFileSync(join(state, 'of-the-builder'), Buffer.alloc(MiB));
  await Promise.all([full, other].map((handle) => host.destroy(handle.name)));
  assert.deepEqual(await pool.names(), []);
});

test('no subvolume can be made in a sandbox, which would have a limit of its own', async () => {
  const handle = await host.create(specOf({ limits: { cpus: 1, memoryBytes: 512 * MiB, pids: 200, diskBytes: 100 * MiB } }));
  // BTRFS_IOC_SUBVOL_CREATE in every folder that root can write to.
  const script = `perl -e 'for $d (@ARGV) { opendir($h, $d); $a = pack("q", 0) . "evil" . "\\0" x 4084; print "$d made\\n" if defined ioctl($h, 0x5000940e, $a) }' / /tmp /run/roundhouse /dev/shm /var; echo done`;
  assert.equal((await runInside(handle, script)).output, 'done\n');
  await host.destroy(handle.name);
});

test('the pool is made once, found again after a reboot, and takes only what is used', async () => {
  const own = await pool.create('one', 10 * MiB);
  writeFileSync(join(own, 'x'), 'kept');
  execFileSync('umount', ['--lazy', options.folder]);
  assert.ok(!existsSync(join(own, 'x')));
  const again = btrfsPool(options);
  await again.create('two', null);
  assert.deepEqual((await again.names()).sort(), ['one', 'two']);
  await again.destroy('one');
  await again.destroy('two');
  await again.destroy('two');
  assert.deepEqual(await again.names(), []);
  const { blocks } = statSync(options.image.file);
  assert.ok(blocks * 512 < 800 * MiB, `${(blocks * 512) / MiB} MiB`);
});

test('a folder without btrfs is refused with the remedy', async () => {
  assert.notEqual(statfsSync(state).type, 0x9123683e);
  await assert.rejects(btrfsPool({ folder: state }).create('x', null), /is not on btrfs\. Mount one there/);
});
