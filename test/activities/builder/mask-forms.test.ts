import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { maskForms } from '../../../activities/builder/mask-forms.ts';
import { maskAll } from '../../../activities/builder/masking.ts';

const formsOf = (...values: string[]): string[] => maskForms(values).map((form) => form.toString());
const repeat = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length)).slice(0, length);

suite('a value too ordinary to be looked for has no forms', () => {
  for (const value of ['', 'abc', 'äöü', '😀😀😀', 'abc\n', '\r\n\r\n', '      ', '  abc  ', 'true', 'false', 'TRUE', 'FALSE', 'true\n']) test(JSON.stringify(value), () => assert.deepEqual(formsOf(value), []));
});

suite('forms', () => {
  const rows: [form: string, value: string, expected: string[]][] = [
    ['raw', 'p4ss', ['p4ss']],
    ['raw, True is a word like others', 'True', ['True']],
    ['raw without the newline at its end', 'p4ssword\n', ['p4ssword']],
    ['raw without any white space around it', ' \tp4ssword \r\n\n', ['p4ssword']],
    ['raw with the other newlines', 'one\ntwo', ['one\ntwo', 'one\r\ntwo']],
    ['raw with the other newlines, from a browser', 'one\r\ntwo', ['one\ntwo', 'one\r\ntwo']],
    ['each long line, trimmed', 'first line\n  "second": "line",  \r\n{\nlast line', ['first line', '"second": "line",', 'last line']],
    ['base64, alone', 'p4ssword', ['cDRzc3dvcm']],
    ['base64, one byte before it', 'p4ssword', ['A0c3N3b3Jk']],
    ['base64, two bytes before it', 'p4ssword', ['wNHNzd29yZ']],
    ['base64 of four bytes', 'p4ss', ['cDRzc', 'A0c3', 'wNHNz']],
    ['base64 and base64url', 'ab>ab?ab>', ['YWI+YWI/YWI+', 'YWI-YWI_YWI-']],
    ['hex', 'jklm', ['6a6b6c6d', '6A6B6C6D']],
    ['encodeURIComponent', "a b/ä'~", ["a%20b%2F%C3%A4'~", "a%20b%2f%c3%a4'~"]],
    ['RFC 3986', "a b/ä'~", ['a%20b%2F%C3%A4%27~', 'a%20b%2f%c3%a4%27~']],
    ['HTML form', "a b/ä'~", ['a+b%2F%C3%A4%27%7E', 'a+b%2f%c3%a4%27%7e']],
    ['JSON', 'a"b\\c\nd/ä', ['a\\"b\\\\c\\nd/ä', 'a\\"b\\\\c\\nd\\/ä']],
    ['JSON in ASCII', 'a"bä/😀', ['a\\"b\\u00e4/\\ud83d\\ude00', 'a\\"b\\u00E4/\\uD83D\\uDE00', 'a\\"b\\u00e4\\/\\ud83d\\ude00']],
    ['JSON within HTML', 'a<b>&c', ['a\\u003cb\\u003e\\u0026c']],
    ['half a character, as it is printed', 'half\ud83d', ['half\ufffd']],
  ];
  for (const [form, value, expected] of rows)
    test(`${form}: ${JSON.stringify(value)}`, () => {
      const forms = formsOf(value);
      for (const each of expected) assert.ok(forms.includes(each), `${each} is missing in ${forms.join(' | ')}`);
    });

  test('are the writers’ own', () => {
    const value = 'A "q" & <b>/ä~😀\'(*)!\n+x?y';
    const forms = new Set(formsOf(value));
    const written = [value, new URLSearchParams({ '': value }).toString().slice(1), encodeURIComponent(value), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('hex')];
    for (const each of written) assert.ok(forms.has(each), each);
  });

  test('come once each, and have at least four bytes', () => {
    const forms = formsOf('p4ss', 'p4ss', 'p4ss\n', 'another one\nof two lines', 'a\r\nb');
    assert.equal(new Set(forms).size, forms.length);
    assert.ok(forms.every((form) => form.length >= 4));
    assert.deepEqual(formsOf('12345678'), [...new Set(formsOf('12345678'))]);
    assert.equal(formsOf('12345678').filter((form) => form === '12345678').length, 1, 'its URL and JSON forms are the same');
  });
});

