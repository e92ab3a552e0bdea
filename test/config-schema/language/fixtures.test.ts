// Small configs whose names say what is expected, as the original's own editor support is tested with.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig, processConfig } from '../../../config-schema/compile.ts';
import { toPlain } from '../../../config-schema/language/node.ts';
import { processedTree } from '../../../config-schema/language/print.ts';
import type { OrbSource, OrbSources } from '../../../config-schema/language/processed.ts';
import { absent, orbsFor, sharedFiles, sharedOrbs, sharedText } from './shared.ts';

const folder = 'fixtures/language-server/';

/** Those that are to be refused, and with which words. */
const refused: Record<string, RegExp> = {
  'parser-testdata/build_agent/invalid/build.yml': /^9:\d+ .*Referred to a variable "pipeline\.parameters\.not-exist" that does not exist/,
  'parser-testdata/circle-13337-executors/build.yml': /^[78]:\d+ jobs\.build\.executor/,
  'parser-testdata/executor/invalid_condition/build.yml': /^23:\d+ jobs\.test\.steps\[1\]\.when\.condition: .*list/,
  'parser-testdata/pipeline_parameters/additional_properties_invalid/build.yml': /extraneous key \[extra\] is not permitted|There are no workflows or build jobs/,
  'parser-testdata/renames_requires/invalid.yml': /^21:\d+ .*Job 'a' requires 'a', which is the name of 2 other jobs in workflow 'workflow'/,
  'parser-testdata/simple-cases/config2.yml': /Cannot find a definition for job named deploy-step-job/,
  'parser-testdata/workflows_missing/build.yml': /There are no workflows or build jobs in the config|continuation/,
  'validate-testdata/invalid_checkout_method.yml': /^9:\d+ .*Unsupported checkout method, allowed methods are "blobless", "shallow", and "full"/,
  'validate-testdata/invalid_checkout_method_shallow.yml': /^8:\d+ .*depth/,
  'validate-testdata/wrong_param_type.yml': /^25:\d+ .*expected type: string, actual value: "false" \(type boolean\)/,
  'validate-testdata/wrong_param_type_boolean.yml': /^25:\d+ .*expected type: boolean, actual value: "2" \(type string\)/,
  'validate-testdata/wrong_param_type_integer.yml': /^25:\d+ .*expected type: boolean, actual value: "2" \(type integer\)/,
};

