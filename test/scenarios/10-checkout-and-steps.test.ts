// What a checkout leaves in a sandbox, and how the steps after it hang together: by logs and checks of real pipelines.

import { after, before, suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
  await instance.push({ 'a.txt': 'one\n' });
  await instance.push({ 'a.txt': 'two\n' });
  await instance.push({ 'b.txt': 'three\n' }, { branch: 'other' });
  await instance.git('checkout', '-q', 'main');
});
after(() => instance.stop());

/** The logs of the job's steps, in their order, and its check. */
async function outcomeOf(sha: string): Promise<{ conclusion: string; title: string; logs: string[]; outcomes: string[] }> {
  const { conclusion, output } = await instance.check(sha);
  const view = await instance.ended(sha);
  const { steps } = view.workflows[0]!.jobs[0]!.slices[0]!;
  const logs = await Promise.all(steps.map(async ({ result }, step) => (result?.outcome === 'skipped' ? '' : instance.logOf(view, { step }))));
  return { conclusion: conclusion!, title: output.title!, logs, outcomes: steps.map(({ result }) => result!.outcome) };
}

const job = async (yaml: string): Promise<Awaited<ReturnType<typeof outcomeOf>>> => outcomeOf(await instance.pushJob(yaml));

suite('checkout', () => {
  test('by default has branches, tags and all history, and fetches from its origin later', async () => {
    await instance.git('tag', '-f', '-a', '-m', 'one', 'v1', 'HEAD');
    await instance.git('push', '-q', '-f', 'origin', 'refs/tags/v1');
    const { logs, conclusion } = await job(`    steps:
      - checkout
      - run: git describe --tags; git log -1 --format=%s origin/other; git rev-parse --abbrev-ref HEAD origin/HEAD; git status --short --branch
      - run: git remote get-url origin; git fetch origin other && git log -1 --format=%s FETCH_HEAD; git merge-base origin/main origin/other > /dev/null && echo related
      - run: cat .git/objects/info/alternates; ls $HOME -A
`);
    assert.match(logs[1]!, /^v1-1-g\w+\nCommit 3\nmain\norigin\/main\n## main\.\.\.origin\/main\n$/);
    assert.match(logs[2]!, /^git@[^\n]*:acme\/shop\.git\n[^]*Commit 3\nrelated\n$/);
    assert.equal(conclusion, 'success', logs.join('\n'));
  });

  test('shallow has as many commits as it says, and can be made whole', async () => {
    const { logs, conclusion } = await job(`    steps:
      - checkout: {method: shallow, depth: 2}
      - run: git rev-list --count HEAD; git rev-parse --is-shallow-repository; git fetch -q --unshallow origin main; git rev-parse --is-shallow-repository
`);
    assert.equal(conclusion, 'success', logs.join('\n'));
    assert.equal(logs[1], '2\ntrue\nfalse\n');
  });

  test('again resets what git knows and leaves the rest; a folder with other things is refused', async () => {
    const { logs, conclusion, title } = await job(`    steps:
      - checkout: {path: "it's $(odd) \\"here\\""}
      - run: |
          cd "it's \\$(odd) \\"here\\""
          echo changed > a.txt; echo mine > mine.txt; touch .git/index.lock; git remote set-url origin elsewhere; git branch -m mine
      - checkout: {path: "it's $(odd) \\"here\\""}
      - run: cd it*; cat a.txt mine.txt; git config remote.origin.url; git branch --show-current
      - run: mkdir full; touch full/file
      - checkout: {path: full}
`);
    assert.match(logs[3]!, /^two\nmine\ngit@.*:acme\/shop\.git\nmain\n$/, logs.join('\n'));
    assert.equal(conclusion, 'failure');
    assert.equal(title.startsWith('Checkout code'), true, title);
    assert.match(logs[5]!, /^checkout: \/root\/project\/full holds files and is not a git repository\. Remove them before checkout, or set path: on the step\.\n$/);
  });

  test('of an annotated tag on no branch is the tag itself', async () => {
    const config = `version: 2.1
jobs:
  build:
    docker: [{image: "debian:bookworm"}]
    steps:
      - checkout
      - run: echo "$CIRCLE_TAG \${CIRCLE_BRANCH-no branch}"; git describe --exact-match; git symbolic-ref -q HEAD || echo detached; cat a.txt
workflows: {ci: {jobs: [{build: {filters: {tags: {only: /.*/}, branches: {ignore: /.*/}}}}]}}
`;
    // On no branch.
    await writeFile(join(instance.tree, '.circle.yml'), config);
    await instance.git('commit', '-q', '-a', '-m', 'Tagged');
    await instance.git('tag', '-a', '-m', 'two', 'v2', 'HEAD');
    await instance.git('push', '-q', 'origin', 'refs/tags/v2');
    const { logs, conclusion } = await outcomeOf((await instance.git('rev-parse', 'HEAD')).stdout.trim());
    assert.equal(conclusion, 'success', logs.join('\n'));
    assert.equal(logs[1], 'v2 no branch\nv2\ndetached\ntwo\n');
  });
});

suite('steps', () => {
  test('a halted job passes, and nothing runs after it, not even what always does', async () => {
    const { logs, conclusion, outcomes } = await job(`    steps:
      - run: touch "$ROUNDHOUSE_HALT_FILE"; echo goes on to its end
      - run: echo never
      - run: {command: echo never, when: always}
      - run: {command: echo never, when: on_fail}
`);
    assert.deepEqual([conclusion, outcomes, logs[0]], ['success', ['passed', 'skipped', 'skipped', 'skipped'], 'goes on to its end\n']);
  });

  test('a job that has failed before it is halted has failed', async () => {
    const { conclusion, outcomes } = await job(`    steps:
      - run: "false"
      - run: {command: 'touch "$ROUNDHOUSE_HALT_FILE"', when: on_fail}
      - run: {command: echo never, when: always}
`);
    assert.deepEqual([conclusion, outcomes], ['failure', ['failed', 'passed', 'skipped']]);
  });

  test('a failed command runs again as often as it may, and the last try counts', async () => {
    const { conclusion, logs, outcomes } = await job(`    steps:
      - run:
          command: echo x >> tries; test $(wc -l < tries) = 3
          max_auto_reruns: 5
          auto_rerun_delay: 1s
      - run: {command: kill -9 $$, max_auto_reruns: 1}
      - run: {command: wc -l < tries, when: on_fail}
`);
    assert.deepEqual([conclusion, outcomes], ['failure', ['passed', 'failed', 'passed']]);
    assert.equal(logs[0], 'exit code 1; run again in 1 s (1 of 5)\nexit code 1; run again in 1 s (2 of 5)\n');
    assert.match(logs[1]!, /exit code 137; run again in 0 s \(1 of 1\)/);
    assert.equal(logs[2], '3\n');
  });

  test('each step sees what is nearest to it, and what earlier ones exported, in bash', async () => {
    const { conclusion, logs } = await job(`        environment: {A: image, B: image, C: image, PATH: "/image:/usr/bin:/bin"}
    environment: {A: job, B: job, CIRCLE_JOB: mine}
    steps:
      - run: {command: 'echo "$A $B $C $CIRCLE_JOB $CIRCLE_STAGE"; echo $PATH; stat -c "%a %s" $BASH_ENV; test -d $CIRCLE_INTERNAL_TASK_DATA', environment: {A: step}}
      - run: echo 'export A="later $PWD"' >> $BASH_ENV
      - run: echo "$A"
      - run: {command: 'echo "$A"', shell: /bin/sh -e}
      - run: setpriv --reuid 1000 --regid 1000 --clear-groups bash -c 'echo "export B=mine" >> $BASH_ENV'
      - run: echo "$B"; touch "$BASH_ENV"
`);
    assert.equal(conclusion, 'success', logs.join('\n'));
    assert.equal(logs[0], 'step job image mine build\n/image:/usr/bin:/bin:/opt/roundhouse/bin\n666 0\n');
    assert.equal(logs[2], 'later /root/project\n');
    assert.equal(logs[3], 'job\n');
    assert.equal(logs[5], 'mine\n');
  });
});