suite('base64 that a tool has broken into lines', () => {
  const key = `-----BEGIN KEY-----\n${repeat('MIIEvQIBADANBgkqhkiG9w0BAQEFAASC/+x\n', 900)}\n-----END KEY-----\n`;
  for (const columns of [60, 64, 76])
    for (const before of [0, 1, 2, 3, 50, 76])
      test(`${columns} columns, ${before} bytes before it: no full line stays, and less than 16 characters at either end`, () => {
        const text = Buffer.concat([Buffer.alloc(before, '#'), Buffer.from(key.trim()), Buffer.alloc(60, '#')]);
        const unbroken = text.toString('base64');
        const masked = maskAll([key], Buffer.from(unbroken.replace(new RegExp(`.{${columns}}`, 'g'), '$&\n'))).toString();
        const [first, end] = [Math.ceil((before * 8) / 6), Math.floor(((before + key.trim().length) * 8) / 6)];
        const shown = [...masked.replaceAll('\n', '')].flatMap((character, at) => (at >= first && at < end && character !== '*' ? [at] : []));
        const [firstBreak, lastBreak] = [Math.ceil((first + 1) / columns) * columns, Math.floor(end / columns) * columns];
        for (const at of shown) assert.ok((at < firstBreak && firstBreak - first < 16) || (at >= lastBreak && end - lastBreak < 16), `character ${at} of ${first} to ${end}`);
      });

  test('a token that a line break cuts', () => {
    const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    const text = Buffer.from(`${'#'.repeat(42)}${token}##`).toString('base64');
    assert.equal(maskAll([token], Buffer.from(`${text.slice(0, 76)}\n${text.slice(76)}`)).toString(), `${'Iy'.repeat(28).replaceAll('Iy', 'IyMj').slice(0, 56)}${'*'.repeat(20)}\n${'*'.repeat(33)}${text.slice(109)}`);
  });
});

/** Text that nowhere repeats itself. */
const counting = (length: number, from = 0): string => Array.from({ length: length / 8 }, (_, i) => `${from + i + 1e6}!`).join('');

suite('large values', () => {
  test('of a value over 64 KiB the beginning is masked', () => {
    const value = counting(100_000);
    const masked = maskAll([value], Buffer.from(value)).toString();
    assert.equal(masked, '*'.repeat(65_536) + value.slice(65_536));
  });
  test('a character is not cut in two', () => {
    const value = `x${'😀'.repeat(40_000)}`;
    assert.equal(formsOf(value)[0], `x${'😀'.repeat(32_767)}`);
  });
  test('of a value over 16 KiB the beginning is masked in other encodings', () => {
    const value = counting(50_000);
    assert.equal(maskAll([value], Buffer.from(value)).toString(), '*'.repeat(50_000));
    assert.equal(maskAll([value], Buffer.from(Buffer.from(value).toString('hex'))).toString().lastIndexOf('*'), 2 * 16_384 - 1);
  });
  test('many values: what is too much loses its encodings only', () => {
    const values = Array.from({ length: 20 }, (_, i) => counting(16_000, i * 10_000));
    const forms = new Set(formsOf(...values));
    assert.ok([...forms].reduce((sum, form) => sum + form.length, 0) < 6 * 1024 * 1024);
    for (const value of values) assert.ok(forms.has(value.trim()));
    const hexOf = (value: string): string => Buffer.from(value.trim()).toString('hex');
    assert.deepEqual([forms.has(hexOf(values[0]!)), forms.has(hexOf(values[19]!))], [true, false]);
  });
});
