import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import { childOf, toPlain } from '../../../config-schema/language/node.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import { readYaml } from '../../../config-schema/language/yaml.ts';
import { planOf, problemsOf } from './compiling.ts';

function read(text: string): unknown {
  const source = { path: 'file', text };
  const problems = collectProblems(source);
  const node = readYaml(source, problems);
  assert.deepEqual(problems.diagnostics(), []);
  return node && toPlain(node);
}

suite('2.1 §1 YAML: scalars of YAML 1.1, as the original reads them', () => {
  const rows: [string, unknown][] = [
    ['yes', true], ['Yes', true], ['YES', true], ['on', true], ['On', true], ['true', true], ['TRUE', true],
    ['no', false], ['No', false], ['NO', false], ['off', false], ['OFF', false], ['False', false],
    ['y', 'y'], ['n', 'n'], ['Y', 'Y'], ['yEs', 'yEs'], ['"yes"', 'yes'], ["'off'", 'off'],
    ['~', null], ['', null], ['null', null], ['Null', null], ['"null"', 'null'],
    ['1', 1], ['-1', -1], ['+1', 1], ['0777', 511], ['0x1F', 31], ['0b11', 3], ['1_000', 1000], ['08', 8],
    ['1.20', 1.2], ['.5', 0.5], ['5.', 5], ['1e3', 1000], ['-1.5e-3', -0.0015], ['.inf', Infinity],
    ['.', '.'], ['..', '..'], ['e2', 'e2'], ['._', '._'], ['1.2.3', '1.2.3'], ['0x', '0x'], ['0o17', '0o17'], ['-', '-'],
    ['2019-01-01', '2019-01-01'], ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'], ['12:30', '12:30'], ['190:20:30.15', '190:20:30.15'],
    ['!!str 12', '12'], ['!!int 12', 12], ['<<', '<<'],
  ];
  for (const [yaml, value] of rows) test(yaml === '' ? 'nothing' : yaml, () => assert.deepEqual(read(yaml === '-' ? 'a: "-"' : `a: ${yaml}`), { a: value }));
});

test('the text of a number is what was meant', () => {
  const rows: [string, string][] = [['1.0', '1.0'], ['1.20', '1.2'], ['12345678901234567890', '12345678901234567890'], ['.nan', '.'], ['.NaN', '.']];
  for (const [yaml, text] of rows) {
    const source = { path: 'file', text: `a: ${yaml}` };
    const value = childOf(readYaml(source, collectProblems(source)), 'a');
    assert.equal(value?.kind === 'scalar' && value.text, text, yaml);
  }
});

suite('2.1 §1 YAML: anchors, aliases, merge keys', () => {
  const rows: [string, string, unknown][] = [
    ['an alias of a scalar', 'a: &x 1\nb: *x', { a: 1, b: 1 }],
    ['an alias of a list is one item', 'a: &x [1]\nb: [*x, 2]', { a: [1], b: [[1], 2] }],
    ['an anchor named again', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: 1, b: 1, c: 2, d: 2 }],
    ['an alias as a key', 'a: &x name\n*x : 1', { a: 'name', name: 1 }],
    ['a merge leaves what is there, before it or behind', 'a: &x {p: 1, q: 2}\nb: {p: 0, <<: *x}\nc: {<<: *x, p: 0}', { a: { p: 1, q: 2 }, b: { p: 0, q: 2 }, c: { p: 0, q: 2 } }],
    ['of several maps the first wins', 'a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}', { a: { p: 1 }, b: { p: 2, q: 2 }, c: { p: 1, q: 2 } }],
    ['two merge keys', 'a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc:\n  <<: *x\n  <<: *y', { a: { p: 1 }, b: { p: 2, q: 2 }, c: { p: 1, q: 2 } }],
    ['a merge of a merge', 'a: &x {p: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y}', { a: { p: 1 }, b: { p: 1, q: 2 }, c: { p: 1, q: 2 } }],
    ['a map written at the merge key', 'a: {<<: {p: 1}, q: 2}', { a: { p: 1, q: 2 } }],
    ['a quoted << is a key', '"<<": 1', { '<<': 1 }],
    ['keys of every kind are texts', '1: a\n1.20: b\non: c\n? x y\n: d', { 1: 'a', '1.20': 'b', on: 'c', 'x y': 'd' }],
  ];
  for (const [name, yaml, value] of rows) test(name, () => assert.deepEqual(read(yaml), value));

  test('a job may be made of anchors from anywhere', () => {
    const plan = planOf(`version: 2.1
x-env: &env {A: 1, B: 1}
references:
  container: &container
    docker: [&image {image: debian:bookworm}]
  steps: &step
    run: &run {command: make}
jobs:
  build:
    <<: *container
    environment: {<<: *env, B: 2}
    steps:
      - checkout
      - *step
      - run: {<<: *run, name: again}
  other: {docker: [*image], steps: [*step]}
workflows: {w: {jobs: [build, other]}}`);
    assert.deepEqual(plan.jobs['build']!.environment, { A: '1', B: '2' });
    assert.deepEqual(plan.jobs['build']!.steps.map(({ name }) => name), ['Checkout code', 'make', 'again']);
    const { executor } = plan.jobs['other']!;
    assert.equal(executor.kind === 'docker' && executor.image, 'debian:bookworm');
  });
});

