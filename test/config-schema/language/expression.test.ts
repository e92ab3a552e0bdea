import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { evaluate, holdsInExpression, isTruthy, namesOf, parseExpression } from '../../../config-schema/language/expression.ts';
import { unbound } from '../../../config-schema/language/node.ts';
import { boundTo, nodeOf, variablesOf } from './variables.ts';

/** The plain value; a sentence where there is none. */
function valueOf(text: string, values: Record<string, unknown> = {}): unknown {
  const parsed = parseExpression(text);
  const result = 'fault' in parsed ? parsed : evaluate(parsed.expression, variablesOf(values));
  if ('fault' in result) return `fault: ${result.fault}`;
  if (typeof result.value !== 'object') return result.value;
  const node = unbound(result.value);
  return node.kind === 'scalar' ? node.value : node.kind;
}

type Row = [expression: string, values: Record<string, unknown>, value: unknown];
const table = (rows: Row[]): void => {
  for (const [text, values, value] of rows) test(`${text}  ${JSON.stringify(values)}`, () => assert.equal(valueOf(text, values), value));
};

suite('2.1 §5 expression: literals and names', () =>
  table([
    ['0', {}, 0n],
    ['007', {}, 7n],
    ['9223372036854775807', {}, 9223372036854775807n],
    ['"a text"', {}, 'a text'],
    ['""', {}, ''],
    ['"a \\"b\\" \\\\ \\n"', {}, 'a "b" \\ \\n'],
    ['true', {}, true],
    ['TRUE and not FALSE', {}, true],
    ['x', { x: 5 }, 5],
    ['x', { x: 'true' }, 'true'],
    ['really?', { 'really?': 1 }, 1],
    ['pipeline.git.branch', { 'pipeline.git.branch': 'main' }, 'main'],
    ['a-b_c.d-1', { 'a-b_c.d-1': 2 }, 2],
    ['\t( ( x ) )\r\n', { x: 1 }, 1],
    ['x', { x: ['a'] }, 'list'],
  ]));

suite('2.1 §5 expression: and, or, not', () =>
  table([
    ['true and false', {}, false],
    ['false or false or true', {}, true],
    ['x == "main" and 10 or 1', { x: 'main' }, 10n],
    ['x == "main" and 10 or 1', { x: 'dev' }, 1n],
    ['x and "yes"', { x: true }, 'yes'],
    ['false and nobody', {}, false],
    ['true or nobody', {}, true],
    ['true AND nobody', {}, 'fault: Referred to a variable "nobody" that does not exist.'],
    ['!x', { x: false }, true],
    ['not not x', { x: true }, true],
    ['not a == b', { a: false, b: true }, true],
    ['not (a == b)', { a: true, b: true }, false],
    ['not a and b', { a: true, b: false }, false],
    ['a or b and c', { a: true, b: true, c: false }, true],
    ['(a or b) and c', { a: true, b: true, c: false }, false],
    ['0 and 1', {}, 1n],
    ['"" and 1', {}, 1n],
    ['not ""', {}, false],
    ['x or "none"', { x: '' }, ''],
    ['x or y', { x: null, y: boundTo('linux') }, 'linux'],
  ]));

suite('2.1 §5 expression: comparisons', () =>
  table([
    ['1 == 1', {}, true],
    ['"5" == 5', {}, false],
    ['"5" != 5', {}, true],
    ['x == 5', { x: 5 }, true],
    ['x == true', { x: 'true' }, false],
    ['x == y', { x: 'a', y: boundTo('a') }, true],
    ['1 == 1 == true', {}, true],
    ['1 < 2 == true', {}, true],
    ['2 >= 2 and 2 <= 2 and 3 > 2', {}, true],
    ['x > 9', { x: 10 }, true],
    ['x >= 9007199254740993', { x: { kind: 'scalar', value: 9007199254740992, text: '9007199254740993', place: nodeOf(0).place } }, true],
    ['"hello world" starts-with "hello"', {}, true],
    ['x starts-with "hello"', { x: 'say hello' }, false],
    ['x contains "hello"', { x: 'say hello' }, true],
    ['"hello world" matches /hello\\s\\w+/', {}, true],
    ['"hello world" matches /world/', {}, false],
    ['"hello world" matches /^hello/', {}, false],
    ['"ab" matches /a|ab/', {}, true],
    ['"a/b" matches /a\\/b/', {}, true],
    ['"FOO" matches /(?i)foo/', {}, true],
    ['"é" matches /é/', {}, true],
    [`"x" matches /${'x?'.repeat(128)}/`, {}, true],
    ['5 > true', {}, 'fault: Expected numeric operands to ">" operator. Write integers, without quotes, on both sides.'],
    ['x <= 10', { x: '5' }, 'fault: Expected numeric operands to "<=" operator. Write integers, without quotes, on both sides.'],
    ['x < 10', { x: 1.5 }, 'fault: Expected numeric operands to "<" operator. Write integers, without quotes, on both sides.'],
    ['1 < 2 < 3', {}, 'fault: Expected numeric operands to "<" operator. Write integers, without quotes, on both sides.'],
    ['"x" contains 5', {}, 'fault: Expected string operands to "contains" operator. Write texts, in double quotes, on both sides.'],
    ['x starts-with "5"', { x: 55 }, 'fault: Expected string operands to "starts-with" operator. Write texts, in double quotes, on both sides.'],
    ['x matches /5/', { x: 5 }, 'fault: Expected string operands to "matches" operator. Write a text, or the name of one, left of it.'],
    ['x matches "5"', { x: '5' }, 'fault: Expected the right operand to "matches" operator to be a pattern. Write it between slashes: /main|release/.'],
    ['x == "a"', { x: ['a'] }, 'fault: "==" compares texts, numbers and booleans, not a list. Use a logic statement: equal: [a, b].'],
    ['x matches /a/', { x: 'a'.repeat(70_000) }, 'fault: "matches" looks at texts of at most 65536 characters, this one has 70000. Use starts-with or contains.'],
    ['/main/', {}, 'fault: the pattern /main/ stands alone. Write it right of matches: pipeline.git.branch matches /main/.'],
  ]));

