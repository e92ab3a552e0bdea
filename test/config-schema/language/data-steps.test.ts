import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PlanStep } from '../../../config-schema/plan.ts';
import { jobWith, planOf, problemsOf } from './compiling.ts';

const stepOf = (text: string): PlanStep => planOf(text).jobs['build']!.steps[0]!;
const stepWith = (step: string): PlanStep => stepOf(jobWith(`steps:\n  - ${step}`));

const cacheWith = (key: string): string => jobWith(`steps:\n  - restore_cache: {key: '${key.replaceAll("'", "''")}'}`);

suite('2.1 §12 cache keys: what can be filled in', () => {
  for (const key of [
    'v1-{{ checksum "go.sum" }}-{{checksum `a b`}}',
    '{{ .Branch }}{{.Revision}}{{ .BuildNum }}{{ .CheckoutKey }}',
    '{{ .Environment.CACHE_VERSION }}',
    '{{ arch }}-{{ epoch }}-{{ epoch | round "72h" }}',
    '{{- .Branch -}}',
    'plain, with } and { and }}',
  ])
    test(key, () => {
      assert.deepEqual(problemsOf(cacheWith(key)), []);
      assert.deepEqual(stepOf(cacheWith(key)), { kind: 'restore_cache', name: 'Restoring cache', when: 'on_success', keys: [key], mount: true });
    });
});

suite('2.1 §12 cache keys: what cannot, is told before the step fails', () => {
  for (const [key, told] of [
    ["{{ checksum 'go.sum' }}", /holds \{\{ checksum 'go\.sum' \}\}, which cannot be filled in: the step will fail\. The name of the file stands in double quotes\./],
    ['{{ .Barnch }}', /holds \{\{ \.Barnch \}\}, .* A key knows \.Branch/],
    ['{{ .Environment }}', /holds \{\{ \.Environment \}\}/],
    ['{{ checksum "a" "b" }}', /holds \{\{ checksum "a" "b" \}\}/],
    ['{{ sprig "x" }}', /holds \{\{ sprig "x" \}\}/],
    ['a-{{ .Branch', /with a \{\{ that is not closed: the step will fail\. Close it with \}\}\./],
  ] as const)
    test(key, () => {
      const [problem, ...others] = problemsOf(cacheWith(key));
      assert.deepEqual(others, []);
      assert.match(problem!, /^7:30 warning: jobs\.build\.steps\[0\]\.restore_cache\.key: the key of the cache /);
      assert.match(problem!, told);
    });
});

suite('2.1 §12 cache keys: which are tried', () => {
  test('key before keys, in their order', () => {
    const step = stepWith('restore_cache: {keys: [b, c], key: a}');
    assert.deepEqual(step.kind === 'restore_cache' && step.keys, ['a', 'b', 'c']);
  });
  test('tags of the config are filled in when it is compiled, those of the cache are not', () => {
    const step = stepWith('save_cache: {key: "<< pipeline.git.branch >>-{{ .Branch }}", paths: [~/x, "$HOME/y"]}');
    assert.deepEqual(step, { kind: 'save_cache', name: 'Saving cache', when: 'on_success', key: 'main-{{ .Branch }}', paths: ['~/x', '$HOME/y'], mount: true });
  });
  test('a key has at most 900 characters', () => {
    assert.deepEqual(problemsOf(jobWith(`steps:\n  - save_cache: {key: ${'k'.repeat(900)}, paths: [a]}`)), []);
    assert.match(problemsOf(jobWith(`steps:\n  - save_cache: {key: ${'k'.repeat(901)}, paths: [a]}`)).join(), /900/);
  });
});

suite('2.1 §13 workspaces', () => {
  test('what is written arrives as it is: variables are not expanded', () => {
    assert.deepEqual(stepWith('persist_to_workspace: {root: $ROOT/a, paths: ["*.tar", "d/?"]}'), { kind: 'persist_to_workspace', name: 'Persisting to workspace', when: 'on_success', root: '$ROOT/a', paths: ['*.tar', 'd/?'] });
    assert.deepEqual(stepWith('attach_workspace: {at: $HOME/w}'), { kind: 'attach_workspace', name: 'Attaching workspace', when: 'on_success', at: '$HOME/w' });
  });
  for (const [step, told] of [
    ['persist_to_workspace: {paths: [a]}', /required key \[root\] not found/],
    ['persist_to_workspace: {root: .}', /required key \[paths\] not found/],
    ['persist_to_workspace: {root: ., paths: []}', /must have at least one entry/],
    ['attach_workspace: {}', /required key \[at\] not found/],
    ['attach_workspace', /required key \[at\] not found/],
  ] as const)
    test(step, () => assert.match(problemsOf(jobWith(`steps:\n  - ${step}`)).join('\n'), told));
});

suite('2.1 §14 parallelism', () => {
  test('one when nothing is said; a tag may give it', () => {
    assert.equal(planOf(jobWith('steps: [checkout]')).jobs['build']!.parallelism, 1);
    assert.equal(planOf(`parameters: {n: {type: integer, default: 3}}\n${jobWith('parallelism: << pipeline.parameters.n >>\nsteps: [checkout]')}`).jobs['build']!.parallelism, 3);
  });
  for (const [parallelism, told] of [
    ['0', /parallelism must be a positive integer/],
    ['"3"', /parallelism must be an integer or an expression evaluating to an integer/],
    ['1.5', /parallelism must be an integer/],
    ['<< pipeline.git.branch >>', /parallelism must be an integer/],
  ] as const)
    test(parallelism, () => assert.match(problemsOf(jobWith(`parallelism: ${parallelism}\nsteps: [checkout]`)).join('\n'), told));
});
