import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import { sampleValues } from '../../../config-schema/pipeline-values.ts';

const config = (head: string, workflows: string): string => `version: ${head}\njobs: {a: {docker: [{image: x}], steps: [run: x]}}\nworkflows:\n${workflows}`;

/** Whether the plan is of a setup config and its workflows, or `LINE: message` of each fault. */
function outcomeOf(text: string, branch = 'main'): (string | boolean)[] {
  const compiled = compileConfig(text, { path: '.circle.yml', values: sampleValues({ branch }) });
  return 'errors' in compiled ? compiled.errors.map(({ line, message }) => `${line}: ${message}`) : [compiled.plan.setup, ...compiled.plan.workflows.map(({ name }) => name)];
}

suite('2.1 §16 setup configs', () => {
  const two = '  one: {jobs: [a]}\n  two: {jobs: [a: {filters: {branches: {only: main}}}]}\n';
  const rows: [what: string, text: string, branch: string, expected: (string | boolean)[]][] = [
    ['are marked in the plan', config('2.1\nsetup: true', '  one: {jobs: [a]}\n'), 'main', [true, 'one']],
    ['are not when they say false', config('2.1\nsetup: false', two), 'main', [false, 'one', 'two']],
    ['do not exist in version 2', config('2\nsetup: true', two), 'main', [false, 'one', 'two']],
    ['run one workflow', config('2.1\nsetup: true', two), 'main', ['6: workflows.two: Max number of workflows exceeded. Of a setup config one workflow runs: put their jobs into one, or conditions on the others.']],
    ['may have others that do not run for this branch', config('2.1\nsetup: true', two), 'other', [true, 'one']],
  ];
  for (const [what, text, branch, expected] of rows) test(what, () => assert.deepEqual(outcomeOf(text, branch), expected));
});
