import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fillCacheKey, filesIn, parseCacheKey, type KeyContent } from '../../config-schema/cache-key.ts';

const content: KeyContent = {
  Branch: 'feature/x',
  BuildNum: '41',
  Revision: 'a'.repeat(40),
  CheckoutKey: 'ck',
  environment: { CACHE: 'v7', EMPTY: '', BREAKS: 'a\nb' },
  checksums: { 'go.sum': 'SUM=', 'a b': 'AB=', '~/x': 'HOME=', 'q"q': 'Q=', missing: null },
  epochSeconds: 1_700_000_123,
  arch: 'linux-amd64-6_85',
};

function filled(template: string): string {
  const parsed = parseCacheKey(template);
  if (!('parts' in parsed)) return `fault: ${parsed.fault.kind}`;
  const result = fillCacheKey(parsed.parts, content, '~/project');
  return 'key' in result ? result.key : `problem: ${result.problem}`;
}

const table = (name: string, rows: [template: string, key: string][]): void =>
  void suite(name, () => {
    for (const [template, key] of rows) test(JSON.stringify(template).slice(0, 80), () => assert.equal(filled(template), key));
  });

table('a key is filled in', [
  ['plain', 'plain'],
  ['v1-{{ .Branch }}-{{.BuildNum}}', 'v1-feature/x-41'],
  ['{{ .Revision }}{{ .CheckoutKey }}', `${'a'.repeat(40)}ck`],
  ['{{ .Environment.CACHE }}-{{ .Environment.EMPTY }}-{{ .Environment.NOT_SET }}', 'v7--<no value>'],
  ['{{ .Environment.constructor }}', '<no value>'],
  ['{{checksum "go.sum"}}-{{ checksum `a b` }}-{{ checksum "~/x" }}', 'SUM=-AB=-HOME='],
  ['{{ checksum "q\\"q" }}', 'Q='],
  ['{{ epoch }}-{{ epoch | round "1h" }}', '1700000123-1699999200'],
  ['{{ arch }}', 'linux-amd64-6_85'],
  ['a {{- .BuildNum -}} b', 'a41b'],
  ['a {{-.BuildNum }}', 'fault: unknown'],
  ['a }} b { c', 'a }} b { c'],
  ['ünïcode-{{ arch }} and blanks', 'ünïcode-linux-amd64-6_85 and blanks'],
  ['{{ .Branch }}'.repeat(100), 'feature/x'.repeat(100)],
]);

table('a key that cannot be filled in', [
  ['{{ .Barnch }}', 'fault: unknown'],
  ["{{ checksum 'go.sum' }}", 'fault: unknown'],
  ['{{ checksum "go.sum" "x" }}', 'fault: unknown'],
  ['{{ epoch | round "soon" }}', 'fault: unknown'],
  ['{{ .Environment }}', 'fault: unknown'],
  ['{{}}', 'fault: unknown'],
  ['a-{{ .Branch', 'fault: open'],
  ['{{ checksum "a }}', 'fault: open'],
  ['v1-{{ checksum "missing" }}', 'problem: error computing cache key: template: cacheKey:1:6: executing "cacheKey" at <checksum "missing">: error calling checksum: open ~/project/missing: no such file or directory'],
  ['ü{{checksum "/no"}}', 'problem: error computing cache key: template: cacheKey:1:4: executing "cacheKey" at <checksum "/no">: error calling checksum: open /no: no such file or directory'],
  ['{{ .Environment.EMPTY }}', 'problem: The key of the cache is empty once it is filled in. Give it a word of its own.'],
  ['{{ .Branch }}'.repeat(101), 'problem: The key of the cache has 909 characters once it is filled in, and may have 900. Shorten it.'],
  ['{{ .Environment.BREAKS }}', 'problem: The key of the cache holds a line break or another character that cannot be printed once it is filled in. Take it out of the variable that it comes from.'],
]);

test('each file is asked for once', () => {
  const parsed = parseCacheKey('{{ checksum "a" }}{{ checksum `a` }}{{ checksum "b" }}');
  assert.ok('parts' in parsed);
  assert.deepEqual(filesIn(parsed.parts), ['a', 'b']);
});
