// Which lines of a log begin groups, and at which would somebody begin to look for what went wrong?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mayFail, saysError } from '../../../app/page/log/first-error.ts';
import { grouping } from '../../../app/page/log/groups.ts';
import { outlines } from '../../../app/page/log/outline.ts';
import { inChunksOf, storedLog } from './stored-log.ts';

suite('groups', () => {
  // Each group as: line-last, level, `+` when open, title.
  const cases: [string, string[], string[]][] = [
    ['none', ['a', 'b'], []],
    ['headers go on to the next', ['x', '--- one', 'a', '~~~ two', 'b', '+++ three', 'c'], ['2-3 1 one', '4-5 1 two', '6-7 1 + three']],
    ['an empty one', ['--- one', '--- two'], ['1-1 1 one', '2-2 1 two']],
    ['the group of a failed command is opened from within', ['--- one', 'a', '^^^ +++', '--- two'], ['1-3 1 + one', '4-4 1 two']],
    ['blocks end by themselves', ['::group::one', 'a', '::endgroup::', 'b'], ['1-3 1 one']],
    ['the same of Azure', ['##[group]one', 'a', '##[endgroup]', 'b'], ['1-3 1 one']],
    ['a block within a header', ['--- one', '::group::in', '::endgroup::', 'b', '--- two'], ['1-4 1 one', '2-3 2 in', '5-5 1 two']],
    ['a block within a block', ['::group::one', '::group::in', '::endgroup::', 'b', '::endgroup::'], ['1-5 1 one', '2-3 2 in']],
    ['deeper ones follow one another', ['::group::a', '::group::b', '::group::c', '::endgroup::', '::endgroup::'], ['1-5 1 a', '2-2 2 b', '3-4 2 c']],
    ['one that never ends', ['::group::a', 'x'], ['1-2 1 a']],
    ['an end without a beginning', ['::endgroup::', '--- a', '::endgroup::', 'x'], ['2-4 1 a']],
    ['a header in a block is a line', ['::group::a', '--- b', '::endgroup::', '--- c'], ['1-3 1 a', '4-4 1 c']],
    ['a diff is none', ['--- one', 'a', '--- a/x.c', '+++ b/x.c', '@@ -1 +1 @@', '-a', '+b', '--- two'], ['1-7 1 one', '8-8 1 two']],
    ['headers that look like a diff and are none', ['--- one', '+++ two', 'x'], ['1-1 1 one', '2-3 1 + two']],
    ['the last header may be one', ['--- one'], ['1-1 1 one']],
    ['Go tells of tests in this way', ['--- FAIL: TestX (0.00s)', '--- PASS: TestY (0.00s)'], []],
    ['rules and lists are none', ['---', '----- x', '- a', '+++', '# title', '::error::x', '--- '], []],
    ['with colours and a carriage return', ['\x1b[90m--- one\x1b[0m\r', 'a\r'], ['1-2 1 one']],
    ['titles are text of any length', [`--- ${'x'.repeat(1000)}`], [`1-1 1 ${'x'.repeat(200)}`]],
  ];
  for (const [what, lines, expected] of cases) {
    test(what, async () => {
      for (const [text, size] of [[lines.join('\n'), 1000], [`${lines.join('\n')}\n`, 1000], [lines.join('\n'), 3]] as const) {
        const log = await storedLog(inChunksOf(size, text));
        const { groups, total } = await outlines(log.ports)(log.key, log.manifest, never);
        assert.equal(total, lines.length);
        assert.deepEqual(groups.map(({ line, last, title, level, open }) => `${line}-${last} ${level} ${open ? '+ ' : ''}${title}`), expected);
      }
    });
  }

  test('a log of nothing but headers has as many groups as anybody folds', () => {
    const groups = grouping();
    for (let line = 1; line <= 20_000; line += 1) groups.take(`--- ${line}`, line);
    assert.equal(groups.groups(20_000).length, 5000);
  });

  test('a log that grows is read on where it was left', async () => {
    const log = await storedLog(['--- one\na\n--- two\nhal'], { complete: false });
    const outlineOf = outlines(log.ports);
    const before = await outlineOf(log.key, log.manifest, never);
    assert.deepEqual([before.complete, before.firstError, before.groups.map(({ last }) => last)], [false, null, [2, 4]]);
    await log.add('f\nerror: no\n::group::in\n');
    log.reads.length = 0;
    const after = await outlineOf(log.key, log.manifest, never);
    assert.deepEqual([after.total, after.firstError, after.groups.map(({ line, last }) => [line, last])], [6, 5, [[1, 2], [3, 6], [6, 6]]]);
    assert.equal(log.reads.length, 1, 'the new chunk alone');
    log.manifest.complete = true;
    assert.equal((await outlineOf(log.key, log.manifest, never)).complete, true);
    assert.equal(log.reads.length, 1, 'nothing more');
  });

  test('who leaves leaves the reading whole for the next', async () => {
    const log = await storedLog(inChunksOf(10, '--- one\naaaa\n--- two\nbbbb\n--- three\n'));
    const leave = new AbortController();
    const outlineOf = outlines({ ...log.ports, store: { ...log.ports.store, get: (key) => (log.reads.length === 2 && leave.abort(), log.ports.store.get(key)) } });
    const left = outlineOf(log.key, log.manifest, leave.signal);
    const stayed = outlineOf(log.key, log.manifest, never);
    await assert.rejects(left, { name: 'AbortError' });
    assert.deepEqual((await stayed).groups.map(({ title, line, last }) => [title, line, last]), [['one', 1, 2], ['two', 3, 4], ['three', 5, 5]]);
  });

  test('over a gap line numbers stay right', async () => {
    const log = await storedLog(['--- one\na\n--- ha', 'lf\nc\n--- lost\n', 'd\n--- two\n']);
    log.lose(1);
    const { groups } = await outlines(log.ports)(log.key, log.manifest, never);
    assert.deepEqual(groups.map(({ title, line, last }) => [title, line, last]), [['one', 1, 2], ['ha', 3, 6], ['two', 7, 7]]);
  });
});

