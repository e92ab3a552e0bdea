import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { maskForms } from '../../../activities/builder/mask-forms.ts';
import { createMask, maskAll, prepareMask } from '../../../activities/builder/masking.ts';
import type { Mask } from '../../../activities/builder/masking.ts';

const through = (mask: Mask, pieces: readonly Uint8Array[]): string => Buffer.concat([...pieces.map((piece) => mask.push(piece)), mask.end()]).toString('latin1');

/** Cut at these places. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((place, i) => bytes.subarray(sorted[i]!, place));
}

/** What masking means, without any thought of speed or of streams. */
function naive(values: readonly string[], bytes: Buffer): string {
  const masked = Buffer.from(bytes);
  for (const form of maskForms(values))
    for (let at = bytes.indexOf(form); at >= 0; at = bytes.indexOf(form, at + 1)) for (let i = at; i < at + form.length; i++) if (bytes[i] !== 10 && bytes[i] !== 13) masked[i] = 42;
  return masked.toString('latin1');
}

const token = 'ghp_0123456789abcdefABCDEF';
const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nw0BAQEF\n-----END KEY-----\n';

// Seen to fail: when push holds nothing back, from the first split on; without base64Forms; without plainForms' lines.
test('check 18: a secret echoed raw, in base64 at three offsets, split over writes, multi-line: masked', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const text = Buffer.from(
    [`raw ${token}.`, `alone ${base64(token)}`, `one before ${base64(`:${token}`)}`, `two before ${base64(`a:${token}:`)}`, 'all of the key', key, 'a line MIIEvQIBADANBgkqhkiG.', 'with CRLF', key.replaceAll('\n', '\r\n'), 'end'].join('\n'),
  );
  const stars = (length: number): string => '*'.repeat(length);
  // Of the base64 stay those characters that also depend on what stands beside the secret.
  const masked = [
    `raw ${stars(26)}.`,
    `alone ${stars(35)}=`,
    `one before ${base64(`:${token}`).slice(0, 2)}${stars(34)}`,
    `two before ${base64(`a:${token}:`).slice(0, 3)}${stars(34)}${base64(`a:${token}:`).slice(37)}`,
    'all of the key',
    key.replace(/[^\n]/g, '*'),
    `a line ${stars(20)}.`,
    'with CRLF',
    key.replace(/[^\n]/g, '*').replaceAll('\n', '\r\n'),
    'end',
  ].join('\n');
  assert.equal(maskAll([token, key], text).toString(), masked);
  for (let at = 0; at <= text.length; at++) assert.equal(through(createMask([token, key]), cutAt(text, [at])), masked, `split at ${at}`);
  assert.equal(through(createMask([token, key]), cutAt(text, Array.from(text.keys()))), masked, 'byte by byte');
});

test('each form, split anywhere', () => {
  for (const value of ['p4ss', 'pass "word" <ä>/😀+1', token, key]) {
    const newMask = prepareMask([value]);
    for (const form of maskForms([value])) {
      const text = Buffer.concat([Buffer.from('x ='), form, form, Buffer.from('\ny')]);
      const expected = naive([value], text);
      assert.equal(expected.slice(3, 3 + form.length), form.toString('latin1').replace(/[^\r\n]/g, '*'));
      for (let at = 0; at <= text.length; at++) assert.equal(through(newMask(), cutAt(text, [at])), expected, `${JSON.stringify(form.toString())} split at ${at}`);
    }
  }
});

suite('what comes out when', () => {
  const rows: [name: string, values: string[], pushes: [piece: string, out: string][], rest: string][] = [
    ['what cannot be a beginning goes on at once', ['secret'], [['hello\n', 'hello\n']], ''],
    ['what may be one waits', ['secret'], [['my sec', 'my '], ['re', ''], ['t!', '******!']], ''],
    ['and comes as it is when it was none', ['secret'], [['my sec', 'my '], ['ond', 'second']], ''],
    ['or when nothing more comes', ['secret'], [['my secre', 'my ']], 'secre'],
    ['a whole one that nothing can lengthen does not wait', ['secret'], [['secret', '******']], ''],
    ['one that may become a longer one comes with it', ['secret', 'secretary'], [['secret', ''], ['a', ''], ['xe', '******axe']], ''],
    ['of one that overlaps a beginning, all waits', ['secret', 'retina'], [['a secret', 'a '], ['ina', '*********']], ''],
    ['overlapping ones are masked together', ['secret', 'retina'], [['a secretina!', 'a *********!']], ''],
    ['of two that touch, the first comes', ['secret', 'retina'], [['secretretin', '******'], ['e', 'retine']], ''],
    ['one that overlaps itself', ['ababab'], [['ababab', ''], ['ab', ''], ['!', '********!']], ''],
    ['asterisks are as good a secret as others', ['****'], [['***', ''], ['*', ''], ['.', '****.']], ''],
  ];
  for (const [name, values, pushes, rest] of rows)
    test(name, () => {
      const mask = createMask(values);
      for (const [piece, out] of pushes) assert.equal(mask.push(Buffer.from(piece)).toString(), out, `after ${piece}`);
      assert.equal(mask.end().toString(), rest);
      assert.equal(mask.push(Buffer.from('x')).toString() + mask.end().toString(), 'x', 'as new');
    });
});

