import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { filterExpression, holds, stepCondition, workflowCondition } from '../../../config-schema/language/logic.ts';
import { childOf, entriesOf, itemsOf, stringOf } from '../../../config-schema/language/node.ts';
import type { Node } from '../../../config-schema/language/node.ts';
import type { Problems } from '../../../config-schema/language/problems.ts';
import { render } from '../../../config-schema/language/template.ts';
import type { Variables } from '../../../config-schema/language/template.ts';
import { absent, sharedFiles, sharedText } from './shared.ts';
import { boundTo, fileOf, linesOf, nodeOf, variablesOf } from './variables.ts';

const values: Record<string, unknown> = {
  'parameters.name': 'main',
  'parameters.number': 42,
  'parameters.yes': true,
  'parameters.no': false,
  'parameters.empty': '',
  'parameters.zero': 0,
  'parameters.unset': null,
  'parameters.steps': boundTo(['checkout']),
  'parameters.no-steps': boundTo([]),
  'parameters.os': boundTo('linux-13'),
  'parameters.machine': boundTo({ name: 'large', size: 2 }),
  'pipeline.git.branch': 'main',
  'pipeline.git.tag': null,
  'pipeline.number': 7,
};

type Decide = (node: Node, variables: Variables, problems: Problems) => boolean;

/** `c:` and the condition; whether it holds, and the sentences about it. */
function decided(decide: Decide, condition: string, of = variablesOf(values)): { held: boolean; lines: string[] } {
  const { root, problems } = fileOf(condition.includes('\n') ? `c:\n${condition.replaceAll(/^/gm, '  ')}` : `c: ${condition}`);
  return { held: decide(childOf(root, 'c')!, of, problems), lines: linesOf(problems) };
}

const table = (decide: Decide, rows: [condition: string, held: boolean][]): void => {
  for (const [condition, held] of rows) test(condition.replaceAll('\n', ' '), () => assert.deepEqual(decided(decide, condition), { held, lines: [] }));
};

const faults = (decide: Decide, rows: [condition: string, ...lines: string[]][]): void => {
  for (const [condition, ...lines] of rows)
    test(condition.replaceAll('\n', ' ').slice(0, 80), () => {
      const found = decided(decide, condition).lines;
      // A line that ends with … is the beginning of one.
      assert.deepEqual(found.map((line, index) => (lines[index]?.endsWith('…') ? `${line.slice(0, lines[index].length - 1)}…` : line)), lines);
    });
};

const renderThenHold: Decide = (node, variables, problems) => holds(render(node, variables, problems), problems);

const statements: [string, boolean][] = [
  ['true', true],
  ['no', false],
  ['12', true],
  ['0', false],
  ['.nan', false],
  ['~', false],
  ['<< parameters.yes >>', true],
  ['<< parameters.no >>', false],
  ['<< parameters.name >>', true],
  ['<< parameters.empty >>', false],
  ['<< parameters.zero >>', false],
  ['<< parameters.unset >>', false],
  ['<< parameters.steps >>', true],
  ['<< parameters.no-steps >>', false],
  ['<< parameters.os >>', true],
  ['<< parameters.machine >>', true],
  ['<< parameters.name == "main" >>', true],
  ['<< parameters.empty or pipeline.git.tag >>', false],
  ['{and: [true, << parameters.number >>, "false"]}', true],
  ['{and: [true, << parameters.empty >>]}', false],
  ['{or: [no, 0, << parameters.yes >>]}', true],
  ['{or: [no, 0, ""]}', false],
  ['{not: << parameters.no >>}', true],
  ['{not: {and: [true, {not: {or: [no]}}]}}', false],
  ['{not: }', true],
  ['and:\n- or: [no, << parameters.yes >>]\n- not: << parameters.empty >>\n- equal: [main, << parameters.name >>]', true],
  ['{equal: [42, 42.0]}', true],
  ['{equal: [42, "42"]}', false],
  ['{equal: ["42", "<< parameters.number >>"]}', false],
  ['{equal: ["v42", v<< parameters.number >>]}', true],
  ['{equal: [42, << parameters.number >>]}', true],
  ['{equal: [true, "true"]}', false],
  ['{equal: [true, << parameters.yes >>, yes]}', true],
  ['{equal: [main, main, dev]}', false],
  ['{equal: [main]}', true],
  ['{equal: [[1, 2], [1, 2]]}', true],
  ['{equal: [[1, 2], [2, 1]]}', false],
  ['{equal: [{a: 1, b: [x]}, {b: [x], a: 1}]}', true],
  ['{equal: [{a: 1}, {a: 1, b: 2}]}', false],
  ['{equal: [{a: 1}, {b: 1}]}', false],
  ['{equal: [{a: 1}, [1]]}', false],
  ['{equal: [linux-13, << parameters.os >>]}', true],
  ['{equal: [macos, << parameters.os >>]}', false],
  ['{equal: [{name: large, size: 2}, << parameters.machine >>]}', true],
  ['{equal: [canary, << pipeline.git.tag >>]}', false],
  ['{equal: ["", << pipeline.git.tag >>]}', true],
  ['{matches: {pattern: "^ma", value: << pipeline.git.branch >>}}', true],
  ['{matches: {pattern: "/^dev/", value: << pipeline.git.branch >>}}', false],
  ['{matches: {pattern: "/main/", value: main}}', true],
  ['{matches: {pattern: "/", value: a/b}}', true],
  ['{matches: {pattern: "<< parameters.name >>$", value: x-main}}', true],
  ['{matches: {value: "v42", pattern: "^v[0-9]+$"}}', true],
  ['{not: {matches: {pattern: "^feature$", value: << pipeline.git.tag >>}}}', true],
];

