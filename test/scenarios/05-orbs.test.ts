// Orbs on the whole road: one that lies in the repository on GitHub, one that a registry has, in real sandboxes.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOrbRegistry, type OrbRegistryServer } from '../fakes/orb-registry.ts';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
let registry: OrbRegistryServer;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scenario-orbs-'));
  await mkdir(join(folder, 'acme/tools'), { recursive: true });
  await writeFile(join(folder, 'acme/tools/2.1.0.yml'), `version: 2.1
orbs: {base: acme/base@1.0.0}
executors:
  default:
    parameters: {tag: {type: string, default: bookworm}}
    docker: [{image: "debian:<< parameters.tag >>"}]
jobs:
  greet:
    parameters: {whom: {type: string}}
    executor: default
    steps:
      - base/say: {words: "hello << parameters.whom >>"}
`);
  registry = await startOrbRegistry(folder);
  instance = await startInstance({ env: { ROUNDHOUSE_ORB_REGISTRY: registry.graphql } });
});
after(async () => {
  // First what keeps this process alive, should the instance not have started.
  await registry.close();
  await rm(folder, { recursive: true });
  await instance.stop();
});

test('a job of an orb of the registry runs a command of an orb of the repository', async () => {
  const config = (orb: string): string => `version: 2.1
orbs: {tools: ${orb}}
workflows:
  ci:
    jobs: [tools/greet: {name: greet, whom: "<< pipeline.git.branch >>"}]
`;
  const sha = await instance.push({
    '.circle/orbs/acme/base/1.0.0.yml': 'version: 2.1\ncommands:\n  say:\n    parameters: {words: {type: string}}\n    steps: [{run: {name: Say, command: "cat \\\\<<EOF\\n<< parameters.words >>\\nEOF"}}]\n',
    '.circle.yml': config('acme/tools@2'),
  });
  assert.equal((await instance.check(sha, 'greet')).conclusion, 'success');
  assert.equal(await instance.logOf(await instance.ended(sha), { job: 'greet', step: 0 }), 'hello main\n');
  assert.deepEqual(registry.asked, ['acme/tools@2']);

  const missing = await instance.push({ '.circle.yml': config('acme/tools@3') });
  const check = await instance.check(missing, 'Roundhouse config');
  assert.equal(check.conclusion, 'failure');
  assert.match(check.output.annotations[0]?.message ?? '', /Cannot find acme\/tools@3 in the orb registry\..* Looked in: \.circle\/orbs, the registry http/);
});
