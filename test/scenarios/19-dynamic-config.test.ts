// A setup config on the whole road: what has changed decides what runs, in real sandboxes, with the orbs that Roundhouse brings along.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  // Nobody there: our own orbs ask nothing outside.
  instance = await startInstance({ env: { ROUNDHOUSE_ORB_REGISTRY: 'http://127.0.0.1:9/graphql' } });
});
after(() => instance.stop());

const job = (...steps: string[]): string => `{docker: [{image: "debian:bookworm"}], steps: [${steps.join(', ')}]}`;
const next = `version: 2.1
parameters: {app: {type: boolean, default: false}, lib: {type: boolean, default: false}}
jobs:
  test-app: ${job('checkout', 'run: cat app/a')}
  test-lib: ${job('checkout', 'run: cat lib/b')}
workflows:
  app: {when: << pipeline.parameters.app >>, jobs: [test-app]}
  lib: {when: << pipeline.parameters.lib >>, jobs: [test-lib]}
`;
const setup = (...steps: string[]): string => `version: 2.1
setup: true
orbs: {path-filtering: circleci/path-filtering@1.3.0, continuation: circleci/continuation@1}
jobs: {choose: ${job('checkout', ...steps)}}
workflows: {setup: {jobs: [choose]}}
`;
const byPaths = setup('path-filtering/set-parameters: {mapping: "app/.* app true\\nlib/.* lib true"}', 'continuation/continue: {configuration_path: ci/next.yml, parameters: /tmp/pipeline-parameters.json}');

test('only what has changed since the branch left main is tested', async () => {
  await instance.push({ 'app/a': '1\n', 'lib/b': '1\n', 'ci/next.yml': next, '.circle.yml': byPaths });
  const sha = await instance.push({ 'app/a': '2\n' }, { branch: 'feature' });
  assert.equal((await instance.check(sha, 'test-app')).conclusion, 'success');
  const view = await instance.ended(sha);
  assert.deepEqual(view.workflows.map(({ name, outcome }) => [name, outcome]), [['setup', 'passed'], ['app', 'passed']]);
  assert.match(await instance.logOf(view, { workflow: 'setup', job: 'choose', step: 1 }), /^1 changed path since main:\n  app\/a\npipeline parameters: \{"app":true\}\n$/);
  await instance.git('checkout', '-q', 'main');
});

test('any user of a sandbox may hand in, once', async () => {
  const as = 'su nobody -s /bin/sh -c "circleci-agent continue /tmp/next.yml --parameters=\'{\\\\"lib\\\\": true}\'"';
  const sha = await instance.push({ '.circle.yml': setup('run: cp ci/next.yml /tmp/', `run: '${as.replaceAll("'", "''").replaceAll('\\\\', '\\')}'`, 'run: {command: circleci continue --finish, when: always}') });
  const check = await instance.check(sha, 'choose');
  const view = await instance.ended(sha);
  assert.match(await instance.logOf(view, { workflow: 'setup', job: 'choose', step: 2 }), /^When the setup workflow has ended, the pipeline goes on with \/tmp\/next\.yml\.\n$/);
  assert.equal(await instance.logOf(view, { workflow: 'setup', job: 'choose', step: 3 }), 'circleci: continue: this job has handed in a config already. A pipeline goes on once.\n');
  assert.equal(check.conclusion, 'failure');
  assert.deepEqual(view.workflows.map(({ name, outcome }) => [name, outcome]), [['setup', 'failed'], ['lib', 'passed']]);
});