suite('2.1 §6 logic: statements of a step', () => table(stepCondition, statements));
suite('2.1 §6 logic: statements of a workflow', () => table(workflowCondition, statements));
// Once it is rendered, a map that came from a tag cannot be told from a statement, unless it is bound.
suite('2.1 §6 logic: statements that are rendered already', () => table(renderThenHold, statements));

test('2.1 §21.2 matches in a logic statement finds its pattern anywhere, matches in an expression wants the whole text', () => {
  assert.equal(decided(stepCondition, '{matches: {pattern: "^hello", value: "hello world"}}').held, true);
  assert.equal(decided(stepCondition, '<< "hello world" matches /^hello/ >>').held, false);
  assert.equal(decided(stepCondition, '<< "hello world" matches /^hello.*/ >>').held, true);
});

test('2.1 §6 logic: an executor is known by its name, and by its definition', () => {
  const { root, problems } = fileOf('executors:\n  linux: {docker: [{image: x}]}\n  mac: &mac {macos: {xcode: 11.4}}\nis-mac: {equal: [*mac, << parameters.os >>]}\nis-named-mac: {equal: [mac, << parameters.os >>]}');
  const handed = (name: string): Variables => ({
    ...variablesOf({ 'parameters.os': boundTo(name) }),
    executor: ({ node }) => childOf(childOf(root, 'executors'), stringOf(node) ?? ''),
  });
  for (const key of ['is-mac', 'is-named-mac']) {
    assert.equal(stepCondition(childOf(root, key)!, handed('mac'), problems), true);
    assert.equal(stepCondition(childOf(root, key)!, handed('linux'), problems), false);
    assert.equal(stepCondition(childOf(root, key)!, handed('nobody'), problems), false);
  }
  assert.deepEqual(linesOf(problems), []);
});

