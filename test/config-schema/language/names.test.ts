import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { commandOf, file, graphOf, printedOf, problemsOf, processedOf, withJobs } from './processing.ts';

/** `NAME: COMMAND` of each job of each workflow. */
function namesOf(text: string): Record<string, string[]> {
  const { jobs, workflows } = printedOf(text);
  const { version: _, ...graphs } = workflows;
  return Object.fromEntries(
    Object.entries(graphs).map(([workflow, graph]) => [workflow, graph.jobs.map((job) => (typeof job === 'string' ? job : Object.keys(job)[0]!)).map((name) => (jobs[name] ? `${name}: ${String(commandOf(jobs[name]))}` : name))]),
  );
}

const orb = 'orbs: {o: {jobs: {build: {docker: [{image: x}], steps: [run: from orb]}, test: {docker: [{image: x}], steps: [run: orb test]}}}}\n';

suite('2.1 §9.1 names', () => {
  const rows: [what: string, workflows: string, names: Record<string, string[]>][] = [
    ['a job is called by its name', 'w: {jobs: [a]}', { w: ['a: echo'] }],
    ['or by the name that it is given', 'w: {jobs: [a: {name: z}]}', { w: ['z: echo'] }],
    ['a name may hold any character', 'w: {jobs: [a: {name: "Ünit / tests: (1) <x>"}]}', { w: ['Ünit / tests: (1) <x>: echo'] }],
    ['and tags of the pipeline', 'w: {jobs: [a: {name: on << pipeline.git.branch >>}]}', { w: ['on main: echo'] }],
    ['and be a number', 'w: {jobs: [a: {name: 12}]}', { w: ['12: echo'] }],
    ['a name that is null is none', 'w: {jobs: [a: {name: null}, b: {name: }]}', { w: ['a: echo', 'b: echo'] }],
    ['a job of an orb keeps the name of its orb', 'w: {jobs: [o/build]}', { w: ['o/build: from orb'] }],
    ['one job in two workflows is one job', 'v: {jobs: [a]}\n  w: {jobs: [a]}', { v: ['a: echo'], w: ['a: echo'] }],
    ['jobs that come to the same are one job under one name', 'v: {jobs: [a: {name: z}]}\n  w: {jobs: [b: {name: z}]}', { v: ['z: echo'], w: ['z: echo'] }],
    ['different arguments that come to the same are one job', 'v: {jobs: [p: {v: nothing}]}\n  w: {jobs: [p]}', { v: ['p: echo nothing'], w: ['p: echo nothing'] }],
    ['different jobs are numbered in the order in which they appear, all of them', 'w: {jobs: [p: {v: one}, p: {v: two}, p]}', { w: ['p-1: echo one', 'p-2: echo two', 'p-3: echo nothing'] }],
    ['over all workflows', 'v: {jobs: [p: {v: one}, a]}\n  w: {jobs: [p: {v: two}]}', { v: ['p-1: echo one', 'a: echo'], w: ['p-2: echo two'] }],
    ['what is the same has the same number', 'v: {jobs: [p: {v: one}]}\n  w: {jobs: [p: {v: two}]}\n  z: {jobs: [p: {v: one}]}', { v: ['p-1: echo one'], w: ['p-2: echo two'], z: ['p-1: echo one'] }],
    ['different jobs under one given name are numbered', 'w: {jobs: [a: {name: z}, p: {name: z}]}', { w: ['z-1: echo', 'z-2: echo nothing'] }],
    ['a job of the file under the name of another', 'w: {jobs: [p, a: {name: p}]}', { w: ['p-1: echo nothing', 'p-2: echo'] }],
    ['steps around a job make it another', 'w: {jobs: [a: {name: z}]}\n  z: {jobs: [a: {name: z, pre-steps: [run: first]}]}', { w: ['z-1: echo'], z: ['z-2: first'] }],
    ['the same job twice in one workflow is numbered', 'w: {jobs: [a, a]}', { w: ['a-1: echo', 'a-2: echo'] }],
    ['and keeps its numbers in another', 'v: {jobs: [a]}\n  w: {jobs: [a, a]}', { v: ['a-1: echo'], w: ['a-1: echo', 'a-2: echo'] }],
    ['a number that is taken is passed over', 'w: {jobs: [p: {v: one}, p: {v: two}, a: {name: p-1}]}', { w: ['p-2: echo one', 'p-3: echo two', 'p-1: echo'] }],
    ['approvals of one name in two workflows keep it', 'v: {jobs: [hold: {type: approval}]}\n  w: {jobs: [hold: {type: approval}]}', { v: ['hold'], w: ['hold'] }],
    ['approvals of one name in one workflow are numbered', 'w: {jobs: [hold: {type: approval}, hold: {type: approval}]}', { w: ['hold-1', 'hold-2'] }],
    ['an approval and a job of one name are numbered', 'w: {jobs: [a: {type: approval}, a]}', { w: ['a-1', 'a-2: echo'] }],
    ['what is filtered out takes no number', 'w: {jobs: [p: {v: one, filters: pipeline.git.branch == "x"}, p: {v: two}]}', { w: ['p: echo two'] }],
    ['a workflow that is off takes none either', 'v: {when: false, jobs: [p: {v: one}]}\n  w: {jobs: [p: {v: two}]}', { w: ['p: echo two'] }],
    ['another name for a job', 'w: {jobs: [alias]}', { w: ['alias: echo'] }],
    ['names that mean something to JavaScript', 'w: {jobs: [a: {name: __proto__}, b: {name: constructor}]}', { w: ['__proto__: echo', 'constructor: echo'] }],
  ];
  for (const [what, workflows, names] of rows) test(what, () => assert.deepEqual(namesOf(file(`  alias: a\n${orb}workflows:\n  ${workflows}\n`)), names));

  test('each job is printed once', () => {
    const { jobs } = printedOf(file('workflows: {v: {jobs: [a, p, a: {name: z}]}, w: {jobs: [a, p: {v: x}]}}'));
    assert.deepEqual(Object.keys(jobs), ['a', 'p-1', 'z', 'p-2']);
  });
});

