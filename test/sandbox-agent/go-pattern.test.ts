import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BadPattern, goPattern } from '../../sandbox-agent/helper/go-pattern.ts';

// What Go's documentation of filepath.Match says, one part of a path at a time.
suite('patterns of Go', () => {
  const rows: [pattern: string, matching: string[], others: string[]][] = [
    ['abc', ['abc'], ['ab', 'abcd', 'ABC']],
    ['*', ['a', '', '.hidden', 'a\nb'], []],
    ['**', ['ab'], []],
    ['*.tar', ['a.tar', '.tar'], ['a.tar.gz', 'atar']],
    ['a?c', ['abc', 'aéc', 'a💥c'], ['ac', 'abbc']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x', '-x']],
    ['[^a-c]x', ['dx', '^x'], ['ax', 'x']],
    ['[c-a]', [], ['a', 'b', 'c']],
    ['[^c-a]', ['b'], ['']],
    ['[\\]x]', [']', 'x'], ['\\']],
    ['[\\--z]', ['-', 'a'], [',']],
    ['a\\*b', ['a*b'], ['axb']],
    ['{a,b}', ['{a,b}'], ['a', 'b']],
    ['!(a)', ['!(a)'], ['b']],
    ['a.b', ['a.b'], ['axb']],
    ['(a|b)$^+', ['(a|b)$^+'], ['a']],
    ['a]', ['a]'], ['a']],
    ['ü*', ['über'], ['uber']],
  ];
  for (const [pattern, matching, others] of rows)
    test(pattern, () => {
      const matches = goPattern(pattern);
      for (const name of matching) assert.ok(matches(name), `${pattern} matches ${name}`);
      for (const name of others) assert.ok(!matches(name), `${pattern} does not match ${name}`);
    });

  for (const pattern of ['[', '[a', '[]a]', '[-x]', '[x-]', '[ab-]', 'a\\', '[a\\', '[^', '[]'])
    test(`${pattern} is none`, () => assert.throws(() => goPattern(pattern), BadPattern));
});
