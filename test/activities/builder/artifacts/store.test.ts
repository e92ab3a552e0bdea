// Files that are kept after the build, through a real agent and a real store.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { artifactFileKey, artifactIndexKey, artifactsKey, type ArtifactIndex } from '../../../../config-schema/artifact.ts';
import { collectExpired } from '../../../../activities/expiring.ts';
import { beginAttempt, Fenced } from '../../../../activities/fence.ts';
import { getJson } from '../../../../activities/object-store.ts';
import type { DataEnd } from '../../../../activities/builder/data-step.ts';
import { storeArtifacts } from '../../../../activities/builder/artifacts/store.ts';
import { keysOfRepository } from '../../../../activities/control/forget-repository.ts';
import { collect } from '../../../collect.ts';
import { dataScene, type DataScene } from '../data-scene.ts';

const config = `version: 2.1
jobs:
  build:
    docker: [{image: debian}]
    steps:
      - store_artifacts: {path: a}
      - store_artifacts: {path: b}
workflows: {ci: {jobs: [build]}}
`;
const slice = { repositoryId: 42, pipeline: 7, workflow: 'ci', job: 'build', slice: 0 };

async function store(scene: DataScene, path: string, { destination = null, index = 0, user }: { destination?: string | null; index?: number; user?: string } = {}): Promise<DataEnd & { said: string[] }> {
  const run = scene.run('build', index, user === undefined ? {} : { user });
  const end = await storeArtifacts(scene.ports, run, { kind: 'store_artifacts', name: '', when: 'always', path, destination });
  return { ...end, said: run.said };
}

