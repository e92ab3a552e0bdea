import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readFilters, runsOn, type Ref } from '../../../config-schema/language/filters.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import { readYaml } from '../../../config-schema/language/yaml.ts';

const branch = (name: string): Ref => ({ branch: name, tag: null });
const tag = (name: string): Ref => ({ branch: null, tag: name });

function read(yaml: string): { filters: ReturnType<typeof readFilters>; errors: string[] } {
  const source = { path: '.circle.yml', text: yaml };
  const problems = collectProblems(source);
  const filters = readFilters(readYaml(source, problems), problems);
  return { filters, errors: problems.diagnostics().map(({ line, message }) => `${line}: ${message}`) };
}

const rows: [what: string, filters: string, ref: Ref, runs: boolean][] = [
  ['no filters on a branch', '', branch('main'), true],
  ['no filters on a tag', '', tag('v1'), false],
  ['an exact name', 'branches: {only: main}', branch('main'), true],
  ['another name', 'branches: {only: main}', branch('main2'), false],
  ['one of a list', 'branches: {only: [main, dev]}', branch('dev'), true],
  ['none of a list', 'branches: {only: [main, dev]}', branch('x'), false],
  ['an ignored name', 'branches: {ignore: gh-pages}', branch('gh-pages'), false],
  ['a name beside the ignored', 'branches: {ignore: [gh-pages, docs]}', branch('main'), true],
  ['a pattern for the whole name', 'branches: {only: /rel.*/}', branch('rel-1'), true],
  ['a pattern is no search', 'branches: {only: /rel/}', branch('rel-1'), false],
  ['anchors in a pattern', 'branches: {only: /^rel-\\d+$/}', branch('rel-12'), true],
  ['alternatives match wholly', 'branches: {only: /a|ab/}', branch('ab'), true],
  ['the case of letters in a pattern', 'branches: {only: /(?i)MAIN/}', branch('main'), true],
  ['a dot matches no line end, and names have none', 'branches: {only: /.*/}', branch('ünï/cödé 😀'), true],
  ['a star is not a glob', 'branches: {only: dev/*}', branch('dev/x'), false],
  ['a star matches itself', 'branches: {only: dev/*}', branch('dev/*'), true],
  ['a slash inside a name', 'branches: {only: a/b}', branch('a/b'), true],
  ['a number as a name', 'branches: {only: 1.2}', branch('1.2'), true],
  ['a single slash', 'branches: {only: /}', branch('/'), true],
  ['an empty only lets nothing in', 'branches: {only: []}', branch('main'), false],
  ['an empty ignore keeps nothing out', 'branches: {ignore: []}', branch('main'), true],
  ['a null only is not there', 'branches: {only: }', branch('main'), true],
  ['only tag filters, on a branch', 'tags: {only: /v.*/}', branch('main'), true],
  ['only branch filters, on a tag', 'branches: {only: main}', tag('v1'), false],
  ['branches ignored, on a tag without tag filters', 'branches: {ignore: /.*/}', tag('v1'), false],
  ['the tags-only idiom on a branch', '{branches: {ignore: /.*/}, tags: {only: /^v.*/}}', branch('v1'), false],
  ['the tags-only idiom on its tag', '{branches: {ignore: /.*/}, tags: {only: /^v.*/}}', tag('v1'), true],
  ['the tags-only idiom on another tag', '{branches: {ignore: /.*/}, tags: {only: /^v.*/}}', tag('x1'), false],
  ['tags ignored without only, another tag', 'tags: {ignore: beta}', tag('v1'), true],
  ['tags ignored without only, that tag', 'tags: {ignore: beta}', tag('beta'), false],
  ['an empty tags on a tag', 'tags: {}', tag('v1'), false],
  ['neither branch nor tag', 'branches: {only: main}', { branch: null, tag: null }, true],
];
for (const [what, filters, ref, runs] of rows) {
  test(`2.1 §9.4 filters: ${what}${runs ? ' runs' : ' does not run'}`, () => {
    const { filters: given, errors } = read(filters);
    assert.deepEqual(errors, []);
    assert.equal(runsOn(given, ref), runs);
  });
}

suite('2.1 §21.7 filters with both only and ignore: the name must be in the one and not in the other', () => {
  const both = 'branches: {only: [main, /dev.*/], ignore: dev-old}';
  for (const [name, runs] of [['main', true], ['dev-1', true], ['dev-old', false], ['x', false]] as const)
    test(name, () => assert.equal(runsOn(read(both).filters, branch(name)), runs));
  test('tags too', () => assert.equal(runsOn(read('tags: {only: /v.*/, ignore: v0}').filters, tag('v0')), false));
});

test('2.1 §9.4 filters: a lookaround is an error, because RE2 has none', () => {
  const { errors } = read('branches:\n  only:\n    - main\n    - /^(?!main$).*/\n');
  assert.deepEqual(errors, ['4: branches.only[1]: Invalid regular expression: ^(?!main$).*: Invalid pattern. Lookarounds are not part of RE2: name what shall not match under `ignore`.']);
});

test('2.1 §9.4 filters: a pattern that is none is an error', () => {
  assert.deepEqual(read('tags: {only: "/v[0-9/"}').errors, ['1: tags.only: Invalid regular expression: v[0-9: Invalid pattern. Write it in the syntax of RE2.']);
});

test('2.1 §9.4 filters: a hostile pattern takes no time to speak of', () => {
  const { filters } = read('branches: {only: "/(a+)+$/"}');
  const started = performance.now();
  assert.equal(runsOn(filters, branch(`${'a'.repeat(200)}!`)), false);
  assert.ok(performance.now() - started < 1000);
});
