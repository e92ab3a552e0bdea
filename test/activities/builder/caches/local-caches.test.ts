import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { confinedUnpacker } from '../../../../activities/adapters/unpack.ts';
import { LocalCaches, type LocalCache, type LocalCachesPorts } from '../../../../activities/builder/caches/local-caches.ts';
import { until } from '../../../sandbox-agent/agent.ts';
import { tarOf, zstdOf } from './tar.ts';

const content = zstdOf(tarOf([{ name: 'x', content: 'y'.repeat(100_000) }]));
const cacheOf = (archive: string): LocalCache => ({ repositoryId: 7, level: 'T1', archive });

type Local = { caches: LocalCaches; folder: string; warnings: object[]; /** Packed and unpacked; last used so many seconds ago. */ have(archive: string, secondsAgo: number): Promise<LocalCache>; here(): string[] };

function local(t: TestContext, change: Partial<LocalCachesPorts> = {}, folder = mkdtempSync(join(tmpdir(), 'rh-local-'))): Local {
  const warnings: object[] = [];
  const caches = new LocalCaches(folder, { unpack: confinedUnpacker, maxBytes: 1e6, stallMs: 10_000, diskBytes: 250_000, log: { warn: (fields) => void warnings.push(fields) }, ...change });
  t.after(async () => {
    await caches.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    caches,
    folder,
    warnings,
    async have(archive, secondsAgo) {
      const file = await caches.newFile();
      writeFileSync(file, content);
      await caches.keep(cacheOf(archive), file);
      assert.deepEqual(await caches.unpack(cacheOf(archive)), { files: 1, bytes: 102_400 });
      const time = new Date(Date.now() - secondsAgo * 1000);
      await utimes(join(folder, '7/T1/known', archive), time, time);
      return cacheOf(archive);
    },
    here: () => readdirSync(join(folder, '7/T1/unpacked')).sort(),
  };
}

suite('a builder’s own disk', () => {
  test('keeps what was used last, within its budget', async (t) => {
    const { caches, have, here, folder } = local(t);
    for (const [archive, ago] of [['a', 30], ['b', 10], ['c', 20]] as const) await have(archive, ago);
    assert.deepEqual(await caches.trim(new Set()), ['a']);
    assert.deepEqual(here(), ['b', 'c']);
    assert.deepEqual(readdirSync(join(folder, '7/T1/packed')).sort(), ['b', 'c']);
    assert.ok(await caches.packed(cacheOf('c')));
    await have('d', 15);
    assert.deepEqual(await caches.trim(new Set()), ['d'], 'to ask for the archive is to use it');
  });

  test('does not let go of what a sandbox has mounted, also after the builder was started anew', async (t) => {
    const first = local(t, { diskBytes: 1 });
    for (const [archive, ago] of [['a', 30], ['b', 20]] as const) await first.have(archive, ago);
    first.caches.mark(cacheOf('a'), 'sandbox1');
    assert.deepEqual(await first.caches.trim(new Set(['sandbox1'])), ['b']);
    await first.caches.stop();
    const second = local(t, { diskBytes: 1 }, first.folder);
    assert.deepEqual(await second.caches.trim(new Set(['sandbox1', 'sandbox2'])), []);
    assert.deepEqual(second.here(), ['a']);
    assert.deepEqual(await second.caches.trim(new Set(['sandbox2'])), ['a']);
    assert.deepEqual(second.here(), []);
  });

  test('is for nobody else of the machine, and is cleared of what a killed process was making', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'rh-local-'));
    const { caches } = local(t, {}, join(folder, 'caches'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    await caches.shared(7, 'T2');
    assert.equal(statSync(join(folder, 'caches')).mode & 0o777, 0o700);
    const left = await caches.newFile();
    mkdirSync(left);
    const next = local(t, {}, join(folder, 'caches'));
    await next.caches.shared(7, 'T2');
    assert.ok(!existsSync(left));
  });

  test('unpacks later what was just saved, one after the other, and abandons it when the builder stops', async (t) => {
    let atOnce = 0;
    let most = 0;
    const begun: string[] = [];
    const { caches, folder, here } = local(t, {
      unpack: async (archive, _target, { signal, inBackground }) => {
        assert.ok(inBackground);
        begun.push(String(archive).split('/').at(-1)!);
        most = Math.max(most, (atOnce += 1));
        if (begun.length === 3) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
        atOnce -= 1;
        return { files: 1, bytes: 1 };
      },
    });
    for (const archive of 'abcdefghijkl') {
      const file = await caches.newFile();
      writeFileSync(file, content);
      await caches.keep(cacheOf(archive), file);
    }
    for (const archive of 'abcdefghijkl') caches.unpackLater(cacheOf(archive));
    await until('the third is begun', () => begun.length === 3);
    await caches.stop();
    assert.equal(most, 1);
    assert.deepEqual(begun, ['a', 'b', 'c']);
    assert.deepEqual(here(), ['a', 'b']);
    assert.deepEqual(readdirSync(join(folder, 'work')), []);
  });

  test('unpacks once for all who ask at once; a fault leaves nothing', async (t) => {
    const { caches, folder, have, here } = local(t);
    await have('good', 0);
    const file = await caches.newFile();
    writeFileSync(file, content.subarray(0, 50));
    await caches.keep(cacheOf('bad'), file);
    const faults = await Promise.all([caches.unpack(cacheOf('bad')), caches.unpack(cacheOf('bad'))]);
    assert.ok(faults.every((each) => 'fault' in each && each.fault === 'damaged'));
    assert.equal(faults[0], faults[1], 'one answer for both');
    assert.deepEqual(here(), ['good']);
    assert.deepEqual(readdirSync(join(folder, 'work')), []);
  });
});
