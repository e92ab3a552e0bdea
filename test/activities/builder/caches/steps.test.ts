import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { addEntry, archiveKey, type CacheEntry } from '../../../../activities/builder/caches/cache-index.ts';
import type { ObjectStore } from '../../../../activities/object-store.ts';
import { testHost } from '../../adapters/lxc/machine.ts';
import { cacheScene, type Job } from './scene.ts';
import { tarOf, zstdOf, type Member } from './tar.ts';

const { host } = testHost();

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('caches/')) keys.push(key);
  return keys;
}

/** Two files, as a package manager may have left them. */
const fill = (job: Job, content = 'one'): Promise<string> => job.sh(`mkdir -p /root/.npm/deep; echo ${content} >/root/.npm/deep/file; echo lock >/root/lock`);

suite('a cache is saved and restored', () => {
  test('by mounting it, with owners, links and modes; what a job writes does not change it', async (t) => {
    const { job } = cacheScene(t, host);
    const first = await job();
    await first.sh('mkdir -p /root/.npm/deep; cd /root/.npm; echo one >deep/file; ln -s deep/file soft; ln deep/file hard; chown 1000:1001 deep; chmod 750 deep; cp /usr/bin/id run; chmod 4755 run');
    const { log, note } = await first.save('v1-{{ .Branch }}', ['~/.npm']);
    assert.match(note ?? '', /^\d+ kB saved$/);
    assert.match(log, /^Saved \d+ kB as \d+ kB in .*, under the key: v1-main$/);

    for (const round of ['first', 'again']) {
      const next = await job();
      const { log, note } = await next.restore(['v1-']);
      assert.match(note ?? '', /^\d+ kB restored$/);
      assert.match(log, /^Found a cache from build \d+ at v1-main\n(Unpacked 6 files on the builder in .*\n)?Mounted \d+ kB at \/root\/\.npm in \d+ ms$/);
      const facts = await next.sh('cd /root/.npm; cat deep/file soft hard; stat -c "%u:%g %a" deep run .; grep -c " /root/.npm overlay rw,nosuid,nodev" /proc/mounts; setpriv --reuid=65534 ./run -u');
      assert.equal(facts, 'one\none\none\n1000:1001 750\n0:0 4755\n0:0 755\n1\n65534\n', round);
      await next.sh('cd /root/.npm; echo two >deep/file; rm soft; mkdir deep/new; echo x >deep/new/y; mv deep elsewhere; chmod 777 .');
    }
  });

  test('a mounted cache that has changed is saved whole', async (t) => {
    const { job } = cacheScene(t, host);
    const first = await job();
    await fill(first);
    await first.save('a', ['~/.npm']);
    const second = await job();
    await second.restore(['a']);
    await second.sh('echo two >/root/.npm/more');
    await second.save('b', ['~/.npm']);
    const third = await job();
    await third.restore(['b']);
    assert.equal(await third.sh('cd /root/.npm; cat deep/file more'), 'one\ntwo\n');
  });

  test('by copying it where that is asked for, where files are already, and what is no folder', async (t) => {
    const { job } = cacheScene(t, host);
    const first = await job();
    await fill(first);
    await first.save('k', ['~/.npm', '~/lock', '../lock', '/root/.npm/deep']);
    const asked = await job();
    assert.match((await asked.restore(['k'], { mount: false })).log, /\nCopied \d+ kB to \/root\/\.npm, \/root\/lock in .*, since cache_mount is false$/);
    const occupied = await job();
    await occupied.sh('mkdir -p /root/.npm; echo mine >/root/.npm/mine');
    assert.match((await occupied.restore(['k'])).log, /\nCopied \d+ kB to \/root\/\.npm, \/root\/lock in .*, since there are files already at \/root\/\.npm; \/root\/lock is not a folder in the cache$/);
    assert.equal(await occupied.sh('cat /root/.npm/mine'), 'mine\n');
    const partly = await job();
    await partly.sh('mkdir -p /root/.npm; echo theirs >/root/lock');
    assert.match((await partly.restore(['k'])).log, /\nMounted \d+ kB at \/root\/\.npm in .*\nCopied \d+ kB to \/root\/lock in .*, since there are files already at \/root\/lock$/);
    for (const each of [asked, occupied, partly]) assert.equal(await each.sh('cat /root/.npm/deep/file /root/lock; grep -c /root/.npm /proc/mounts || true'), `one\nlock\n${each === partly ? 1 : 0}\n`);
  });

  test('for a user who is not root: what is made on the way is theirs', async (t) => {
    const { job } = cacheScene(t, host);
    const make = (one: Job): Promise<string> => one.sh('useradd --create-home --uid 1234 ada');
    const first = await job({ user: 'ada', workingDirectory: '~/project' });
    await make(first);
    await first.sh('setpriv --reuid=1234 --regid=1234 --clear-groups sh -c "umask 077; mkdir -p /home/ada/.cache/pip /home/ada/project; echo x >/home/ada/.cache/pip/y; echo z >/home/ada/project/z"');
    await first.save('k', ['~/.cache/pip', 'z']);
    for (const mount of [true, false]) {
      const next = await job({ user: 'ada', workingDirectory: '~/project' });
      await make(next);
      await next.restore(['k'], { mount });
      assert.equal(await next.sh('cd /home/ada; stat -c "%u:%g %n" .cache .cache/pip .cache/pip/y project/z'), '1234:1234 .cache\n1234:1234 .cache/pip\n1234:1234 .cache/pip/y\n1234:1234 project/z\n', String(mount));
    }
  });

  test('on another builder, which fetches it once', async (t) => {
    let reads = 0;
    const { job, newBuilder } = cacheScene(t, host, (store) => ({ read: (...args) => ((reads += 1), store.read(...args)) }));
    const first = await job();
    await fill(first);
    await first.save('k', ['~/.npm']);
    const elsewhere = newBuilder();
    const next = await Promise.all([job({ on: elsewhere }), job({ on: elsewhere })]);
    const logs = await Promise.all(next.map((each) => each.restore(['k'])));
    for (const { log } of logs) assert.match(log, /^Found .*\n(Fetched \d+ kB and unpacked 3 files on the builder in .*\n|Unpacked 3 files on the builder in .*\n)?Mounted/);
    assert.match(logs.map(({ log }) => log).join('\n'), /Fetched/);
    assert.deepEqual(await Promise.all(next.map((each) => each.sh('cat /root/.npm/deep/file'))), ['one\n', 'one\n']);
    assert.equal(reads, 1);
  });
});