suite('2.1 §9.1 names in requires are those before any number', () => {
  const rows: [what: string, jobs: string, graph: string[]][] = [
    ['the one other job of a name, though both are renamed', '- p: {v: one}\n- p: {v: two, requires: [p]}', ['p-1', 'p-2 <- p-1']],
    ['it is required by the number that it gets', '- p: {name: x, v: one}\n- p: {name: y, requires: [x]}\n- p: {name: y2, v: z, requires: [y]}', ['x', 'y <- x', 'y2 <- y']],
    ['a name that looks like a number is a name', '- p: {v: one}\n- p: {v: two, requires: [p]}\n- a: {name: p-1}\n- b: {requires: [p-1]}', ['p-2', 'p-3 <- p-2', 'p-1', 'b <- p-1']],
    ['a renamed job by its new name', '- a: {name: z}\n- b: {requires: [z]}', ['z', 'b <- z']],
    ['a job of an orb', '- o/build\n- o/test: {requires: [o/build]}', ['o/build', 'o/test <- o/build']],
  ];
  for (const [what, jobs, graph] of rows) test(what, () => assert.deepEqual(graphOf(`${withJobs(jobs)}${orb}`), graph));

  test('a renamed job is not known by the name of its definition', () =>
    assert.deepEqual(problemsOf(withJobs('- a: {name: z}\n- b: {requires: [a]}')), [`12:24 workflows.w.jobs[1].b.requires[0]: Job 'b' requires 'a', which is the name of 0 other jobs in workflow 'w'. Add the job to the workflow, or remove it from requires. | Error calling workflow: 'w'`]));

  test('nor by the number that it gets', () => assert.match(problemsOf(withJobs('- p: {v: one}\n- p: {v: two}\n- a: {requires: [p-2]}')).join(), /requires 'p-2', which is the name of 0 other jobs/));

  test('two others of the name are too many, and the remedy is a name', () =>
    assert.deepEqual(problemsOf(withJobs('- p: {v: one}\n- p: {v: two}\n- p: {v: three, requires: [p]}')), [
      `13:34 workflows.w.jobs[2].p.requires[0]: Job 'p' requires 'p', which is the name of 2 other jobs in workflow 'w'. Give each of them a \`name\` of its own, and require that. | Error calling workflow: 'w'`,
    ]));

  test('the same names in two workflows do not meet', () => {
    const text = file('workflows: {v: {jobs: [p: {v: one}, a: {requires: [p]}]}, w: {jobs: [p: {v: two}, a: {requires: [p]}]}}');
    assert.deepEqual([graphOf(text, {}, 'v'), graphOf(text)], [['p-1', 'a <- p-1'], ['p-2', 'a <- p-2']]);
    assert.deepEqual([...processedOf(text).jobs.keys()], ['p-1', 'a', 'p-2']);
  });
});

suite('names are kept in the object store, which bounds them', () => {
  const long = 'x'.repeat(201);
  test('a name of 200 bytes is one', () => assert.deepEqual(problemsOf(file(`workflows: {w: {jobs: [a: {name: ${'x'.repeat(200)}}]}}`)), []));
  test('a longer one of a job is not', () => assert.match(problemsOf(file(`workflows: {w: {jobs: [a: {name: ${long}}]}}`)).join(), /workflows\.w\.jobs\[0\]\.a: the name "x{40}…" has 201 bytes, more than 200\. Shorten it\./));
  test('nor of a workflow', () => assert.match(problemsOf(file(`workflows: {${long}: {jobs: [a]}}`)).join(), /has 201 bytes, more than 200/));
  test('what is encoded there counts threefold', () => assert.match(problemsOf(file(`workflows: {w: {jobs: [a: {name: "${'a '.repeat(67)}"}]}}`)).join(), /has 268 bytes/));
});
