import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { commandOf, file, graphOf, printedOf, problemsOf } from './processing.ts';

/** A job m with the parameters v and u, and a workflow w with these jobs, which begin at line 12. */
const withMatrix = (jobs: string): string =>
  file(`  m: {parameters: {v: {type: string}, u: {type: string, default: none}}, docker: [{image: x}], steps: [run: echo << parameters.v >> << parameters.u >>]}
parameters: {list: {type: string, default: "one"}, number: {type: integer, default: 3}}
workflows:
  w:
    jobs:
${jobs
  .split('\n')
  .map((line) => `      ${line}`)
  .join('\n')}
`);

/** `NAME: COMMAND` of each job of the workflow. */
const membersOf = (jobs: string): string[] => {
  const { jobs: bodies, workflows } = printedOf(withMatrix(jobs));
  return workflows['w']!.jobs.map((job) => (typeof job === 'string' ? job : Object.keys(job)[0]!)).map((name) => `${name}: ${String(commandOf(bodies[name]))}`);
};

suite('2.1 §9.3 matrix: members', () => {
  const rows: [what: string, matrix: string, members: string[]][] = [
    ['one for each value, in the order in which they are written', '{parameters: {v: [b, a]}}', ['m-b: echo b none', 'm-a: echo a none']],
    ['one for each combination, the first parameter slowest', '{parameters: {u: [1x, 2x], v: [b, a]}}', ['m-1x-b: echo b 1x', 'm-1x-a: echo a 1x', 'm-2x-b: echo b 2x', 'm-2x-a: echo a 2x']],
    ['parameters in the order of the alphabet, whatever order they are written in', '{parameters: {v: [b, a], u: [1x, 2x]}}', ['m-1x-b: echo b 1x', 'm-1x-a: echo a 1x', 'm-2x-b: echo b 2x', 'm-2x-a: echo a 2x']],
    ['a value in place of a list', '{parameters: {v: a}}', ['m-a: echo a none']],
    ['a lone tag in place of a list', '{parameters: {v: << pipeline.parameters.list >>}}', ['m-one: echo one none']],
    ['tags in values', '{parameters: {v: [x<< pipeline.parameters.list >>, y]}}', ['m-xone: echo xone none', 'm-y: echo y none']],
    ['without those that exclude names in full', '{parameters: {v: [a, b], u: [c, d]}, exclude: [{v: a, u: c}, {u: d, v: b}]}', ['m-c-b: echo b c', 'm-d-a: echo a d']],
    ['an excluded value with a tag is filled in first', '{parameters: {v: [one, two]}, exclude: [{v: << pipeline.parameters.list >>}]}', ['m-two: echo two none']],
    ['an entry that names some of the parameters excludes whatever has these values', '{parameters: {v: [a, b], u: [c, d]}, exclude: [{v: a}]}', ['m-c-b: echo b c', 'm-d-b: echo b d']],
    ['an exclusion of another type excludes nothing', '{parameters: {v: ["1", "2"]}, exclude: [{v: 1}]}', ['m-1: echo 1 none', 'm-2: echo 2 none']],
    ['no exclusion', '{parameters: {v: [a]}, exclude: }', ['m-a: echo a none']],
    ['no matrix', '', []],
  ];
  for (const [what, matrix, members] of rows) test(what, () => assert.deepEqual(membersOf(matrix === '' ? '- m: {matrix: , v: x}' : `- m: {matrix: ${matrix}}`), matrix === '' ? ['m: echo x none'] : members));

  test('arguments beside the matrix apply to every member', () => assert.deepEqual(membersOf('- m: {u: all, matrix: {parameters: {v: [a, b]}}}'), ['m-a: echo a all', 'm-b: echo b all']));

  test('a matrix value is at hand in the options of its members', () => {
    const jobs = `- a
- b
- m:
    matrix: {parameters: {v: [a, b]}}
    name: on-<< matrix.v >>
    u: with << matrix.v >>
    requires: [<< matrix.v >>]
    context: [ctx-<< matrix.v >>]
    filters: {branches: {only: << matrix.v >>}}
    serial-group: key/<< matrix.v >>
    pre-steps: [run: before << matrix.v >>]
    post-steps: [run: after << matrix.v >>]`;
    const { jobs: bodies, workflows } = printedOf(withMatrix(jobs));
    assert.deepEqual(workflows['w']!.jobs.slice(2), [
      { 'on-a': { requires: ['a'], context: ['ctx-a'], filters: { branches: { only: 'a' } }, 'serial-group': 'key/a' } },
      { 'on-b': { requires: ['b'], context: ['ctx-b'], filters: { branches: { only: 'b' } }, 'serial-group': 'key/b' } },
    ]);
    assert.deepEqual(bodies['on-b']!['steps'], [{ run: { command: 'before b' } }, { run: { command: 'echo b with b' } }, { run: { command: 'after b' } }]);
  });

  test('an approval may have a matrix of its own words', () => {
    const { jobs, workflows } = printedOf(withMatrix('- hold: {type: approval, name: hold-<< matrix.where >>, matrix: {parameters: {where: [here, there]}}}'));
    assert.deepEqual(workflows['w']!.jobs, [{ 'hold-here': { type: 'approval' } }, { 'hold-there': { type: 'approval' } }]);
    assert.deepEqual(jobs, {});
  });
});

