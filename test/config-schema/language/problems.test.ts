import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import { jobWith, problemsOf, workflowWith } from './compiling.ts';

const runKeys = 'command, name, environment, when, no_output_timeout, background, working_directory, shell, max_auto_reruns, auto_rerun_delay, secrets';

/** Name, text, and every problem of it, at its line and column. */
type Row = [string, string, string[]];

function table(name: string, rows: Row[]): void {
  suite(name, () => {
    for (const [row, text, expected] of rows) test(row, () => assert.deepEqual(problemsOf(text), expected));
  });
}

table('the file', [
  ['empty', '', ['1:1 .circle.yml: the file is empty; a config of CircleCI 1.0 may be, and that language is not supported. Write `version: 2.1` and a job called `build`.']],
  ['only a comment', '# nothing\n', ['1:1 .circle.yml: the file is empty; a config of CircleCI 1.0 may be, and that language is not supported. Write `version: 2.1` and a job called `build`.']],
  ['a list', '- a\n', ['1:1 .circle.yml: a config file is a map, this is a list. Write `version: 2.1` and a job called `build`.']],
  ['no version', 'x: 1\njobs: {}\n', ['1:1 x: Unsupported or missing workflows config version. Write `version: 2.1`.']],
  ['a version of tomorrow', 'x: 1\nversion: 3\n', ['2:10 version: Unsupported or missing workflows config version. Write `version: 2.1`.']],
  ['1.0', '# old\nmachine:\n  timezone: UTC\n', ['2:1 machine: this is a file of CircleCI 1.0, and that language is not supported. Write it in version 2.1.']],
  ['nothing to run', 'version: 2.1\njobs:\n  test: {docker: [{image: x}], steps: [checkout]}\n', ['2:1 jobs: There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.']],
  ['not even jobs', 'version: 2.1\n', ['1:1 version: There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.']],
  ['jobs that are no map', 'version: 2.1\njobs: [a]\n', [
    '2:1 jobs: There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.',
    '2:7 jobs: must be a map, is a list. Write its keys, indented, below.',
  ]],
  ['keys of nobody hold anchors', `x-data: {orbs: 1}\nfunctions: {a: b}\nreferences: [1]\n${jobWith('steps: [checkout]')}`, []],
]);

table('YAML', [
  ['a tab', 'version: 2.1\njobs:\n\tbuild: 1\n', ['3:1 .circle.yml: Unable to parse YAML: Tabs are not allowed as indentation. Indent with spaces.']],
  ['wrong indent', 'a:\n  - x\n y: 1\n', ['3:1 .circle.yml: Unable to parse YAML: All mapping items must start at the same column. Correct the text at this place, or just before it.']],
  ['an open quote', 'version: 2.1\na: "x\nb: 1\n\n', ['3:5 .circle.yml: Unable to parse YAML: Missing closing "quote. Correct the text at this place, or just before it.']],
  ['a colon in a command', jobWith('steps:\n  - run: echo a: b'), ['7:14 .circle.yml: Unable to parse YAML: Nested mappings are not allowed in compact mappings. Put quotes around a text that holds ": ".']],
  ['a reserved sign', 'a: @x\n', ['1:4 .circle.yml: Unable to parse YAML: Plain value cannot start with reserved character @. Put quotes around the text.']],
  ['an alias of nothing', 'version: 2.1\na: [1, *x]\n', ['2:8 .circle.yml: Unable to parse YAML: alias *x has no anchor before it. Write &x at the value that is meant.']],
  ['an alias before its anchor', 'a: *x\nb: &x 1\n', ['1:4 .circle.yml: Unable to parse YAML: alias *x has no anchor before it. Write &x at the value that is meant.']],
  ['an alias inside its anchor', 'a: &x [*x]\n', ['1:8 .circle.yml: Unable to parse YAML: alias *x stands inside its own anchor. Remove it.']],
  ['a merge of no map', 'a: &x 1\nb:\n  <<: *x\n', ['1:7 .circle.yml: Unable to parse YAML: a merge key takes a map or a list of maps. Write the alias of a map after "<<:".']],
  ['a key that is a list', '? [a]\n: 1\n', ['1:3 .circle.yml: Unable to parse YAML: a key is a list. Write a text as the key.']],
  ['NUL', `${jobWith('steps: [{run: "a\\0b"}]')}`, ['6:19 .circle.yml: the text holds the character NUL, which no command or variable can hold. Remove it.']],
  ['a key twice: the last counts, the first is not even judged', jobWith('steps: 5\nsteps: [checkout]'), ['7:5 warning: jobs.build.steps: the key is there twice. The last one counts; remove the other.']],
  ['a tag of nobody', `a: !x 1\n${jobWith('steps: [checkout]')}`, ['1:4 warning: .circle.yml: Unresolved tag: !x. It is ignored; remove it.']],
  ['only the first document counts', `${jobWith('steps: [checkout]')}---\n: : [\n`, []],
  ['two faults of YAML at once', 'a: @x\nb: @y\n', [
    '1:4 .circle.yml: Unable to parse YAML: Plain value cannot start with reserved character @. Put quotes around the text.',
    '2:4 .circle.yml: Unable to parse YAML: Plain value cannot start with reserved character @. Put quotes around the text.',
  ]],
]);

