// Which paths does a glob mean, and what becomes of a config that asks what has changed?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig, processConfig } from '../../../config-schema/compile.ts';
import { compileGlob } from '../../../config-schema/language/glob.ts';

suite('a glob matches', () => {
  const rows: [glob: string, matching: string[], others: string[]][] = [
    ['go.mod', ['go.mod'], ['a/go.mod', 'go.mod/a', 'goxmod']],
    ['docs/**', ['docs/a', 'docs/a/b.md', 'docs/.hidden/x'], ['docs', 'docs/', 'a/docs/b', 'docs2/a']],
    ['**', ['a', 'a/b', '.github/x'], []],
    ['**/*.ts', ['a.ts', 'a/b/c.ts', '.x/.ts'], ['a.tsx', 'a.ts/b']],
    ['src/**/test/*', ['src/test/a', 'src/a/b/test/c'], ['src/test/a/b', 'srctest/a']],
    ['*', ['a', '.circle.yml', 'ü\nz'], ['a/b']],
    ['a**b', ['ab', 'axxb'], ['a/b']],
    ['?.md', ['a.md', '😀.md'], ['ab.md', '/.md']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
    ['[!a-c]x', ['dx'], ['ax', '/x']],
    ['[]^]', [']', '^'], ['a']],
    ['{web,api/**}/{a,b*}', ['web/a', 'web/bc', 'api/x/y/a'], ['web/c', 'api/a']],
    ['{docs/**,go.mod}', ['docs/a/b', 'go.mod'], ['docs']],
    ['app/(group)/\\[id\\]/+page.$x', ['app/(group)/[id]/+page.$x'], ['app/group/i/page.x']],
    ['a,b}', ['a,b}'], ['a']],
    ['A', ['A'], ['a']],
  ];
  for (const [glob, matching, others] of rows)
    test(glob, () => {
      const compiled = compileGlob(glob);
      assert.ok('matches' in compiled, JSON.stringify(compiled));
      assert.deepEqual([...matching, ...others].filter((path) => compiled.matches(path)), matching);
    });
});

const config = (condition: string, key = 'when'): string => `version: 2.1
parameters: {dir: {type: string, default: api}}
jobs:
  test: {docker: [{image: a}], steps: [checkout]}
  deploy: {docker: [{image: a}], steps: [checkout]}
workflows:
  ci:
    ${key}: ${condition}
    jobs: [test, {deploy: {requires: [test], filters: {branches: {only: other}}}}]
`;

suite('a workflow runs when one of its paths has changed', () => {
  const rows: [condition: string, changed: string[], runs: boolean][] = [
    ['{changed: docs/**}', ['docs/a', 'x'], true],
    ['{changed: docs/**}', ['x'], false],
    ['{changed: docs/**}', [], false],
    ['{changed: [docs/**, go.mod]}', ['x', 'go.mod'], true],
    ['{changed: [docs/**, "!docs/*.md"]}', ['docs/a.md'], false],
    ['{changed: [docs/**, "!docs/*.md"]}', ['docs/a.md', 'docs/a.png'], true],
    ['{changed: [docs/**, "!docs/*.md", docs/b.md]}', ['docs/b.md'], true],
    ['{changed: ["!docs/a", "**"]}', ['docs/a'], true],
    ['{changed: ["**", "!docs/**"]}', ['docs/a', 'docs/b'], false],
    ['{changed: "services/<< pipeline.parameters.dir >>/**"}', ['services/api/x'], true],
    ['{changed: ["services/<< pipeline.parameters.dir >>/**"]}', ['services/web/x'], false],
    ['{not: {changed: docs/**}}', ['docs/a'], false],
    ['{and: [{changed: a}, {changed: b}]}', ['a', 'b'], true],
    ['{or: [{changed: a}, {equal: [main, << pipeline.git.branch >>]}]}', ['x'], true],
  ];
  for (const [condition, paths, runs] of rows)
    test(`${condition} of ${JSON.stringify(paths)}`, () => {
      const compiled = compileConfig(config(condition), { path: '.circle.yml', changed: { paths } });
      assert.ok('plan' in compiled, JSON.stringify(compiled));
      assert.deepEqual([compiled.plan.workflows.map(({ name }) => name), compiled.plan.warnings], [runs ? ['ci'] : [], []]);
      const unless = compileConfig(config(condition, 'unless'), { path: '.circle.yml', changed: { paths } });
      assert.equal('plan' in unless && unless.plan.workflows.length, runs ? 0 : 1);
    });
});

test('a step of a command runs when one of its paths has changed', () => {
  const text = (condition: string): string => `version: 2.1
commands: {c: {parameters: {s: {type: steps}}, steps: [{when: {condition: ${condition}, steps: [{run: inner}]}}, {steps: << parameters.s >>}]}}
jobs: {build: {docker: [{image: a}], steps: [{c: {s: [{unless: {condition: ${condition}, steps: [{run: handed on}]}}]}}]}}
`;
  const steps = (paths: string[]): string[] => {
    const compiled = compileConfig(text('{changed: docs/**}'), { path: '.circle.yml', changed: { paths } });
    assert.ok('plan' in compiled, JSON.stringify(compiled));
    return compiled.plan.jobs['build']!.steps.map(({ name }) => name);
  };
  assert.deepEqual([steps(['docs/a']), steps(['src/a'])], [['inner'], ['handed on']]);
});

suite('what the paths leave out has jobs that say so', () => {
  const rows: [what: string, condition: string, key: string, changed: string[], reason: string | null][] = [
    ['no path matches', '{changed: [services/api/**, go.mod]}', 'when', ['a', 'b', 'c'], 'its condition {changed: [services/api/**, go.mod]} (.circle.yml:8) is false: none of the 3 changed paths matches'],
    ['no path has changed', '{changed: a}', 'when', [], 'its condition {changed: a} (.circle.yml:8) is false: no path has changed'],
    ['the one path does not match', '{changed: a}', 'when', ['b'], 'its condition {changed: a} (.circle.yml:8) is false: the one changed path does not match'],
    ['a path has changed', '{changed: docs/**}', 'unless', ['docs/a b\n\u202e'], 'its condition unless {changed: docs/**} (.circle.yml:8) is true: docs/a b\ufffd\ufffd has changed'],
    ['one of two', '{and: [{changed: a}, {changed: b}]}', 'when', ['a'], 'its condition {and: [{changed: a}, {changed: b}]} (.circle.yml:8) is false: a has changed, the one changed path does not match'],
    ['what is off whatever has changed has none', '{and: [{changed: a}, {equal: [a, b]}]}', 'when', ['b'], null],
    ['what asks for no paths has none', '{equal: [a, b]}', 'when', ['b'], null],
  ];
  for (const [what, condition, key, paths, reason] of rows)
    test(what, () => {
      const compiled = compileConfig(config(condition, key), { path: '.circle.yml', changed: { paths } });
      assert.ok('plan' in compiled, JSON.stringify(compiled));
      assert.deepEqual(compiled.plan.filtered, reason === null ? undefined : ['test', 'deploy'].map((name) => ({ workflow: 'ci', name, reason })));
    });

  const nightly = `version: 2.1
jobs: {test: {docker: [{image: a}], steps: [checkout]}}
workflows:
  nightly: {when: {changed: src/**}, triggers: [{schedule: {cron: "0 0 * * *", filters: {branches: {only: main}}}}], jobs: [test]}
  faulty: {when: {changed: src/**}, jobs: [nobody]}
  ci: {jobs: [test]}
`;
  test('a workflow with a schedule keeps it', () => {
    const schedules = (text: string, paths: string[]): unknown => {
      const compiled = compileConfig(text, { path: '.circle.yml', changed: { paths } });
      return 'plan' in compiled ? [compiled.plan.schedules.map(({ workflow }) => workflow), compiled.plan.filtered] : compiled.errors;
    };
    assert.deepEqual(schedules(nightly.replace(/^ {2}faulty.*\n/m, ''), ['docs/a']), [['nightly'], undefined]);
  });
  test('what is wrong in one that is off is not told, as ever', () => {
    const off = compileConfig(nightly, { path: '.circle.yml', changed: { paths: ['docs/a'] } });
    assert.deepEqual('plan' in off && off.plan.workflows.map(({ name }) => name), ['ci']);
    const on = compileConfig(nightly, { path: '.circle.yml', changed: { paths: ['src/a'] } });
    assert.match('errors' in on ? on.errors[0]!.message : '', /Cannot find a definition for job named nobody/);
  });
});

test('paths that nobody knows all count as changed, one warning says so, and the compiler says that it was asked', () => {
  const text = config('{and: [{changed: a}, {changed: b}]}');
  const compiled = compileConfig(text, { path: '.circle.yml', changed: { unknown: 'a tag is compared with nothing' } });
  assert.ok('plan' in compiled);
  assert.deepEqual(compiled.plan.workflows.map(({ name }) => name), ['ci']);
  assert.deepEqual(compiled.plan.warnings.map(({ line, message }) => `${line} ${message}`), ['8 workflows.ci.when.and[0].changed: which paths have changed is not known: a tag is compared with nothing. All count as changed, so `changed` is true here and elsewhere.']);
  assert.equal(compiled.asksWhatChanged, true);
  assert.equal(compileConfig(text.replaceAll('changed:', 'equal:').replaceAll('a}', '[a]}').replaceAll('b}', '[b]}'), { path: 'x' }).asksWhatChanged, undefined);
  const faulty = compileConfig(`${text}  other: {jobs: [nobody]}\n`, { path: 'x' });
  assert.deepEqual(['errors' in faulty, faulty.asksWhatChanged], [true, true]);
});

suite('what is no pattern is said at its place', () => {
  const rows: [condition: string, ...errors: string[]][] = [
    ['{changed: []}', '8:21 workflows.ci.when.changed: changed has no patterns. Write at least one: changed: [docs/**].'],
    ['{changed: 5}', '8:21 workflows.ci.when.changed: changed takes patterns of paths, which are texts. Put it in quotes, or write one such as docs/**.'],
    ['{changed: [a, 5]}', '8:25 workflows.ci.when.changed[1]: changed takes patterns of paths, which are texts. Put it in quotes, or write one such as docs/**.'],
    ['{changed: << pipeline.number >>}', '8:21 workflows.ci.when.changed: changed takes patterns of paths…'],
    ['{changed: {a: b}}', '8:21 workflows.ci.when.changed: changed takes patterns of paths…'],
    ['{changed: ["!a", "!b"]}', '8:21 workflows.ci.when.changed: every pattern of changed begins with !, so that nothing can match…'],
    ['{changed: [a, !b]}', '8:27 workflows.ci.when.changed[1]: a pattern is empty. Put one that begins with ! or * into quotes: "!docs/**"; or remove it.'],
    ['{changed: [*.md]}', '8:22 .circle.yml: Unable to parse YAML: alias *.md has no anchor before it. Put quotes around a text that begins with *.'],
    ['{changed: [a/, /b, "./c"]}', '8:22 workflows.ci.when.changed[0]: a/ is a folder, and the paths are those of files. Write a/**.', '8:26 workflows.ci.when.changed[1]: paths begin at the top of the repository, without /, so /b matches none. Write b.', '8:30 workflows.ci.when.changed[2]: paths begin at the top…'],
    ['{changed: ["[", "{a", "a\\\\", "[z-a]"]}', '8:22 workflows.ci.when.changed[0]: [ is no glob: it has a [ without a ]. Write \\[ for the character.', '8:27 workflows.ci.when.changed[1]: {a is no glob: it has a { without a }. Write \\{ for the character.', '8:33 workflows.ci.when.changed[2]: a\\ is no glob: it ends with a \\. Remove it.', '8:40 workflows.ci.when.changed[3]: [z-a] is no glob…'],
    [`{changed: [${'a'.repeat(257)}]}`, '8:22 workflows.ci.when.changed[0]: a pattern has at most 256 characters…'],
    [`{changed: ["${'*a'.repeat(11)}"]}`, '8:22 workflows.ci.when.changed[0]: a pattern has at most 10 stars…'],
    [`{changed: [${'a, '.repeat(101)}]}`, '8:21 workflows.ci.when.changed: changed has at most 100 patterns…'],
    [`{or: [${Array.from({ length: 6 }, (_, i) => `{changed: [${'a, '.repeat(90)}b${i}]}`).join(', ')}]}`, '8:1462 workflows.ci.when.or[5].changed: the conditions of one config look at no more than 500 patterns of paths…'],
    ['{changed: [<< pipeline.nope >>]}', '8:22 workflows.ci.when.changed[0]: Referred to a variable "pipeline.nope" that does not exist…'],
  ];
  for (const [condition, ...expected] of rows)
    test(condition.slice(0, 60), () => {
      const done = processConfig(config(condition), { path: '.circle.yml', changed: { paths: ['x'] } });
      const lines = ('errors' in done ? done.errors : []).filter(({ severity }) => severity === 'error').map(({ line, column, message }) => `${line}:${column} ${message}`);
      assert.deepEqual(lines.map((line, i) => (expected[i]?.endsWith('…') ? `${line.slice(0, expected[i].length - 1)}…` : line)), expected);
    });
});
