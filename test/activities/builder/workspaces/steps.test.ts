// Files that go from job to job, through real agents, a real tar and a real store.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { AttachWorkspaceStep, PersistToWorkspaceStep } from '../../../../config-schema/plan.ts';
import type { DataEnd } from '../../../../activities/builder/data-step.ts';
import { workspaceSteps } from '../../../../activities/builder/workspaces/steps.ts';
import { beginAttempt, Fenced } from '../../../../activities/fence.ts';
import { putJson } from '../../../../activities/object-store.ts';
import { planKey } from '../../../../config-schema/address.ts';
import { summaryKey } from '../../../../config-schema/view.ts';
import { layerKey } from '../../../../config-schema/workspace.ts';
import { dataScene, type DataScene } from '../data-scene.ts';

const config = `version: 2.1
jobs:
  first: &job
    docker: [{image: debian}]
    steps:
      - persist_to_workspace: {root: ., paths: [.]}
      - persist_to_workspace: {root: ., paths: [.]}
  left: *job
  right: *job
  many: {<<: *job, parallelism: 3}
  last: *job
workflows:
  ci:
    jobs:
      - first
      - left: {requires: [first]}
      - right: {requires: [first]}
      - many: {requires: [first]}
      - last: {requires: [left, right, many]}
`;

const write = (folder: string, files: Record<string, string>): void => {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
};

/** Persists these files; answers what was said at the end. */
async function persist(scene: DataScene, job: string, files: Record<string, string> | null, change: Partial<PersistToWorkspaceStep> & { slice?: number; index?: number; attempt?: number; user?: string } = {}): Promise<DataEnd & { said: string[] }> {
  const { slice, index = 0, attempt, user, ...step } = change;
  if (files) write(join(scene.work, 'out'), files);
  const run = scene.run(job, index, { ...(slice !== undefined && { slice }), ...(attempt !== undefined && { attempt }), ...(user !== undefined && { user }) });
  const end = await workspaceSteps(scene.ports as never).persist_to_workspace(run, { kind: 'persist_to_workspace', name: '', when: 'on_success', root: 'out', paths: ['.'], ...step });
  return { ...end, said: run.said };
}

async function attach(scene: DataScene, job: string, at = 'in', change: { user?: string } = {}): Promise<DataEnd & { said: string[] }> {
  const run = scene.run(job, 0, change);
  const end = await workspaceSteps(scene.ports as never).attach_workspace(run, { kind: 'attach_workspace', name: '', when: 'on_success', at } satisfies AttachWorkspaceStep);
  return { ...end, said: run.said };
}

/** What lies below, by its path, with the text of files. */
function tree(folder: string, prefix = ''): Record<string, string> {
  if (!existsSync(folder)) return {};
  return Object.assign({}, ...readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const found = lstatSync(path);
    if (found.isDirectory()) return tree(path, `${prefix}${name}/`);
    return { [prefix + name]: found.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, 'utf8') };
  })) as Record<string, string>;
}

const at = (scene: DataScene): Record<string, string> => tree(join(scene.work, 'in'));

