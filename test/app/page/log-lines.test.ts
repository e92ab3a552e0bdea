// Does a log's text show as a terminal would show it, and never as anything but text?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { logLines, plainLines } from '../../../app/page/log/log-lines.ts';
import { ansi } from '../../../app/page/log/stored-lines.ts';

suite('lines', () => {
  const cases: [string, string, string[]][] = [
    ['plain lines', 'one\ntwo\n', ['one', 'two']],
    ['a last line without an end', 'one\ntw', ['one', 'tw']],
    ['empty lines', '\n\nx\n', ['', '', 'x']],
    ['carriage returns at the end of lines', 'one\r\ntwo\r\n', ['one', 'two']],
    ['a progress bar', '10%\r50%\r100%\ndone\n', ['100%', 'done']],
    ['a progress bar that has not ended', '10%\r50%\r', ['50%']],
    ['markup', '<img src=x onerror="alert(1)">&amp;\'\n', ['&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp;&#x27;']],
    ['a colour over lines', '\x1b[31mred\nstill\x1b[0m not\n', ['<span class="ansi-red-fg">red</span>', '<span class="ansi-red-fg">still</span> not']],
    ['a colour set in what was overwritten', '\x1b[32mold\rnew\x1b[m\n', ['<span class="ansi-green-fg">new</span>']],
    ['true colours', '\x1b[38;2;1;2;3mx\x1b[0m\n', ['<span style="color:rgb(1,2,3)">x</span>']],
    ['colours that hide markup', '\x1b[38;2;1;2;3"onload=x m<b>\n', ['nload=x m&lt;b&gt;']],
    ['cursor movement and clearing', '\x1b[2J\x1b[1;1Hx\x1b[K\x1b[?25l\x1b[10Ay\n', ['xy']],
    ['titles and links', '\x1b]0;title\x07a\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\b\n', ['alinkb']],
    ['a title without end', 'a\x1b]0;title\nnext\n', ['a', 'next']],
    ['character sets and resets', '\x1b(Bx\x1bcy\x1b7z\n', ['xyz']],
    ['a lone escape at the end', 'x\x1b\ny\x1b[\nz\x1b[31\nw\n', ['x', 'y', 'z', 'w']],
    ['strange numbers', '\x1b[38:2::1:2:3mx\x1b[999999999999999999my\x1b[;;;mz\n', ['xyz']],
    ['control characters', 'a\0b\bc\x07d\te\x7ff\x9bg\n', ['abcd\tefg']],
    ['marks that turn text around', 'a\u202eb\u2066c\u200f\n', ['abc']],
    ['clearing to the end of the line', 'Compiling 1\x1b[K\rCompiling 2\x1b[K\n\x1b[2K\rdone\n', ['Compiling 2', 'done']],
    ['going up a line is not done', 'one\n\x1b[1Atwo\x1b[1B\n', ['one', 'two']],
    ['links are their text', '\x1b]8;id=1;https://evil.example/?a=b\x07here\x1b]8;;\x07\n', ['here']],
    ['a colour that clears the line as well', '\x1b[0m\x1b[32mok\x1b[0m\x1b[K\n', ['<span class="ansi-green-fg">ok</span>']],
    ['sequences of one byte', 'a\x9b31mb\x84c\x90d\x9ce\n', ['a31mbcde']],
    ['NULs', '\0\0a\0\0\n\0\n', ['a', '']],
    ['bytes that are no UTF-8', 'a\ufffdb\n', ['a\ufffdb']],
    ['tabs', '\ta\tb\n', ['\ta\tb']],
    ['other ends of lines', 'a\vb\fc\u2028d\u0085e\n', ['abc\u2028de']],
    ['isolates and embeddings', '\u2067\u2068a\u2069\u202ab\u202c\u061c\u200ec\n', ['abc']],
    ['carriage returns alone', '\r\r\r\n\r\ra\r\r\n', ['', 'a']],
    ['private strings of terminals', '\x1bPdata\x1b\\a\x1b_app\x07b\x1b^pm\x1b\\c\n', ['abc']],
    ['words of the world', 'é 漢字 😀 עברית\n', ['é 漢字 😀 עברית']],
  ];
  for (const [what, text, expected] of cases) {
    test(what, () => assert.deepEqual(shown([text]), expected));
    test(`${what}, character by character`, () => assert.deepEqual(shown(text.split('')), expected));
  }
});

