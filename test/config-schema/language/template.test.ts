import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { childOf, scalarAt, toPlain } from '../../../config-schema/language/node.ts';
import type { Node } from '../../../config-schema/language/node.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import { hasTags, hasTagsBelow, namesIn, render } from '../../../config-schema/language/template.ts';
import { absent, sharedFiles, sharedText } from './shared.ts';
import { boundTo, fileOf, linesOf, nodeOf, variablesOf } from './variables.ts';

const values: Record<string, unknown> = {
  'parameters.name': 'world',
  'parameters.number': 42,
  'parameters.yes': true,
  'parameters.no': false,
  'parameters.empty': '',
  'parameters.zero': 0,
  'parameters.unset': null,
  'parameters.list': ['a', 'b'],
  'parameters.none': [],
  'parameters.map': { name: 'large', size: 2 },
  'parameters.tag': '<< parameters.name >> \\<<',
  'parameters.url:with:colons': 'https://example.org',
  'pipeline.git.branch': 'main',
};

/** Of one text: what it becomes, or the sentences about it. */
function rendered(text: string, of = values): unknown {
  const source = { path: 'file', text };
  const problems = collectProblems(source);
  const node = render(scalarAt({ source, start: 0, end: text.length }, text), variablesOf(of), problems);
  if (!problems.failed()) return toPlain(node);
  assert.equal(toPlain(node), null, 'a text with a fault is null');
  return problems.diagnostics().map(({ message }) => message.replace(/^file: /, '')).join('\n');
}

type Row = [text: string, becomes: unknown];
const table = (rows: Row[]): void => {
  for (const [text, becomes] of rows)
    test(JSON.stringify(text).slice(0, 90), () => {
      const found = rendered(text);
      if (becomes instanceof RegExp) assert.match(String(found), becomes);
      else assert.deepEqual(found, becomes);
    });
};