suite('the first error', () => {
  const errors = [
    '##[error]Process completed with exit code 1.',
    '::error file=a.ts,line=1::no',
    '::error::no',
    'error: cannot find -lfoo',
    'Error: Cannot find module "x"',
    'ERROR: failed to solve: process did not complete',
    '[ERROR] COMPILATION ERROR :',
    '2026-11-28T22:05:49Z ERROR could not connect',
    '12:00:01 error: no',
    'ERROR in ./src/a.ts',
    'error TS2304: Cannot find name "x".',
    'error[E0308]: mismatched types',
    'src/a.ts(3,5): error TS2322: Type is wrong.',
    'src/main.c:3:5: error: expected ‘;’',
    'main.c:1:10: fatal error: foo.h: No such file or directory',
    'a.rb:3: syntax error, unexpected end',
    'fatal: not a git repository',
    'AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:',
    'TypeError: x is not a function',
    '    java.lang.NullPointerException: no',
    'Exception in thread "main" java.lang.IllegalStateException: no',
    'Uncaught Error: no',
    'KeyError',
    'Traceback (most recent call last):',
    'E   assert 1 == 2',
    'E       AssertionError',
    'panic: runtime error: index out of range',
    "thread 'main' panicked at src/main.rs:2:5:",
    '--- FAIL: TestX (0.00s)',
    '    --- FAIL: TestX/sub (0.00s)',
    'FAIL src/a.test.ts',
    'FAIL\texample.com/x\t0.1s',
    'FAILED tests/test_a.py::test_x - assert 1 == 2',
    '[  FAILED  ] Suite.Test',
    'FAILURE: Build failed with an exception.',
    'BUILD FAILED in 3s',
    'not ok 3 - it works',
    '✗ it works',
    '  ✖ it works (3 ms)',
    '  ● Suite › it works',
    'npm ERR! code ELIFECYCLE',
    'npm error code 1',
    'make: *** [Makefile:2: all] Error 1',
    'bash: line 1: foo: command not found',
    '/bin/sh: 1: foo: command not found',
    'Segmentation fault (core dumped)',
    'a.out: a.c:3: main: Assertion `x\' failed.',
  ];
  for (const line of errors) {
    test(line, () => {
      assert.ok(saysError(line));
      assert.ok(mayFail(`before\n${line}\nafter`), 'the quick look');
    });
  }

  const harmless = [
    '',
    '0 errors',
    'Error: 0 errors, 3 warnings',
    'ERROR: 0',
    '3 passed, 0 failed',
    'no errors found',
    'FAILED: 0',
    'Setting up libgpg-error0 (1.46-1) ...',
    'compiling src/error.c',
    'error-handling.test.ts passed',
    'Errors are handled in errors.ts',
    'Fail early, fail often',
    'PASS src/fail.test.ts',
    'failing over to the second mirror',
    'test test_error ... ok',
    'ok 3 - not ok is said when it fails',
    'E: is the fifth letter',
    'Each of them',
    '✓ shows an error',
    'fatality',
    'make: Nothing to be done for `all\'.',
    '+ set -o errexit',
    'make: [clean] Error 1 (ignored)',
  ];
  for (const line of harmless) test(`not: ${line}`, () => assert.ok(!saysError(line)));

  test('of a log, whichever chunk it is in, and in the last line too', async () => {
    const text = 'fine\n\x1b[31merror:\x1b[0m no\nerror: later';
    for (const size of [1, 4, 100]) {
      const log = await storedLog(inChunksOf(size, text));
      assert.equal((await outlines(log.ports)(log.key, log.manifest, never)).firstError, 2);
    }
    const last = await storedLog(['fine\nerror: no']);
    assert.equal((await outlines(last.ports)(last.key, last.manifest, never)).firstError, 2);
    const none = await storedLog(['fine\n0 errors\n']);
    assert.equal((await outlines(none.ports)(none.key, none.manifest, never)).firstError, null);
  });
});

const never = new AbortController().signal;
