import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { durationPattern, durationSeconds } from '../../config-schema/durations.ts';
import { nearest } from '../../config-schema/nearest.ts';
import { splitWords } from '../../config-schema/shell-words.ts';

suite('shell words', () => {
  const rows: [string, string[] | null][] = [
    ['/bin/bash -eo pipefail', ['/bin/bash', '-eo', 'pipefail']],
    ['  a \t b\n', ['a', 'b']],
    [`a "b c" 'd "e'`, ['a', 'b c', 'd "e']],
    [`a"b c"d`, ['ab cd']],
    [`a '' ""`, ['a', '', '']],
    ['a\\ b "c\\"d"', ['a b', 'c"d']],
    [`'a\\b'`, ['a\\b']],
    ['a\\', ['a\\']],
    ['', []],
    [`a 'b`, null],
    ['a "b\\"', null],
  ];
  for (const [text, words] of rows) test(text, () => assert.deepEqual(splitWords(text), words));
});

suite('durations', () => {
  for (const [text, seconds] of [['30s', 30], ['10m', 600], ['1.5h', 5400], ['0.5s', 0.5], ['5h', 18000]] as const)
    test(text, () => {
      assert.match(text, durationPattern);
      assert.equal(durationSeconds(text), seconds);
    });
  for (const text of ['', '10', 'm', '1d', '1h30m', '-1m', '1.m', ' 1m', '1m\n', '1 m']) test(`not ${JSON.stringify(text)}`, () => assert.doesNotMatch(text, durationPattern));
});

suite('the nearest name', () => {
  const known = ['steps', 'shell', 'docker', 'a', 'test', 'text', 'run'];
  for (const [name, expected] of [['stpes', 'steps'], ['Steps', 'steps'], ['step', 'steps'], ['dokcer', 'docker'], ['dockers', 'docker'], ['tests', 'test'], ['x', undefined], ['aa', 'a'], ['rnu', 'run'], ['xyz', undefined], ['environment', undefined], ['steps', undefined]] as const)
    test(`${name}: ${expected}`, () => assert.equal(nearest(name, known), expected));
});
