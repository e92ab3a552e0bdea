import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { attemptKey, encodeName, formatAddress, parseAddress, pipelineKey, planKey, sliceKey, stepLogKey } from '../../config-schema/address.ts';

const names = ['build', 'build and test', 'a/b', '100%', '%2F', 'a@2', 'a#b', '.', '..', '...', 'a\\b', 'tab\there', 'line\nbreak', 'bell\u0007', 'größe', '構築', '👩‍🚀', 'x=1&y?', 'plan.json', ' ', '\u00a0', '\u202e'];

suite('an address', () => {
  for (const workflow of names)
    test(`comes back from its text: ${JSON.stringify(workflow)}`, () => {
      for (const job of names) {
        const address = { owner: 'Codertocat', name: 'Hello-World.js', pipeline: 12, workflow, job, slice: 3, attempt: 2 };
        assert.deepEqual(parseAddress(formatAddress(address)), address);
      }
    });

  test('is readable', () => {
    assert.equal(formatAddress({ owner: 'o', name: 'r', pipeline: 1, workflow: 'build and test', job: 'a/b', slice: 0, attempt: 1 }), 'o/r#1/build%20and%20test/a%2Fb/0@1');
  });

  const rows: [string, ReturnType<typeof parseAddress>][] = [
    ['o/r#7', { owner: 'o', name: 'r', pipeline: 7 }],
    ['o/r#7/w', { owner: 'o', name: 'r', pipeline: 7, workflow: 'w' }],
    ['o/r#7/build and test/unit', { owner: 'o', name: 'r', pipeline: 7, workflow: 'build and test', job: 'unit' }],
    ['o/r#7/w/j/1', { owner: 'o', name: 'r', pipeline: 7, workflow: 'w', job: 'j', slice: 1 }],
    ['o/r#7/w/j/1@2', { owner: 'o', name: 'r', pipeline: 7, workflow: 'w', job: 'j', slice: 1, attempt: 2 }],
    ['o/r', null],
    ['o/r#', null],
    ['o/r#x', null],
    ['o/r#7/', null],
    ['o/r#7/w//1', null],
    ['o/r#7/w/j/x', null],
    ['o/r#7/w/j/1@', null],
    ['o#7', null],
    ['a/o/r#7', null],
    ['o/r#7/100%', null],
    ['o/r#7/w/%zz', null],
    ['', null],
  ];
  for (const [text, address] of rows) test(JSON.stringify(text), () => assert.deepEqual(parseAddress(text), address));
});

suite('keys', () => {
  const slice = { repositoryId: 42, pipeline: 7, workflow: 'w', job: 'j', slice: 0 };

  test('of one pipeline lie together', () => {
    assert.deepEqual(
      [pipelineKey({ id: 42 }, 7), planKey(42, 7), sliceKey(slice), attemptKey(slice, 2), stepLogKey(slice, 2, 3)],
      ['pipelines/42/7', 'pipelines/42/7/plan.json', 'pipelines/42/7/workflows/w/j/0', 'pipelines/42/7/workflows/w/j/0/attempts/2', 'pipelines/42/7/workflows/w/j/0/attempts/2/steps/3'],
    );
  });

  test('of free names are allowed in the object store and never meet', () => {
    const keys = names.flatMap((workflow) => names.map((job) => sliceKey({ ...slice, workflow, job })));
    assert.equal(new Set(keys).size, keys.length);
    for (const key of [...keys, planKey(42, 7)]) {
      assert.doesNotMatch(key, /[\p{C}\\]|[^\S ]/u, 'printable, without a backslash');
      assert.ok(key.split('/').every((part) => part !== '' && part !== '.' && part !== '..'));
      assert.equal(key.split('/').length, key === planKey(42, 7) ? 4 : 7);
      assert.ok(!keys.some((other) => other.startsWith(`${key}/`)), 'no object is also a folder');
    }
  });

  test('of half a character are written all the same', () => assert.equal(encodeName('a\ud800b'), 'a\ufffdb'));
});
