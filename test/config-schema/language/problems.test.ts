import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import { jobWith, problemsOf, workflowWith } from './compiling.ts';

const later = 'is not supported yet by this version of Roundhouse.';
const runKeys = 'command, name, environment, when, no_output_timeout, background, working_directory, shell';
const jobKeys = 'docker, steps, environment, working_directory, shell, parallelism, resource_class, timeout, description';

/** Name, text, and every problem of it, at its line and column. */
type Row = [string, string, string[]];

function table(name: string, rows: Row[]): void {
  suite(name, () => {
    for (const [row, text, expected] of rows) test(row, () => assert.deepEqual(problemsOf(text), expected));
  });
}

table('the file', [
  ['empty', '', [`1:1 .circle.yml: An empty config file ${later} Write \`version: 2.1\` and a job called \`build\`.`]],
  ['only a comment', '# nothing\n', [`1:1 .circle.yml: An empty config file ${later} Write \`version: 2.1\` and a job called \`build\`.`]],
  ['a list', '- a\n', ['1:1 .circle.yml: a config file is a map, this is a list. Write `version: 2.1` and a job called `build`.']],
  ['no version', 'x: 1\njobs: {}\n', ['1:1 version: Unsupported or missing workflows config version. Write `version: 2.1`.']],
  ['a version of tomorrow', 'x: 1\nversion: 3\n', ['2:10 version: Unsupported or missing workflows config version. Write `version: 2.1`.']],
  ['1.0', '# old\nmachine:\n  timezone: UTC\n', [`2:1 .circle.yml: A file of CircleCI 1.0 ${later} Write it in version 2.1.`]],
  ['nothing to run', 'version: 2.1\njobs:\n  test: {docker: [{image: x}], steps: [checkout]}\n', ['2:1 .circle.yml: There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.']],
  ['not even jobs', 'version: 2.1\n', ['1:1 .circle.yml: There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.']],
  ['jobs that are no map', 'version: 2.1\njobs: [a]\n', [
    '2:1 .circle.yml: There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.',
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
  ['an alias of nothing', 'version: 2.1\na: [1, *x]\n', ['2:8 a[1]: Unable to parse YAML: alias *x has no anchor before it. Write &x at the value that is meant.']],
  ['an alias before its anchor', 'a: *x\nb: &x 1\n', ['1:4 a: Unable to parse YAML: alias *x has no anchor before it. Write &x at the value that is meant.']],
  ['an alias inside its anchor', 'a: &x [*x]\n', ['1:8 a[0]: Unable to parse YAML: alias *x stands inside its own anchor. Remove it.']],
  ['a merge of no map', 'a: &x 1\nb:\n  <<: *x\n', ['1:7 b.<<: Unable to parse YAML: a merge key takes a map or a list of maps. Write the alias of a map after "<<:".']],
  ['a key that is a list', '? [a]\n: 1\n', ['1:3 .circle.yml: Unable to parse YAML: a key is a list. Write a text as the key.']],
  ['NUL', `${jobWith('steps: [{run: "a\\0b"}]')}`, ['6:19 jobs.build.steps[0].run: the text holds the character NUL, which no command or variable can hold. Remove it.']],
  ['a key twice: the last counts, the first is not even judged', jobWith('steps: 5\nsteps: [checkout]'), ['7:5 warning: jobs.build.steps: the key is there twice. The last one counts; remove the other.']],
  ['a tag of nobody', `a: !x 1\n${jobWith('steps: [checkout]')}`, ['1:4 warning: .circle.yml: Unresolved tag: !x. It is ignored; remove it.']],
  ['only the first document counts', `${jobWith('steps: [checkout]')}---\n: : [\n`, []],
  ['two faults of YAML at once', 'a: @x\nb: @y\n', [
    '1:4 .circle.yml: Unable to parse YAML: Plain value cannot start with reserved character @. Put quotes around the text.',
    '2:4 .circle.yml: Unable to parse YAML: Plain value cannot start with reserved character @. Put quotes around the text.',
  ]],
]);

table('jobs', [
  ['an unknown key', jobWith('stpes: []\nsteps: [checkout]'), [`6:5 jobs.build: extraneous key [stpes] is not permitted. Did you mean \`steps\`? Permitted keys: ${jobKeys}.`]],
  ['no steps', jobWith('shell: sh'), ['3:3 jobs.build: required key [steps] not found. Add it.']],
  ['steps without a value', jobWith('steps:'), ['6:5 jobs.build.steps: must be a list, is empty. Write it, or remove the key.']],
  ['no step', jobWith('steps: []'), ['6:12 jobs.build.steps: must have at least one entry. Add one.']],
  ['no image', 'version: 2.1\njobs:\n  build:\n    docker: [{}]\n    steps: [checkout]\n', ['4:14 jobs.build.docker[0]: required key [image] not found. Add it.']],
  ['no container', 'version: 2.1\njobs:\n  build:\n    docker: []\n    steps: [checkout]\n', ['4:5 jobs.build.docker: must have at least one entry. Add one.']],
  ['no docker', 'version: 2.1\njobs:\n  build:\n    steps: [checkout]\n', ['3:3 jobs.build: required key [docker] not found. Add it.']],
  ['no job', 'version: 2.1\njobs:\n  build:\n', ['3:3 jobs.build: must be a map, is empty. Write it, or remove the key.']],
  ['parallelism in quotes', jobWith('parallelism: "3"\nsteps: [checkout]'), ['6:18 jobs.build.parallelism: parallelism must be an integer, is "3". Write the number without quotes.']],
  ['parallelism of a half', jobWith('parallelism: 1.5\nsteps: [checkout]'), ['6:18 jobs.build.parallelism: parallelism must be an integer, is 1.5. Write the number without quotes.']],
  ['no parallelism', jobWith('parallelism: 0\nsteps: [checkout]'), ['6:18 jobs.build.parallelism: parallelism must be a positive integer, is 0. Remove it for a single container.']],
  ['too much parallelism', jobWith('parallelism: 100000\nsteps: [checkout]'), ['6:18 jobs.build.parallelism: parallelism must be at most 1000, is 100000. Write a smaller number.']],
  ['a number for a text', 'version: 2.1\njobs:\n  build:\n    docker: [{image: 3.9}]\n    steps: [checkout]\n', ['4:22 jobs.build.docker[0].image: must be a text, is 3.9. Write a text; put quotes around a number or a boolean.']],
  ['a timeout without a unit', jobWith('timeout: 60\nsteps: [checkout]'), ['6:14 jobs.build.timeout: must be a duration such as 30s, 10m or 1.5h, at most 720h, is 60. Write the number and its unit.']],
  ['a timeout for ever', jobWith('timeout: 100000h\nsteps: [checkout]'), ['6:14 jobs.build.timeout: must be a duration such as 30s, 10m or 1.5h, at most 720h, is "100000h". Write the number and its unit.']],
  ['a shell with an open quote', jobWith(`shell: bash 'x\nsteps: [checkout]`), ['6:12 jobs.build.shell: must be a program and its arguments, is "bash \'x". Write for example /bin/bash -eo pipefail, with every quote closed.']],
  ['an environment of one text', jobWith('environment: A=1\nsteps: [checkout]'), ['6:18 jobs.build.environment: must be a map or a list, is "A=1". Write its keys, indented, below.']],
  ['variables of the wrong form', jobWith('environment:\n  - A\n  - B: {c: d}\n  - =x\nsteps: [checkout]'), [
    '7:9 jobs.build.environment[0]: a variable in a list is written KEY=value, this is "A". Add the = and the value.',
    '8:12 jobs.build.environment[1].B: the value of a variable must be a text, a number or a boolean, is a map. Put quotes around it, or remove it.',
    '9:9 jobs.build.environment[2]: a variable in a list is written KEY=value, this is "=x". Add the = and the value.',
  ]],
  ['a fault in an anchored piece is said once, where it stands', `version: 2.1
defaults: &defaults
  parallelism: 0
jobs:
  a: {<<: *defaults, docker: [{image: x}], steps: [checkout]}
  b: {<<: *defaults, docker: [{image: x}], steps: [checkout]}
workflows: {w: {jobs: [a, b]}}
`, ['3:16 jobs.a.parallelism: parallelism must be a positive integer, is 0. Remove it for a single container.']],
]);

table('steps', [
  ['a step of nobody', jobWith('steps: [rum]'), ['6:13 jobs.build.steps[0]: Cannot find a definition for command named rum. Steps are checkout, run.']],
  ['a step of nobody with a body', jobWith('steps:\n  - rum:\n      x: 1'), ['7-8:9 jobs.build.steps[0]: Cannot find a definition for command named rum. Steps are checkout, run.']],
  ['a block ends with its last letter', jobWith('steps:\n  - rum: |+\n      x\n\n\n  - checkout'), ['7-8:9 jobs.build.steps[0]: Cannot find a definition for command named rum. Steps are checkout, run.']],
  ['a template behind an escape stands where its text begins', jobWith('steps:\n  - run: "\\x3c< << x >>"'), [`7:14 jobs.build.steps[0].run: The template << << x >> ${later} Remove it and write the value; a << that is meant as text is escaped as '\\<<' in config v2.1+.`]],
  ['a step that is a list', jobWith('steps:\n  - [checkout]'), ['7:9 jobs.build.steps[0]: a step must be a name or a map, is a list. Write for example `- run: COMMAND`.']],
  ['run without a command', jobWith('steps:\n  - run'), ['7:9 jobs.build.steps[0]: required key [command] not found. Write `- run: COMMAND`.']],
  ['run with a null', jobWith('steps:\n  - run:'), ['7:9 jobs.build.steps[0].run: must be a text or a map, is empty. Write it, or remove the key.']],
  ['checkout with a null', jobWith('steps:\n  - checkout:'), ['7:9 jobs.build.steps[0].checkout: must be a map, is empty. Write it, or remove the key.']],
  ['run with a map and no command', jobWith('steps:\n  - run: {name: x}'), ['7:9 jobs.build.steps[0].run: required key [command] not found. Add it.']],
  ['a blank command', jobWith('steps:\n  - run: " "'), ['7:14 jobs.build.steps[0].run: required key [command] is empty. Write the command, or remove the step.']],
  ['an unknown key', jobWith('steps:\n  - run:\n      command: x\n      desription: x'), [`9:11 jobs.build.steps[0].run: extraneous key [desription] is not permitted. Permitted keys: ${runKeys}.`]],
  ['the classic of indentation', jobWith('steps:\n  - run:\n    command: x'), [
    '7:9 jobs.build.steps[0].run: must be a text or a map, is empty. Write it, or remove the key.',
    '8:9 jobs.build.steps[0]: a step has exactly one key, this has more. Indent the keys of the step deeper than its name.',
  ]],
  ['a when of nobody', jobWith('steps:\n  - run: {command: x, when: sometimes}'), ['7:33 jobs.build.steps[0].run.when: Invalid when condition: expected on_success, always, on_fail; got sometimes. Write one of them.']],
  ['background in quotes', jobWith('steps:\n  - run: {command: x, background: "yes"}'), ['7:39 jobs.build.steps[0].run.background: must be true or false, is "yes". Write true or false, without quotes.']],
  ['a template', jobWith('steps:\n  - run: echo << parameters.x >>'), [`7:19 jobs.build.steps[0].run: The template << parameters.x >> ${later} Remove it and write the value; a << that is meant as text is escaped as '\\<<' in config v2.1+.`]],
  ['a template for a number is no wrong number', jobWith('parallelism: << x >>\nsteps: [checkout]'), [`6:18 jobs.build.parallelism: The template << x >> ${later} Remove it and write the value; a << that is meant as text is escaped as '\\<<' in config v2.1+.`]],
  ['a heredoc, at its place in the block', jobWith('steps:\n  - run: |\n      echo \\<<\n      cat <<EOF\n      EOF'), [
    "9:15 jobs.build.steps[0].run: Unclosed '<<' tag in string: 'echo \\<< cat <<EOF EOF ' ('<<' must be escaped as '\\<<' in config v2.1+). Write a backslash before it.",
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
  ['one name twice', workflowWith('- a\n- b\n- a'), ["12:9 workflows.w.jobs[2]: 'a' is the name of 2 jobs in workflow 'w'. Give this one a `name` of its own."]],
  ['a circle', workflowWith('- a: {requires: [c]}\n- b: {requires: [a]}\n- c: {requires: [b: failed]}'), [
    '10:24 workflows.w: At least one job in the workflow must have no dependencies. The following jobs are unreachable: a, b, c. Break the circle a requires c requires b requires a: remove one of these requires.',
  ]],
  ['a circle behind jobs that run, with one behind it', workflowWith('- d: {requires: [c]}\n- a\n- b: {requires: [a, c]}\n- c: {requires: [b]}'), [
    '13:24 workflows.w: The following jobs are unreachable: d, b, c. Break the circle c requires b requires c: remove one of these requires.',
  ]],
  ['a status of nobody', workflowWith('- a\n- b: {requires: [a: sucess]}'), ['11:27 workflows.w.jobs[1].b.requires[0].a: must be one of success, failed, canceled, unauthorized, not_run, terminal or a list, is "sucess". Write one of them.']],
  ['options beside the job', workflowWith('- a\n- b:\n  requires: [a]'), [
    '12:9 workflows.w.jobs[1]: a job of a workflow has exactly one key, this has 2. Indent the options of b deeper than its name.',
    '12:19 workflows.w.jobs[1].requires: must be a map, is a list. Write its keys, indented, below.',
  ]],
  ['arguments', workflowWith('- a: {color: red, size: 1}'), ['10:13 workflows.w.jobs[0].a: Unexpected argument(s): color, size. Jobs take no arguments yet; permitted keys: name, requires.']],
  ['no name', workflowWith('- a: {name: ""}'), ['10:9 workflows.w.jobs[0]: the name is empty. Write one.']],
  ['a name that no folder can have', workflowWith(`- a: {name: ${'ü'.repeat(101)}}`), ['10:9 workflows.w.jobs[0]: the name has 202 bytes, more than 200. Shorten it.']],
  ['an unknown key', `${workflowWith('- a')}    job: [b]\n`, ['11:5 workflows.w: extraneous key [job] is not permitted. Did you mean `jobs`? Permitted keys: jobs, description.']],
  ['no jobs', 'version: 2.1\njobs: {}\nworkflows:\n  w: {}\n', ['4:3 workflows.w: required key [jobs] not found. Add it.']],
  ['an empty list of jobs is left out', `${jobWith('steps: [checkout]')}workflows: {v: {jobs: [build]}, w: {jobs: []}}\n`, ['7:36 warning: workflows.w.jobs: the workflow has no jobs. It is left out; remove it, or give it a job.']],
]);

test('features of tomorrow are told apart from mistakes, each at its key', () => {
  const text = `version: 2.1
setup: true
orbs: {node: circleci/node@7}
commands: {greet: {steps: [run: echo]}}
executors: {small: {docker: [{image: x}]}}
parameters: {p: {type: string, default: x}}
job-groups: {g: {jobs: [a]}}
jobs:
  a:
    executor: small
    parallelism: 0
    parameters: {x: {type: string}}
    secrets: [TOKEN]
    steps:
      - greet
      - greet: {to: you}
      - node/install
      - save_cache: {key: x, paths: [y]}
      - attach_workspace:
          at: x
      - when: {condition: true, steps: []}
      - setup_remote_docker
      - checkout: {method: full}
      - run: {command: x, max_auto_reruns: 2}
  b:
    machine: true
    steps: [checkout]
  c:
    docker:
      - image: x
        auth: {username: me}
      - image: postgres
    steps: [checkout]
  d: a
workflows:
  w:
    when: << pipeline.parameters.p >>
    triggers: [{schedule: {cron: "0 0 * * *"}}]
    jobs:
      - a: {context: org, matrix: {parameters: {x: [1]}}}
      - node/test
      - hold: {type: approval}
      - c: {requires: [hold, a-1], filters: {branches: {only: main}}, pre-steps: [checkout]}
`;
  const found = problemsOf(text).map((problem) => problem.replace(new RegExp(`${later.replaceAll('.', '\\.')}.*`), 'LATER'));
  assert.deepEqual(found, [
    '2:1 setup: `setup` LATER',
    '3:1 orbs: `orbs` LATER',
    '4:1 commands: `commands` LATER',
    '5:1 executors: `executors` LATER',
    '6:1 parameters: `parameters` LATER',
    '7:1 job-groups: `job-groups` LATER',
    '10:5 jobs.a.executor: `executor` LATER',
    '11:18 jobs.a.parallelism: parallelism must be a positive integer, is 0. Remove it for a single container.',
    '12:5 jobs.a.parameters: `parameters` LATER',
    '13:5 jobs.a.secrets: `secrets` LATER',
    '17:9 jobs.a.steps[2]: `node/install`, a command of an orb, LATER',
    '18:9 jobs.a.steps[3]: `save_cache` LATER',
    '19-20:9 jobs.a.steps[4]: `attach_workspace` LATER',
    '21:9 jobs.a.steps[5]: `when` LATER',
    '22:9 jobs.a.steps[6]: `setup_remote_docker` LATER',
    '23:20 jobs.a.steps[7].checkout.method: `method` LATER',
    '24:27 jobs.a.steps[8].run.max_auto_reruns: `max_auto_reruns` LATER',
    '26:5 jobs.b.machine: `machine` LATER',
    '31:9 jobs.c.docker[0].auth: `auth` LATER',
    '32:9 jobs.c.docker[1]: A second container LATER',
    '34:6 jobs.d: A job that is another name for a job LATER',
    '37:5 workflows.w.when: `when` LATER',
    '37:11 workflows.w.when: The template << pipeline.parameters.p >> LATER',
    '38:5 workflows.w.triggers: `triggers` LATER',
    '40:13 workflows.w.jobs[0].a.context: `context` LATER',
    '40:27 workflows.w.jobs[0].a.matrix: `matrix` LATER',
    '41:9 workflows.w.jobs[1]: `node/test`, a job of an orb, LATER',
    '42:16 workflows.w.jobs[2].hold.type: `type` LATER',
    '43:36 workflows.w.jobs[3].c.filters: `filters` LATER',
    '43:71 workflows.w.jobs[3].c.pre-steps: `pre-steps` LATER',
  ]);
});

test('a feature of tomorrow that is asked for nothing is let pass', () => {
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
    },
  ]);
});
