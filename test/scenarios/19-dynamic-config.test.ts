// A setup config on the whole road: what has changed decides what runs, in real sandboxes, with the orbs that Roundhouse brings along.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  // Nobody there: our own orbs ask nothing outside.
  instance = await startInstance({ builders: [], env: { ROUNDHOUSE_ORB_REGISTRY: 'http://127.0.0.1:9/graphql' } });
  // The executor of the orb itself needs an image of elsewhere.
  await mkdir(join(instance.folder, 'data'), { recursive: true });
  await writeFile(join(instance.folder, 'data/roundhouse.yml'), 'imageMap: {"cimg/*": "debian:bookworm"}\n');
  await instance.startBuilder();
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

/** As users of the orb write it, the config beside others of its folder. */
const filtering = `version: 2.1
setup: true
orbs: {path-filtering: circleci/path-filtering@2.0.4}
workflows:
  setup:
    jobs:
      - path-filtering/filter:
          name: what-changed
          base-revision: main
          config-path: .circleci/continue_config.yml
          mapping: |
            # path, parameter, value
            app/.* app true
            lib/.* lib true
`;
const afterwards = next.replace('workflows:\n', `  always: ${job('run: "true"')}\nworkflows:\n  rest: {jobs: [always]}\n`);
const outcomes = async (sha: string): Promise<unknown[]> => (await instance.ended(sha, 120_000)).workflows.map(({ name, outcome, jobs }) => [name, outcome, jobs.map((each) => each.name).join()]);

test("the orb's own job: a push to a mapped folder runs its workflow, and one to none what is left", async () => {
  await instance.push({ '.circle.yml': filtering, '.circleci/continue_config.yml': afterwards }, { message: 'Filter by paths [skip ci]' });
  const lib = await instance.push({ 'lib/b': '3\n' }, { branch: 'lib' });
  await instance.git('checkout', '-q', 'main');
  const neither = await instance.push({ 'README.md': 'Read me.\n' }, { branch: 'readme' });
  assert.equal((await instance.check(lib, 'test-lib', 120_000)).conclusion, 'success');
  assert.deepEqual(await outcomes(lib), [['setup', 'passed', 'what-changed'], ['rest', 'passed', 'always'], ['lib', 'passed', 'test-lib']]);
  assert.deepEqual(await outcomes(neither), [['setup', 'passed', 'what-changed'], ['rest', 'passed', 'always']]);
  assert.deepEqual(instance.github.checkRuns(instance.repository, neither).map(({ name }) => name).sort(), ['always', 'what-changed']);
  await instance.git('checkout', '-q', 'main');
});

test('a mapping of configs: what applies becomes one, else there is config-path; in a workspace that another job made', async () => {
  const part = (name: string): string => `version: 2.1\nparameters: {${name}: {type: boolean, default: false}}\njobs: {${name}: ${job('run: "true"')}}\nworkflows: {${name}: {when: << pipeline.parameters.${name} >>, jobs: [${name}]}}\n`;
  const config = `version: 2.1
setup: true
orbs: {path-filtering: circleci/path-filtering@1}
jobs:
  generate: ${job('checkout', 'run: cp ci/app.yml ci/made.yml', 'persist_to_workspace: {root: ., paths: [ci/made.yml]}')}
workflows:
  setup:
    jobs:
      - generate
      - path-filtering/filter:
          name: filter
          requires: [generate]
          workspace_path: .
          executor: {name: path-filtering/default, tag: "3.12"}
          base-revision: HEAD
          config-path: ci/none.yml
          exclude: app/.*\\.md
          mapping: |
            app/.* app true ci/made.yml
            lib/.* lib true ci/lib.yml
`;
  await instance.push({ '.circle.yml': config, 'ci/app.yml': part('app'), 'ci/lib.yml': part('lib'), 'ci/none.yml': `version: 2.1\njobs: {none: ${job('run: "true"')}}\nworkflows: {none: {jobs: [none]}}\n` }, { message: 'Configs by paths [skip ci]' });
  const both = await instance.push({ 'app/a': '5\n', 'lib/b': '5\n' }, { branch: 'both' });
  const none = await instance.push({ 'app/a.md': 'Of app.\n' }, { branch: 'both-and-words' });
  assert.deepEqual(await outcomes(both), [['setup', 'passed', 'generate,filter'], ['app', 'passed', 'app'], ['lib', 'passed', 'lib']]);
  assert.deepEqual(await outcomes(none), [['setup', 'passed', 'generate,filter'], ['none', 'passed', 'none']]);
});