// The shape of each part has tables of its own in schema.test.ts and check.test.ts. These are about what the compiler makes of it.
table('a fault is said once, and no others come of it', [
  ['in an anchored piece, where it stands', `version: 2.1
defaults: &defaults
  parallelism: 0
jobs:
  a: {<<: *defaults, docker: [{image: x}], steps: [checkout]}
  b: {<<: *defaults, docker: [{image: x}], steps: [checkout]}
workflows: {w: {jobs: [a, b]}}
`, ['3:16 defaults.parallelism: parallelism must be a positive integer, is 0. Remove it for a single container.']],
  ['a job without a body', 'version: 2.1\njobs:\n  build:\n', ['3:3 jobs.build: must be a text or a map, is empty. Write it, or remove the key.']],
  ['nowhere to run', 'version: 2.1\njobs:\n  build:\n    steps: [checkout]\n', ['3:3 jobs.build: a job needs docker, machine, macos or executor, this has none of them. Add for example docker with an image.']],
  ['steps without a value', jobWith('steps:'), ['6:5 jobs.build.steps: must be a list, is empty. Write it, or remove the key.']],
  ['a step of nobody, alone in its job', jobWith('steps: [rum]'), ['6:13 jobs.build.steps[0]: Cannot find a definition for command named rum. Did you mean `run`? Define it under commands, or correct the name.']],
  ['a step of nobody with a body', jobWith('steps:\n  - rum:\n      x: 1'), ['7:9 jobs.build.steps[0].rum: Cannot find a definition for command named rum. Did you mean `run`? Define it under commands, or correct the name.']],
  ['a job of the wrong shape that no workflow reaches', `${workflowWith('- a')}x: 1\n`.replace('  d: *job', '  d: {docker: [{image: x}], steps: [run: {comand: x}]}'), [
    '6:37 jobs.d.steps[0].run: required key [command] not found. Add it.',
    `6:43 jobs.d.steps[0].run.comand: extraneous key [comand] is not permitted. Did you mean \`command\`? Permitted keys: ${runKeys}.`,
  ]],
]);

table('templates', [
  ['of nobody', jobWith('steps:\n  - run: echo << parameters.x >>'), ['7:19 jobs.build.steps[0].run: Arguments referenced without declared parameters: parameters.x. Declare it under parameters of the job build, or correct the name.']],
  ['for a number, no wrong number', jobWith('parallelism: << x >>\nsteps: [checkout]'), [
    '6:18 jobs.build.parallelism: Referred to a variable "x" that does not exist. Names begin with parameters., pipeline. or matrix.; an environment variable is written $NAME; a << that is meant as text is written \\<<.',
  ]],
  ['that gives a text for a number', jobWith('parallelism: << pipeline.git.branch >>\nsteps: [checkout]'), [
    '6:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is "main". Write the number without quotes.',
  ]],
  ['behind an escape of YAML, where its text begins', jobWith('steps:\n  - run: "\\x3c< << x >>"'), [
    "7:14 jobs.build.steps[0].run: Unclosed '<<' tag in string: '<< << x >>' ('<<' must be escaped as '\\<<' in config v2.1+). Write a backslash before it, or >> behind the tag.",
  ]],
  ['a heredoc, at its place in the block', jobWith('steps:\n  - run: |\n      echo \\<<\n      cat <<EOF\n      EOF'), [
    "9:15 jobs.build.steps[0].run: Unclosed '<<' tag in string: 'echo \\<< cat <<EOF EOF ' ('<<' must be escaped as '\\<<' in config v2.1+). Write a backslash before it, or >> behind the tag.",
  ]],
]);

