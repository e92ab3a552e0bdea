import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { graphOf, printedOf, problemOf, problemsOf, withJobs } from './processing.ts';

const all = '(success failed canceled unauthorized not_run)';

suite('2.1 §9.2 requires: what may stand there', () => {
  const rows: [what: string, requires: string, graph: string, printed?: unknown][] = [
    ['a name means success', '[a]', 'c <- a'],
    ['names', '[a, b]', 'c <- a b'],
    ['a name and a status', '[a: failed]', 'c <- a(failed)'],
    ['a name and statuses, in the order of their list', '[a: [not_run, success]]', 'c <- a(success not_run)'],
    ['every status', '[a: [success, failed, canceled, unauthorized, not_run]]', `c <- a${all}`],
    ['terminal is each of them', '[a: terminal]', `c <- a${all}`],
    ['terminal among others', '[a: [failed, terminal]]', `c <- a${all}`],
    ['names with and without', '[a: canceled, b]', 'c <- a(canceled) b'],
    ['two names in one map', '[{a: failed, b: success}]', 'c <- a(failed) b'],
    ['a text in place of a list', 'a', 'c <- a', ['a']],
    ['nothing', '', 'c', undefined],
    ['an empty list', '[]', 'c', undefined],
    ['a tag of the pipeline', '[<< pipeline.parameters.job >>]', 'c <- b', ['b']],
    ['a tag inside a name', '["<< pipeline.parameters.none >>b"]', 'c <- b', ['b']],
    ['a tag as a status', '[a: << pipeline.parameters.status >>]', 'c <- a(failed)', [{ a: 'failed' }]],
    ['a tag as the name of a status', '[<< pipeline.parameters.job >>: failed]', 'c <- b(failed)', [{ b: 'failed' }]],
  ];
  for (const [what, requires, graph, printed] of rows)
    test(what, () => {
      const text = `${withJobs(`- a\n- b\n- c:\n    requires: ${requires}`)}parameters: {job: {type: string, default: b}, none: {type: string, default: ""}, status: {type: string, default: failed}}\n`;
      assert.deepEqual(graphOf(text), ['a', 'b', graph]);
      const [, , c] = printedOf(text).workflows['w']!.jobs;
      if (printed !== undefined) assert.deepEqual(c, { c: { requires: printed } });
      else assert.equal(JSON.stringify(c).includes('requires'), graph !== 'c');
    });

  test('statuses are printed as they are written', () =>
    assert.deepEqual(printedOf(withJobs('- a\n- b: {requires: [a: terminal]}\n- c: {requires: [a: [failed, success]]}')).workflows['w']!.jobs, ['a', { b: { requires: [{ a: 'terminal' }] } }, { c: { requires: [{ a: ['failed', 'success'] }] } }]));

  test('a job may stand before what it requires', () => assert.deepEqual(graphOf(withJobs('- b: {requires: [a]}\n- a')), ['b <- a', 'a']));
});

