import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { file, graphOf, printedOf, problemsOf } from './processing.ts';

/** A file with the group g of `jobs` and a workflow w with these; those of the group stand in line 11, those of the workflow in line 13. */
const withGroup = (jobs: string, workflow: string): string => file(`  # a line
job-groups:
  g:
    jobs: ${jobs}
workflows:
  w: {jobs: ${workflow}}
`);

suite('2.1 §11 job groups: what they bring into a workflow', () => {
  const rows: [what: string, group: string, workflow: string, graph: string[]][] = [
    ['their jobs between a start and an end', '[a]', '[g]', ['g-group-start', 'a <- g-group-start', 'g-group-end <- a']],
    ['the start goes before those that wait for none of them', '[a, b: {requires: [a]}, c]', '[g]', ['g-group-start', 'a <- g-group-start', 'b <- a', 'c <- g-group-start', 'g-group-end <- b c']],
    ['the end comes after those that none of them waits for', '[a, b: {requires: [a]}, c: {requires: [a: failed]}]', '[g]', ['g-group-start', 'a <- g-group-start', 'b <- a', 'c <- a(failed)', 'g-group-end <- b c']],
    ['what the group requires, the start requires', '[a]', '[c, g: {requires: [c: [failed, success]]}]', ['c', 'g-group-start <- c(success failed)', 'a <- g-group-start', 'g-group-end <- a']],
    ['who requires the group requires the end', '[a]', '[g, c: {requires: [g]}]', ['g-group-start', 'a <- g-group-start', 'g-group-end <- a', 'c <- g-group-end']],
    ['with a status too', '[a]', '[g, c: {requires: [g: terminal]}]', ['g-group-start', 'a <- g-group-start', 'g-group-end <- a', 'c <- g-group-end(success failed canceled unauthorized not_run)']],
    ['a name goes before the names of all', '[a, b: {requires: [a]}, hold: {type: approval}]', '[g: {name: prod}, c: {requires: [prod]}]', ['prod-group-start', 'prod-a <- prod-group-start', 'prod-b <- prod-a', 'prod-hold <- prod-group-start', 'prod-group-end <- prod-b prod-hold', 'c <- prod-group-end']],
    ['a name with a tag', '[a]', '[g: {name: on-<< pipeline.git.branch >>}]', ['on-main-group-start', 'on-main-a <- on-main-group-start', 'on-main-group-end <- on-main-a']],
    ['twice under different names, one after the other', '[a]', '[g: {name: one}, g: {name: two, requires: [one]}]', ['one-group-start', 'one-a <- one-group-start', 'one-group-end <- one-a', 'two-group-start <- one-group-end', 'two-a <- two-group-start', 'two-group-end <- two-a']],
    ['once with a name and once without', '[a]', '[g, g: {name: two}]', ['g-group-start', 'a <- g-group-start', 'g-group-end <- a', 'two-group-start', 'two-a <- two-group-start', 'two-group-end <- two-a']],
    ['matrices', '[p: {matrix: {parameters: {v: [x, y]}}}, b: {requires: [p]}, c: {requires: [p-x]}]', '[g: {name: n}]', ['n-group-start', 'n-p-x <- n-group-start', 'n-p-y <- n-group-start', 'n-b <- n-p-x n-p-y', 'n-c <- n-p-x', 'n-group-end <- n-b n-c']],
    ['a matrix at the end', '[a, p: {requires: [a], matrix: {parameters: {v: [x, y]}}}]', '[g]', ['g-group-start', 'a <- g-group-start', 'p-x <- a', 'p-y <- a', 'g-group-end <- p-x p-y']],
    ['who waits for a matrix without members waits for the start', '[p: {matrix: {parameters: {v: []}}}, a: {requires: [p]}]', '[g]', ['g-group-start', 'a <- g-group-start', 'g-group-end <- a']],
    ['a job of the same name beside it is another', '[a, b: {requires: [a]}]', '[g, a, c: {requires: [a]}]', ['g-group-start', 'a-1 <- g-group-start', 'b <- a-1', 'g-group-end <- b', 'a-2', 'c <- a-2']],
    ['nothing', '[]', '[g, c: {requires: [g]}]', ['g-group-start', 'g-group-end', 'c <- g-group-end']],
  ];
  for (const [what, group, workflow, graph] of rows) test(what, () => assert.deepEqual(graphOf(withGroup(group, workflow)), graph));

  test('start and end are jobs that do nothing', () => {
    const { jobs, workflows } = printedOf(withGroup('[a]', '[g]'));
    assert.deepEqual([jobs['g-group-start'], jobs['g-group-end']], [{ type: 'no-op' }, { type: 'no-op' }]);
    assert.deepEqual(workflows['w']!.jobs, ['g-group-start', { a: { requires: ['g-group-start'] } }, { 'g-group-end': { requires: ['a'] } }]);
  });

  test('with a serial group the start takes its lock, and an unlock follows the end whatever becomes of it', () => {
    const text = withGroup('[a]', '[g: {serial-group: << pipeline.project.slug >>/deploy}, c: {requires: [g]}]');
    const { jobs } = printedOf(text, { values: { 'project.slug': 'gh/o/r' } });
    assert.deepEqual(graphOf(text), ['g-group-start', 'a <- g-group-start', 'g-group-end <- a', 'g-group-unlock <- g-group-end(success failed canceled unauthorized not_run)', 'c <- g-group-end']);
    assert.deepEqual([jobs['g-group-start'], jobs['g-group-end'], jobs['g-group-unlock']], [{ type: 'lock', key: 'gh/o/r/deploy' }, { type: 'no-op' }, { type: 'unlock', key: 'gh/o/r/deploy' }]);
  });

  test('filters of the group hold for each of its jobs that has none of its own', () => {
    const { workflows } = printedOf(withGroup('[a, b: {filters: {branches: {only: dev}}}]', '[g: {filters: {tags: {only: v1}}}]'));
    const filters = { tags: { only: 'v1' } };
    assert.deepEqual(workflows['w']!.jobs, [
      { 'g-group-start': { filters } },
      { a: { requires: ['g-group-start'], filters } },
      { b: { requires: ['g-group-start'], filters: { branches: { only: 'dev' } } } },
      { 'g-group-end': { requires: ['a', 'b'], filters } },
    ]);
  });

  test('an expression takes the whole group out, and who waits for nobody else', () =>
    assert.deepEqual(graphOf(withGroup('[a, b: {requires: [a]}]', '[g: {filters: pipeline.git.branch == "x"}, c: {requires: [g]}, d]')), ['d']));

  test('a job of the group that is filtered out by itself is no longer waited for', () =>
    assert.deepEqual(graphOf(withGroup('[a, b: {filters: pipeline.git.branch == "x"}]', '[g]')), ['g-group-start', 'a <- g-group-start', 'g-group-end <- a']));

  test('a group that no workflow names is not looked into', () => assert.deepEqual(graphOf(withGroup('[gone]', '[a]')), ['a']));

  test('the same group in two workflows is compiled once', () => {
    const text = `${withGroup('[a, p: {v: x}]', '[g]')}  v: {jobs: [g]}\n`;
    assert.deepEqual(Object.keys(printedOf(text).jobs), ['g-group-start', 'a', 'p', 'g-group-end']);
  });
});

