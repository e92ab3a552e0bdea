// What do layers of strangers reach on this machine?

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { zstdCompressSync, gzipSync } from 'node:zlib';
import { unpackLayers } from '../../../../activities/adapters/images/unpack.ts';
import { SandboxError } from '../../../../activities/builder/sandbox.ts';
import { writeLayout } from '../../../images/layout.ts';
import { tar, type Entry } from '../../../images/tar.ts';

const folder = mkdtempSync('/tmp/rh-test-unpack-');
after(() => rmSync(folder, { recursive: true }));

let images = 0;
async function unpack(layers: (Entry[] | { file: string; bytes: Buffer })[], maxBytes = 1e9): Promise<string> {
  const own = join(folder, String(images++), 'work');
  mkdirSync(own, { recursive: true });
  const archives = layers.map((layer, index) => {
    const { file, bytes } = Array.isArray(layer) ? { file: 'layer.tar', bytes: tar(layer) } : layer;
    writeFileSync(join(own, `${index}-${file}`), bytes);
    return join(own, `${index}-${file}`);
  });
  await writeLayout(join(own, 'layout'), [{ layers: archives }]);
  await unpackLayers(own, { image: 'r.example/a', maxBytes });
  return join(own, 'rootfs');
}

const outside = join(folder, 'outside');
mkdirSync(outside);
writeFileSync(join(outside, 'victim'), 'as it was');
/** As many steps up as lead to the root of the host, whatever is taken for the root. */
const up = '../'.repeat(20);

const hostile: [string, Entry[][]][] = [
  ['a path upwards', [[{ name: `${up.slice(0, 60)}..${outside}/new`, content: 'x' }]]],
  ['an absolute path', [[{ name: `${outside}/new`, content: 'x' }]]],
  ['a symbolic link, then a file behind it', [[{ name: 'door', type: 'symlink', to: outside }, { name: 'door/new', content: 'x' }, { name: 'door/victim', content: 'x' }]]],
  ['the same in two layers', [[{ name: 'door', type: 'symlink', to: outside }], [{ name: 'door/new', content: 'x' }, { name: 'door/victim', content: 'x' }]]],
  ['a relative link upwards', [[{ name: 'door', type: 'symlink', to: `${up}${outside.slice(1)}` }, { name: 'door/victim', content: 'x' }]]],
  ['a symbolic link in the place of a file', [[{ name: 'file', type: 'symlink', to: join(outside, 'victim') }, { name: 'file', content: 'x' }]]],
  ['a hard link to a file outside', [[{ name: 'mine', type: 'link', to: join(outside, 'victim') }, { name: 'mine', content: 'x' }]]],
  ['a hard link upwards', [[{ name: 'mine', type: 'link', to: `${up}${outside.slice(1)}/victim` }]]],
  ['a removal behind a link', [[{ name: 'door', type: 'symlink', to: outside }], [{ name: 'door/.wh.victim' }]]],
  ['a removal of everything behind a link', [[{ name: 'door', type: 'symlink', to: outside }], [{ name: 'door/.wh..wh..opq' }]]],
  ['a removal upwards', [[{ name: 'a', type: 'folder' }], [{ name: `a/.wh...` }]]],
  ['new modes behind a link', [[{ name: 'door', type: 'symlink', to: outside }, { name: 'door', type: 'folder', mode: 0o777 }, { name: 'door/.', type: 'folder', mode: 0o777, owner: 1000 }]]],
];
for (const [what, layers] of hostile) {
  test(`check 23: of an image, ${what} reaches nothing outside of it`, async () => {
    const before = statSync(outside);
    // Whether umoci refuses it or puts it into the image does not matter.
    const rootfs = await unpack(layers).catch((error: unknown) => (assert.ok(error instanceof SandboxError), null));
    assert.deepEqual(readdirSync(outside), ['victim']);
    assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'as it was');
    assert.equal(lstatSync(join(outside, 'victim')).nlink, 1);
    assert.deepEqual([statSync(outside).mode, statSync(outside).uid], [before.mode, before.uid]);
    if (rootfs !== null) assert.deepEqual(readdirSync(join(rootfs, '..')).filter((name) => !/^\d-layer/.test(name)).sort(), ['layout', 'rootfs']);
  });
}

