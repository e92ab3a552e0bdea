import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { JunitOptions, TestCase } from '../../config-schema/junit.ts';
import { parseJunit } from '../../config-schema/junit.ts';

function casesOf(text: string, options?: JunitOptions): TestCase[] {
  const result = parseJunit(text, options);
  assert.ok('cases' in result, JSON.stringify(result));
  return result.cases;
}

function problemOf(text: string, options?: JunitOptions): string {
  const result = parseJunit(text, options);
  assert.ok('problem' in result, JSON.stringify(result));
  return result.problem;
}

const one = (testcase: string): TestCase => casesOf(`<testsuite name="s">${testcase}</testsuite>`)[0]!;

suite('as test runners write them', () => {
  const flavours: Record<string, [text: string, expected: Partial<TestCase>[]]> = {
    'pytest, xunit1, which counts lines from 0': [
      `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="1" tests="2" time="0.05" hostname="h"><testcase classname="tests.test_cart" name="test_adds" file="tests/test_cart.py" line="3" time="0.001" /><testcase classname="tests.test_cart" name="test_fails[1-2]" file="tests/test_cart.py" line="6" time="0.002"><failure message="assert 1 == 2">def test_fails():
&gt;       assert 1 == 2
E       assert 1 == 2

tests/test_cart.py:8: AssertionError</failure></testcase></testsuite></testsuites>`,
      [
        { name: 'test_adds', classname: 'tests.test_cart', file: 'tests/test_cart.py', line: 4, seconds: 0.001, outcome: 'passed', suite: 'pytest' },
        { name: 'test_fails[1-2]', line: 7, outcome: 'failed', message: 'assert 1 == 2' },
      ],
    ],
    'pytest, xunit2, without file and line': [
      `<testsuites><testsuite name="pytest"><testcase classname="test_cart" name="test_fails" time="0.002"><failure message="AssertionError: no">test_cart.py:8: AssertionError</failure></testcase><testcase classname="test_cart" name="test_setup" time="0"><error message="failed on setup with &quot;x&quot;">fixture 'db' not found</error></testcase><testcase classname="test_cart" name="test_later" time="0"><skipped type="pytest.skip" message="later">/root/project/test_cart.py:12: later</skipped></testcase></testsuite></testsuites>`,
      [
        { file: 'test_cart.py', line: 8, outcome: 'failed' },
        { outcome: 'error', message: 'failed on setup with "x"', detail: "fixture 'db' not found", file: null },
        { outcome: 'skipped', message: 'later', file: null, line: null },
      ],
    ],
    'jest-junit': [
      `<testsuites name="jest tests" tests="1" failures="1" time="1.2"><testsuite name="cart" errors="0" failures="1" skipped="0" timestamp="2026-01-01T00:00:00" time="0.9" tests="1"><testcase classname="cart adds" name="cart adds" time="0.003" file="src/cart.test.ts"><failure>Error: expect(received).toBe(expected)
    at Object.&lt;anonymous&gt; (/root/project/src/cart.test.ts:12:17)
    at Promise.then.completed (/root/project/node_modules/jest-circus/build/utils.js:298:28)</failure></testcase></testsuite></testsuites>`,
      [{ name: 'cart adds', file: 'src/cart.test.ts', line: 12, outcome: 'failed', message: 'Error: expect(received).toBe(expected)' }],
    ],
    'mocha and cypress, whose root suite has the file': [
      `<testsuites name="Mocha Tests" time="2.5" tests="1" failures="1"><testsuite name="Root Suite" timestamp="2026" tests="0" file="cypress/e2e/login.cy.js" time="0" failures="0"><testsuite name="login"><testcase name="login works" time="1.25" classname="works"><failure message="Timed out" type="AssertionError"><![CDATA[AssertionError: Timed out
    at Context.eval (webpack:///./cypress/e2e/login.cy.js:7:8)]]></failure></testcase></testsuite></testsuite></testsuites>`,
      [{ name: 'login works', classname: 'works', file: 'cypress/e2e/login.cy.js', seconds: 1.25, message: 'Timed out', suite: 'login' }],
    ],
    'playwright, whose suites are files': [
      `<testsuites id="" name="" tests="1" failures="1" skipped="0" errors="0" time="3.4"><testsuite name="e2e/cart.spec.ts" timestamp="2026" hostname="chromium" tests="1" failures="1"><testcase name="cart › adds" classname="e2e/cart.spec.ts" time="2.1"><failure message="cart.spec.ts:5:5 adds" type="FAILURE"><![CDATA[  [chromium] › e2e/cart.spec.ts:5:5 › cart › adds

    Error: no]]></failure><system-out><![CDATA[[[ATTACHMENT|a.png]]]]></system-out></testcase><testcase name="later" classname="e2e/cart.spec.ts" time="0"><skipped></skipped></testcase></testsuite></testsuites>`,
      [
        { name: 'cart › adds', classname: 'e2e/cart.spec.ts', file: 'e2e/cart.spec.ts', line: 5, suite: 'e2e/cart.spec.ts' },
        { outcome: 'skipped', message: null },
      ],
    ],
    'phpunit, suites within suites with absolute files': [
      `<testsuites><testsuite name="" tests="1" assertions="1" time="0.01"><testsuite name="Unit"><testsuite name="CartTest" file="/root/project/tests/CartTest.php" tests="1"><testcase name="testAdds" class="CartTest" classname="CartTest" file="/root/project/tests/CartTest.php" line="14" assertions="1" time="0.005"><failure type="PHPUnit\\Framework\\ExpectationFailedException">CartTest::testAdds
Failed asserting that 1 is 2.

/root/project/tests/CartTest.php:16</failure></testcase></testsuite></testsuite></testsuite></testsuites>`,
      [{ name: 'testAdds', classname: 'CartTest', file: 'tests/CartTest.php', line: 14, suite: 'CartTest', message: 'CartTest::testAdds' }],
    ],
    'go-junit-report': [
      `<testsuites tests="2" failures="1"><testsuite name="example.com/shop/cart" tests="2" failures="1" errors="0" id="0" time="0.002"><properties><property name="go.version" value="go1.24"></property></properties><testcase name="TestAdds" classname="example.com/shop/cart" time="0.000"></testcase><testcase name="TestFails" classname="example.com/shop/cart" time="0.000"><failure message="Failed"><![CDATA[    cart_test.go:12: expected 1]]></failure></testcase></testsuite></testsuites>`,
      [
        { name: 'TestAdds', classname: 'example.com/shop/cart', outcome: 'passed', seconds: 0 },
        { name: 'TestFails', outcome: 'failed', message: 'Failed', detail: '    cart_test.go:12: expected 1', file: null },
      ],
    ],
    'surefire, with tests that failed first': [
      `<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0" name="com.acme.CartTest" time="1,234.5" tests="3" errors="0" skipped="0" failures="1"><testcase name="flaky" classname="com.acme.CartTest" time="1,234.5"><flakyFailure message="no" type="java.lang.AssertionError"><stackTrace><![CDATA[java.lang.AssertionError: no]]></stackTrace></flakyFailure></testcase><testcase name="broken" classname="com.acme.CartTest" time="0.1"><failure message="first" type="java.lang.AssertionError"><![CDATA[java.lang.AssertionError: first
	at com.acme.CartTest.broken(CartTest.java:31)]]></failure><rerunFailure message="second" type="java.lang.AssertionError"><stackTrace>java.lang.AssertionError: second</stackTrace></rerunFailure></testcase></testsuite>`,
      [
        { name: 'flaky', outcome: 'passed', seconds: 1234.5, message: null, suite: 'com.acme.CartTest' },
        { name: 'broken', outcome: 'failed', message: 'first', detail: 'java.lang.AssertionError: first\n\tat com.acme.CartTest.broken(CartTest.java:31)\n\njava.lang.AssertionError: second', file: null },
      ],
    ],
    rspec: [
      `<testsuite name="rspec" tests="2" skipped="1" failures="1" errors="0" time="0.1" timestamp="2026" hostname="h"><properties><property name="seed" value="1"/></properties><testcase classname="spec.models.user_spec" name="User is valid" file="./spec/models/user_spec.rb" time="0.02"><failure message="expected true" type="RSpec::Expectations::ExpectationNotMetError">Failure/Error: expect(user).to be_valid
# ./spec/models/user_spec.rb:8:in 'block (2 levels)'</failure></testcase><testcase classname="spec.models.user_spec" name="User later" file="./spec/models/user_spec.rb" time="0.0"><skipped/></testcase></testsuite>`,
      [
        { file: 'spec/models/user_spec.rb', line: 8, outcome: 'failed', message: 'expected true' },
        { outcome: 'skipped', file: 'spec/models/user_spec.rb', line: null },
      ],
    ],
    'ctest, whose failures are empty': [
      `<testsuite name="Linux-c++" tests="3" failures="1" disabled="1" skipped="0" time="1"><testcase name="ok" classname="ok" time="0.5" status="run"><properties/><system-out>fine</system-out></testcase><testcase name="bad" classname="bad" time="0.5" status="fail"><failure message="Failed"/><system-out>src/cart_test.cpp:9: Failure</system-out></testcase><testcase name="off" classname="off" time="0" status="disabled"><skipped message="Disabled"/></testcase></testsuite>`,
      [
        { outcome: 'passed', detail: null },
        { outcome: 'failed', message: 'Failed', detail: 'src/cart_test.cpp:9: Failure', file: 'src/cart_test.cpp', line: 9 },
        { outcome: 'skipped', message: 'Disabled' },
      ],
    ],
    googletest: [
      `<testsuites tests="2" name="AllTests"><testsuite name="Cart" tests="2"><testcase name="Adds" file="cart_test.cc" line="5" status="run" result="completed" time="0." classname="Cart" /><testcase name="Off" status="notrun" result="suppressed" time="0" classname="Cart" /></testsuite></testsuites>`,
      [{ outcome: 'passed', file: 'cart_test.cc', line: 5, seconds: 0 }, { outcome: 'skipped' }],
    ],
    'filepath and lineno': [`<testsuite filepath="./a/b_test.exs"><testcase name="t" lineno="12"/><testcase name="u" filepath="c.exs" lineno="0"/></testsuite>`, [{ file: 'a/b_test.exs', line: 12 }, { file: 'c.exs', line: null }]],
  };
  for (const [flavour, [text, expected]] of Object.entries(flavours)) {
    test(flavour, () => {
      const cases = casesOf(text, { workingDirectory: '/root/project' });
      assert.equal(cases.length, text.match(/<testcase/g)?.length);
      for (const [index, wanted] of expected.entries()) assert.deepEqual(cases[index], { ...cases[index], ...wanted });
    });
  }
});