/** Path and content of what a step has stored. */
async function stored(scene: DataScene, index = 0): Promise<Record<string, string>> {
  const key = artifactsKey(slice, 1, index);
  const { files } = (await getJson<ArtifactIndex>(scene.store, artifactIndexKey(key))) ?? { files: [] };
  const entries = files.map(async ({ path, file, bytes, sha256 }) => {
    const content = Buffer.from((await scene.store.get(artifactFileKey(key, file)))!);
    assert.equal(content.length, bytes);
    assert.equal(createHash('sha256').update(content).digest('hex'), sha256);
    return [path, content.length > 100 ? `${content.length} bytes` : content.toString()] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

const write = (folder: string, files: Record<string, string | Buffer>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
};

suite('artifacts', { concurrency: 3 }, () => {
  test('are the files of a folder, or one file, under their path or a destination', async (t) => {
    const scene = await dataScene(t, config);
    write(scene.work, { 'out/a.txt': 'a', 'out/deep/er/b.bin': Buffer.alloc(3_000_001, 'b'), 'out/empty': '', 'report.html': 'r' });
    const { said, artifacts } = await store(scene, 'out');
    assert.deepEqual(said, ['Stored 3 files, 3000002 bytes.']);
    assert.deepEqual(artifacts, { files: 3, bytes: 3000002 });
    assert.deepEqual(await stored(scene), { 'out/a.txt': 'a', 'out/deep/er/b.bin': '3000001 bytes', 'out/empty': '' });
    await store(scene, 'report.html', { destination: 'reports/first.html' });
    assert.deepEqual(await stored(scene), { 'reports/first.html': 'r' });
    await store(scene, `${scene.work}/out`, { destination: 'x' });
    assert.deepEqual(Object.keys(await stored(scene)), ['x/a.txt', 'x/deep/er/b.bin', 'x/empty']);
    assert.deepEqual(readdirSync(scene.spoolFolder), []);
  });

  test('that are not there are a line in the log, not a failure', async (t) => {
    const scene = await dataScene(t, config);
    assert.deepEqual(await store(scene, 'nothing'), { outcome: 'passed', artifacts: { files: 0, bytes: 0 }, said: ['There is nothing at nothing: no artifact was stored.'] });
    write(scene.work, { 'a.log': '' });
    assert.match((await store(scene, '*.log')).said[0]!, /^There is nothing at \*\.log: .* Patterns are not expanded here: name a file, or a folder/);
    mkdirSync(join(scene.work, 'empty'));
    assert.deepEqual((await store(scene, 'empty')).said, ['Stored 0 files, 0 bytes.']);
  });

  test('are never links, FIFOs or sockets', async (t) => {
    const scene = await dataScene(t, config);
    write(scene.work, { 'out/file': 'x', secret: 'secret' });
    symlinkSync('/etc/passwd', join(scene.work, 'out/passwd'));
    symlinkSync('..', join(scene.work, 'out/up'));
    execFileSync('mkfifo', [join(scene.work, 'out/fifo')]);
    const server = createServer().listen(join(scene.work, 'out/socket'));
    t.after(() => server.close());
    symlinkSync('secret', join(scene.work, 'link'));
    const { outcome, said } = await store(scene, 'out');
    assert.equal(outcome, 'passed');
    assert.deepEqual(said, [
      '1 FIFO was not stored, because only files are: fifo',
      '2 symbolic links were not stored, because only files are: passwd, …',
      '1 socket was not stored, because only files are: socket',
      'Stored 1 file, 1 byte.',
    ]);
    assert.deepEqual(await stored(scene), { 'out/file': 'x' });
    assert.deepEqual((await store(scene, 'link')).said, ['1 symbolic link was not stored, because only files are: link', 'Stored 0 files, 0 bytes.']);
  });

  test('may have any name', async (t) => {
    const scene = await dataScene(t, config);
    const names = ['-rf', 'a\nb', 'q"\'<script>', '%2e%2e', '..', ' ', `${'l'.repeat(255)}`, '\ufeffx', 'ü'].map((name) => Buffer.from(name === '..' ? '...' : name));
    mkdirSync(join(scene.work, 'out'));
    for (const name of [...names, Buffer.from([0x66, 0xff])]) writeFileSync(Buffer.concat([Buffer.from(`${scene.work}/out/`), name]), 'x');
    assert.equal((await store(scene, 'out')).reason, undefined);
    assert.deepEqual(Object.keys(await stored(scene)).sort(), [...names.map((name) => `out/${name.toString()}`), 'out/f%FF'].sort());
  });

  test('that cannot be read, or are too large or too many, fail the step; the others are stored', async (t) => {
    const scene = await dataScene(t, config);
    for (const folder of [scene.root, scene.work]) chmodSync(folder, 0o755);
    write(scene.work, { 'out/a': 'a', 'out/b': 'b', 'out/c': 'c', 'large/a': Buffer.alloc(3_000_000), 'large/b': Buffer.alloc(3_000_000), 'large/c': 'c' });
    chmodSync(join(scene.work, 'out/b'), 0o600);
    const denied = await store(scene, 'out', { user: 'nobody' });
    assert.equal(denied.outcome, 'failed');
    assert.match(denied.reason!, /^What could not be read was not stored: out\/b \(EACCES: permission denied/);
    assert.deepEqual(await stored(scene), { 'out/a': 'a', 'out/c': 'c' });
    const large = await store(scene, 'large');
    assert.match(large.reason!, /^The artifacts of this slice take more than 0\.005 GB: large\/b and what follows it was not stored/);
    assert.deepEqual(await stored(scene), { 'large/a': '3000000 bytes' });
    // An earlier step's count, too.
    assert.equal((await store(scene, 'large/b', { index: 1 })).outcome, 'failed');
    assert.deepEqual(readdirSync(scene.spoolFolder), []);
    mkdirSync(join(scene.work, 'many'));
    for (let i = 0; i < 10_001; i += 1) writeFileSync(join(scene.work, `many/${i}`), '');
    assert.match((await store(scene, 'many')).reason!, /^A slice stores at most 10000 files/);
  });

  test('wait for a store that is away; a later attempt fences them out', async (t) => {
    let calls = 0;
    const scene = await dataScene(t, config, ({ putFile }) => ({ putFile: (...args) => ((calls += 1) < 3 ? Promise.reject(new Error('no route to the store')) : putFile(...args)) }));
    write(scene.work, Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`out/${i}`, `${i}`])));
    const { outcome, said } = await store(scene, 'out');
    assert.equal(outcome, 'passed');
    assert.match(said[0]!, /no route to the store/);
    assert.equal(Object.keys(await stored(scene)).length, 30);
    await beginAttempt(scene.store, slice, 2);
    await assert.rejects(store(scene, 'out'), Fenced);
  });

  test('go when their days are over, and with their repository', async (t) => {
    const scene = await dataScene(t, config);
    write(scene.work, { 'out/a': 'a' });
    await store(scene, 'out');
    const days = { artifacts: 30, workspaces: 15 };
    const inDays = (count: number): Date => new Date(Date.now() + count * 86_400_000);
    const keys = async (): Promise<string[]> => (await collect(scene.store.list(''))).map(({ key }) => key);
    const before = await keys();
    assert.deepEqual((await collect(keysOfRepository(scene.store, 42))).sort(), before.sort());
    assert.deepEqual(await collect(keysOfRepository(scene.store, 4)), []);
    assert.equal(await collectExpired(scene.store, days, inDays(30)), 0);
    assert.equal(await collectExpired(scene.store, days, inDays(32)), 2);
    assert.deepEqual(await keys(), ['pipelines/42/7/plan.json']);
    assert.equal(before.length, 4);
    // A note of somebody else's making deletes nothing else.
    await scene.store.put('expiring/artifacts/2020-01-01/42/7/x.json', Buffer.from('{"prefix":"pipelines/42/7"}'));
    assert.equal(await collectExpired(scene.store, days), 0);
    assert.deepEqual(await keys(), ['pipelines/42/7/plan.json']);
  });
});