suite('2.1 §4.1 scanner: tags, escapes, text', () =>
  table([
    ['no tags at all', 'no tags at all'],
    ['hello << parameters.name >>!', 'hello world!'],
    ['<<parameters.name>><<parameters.name>>', 'worldworld'],
    ['echo done >> log.txt', 'echo done >> log.txt'],
    ['<< parameters.name >> >> log.txt', 'world >> log.txt'],
    ['a < b << parameters.number >>', 'a < b 42'],
    ['cat \\<<EOF >> file', 'cat <<EOF >> file'],
    ['cat \\<<< "<< parameters.name >>"', 'cat <<< "world"'],
    ['jq \\<<<"<<parameters.name>>"', 'jq <<<"world"'],
    ['\\\\<< parameters.name >>', '\\world'],
    ['\\\\\\<< parameters.name >>', '\\\\world'],
    ['\\n \\< \\', '\\n \\< \\'],
    ['1 \\<< 2 \\<< 3', '1 << 2 << 3'],
    ['\\<<# x >>', '<<# x >>'],
    ['<\\<<', '<<<'],
    ['cat <<EOF', "Unclosed '<<' tag in string: 'cat <<EOF' ('<<' must be escaped as '\\<<' in config v2.1+). Write a backslash before it, or >> behind the tag."],
    ['cat <<EOF\n<< parameters.name >>\nEOF', /^Unclosed '<<' tag in string: 'cat <<EOF << parameters.name >> EOF' \(/],
    ['<<', /^Unclosed '<<' tag/],
    ['echo << parameters.name', /^Unclosed '<<' tag/],
    ['<< a \\<< b >>', /^Unclosed '<<' tag/],
    ['cat <<< "$x"', /^Unclosed '<<' tag/],
    ['<<<parameters.name>>', /Expected expression, found "<"/],
  ]));

suite('2.1 §4.2 blocks: values', () =>
  table([
    ['<< parameters.number >>', 42],
    ['<< parameters.yes >>', true],
    ['<< parameters.unset >>', null],
    ['<< parameters.list >>', ['a', 'b']],
    ['<< parameters.map >>', { name: 'large', size: 2 }],
    ['<< parameters.number == 42 >>', true],
    ['<< parameters.yes and 9223372036854775807 >>', 9223372036854775807],
    ['<< pipeline.git.branch == "main" and "large" or "small" >>', 'large'],
    ['<< parameters.number >>\n', '42\n'],
    [' << parameters.number >>', ' 42'],
    ['v<< parameters.number >>', 'v42'],
    ['<< parameters.yes >>-<< parameters.no >>', 'true-false'],
    ['[<< parameters.unset >>]', '[]'],
    ['[<< parameters.unset and 1 >>]', '[]'],
    ['id-<< parameters.yes and 9223372036854775807 >>', 'id-9223372036854775807'],
    ['<< parameters.list or parameters.name >>', ['a', 'b']],
    ['x << parameters.list >>', '<< parameters.list >> is a list, which cannot stand inside a longer text. Let the tag stand alone.'],
    ['x << parameters.map >>', '<< parameters.map >> is a map, which cannot stand inside a longer text. Let the tag stand alone.'],
    ['<<>>', /^Expected expression after '<<'\. Write a name such as << pipeline\.git\.branch >>; .* escaped as '\\<<'/],
    ['<<  >>', /^Expected expression after '<<'/],
    [`<<${' '.repeat(2029)}parameters.name >>`, /^Expressions must be less than 2048 characters, this one is 2045|world/],
    [`<<${'x'.repeat(2049)}>>`, 'Expressions must be less than 2048 characters, this one is 2049. Shorten it.'],
  ]));

suite('2.1 §4.2 blocks: sections', () =>
  table([
    ['a<<# parameters.yes >> b<</ parameters.yes >>', 'a b'],
    ['a<<# parameters.no >> b<</ parameters.no >>', 'a'],
    ['a<<^parameters.no>> b<</parameters.no>>', 'a b'],
    ['<<#parameters.yes>>only<</parameters.yes>>', 'only'],
    ['<<#parameters.no>>only<</parameters.no>>', ''],
    ['<<#parameters.empty>>x<</parameters.empty>><<^parameters.empty>>y<</parameters.empty>>', 'y'],
    ['<<#parameters.zero>>x<</parameters.zero>><<#parameters.unset>>y<</parameters.unset>><<#parameters.none>>z<</parameters.none>>', ''],
    ['<<#parameters.list>>x<</parameters.list>>', 'x'],
    ['<<#parameters.name>> <<parameters.name>><</parameters.name>>', ' world'],
    ['<<#parameters.yes>>1<<#parameters.no>>2<</parameters.no>>3<<^parameters.no>>4<</parameters.no>>5<</parameters.yes>>', '1345'],
    ['<<#parameters.yes>>1<<#parameters.yes>>2<</parameters.yes>>3<</parameters.yes>>', '123'],
    ['<<#parameters.yes>>x \\<< y<</parameters.yes>>', 'x << y'],
    ['<<#parameters.no>><< nobody >><</parameters.no>>.', '.'],
    ['<<#parameters.url:with:colons>>x<</parameters.url:with:colons>>', 'x'],
    ['<<# nobody >>x<</ nobody >>', 'Referred to a variable "nobody" that does not exist.'],
    ['<<# parameters.yes >>x', "Unclosed section, expected '<</'. Write <</ parameters.yes >> where the section ends."],
    ['<</ a >>', /^Expected section end tag to match start tag, found <<\/ a >> without a start tag\./],
    ['<<# a >>x<</ b >>', /^Expected section end tag to match start tag, found <<\/ b >> where <<\/ a >> is due\./],
    ['<<# a >><<# b >><</ a >><</ b >>', /^Expected section end tag to match start tag/],
    ['<<# not valid >>x<</ not valid >>', /^Expected valid identifier after '<<#', found 'not valid'\. A section takes one name/],
    ['<<# a', /^Unclosed '<<' tag/],
    [`${'<<#parameters.yes>>'.repeat(100)}x${'<</parameters.yes>>'.repeat(100)}`, 'x'],
    ['<<#a>>'.repeat(101), /^sections are nested deeper than 100 levels\. Use fewer\./],
  ]));

suite('2.1 §4.2 blocks: a section tag alone on its line takes the line with it', () =>
  table([
    ['A=0\n<<# parameters.yes >>\nA=1\n<</ parameters.yes >>\n\nrun\n', 'A=0\nA=1\n\nrun\n'],
    ['A=0\n<<# parameters.no >>\nA=1\n<</ parameters.no >>\n\nrun\n', 'A=0\n\nrun\n'],
    ['a\n  <<# parameters.yes >>  \n  b\n\t<</ parameters.yes >>\t\nc', 'a\n  b\nc'],
    ['<<# parameters.yes >>\nb\n<</ parameters.yes >>', 'b\n'],
    ['a\r\n<<# parameters.yes >>\r\nb\r\n<</ parameters.yes >>\r\nc', 'a\r\nb\r\nc'],
    ['<<# parameters.yes >>\n<<^ parameters.no >>\nx\n<</ parameters.no >>\n<</ parameters.yes >>\n', 'x\n'],
    ['a <<# parameters.yes >>\nb\n<</ parameters.yes >> c', 'a \nb\n c'],
    ['<<# parameters.yes >><</ parameters.yes >>\nx', '\nx'],
    ['a\n<< parameters.name >>\nb', 'a\nworld\nb'],
    ['a\n\\<<\n<<# parameters.yes >>\nb\n<</ parameters.yes >>\n', 'a\n<<\nb\n'],
  ]));

suite('2.1 §4.3 expression body: names', () => {
  table([
    ['<< parameters.url:with:colons >>', 'https://example.org'],
    ['get << parameters.url:with:colons >>', 'get https://example.org'],
    ['<< parameters.tag >>', '<< parameters.name >> \\<<'],
    ['once: << parameters.tag >>', 'once: << parameters.name >> \\<<'],
    ['<< nobody >>', 'Referred to a variable "nobody" that does not exist.'],
    ['<< nobody >> and << nothing >>', 'Referred to a variable "nobody" that does not exist.\nReferred to a variable "nothing" that does not exist.'],
    ['<< $HOME >>', /^In << \$HOME >>: Unexpected character '\$'\..*escaped as '\\<<'/],
    ['<< a & b >>', /^In << a & b >>: Unexpected character '&'\. Write and\./],
    ['<< a == >>', /^In << a == >>: Expected expression, found the end\./],
    ['<< a == "open >>', /^In << a == "open >>: Unterminated string\./],
    ['<< parameters.number > "1" >>', /^Expected numeric operands to ">" operator\./],
    ['<< parameters.a/b >>', /^In << parameters\.a\/b >>: Unterminated pattern\./],
    ['<< include(scripts/run.sh) >>', '<< include(scripts/run.sh) >> is understood only when an orb is packed. Write what the file holds.'],
  ]);

  test('a text that would double with each call comes to an end', () => {
    const long = 'x'.repeat(600_000);
    assert.match(String(rendered('<< x >><< x >>', { x: long })), /^the text has more than 1000000 characters once its tags are filled in\./);
    assert.equal(rendered('<< x >>.', { x: long }), `${long}.`);
  });
});

suite('2.1 §4.1 scanner: is there a real tag?', () => {
  const rows: [string, boolean][] = [
    ['', false], ['a >> b', false], ['< <', false], ['\\<<', false], ['x \\<<EOF \\<<<', false],
    ['<<', true], ['<< x >>', true], ['\\<< <<x>>', true], ['\\\\<<x>>', true], ['<</ x >>', true],
  ];
  for (const [text, has] of rows) test(JSON.stringify(text), () => assert.equal(hasTags(text), has));
});

suite('2.1 §4 templates: a whole tree', () => {
  const { root, problems } = fileOf(`plain: &plain {a: [1, two, null], b: text}
again: *plain
list: [<< parameters.list >>, x-<< parameters.number >>, *plain]
escaped: cat \\<<EOF
<< parameters.name >>: a key is not rendered
`);
  const out = render(root, variablesOf(values), problems);

  test('becomes what it says', () =>
    assert.deepEqual(toPlain(out), {
      plain: { a: [1, 'two', null], b: 'text' },
      again: { a: [1, 'two', null], b: 'text' },
      list: [['a', 'b'], 'x-42', { a: [1, 'two', null], b: 'text' }],
      escaped: 'cat <<EOF',
      '<< parameters.name >>': 'a key is not rendered',
    }));
  test('what holds nothing to render is the same node', () => {
    assert.equal(childOf(out, 'plain'), childOf(root, 'plain'));
    assert.equal(childOf(out, 'again'), childOf(root, 'plain'));
    assert.notEqual(childOf(out, 'list'), childOf(root, 'list'));
  });
  test('what is rendered is never scanned again, whatever it holds and wherever it is handed on', () => {
    assert.equal(render(out, variablesOf({}), problems), out);
    const { root: lone, problems: none } = fileOf('a: << x >>\nb: \\<< y >>\nc: [<< list >>]');
    const once = render(lone, variablesOf({ x: '<< y >>', list: render(lone, variablesOf({ x: '<< y >>', list: [] }), none) }), none);
    assert.equal(render(once, variablesOf({}), none), once);
    assert.deepEqual([...namesIn(once)], []);
    assert.deepEqual(toPlain(once), { a: '<< y >>', b: '<< y >>', c: [{ a: '<< y >>', b: '<< y >>', c: [[]] }] });
    assert.deepEqual(linesOf(none), []);
  });
  test('what aliases share stays shared', () => {
    const { root, problems } = fileOf('a: &a [<< parameters.number >>]\nb: *a\n');
    const out = render(root, variablesOf(values), problems);
    assert.deepEqual(toPlain(out), { a: [42], b: [42] });
    assert.equal(childOf(out, 'a'), childOf(out, 'b'));
  });
  test('an escaped tag is to be rendered, and is none', () => {
    assert.equal(hasTagsBelow(childOf(root, 'escaped')!), false);
    assert.equal(hasTagsBelow(childOf(root, 'plain')!), false);
    assert.equal(hasTagsBelow(root), true);
  });
  test('what was bound elsewhere is left alone, and is not asked for names', () => {
    const bound = boundTo(['<< parameters.nobody >>']);
    const list = nodeOf([bound, '<< parameters.bound >>']);
    const problems = fileOf('x').problems;
    const out = render(list, variablesOf({ 'parameters.bound': bound }), problems);
    assert.equal(childOf(out, 0), bound);
    assert.equal(childOf(out, 1), bound);
    assert.deepEqual([...namesIn(list)].map(({ name }) => name), ['parameters.bound']);
    assert.deepEqual(linesOf(problems), []);
  });
  test('a bound text is a text inside a longer one', () => assert.equal(rendered('on-<< x >>', { x: boundTo('linux') }), 'on-linux'));
  test('a number keeps its spelling', () => assert.equal(rendered('v<< x >>', { x: { ...(nodeOf(1.5) as object), text: '1.50' } }), 'v1.50'));
  test('a scalar stands where its tag stood; a list where it was written', () => {
    const { root, problems, source } = fileOf('written: [a]\nused: << list >>\nnumber: << n >>\n');
    const list = childOf(root, 'written')!;
    const out = render(root, variablesOf({ list, n: { ...(nodeOf(1.5) as object), text: '1.50' } }), problems);
    assert.equal(childOf(out, 'used'), list);
    const { start, end } = childOf(out, 'number')!.place;
    assert.equal(source.text.slice(start, end), '<< n >>');
    assert.equal((childOf(out, 'number') as { text: string }).text, '1.50');
  });
});

suite('2.1 §4 templates: where a fault stands', () => {
  const rows: [name: string, text: string, lines: string[]][] = [
    ['a plain text', 'a: x << nobody >>', ['1:6 a: Referred to a variable "nobody" that does not exist.']],
    ['quotes', `a: "\\t'<< nobody >>"\nb: '''<< nobody >>'`, ['1:8 a: Referred to a variable "nobody" that does not exist.', '2:7 b: Referred to a variable "nobody" that does not exist.']],
    ['a list in a flow', 'a: [1, << nobody >>]', ['1:8 a[1]: Referred to a variable "nobody" that does not exist.']],
    ['a block, some lines down', 'a:\n  b: |\n    echo\n    echo \\<<EOF >> log\n    x << parameters.name >> y << nobody >>\n    << nothing >>\n', [
      '5:31 a.b: Referred to a variable "nobody" that does not exist.',
      '6:5 a.b: Referred to a variable "nothing" that does not exist.',
    ]],
    ['a folded block', 'a: >-\n  one\n  two\n\n  << nobody >>\n', ['5:3 a: Referred to a variable "nobody" that does not exist.']],
    ['a section in a block', 'a: |\n  x\n  <<# nobody >>\n  y\n  <</ nobody >>\n', ['3:3 a: Referred to a variable "nobody" that does not exist.']],
    ['a section that is not closed', 'a: |\n  x\n    <<# parameters.yes >>\n  y\n', ["3:5 a: Unclosed section, expected '<</'. Write <</ parameters.yes >> where the section ends."]],
    ['a here-document', 'a: |\n  x >> y\n  cat <<EOF > z\n  EOF\n', ["3:7 a: Unclosed '<<' tag in string: 'x >> y cat <<EOF > z EOF ' ('<<' must be escaped as '\\<<' in config v2.1+). Write a backslash before it, or >> behind the tag."]],
    ['the text itself where YAML hides the tag', 'a: "\\x3c< nobody >>"', ['1:4 a: Referred to a variable "nobody" that does not exist.']],
    ['an alias: where it was written, once', 'a: &a x << nobody >>\nb: *a\n', ['1:9 a: Referred to a variable "nobody" that does not exist.']],
  ];
  for (const [name, text, lines] of rows)
    test(name, () => {
      const { root, problems } = fileOf(text);
      render(root, variablesOf(values), problems);
      assert.deepEqual(linesOf(problems), lines);
    });
});

test('2.1 §3 parameters: every name is told with its place, also in what is passed over', () => {
  const { root, source } = fileOf(`a: &a << parameters.a >>
b: *a
c:
  - x <<# parameters.b >> << not (c == 1 or d.e) >> <</ parameters.b >>
  - |
    << parameters.x:y >>
    \\<< none >>
  - << broken
  - plain
`);
  assert.deepEqual(
    [...namesIn(root)].map(({ name, place }) => [name, source.text.slice(place.start, place.end)]),
    [
      ['parameters.a', '<< parameters.a >>'],
      ['parameters.b', '<<# parameters.b >>'],
      ['c', '<< not (c == 1 or d.e) >>'],
      ['d.e', '<< not (c == 1 or d.e) >>'],
      ['parameters.x:y', '<< parameters.x:y >>'],
    ],
  );
});

suite('2.1 §4 templates: any text at all', () => {
  const word = fc.constantFrom('<<', '>>', '<<#', '<<^', '<</', '\\', ' ', '\n', 'parameters.yes', 'parameters.no', 'parameters.list', 'nobody', '==', '"', 'x');
  const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.array(word, { maxLength: 30 }).map((words) => words.join('')), fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')));

  test('is a value or a sentence', () => {
    fc.assert(fc.property(anything, (text) => void rendered(text)), { numRuns: 2000 });
  });
  test('comes back as it was once its << are escaped', () => {
    // A backslash before << would be taken for one of the escape's own.
    fc.assert(fc.property(anything, (text) => text.includes('\\<<') || assert.equal(rendered(text.replaceAll('<<', '\\<<')), text)), { numRuns: 2000 });
  });
  test('has a real tag exactly when filling it in needs more than removing escapes', () => {
    fc.assert(fc.property(anything, (text) => hasTags(text) || assert.equal(typeof rendered(text), 'string')), { numRuns: 2000 });
  });

  const long: [string, string][] = [
    ['<<', '<<'.repeat(50_000)],
    ['\\<<', '\\<<'.repeat(33_000)],
    ['backslashes', '\\'.repeat(100_000)],
    ['backslashes between tags', `${'\\'.repeat(1000)}<<x>>`.repeat(100)],
    ['>>', '>>'.repeat(50_000)],
    ['<< and no end', `${'<< x '.repeat(20_000)}`],
    ['tags that nobody knows', '<<x>>'.repeat(20_000)],
    ['sections, nested', '<<#parameters.yes>>'.repeat(5_000)],
    ['sections, one after the other', '<<#parameters.yes>> \n<</parameters.yes>>\n'.repeat(2_500)],
    ['blanks between section tags', `<<#parameters.yes>>${' '.repeat(50_000)}<</parameters.yes>>${' '.repeat(50_000)}<<#parameters.yes>>x<</parameters.yes>>`],
    ['a name that is none', `<< ${'a.'.repeat(900)} x >>`.repeat(50)],
    ['a name with colons', `<< a:${'.a'.repeat(900)} >>`.repeat(50)],
    ['calls of include', '<< include( >>'.repeat(7_000)],
  ];
  for (const [name, text] of long)
    test(`100 KB of ${name} take no time`, () => {
      const start = performance.now();
      rendered(text);
      assert.ok(performance.now() - start < 5000, 'takes less than five seconds');
    });
  test('many faulty texts are found in no time, too', () => {
    const { root, problems } = fileOf(Array.from({ length: 5000 }, (_, i) => `k${i}: |\n  << nobody${i} >> <<#x>>\n`).join(''));
    const start = performance.now();
    render(root, variablesOf(values), problems);
    assert.ok(performance.now() - start < 5000, 'takes less than five seconds');
    assert.equal(problems.isFull(), true);
  });
});

test('2.1 §4 templates: rendering a large config costs far less than reading it', () => {
  const job = (i: number): string => `  job-${i}:
    docker: [{image: "cimg/base:<< parameters.name >>", environment: {A: 1, B: two}}]
    steps:
      - checkout
      - run: {name: build ${i}, command: "make -j 4 target-${i} && echo 'done with ${i}'"}
      - run: |
          set -e
          for each in one two three; do echo "$each ${'x'.repeat(200)}"; done
`;
  const text = `jobs:\n${Array.from({ length: 250 }, (_, i) => job(i)).join('')}`;
  assert.ok(text.length > 100_000);
  const timed = <T>(run: () => T): [T, number] => {
    const start = performance.now();
    return [run(), performance.now() - start];
  };
  // The second time, when both are warm.
  fileOf(text);
  const [{ root, problems }, reading] = timed(() => fileOf(text));
  const all: [Node, number][] = Array.from({ length: 20 }, () => timed(() => render(root, variablesOf(values), problems)));
  const fastest = Math.min(...all.map(([, milliseconds]) => milliseconds));
  assert.match(JSON.stringify(toPlain(all[0]![0])), /cimg\/base:world/);
  assert.ok(fastest * 5 < reading, `rendering takes ${fastest.toFixed(1)} ms, reading ${reading.toFixed(1)} ms`);
});

suite('2.1 §4 templates: configs and orbs of other people', { skip: absent }, () => {
  const read = (pattern: string): number => {
    let tags = 0;
    for (const path of sharedFiles(pattern)) {
      const { root, problems } = fileOf(sharedText(path), path);
      const version = childOf(root, 'version');
      if (version?.kind !== 'scalar' || String(version.value) !== '2.1') continue;
      tags += [...namesIn(root)].length;
      render(root, { lookup: () => nodeOf('some text'), unknown: (name) => name }, problems);
      assert.deepEqual(problems.diagnostics().filter(({ severity }) => severity === 'error'), [], path);
    }
    return tags;
  };
  test('hold no tag that cannot be read in a config', () => assert.ok(read('configs/{real,extra}/*.yml') > 100));
  test('hold no tag that cannot be read in an orb', () => assert.ok(read('orbs/**/*.yml') > 1000));
});