suite('one test', () => {
  test('with nothing but a name', () => {
    assert.deepEqual(one('<testcase name="a"/>'), { name: 'a', classname: null, file: null, line: null, seconds: null, outcome: 'passed', message: null, detail: null, suite: 's' });
  });

  test('with several failures tells all of them', () => {
    const { outcome, message, detail } = one('<testcase name="a"><failure message="one">1</failure><error message="two">2</error><failure>3</failure></testcase>');
    assert.deepEqual({ outcome, message, detail }, { outcome: 'failed', message: 'one', detail: '1\n\n3\n\n2' });
  });

  test('has escapes read once, and none in CDATA', () => {
    const { name, detail } = one('<testcase name="&lt;&#65;&#x42;&amp;lt; &quot;&apos;&unknown;&#0;"><failure>a &amp;&lt;<![CDATA[ &lt;b> ]]>&gt;</failure></testcase>');
    assert.equal(name, '<AB&lt; "\'&unknown;');
    assert.equal(detail, 'a &< &lt;b> >');
  });

  for (const [time, seconds] of [['1', 1], ['0.005', 0.005], ['1e-3', 0.001], ['1,234.5', 1234.5], ['12,345,678', 12345678], ['0,5', 0.5], ['0,123', 0.123], [' 2 ', 2], ['', null], ['-1', null], ['NaN', null], ['fast', null]] as const) {
    test(`of time="${time}" took ${seconds}`, () => assert.equal(one(`<testcase name="a" time="${time}"/>`).seconds, seconds));
  }

  test('with a long trace keeps the first 8 KB', () => {
    assert.equal(one(`<testcase name="${'n'.repeat(3000)}"><failure message="${'m'.repeat(9000)}">${'x'.repeat(9000)}</failure></testcase>`).detail?.length, 8192);
  });
});