test('a line that has not ended is shown again without its colours counting twice', () => {
  const lines = logLines(ansi());
  assert.equal(lines.feed('\x1b[1mbo').open, '<span style="font-weight:bold">bo</span>');
  assert.equal(lines.feed('ld\x1b[0m plain').open, '<span style="font-weight:bold">bold</span> plain');
  assert.deepEqual(lines.feed(' end\n').ended, ['<span style="font-weight:bold">bold</span> plain end']);
  assert.equal(lines.feed('').open, null);
});

test('a line without end costs a bounded time, memory and page', () => {
  const lines = logLines(ansi());
  const piece = 'x'.repeat(60_000);
  for (let i = 0; i < 500; i += 1) assert.ok(lines.feed(piece).open!.length < 6000);
  const [line] = lines.feed('\n').ended;
  assert.match(line!, /^x{5000} … \(a line of more than 5000 characters\)$/);

  for (let i = 0; i < 500; i += 1) lines.feed(`${i} ${'y'.repeat(100)}\r`);
  assert.match(lines.feed('after the bar').open!, /^after the bar$/);
  assert.deepEqual(lines.feed('\nnext\n').ended, ['after the bar', 'next']);

  for (let i = 0; i < 30; i += 1) lines.feed(piece);
  assert.equal(lines.feed('\rstarts anew').open, 'starts anew');

  for (let i = 0; i < 200; i += 1) lines.feed('\x1b[3'.repeat(1000));
  for (let i = 0; i < 200; i += 1) lines.feed('\x1b[31m'.repeat(1000));
  assert.ok(lines.feed('z\n').ended[0]!.length < 6000);
});

test('a line of ten thousand characters is cut, and its colours with it', () => {
  const [line, next] = logLines(ansi()).feed(`\x1b[31m${'é'.repeat(10_000)}\x1b[32m\nnext\n`).ended;
  assert.match(line!, /^<span class="ansi-red-fg">é{4995} … \(a line of more than 5000 characters\)<\/span>$/);
  assert.equal(next, '<span class="ansi-green-fg">next</span>');
});

test('carriage returns by the thousand take no time', () => {
  // With a pattern that tries each of them anew this takes minutes.
  const hostile = `${'\r'.repeat(19_000)}x\n`.repeat(50);
  assert.deepEqual(new Set(logLines(ansi()).feed(hostile).ended), new Set(['x']));
  assert.deepEqual(new Set(plainLines(`${'\r'.repeat(1_000_000)}x\n${'\u2028\r'.repeat(500_000)}\n`).split('\n')), new Set(['x', '\u2028', '']));
});

test('as text a line reads as it does in HTML', () => {
  const piece = fc.oneof(...['\x1b', '\x1b[', '\x1b]', '\x1b[31m', '\x1b[K', '\x07', '\\', '\r', '\n', '\r\n', '\0', '\x9b', '\u202e', '\u2028', 'm', '0', ';', 'a', ' ', '(', 'é', '😀'].map((text) => fc.constant(text)));
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
    const text = `${pieces.join('')}\n`;
    const html = logLines(ansi()).feed(text).ended.map((line) => line.replace(/<[^>]*>/g, ''));
    assert.deepEqual(plainLines(text).split('\n').slice(0, -1), html);
  }), { numRuns: 3000 });
});

/** As a page would show them: the lines that ended and the one that has not. */
function shown(pieces: string[]): string[] {
  const lines = logLines(ansi());
  const all: string[] = [];
  let open: string | null = null;
  for (const piece of pieces) {
    const fed = lines.feed(piece);
    all.push(...fed.ended);
    open = fed.open;
  }
  return open === null ? all : [...all, open];
}