const wrongStatements: [string, ...string[]][] = [
  ['[<< parameters.yes >>]', '1:4 c: a list is no condition. Say how its entries are joined: and: [a, b], or: [a, b].'],
  ['{and: [true, [true]]}', '1:17 c.and[1]: a list is no condition…'],
  ['{}', '1:4 c: a logic statement has exactly one of and, or, not, equal, matches, changed; this one is empty…'],
  ['{and: [true], or: [true]}', '1:4 c: a logic statement has exactly one of and, or, not, equal, matches, changed; this one has 2 keys (and, or). Nest them: and: [{equal: [a, b]}, {not: c}].'],
  ['{xor: [true]}', "1:5 c.xor: there is no operator 'xor'. The operators are and, or, not, equal, matches, changed."],
  ['{and: []}', '1:10 c.and: and has no arguments. Write at least one: and: [a, b].'],
  ['{or: []}', '1:9 c.or: or has no arguments…'],
  ['{equal: []}', '1:12 c.equal: equal has no arguments…'],
  ['{and: true}', '1:10 c.and: and takes a list. Write and: [a, b].'],
  ['{equal: a}', '1:12 c.equal: equal takes a list…'],
  ['{matches: main}', '1:14 c.matches: matches takes a pattern and a value. Write matches: {pattern: "^main$", value: << pipeline.git.branch >>}.'],
  ['{matches: {pattern: a}}', '1:14 c.matches: matches takes a pattern and a value…'],
  ['{matches: {pattern: a, value: b, flags: i}}', '1:14 c.matches: matches takes a pattern and a value…'],
  ['{matches: {pattern: 5, value: b}}', '1:24 c.matches.pattern: pattern must be a text. Put it in quotes.'],
  ['{matches: {pattern: a, value: << pipeline.number >>}}', '1:34 c.matches.value: value must be a text for matches to look at. Compare numbers and booleans with equal: [a, b].'],
  ['{matches: {pattern: a, value: [b]}}', '1:34 c.matches.value: value must be a text…'],
  ['{matches: {pattern: "^(?!main).*$", value: b}}', '1:24 c.matches.pattern: Invalid regular expression: ^(?!main).*$: Invalid pattern. Patterns are RE2\'s…'],
  [`{matches: {pattern: "${'a'.repeat(1025)}", value: b}}`, '1:24 c.matches.pattern: Invalid regular expression: aaa…'],
  ['{or: [true, {equal: []}, {xor: 1}]}', '1:24 c.or[1].equal: equal has no arguments…', "1:30 c.or[2].xor: there is no operator 'xor'…"],
];
suite('2.1 §6 logic: what is no statement, of a step', () => faults(stepCondition, wrongStatements));
suite('2.1 §6 logic: what is no statement, of a workflow', () => faults(workflowCondition, wrongStatements));
suite('2.1 §6 logic: what is no statement, rendered already', () => faults(renderThenHold, wrongStatements));

suite('2.1 §6 logic: a hundred levels, and no more', () => {
  const nested = (levels: number): Node => Array.from({ length: levels }).reduce<Node>((inner) => nodeOf({ not: inner }), nodeOf(true));
  test('100', () => assert.equal(holds(nested(100), fileOf('x').problems), true));
  test('101', () => {
    const problems = fileOf('x').problems;
    holds(nested(101), problems);
    assert.match(linesOf(problems).join(), /the condition is nested deeper than 100 levels\. Simplify it\./);
  });
});

suite('2.1 §6 logic: a step condition that is a text', () => {
  table(stepCondition, [
    ['""', false],
    ['parameters.name starts-with "ma"', true],
    ['parameters.name == "dev"', false],
    ['not pipeline.git.tag', true],
    ['<<# parameters.yes >>x<</ parameters.yes >>', true],
    ['<<# parameters.no >>x<</ parameters.no >>', false],
    ['<< parameters.empty >><< parameters.unset >>', false],
  ]);
  faults(stepCondition, [
    ['always', "1:4 warning: c: the condition is the text 'always', which always holds. Write true or false, << parameters.x >>, or a logic statement such as equal: [a, b]."],
    ['"false"', "1:4 warning: c: the condition is the text 'false', which always holds…"],
    ['"12"', "1:4 warning: c: the condition is the text '12', which always holds…"],
    ['always and pipeline.git.tag', '1:4 warning: c: the condition is the text…'],
    ['parameters.name is "x"', '1:4 warning: c: the condition is the text…'],
    ['parameters.nobody == "x"', '1:4 c: Referred to a variable "parameters.nobody" that does not exist.'],
    ['<< parameters.nobody >>', '1:4 c: Referred to a variable "parameters.nobody" that does not exist.'],
    ['{and: [<< parameters.nobody >>, << a b >>]}', '1:11 c.and[0]: Referred to a variable "parameters.nobody" that does not exist.', '1:36 c.and[1]: In << a b >>: Unexpected additional input…'],
    ['<< parameters.name >> == "dev"', "1:4 warning: c: text stands beside the tag in '<< parameters.name >> == \"dev\"', so the condition is a text, and always holds. Write the comparison inside the tag, or a logic statement such as equal: [a, b]."],
    ['<< parameters.no >> << parameters.no >>', '1:4 warning: c: text stands beside the tag…'],
    ['|\n  << parameters.no >>\n', "2:3 warning: c: text stands beside the tag in '<< parameters.no >> '…"],
  ]);

  test('always holds, whatever its tags say, when text stands beside them', () => {
    for (const condition of ['always', '"false"', '<< parameters.no >> << parameters.no >>', '<< parameters.name >> == "dev"']) assert.equal(decided(stepCondition, condition).held, true);
  });
  test('is a value once it was rendered where it was handed in', () => {
    const { root, problems } = fileOf('c: << parameters.x >>');
    const handedIn = (x: unknown): boolean => stepCondition(render(childOf(root, 'c')!, variablesOf({ 'parameters.x': x }), problems), variablesOf({}), problems);
    assert.equal(handedIn('main'), true);
    assert.equal(handedIn('<< parameters.y >>'), true);
    assert.equal(handedIn('parameters.y == 1'), true);
    assert.equal(handedIn(''), false);
    assert.deepEqual(linesOf(problems), []);
  });
});