suite('2.1 §5 expression: what exists and is not set', () => {
  const unset = { tag: null, branch: 'main' };
  table([
    ['tag', unset, undefined],
    ['tag == tag', unset, undefined],
    ['tag != tag', unset, undefined],
    ['tag != "v1"', unset, undefined],
    ['tag > 3', unset, undefined],
    ['tag matches /v.*/', unset, undefined],
    ['"v1" starts-with tag', unset, undefined],
    ['not tag', unset, true],
    ['tag or branch', unset, 'main'],
    ['branch or tag', unset, 'main'],
    ['tag or false', unset, false],
    ['false or tag', unset, undefined],
    ['tag and branch', unset, undefined],
    ['branch and tag', unset, undefined],
    ['tag and nobody', unset, undefined],
    ['tag and true or "default"', unset, 'default'],
  ]);

  test('pipeline.git.branch != "main" does not hold for a tag', () => {
    assert.equal(holdsInExpression(undefined), false);
    assert.equal(valueOf('pipeline.git.branch != "main"', { 'pipeline.git.branch': null }), undefined);
  });
});

suite('2.1 §5 expression: what cannot be read', () => {
  const rows: [string, number, RegExp][] = [
    ['', 0, /^Expected expression, found the end\. Write a name/],
    ['and', 0, /^Expected expression, found "and"\./],
    ['a or', 4, /^Expected expression, found the end\./],
    ['5 <', 3, /^Expected expression/],
    ['a and and b', 6, /^Expected expression, found "and"\./],
    ['a and (', 7, /^Expected expression/],
    ['(1 > 2 3', 7, /^Expected '\)' after expression, found "3"\. Close/],
    ['((a and b)', 10, /^Expected '\)' after expression, found the end/],
    ['1 > 2) < 3', 5, /^Unexpected additional input, found "\)"\./],
    ['a and b c', 8, /^Unexpected additional input, found "c"\. Join/],
    ['a is b', 2, /^Unknown infix function "is"\. The operators are ==/],
    ['a ends-with "b"', 2, /^Unknown infix function "ends-with"\./],
    ['a = b', 2, /^Incomplete token, expected "==", found "="\. Write ==/],
    ["a == 'b'", 5, /^Unexpected character '''\. Put texts in double quotes\./],
    ['a && b', 2, /^Unexpected character '&'\. Write and\./],
    ['a || b', 2, /^Unexpected character '\|'\. Write or\./],
    ['a + b', 2, /^Unexpected character '\+'\./],
    ['-5', 0, /^Unexpected character '-'\. There are no negative numbers\./],
    ['a..b', 1, /^Unexpected character '\.'\./],
    ['_a', 0, /^Unexpected character '_'\./],
    ['😀', 0, /^Unexpected character '😀'\./],
    ['a "open', 2, /^Unterminated string\. Close it/],
    ['a /open', 2, /^Unterminated pattern\. Close it/],
    ['/a⏰/', 2, /^Invalid pattern character, only ASCII and Latin-1/],
    ['/a\\u23f0/', 2, /^Invalid pattern character/],
    ['/a\\x41/', 2, /^Invalid pattern character/],
    ['/(?!main).*/', 0, /^Invalid regular expression: \(\?!main\)\.\*: Invalid pattern\..* lookarounds/],
    ['/(a)\\1/', 0, /^Invalid regular expression/],
    [`/${'é'.repeat(257)}/`, 0, /^Pattern length exceeded, limit is 256 characters\./],
    ['9223372036854775808', 0, /^Invalid numeric literal, numbers can range from 0 to 2\^63 - 1\./],
    [`${'('.repeat(101)}a${')'.repeat(101)}`, 101, /nested deeper than 100 levels\. Use fewer/],
    [`${'not '.repeat(101)}a`, 404, /nested deeper than 100 levels/],
  ];
  for (const [text, at, fault] of rows)
    test(text.slice(0, 40), () => {
      const parsed = parseExpression(text);
      assert.ok('fault' in parsed);
      assert.match(parsed.fault, fault);
      assert.equal(parsed.at, at);
      assert.match(parsed.fault, /\.$/);
    });

  test('but a hundred levels are fine', () => assert.equal(valueOf(`${'('.repeat(100)}a${')'.repeat(100)}`, { a: 1 }), 1));
  test('and any number of parentheses beside each other', () => assert.equal(valueOf(Array.from({ length: 500 }, () => '(a)').join(' and '), { a: 1 }), 1));
});

test('2.1 §5 expression: names are told wherever they stand', () => {
  const parsed = parseExpression('a.b == "c" and not (d or 5 < e) or f matches /g/');
  assert.deepEqual('expression' in parsed && namesOf(parsed.expression), ['a.b', 'd', 'e', 'f']);
});

suite('2.1 §6 logic: what a final value is worth', () => {
  const rows: [unknown, boolean][] = [
    [false, false], [null, false], [0, false], [NaN, false], ['', false], [[], false], [{}, false],
    [true, true], ['false', true], ['0', true], [-1, true], [0.5, true], [[null], true], [{ name: 'x' }, true],
  ];
  for (const [value, truthy] of rows)
    test(`${JSON.stringify(value)} ${truthy ? 'holds' : 'does not hold'}`, () => {
      assert.equal(isTruthy(nodeOf(value)), truthy);
      assert.equal(isTruthy(boundTo(value)), truthy);
    });
  test('what is not set does not hold', () => assert.equal(isTruthy(undefined), false));
});

suite('2.1 §5 expression: any text at all', () => {
  const values = { a: 'text', b: 5, c: true, d: null, e: ['list'], 'pipeline.git.branch': 'main' };
  const word = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'nobody', 'pipeline.git.branch', '1', '"x"', '"', '/x/', '/(?=x)/', '/', '(', ')', 'and', 'or', 'not', '!', '==', '!=', '<', '>=', 'starts-with', 'contains', 'matches', ' ', '\\', '&');
  const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')), fc.array(word, { maxLength: 30 }).map((words) => words.join('')));

  test('is a value or a sentence', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const parsed = parseExpression(text);
        if ('fault' in parsed) assert.ok(parsed.at >= 0 && parsed.at <= text.length);
        assert.ok(valueOf(text, values) !== null);
      }),
      { numRuns: 2000 },
    );
  });

  test('the names that are looked up are among those told', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const parsed = parseExpression(text);
        if ('fault' in parsed) return;
        const told = new Set(namesOf(parsed.expression));
        evaluate(parsed.expression, { lookup: (name) => (assert.ok(told.has(name)), nodeOf(1)), unknown: (name) => name });
      }),
      { numRuns: 2000 },
    );
  });

  const long: [string, string][] = [
    ['parentheses', '('.repeat(100_000)],
    ['not not not', 'not '.repeat(25_000)],
    ['!!!', '!'.repeat(100_000)],
    ['a chain of and', Array.from({ length: 20_000 }, () => 'c').join(' and ')],
    ['a chain of ==', Array.from({ length: 20_000 }, () => 'b').join(' == ')],
    ['a chain of <', Array.from({ length: 20_000 }, () => 'b').join('<')],
    ['digits', '9'.repeat(100_000)],
    ['zeros', '0'.repeat(100_000)],
    ['a name', 'a.'.repeat(50_000) + 'a'],
    ['dots', 'a' + '.'.repeat(100_000)],
    ['a text', `"${'\\"'.repeat(50_000)}"`],
    ['an open text', `"${'\\'.repeat(100_000)}`],
    ['a pattern', `"${'a'.repeat(60_000)}" matches /${'(a*)*'.repeat(50)}b/`],
    ['a pattern that counts', `"${'a'.repeat(60_000)}" matches /${'a{0,99}'.repeat(10)}b/`],
    ['an open pattern', `/${'\\/'.repeat(50_000)}`],
    ['blanks', ' \n'.repeat(50_000)],
  ];
  for (const [name, text] of long)
    test(`100 KB of ${name} take no time`, () => {
      const start = performance.now();
      valueOf(text, values);
      assert.ok(performance.now() - start < 5000, 'takes less than five seconds');
    });
});