suite('a key', () => {
  test('changes with the checksum of a file, in the folder of the job or in the home', async (t) => {
    const { job } = cacheScene(t, host);
    const one = await job();
    await fill(one);
    await one.sh('mkdir -p /root/project; echo 1 >/root/project/go.sum; echo h >/root/home.sum');
    const key = 'v1-{{ checksum "go.sum" }}-{{ checksum "~/home.sum" }}';
    const sum = (text: string): string => createHash('sha256').update(text).digest('base64');
    assert.match((await one.save(key, ['~/.npm'])).log, new RegExp(`key: v1-${sum('1\n').replace('+', '\\+')}-`));
    await one.sh('rm -r /root/.npm; echo 2 >/root/project/go.sum');
    assert.equal((await one.restore([key])).log, `No cache is found for key: v1-${sum('2\n')}-${sum('h\n')}`);
    await one.sh('echo 1 >/root/project/go.sum');
    assert.match((await one.restore(['nothing', key])).log, /^No cache is found for key: nothing\nFound/);
  });

  test('that asks for a file that is not there fails the step, in the words of the original', async (t) => {
    const { job } = cacheScene(t, host);
    const one = await job();
    for (const end of [await one.save('k-{{ checksum "no" }}', ['~/.npm']), await one.restore(['k-{{ checksum "no" }}'])]) {
      assert.equal(end.outcome, 'failed');
      assert.equal(end.reason, 'error computing cache key: template: cacheKey:1:5: executing "cacheKey" at <checksum "no">: error calling checksum: open /root/project/no: no such file or directory');
    }
    assert.match((await one.save('{{ .Barnch }}', ['x'])).reason ?? '', /cannot be filled in\. It knows \.Branch, /);
  });

  test('that is taken is left alone, also by whoever packs at the same time', async (t) => {
    const { job, store } = cacheScene(t, host);
    const [one, two] = await Promise.all([job(), job()]);
    await Promise.all([fill(one, 'first'), fill(two, 'second')]);
    const logs = (await Promise.all([one.save('k', ['~/.npm']), two.save('k', ['~/.npm'])])).map(({ log }) => log.split(' ')[0]);
    assert.deepEqual(logs.sort(), ['Saved', 'Skipping']);
    assert.deepEqual(await one.save('k', ['~/.npm']), { outcome: 'passed', reason: 'Skipping cache generation, cache already exists for key: k', log: 'Skipping cache generation, cache already exists for key: k' });
    assert.equal((await keysOf(store)).length, 2, 'one entry, one archive');
  });
});