suite('2.1 §1 YAML: a hostile file is refused in no time', () => {
  const doubling = (times: number): string => ['a0: &a0 [x, x]', ...Array.from({ length: times }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)].join('\n');
  const rows: [string, string, RegExp][] = [
    ['aliases of aliases of aliases', doubling(60), /^1:1 .circle.yml: the file holds more than 300000 values when its aliases are followed/],
    ['the same by merge keys', Array.from({ length: 200 }, (_, i) => `m${i}: &m${i} {${i === 0 ? '' : `<<: *m${i - 1}, `}k${i}: *m${Math.max(0, i - 1)}}`).join('\n').replace('k0: *m0', 'k0: 1'), /^1:1 .circle.yml: the file holds more than/],
    ['a chain of aliases as deep as the file is long', ['a0: &a0 x', ...Array.from({ length: 500 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`)].join('\n'), /more than 100 levels/],
    ['brackets', '['.repeat(100_000), /Unable to parse YAML: it is nested too deeply/],
    ['one large map merged into many', `m: &m {${Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join(', ')}}\n${Array.from({ length: 20_000 }, (_, i) => `a${i}: {<<: *m}`).join('\n')}`, /more than 300000 values/],
    ['length', `a: ${'x'.repeat(1_000_000)}`, /has 1000003 characters, more than 1000000/],
  ];
  for (const [name, text, expected] of rows)
    test(name, () => {
      const start = performance.now();
      assert.match(problemsOf(text)[0]!, expected);
      assert.ok(performance.now() - start < 5000, 'takes less than five seconds');
    });

  test('brackets, however many', () => {
    for (let levels = 50; levels < 20_000; levels = Math.ceil(levels * 1.3)) {
      const found = problemsOf(`version: 2.1\nx: ${'['.repeat(levels)}${']'.repeat(levels)}\n`);
      if (levels >= 100) assert.match(found[0]!, /more than 100 levels|nested too deeply/);
    }
  });

  test('more faults than anybody reads are not all looked for', () => {
    const text = `version: 2.1\njobs:\n  build:\n    docker: [{image: x}]\n    steps: [${Array.from({ length: 20_000 }, (_, i) => `s${i}`).join(', ')}]\n`;
    const start = performance.now();
    assert.equal(problemsOf(text).length, 1000);
    assert.ok(performance.now() - start < 5000, 'takes less than five seconds');
  });

  test('very many warnings hide no error', () => {
    const text = `version: 2.1\nx:\n${'  a: 1\n'.repeat(2000)}jobs:\n  build: {docker: [{image: x}], steps: []}\n`;
    const found = problemsOf(text);
    assert.equal(found.length, 1001);
    assert.equal(found.at(-1), '2004:40 jobs.build.steps: must have at least one entry. Add one.');
  });

  test('a long chain of requires is walked once', () => {
    const jobs = Array.from({ length: 5000 }, (_, i) => `      - a: {name: n${i}, requires: [n${i + 1}]}`).join('\n');
    const text = (last: string): string => `version: 2.1\njobs:\n  a: {docker: [{image: x}], steps: [checkout]}\nworkflows:\n  w:\n    jobs:\n${jobs}\n      - a: {name: n5000${last}}\n`;
    const start = performance.now();
    assert.equal(planOf(text('')).workflows[0]!.jobs.length, 5001);
    assert.match(problemsOf(text(', requires: [n0]'))[0]!, /^7:34 workflows\.w\.jobs\[0\]\.a\.requires\[0\]: At least one job .* unreachable: n0, n1, .*, …, .*, n4999, n5000\. Break the circle n0 requires n1 .* requires n5000 requires n0: remove/);
    assert.ok(performance.now() - start < 10_000, 'takes less than ten seconds');
  });

  test('but many honest aliases are no reason to refuse', () => {
    const text = `version: 2.1
env: &env {A: 1, B: 2, C: 3}
step: &step {run: {command: make, environment: *env}}
jobs:
  build:
    docker: [{image: x}]
    steps: [${'*step, '.repeat(2000)}*step]
`;
    assert.equal(planOf(text).jobs['build']!.steps.length, 2001);
  });
});

test('whatever is cut off, changed or doubled in a file, the compiler answers, with positions inside the file', () => {
  const text = `version: 2.1
x: &x {image: "debian:bookworm"}
jobs:
  build: &b
    docker: [*x]
    environment: [A=1, B: 2]
    steps:
      - checkout
      - run: {command: 'a \\<< b', when: always}
      - run: |
          make
  test: {<<: *b, parallelism: 2}
workflows:
  w:
    jobs: [build, test: {requires: [build: [failed, success]], name: t}]
`;
  assert.deepEqual(problemsOf(text), []);
  const lines = text.split('\n');
  const variants = [
    ...Array.from(text, (_, i) => text.slice(0, i)),
    ...Array.from(text, (_, i) => text.slice(0, i) + text.slice(i + 1)),
    ...['\t', '<<', '"', "'", '{', ']', '*', '&', ':', '\n', '\0', '__proto__'].flatMap((part) => Array.from(text, (_, i) => text.slice(0, i) + part + text.slice(i))),
    ...lines.map((_, i) => lines.toSpliced(i, 1).join('\n')),
    ...lines.flatMap((_, i) => lines.map((line, j) => lines.toSpliced(i, 0, line + String(j)).join('\n'))),
  ];
  for (const variant of variants) {
    const compiled = compileConfig(variant, { path: 'x' });
    const found = 'errors' in compiled ? compiled.errors : compiled.plan.warnings;
    if ('errors' in compiled) assert.ok(found.some(({ severity }) => severity === 'error'), variant);
    for (const { line, column, endLine } of found) {
      const length = variant.split('\n')[line - 1]?.length;
      assert.ok(length !== undefined && column >= 1 && column <= length + 1, `${line}:${column} of ${JSON.stringify(variant)}`);
      assert.ok(endLine === undefined || (endLine > line && endLine <= variant.split('\n').length));
    }
  }
});