suite('2.1 §9.3 matrix: names of members', () => {
  const rows: [what: string, options: string, names: string[]][] = [
    ['a name with the matrix in it, filled in for each', 'name: t-<< matrix.v >>, matrix: {parameters: {v: [a, b]}}', ['t-a', 't-b']],
    ['a name without, numbered', 'name: t, matrix: {parameters: {v: [a, b]}}', ['t-1', 't-2']],
    ['a name with another tag, numbered', 'name: t-<< pipeline.parameters.list >>, matrix: {parameters: {v: [a, b]}}', ['t-one-1', 't-one-2']],
    ['a name without, as it is when one member is left', 'name: t, matrix: {parameters: {v: [a, b]}, exclude: [{v: a}]}', ['t']],
    ['a parameter called name', 'v: x, matrix: {parameters: {name: [first, second]}}', ['first', 'second']],
    ['a name goes before a parameter called name', 'v: x, name: t-<< matrix.name >>, matrix: {parameters: {name: [first, second]}}', ['t-first', 't-second']],
    ['the job and the values', 'matrix: {parameters: {v: [a, b]}}', ['m-a', 'm-b']],
    ['a name that is not distinct enough is numbered where it is the same', 'name: t-<< matrix.v >>, matrix: {parameters: {v: [a, b], u: [c, d]}}', ['t-a-1', 't-b-1', 't-a-2', 't-b-2']],
  ];
  for (const [what, options, names] of rows) test(what, () => assert.deepEqual(graphOf(withMatrix(`- m: {${options}}`)), names));
});

suite('2.1 §9.3 matrix: how it is required', () => {
  const matrix = 'matrix: {parameters: {v: [x, y], u: [z]}}';
  const rows: [what: string, jobs: string, graph: string[]][] = [
    ['by the job, for all members', `- m: {${matrix}}\n- a: {requires: [m]}`, ['m-z-x', 'm-z-y', 'a <- m-z-x m-z-y']],
    ['by its alias', `- m: {matrix: {alias: all, parameters: {v: [x, y]}}}\n- a: {requires: [all]}`, ['m-x', 'm-y', 'a <- m-x m-y']],
    ['with a status for all members', `- m: {${matrix}}\n- a: {requires: [m: failed]}`, ['m-z-x', 'm-z-y', 'a <- m-z-x(failed) m-z-y(failed)']],
    ['a member by its own name', `- m: {${matrix}}\n- a: {requires: [m-z-y]}`, ['m-z-x', 'm-z-y', 'a <- m-z-y']],
    ['a member with its values in the order in which the parameters are written', `- m: {${matrix}}\n- a: {requires: [m-y-z]}`, ['m-z-x', 'm-z-y', 'a <- m-z-y']],
    ['a member by the name that is given', `- m: {name: t-<< matrix.v >>, matrix: {parameters: {v: [x, y]}}}\n- a: {requires: [t-x]}`, ['t-x', 't-y', 'a <- t-x']],
    ['a numbered name, for all of them', `- m: {name: t, matrix: {parameters: {v: [x, y]}}}\n- a: {requires: [t]}\n- b: {requires: [t-2]}`, ['t-1', 't-2', 'a <- t-1 t-2', 'b <- t-2']],
    ['member by member', `- m: {name: t-<< matrix.v >>, matrix: {parameters: {v: [x, y]}}}\n- p: {requires: [t-<< matrix.v >>], matrix: {parameters: {v: [x, y]}}}`, ['t-x', 't-y', 'p-x <- t-x', 'p-y <- t-y']],
    ['two matrices of one job by their aliases', `- p: {matrix: {alias: one, parameters: {v: [x]}}}\n- p: {matrix: {alias: two, parameters: {v: [y]}}}\n- a: {requires: [two]}`, ['p-x', 'p-y', 'a <- p-y']],
    ['without members, nobody is waited for, and who requires it runs', `- m: {matrix: {parameters: {v: []}}}\n- a: {requires: [m]}\n- b: {requires: [a]}`, ['a', 'b <- a']],
    ['with everything excluded, the same', `- m: {matrix: {alias: all, parameters: {v: [x]}, exclude: [{v: x}]}}\n- a: {requires: [all]}`, ['a']],
    ['a job of the same name as a member goes before it', `- m: {${matrix}}\n- b: {name: m-z-x}\n- a: {requires: [m-z-x]}`, ['m-z-x-1', 'm-z-y', 'm-z-x-2', 'a <- m-z-x-2']],
  ];
  for (const [what, jobs, graph] of rows) test(what, () => assert.deepEqual(graphOf(withMatrix(jobs)), graph));
});

