// Does a search find what a person would see, in any log, without taking the process away from others?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gate } from '../../../app/page/log/gate.ts';
import { finderOf, searchLog } from '../../../app/page/log/search.ts';
import type { Finds } from '../../../app/page/log/search.ts';
import { inChunksOf, storedLog } from './stored-log.ts';
import type { StoredLog } from './stored-log.ts';

type How = { regex?: true; exact?: true; from?: number; mostMs?: number; signal?: AbortSignal };

function search(log: StoredLog, text: string, { regex, exact, from = 1, mostMs, signal = new AbortController().signal }: How = {}): Promise<Finds> {
  const find = finderOf(text, { isExpression: regex ?? false, isCaseSensitive: exact ?? false });
  if ('problem' in find) assert.fail(find.problem);
  return searchLog(log.ports, log.key, log.manifest, { fromLine: from, find }, signal, mostMs === undefined ? {} : { mostMs });
}

suite('what is found, in chunks of every kind', () => {
  const text = [
    /* 1 */ 'plain Text',
    /* 2 */ '\x1b[1mte\x1b[31mxt\x1b[0m in colours\r',
    /* 3 */ '10% text\r20% gone\r30% shown',
    /* 4 */ '',
    /* 5 */ 'TEXT text text',
    /* 6 */ 'te\0xt with a control character, te\u202ext with a mark',
    /* 7 */ 'Äpfel, 漢字 and 😀',
    /* 8 */ '\x1b]0;text of a title\x07nothing else',
    /* 9 */ 'İ text after a letter that grows',
    /* 10 */ 'a.c and the last tex',
  ].join('\n');
  const cases: [string, How, number[]][] = [
    ['text', {}, [1, 2, 5, 6, 9]],
    ['text', { exact: true }, [2, 5, 6, 9]],
    ['text', { from: 3 }, [5, 6, 9]],
    ['text', { from: 11 }, []],
    ['10%', {}, []],
    ['shown', {}, [3]],
    ['31m', {}, []],
    ['title', {}, []],
    ['äpfel', {}, [7]],
    ['漢字', {}, [7]],
    ['😀', {}, [7]],
    ['a.c', {}, [10]],
    ['text$', { regex: true }, [1, 5]],
    ['^t.xt', { regex: true }, [2, 5, 6]],
    ['^t.xt', { regex: true, exact: true }, [2, 6]],
    ['^$', { regex: true }, [4]],
    ['^[^z]*tex$', { regex: true }, [10]],
    ['\\p{Han}', { regex: true }, [7]],
    ['[^a]漢', { regex: true, from: 7 }, [7]],
  ];
  for (const size of [1, 3, 7, 40, 1000]) {
    test(`chunks of ${size}`, async () => {
      const log = await storedLog(inChunksOf(size, text));
      for (const [wanted, how, expected] of cases) {
        assert.deepEqual(await search(log, wanted, how), { matches: expected, more: false, searched: 10 }, `${wanted} ${JSON.stringify(how)}`);
      }
    });
  }
});

test('a line is searched as far as a page shows it', async () => {
  const log = await storedLog(inChunksOf(1 << 20, `${'x'.repeat(4996)}here${'x'.repeat(10)}here\n${'y'.repeat(4997)}here\n`));
  assert.deepEqual((await search(log, 'here')).matches, [1]);
  assert.deepEqual((await search(log, 'he.e', { regex: true })).matches, [1]);
});

test('one line of many megabytes, or none at all, costs the memory of its beginning', async () => {
  const log = await storedLog(['begin ', ...Array.from({ length: 40 }, () => Buffer.alloc(1 << 20, 'z')), '\nnext\n', ...Array.from({ length: 20 }, () => Buffer.alloc(1 << 20)), 'text after zeros']);
  assert.deepEqual((await search(log, 'begin')).matches, [1]);
  assert.deepEqual((await search(log, 'next')).matches, [2]);
  assert.deepEqual(await search(log, 'nothing'), { matches: [], more: false, searched: 3 });
});

test('thousands of finds come in portions that join', async () => {
  const log = await storedLog(inChunksOf(100_000, Array.from({ length: 12_001 }, (_, i) => `line ${i + 1}\n`).join('')));
  const all: number[] = [];
  for (let from = 1, more = true; more; ) {
    const found = await search(log, 'line', { from });
    all.push(...found.matches);
    assert.ok(found.matches.length <= 5000);
    [from, more] = [found.searched + 1, found.more];
  }
  assert.deepEqual(all, Array.from({ length: 12_001 }, (_, i) => i + 1));
});

