// The numbered checks of the threat list that concern files which go into a sandbox or come out of it.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { SandboxHandle } from '../../activities/builder/sandbox.ts';
import { storeArtifacts } from '../../activities/builder/artifacts/store.ts';
import { answerOf, type DataSandbox } from '../../activities/builder/data-step.ts';
import { attach } from '../../activities/builder/workspaces/attach.ts';
import { persist } from '../../activities/builder/workspaces/persist.ts';
import { artifactFileKey, artifactIndexKey, artifactsKey, type ArtifactIndex } from '../../config-schema/artifact.ts';
import { layerArchiveKey, layerFactsKey, layerKey } from '../../config-schema/workspace.ts';
import { deflate } from '../../activities/log-codec.ts';
import { getJson } from '../../activities/object-store.ts';
import type { AgentClient } from '../../sandbox-agent/client.ts';
import { reach, runInside, specOf, testHost } from '../activities/adapters/lxc/machine.ts';
import { tarOf, zstdOf, type Member } from '../activities/builder/caches/tar.ts';
import { dataScene, type DataScene } from '../activities/builder/data-scene.ts';

const { host } = testHost();
let handle: SandboxHandle;
let agent: AgentClient;

before(async () => {
  handle = await host.create(specOf());
  agent = await reach(handle);
});
after(async () => {
  agent.end();
  await host.destroy(handle.name);
});

const config = `version: 2.1
jobs:
  first: &job
    docker: [{image: debian}]
    steps:
      - persist_to_workspace: {root: ., paths: [.]}
      - persist_to_workspace: {root: ., paths: [.]}
  last: *job
workflows: {ci: {jobs: [first, last: {requires: [first]}]}}
`;

const tool: DataSandbox['tool'] = (spec) => agent.tool({ cwd: '/tmp', ...spec });
const sandbox: DataSandbox = {
  tool,
  ask: async (question, input) => (await answerOf(await tool({ program: 'helper', args: [question], stream: 'both' }), input)) as never,
  mount: (spec) => agent.mount(spec),
};
const runOf = (scene: DataScene, job: string): ReturnType<DataScene['run']> => ({ ...scene.run(job, 0), sandbox });
const inside = async (script: string): Promise<string> => (await runInside(handle, script)).output.trim();

suite('check 23: layers of a workspace by a hostile hand write nothing outside of the folder where they are attached', () => {
  const link = (name: string, to: string): Member => ({ name, type: 'symlink', link: to });
  const file = (name: string): Member => ({ name, content: 'evil' });
  const rows: [name: string, layers: Member[][], outcome: 'passed' | 'failed'][] = [
    ['a path that leads out', [[file('../outside/file')]], 'failed'],
    ['an absolute path', [[file('/outside/file')]], 'passed'],
    ['a write through an absolute link', [[link('l', '/outside'), file('l/file')]], 'failed'],
    ['a write through a link of an earlier layer', [[link('l', '/outside')], [file('l/file')]], 'failed'],
    ['a write through a relative link of an earlier layer', [[link('l', '../outside')], [file('l/file')]], 'failed'],
    ['a write through a chain of links', [[link('a', 'b')], [link('b', '/outside'), file('a/file')]], 'failed'],
    ['a write onto a link of an earlier layer', [[link('l', '/outside/file')], [file('l')]], 'passed'],
    ['a folder onto a link of an earlier layer', [[link('l', '/outside')], [{ name: 'l/', type: 'folder' }, file('l/file')]], 'failed'],
    ['a hard link to a file outside', [[{ name: 'h', type: 'hardlink', link: '/outside/file' }, file('h')]], 'failed'],
    ['a hard link that leads out', [[{ name: 'h', type: 'hardlink', link: '../outside/file' }, file('h')]], 'failed'],
    ['a hard link to a link of an earlier layer', [[link('l', '/outside/file')], [{ name: 'h', type: 'hardlink', link: 'l' }, file('h')]], 'passed'],
    ['a device', [[{ name: 'd', type: 'device' }]], 'failed'],
  ];
  for (const [name, layers, outcome] of rows)
    test(name, async (t) => {
      const scene = await dataScene(t, config);
      await inside('rm -rf /at /outside; mkdir /outside; echo untouched >/outside/file');
      for (const [step, members] of layers.entries()) {
        const layer = layerKey({ repositoryId: 42, pipeline: 7, workflow: 'ci', job: 'first', slice: 0 }, 1, step);
        await scene.store.put(layerArchiveKey(layer), zstdOf(tarOf(members)));
        await scene.store.put(layerFactsKey(layer), await deflate(Buffer.from(JSON.stringify({ version: 1, files: [`${step}`], bytes: 1 }))));
      }
      const end = await attach(scene.ports, runOf(scene, 'last'), { kind: 'attach_workspace', name: '', when: 'on_success', at: '/at' });
      assert.equal(end.outcome, outcome, end.reason);
      if (outcome === 'failed') assert.match(end.reason!, /^The workspace could not be unpacked into \/at\. tar ended with 2: /);
      assert.equal(await inside('ls /outside; cat /outside/file'), 'file\nuntouched');
      assert.equal(await inside('find /at -type b -o -type c'), '');
    });

  test('a set-user-id file gives nothing that the sandbox does not have', async (t) => {
    const scene = await dataScene(t, config);
    await inside('rm -rf /at /out; mkdir /out; cp /bin/true /out/su; chmod 4755 /out/su');
    assert.equal((await persist(scene.ports, runOf(scene, 'first'), { kind: 'persist_to_workspace', name: '', when: 'on_success', root: '/out', paths: ['.'] })).outcome, 'passed');
    assert.equal((await attach(scene.ports, runOf(scene, 'last'), { kind: 'attach_workspace', name: '', when: 'on_success', at: '/at' })).outcome, 'passed');
    // Root of the sandbox is nobody outside: check 1.
    assert.equal(await inside('stat -c "%a %u" /at/su'), '4755 0');
  });

  test('a bomb ends at the limit with a sentence', async (t) => {
    const scene = await dataScene(t, config);
    await inside('rm -rf /out; mkdir /out; truncate -s 20G /out/bomb');
    const end = await persist(scene.ports, runOf(scene, 'first'), { kind: 'persist_to_workspace', name: '', when: 'on_success', root: '/out', paths: ['.'] });
    assert.deepEqual(end, { outcome: 'failed', reason: 'The files take more than 0.05 GB. Persist fewer, or have the operator raise workspaceMaxGigabytes.' });
  });
});