suite('2.1 §6 logic: a workflow condition that is a text', () => {
  table(workflowCondition, [
    ['pipeline.git.branch == "main"', true],
    ['pipeline.git.branch != "main"', false],
    ['pipeline.git.tag != "v1"', false],
    ['pipeline.git.tag', false],
    ['"true"', true],
    ['"false"', false],
    ['pipeline.number > 5 and pipeline.git.branch matches /m.*/', true],
    ['>-\n  pipeline.git.tag\n  or pipeline.git.branch starts-with "ma"', true],
    ['yes', true],
    ['<< pipeline.git.tag >>', false],
    ['<< pipeline.git.branch == "dev" >>', false],
  ]);
  faults(workflowCondition, [
    ['"yes"', '1:4 c: Referred to a variable "yes" that does not exist.'],
    ['always', '1:4 c: Referred to a variable "always" that does not exist.'],
    ['pipeline.git.branch = "main"', '1:4 c: Invalid condition expression \'pipeline.git.branch = "main"\': Incomplete token, expected "==", found "=". Write == to compare.'],
    ['pipeline.number > "5"', '1:4 c: Expected numeric operands to ">" operator. Write integers, without quotes, on both sides.'],
    ['""', "1:4 c: Invalid condition expression '': Expected expression, found the end…"],
    ['<< pipeline.git.branch >> == "dev"', "1:4 warning: c: text stands beside the tag in '<< pipeline.git.branch >> == \"dev\"', so the condition is a text, and always holds…"],
    ['parameters.empty', '1:4 warning: c: the condition expression gives an empty text or 0, which holds in an expression. Compare it, such as: x != "".'],
    ['parameters.zero', '1:4 warning: c: the condition expression gives an empty text or 0…'],
  ]);
  test('always holds when text stands beside its tag', () => assert.equal(decided(workflowCondition, '<< pipeline.git.branch >> == "dev"').held, true));
  test('holds for an empty text and 0, as every expression does', () => {
    assert.equal(decided(workflowCondition, 'parameters.empty').held, true);
    assert.equal(decided(workflowCondition, 'parameters.zero').held, true);
  });
});

suite('2.1 §9.4 filters: a text', () => {
  const decide: Decide = (node, variables, problems) => filterExpression(stringOf(node) ?? '', node.place, variables, problems);
  table(decide, [
    ['pipeline.git.branch == "main"', true],
    ['pipeline.git.tag starts-with "v"', false],
    ['|\n  pipeline.git.tag\n  or pipeline.git.branch == "main"\n', true],
    // Unlike a condition, a filter is always an expression: its tags are filled in first.
    ['pipeline.git.branch == "<< parameters.name >>"', true],
    ['<< pipeline.number >> > 5', true],
    ['<< pipeline.git.branch == "dev" >>', false],
    ['<< parameters.yes >>', true],
    ['<< parameters.unset >>', false],
  ]);
  faults(decide, [
    ['<< pipeline.git.branch >> == "main"', '1:4 c: Referred to a variable "main" that does not exist.'],
    ['main', '1:4 c: Referred to a variable "main" that does not exist.'],
    ['pipeline.git.branch starts-with', "1:4 c: Invalid filter expression 'pipeline.git.branch starts-with': Expected expression, found the end…"],
    ['<< nobody >>', '1:4 c: Referred to a variable "nobody" that does not exist.'],
    ['x << nobody', "1:6 c: Unclosed '<<' tag in string…"],
  ]);
});