test('a search that takes too long says how far it came', async () => {
  const log = await storedLog(inChunksOf(5000, Array.from({ length: 3000 }, (_, i) => `line ${i + 1}\n`).join('')));
  const all: number[] = [];
  let portions = 0;
  for (let from = 1, more = true; more; portions += 1) {
    const found = await search(log, 'line \\d*00$', { from, regex: true, mostMs: 0 });
    all.push(...found.matches);
    assert.ok(found.searched >= from);
    [from, more] = [found.searched + 1, found.more];
  }
  assert.ok(portions > 1);
  assert.deepEqual(all, Array.from({ length: 30 }, (_, i) => 100 * (i + 1)));
});

test('over a gap line numbers stay right, and the gap is said', async () => {
  const log = await storedLog(['one\ntwi', 'ce\nthree\nfo', 'lio\nfive\n', 'six\n']);
  log.lose(1);
  const problem = 'Roundhouse cannot show lines 2 to 4 (11 bytes): the object store has lost them.';
  assert.deepEqual(await search(log, 'i'), { matches: [2, 4, 5, 6], more: false, searched: 6, problem });
  assert.deepEqual(await search(log, 'twilio'), { matches: [], more: false, searched: 6, problem });
});

test('while a search runs others have their turn, and who leaves is not searched for', async () => {
  const log = await storedLog(['one\ntwo\n', 'three\n']);
  const order: string[] = [];
  const find = (plain: string, from: number): number | null => {
    order.push(`looks from ${from} of ${plain.length}`);
    setImmediate(() => order.push('another'));
    return from < 4 ? from + 4 : null;
  };
  assert.deepEqual(await searchLog(log.ports, log.key, log.manifest, { fromLine: 1, find }, new AbortController().signal), { matches: [], more: false, searched: 3 });
  assert.deepEqual(order.slice(0, 5), ['looks from 0 of 7', 'another', 'looks from 4 of 7', 'another', 'looks from 0 of 5']);

  const leave = new AbortController();
  log.reads.length = 0;
  const leaving = searchLog(log.ports, log.key, log.manifest, { fromLine: 1, find: () => (leave.abort(), 4) }, leave.signal);
  await assert.rejects(leaving, { name: 'AbortError' });
});

test('an expression that takes its time gives it back', () => {
  const plain = 'a line\n'.repeat(1_000_000);
  const find = finderOf('(x|y)+[a-z]*z', { isExpression: true, isCaseSensitive: false });
  assert.ok(typeof find === 'function');
  const from = find(plain, 0, () => true);
  assert.ok(from !== null && from > 0 && from < plain.length && from % 7 === 0, String(from));
});

suite('what cannot be looked for', () => {
  const cases: [string, boolean, RegExp][] = [
    ['', false, /^Say what to look for\.$/],
    ['x'.repeat(501), false, /no longer than 500 characters, is 501/],
    ['a\nb', false, /without a line break/],
    ['(', true, /no regular expression in the syntax of RE2: missing/],
    ['(?=x)', true, /lookarounds are not part of RE2/],
    ['(?:a{1,1000}){1,1000}', true, /no regular expression|too large/],
    ['(?:[a-z]{900}x){1}(?:[a-z]{900}y){1}(?:[a-z]{900}z)', true, /too large/],
  ];
  for (const [text, isExpression, sentence] of cases) {
    test(text.slice(0, 60) || 'nothing', () => {
      const answer = finderOf(text, { isExpression, isCaseSensitive: false });
      assert.match('problem' in answer ? answer.problem : 'it can', sentence);
    });
  }
});

test('few scans run at once; the others wait in order, and may leave while they wait', async () => {
  const through = gate(2);
  const never = new AbortController().signal;
  const leave = new AbortController();
  const begun: number[] = [];
  const release: (() => void)[] = [];
  const work = (n: number) => (): Promise<number> => new Promise((resolve) => {
    begun.push(n);
    release[n] = () => resolve(n);
  });
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  const all = [through(never, work(0)), through(never, work(1)), through(leave.signal, work(2)), through(never, work(3))];
  await turn();
  assert.deepEqual(begun, [0, 1]);
  leave.abort();
  await assert.rejects(all[2]!, { name: 'AbortError' });
  release[0]!();
  await turn();
  assert.deepEqual(begun, [0, 1, 3]);
  const last = through(never, () => Promise.reject(new Error('a scan that fails')));
  release[1]!();
  await assert.rejects(last, /a scan that fails/);
  release[3]!();
  assert.deepEqual(await Promise.all([all[0], all[1], all[3]]), [0, 1, 3]);
  assert.equal(await through(never, () => Promise.resolve('free again')), 'free again');
});