test('without secrets the bytes are handed on, not copied', () => {
  for (const values of [[], ['abc', 'true', '']]) {
    const bytes = Buffer.from('secret');
    assert.equal(createMask(values).push(bytes), bytes);
    assert.equal(createMask(values).end().length, 0);
  }
});

test('what was pushed is not written to, and may be used again at once', () => {
  const mask = createMask(['secret']);
  const bytes = Buffer.from('a secret, sec');
  const out: Buffer[] = [Buffer.from(mask.push(bytes))];
  assert.equal(bytes.toString(), 'a secret, sec');
  bytes.fill('#');
  out.push(mask.push(Uint8Array.from(Buffer.from('ret'))));
  assert.equal(Buffer.concat(out).toString(), 'a ******, ******');
});

test('masks of the same secrets do not disturb each other', () => {
  const newMask = prepareMask(['secret']);
  const [one, other] = [newMask(), newMask()];
  one.push(Buffer.from('sec'));
  other.push(Buffer.from('secre'));
  assert.equal(one.push(Buffer.from('ret')).toString(), '******');
  assert.equal(other.push(Buffer.from('d')).toString(), 'secred');
});

const few = fc.constantFrom('a', 'b', '0', '-', '\n', '\r\n', ' ', '/', '"', 'ä', '+', 'A', '*');
const value = fc.oneof({ weight: 3, arbitrary: fc.array(few, { minLength: 4, maxLength: 24 }).map((parts) => parts.join('')) }, { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: 4, maxLength: 60 }) }, fc.constantFrom(token, key, 'abab', '0000', 'aaaaaaaa\naaaaaaaaa'));
type Part = { kind: 'form' | 'noise' | 'beginning' | 'end'; which: number; cut: number; noise: string };
const part = fc.record<Part>({ kind: fc.constantFrom<Part['kind']>('form', 'form', 'beginning', 'end', 'noise'), which: fc.nat(), cut: fc.nat(), noise: fc.oneof(few, fc.string({ maxLength: 40 }), fc.constantFrom('the quick brown fox jumps over the lazy dog\n', 'aaaaaaaaaaaaaaaa')) });
/** Secrets; a text of their forms, of what forms begin and end with, and of noise; and places. */
const scene = fc.record({ values: fc.array(value, { minLength: 1, maxLength: 4 }), parts: fc.array(part, { maxLength: 12 }), places: fc.array(fc.nat(), { maxLength: 12 }) }).map(({ values, parts, places }) => {
  const forms = maskForms(values);
  const bytesOf = ({ kind, which, cut, noise }: Part): Buffer => {
    const form = forms[which % forms.length];
    if (kind === 'noise' || !form) return Buffer.from(noise);
    const at = cut % form.length;
    return kind === 'form' ? form : kind === 'end' ? form.subarray(at) : form.subarray(0, at);
  };
  return { values, forms, text: Buffer.concat(parts.map(bytesOf)), places };
});
const numRuns = 500;

test('any secrets, any text, cut anywhere: as the simple way, as long, with the same line breaks, and no form is left', () => {
  fc.assert(
    fc.property(scene, ({ values, forms, text, places }) => {
      const masked = through(createMask(values), cutAt(text, places));
      assert.equal(masked, naive(values, text));
      assert.equal(masked.length, text.length);
      assert.deepEqual([...masked.matchAll(/[\r\n]/g)].map(({ index }) => index), [...text.toString('latin1').matchAll(/[\r\n]/g)].map(({ index }) => index));
      // A secret with asterisks may come about by masking.
      for (const form of forms) assert.ok(form.includes('*') || !masked.includes(form.toString('latin1')), form.toString());
    }),
    { numRuns },
  );
});

test('a builder starts again: a new mask from the bytes that came out gets the same result', () => {
  fc.assert(
    fc.property(scene, ({ values, text, places }) => {
      const newMask = prepareMask(values);
      assert.equal(restarted(newMask, text, places), naive(values, text));
    }),
    { numRuns },
  );
});

/** After each piece the process is killed; the next one goes on at the length of the log. */
function restarted(newMask: () => Mask, text: Buffer, places: readonly number[]): string {
  let log: Buffer = Buffer.alloc(0);
  for (const piece of cutAt(text, places).slice(0, -1)) {
    const end = piece.byteOffset - text.byteOffset + piece.length;
    log = Buffer.concat([log, newMask().push(text.subarray(log.length, end))]);
  }
  return log.toString('latin1') + through(newMask(), [text.subarray(log.length)]);
}

suite('a secret that overlaps itself without end', () => {
  const values = ['0000', 'aba', 'abaab', '0000secret'];
  const text = Buffer.from(`${'0'.repeat(300_001)}secret abaab ${'abaab'.repeat(40_000)} 000`);
  const whole = maskAll(values, text).toString();
  test('is masked, and only so much is held', () => {
    assert.match(whole, /^\*{300001,300007}(secret|ecret|cret|ret|et|t|) \*{5} \*+[ab]{0,4} 000$/);
    const mask = createMask(values);
    let out = 0;
    for (let at = 0; at < text.length; at += 1000) {
      out += mask.push(text.subarray(at, at + 1000)).length;
      assert.ok(at + 1000 - out < 64 * 1024 + 1000 + 200, `${at + 1000 - out} bytes are held`);
    }
  });
  test('wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 8 }), (places) => {
        assert.equal(through(createMask(values), cutAt(text, places)), whole);
        assert.equal(restarted(prepareMask(values), text, places), whole);
      }),
      { numRuns: 30 },
    );
  });
});