suite('fixtures of the language server', { skip: absent }, () => {
  const orbs = absent ? new Map() : withRegistry();
  for (const file of sharedFiles(`${folder}{parser,validate}-testdata/**/*.yml`).map((path) => path.slice(folder.length)).filter((path) => !path.includes('orb-registry/')))
    test(`${file} ${refused[file] ? 'is refused' : 'compiles'}`, () => {
      const text = sharedText(folder + file);
      const compiled = compileConfig(text, { path: file, orbs: orbsFor(text, file, orbs) });
      const said = 'errors' in compiled ? compiled.errors.filter(({ severity }) => severity === 'error').map(({ line, column, message }) => `${line}:${column} ${message}`) : [];
      const words = refused[file];
      if (!words) assert.deepEqual(said, []);
      else assert.ok(said.length > 0 && said.every((each) => words.test(each)), said.join('\n') || 'it compiles');
    });

  test('every one that is to be refused is there', () => assert.deepEqual(Object.keys(refused).filter((file) => sharedFiles(folder + file).length === 0), []));

  const jobsOf = (file: string): Record<string, Record<string, unknown>> => {
    const text = sharedText(`${folder}parser-testdata/${file}/build.yml`);
    const done = processConfig(text, { path: file, orbs: orbsFor(text, file, orbs) });
    assert.ok('processed' in done);
    return (toPlain(processedTree(done.processed)) as { jobs: Record<string, Record<string, unknown>> }).jobs;
  };
  const run = (command: string): object => ({ run: { command } });

  const rows: [string, string, unknown][] = [
    ['2.1 §8 steps: inside an orb its own command goes before the built-in step, outside the built-in', 'commands-with-reserved-names', [{ deploy: { command: 'builtin deploy' } }, run('foo/deploy'), run('foo/deploy')]],
    ['2.1 §3 scopes: a command within an orb has its own parameter of a name', 'params/scoping_rules_are_respected', [run('echo orb-command-build')]],
    ['2.1 §6 conditions: a number but 0 holds', 'executor/condition_primitive_value', ['checkout', run('echo 13.13.0'), run('echo 0')]],
    ['2.1 §6 conditions: an executor is compared by its name', 'executor/condition', ['checkout', run('echo 13.13.0'), run('echo 0')]],
    ['2.1 §9.1 names: one that is required by the name of its job has been renamed too', 'renames_requires', [run('echo hello world')]],
    ['2.1 §6 conditions: a condition in an argument is decided', 'conditional-steps/as-args', ['checkout', run('foo')]],
  ];
  for (const [name, file, steps] of rows) test(name, () => assert.deepEqual(Object.values(jobsOf(file))[0]!['steps'], steps));

  test('2.1 §3 scopes: an executor sees its own parameters, and so do job and command', () => {
    const job = jobsOf('params/scoping_rules_are_respected')['inline-job']!;
    assert.deepEqual([job['docker'], job['steps']], [[{ image: 'executor-build' }], [run('echo job-build'), run('echo command-build')]]);
  });

  test('2.1 §15 scopes: the default of an executor parameter means the orb’s executor, an argument ours', () => {
    assert.deepEqual(jobsOf('params/scoping_rules_are_respected_for_orbs')['build-docker']!['machine'], { image: 'ubuntu-1604:201903-01' });
  });

  test('2.1 §9.1 names: different jobs under one name in two workflows get numbers', () => assert.deepEqual(Object.keys(jobsOf('duplicate-names-across-workflows')), ['build_something-1', 'build_something-2']));

  test('2.1 §1 YAML: a date stays the text that it is', () => assert.deepEqual(jobsOf('timestamps')['build']!['environment'], [{ foo: '2019-01-01' }]));
});

suite('fixtures of the manual', { skip: absent }, () => {
  for (const file of sharedFiles('fixtures/docs-examples/orchestration-examples/*group*.yml'))
    test(file, () => {
      const text = sharedText(file);
      // They are pieces of configs: the jobs are ours.
      const groups = [.../^job-groups:\n(?: .*\n)+/m.exec(text)?.[0].matchAll(/^ {2}(\S+):$/gm) ?? []].map(([, name]) => name!);
      const called = new Set([...text.matchAll(/^ +- ([a-z-]+):?$/gm)].map(([, name]) => name!).filter((name) => !groups.includes(name) && !name.includes('staging')));
      const done = processConfig(`version: 2.1\njobs:\n${[...called].map((name) => `  ${name}: {docker: [{image: a}], steps: [checkout]}\n`).join('')}${text}`, { path: file });
      if ('errors' in done) assert.fail(done.errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
      const jobs = done.processed.workflows.flatMap((workflow) => workflow.jobs);
      if (groups.length > 0) assert.ok(jobs.some(({ type }) => type === 'no-op' || type === 'lock'));
      if (text.includes('serial-group:')) assert.ok(jobs.some(({ type, serialGroup }) => type === 'lock' || serialGroup !== null));
    });

  test('a translation of 1.0 to 2.0 compiles', () => assert.ok('plan' in compileConfig(sharedText('fixtures/v1-translation/translated-2.0.yml'), { path: 'x' })));
});

/** The orbs that come with the fixtures go before those of the corpus. */
function withRegistry(): OrbSources {
  const orbs = new Map<string, OrbSource | { problem: string }>(sharedOrbs());
  for (const file of sharedFiles(`${folder}parser-testdata/orb-registry/*/*/*/orb.yml`)) {
    const [namespace, name, version] = file.split('/').slice(-4, -1) as [string, string, string];
    orbs.set(`${namespace}/${name}@${version}`, { version, text: sharedText(file), sha256: '', origin: 'the fixtures' });
  }
  return orbs;
}