test('owners, modes, set-user-id bits and links stay as the image has them, and later layers take away', async () => {
  const rootfs = await unpack([
    [
      { name: 'bin', type: 'folder' },
      { name: 'bin/su', content: 'program', mode: 0o4755 },
      { name: 'bin/other', type: 'link', to: 'bin/su' },
      { name: 'home', type: 'folder', mode: 0o700, owner: 3434 },
      { name: 'home/gone', content: 'x' },
    ],
    [{ name: 'home/.wh.gone' }, { name: 'home/new', content: 'y', owner: 3434 }],
  ]);
  assert.equal(statSync(join(rootfs, 'bin/su')).mode & 0o7777, 0o4755);
  assert.equal(statSync(join(rootfs, 'bin/other')).ino, statSync(join(rootfs, 'bin/su')).ino);
  assert.deepEqual([statSync(join(rootfs, 'home')).uid, statSync(join(rootfs, 'home')).mode & 0o777], [3434, 0o700]);
  assert.deepEqual(readdirSync(join(rootfs, 'home')), ['new']);
});

test('packed by gzip or zstd, the layers are the same', async () => {
  const bytes = tar([{ name: 'file', content: 'content' }]);
  const rootfs = await unpack([{ file: 'layer.tar.gz', bytes: gzipSync(bytes) }]);
  assert.equal(readFileSync(join(rootfs, 'file'), 'utf8'), 'content');
  const zstd = await unpackZstd(bytes);
  assert.equal(readFileSync(join(zstd, 'file'), 'utf8'), 'content');
  await assert.rejects(unpackZstd(Buffer.alloc(2e8), 1e7), /larger than 10 MB when unpacked/);
});

async function unpackZstd(bytes: Buffer, maxBytes = 1e9): Promise<string> {
  const own = join(folder, String(images++), 'work');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'layer.tar.zst'), zstdCompressSync(bytes));
  writeFileSync(join(own, 'plain.tar'), bytes);
  await writeLayout(join(own, 'layout'), [{ layers: [join(own, 'layer.tar.zst')], opened: [join(own, 'plain.tar')] }]);
  await unpackLayers(own, { image: 'r.example/a', maxBytes });
  return join(own, 'rootfs');
}

test('check 23: a bomb is stopped when it has written what is allowed, and the sentence says how much that is', async () => {
  const bomb = gzipSync(tar([{ name: 'zeros', content: Buffer.alloc(4e8) }]));
  assert.ok(bomb.length < 1e6);
  await assert.rejects(unpack([{ file: 'layer.tar.gz', bytes: bomb }], 5e7), (error: SandboxError) => error.kind === 'unknown-image' && /larger than 50 MB when unpacked, which is the most that this builder takes \(imageMaxGigabytes\)/.test(error.message));
  const written = execFileSync('du', ['--summarize', '--block-size=1', join(folder, String(images - 1), 'work/rootfs')], { encoding: 'utf8' });
  assert.ok(parseInt(written, 10) < 4e8, written);
});

test('check 23: devices of an image open nothing', async () => {
  const [major, minor] = [1, 5]; // /dev/zero
  const rootfs = await unpack([[{ name: 'zero', type: 'character', device: [major, minor], mode: 0o666 }]]);
  if (!existsSync(join(rootfs, 'zero'))) return;
  const mount = join(folder, 'mount');
  mkdirSync(mount);
  // As a sandbox mounts it: rootfs.ts.
  const script = 'mount -o bind,nodev "$1" "$2" && head -c 1 "$2/zero"';
  assert.throws(() => execFileSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', rootfs, mount], { stdio: ['ignore', 'pipe', 'pipe'] }), /Permission denied/);
});

test('layers that are no archive are refused with a sentence', async () => {
  await assert.rejects(unpack([{ file: 'layer.tar', bytes: Buffer.alloc(4096, 'x') }]), (error: SandboxError) => error.kind === 'unknown-image' && /^The layers of the image r\.example\/a cannot be unpacked\./.test(error.message) && /unpacking ended with/.test((error.cause as Error).message));
});

test('who gives up leaves no program behind', async () => {
  const own = join(folder, 'given-up');
  mkdirSync(own);
  writeFileSync(join(own, 'layer.tar'), tar([{ name: 'file', content: 'x' }]));
  await writeLayout(join(own, 'layout'), [{ layers: [join(own, 'layer.tar')] }]);
  const giveUp = new AbortController();
  const unpacking = unpackLayers(own, { image: 'a', maxBytes: 1e9, signal: giveUp.signal });
  giveUp.abort(new Error('given up'));
  await assert.rejects(unpacking, /given up/);
});