suite('2.1 §11 job groups: what is refused', () => {
  const rows: [what: string, group: string, workflow: string, ...problems: string[]][] = [
    ['a matrix on the invocation', '[a]', '[g: {matrix: {parameters: {v: [x]}}}]', "13:18 workflows.w.jobs[0].g.matrix: matrix cannot be given to a job group. Permitted keys: name, requires, filters, serial-group. | Error calling workflow: 'w'"],
    ['override-with', '[a]', '[g: {override-with: o/g}]', "13:18 workflows.w.jobs[0].g.override-with: override-with cannot be given to a job group. Permitted keys: name, requires, filters, serial-group. | Error calling workflow: 'w'"],
    ['a context', '[a]', '[g: {context: org}]', "13:18 workflows.w.jobs[0].g.context: context cannot be given to a job group. Permitted keys: name, requires, filters, serial-group. | Error calling workflow: 'w'"],
    ['steps before it', '[a]', '[g: {pre-steps: [checkout]}]', "13:18 workflows.w.jobs[0].g.pre-steps: pre-steps cannot be given to a job group. Permitted keys: name, requires, filters, serial-group. | Error calling workflow: 'w'"],
    ['steps after it', '[a]', '[g: {post-steps: [checkout]}]', "13:18 workflows.w.jobs[0].g.post-steps: post-steps cannot be given to a job group. Permitted keys: name, requires, filters, serial-group. | Error calling workflow: 'w'"],
    ['a type', '[a]', '[g: {type: approval}]', "13:18 workflows.w.jobs[0].g.type: type cannot be given to a job group. Permitted keys: name, requires, filters, serial-group. | Error calling workflow: 'w'"],
    ['an argument', '[p]', '[g: {v: x}]', "13:18 workflows.w.jobs[0].g.v: v cannot be given to a job group. Permitted keys: name, requires, filters, serial-group. | Error calling workflow: 'w'"],
    ['a key of the group that is none', '[a]\n    parameters: {v: {type: string}}', '[g]', '12:5 job-groups.g.parameters: extraneous key [parameters] is not permitted. Permitted keys: jobs, description.'],
    ['a group in a group', '[h]\n  h: {jobs: [a]}', '[g]', "11:12 job-groups.g.jobs[0]: h is a job group, and a job group cannot hold another. List its jobs here. | Error calling workflow: 'w'"],
    ['itself', '[g]', '[g]', "11:12 job-groups.g.jobs[0]: g is a job group, and a job group cannot hold another. List its jobs here. | Error calling workflow: 'w'"],
    ['twice without a name', '[a]', '[g, g]', "13:17 workflows.w.jobs[1]: Job-group 'g' occurs 2 times in workflow 'w'. Give each of them a `name` of its own. | Error calling workflow: 'w'"],
    ['three times under one name', '[a]', '[g: {name: n}, g: {name: n}, g: {name: n}]', "13:28 workflows.w.jobs[1].g: Job-group 'n' occurs 3 times in workflow 'w'. Give each of them a `name` of its own. | Error calling workflow: 'w'"],
    ['one job twice', '[a, a: {requires: [b]}, b]', '[g]', "11:15 job-groups.g.jobs[1].a: Job 'a' occurs 2 times in job group 'g'. Give each of them a `name` of its own. | Error calling workflow: 'w'"],
    ['to require one of its jobs from outside', '[a]', '[g, c: {requires: [a]}]', "13:32 workflows.w.jobs[1].c.requires[0]: Job 'c' cannot require 'a': it belongs to the job group g: require the group. | Error calling workflow: 'w'"],
    ['one of its jobs by the name with the prefix', '[a]', '[g: {name: n}, c: {requires: [n-a]}]', "13:43 workflows.w.jobs[1].c.requires[0]: Job 'c' cannot require 'n-a': it belongs to the job group n: require the group. | Error calling workflow: 'w'"],
    ['one of its jobs requires a job outside', '[a: {requires: [c]}]', '[g, c]', "11:27 job-groups.g.jobs[0].a.requires[0]: Job 'a' cannot require 'c': a job of the job group g waits for jobs of that group only: write it into the requires of the group. | Error calling workflow: 'w'"],
    ['one of its jobs requires a job of another group', '[a: {requires: [b]}]\n  h: {jobs: [b]}', '[g, h]', "11:27 job-groups.g.jobs[0].a.requires[0]: Job 'a' cannot require 'b': a job of the job group g waits for jobs of that group only: write it into the requires of the group. | Error calling workflow: 'w'"],
    ['one of its jobs requires the group', '[a: {requires: [g]}]', '[g]', "11:27 job-groups.g.jobs[0].a.requires[0]: The following jobs are unreachable: a, g-group-end. Break the circle a requires g-group-end requires a: remove one of these requires. | Error calling workflow: 'w'"],
    ['its unlock', '[a]', '[g: {serial-group: k}, c: {requires: [g-group-unlock]}]', "13:51 workflows.w.jobs[1].c.requires[0]: Job 'c' cannot require 'g-group-unlock': it belongs to the job group g: require the group. | Error calling workflow: 'w'"],
    ['a group that requires itself', '[a]', '[g: {requires: [g]}]', "13:29 workflows.w.jobs[0].g.requires[0]: At least one job in the workflow must have no dependencies. The following jobs are unreachable: g-group-start, a, g-group-end. Break the circle g-group-start requires g-group-end requires a requires g-group-start: remove one of these requires. | Error calling workflow: 'w'"],
    ['groups that require each other', '[a]\n  h: {jobs: [b]}', '[g: {requires: [h]}, h: {requires: [g]}]', "14:29 workflows.w.jobs[0].g.requires[0]: At least one job in the workflow must have no dependencies. The following jobs are unreachable: g-group-start, a, g-group-end, h-group-start, b, h-group-end. Break the circle g-group-start requires h-group-end requires b requires h-group-start requires g-group-end requires a requires g-group-start: remove one of these requires. | Error calling workflow: 'w'"],
    ['a circle in it', '[a: {requires: [b]}, b: {requires: [a]}]', '[g]', "11:27 job-groups.g.jobs[0].a.requires[0]: The following jobs are unreachable: a, b. Break the circle a requires b requires a: remove one of these requires. | Error calling workflow: 'w'"],
    ['a serial group on one of its jobs', '[a: {serial-group: k}]', '[g]', "11:16 job-groups.g.jobs[0].a.serial-group: a job of a job group has no serial-group of its own. Give it to the group where the workflow names it. | Error calling workflow: 'w'"],
    ['a serial group that is no key', '[a]', '[g: {serial-group: "not a key"}]', `13:32 workflows.w.jobs[0].g.serial-group: serial-group must be 1 to 512 letters, digits and . _ / -, is "not a key". Correct it. | Error calling workflow: 'w'`],
    ['a job that is not there', '[gone, b: {requires: [gone]}]', '[g]', "11:12 job-groups.g.jobs[0]: Cannot find a definition for job named gone. Add it to jobs, or remove it from the workflow. | Error calling workflow: 'w'"],
    ['a status of nobody', '[a]', '[c, g: {requires: [c: << pipeline.git.branch >>]}]', '13:35 workflows.w.jobs[1].g.requires[0].c: must be a status or a list of them, is "main". Write for example `[success, failed]`. | Error calling workflow: \'w\''],
    ['no jobs', '', '[g]', '11:5 job-groups.g.jobs: must be a list, is empty. Write it, or remove the key.'],
    ['jobs that are no list', '{a: {}}', '[g]', '11:11 job-groups.g.jobs: must be a list, is a map. Write each entry after "- " on a line of its own.'],
  ];
  for (const [what, group, workflow, ...problems] of rows) test(what, () => assert.deepEqual(problemsOf(withGroup(group, workflow)), problems));

  test('one name for a job and a group', () =>
    assert.deepEqual(problemsOf(file('job-groups: {a: {jobs: [b]}}\nworkflows: {w: {jobs: [a]}}\n')), ['8:14 job-groups.a: a is the name of a job and of a job group. Rename one of them.']));
});
