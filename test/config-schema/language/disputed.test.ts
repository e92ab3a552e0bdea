import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import type { Plan, PlanStep } from '../../../config-schema/plan.ts';
import { file, graphOf, indent, printedOf, problemsOf } from './processing.ts';

// Where the sources of the language disagree, this is what was decided; the test of each point names it.

function planOf(text: string, ref: { branch: string } | { tag: string } = { branch: 'main' }): Plan {
  const values = { 'git.branch': 'branch' in ref ? ref.branch : null, 'git.tag': 'tag' in ref ? ref.tag : null };
  const compiled = compileConfig(text, { path: '.circle.yml', values });
  if ('errors' in compiled) assert.fail(compiled.errors.map(({ message }) => message).join('\n'));
  return compiled.plan;
}

const withSteps = (steps: string): string => `version: 2.1
jobs:
  build:
    docker: [{image: x}]
    steps:
${indent(steps, 6)}
`;

const stepOf = (step: string): PlanStep => planOf(withSteps(step)).jobs['build']!.steps[0]!;

suite('2.1 §21.1 the order of values in the names of a matrix', () => {
  const text = file(`  m: {parameters: {image: {type: string}, cmd: {type: string}}, docker: [{image: << parameters.image >>}], steps: [run: << parameters.cmd >>]}
workflows:
  w:
    jobs:
      - m: {matrix: {parameters: {image: [go, node], cmd: [echo, cat]}}}
      - a: {requires: [m-echo-go]}
      - b: {requires: [m-go-echo]}
`);
  test('is that of the alphabet of the parameters, and requires understands the order in which they are written too', () =>
    assert.deepEqual(graphOf(text), ['m-echo-go', 'm-echo-node', 'm-cat-go', 'm-cat-node', 'a <- m-echo-go', 'b <- m-echo-go']));
});

suite('2.1 §21.2 what matches', () => {
  const runs = (condition: string, branch: string): boolean => planOf(file(`workflows: {w: {when: ${condition}, jobs: [a]}}`), { branch }).workflows.length > 0;

  test('a logic statement finds its pattern anywhere in the value', () => {
    assert.equal(runs('{matches: {pattern: "^rel", value: << pipeline.git.branch >>}}', 'release'), true);
    assert.equal(runs('{matches: {pattern: "lea", value: << pipeline.git.branch >>}}', 'release'), true);
    assert.equal(runs('{matches: {pattern: "^lea$", value: << pipeline.git.branch >>}}', 'release'), false);
  });
  test('an expression matches the whole value', () => {
    assert.equal(runs('pipeline.git.branch matches /rel/', 'release'), false);
    assert.equal(runs('pipeline.git.branch matches /rel.*/', 'release'), true);
  });
  test('and so does a filter', () => {
    const filtered = (only: string): number => planOf(file(`workflows: {w: {jobs: [a: {filters: {branches: {only: "${only}"}}}]}}`), { branch: 'release' }).workflows.length;
    assert.deepEqual([filtered('/rel/'), filtered('/rel.*/')], [0, 1]);
  });
  test('all of them are RE2: lookarounds are refused with a remedy', () => {
    const statement = file('workflows: {w: {when: {matches: {pattern: "^(?!main).*$", value: << pipeline.git.branch >>}}, jobs: [a]}}');
    assert.match(problemsOf(statement).join(), /^8:43 workflows\.w\.when\.matches\.pattern: Invalid regular expression: \^\(\?!main\)\.\*\$: Invalid pattern\. ./);
    const filter = compileConfig(file('workflows: {w: {jobs: [a: {filters: {branches: {only: "/(?!main).*/"}}}]}}'), { path: '.circle.yml' });
    assert.match('errors' in filter ? filter.errors.map(({ message }) => message).join() : '', /Invalid regular expression: \(\?!main\)\.\*: Invalid pattern\. Lookarounds are not part of RE2/);
  });
});

suite('2.1 §21.3 how long caches may be kept', () => {
  const withRetention = (caches: string): string => withSteps('- checkout').replace('    steps', `    retention: {caches: ${caches}}\n    steps`);
  for (const days of ['1d', '15d', '30d']) test(`${days} is accepted`, () => assert.equal(planOf(withRetention(days)).jobs['build']!.cacheRetentionDays, Number.parseInt(days, 10)));
  for (const days of ['0d', '31d', '7', '1w']) test(`${days} is refused`, () => assert.match(problemsOf(withRetention(days)).join(), /jobs\.build\.retention\.caches: must be /));
});

suite('2.1 §21.4 what a checkout without a method fetches', () => {
  test('is blobless, as the reference says', () => assert.deepEqual([stepOf('- checkout'), stepOf('- checkout: {path: x}')].map((step) => step.kind === 'checkout' && step.method), ['blobless', 'blobless']));
  test('a method that is asked for is kept', () => assert.equal((stepOf('- checkout: {method: full}') as { method?: string }).method, 'full'));
});

suite('2.1 §21.5 which cache is restored', () => {
  // Which of those that begin with a key is the newest, a running job finds out.
  test('key is tried before keys, in their order', () => assert.deepEqual((stepOf('- restore_cache: {keys: [b, c], key: a}') as { keys?: string[] }).keys, ['a', 'b', 'c']));
});

suite('2.1 §21.6 the root of a workspace itself', () => {
  test('may be persisted', () => assert.deepEqual((stepOf('- persist_to_workspace: {root: /tmp, paths: [.]}') as { paths?: string[] }).paths, ['.']));
  test('and is printed as it was written', () => assert.deepEqual(printedOf(withSteps('- persist_to_workspace: {root: /tmp, paths: [.]}')).jobs['build']!['steps'], [{ persist_to_workspace: { root: '/tmp', paths: ['.'] } }]));
});

suite('2.1 §21.7 a filter with only and ignore', () => {
  const runs = (ref: { branch: string } | { tag: string }): boolean => planOf(file('workflows: {w: {jobs: [a: {filters: {branches: {only: /v.*/, ignore: v1}, tags: {only: /v.*/, ignore: v1}}}]}}'), ref).workflows.length > 0;
  test('lets in what is in the one and not in the other, branch or tag', () =>
    assert.deepEqual([runs({ branch: 'v2' }), runs({ branch: 'v1' }), runs({ branch: 'x' }), runs({ tag: 'v2' }), runs({ tag: 'v1' }), runs({ tag: 'x' })], [true, false, false, true, false, false]));
});

suite('2.1 §21.8 the same file from two jobs in a workspace', () => {
  // That it is an error, when neither of the two waits for the other, is found when the workspace is attached.
  test('is nothing that the text shows', () => {
    const text = file(`  one: &one {docker: [{image: x}], steps: [{persist_to_workspace: {root: ., paths: [same]}}]}
  two: *one
  three: {docker: [{image: x}], steps: [{attach_workspace: {at: .}}]}
workflows: {w: {jobs: [one, two, three: {requires: [one, two]}]}}
`);
    assert.deepEqual(problemsOf(text), []);
  });
});
