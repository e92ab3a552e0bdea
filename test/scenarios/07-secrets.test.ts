// Secrets, contexts, variables and keys on the whole road: set by the command line, used by builds, shown by nobody.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

const job = (steps: string, more = ''): string => `    docker: [{image: "debian:bookworm"}]\n${more}    steps:\n${steps}`;

test('a committed secret reaches the step that names it, and no other, and its log shows asterisks', async () => {
  const canary = 'npm_canary-4f1d2c9e8b7a';
  await instance.inTree(`${canary}\n`, 'secrets', 'set', 'NPM_TOKEN');
  const sha = await instance.push({
    '.circle.yml': `version: 2.1\njobs:\n  build:\n${job(`      - run: {command: 'echo "have \${#NPM_TOKEN} $NPM_TOKEN"; echo -n $NPM_TOKEN | base64', secrets: [NPM_TOKEN]}\n      - run: 'echo "have \${NPM_TOKEN-nothing}"'\n`)}`,
  });
  assert.equal((await instance.check(sha)).conclusion, 'success');
  const view = await instance.ended(sha);
  const log = await instance.logOf(view, { step: 0 });
  assert.match(log, new RegExp(`^have ${canary.length} \\*{${canary.length}}\\n\\*+=*\\n$`));
  assert.equal(await instance.logOf(view, { step: 1 }), 'have nothing\n');
});

test('a context and a project variable reach each step, in the order of the original', async () => {
  await instance.inTree('from-context-1\n', 'contexts', 'set', 'acme', 'deploy', 'WHERE');
  await instance.inTree('from-project-1\n', 'variables', 'set', 'acme/shop', 'WHERE');
  await instance.inTree('project-alone-1\n', 'variables', 'set', 'acme/shop', 'ALONE');
  const sha = await instance.push({
    '.circle.yml': `version: 2.1
jobs:
  build:
${job('      - run: \'[ "$WHERE" = from-context-1 ] && [ "$ALONE" = project-alone-1 ] && echo "$WHERE"\'\n')}  other:
${job('      - run: \'[ "$WHERE" = from-project-1 ]\'\n')}  own:
${job('      - run: \'[ "$WHERE" = config ]\'\n', '    environment: {WHERE: config}\n')}workflows:
  ci:
    jobs:
      - build: {context: deploy}
      - other
      - own: {context: deploy}
`,
  });
  for (const name of ['build', 'other', 'own']) assert.equal((await instance.check(sha, name)).conclusion, 'success', name);
  assert.equal(await instance.logOf(await instance.ended(sha), { step: 0 }), '**************\n');
});