table('workflows', [
  ['a job of nobody', workflowWith('- a\n- aa\n- test'), [
    '11:9 workflows.w.jobs[1]: Cannot find a definition for job named aa. Did you mean `a`? Add it to jobs, or remove it from the workflow.',
    '12:9 workflows.w.jobs[2]: Cannot find a definition for job named test. Add it to jobs, or remove it from the workflow.',
  ]],
  ['a requirement of nobody', workflowWith('- a\n- b:\n    requires:\n      - a\n      - x'), ["14:15 workflows.w.jobs[1].b.requires[1]: Job 'b' requires 'x', which is the name of 0 other jobs in workflow 'w'. Add the job to the workflow, or remove it from requires."]],
  ['a requirement of itself', workflowWith('- a: {requires: [a]}'), ["10:24 workflows.w.jobs[0].a.requires[0]: Job 'a' requires 'a', which is the name of 0 other jobs in workflow 'w'. Add the job to the workflow, or remove it from requires."]],
  ['a renamed job is required by its new name', workflowWith('- a: {name: one}\n- b: {requires: [a]}'), ["11:24 workflows.w.jobs[1].b.requires[0]: Job 'b' requires 'a', which is the name of 0 other jobs in workflow 'w'. Add the job to the workflow, or remove it from requires."]],
  ['a job of another workflow', `${workflowWith('- a')}  v: {jobs: [b: {requires: a}]}\n`, ["11:28 workflows.v.jobs[0].b.requires: Job 'b' requires 'a', which is the name of 0 other jobs in workflow 'v'. Add the job to the workflow, or remove it from requires."]],
  ['one name twice: both get a number', workflowWith('- a\n- b\n- a'), []],
  ['a circle', workflowWith('- a: {requires: [c]}\n- b: {requires: [a]}\n- c: {requires: [b: failed]}'), [
    '10:24 workflows.w.jobs[0].a.requires[0]: At least one job in the workflow must have no dependencies. The following jobs are unreachable: a, b, c. Break the circle a requires c requires b requires a: remove one of these requires.',
  ]],
  ['a circle behind jobs that run, with one behind it', workflowWith('- d: {requires: [c]}\n- a\n- b: {requires: [a, c]}\n- c: {requires: [b]}'), [
    '13:24 workflows.w.jobs[3].c.requires[0]: The following jobs are unreachable: d, b, c. Break the circle c requires b requires c: remove one of these requires.',
  ]],
  ['a status of nobody', workflowWith('- a\n- b: {requires: [a: sucess]}'), ['11:27 workflows.w.jobs[1].b.requires[0].a: must be a status or a list of them, is "sucess". Write for example `[success, failed]`.']],
  ['options beside the job', workflowWith('- a\n- b:\n  requires: [a]'), [
    '12:9 workflows.w.jobs[1].requires: a job in a workflow has exactly one key, its name; this has more. Indent its options deeper than the name.', '12:19 workflows.w.jobs[1].requires: must be a map, is a list. Write its keys, indented, below.',
  ]],
  ['arguments', workflowWith('- a: {color: red, size: 1}'), [
    '10:13 workflows.w.jobs[0].a.color: Unexpected argument(s): color. job a has no parameters: remove it.',
    '10:25 workflows.w.jobs[0].a.size: Unexpected argument(s): size. job a has no parameters: remove it.',
  ]],
  ['no name', workflowWith('- a: {name: ""}'), ['10:19 workflows.w.jobs[0].a.name: must not be empty. Write a text, or remove the key.']],
  ['an unknown key', `${workflowWith('- a')}    job: [b]\n`, ['11:5 workflows.w.job: extraneous key [job] is not permitted. Did you mean `jobs`? Permitted keys: jobs, triggers, description, max_auto_reruns, auto_cancel, when, unless.']],
  ['no jobs', 'version: 2.1\njobs: {}\nworkflows:\n  w: {}\n', ['4:3 workflows.w: required key [jobs] not found. Add it.']],
  ['an empty list of jobs: it is left out', `${jobWith('steps: [checkout]')}workflows: {v: {jobs: [build]}, w: {jobs: []}}\n`, ['7:43 warning: workflows.w.jobs: the workflow has no jobs. It is left out; remove it, or give it a job.']],
]);

test('what asks for nothing is let pass', () => {
  assert.deepEqual(problemsOf(`setup: false\norbs: {}\nparameters:\n${jobWith('parameters: {}\ncircleci_ip_ranges: false\nsteps: [checkout]')}workflows: {w: {jobs: [build: {context: [], filters: }]}}\n`), []);
});

test('where a text stands is said with its end, in words that survive odd names', () => {
  const compiled = compileConfig(workflowWith('- a').replace('  w:', '  "build & test.all":').replace('- a', '- nope'), { path: '.circle.yml' });
  assert.ok('errors' in compiled);
  assert.deepEqual(compiled.errors, [
    {
      severity: 'error',
      message: 'workflows["build & test.all"].jobs[0]: Cannot find a definition for job named nope. Add it to jobs, or remove it from the workflow.',
      line: 10,
      column: 9,
      trace: ["Error calling workflow: 'build & test.all'"],
    },
  ]);
});
