import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isFineToEditors, problemsOfFile, problemsOfJobs, problemsOfOrb } from './checking.ts';
import { absent, sharedFiles, sharedText } from './shared.ts';

const errorsIn = (problems: string[]): string[] => problems.filter((problem) => !problem.includes(' warning: '));

function none(name: string, patterns: string[], problemsOf: (text: string) => string[]): void {
  const files = patterns.flatMap(sharedFiles);
  suite(`${name} have the right shape`, { skip: absent || (files.length === 0 && 'there are none') }, () => {
    for (const file of files) test(file, () => assert.deepEqual(errorsIn(problemsOf(sharedText(file))), []));
  });
}

none('real configs', ['configs/real/*.yml', 'configs/extra/*.yml', 'oracle/*/input.yml', 'oracle/*/expected.yml', 'fixtures/inferconfig/**/*.yml', 'fixtures/v1-translation/translated-2.0.yml'], problemsOfFile);
none('jobs that the original has processed', ['oracle/*/expected.yml'], problemsOfJobs);
none('orbs', ['orbs/**/*.yml'], problemsOfOrb);
none('real configs to editors', ['configs/real/*.yml', 'configs/extra/*.yml', 'oracle/*/input.yml', 'fixtures/inferconfig/**/*.yml'], (text) => (isFineToEditors(text) ? [] : ['an editor finds fault']));

suite('what the original passes over is a warning', { skip: absent }, () => {
  const warned = { 'ethereum-optimism__optimism': 'attach_workspace.if', jestjs__jest: 'filters.pull_requests', nipreps__fmriprep: 'restore_cache.paths' };
  for (const [name, key] of Object.entries(warned))
    test(name, () => {
      const [first] = problemsOfFile(sharedText(`configs/real/${name}.yml`));
      assert.ok(first?.includes(' warning: ') && first.includes(key), first);
    });
});

suite('the language of other tools', { skip: absent }, () => {
  const folder = 'fixtures/language-server';
  const invalid: Record<string, string[]> = {
    'parser-testdata/circle-13337-executors/build.yml': ['7:5 jobs.build.executor: required key [name] not found. Add it.'],
    'parser-testdata/executor/invalid_condition/build.yml': ['23:13 jobs.test.steps[1].when.condition: a condition is a value or a map of one operator, this is a list. Write `and:` or `or:` before it.'],
    'parser-testdata/pipeline_parameters/additional_properties_invalid/build.yml': ['7:5 parameters.funny_looking_param.extra: extraneous key [extra] is not permitted. Permitted keys: type, default, description, enum.'],
    'validate-testdata/invalid_checkout_method.yml': ['9:19 jobs.build.steps[0].checkout.method: Unsupported checkout method, allowed methods are "blobless", "shallow", and "full", is "invalid". Write one of them.'],
    'validate-testdata/invalid_checkout_method_shallow.yml': ['8:9 jobs.build.steps[0].checkout: required key [depth] not found. A shallow checkout needs it; add for example `depth: 1`.'],
  };
  for (const file of sharedFiles(`${folder}/**/*.yml`).filter((file) => !file.includes('orb-registry'))) {
    const name = file.slice(folder.length + 1);
    test(name, () => assert.deepEqual(problemsOfFile(sharedText(file)), invalid[name] ?? []));
  }
});
