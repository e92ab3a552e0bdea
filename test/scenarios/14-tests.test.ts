// Tests of a build: their results on the check, and how slices share them. All of it is kept in a bucket of an S3 server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startS3, type S3Server } from '../s3-server.ts';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
let s3: S3Server;
before(async () => {
  s3 = await startS3();
  // This process looks into the store, too.
  Object.assign(process.env, s3.env);
  instance = await startInstance();
});
after(async () => {
  await s3.stop();
  await instance.stop();
});

/** Each slice runs its share of four tests and writes what they took: a takes 9 seconds, it says, the others one. */
const config = `version: 2.1
jobs:
  test:
    docker: [{image: "debian:bookworm"}]
    parallelism: 2
    steps:
      - checkout
      - run:
          name: Test
          command: |
            mkdir -p results
            circleci tests glob "spec/*.sh" | circleci tests split --split-by=timings --timings-type=filename > share
            cat share
            { echo '<testsuite name="spec">'
              while read file; do bash "$file"; done < share
              echo '</testsuite>'
            } > results/junit.xml
      - store_test_results: {path: results}
workflows: {ci: {jobs: [test]}}
`;
const spec = (name: string, seconds: number, body = ''): [string, string] => [`spec/${name}.sh`, `echo '<testcase classname="Spec" name="${name}" file="spec/${name}.sh" line="1" time="${seconds}">${body}</testcase>'\n`];
const specs = Object.fromEntries([spec('a', 9), spec('b', 1), spec('c', 1), spec('d', 1)]);

const shares = async (sha: string): Promise<string[]> => {
  const view = await instance.ended(sha);
  const log = (slice: number): Promise<string> => instance.logOf(view, { job: 'test', slice, step: 1 });
  return [await log(0), await log(1)];
};

test('without times of earlier runs the tests are shared by their names; then by their times', async () => {
  const first = await instance.push({ '.circle.yml': config, ...specs });
  assert.equal((await instance.check(first, 'test')).conclusion, 'success');
  const [one, two] = await shares(first);
  assert.match(one!, /falling back to weighting by name/);
  assert.deepEqual([...one!.matchAll(/spec\/.\.sh/g), ...two!.matchAll(/spec\/.\.sh/g)].map(String).sort(), Object.keys(specs));
  assert.equal([...one!.matchAll(/spec\/.\.sh/g)].length, 2);

  const second = await instance.push({ 'spec/a.sh': `${specs['spec/a.sh']}# again\n` });
  assert.equal((await instance.check(second, 'test')).conclusion, 'success');
  assert.deepEqual(await shares(second), ['spec/a.sh\n', 'spec/b.sh\nspec/c.sh\nspec/d.sh\n']);
});

test('the results of all slices stand on the check, and a failure at its line', async () => {
  const sha = await instance.push({ '.circle.yml': config.replace('done < share', 'done < share; grep -q spec/c share && failed=1 || true').replace("} > results/junit.xml", "} > results/junit.xml; exit ${failed:-0}"), ...Object.fromEntries([spec('c', 1, '<failure message="expected 3">spec/c.sh:1: expected 3, got 4</failure>')]) });
  const check = await instance.check(sha, 'test');
  assert.equal(check.conclusion, 'failure');
  assert.match(check.output.summary ?? '', /Tests: 4 tests, 1 failed\./);
  assert.match(check.output.summary ?? '', /expected 3/);
  assert.deepEqual(check.output.annotations.map(({ path, start_line, annotation_level, title }) => ({ path, start_line, annotation_level, title })), [{ path: 'spec/c.sh', start_line: 1, annotation_level: 'failure', title: 'Spec c' }]);
});
