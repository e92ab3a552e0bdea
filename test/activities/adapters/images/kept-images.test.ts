import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { imagesToRemove, KeptImages, type Kept } from '../../../../activities/adapters/images/kept-images.ts';
import { plainConfig } from '../../../../activities/builder/image-store.ts';

const root = mkdtempSync('/tmp/rh-test-kept-');
after(() => rmSync(root, { recursive: true }));

const minute = 60_000;
const rows: [string, [name: string, bytes: number, minutesAgo: number, inUse?: boolean][], number, string[]][] = [
  ['what fits stays', [['a', 10, 90], ['b', 10, 80]], 20, []],
  ['the one that was used longest ago goes', [['a', 10, 80], ['b', 10, 90]], 19, ['b']],
  ['and the next, while it is too much', [['a', 10, 80], ['b', 10, 90], ['c', 10, 70]], 5, ['b', 'a', 'c']],
  ['no more than needed', [['a', 10, 80], ['b', 30, 90], ['c', 10, 70]], 25, ['b']],
  ['one in use stays', [['a', 10, 80], ['b', 10, 90, true]], 10, ['a']],
  ['one of the last ten minutes stays', [['a', 10, 11], ['b', 10, 9]], 0, ['a']],
  ['all in use: nothing goes', [['a', 10, 80, true], ['b', 10, 1]], 0, []],
  ['no images', [], 0, []],
];
for (const [what, images, budget, removed] of rows) {
  test(`of images: ${what}`, () => {
    const now = 1e12;
    const kept = images.map(([digest, bytes, minutesAgo, inUse = false]): Kept => ({ digest, bytes, usedAt: now - minutesAgo * minute, inUse }));
    assert.deepEqual(imagesToRemove(kept, budget, now), removed);
  });
}

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
let scenes = 0;
function scene(diskBytes: number): { folder: string; marks: string; images: KeptImages; log: string[]; make: (letter: string) => Promise<unknown>; age: (letter: string) => void } {
  const own = join(root, String(scenes++));
  const [folder, marks] = [join(own, 'oci'), join(own, 'marks')];
  mkdirSync(marks, { recursive: true });
  const log: string[] = [];
  const images = new KeptImages({ folder, diskBytes, marks, log: (line) => log.push(line) });
  return {
    folder,
    marks,
    images,
    log,
    make: (letter) =>
      images.make(digest(letter), (fresh) => {
        mkdirSync(join(fresh, 'rootfs'));
        writeFileSync(join(fresh, 'rootfs', 'file'), Buffer.alloc(1e6));
        return Promise.resolve(plainConfig);
      }),
    age: (letter) => utimesSync(join(folder, letter.repeat(64), 'used'), new Date(Date.now() - 20 * minute), new Date(Date.now() - 20 * minute)),
  };
}
const imagesIn = (folder: string): string[] => readdirSync(folder).filter((name) => !name.endsWith('.lock') && name !== 'names').map((name) => name.replace(/(.)\1{63}/, '$1')).sort();

test('a new image drives out the one that was used longest ago, but not one that a sandbox has mounted', async () => {
  const { folder, marks, images, log, make, age } = scene(2.5e6);
  await make('a');
  await make('b');
  for (const letter of ['a', 'b']) age(letter);
  symlinkSync(join(folder, 'a'.repeat(64), 'rootfs'), join(marks, '7-0'));
  await make('c');
  assert.deepEqual(imagesIn(folder), ['a', 'c']);
  assert.match(log.join(), /removed the image sha256:b{64}/);
  rmSync(join(marks, '7-0'));
  await make('d');
  assert.deepEqual(imagesIn(folder), ['c', 'd']);
  assert.equal(await images.use(digest('a')), null);
});

test('being asked for counts as use', async () => {
  const { folder, images, make, age } = scene(2.5e6);
  await make('a');
  await make('b');
  for (const letter of ['a', 'b']) age(letter);
  assert.deepEqual(await images.use(digest('a')), { folder: join(folder, 'a'.repeat(64), 'rootfs'), digest: digest('a'), config: plainConfig });
  await make('c');
  assert.deepEqual(imagesIn(folder), ['a', 'c']);
});

test('nobody but root can walk to an image, whose programs keep their set-user-id bits', async () => {
  const { folder, make } = scene(1e9);
  await make('a');
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test('an image that could not be made leaves nothing, and is made by the next who asks', async () => {
  const { folder, images, make } = scene(1e9);
  await assert.rejects(
    images.make(digest('a'), (fresh) => {
      mkdirSync(join(fresh, 'rootfs'));
      return Promise.reject(new Error('refused'));
    }),
    /refused/,
  );
  assert.deepEqual(imagesIn(folder), []);
  await make('a');
  assert.deepEqual(imagesIn(folder), ['a']);
});

test('what killed processes left is gone at the next start; what a living one makes stays', async () => {
  const { folder, images } = scene(1e9);
  for (const name of [`${'a'.repeat(64)}.new/rootfs`, `${'b'.repeat(64)}.gone/rootfs`, `${'c'.repeat(64)}.new/rootfs`]) mkdirSync(join(folder, name), { recursive: true });
  const release = await lock(folder, 'c');
  try {
    await images.use(digest('d'));
    assert.deepEqual(imagesIn(folder), ['c.new']);
  } finally {
    await release();
  }
});

test('an image that comes into use just when it is to go stays', async () => {
  const { folder, marks, make, age } = scene(1.5e6);
  await make('a');
  age('a');
  const release = await lock(folder, 'a');
  const making = make('b');
  try {
    while (!existsSync(join(folder, 'b'.repeat(64)))) await sleep(5);
    await sleep(100); // It has been chosen by now, and waits for the lock.
    symlinkSync(join(folder, 'a'.repeat(64), 'rootfs'), join(marks, '7-0'));
  } finally {
    await release();
  }
  await making;
  assert.deepEqual(imagesIn(folder), ['a', 'b']);
});

/** As another process holds it. */
async function lock(folder: string, letter: string): Promise<() => Promise<unknown>> {
  const holder = spawn('flock', [join(folder, `${letter.repeat(64)}.lock`), 'sh', '-c', 'echo locked; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  await once(holder.stdout, 'data');
  return () => {
    process.kill(-holder.pid!, 'SIGKILL');
    return once(holder, 'exit');
  };
}

test('of two who want the same image at once, in different processes as it were, one makes it', async () => {
  const { folder, marks } = scene(1e9);
  let made = 0;
  const one = (): Promise<unknown> =>
    new KeptImages({ folder, diskBytes: 1e9, marks }).make(digest('a'), async (fresh) => {
      made++;
      mkdirSync(join(fresh, 'rootfs'));
      await sleep(100);
      return plainConfig;
    });
  await Promise.all([one(), one()]);
  assert.equal(made, 1);
  assert.ok(existsSync(join(folder, 'a'.repeat(64), 'image.json')));
});
