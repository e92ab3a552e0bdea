import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findLocation, projectPath } from '../../config-schema/test-location.ts';

suite('a path as the project knows it', () => {
  for (const [path, expected] of [
    ['test/a.js', 'test/a.js'],
    ['./test/a.js', 'test/a.js'],
    ['././a.js', 'a.js'],
    ['/root/project/test/a.js', 'test/a.js'],
    ['file:///root/project/test/a.js', 'test/a.js'],
    ['/root/project-two/a.js', '/root/project-two/a.js'],
    ['../a.js', '../a.js'],
    ['', ''],
  ] as const) {
    test(`${path || 'nothing'} is ${expected || 'nothing'}`, () => assert.equal(projectPath(path, '/root/project/'), expected));
  }
});

suite('the place that a trace names', () => {
  for (const [what, trace, expected] of [
    ['jest', 'Error: no\n    at expect (/root/project/node_modules/expect/index.js:9:1)\n    at Object.<anonymous> (/root/project/src/cart.test.ts:12:17)', { file: 'src/cart.test.ts', line: 12 }],
    ['node', 'at TestContext.<anonymous> (file:///root/project/test/a.test.js:3:5)', { file: 'test/a.test.js', line: 3 }],
    ['pytest', "def test_a():\n>       assert 1 == 2\nE       assert 1 == 2\n\ntest_a.py:5: AssertionError", { file: 'test_a.py', line: 5 }],
    ['python', 'Traceback:\n  File "/usr/lib/python3/unittest/case.py", line 59\n  File "tests/test_cart.py", line 7, in test', { file: 'tests/test_cart.py', line: 7 }],
    ['ruby', 'expected 1\n# ./spec/models/user_spec.rb:8:in `block\'', { file: 'spec/models/user_spec.rb', line: 8 }],
    ['java names no folder', 'java.lang.AssertionError\n\tat com.acme.CartTest.adds(CartTest.java:31)', null],
    ['go names no folder', '    cart_test.go:12: expected 1', null],
    ['a server is no file', 'shop.example.com:443: connection refused\n127.0.0.1:80 http://a.b/c.d:80/', null],
    ['of others', '/usr/lib/x.js:1:1 ../other/a.js:2 vendor/bundle/gems/x.rb:3', null],
    ['nothing', '', null],
  ] as const) {
    test(what, () => assert.deepEqual(findLocation(trace, '/root/project', null), expected));
  }

  test('is in the file that is known', () => {
    const trace = 'at helper (test/helper.js:1:1)\nat test (test/a.test.js:20:3)';
    assert.deepEqual(findLocation(trace, '', 'test/a.test.js'), { file: 'test/a.test.js', line: 20 });
    assert.equal(findLocation(trace, '', 'test/b.test.js'), null);
  });
});