suite('2.1 §9.2 requires: what is refused', () => {
  const rows: [what: string, jobs: string, ...problems: string[]][] = [
    [
      'a job that is not there',
      '- a\n- b:\n    requires:\n      - aa',
      `14:15 workflows.w.jobs[1].b.requires[0]: Job 'b' requires 'aa', which is the name of 0 other jobs in workflow 'w'. Did you mean \`a\`? Add the job to the workflow, or remove it from requires. | Error calling workflow: 'w'`,
    ],
    ['a job of the file that is not in the workflow', '- b: {requires: [d]}', `11:24 workflows.w.jobs[0].b.requires[0]: Job 'b' requires 'd', which is the name of 0 other jobs in workflow 'w'. Add the job to the workflow, or remove it from requires. | Error calling workflow: 'w'`],
    ['the job itself', '- a: {requires: [a]}', `11:24 workflows.w.jobs[0].a.requires[0]: Job 'a' requires 'a', which is the name of 0 other jobs in workflow 'w'. Add the job to the workflow, or remove it from requires. | Error calling workflow: 'w'`],
    [
      'two jobs of one name',
      '- p: {name: x}\n- p: {name: x, v: y}\n- a: {requires: [x]}',
      `13:24 workflows.w.jobs[2].a.requires[0]: Job 'a' requires 'x', which is the name of 2 other jobs in workflow 'w'. Give each of them a \`name\` of its own, and require that. | Error calling workflow: 'w'`,
    ],
    [
      'a job and a matrix of one name',
      '- p\n- p: {matrix: {parameters: {v: [x, y]}}}\n- a: {requires: [p]}',
      `13:24 workflows.w.jobs[2].a.requires[0]: Job 'a' requires 'p', which is the name of 1 other jobs and 1 matrix in workflow 'w'. Give each of them a \`name\` of its own, and a matrix an \`alias\`, and require that. | Error calling workflow: 'w'`,
    ],
    [
      'two matrices of one alias',
      '- p: {matrix: {parameters: {v: [x]}}}\n- p: {matrix: {parameters: {v: [y]}}}\n- a: {requires: [p]}',
      `13:24 workflows.w.jobs[2].a.requires[0]: Job 'a' requires 'p', which is the name of 0 other jobs and 2 matrices in workflow 'w'. Give each of them a \`name\` of its own, and a matrix an \`alias\`, and require that. | Error calling workflow: 'w'`,
    ],
    [
      'two jobs of one name, even if a member of a matrix has it too',
      '- p: {matrix: {parameters: {v: [x]}}}\n- a: {name: p-x}\n- b: {name: p-x}\n- c: {requires: [p-x]}',
      `14:24 workflows.w.jobs[3].c.requires[0]: Job 'c' requires 'p-x', which is the name of 2 other jobs in workflow 'w'. Give each of them a \`name\` of its own, and require that. | Error calling workflow: 'w'`,
    ],
    ['a status of nobody', '- a\n- b: {requires: [a: done]}', '12:27 workflows.w.jobs[1].b.requires[0].a: must be a status or a list of them, is "done". Write for example `[success, failed]`.'],
    ['a status of nobody in a list', '- a\n- b: {requires: [a: [success, done]]}', '12:37 workflows.w.jobs[1].b.requires[0].a[1]: the status of a required job is one of success, failed, canceled, unauthorized, not_run, terminal, this is "done". Write one of them.'],
    [
      'a tag that is no status',
      '- a\n- b: {requires: [a: << pipeline.git.branch >>]}',
      `12:27 workflows.w.jobs[1].b.requires[0].a: must be a status or a list of them, is "main". Write for example \`[success, failed]\`. | Error calling workflow: 'w'`,
    ],
    [
      'jobs that all wait for each other',
      '- a: {requires: [b]}\n- b: {requires: [a]}',
      `11:24 workflows.w.jobs[0].a.requires[0]: At least one job in the workflow must have no dependencies. The following jobs are unreachable: a, b. Break the circle a requires b requires a: remove one of these requires. | Error calling workflow: 'w'`,
    ],
    [
      'a circle behind a job that starts; who waits for it is unreachable too',
      '- a\n- b: {requires: [a, c]}\n- c: {requires: [b: terminal]}\n- d: {requires: [c]}',
      `12:27 workflows.w.jobs[1].b.requires[1]: The following jobs are unreachable: b, c, d. Break the circle b requires c requires b: remove one of these requires. | Error calling workflow: 'w'`,
    ],
  ];
  for (const [what, jobs, ...problems] of rows) test(what, () => assert.deepEqual(problemsOf(withJobs(jobs)), problems));

  test('a job of another workflow', () => {
    const problem = problemOf(`${withJobs('- a')}  v: {jobs: [b: {requires: [a]}]}\n`);
    assert.equal(problem, `12:29 workflows.v.jobs[0].b.requires[0]: Job 'b' requires 'a', which is the name of 0 other jobs in workflow 'v'. Add the job to the workflow, or remove it from requires. | Error calling workflow: 'v'`);
  });

  test('of a job that does not exist, it is said once', () =>
    assert.deepEqual(problemsOf(withJobs('- gone\n- a: {requires: [gone]}')), [`11:9 workflows.w.jobs[0]: Cannot find a definition for job named gone. Add it to jobs, or remove it from the workflow. | Error calling workflow: 'w'`]));

  test('a circle of thousands of jobs is walked once, and told in a few lines', () => {
    const jobs = Array.from({ length: 5000 }, (_, index) => `- a: {name: n${index}, requires: [n${(index + 1) % 5000}]}`).join('\n');
    const problem = problemOf(withJobs(jobs));
    assert.match(problem, /^11:34 .* At least one job .* unreachable: n0, n1, .*, …, .*, n4999\. Break the circle n0 requires n1 .* requires n0: remove/);
    assert.ok(problem.length < 2000, problem);
  });

  test('matrices that come to more requirements than anybody means', () => {
    const numbers = Array.from({ length: 1000 }, (_, index) => `n${index}`).join();
    const text = withJobs(`- p: {matrix: {alias: one, parameters: {v: &v [${numbers}]}}}\n- p: {matrix: {alias: two, parameters: {v: *v}}, requires: [one]}`);
    assert.match(problemOf(text), /^12:\d+ workflows\.w\.jobs\[1\]\.p\.requires\[0\]: the config comes to more than 50000 steps and jobs, or requires between jobs/);
  });
});

suite('2.1 §9.2 requires: jobs that an expression filters out', () => {
  const off = 'filters: pipeline.git.branch == "other"';
  const rows: [what: string, jobs: string, graph: string[]][] = [
    ['are gone from the requires of others', `- a: {${off}}\n- b\n- c: {requires: [a, b]}`, ['b', 'c <- b']],
    ['take with them who waits for nobody else', `- a: {${off}}\n- b: {requires: [a]}\n- c`, ['c']],
    ['and so on', `- a: {${off}}\n- b: {requires: [a: terminal]}\n- c: {requires: [b]}\n- d`, ['d']],
    ['but not who waits for another as well', `- a: {${off}}\n- b: {requires: [a]}\n- c\n- d: {requires: [b, c]}`, ['c', 'd <- c']],
    ['in whatever order they stand', `- c: {requires: [b]}\n- b: {requires: [a]}\n- a: {${off}}\n- d`, ['d']],
    ['two of them', `- a: {${off}}\n- b: {${off}}\n- c: {requires: [a, b]}`, []],
  ];
  for (const [what, jobs, graph] of rows) test(what, () => assert.deepEqual(graphOf(withJobs(jobs)), graph));

  test('do not hide what is wrong in them', () => assert.match(problemOf(withJobs(`- a: {${off}, requires: [nobody]}`)), /which is the name of 0 other jobs/));
});