suite('2.1 §9.3 matrix: what is refused, or warned of', () => {
  const numbers = (count: number): string => Array.from({ length: count }, (_, index) => `n${index}`).join();
  const rows: [what: string, job: string, ...problems: string[]][] = [
    ['more than 10 000 members', `- m: {matrix: {parameters: {v: [${numbers(101)}], u: [${numbers(100)}]}}}`, "13:9 workflows.w.jobs[0].m: The m build matrix expands to 10100 jobs. Matrices cannot generate more than 10000 jobs. Give it fewer values. | Error calling workflow: 'w'"],
    ['a parameter that the job does not have', '- m: {matrix: {parameters: {v: [a], w: [b]}}}', "13:47 workflows.w.jobs[0].m.matrix.parameters.w[0]: Unexpected argument(s): w. Parameters of job m are v, u. | Error calling workflow: 'w' | Error calling job: 'm'"],
    ['a value of the wrong type', '- m: {matrix: {parameters: {v: [a, 3]}}}', `13:42 workflows.w.jobs[0].m.matrix.parameters.v[1]: Type error for argument v: expected type: string, actual value: "3" (type integer). Put quotes around it. | Error calling workflow: 'w' | Error calling job: 'm'`],
    ['a parameter in the matrix and beside it, the same', '- m: {v: << matrix.v >>, matrix: {parameters: {v: [a, b]}}}'],
    ['a parameter in the matrix and beside it', '- m: {v: b, matrix: {parameters: {v: [a]}}}', "13:13 workflows.w.jobs[0].m.v: v is given both in the matrix and beside it. Remove one of them. | Error calling workflow: 'w' | Error calling job: 'm'"],
    ['no parameters', '- m: {matrix: {alias: all}}', '13:13 workflows.w.jobs[0].m.matrix: required key [parameters] not found. Add it.'],
    ['empty parameters', '- m: {matrix: {parameters: {}}}', "13:21 workflows.w.jobs[0].m.matrix: the matrix of m has no parameters. Write them under `parameters:`, each with a list of values. | Error calling workflow: 'w'"],
    ['a list that is empty', '- m: {matrix: {parameters: {v: []}}}\n- a', "13:9 warning: workflows.w.jobs[0].m: the matrix of m has no members: it adds no jobs. Give each parameter a value. | Error calling workflow: 'w'"],
    ['null in place of a list', '- m: {matrix: {parameters: {v: }}}\n- a', "13:9 warning: workflows.w.jobs[0].m: the matrix of m has no members: it adds no jobs. Give each parameter a value. | Error calling workflow: 'w'"],
    ['everything excluded', '- m: {matrix: {parameters: {v: [a]}, exclude: [{v: a}]}}\n- a', "13:9 warning: workflows.w.jobs[0].m: the matrix of m has no members: it adds no jobs. Give each parameter a value, or exclude less. | Error calling workflow: 'w'"],
    ['an exclusion of a parameter that the matrix does not have', '- m: {matrix: {parameters: {v: [a]}, exclude: [{u: a}]}}', "13:55 warning: workflows.w.jobs[0].m.matrix.exclude[0].u: the matrix has no parameter u, so that this excludes nothing. Its parameters are v. | Error calling workflow: 'w'"],
    ['a key that a matrix does not have', '- m: {matrix: {parameters: {v: [a]}, excludes: []}}', '13:44 workflows.w.jobs[0].m.matrix.excludes: extraneous key [excludes] is not permitted. Did you mean `exclude`? Permitted keys: parameters, exclude, alias.'],
    ['a matrix value that is not there', '- m: {matrix: {parameters: {v: [a]}}, u: << matrix.w >>}', `13:48 workflows.w.jobs[0].m.u: Referred to a variable "matrix.w" that does not exist. The matrix has v: correct the name, or add the parameter. | Error calling workflow: 'w' | Error calling job: 'm'`],
    ['a matrix value without a matrix', '- m: {v: << matrix.v >>}', `13:16 workflows.w.jobs[0].m.v: Referred to a variable "matrix.v" that does not exist. It is known only in a job of a workflow that has a matrix with this parameter. | Error calling workflow: 'w' | Error calling job: 'm'`],
    ['a matrix value in its own matrix', '- m: {matrix: {parameters: {v: [a], u: [<< matrix.v >>]}}}', `13:47 workflows.w.jobs[0].m.matrix.parameters.u[0]: Referred to a variable "matrix.v" that does not exist. It is known only in a job of a workflow that has a matrix with this parameter. | Error calling workflow: 'w'`],
  ];
  for (const [what, job, ...problems] of rows) test(what, () => assert.deepEqual(problemsOf(withMatrix(job)), problems));

  test('10 000 members are not too many', () => assert.equal(graphOf(withMatrix(`- m: {matrix: {parameters: {v: [${numbers(100)}], u: [${numbers(100)}]}}}`)).length, 10_000));
});