suite('2.1 §6 logic: any statement at all', () => {
  const { statement } = fc.letrec((tie) => ({
    statement: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom<unknown>(true, false, null, 0, 1, NaN, '', 'text', '<< parameters.yes >>', '<< nobody >>', '<< parameters.machine >>', '<<', 'parameters.name == "main"', '/a/'),
      fc.array(tie('statement'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('and', 'or', 'not', 'equal', 'matches', 'pattern', 'value', '__proto__'), tie('statement'), { maxKeys: 2 }),
    ),
  }));
  const numRuns = 1000;
  const variables = variablesOf(values);

  test('is decided or reported, alike for steps and workflows', () => {
    fc.assert(
      fc.property(statement, (plain) => {
        const node = nodeOf(plain);
        const [step, workflow] = [fileOf('x').problems, fileOf('x').problems];
        const [ofStep, ofWorkflow] = [stepCondition(node, variables, step), workflowCondition(node, variables, workflow)];
        if (typeof plain === 'string' || step.failed()) return;
        assert.equal(ofStep, ofWorkflow);
        assert.equal(stepCondition(nodeOf({ not: node }), variables, step), !ofStep);
        assert.equal(stepCondition(nodeOf({ and: [node, node] }), variables, step), ofStep);
        assert.equal(stepCondition(nodeOf({ or: [node, false] }), variables, step), ofStep);
      }),
      { numRuns },
    );
  });
  test('equals itself', () => {
    fc.assert(
      fc.property(statement, (plain) => {
        const problems = fileOf('x').problems;
        const equal = holds(nodeOf({ equal: [nodeOf(plain), nodeOf(plain)] }), problems);
        assert.deepEqual([equal, linesOf(problems)], [true, []]);
      }),
      { numRuns },
    );
  });
});

const examples = 'fixtures/docs-examples';

