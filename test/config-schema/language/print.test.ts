import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { listAt, mapAt, scalarAt, toPlain } from '../../../config-schema/language/node.ts';
import type { MapNode, Node, Source } from '../../../config-schema/language/node.ts';
import { printConfig, printNode } from '../../../config-schema/language/print.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import type { Processed } from '../../../config-schema/language/processed.ts';
import { readYaml } from '../../../config-schema/language/yaml.ts';

type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

const source: Source = { path: '.circle.yml', text: '' };
const place = { source, start: 0, end: 0 };
const nodeOf = (value: Value): Node =>
  value === null || typeof value !== 'object' ? scalarAt(place, value) : Array.isArray(value) ? listAt(place, value.map(nodeOf)) : mapAt(place, Object.entries(value).map(([key, each]) => [key, nodeOf(each)]));

const print = (value: Value): string => printNode(nodeOf(value));

function read(text: string): unknown {
  const problems = collectProblems({ path: 'x', text });
  const node = readYaml({ path: 'x', text }, problems);
  assert.deepEqual(problems.diagnostics(), [], text);
  return node && toPlain(node);
}

const readers: [string, (text: string) => unknown][] = [
  ['YAML 1.2', (text) => parse(text, { schema: 'core', logLevel: 'silent' })],
  ['YAML 1.1', (text) => parse(text, { schema: 'yaml-1.1', logLevel: 'silent' })],
  ['ours', read],
];

suite('a text stays a text for readers of YAML 1.1 and 1.2', () => {
  const texts = ['on', 'Yes', 'OFF', 'y', 'N', 'true', 'null', '~', '', '1', '1.20', '1_000', '0x1f', '0o17', '017', '0b1', '1e3', '+1', '-.5', '.inf', '.NaN', '12:30:00', '1:30', '2019-01-01', '2001-12-14t21:59:43.10-05:00'];
  const special = ['=', '<<', '-', '- a', '? a', ': a', 'a: b', 'a:', 'a #b', '#', '&a', '*a', '!a', '%a', '@a', '`a', '|', '>', '[a]', '{a}', 'a, b', '"a"', "it's", ' a', 'a ', '\ta', 'a\tb', '---', '...', '--- a'];
  const lines = ['a\n', 'a\nb', 'a\n\n', '\n', '\n\na', '  a\nb', '  a\n    b\n', 'a \nb', 'a\n  ', 'a\n\t\n', '\n  a', '---\na', 'a\r\nb', 'a\rb', 'a\n# b\n'];
  const strange = ['\x00', '\x07', '\x1b[31m', '\x7f', '\x85', 'a\u2028b', '\ufeff', '\ud800', '😀', 'ü', '\ufffe', 'word '.repeat(500), 'a'.repeat(2000), '__proto__'];
  for (const text of [...texts, ...special, ...lines, ...strange])
    test(JSON.stringify(text).slice(0, 60), () => {
      const value = { value: text, list: [text, { in: text }], map: { [text]: { [text]: text } } };
      for (const [name, read] of readers) {
        // What our reader refuses in any place, it need not read here.
        if (name === 'ours' && text.includes('\0')) continue;
        assert.deepEqual(read(print(value)), value, `${name}:\n${print(value)}`);
      }
    });
});

test('a lone dot stays as it is, although some readers take it for a number', () => {
  assert.equal(print({ paths: ['.'] }), 'paths:\n- .\n');
  assert.deepEqual(read('paths: [.]'), { paths: ['.'] });
  assert.equal(print({ at: NaN }), 'at: .\n', 'what a packing program made of it');
});

test('what is printed looks as in the original', () => {
  const value = { steps: ['checkout', { run: { command: 'make\nmake test\n', name: 'Build: all', environment: [{ A: '' }, { B: 'off' }, { C: 1 }] } }], none: [], empty: {} };
  assert.equal(
    print(value),
    `steps:
- checkout
- run:
    command: |
      make
      make test
    name: "Build: all"
    environment:
    - A: ""
    - B: "off"
    - C: 1
none: []
empty: {}
`,
  );
});

test('numbers keep every digit', () => {
  const text = 'id: 12345678901234567890\nversion: 1.0\nlarge: 1.0e+30\nsmall: 1.0e-7\nall: .inf\nnone: -.inf\n';
  assert.equal(printNode(readYaml({ path: 'x', text }, collectProblems({ path: 'x', text }))!), text);
});

test('any value is read as it was', () => {
  const piece = fc.constantFrom('a', 'b c', '\n', '\n\n', ' ', '  ', '\t', ':', ': ', ' #', '#', '-', '- ', '?', '"', "'", '|', '>', '*', '&', '!', '%', '@', ',', '[', ']', '{', '}', '---', '...', '<<', '=', '~', 'on', 'no', '0', '1', '.5', '_', 'e', 'x', '\\', '\r', '\x85', '\u2028', '\ufeff', 'é', '😀', '{{ checksum "a" }}');
  const text = fc.oneof({ weight: 4, arbitrary: fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')) }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) }).filter((each) => each !== '.' && !each.includes('\0'));
  const number = fc.oneof(fc.integer(), fc.double({ noNaN: true }).filter((each) => !Object.is(each, -0)));
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof({ maxDepth: 5, withCrossShrink: true }, text, number, fc.boolean(), fc.constant(null), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true })),
  }));
  fc.assert(
    fc.property(fc.dictionary(text, value, { noNullPrototype: true }), (map) => {
      for (const [name, read] of readers) assert.deepEqual(read(print(map)), map, name);
    }),
    { numRuns: 1000 },
  );
});

test('a processed config', () => {
  const invocation = (name: string, printed: Value): Processed['workflows'][number]['jobs'][number] => ({
    ...{ name, type: 'build', requires: [], contexts: [], filters: undefined, serialGroup: null, place },
    printed: nodeOf(printed) as MapNode,
  });
  const processed: Processed = {
    source,
    setup: true,
    workflows: [
      { name: 'ci', place, triggers: undefined, maxAutoReruns: 0, autoCancel: true, jobs: [invocation('build', {}), invocation('test', { requires: ['build'] })] },
      { name: 'nightly', place, triggers: nodeOf([{ schedule: { cron: '0 0 * * *' } }]), maxAutoReruns: 2, autoCancel: false, jobs: [invocation('build', {})] },
    ],
    leftOut: [],
    jobs: new Map([['build', nodeOf({ docker: [{ image: 'a:1' }], steps: ['checkout'] }) as MapNode]]),
    orbs: [
      { reference: 'circleci/slack@3', version: '3.2.0', sha256: '', origin: '' },
      { reference: 'https://example.org/orb.yml', version: 'https://example.org/orb.yml', sha256: '', origin: '' },
    ],
  };
  const printed = printConfig(processed);
  assert.match(printed, /^# Orb 'circleci\/slack@3' resolved to 'circleci\/slack@3\.2\.0'\n# Orb 'https:\/\/example\.org\/orb\.yml' resolved to 'https:\/\/example\.org\/orb\.yml'\nversion: 2\n/);
  assert.deepEqual(parse(printed), {
    version: 2,
    setup: true,
    jobs: { build: { docker: [{ image: 'a:1' }], steps: ['checkout'] } },
    workflows: {
      version: 2,
      ci: { jobs: ['build', { test: { requires: ['build'] } }] },
      nightly: { jobs: ['build'], triggers: [{ schedule: { cron: '0 0 * * *' } }], max_auto_reruns: 2, auto_cancel: false },
    },
  });
});