suite('the file', () => {
  test('may begin with a byte order mark and say another encoding than it was read in', () => {
    assert.equal(casesOf('\ufeff<?xml version="1.0" encoding="ISO-8859-1"?>\n<!-- made by x -->\n<testsuite><testcase name="grün"/></testsuite>')[0]?.name, 'grün');
  });

  test('may have a DOCTYPE that says nothing', () => {
    assert.equal(casesOf('<!DOCTYPE testsuite SYSTEM "junit.dtd"><testsuite><testcase name="a"/></testsuite>').length, 1);
  });

  test('may hold no test', () => {
    for (const text of ['<testsuites/>', '<testsuite></testsuite>', '<testsuites><testsuite name="a"/></testsuites>']) assert.deepEqual(casesOf(text), []);
  });

  for (const [what, text, problem] of [
    ['is empty', '', /not well-formed XML/],
    ['is no XML', 'PASS 3 tests', /not well-formed XML/],
    ['was cut off', '<testsuite><testcase name="a">', /not well-formed XML: .*Did the test run end before all was written/],
    ['has tags that cross', '<testsuite><testcase name="a"><failure></testcase></failure></testsuite>', /not well-formed XML/],
    ['is another kind of XML', '<?xml version="1.0"?><html><body/></html>', /has <html> where JUnit has <testsuites> or <testsuite>/],
    ['laughs a billion times', `<!DOCTYPE l [<!ENTITY a "lol">${[...'bcdefghij'].map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghi'[i]};`.repeat(10)}">`).join('')}]><testsuite name="&j;"/>`, /not well-formed XML/],
    ['has one entity of its own', '<!DOCTYPE l [<!ENTITY a "lol">]><testsuite name="&a;"/>', /entities of its own, in a DOCTYPE, are not read/],
    ['has it in the middle', '<testsuite><!DOCTYPE l [<!ENTITY a "lol">]><testcase name="&a;"/></testsuite>', /not well-formed XML|entities/],
    ['asks for another file', '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite name="&a;"/>', /[Ee]xternal entities/],
    ['is very deep', '<testsuite>'.repeat(50_000) + '</testsuite>'.repeat(50_000), /nested/],
  ] as const) {
    test(`that ${what} is a problem, not an exception`, () => assert.match(problemOf(text), problem));
  }

  test('that is too long is refused before it is read', () => {
    assert.match(problemOf('<testsuite><testcase/></testsuite>', { mostCharacters: 20 }), /has 34 characters; at most 20 are read/);
  });

  test('cannot reach the objects that it is read into', () => {
    const text = '<testsuite name="s"><testcase name="a" __proto__="x" constructor="y"><toString/></testcase></testsuite>';
    const result = parseJunit(text);
    if ('cases' in result) assert.equal(result.cases[0]?.name, 'a');
    assert.equal(({} as Record<string, unknown>)['name'], undefined);
  });
});