suite('what is not there to be saved', () => {
  test('is told, and the rest is saved; a path has no wildcards', async (t) => {
    const { job, store } = cacheScene(t, host);
    const one = await job();
    await fill(one);
    assert.match((await one.save('k', ['~/.npm', 'missing', '/', '/root/.n*'])).log, /^Skipping missing: there is no such file or folder\.\nSkipping \/: it cannot be saved as a whole\. Name what is in it\.\nSkipping \/root\/\.n\*: there is no such file or folder\.\nSaved/);
    const nothing = await one.save('other', ['missing', 'also']);
    assert.equal(nothing.outcome, 'passed');
    assert.equal(nothing.reason, 'Nothing was saved: none of the paths exists.');
    assert.equal((await keysOf(store)).length, 2);
  });

  test('is what is too large, be it packed ever so small', async (t) => {
    const { job, store, newBuilder, folder } = cacheScene(t, host);
    const one = await job({ on: newBuilder({ maxBytes: 50e6 }) });
    await one.sh('mkdir -p /root/big; head -c 300000000 /dev/zero >/root/big/zeros');
    const { outcome, reason } = await one.save('k', ['~/big']);
    assert.equal(outcome, 'passed');
    assert.equal(reason, 'Nothing was saved: it is larger than 50 MB, which is the most that this installation keeps (cacheMaxGigabytes). Save less of it.');
    assert.deepEqual(await keysOf(store), []);
    assert.deepEqual(readdirSync(join(folder, 'builder-1/work')), []);
  });
});