test('check 24: an artifact that is a link to a file of the host or a FIFO is not followed, and holds nothing up', async (t) => {
  const scene = await dataScene(t, config);
  await inside('rm -rf /out; mkdir -p /out/real; echo ours >/out/real/file; cd /out; ln -s /etc/shadow shadow; ln -s / root; ln -s /proc/1/root/etc/passwd host; mkfifo fifo; ln -s real linked');
  const run = runOf(scene, 'first');
  const end = await storeArtifacts(scene.ports, run, { kind: 'store_artifacts', name: '', when: 'always', path: '/out', destination: null });
  assert.deepEqual(end, { outcome: 'passed', artifacts: { files: 1, bytes: 5 } });
  assert.deepEqual(run.said, ['1 FIFO was not stored, because only files are: fifo', '4 symbolic links were not stored, because only files are: host, …', 'Stored 1 file, 5 bytes.']);
  const key = artifactsKey(run.slice, 1, 0);
  const { files } = (await getJson<ArtifactIndex>(scene.store, artifactIndexKey(key)))!;
  assert.deepEqual(files.map(({ path }) => path), ['out/real/file']);
  assert.equal(Buffer.from((await scene.store.get(artifactFileKey(key, 0)))!).toString(), 'ours\n');
});

test('check 24: a file that becomes a link or a FIFO after it was listed is not followed, and holds nothing up', async (t) => {
  const scene = await dataScene(t, config);
  await inside('rm -rf /out; mkdir /out; echo a >/out/a; echo b >/out/b; echo c >/out/c');
  const run = runOf(scene, 'first');
  const swapping: DataSandbox = {
    ...sandbox,
    async tool(spec) {
      if (spec.args[0] === 'artifactContents') await inside('cd /out; rm a b; ln -s /etc/shadow a; mkfifo b');
      return tool(spec);
    },
  };
  const end = await storeArtifacts(scene.ports, { ...run, sandbox: { ...swapping, ask: sandbox.ask } }, { kind: 'store_artifacts', name: '', when: 'always', path: '/out', destination: null });
  assert.match(end.reason!, /^What could not be read was not stored: out\/a \(ELOOP: .*\), out\/b \(it is no file any more\)$/);
  assert.deepEqual(end.artifacts, { files: 1, bytes: 2 });
});
