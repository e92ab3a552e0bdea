import { test } from 'node:test';
import assert from 'node:assert/strict';
import { code, cutMarkdown, cutText, fenced, printable, prose, table } from '../../../activities/control/markdown.ts';

test('code: nothing in it is interpreted', async (t) => {
  const cases: [string, string, string][] = [
    ['a usual name', 'npm test -- ./src', '`npm test -- ./src`'],
    ['html', '<img src=x>', '`<img src=x>`'],
    ['lines', 'one\n two\r\n\tthree', '`one two three`'],
    ['a backtick, which would end the span', 'a`b', '<code>a&#96;b</code>'],
    ['a pipe, which would end a table’s cell', 'a | <b>', '<code>a &#124; &#60;b&#62;</code>'],
    ['a backslash before a pipe', '\\|', '<code>&#92;&#124;</code>'],
    ['letters of other scripts stay', 'тест | 試験 🚀', '<code>тест &#124; 試験 🚀</code>'],
    ['nothing', '', '` `'],
  ];
  for (const [name, text, expected] of cases) await t.test(name, () => assert.equal(code(text), expected));
});

test('prose: a sentence stays a sentence', async (t) => {
  const cases: [string, string, string][] = [
    ['nothing to escape', 'out of memory (limit 512 MB)', 'out of memory (limit 512 MB)'],
    ['names with underscores stay readable', 'job build_and_test', 'job build_and_test'],
    ['emphasis', '_a_ *b*', '\\_a\\_ \\*b\\*'],
    ['html and entities', '<script>&lt;', '\\<script\\>\\&lt;'],
    ['links and pictures', '![x](http://evil)', '!\\[x\\](http\\://evil)'],
    ['a table’s pipe', 'a|b', 'a\\|b'],
    ['nobody is notified', 'thanks @octocat', 'thanks @\u2060octocat'],
    ['a heading on a new line', 'a\n# b', 'a \\# b'],
  ];
  for (const [name, text, expected] of cases) await t.test(name, () => assert.equal(prose(text), expected));
});

test('a fence is longer than any in the text', async (t) => {
  const cases: [string[], string][] = [
    [['plain'], '```'],
    [['```', '<b>out</b>'], '````'],
    [['x `````` y'], '```````'],
  ];
  for (const [lines, fence] of cases) await t.test(lines.join('/'), () => assert.equal(fenced(lines), `${fence}\n${lines.join('\n')}\n${fence}`));
});

test('printable: what a terminal would show in the end', async (t) => {
  const cases: [string, string, string][] = [
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a title and a link', '\u001b]0;title\u0007\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['progress', '10%\r50%\r100%\r', '100%'],
    ['control characters but the tab', 'a\u0000b\u0008\tc\u009b', 'ab\tc'],
    ['text turned around', 'user\u202Enimda\u2066', 'usernimda'],
    ['half a character', 'a\ud800b', 'a\ufffdb'],
  ];
  for (const [name, text, expected] of cases) await t.test(name, () => assert.equal(printable(text), expected));
});

test('a table', () => assert.equal(table(['A', 'B'], [['1', '2']]), '| A | B |\n| --- | --- |\n| 1 | 2 |'));

test('a cut keeps the limit, whole lines, and says so', async (t) => {
  const lines = Array.from({ length: 2000 }, (_, i) => `line ${i} ünïcode`);
  for (const [name, text] of [
    ['plain lines', lines.join('\n')],
    ['in a block of code', `intro\n\n${fenced(['`````', ...lines])}`],
    ['one endless line', 'ü'.repeat(50_000)],
  ] as const) {
    await t.test(name, () => {
      const cut = cutMarkdown(text, 9_999);
      assert.ok(Buffer.byteLength(cut) <= 9_999 && Buffer.byteLength(cut) > 9_800);
      assert.match(cut, /\n\nThe rest is left out/);
      assert.doesNotMatch(cut, /\ufffd/);
      if (name === 'in a block of code') assert.match(cut, /\nline \d+ ünïcode\n``````\n\nThe rest/);
    });
  }
  await t.test('nothing to cut', () => assert.equal(cutMarkdown('short', 9_999), 'short'));
});

test('text is cut between characters', () => {
  assert.equal(cutText('aé🚀', 6), 'aé');
  assert.equal(cutText('aé🚀', 7), 'aé🚀');
  assert.equal(cutText('é', 1), '');
});
