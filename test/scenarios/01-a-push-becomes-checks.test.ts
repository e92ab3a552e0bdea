// The whole road once: a git push over ssh, a webhook, Temporal, sandboxes, check runs.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { searchForCredentials, startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

test('a push runs its jobs, slices side by side, and shows one check per job', async () => {
  const sha = await instance.push({
    'greeting.txt': 'hello from the repository\n',
    '.circle.yml': `version: 2.1
jobs:
  build:
    docker: [{image: "debian:bookworm"}]
    steps:
      - checkout
      - run: cat greeting.txt
  test:
    docker: [{image: "debian:bookworm"}]
    parallelism: 3
    resource_class: small
    steps:
      - run: echo "slice $CIRCLE_NODE_INDEX of $CIRCLE_NODE_TOTAL on $CIRCLE_BRANCH"
workflows:
  ci:
    jobs:
      - build
      - test: {requires: [build]}
`,
  });
  const [build, tests] = [await instance.check(sha, 'build'), await instance.check(sha, 'test')];
  assert.equal(build.conclusion, 'success');
  assert.equal(tests.conclusion, 'success');
  assert.match(tests.output.title!, /^Passed in .*, 3 slices$/);
  assert.ok(build.completedAt! <= tests.startedAt!, 'test waits for build');
  assert.match(build.detailsUrl!, /\/acme\/shop\/1\/ci\/build$/);
  const view = await instance.ended(sha);
  assert.equal(await instance.logOf(view, { step: 1 }), 'hello from the repository\n');
  for (const slice of [0, 1, 2]) assert.equal(await instance.logOf(view, { job: 'test', slice, step: 0 }), `slice ${slice} of 3 on main\n`);
});

// Seen to fail when the checkout leaves a token, or the header that carries it, in the git config.
test('check 14: the sandbox holds the code and no credential for it', async () => {
  const sha = await instance.pushJob(`    steps:
      - checkout
      - run: git remote -v; git status --short --branch; git log -1 --format=%H; env; umask; cat .git/config
      - run: ${searchForCredentials}
`);
  assert.equal((await instance.check(sha)).conclusion, 'success');
  const view = await instance.ended(sha);
  const log = await instance.logOf(view, { workflow: 'workflow', step: 1 });
  assert.equal(await instance.logOf(view, { workflow: 'workflow', step: 2 }), 'searched\n');
  assert.match(log, new RegExp(`^${sha}$`, 'm'));
  assert.match(log, /^## main/m);
  assert.match(log, /^0022$/m, 'the umask of a build is not that of its builder');
  assert.doesNotMatch(log, /ghs_|Authorization|PRIVATE KEY/i);
});

test('a failing step: the check names it and shows the end of its log', async () => {
  const sha = await instance.pushJob(`    steps:
      - run: {name: Compile, command: "for i in $(seq 50); do echo line $i; done; echo the compiler is unhappy >&2; exit 2"}
      - run: {name: Publish, command: "echo never"}
`);
  const check = await instance.check(sha);
  assert.equal(check.conclusion, 'failure');
  assert.match(check.output.title!, /Compile/);
  assert.match(check.output.summary!, /the compiler is unhappy/);
  assert.match(check.output.summary!, /line 50/);
  assert.doesNotMatch(check.output.summary!, /line 3\n/, 'only the last 40 lines');
});

test('after the builds no sandbox is left, and GitHub has nothing to complain of', async () => {
  await instance.until('the sandboxes are gone', async () => (await instance.sandboxes()).length === 0, 10_000);
  instance.github.assertNoFaults();
});