suite('2.1 §6 logic: the examples of the manual', { skip: absent }, () => {
  const read = (path: string): { root: Node; problems: Problems } => fileOf(sharedText(`${examples}/${path}`), path);
  const [branches, tags] = [['main', 'staging', 'feature', 'feature-x', 'deploy-1', 'dry-run-deploy', null], [null, 'canary', 'v1']];
  const parameters = ['param1', 'param2', 'param3', 'param4', 'deploy-canary', 'run_integration_tests', 'run-storybook-tests'];
  const pipelines = branches.flatMap((branch) =>
    tags.flatMap((tag) =>
      [0, 1, 2, 5, 127].map((bits) => ({
        'pipeline.git.branch': branch,
        'pipeline.git.tag': tag,
        'pipeline.trigger.type': bits === 1 ? 'schedule' : 'push',
        'pipeline.schedule.name': bits === 1 ? 'nightly_build' : null,
        'pipeline.event.name': 'pull_request',
        'pipeline.event.action': bits === 2 ? 'labeled' : 'opened',
        ...Object.fromEntries(parameters.map((name, index) => [`pipeline.parameters.${name}`, (bits >> index) % 2 === 1])),
      })),
    ),
  );
  type Pipeline = (typeof pipelines)[number];

  const whenOf = (path: string): ((pipeline: Pipeline) => boolean) => {
    const { root, problems } = read(path);
    const [workflow] = [...entriesOf(childOf(root, 'workflows')).values()];
    // The manual's example of a branch to leave out lacks an indentation: its statement stands beside `when`.
    const when = stringOf(childOf(workflow?.value, 'when')) === undefined && entriesOf(childOf(workflow?.value, 'when')).size === 0 ? workflow!.value : childOf(workflow?.value, 'when')!;
    const condition = when === workflow?.value ? nodeOf({ not: childOf(when, 'not') }) : when;
    return (pipeline) => {
      const held = workflowCondition(condition, variablesOf(pipeline), problems);
      assert.deepEqual(linesOf(problems), []);
      return held;
    };
  };
  const oneOf = (...names: (string | null)[]) => ({ 'pipeline.git.branch': branch }: Pipeline): boolean => names.includes(branch);
  const on = (name: string) => (pipeline: Pipeline): boolean => (pipeline as Record<string, unknown>)[`pipeline.parameters.${name}`] === true;
  const canary = (pipeline: Pipeline): boolean => !oneOf('main')(pipeline) && (pipeline['pipeline.git.tag'] === 'canary' || on('deploy-canary')(pipeline));

  // By their comments, in our words.
  const meanings: Record<string, (pipeline: Pipeline) => boolean> = {
    'expression-examples/workflow-when/and-equal-dynamic.yml': (pipeline) => pipeline['pipeline.trigger.type'] === 'schedule',
    'expression-examples/workflow-when/boolean-complex.yml': (pipeline) => oneOf('main')(pipeline) && !on('param1')(pipeline) && (on('param2')(pipeline) || on('param3')(pipeline)),
    'expression-examples/workflow-when/boolean-dynamic-syntax.yml': on('run_integration_tests'),
    'expression-examples/workflow-when/boolean-short-syntax.yml': on('run_integration_tests'),
    'expression-examples/workflow-when/exclude-branch-dynamic.yml': (pipeline) => !oneOf('feature-x')(pipeline),
    'expression-examples/workflow-when/or-equal-dynamic.yml': oneOf('main', 'staging'),
    'expression-examples/workflow-when/pr-synced-or-labeled.yml': (pipeline) => pipeline['pipeline.event.action'] === 'labeled',
    'logic-statement-examples/workflow-when/and-matches-legacy.yml': canary,
    'logic-statement-examples/workflow-when/matches-pattern-legacy.yml': canary,
    'logic-statement-examples/workflow-when/and-multiple-legacy.yml': (pipeline) => oneOf('main')(pipeline) && !on('param1')(pipeline) && on('param2')(pipeline),
    'logic-statement-examples/workflow-when/exclude-branch-legacy.yml': (pipeline) => !oneOf('feature')(pipeline),
    'logic-statement-examples/workflow-when/or-equal-legacy.yml': oneOf('main', 'staging'),
  };
  test('every file is tried', () => assert.deepEqual(sharedFiles(`${examples}/*/workflow-when/*.yml`), Object.keys(meanings).map((path) => `${examples}/${path}`).sort()));
  for (const [path, meaning] of Object.entries(meanings))
    test(`${path} means what it says`, () => {
      const decide = whenOf(path);
      for (const pipeline of pipelines) assert.equal(decide(pipeline), meaning(pipeline), JSON.stringify(pipeline));
      assert.equal(new Set(pipelines.map(meaning)).size, 2, 'some hold, some do not');
    });
  test('the two forms of or-equal agree', () => {
    const [expression, statement] = ['expression-examples/workflow-when/or-equal-dynamic.yml', 'logic-statement-examples/workflow-when/or-equal-legacy.yml'].map(whenOf);
    for (const pipeline of pipelines) assert.equal(expression!(pipeline), statement!(pipeline));
  });
  test('the filter of a job', () => {
    // Its first document ends where the manual leaves something out; the workflows are in the second.
    const text = sharedText(`${examples}/expression-examples/job-filters/multiple-or.yml`).replace(/^\.\.\.$/m, '');
    const { root, problems } = fileOf(text);
    const filters = itemsOf(childOf(childOf(childOf(root, 'workflows'), 'build'), 'jobs')).map((job) => childOf(childOf(job, 'storybook-tests'), 'filters')).find(Boolean)!;
    for (const pipeline of pipelines) {
      const branch = pipeline['pipeline.git.branch'];
      const expected = on('run-storybook-tests')(pipeline) || branch === 'dry-run-deploy' || branch === 'deploy-1';
      assert.equal(filterExpression(stringOf(filters)!, filters.place, variablesOf(pipeline), problems), expected);
    }
    assert.deepEqual(linesOf(problems), []);
  });
  test('the nested condition of a step', () => {
    const { root, problems } = read('logic-statement-examples/step-when/when-step-nested.yml');
    const condition = childOf(childOf(childOf(childOf(childOf(childOf(root, 'jobs'), 'test'), 'steps'), 1), 'when'), 'condition')!;
    const results = pipelines.map((pipeline) => {
      const [one, two, three] = ['param1', 'param2', 'param3'].map((name) => on(name)(pipeline));
      const held = stepCondition(condition, variablesOf(pipeline), problems);
      assert.equal(held, ((oneOf('main')(pipeline) && !one) || !three) && (!three || one || two), JSON.stringify(pipeline));
      return held;
    });
    assert.equal(new Set(results).size, 2);
    assert.deepEqual(linesOf(problems), []);
  });
});