suite('a workspace', { concurrency: 4 }, () => {
  test('brings files with their modes, links and empty folders to a later job, over one another in order', async (t) => {
    const scene = await dataScene(t, config);
    write(join(scene.work, 'out'), { 'bin/app': 'one', 'a/b': 'one', 'odd\nname': 'x' });
    chmodSync(join(scene.work, 'out/bin/app'), 0o751);
    mkdirSync(join(scene.work, 'out/empty'));
    symlinkSync('app', join(scene.work, 'out/bin/link'));
    const { said } = await persist(scene, 'first', null);
    assert.deepEqual(said, ['Persisted 4 files of out, 0.0 MB.']);
    assert.equal((await persist(scene, 'first', { 'a/b': 'two' }, { index: 1 })).note, '1 file persisted, 0.0 MB');
    assert.equal((await persist(scene, 'left', { 'a/b': 'three', 'left': 'x' })).outcome, 'passed');
    assert.equal((await persist(scene, 'right', { 'right': 'x' })).outcome, 'passed');
    const end = await attach(scene, 'last', 'in/deeper');
    assert.deepEqual(end.said, ['Attached 8 files of first, left, right at in/deeper.'], end.reason);
    assert.deepEqual(tree(join(scene.work, 'in/deeper')), { 'bin/app': 'one', 'bin/link': '-> app', 'a/b': 'three', 'odd\nname': 'x', left: 'x', right: 'x' });
    assert.equal(statSync(join(scene.work, 'in/deeper/bin/app')).mode & 0o7777, 0o751);
    assert.ok(existsSync(join(scene.work, 'in/deeper/empty')));
    assert.deepEqual(readdirSync(scene.spoolFolder), []);
  });

  test('holds nothing of jobs that are not required', async (t) => {
    const scene = await dataScene(t, config);
    await persist(scene, 'first', { a: 'first' });
    await persist(scene, 'left', { b: 'left' });
    assert.equal((await attach(scene, 'right')).outcome, 'passed');
    assert.deepEqual(at(scene), { a: 'first' });
  });

  test('with nothing in it is attached with a notice', async (t) => {
    const scene = await dataScene(t, config);
    const { outcome, said } = await attach(scene, 'first');
    assert.equal(outcome, 'passed');
    assert.deepEqual(said, ['No job that this one requires has persisted anything: there is nothing to attach.']);
    assert.ok(existsSync(join(scene.work, 'in')));
  });

  test('is not attached when two jobs side by side, or two slices, persisted one file', async (t) => {
    const scene = await dataScene(t, config);
    await persist(scene, 'left', { 'a/b': 'same', c: '' });
    await persist(scene, 'right', { 'a/b': 'same', d: '' });
    assert.equal((await attach(scene, 'last')).reason, 'Concurrent upstream jobs persisted the same file(s) into the workspace: a/b (left and right). Give the files different names, or let one job require the other.');
    assert.deepEqual(at(scene), {});
    const other = await dataScene(t, config);
    for (const slice of [0, 1]) await persist(other, 'many', { same: '', [`own${slice}`]: '' }, { slice });
    assert.match((await attach(other, 'last')).reason!, /: same \(slice 0 of many and slice 1 of many\)/);
    const apart = await dataScene(t, config);
    for (const slice of [0, 1, 2]) await persist(apart, 'many', { [`own${slice}`]: '' }, { slice });
    assert.equal((await attach(apart, 'last')).outcome, 'passed');
    assert.deepEqual(Object.keys(at(apart)), ['own0', 'own1', 'own2']);
  });

  const tree1 = { 'a/x.txt': '', 'a/y.md': '', 'b/x.txt': '', '.dot/z': '', '-dash': '', 'with space': '' };
  for (const [paths, expected] of [
    [['.'], 'all'],
    [['./'], 'all'],
    [['*'], 'all'],
    [['a'], 'a/x.txt a/y.md'],
    [['a/'], 'a/x.txt a/y.md'],
    [['/a'], 'a/x.txt a/y.md'],
    [['*/x.txt'], 'a/x.txt b/x.txt'],
    [['a', 'a/*.md'], 'a/x.txt a/y.md'],
    [['-dash', 'with space'], '-dash|with space'],
    [['[ab]/?.md', 'nothing'], 'a/y.md'],
    [['.d*'], '.dot/z'],
    [['link/x.txt'], 'link/x.txt'],
    [['link'], 'link'],
  ] as const)
    test(`persists ${paths.join(', ')}`, async (t) => {
      const scene = await dataScene(t, config);
      write(join(scene.work, 'out'), tree1);
      if (paths[0].startsWith('link')) symlinkSync('b', join(scene.work, 'out/link'));
      const { reason, said } = await persist(scene, 'first', null, { paths: [...paths] });
      assert.equal(reason, undefined);
      assert.equal(said.filter((line) => line === 'Nothing in out matches nothing.').length, (paths as readonly string[]).includes('nothing') ? 1 : 0);
      await attach(scene, 'left');
      const names = expected === 'all' ? Object.keys(tree1) : expected.split(expected.includes('|') ? '|' : ' ');
      assert.deepEqual(Object.keys(at(scene)).sort(), names.sort());
    });

  const faults: [name: string, step: Partial<PersistToWorkspaceStep>, told: RegExp][] = [
    ['nothing that matches', { paths: ['nothing', '*.none'] }, /^The specified paths did not match any files in out\./],
    ['no such root', { root: '$HOME/out' }, /^The specified paths did not match any files in \$HOME\/out\..*variables in them are not expanded/],
    ['a path that leads out', { paths: ['../x'] }, /^The path \.\.\/x leads out of the root/],
    ['a pattern without meaning', { paths: ['[a'] }, /^The path \[a is no pattern/],
  ];
  test('has a root that is a link to a folder, but none that is a file', async (t) => {
    const scene = await dataScene(t, config);
    write(join(scene.work, 'out'), { a: '' });
    symlinkSync('out', join(scene.work, 'link'));
    assert.deepEqual((await persist(scene, 'first', null, { root: 'link' })).said, ['Persisted 1 file of link, 0.0 MB.']);
    assert.match((await persist(scene, 'first', null, { root: 'out/a' })).reason!, /^The specified paths did not match any files in out\/a\./);
  });

  for (const [name, step, told] of faults)
    test(`fails for ${name}`, async (t) => {
      const { outcome, reason } = await persist(await dataScene(t, config), 'first', tree1, step);
      assert.equal(outcome, 'failed');
      assert.match(reason!, told);
    });

  test('takes no more than it may, and leaves nothing behind of what was too much', async (t) => {
    const scene = await dataScene(t, config);
    write(join(scene.work, 'out'), { large: '' });
    truncateSync(join(scene.work, 'out/large'), 20e9);
    const { reason } = await persist(scene, 'first', null);
    assert.equal(reason, 'The files take more than 0.05 GB. Persist fewer, or have the operator raise workspaceMaxGigabytes.');
    assert.deepEqual(readdirSync(scene.spoolFolder), []);
    assert.equal((await attach(scene, 'left')).said.length, 1);
    assert.deepEqual(at(scene), {});
  });

  test('belongs to the user of the steps, who can persist what he can read only', async (t) => {
    const scene = await dataScene(t, config);
    for (const folder of [scene.root, scene.work]) chmodSync(folder, 0o777);
    await persist(scene, 'first', { a: '' });
    assert.equal((await attach(scene, 'left', 'in', { user: 'nobody' })).outcome, 'passed');
    assert.deepEqual([statSync(join(scene.work, 'in')).uid, statSync(join(scene.work, 'in/a')).uid], [65534, 65534]);
    write(join(scene.work, 'out'), { secret: 'x' });
    chmodSync(join(scene.work, 'out/secret'), 0o600);
    assert.match((await persist(scene, 'left', null, { user: 'nobody' })).reason!, /secret: Cannot open: Permission denied/);
    mkdirSync(join(scene.work, 'out/closed'), { mode: 0o700 });
    assert.match((await persist(scene, 'left', null, { user: 'nobody' })).reason!, /^EACCES: permission denied, scandir '.*\/out\/closed'$/);
    assert.match((await attach(scene, 'last', '/proc/nowhere')).reason!, /^\/proc\/nowhere could not be made: ENOENT/);
  });

  test('is that of the attempt that counts', async (t) => {
    const scene = await dataScene(t, config);
    const slice = { repositoryId: 42, pipeline: 7, workflow: 'ci', job: 'first', slice: 0 };
    await persist(scene, 'first', { a: 'lost', gone: '' });
    await beginAttempt(scene.store, slice, 2);
    // It began only to fence out the first, whose results stand.
    await attach(scene, 'left');
    assert.deepEqual(at(scene), { a: 'lost', gone: '' });
    await assert.rejects(persist(scene, 'first', { b: '' }, { index: 1 }), Fenced);
    await scene.store.put(`${layerKey(slice, 2, 0).replace(/workspace.*/, '')}steps/0/manifest.json`, Buffer.from('{}'));
    await persist(scene, 'first', { a: 'living' }, { attempt: 2 });
    rmSync(join(scene.work, 'in'), { recursive: true });
    await attach(scene, 'left');
    assert.deepEqual(at(scene), { a: 'living' });
  });

  test('of a rerun in part lies where each slice ran, in this pipeline or an earlier one; without it nothing is attached', async (t) => {
    const scene = await dataScene(t, config);
    const inRerun = <Run extends { slice: { pipeline: number } }>(run: Run): Run => ({ ...run, slice: { ...run.slice, pipeline: 8 } });
    const attachInRerun = (job: string): Promise<DataEnd> => workspaceSteps(scene.ports as never).attach_workspace(inRerun(scene.run(job, 0)), { kind: 'attach_workspace', name: '', when: 'on_success', at: 'in' });
    await putJson(scene.store, planKey(42, 8), { version: 1, plan: scene.plan, carried: [{ workflow: 'ci', job: 'first', ranIn: [7] }, { workflow: 'ci', job: 'many', ranIn: [7, 8, 7] }] });
    await persist(scene, 'first', { a: 'first of 7' });
    for (const slice of [0, 1, 2]) await persist(scene, 'many', { [`many-${slice}`]: 'of 7' }, { slice });
    write(join(scene.work, 'out'), { 'many-1': 'of 8' });
    const again = inRerun(scene.run('many', 0, { slice: 1 }));
    await workspaceSteps(scene.ports as never).persist_to_workspace(again, { kind: 'persist_to_workspace', name: '', when: 'on_success', root: 'out', paths: ['.'] });
    assert.equal((await attachInRerun('last')).outcome, 'passed');
    assert.deepEqual(at(scene), { a: 'first of 7', 'many-0': 'of 7', 'many-1': 'of 8', 'many-2': 'of 7' });

    const passed = { name: '', outcome: 'passed', exitCode: 0, signal: null, durationMs: 1 };
    await putJson(scene.store, summaryKey(42, 7), { workflows: [{ name: 'ci', jobs: [{ name: 'first', slices: [{ index: 0, steps: [{ result: passed }, { result: passed }] }] }] }] });
    for await (const { key } of scene.store.list(`${layerKey({ repositoryId: 42, pipeline: 7, workflow: 'ci', job: 'first', slice: 0 }, 1, 0)}/`)) await scene.store.delete(key);
    assert.deepEqual(await attachInRerun('left'), { outcome: 'failed', reason: 'What first persisted in pipeline #7 is not kept any more. Run first again too, or all of the pipeline.' });
    write(join(scene.work, 'out'), { a: 'first of 8' });
    await workspaceSteps(scene.ports as never).persist_to_workspace(inRerun(scene.run('first', 0)), { kind: 'persist_to_workspace', name: '', when: 'on_success', root: 'out', paths: ['.'] });
    rmSync(join(scene.work, 'in'), { recursive: true });
    assert.equal((await attachInRerun('left')).outcome, 'passed', 'when it has run again after all');
    assert.deepEqual(at(scene), { a: 'first of 8' });
  });

  test('waits for a store that is away, and is whole when it is back', async (t) => {
    const failing = <A extends unknown[], R>(work: (...args: A) => Promise<R>) => {
      let calls = 0;
      return (...args: A): Promise<R> => ((calls += 1) === 1 ? Promise.reject(new Error('no route to the store')) : work(...args));
    };
    let cut = 0;
    const scene = await dataScene(t, config, (store) => ({
      put: failing(store.put),
      putFile: failing(store.putFile),
      get: failing(store.get),
      head: failing(store.head),
      async read(key, range) {
        const parts = await store.read(key, range);
        if (!parts || (cut += 1) > 2) return parts;
        return (async function* () {
          for await (const bytes of parts) {
            yield bytes.subarray(0, 1000);
            throw new Error('the connection was cut');
          }
        })();
      },
    }));
    const noise = randomBytes(1_500_000).toString('hex');
    const { outcome, said } = await persist(scene, 'first', { noise });
    assert.equal(outcome, 'passed');
    assert.match(said[0]!, /^The object store does not answer as it should \(no route to the store\)\. Trying until it does …$/);
    assert.equal((await attach(scene, 'left')).outcome, 'passed');
    assert.ok(at(scene)['noise'] === noise);
    assert.equal(cut, 3);
  });

  test('ends when the step is canceled', async (t) => {
    const scene = await dataScene(t, config, () => ({
      putFile() {
        scene.abort.abort();
        return Promise.reject(new Error('away'));
      },
    }));
    await assert.rejects(persist(scene, 'first', { a: '' }), { name: 'AbortError' });
    assert.deepEqual(readdirSync(scene.spoolFolder), []);
  });
});