suite('whatever is wrong with a cache, the build goes on without', () => {
  const entryOf = (archive: Buffer, change: Partial<CacheEntry> = {}): CacheEntry => ({
    version: 1,
    key: 'k',
    roots: ['/root/.npm'],
    savedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 1e6).toISOString(),
    by: { pipeline: 1, workflow: 'w', job: 'j' },
    archive: 'a'.repeat(32),
    sha256: createHash('sha256').update(archive).digest('hex'),
    packedBytes: archive.length,
    unpackedBytes: 1,
    ...change,
  });
  const place = { repositoryId: 7, level: 'T2' as const };
  const good = zstdOf(tarOf([{ name: 'root/.npm/', type: 'folder', mode: 0o755 }, { name: 'root/.npm/x', content: 'y' }]));

  const rows: [what: string, archive: Buffer | null, change: Partial<CacheEntry>, told: RegExp][] = [
    ['an archive that is another one', good, { sha256: '0'.repeat(64) }, /\nThe cache k is damaged\. The build goes on without the cache\.$/],
    ['an archive that is longer', good, { packedBytes: good.length - 1 }, /\nThe cache k is damaged\./],
    ['an archive that is gone', null, {}, /\nThe cache k is damaged\./],
    ['paths that are none', good, { roots: ['root/.npm'] }, /^The cache k is damaged\./],
    ['a path that leads upward', good, { roots: ['/root/../etc'] }, /^The cache k is damaged\./],
    ['an archive that is none', Buffer.from('x'), {}, /\nThe cache k is damaged\./],
    ['a name with ..', zstdOf(tarOf([{ name: 'root/.npm/../../../../x' } satisfies Member])), {}, /\nThe cache k is damaged\./],
    ['a bomb', execFileSync('sh', ['-c', 'head -c 2000000000 /dev/zero | zstd -q']), {}, /\nThe cache k (is damaged|is larger than this installation takes)\./],
  ];
  for (const [what, archive, change, told] of rows) {
    test(what, async (t) => {
      const { job, store, folder } = cacheScene(t, host);
      const entry = entryOf(archive ?? good, change);
      if (archive) await store.put(archiveKey({ ...place, archive: entry.archive }), archive);
      await addEntry(store, place, entry);
      const one = await job();
      const { outcome, log } = await one.restore(['k']);
      assert.equal(outcome, 'passed');
      assert.match(log, told);
      assert.equal(await one.sh('ls -A /root/.npm 2>&1 || true'), "ls: cannot access '/root/.npm': No such file or directory\n");
      assert.deepEqual(readdirSync(join(folder, 'builder-0/work')), []);
      assert.deepEqual(readdirSync(join(folder, 'builder-0/7/T2/unpacked')), []);
    });
  }

  test('a link in the archive on the way to what is mounted leads nowhere', async (t) => {
    const { job, store } = cacheScene(t, host);
    const archive = zstdOf(tarOf([{ name: 'root', type: 'symlink', link: '/etc' }]));
    await store.put(archiveKey({ ...place, archive: 'a'.repeat(32) }), archive);
    await addEntry(store, place, entryOf(archive, { roots: ['/root/apt'] }));
    const one = await job();
    assert.match((await one.restore(['k'])).log, /\nThe cache k cannot be copied: root\/apt: Not found in archive\. The build goes on/);
    assert.equal(await one.sh('test -e /root/apt || echo nothing'), 'nothing\n');
  });

  test('a store that fails, and one that does not answer', async (t) => {
    let way: 'fails' | 'waits' = 'fails';
    const trouble = (): Promise<never> => (way === 'fails' ? Promise.reject(new Error('away')) : new Promise(() => undefined));
    const scene = cacheScene(t, host, () => ({ list: async function* () { yield await trouble(); } }));
    const one = await scene.job({ on: scene.newBuilder({ stallMs: 300 }) });
    for (way of ['fails', 'waits'] as const) {
      const { outcome, log } = await one.restore(['k']);
      assert.deepEqual([outcome, log], ['passed', 'The store of caches does not answer. The build goes on without the cache.']);
    }
  });

  test('an archive that stops coming', async (t) => {
    const scene = cacheScene(t, host, () => ({ read: async () => (async function* () { yield Buffer.from('x'); await new Promise(() => undefined); })() }));
    const first = await scene.job();
    await fill(first);
    await first.save('k', ['~/.npm']);
    const one = await scene.job({ on: scene.newBuilder({ stallMs: 300 }) });
    assert.match((await one.restore(['k'])).log, /\nThe cache k cannot be fetched\. The build goes on/);
  });

  test('a step that is canceled ends at once, and leaves nothing', async (t) => {
    const { job, store, folder } = cacheScene(t, host);
    const abort = new AbortController();
    const one = await job({ signal: abort.signal });
    await one.sh('mkdir /root/big; head -c 400000000 /dev/urandom >/root/big/random');
    setTimeout(() => abort.abort(new Error('canceled')), 150);
    await assert.rejects(one.save('k', ['~/big']));
    assert.deepEqual(await keysOf(store), []);
    assert.deepEqual(readdirSync(join(folder, 'builder-0/work')), []);
    assert.ok(!existsSync(join(folder, 'builder-0/7/T2/packed')));
  });
});
