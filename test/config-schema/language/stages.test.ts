import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { printConfig } from '../../../config-schema/compile.ts';
import { buildStepsOf, printedOf, problemOf, problemsOf, processedOf, stepsOf } from './processing.ts';

const jobs = (text: string): string[] => Object.keys(printedOf(text).jobs);

suite('2.1 §0 stages: version 2 is not templated', () => {
  for (const version of ['2', '2.0', '"2"', '"2.0"'])
    test(`version: ${version}`, () => {
      const { jobs: printed } = printedOf(`version: ${version}
orbs: {a: nonsense}
commands: 3
executors: [a]
parameters: {x: y}
jobs:
  a:
    docker: [{image: << pipeline.id >>}]
    environment: {X: "<<# y >>"}
    steps:
      - run: cat <<EOF
      - run: {command: "<< parameters.x >>", name: '\\<<'}
      - save_cache: {key: "<< matrix.x >>", paths: [a]}
workflows: {version: 2, w: {jobs: [a: {context: << pipeline.id >>}]}}
`);
      assert.deepEqual(printed['a'], {
        docker: [{ image: '<< pipeline.id >>' }],
        environment: [{ X: '<<# y >>' }],
        steps: [{ run: { command: 'cat <<EOF' } }, { run: { command: '<< parameters.x >>', name: '\\<<' } }, { save_cache: { key: '<< matrix.x >>', paths: ['a'] } }],
      });
    });

  const steps = 'run, checkout, setup_remote_docker, save_cache, restore_cache, store_artifacts, store_test_results, persist_to_workspace, attach_workspace, add_ssh_keys, deploy, install_signing_bundle';
  const rows: [what: string, job: string, start: string][] = [
    ['a command', 'steps: [c]', `3:39 jobs.build.steps[0]: Cannot find a definition for command named c. Steps are ${steps}.`],
    ['when', 'steps: [when: {condition: true, steps: [checkout]}]', `3:39 jobs.build.steps[0].when: Cannot find a definition for command named when. Steps are ${steps}.`],
    ['an executor', 'steps: [checkout], executor: e', '3:50 jobs.build.executor: extraneous key [executor] is not permitted.'],
    ['parameters', 'steps: [checkout], parameters: {x: {type: string}}', '3:50 jobs.build.parameters: extraneous key [parameters] is not permitted.'],
    ['a template for a number', 'steps: [checkout], parallelism: << x >>', '3:63 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is "<< x >>".'],
  ];
  for (const [what, job, start] of rows)
    test(`${what} is no feature of it`, () => {
      const problem = problemOf(`version: 2\ncommands: {c: {steps: [checkout]}}\njobs: {build: {machine: true, ${job}}}\n`);
      assert.ok(problem.startsWith(start), problem);
    });
  test('nor is when of a workflow', () => assert.match(problemOf('version: 2\njobs: {a: {machine: true, steps: [checkout]}}\nworkflows: {w: {when: false, jobs: [a]}}\n'), /^3:17 workflows\.w\.when: extraneous key \[when\] is not permitted\./));
  test('nor are arguments of a job', () => assert.match(problemsOf('version: 2\njobs: {a: {machine: true, steps: [checkout]}}\nworkflows: {w: {jobs: [a: {x: 1}]}}\n').join('\n'), /^3:28 workflows\.w\.jobs\[0\]\.a\.x: /));
});

suite('2.1 §0 stages: the shape of everything is judged, called or not', () => {
  const text = (rest: string): string => `version: 2.1\njobs: {build: {machine: true, steps: [checkout]}}\n${rest}\n`;
  const rows: [what: string, rest: string, start: string][] = [
    ['an unknown key of a command', 'commands: {c: {stpes: [], steps: [checkout]}}', '3:16 commands.c.stpes: extraneous key [stpes] is not permitted. Did you mean `steps`?'],
    ['an unknown key of a step', 'commands: {c: {steps: [run: {command: x, commnd: y}]}}', '3:42 commands.c.steps[0].run.commnd: extraneous key [commnd] is not permitted. Did you mean `command`?'],
    ['an unknown key of a container', 'executors: {e: {docker: [{image: x, imagee: y}]}}', '3:37 executors.e.docker[0].imagee: extraneous key [imagee] is not permitted. Did you mean `image`?'],
    ['an unknown key of a workflow', 'workflows: {w: {jobs: [build], jbos: []}}', '3:32 workflows.w.jbos: extraneous key [jbos] is not permitted. Did you mean `jobs`?'],
    ['also of one that is off', 'workflows: {off: {when: false, jobs: [build: {type: wrong}]}, w: {jobs: [build]}}', '3:53 workflows.off.jobs[0].build.type: the type of a job in a workflow can only be approval, this is "wrong".'],
  ];
  for (const [what, rest, start] of rows)
    test(what, () => {
      const problem = problemOf(text(rest));
      assert.ok(problem.startsWith(start), problem);
    });

  test('unknown keys at the top are ignored, whatever they hold', () =>
    assert.deepEqual(
      problemsOf(
        text(`x-data: {a: << nothing >>, steps: 3}
references: [&c checkout, << x]
functions: 3
experimental: {notify: {branches: {only: [main]}}}
notify: {webhooks: [{url: x}]}
display: {home_url: x}
description: d
examples: []`),
      ),
      [],
    ));
});

suite('2.1 §0 stages: a workflow that is off is dropped before anything in it is compiled', () => {
  const text = (condition: string): string => `version: 2.1
parameters: {on: {type: boolean, default: false}}
jobs:
  a: {machine: true, steps: [checkout]}
  b: {machine: true, steps: [nobody, run: << nothing >>]}
orbs: {o: ns/o@1}
workflows:
  off: {${condition}, jobs: [nobody, b, o/j, a: {x: 1, requires: [q], name: << matrix.z >>}, a: {matrix: {parameters: {y: [1]}}}]}
  on: {jobs: [a]}
`;
  for (const condition of ['when: false', 'unless: true', 'when: << pipeline.parameters.on >>', 'when: {equal: [a, b]}', 'when: pipeline.parameters.on', 'unless: pipeline.git.branch == "main"'])
    test(condition, () => {
      assert.deepEqual(problemsOf(text(condition)), []);
      assert.deepEqual(jobs(text(condition)), ['a']);
      assert.deepEqual(Object.keys(printedOf(text(condition)).workflows), ['version', 'on']);
    });
  test('and one that is on is not', () => assert.ok(problemsOf(text('when: true')).length > 5));
  test('when all are off, nothing is left, and that is no fault', () =>
    assert.deepEqual(parse(printConfig(processedOf('version: 2.1\njobs: {build: {machine: true, steps: [nobody]}}\nworkflows: {w: {when: false, jobs: [build]}}\n'))), { version: 2, jobs: {}, workflows: { version: 2 } }));
});

suite('2.1 §0 stages: what is left', () => {
  const text = `version: 2.1
setup: true
parameters: {on: {type: boolean, default: true}}
orbs: {o: {jobs: {j: {machine: true, steps: [checkout]}}}}
commands: {c: {steps: [run: x]}}
executors: {e: {machine: {image: i}}}
jobs:
  a: {executor: e, parameters: {x: {type: string, default: d}}, description: says, steps: [c, run: << parameters.x >>]}
  unreached: {executor: e, steps: [nobody]}
  run: {executor: e, steps: [c]}
anchors: []
workflows:
  version: 2
  one: {when: << pipeline.parameters.on >>, jobs: [a, o/j: {requires: [a]}, run]}
  two: {jobs: [a, a: {x: y, name: other}, o/j]}
  off: {unless: true, jobs: [unreached]}
`;
  test('a config of version 2, with setup, and nothing of 2.1', () =>
    assert.deepEqual(parse(printConfig(processedOf(text))), {
      version: 2,
      setup: true,
      jobs: {
        a: { machine: { image: 'i' }, steps: [{ run: { command: 'x' } }, { run: { command: 'd' } }] },
        'o/j': { machine: true, steps: ['checkout'] },
        run: { machine: { image: 'i' }, steps: [{ run: { command: 'x' } }] },
        other: { machine: { image: 'i' }, steps: [{ run: { command: 'x' } }, { run: { command: 'y' } }] },
      },
      workflows: { version: 2, one: { jobs: ['a', { 'o/j': { requires: ['a'] } }, 'run'] }, two: { jobs: ['a', 'other', 'o/j'] } },
    }));
  test('which compiles to itself', () => {
    const printed = printConfig(processedOf(text.replace('setup: true\n', '')));
    assert.equal(printConfig(processedOf(printed)), printed);
  });
  test('setup: false is as if it were not there', () => assert.equal('setup' in (printedOf(text.replace('true', 'false')) as object), false));

  test('what belongs to the time when it runs is untouched: filters, keys of caches, variables, shell', () => {
    const { jobs: printed, workflows } = printedOf(`version: 2.1
jobs:
  a:
    machine: true
    environment: {PATH: "$HOME/bin:$PATH", BRANCH: "{{ .Branch }}"}
    steps:
      - save_cache: {key: 'v1-{{ checksum "go.sum" }}-{{ .Environment.X }}-{{ epoch }}', paths: [~/.cache]}
      - run: echo $CIRCLE_SHA1 \${X:-y} $(date) >> log
workflows: {w: {jobs: [a: {filters: {branches: {only: [main, /release-.*/]}, tags: {ignore: /.*/}}}]}}
`);
    assert.deepEqual(printed['a'], {
      machine: true,
      environment: [{ BRANCH: '{{ .Branch }}' }, { PATH: '$HOME/bin:$PATH' }],
      steps: [{ save_cache: { key: 'v1-{{ checksum "go.sum" }}-{{ .Environment.X }}-{{ epoch }}', paths: ['~/.cache'] } }, { run: { command: 'echo $CIRCLE_SHA1 ${X:-y} $(date) >> log' } }],
    });
    assert.deepEqual(workflows['w']!.jobs, [{ a: { filters: { branches: { only: ['main', '/release-.*/'] }, tags: { ignore: '/.*/' } } } }]);
  });
});

suite('2.1 §0 stages: where there are no workflows', () => {
  for (const rest of ['', 'workflows:\n', 'workflows: {}\n', 'workflows: {version: 2}\n'])
    test(`a job called build is one: ${JSON.stringify(rest)}`, () => {
      const text = `version: 2.1\njobs: {build: {machine: true, steps: [checkout]}, other: {machine: true, steps: [nobody]}}\n${rest}`;
      assert.deepEqual([buildStepsOf(text), jobs(text), printedOf(text).workflows['workflow']], [['checkout'], ['build'], { jobs: ['build'] }]);
    });

  const sentence = 'There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.';
  const rows: [what: string, rest: string, place: string][] = [
    ['no job called so', 'jobs: {test: {machine: true, steps: [checkout]}}\n', '2:1 jobs'],
    ['nor exactly so', 'jobs: {Build: {machine: true, steps: [checkout]}}\n', '2:1 jobs'],
    ['an empty map of workflows', 'workflows: {}\njobs: {test: {machine: true, steps: [checkout]}}\n', '2:1 workflows'],
    ['no jobs at all', 'commands: {}\n', '1:1 version'],
  ];
  for (const [what, rest, place] of rows) test(what, () => assert.equal(problemOf(`version: 2.1\n${rest}`), `${place}: ${sentence}`));
});

suite('2.1 §0 stages: faults of all stages are told at once', () => {
  test('shape, parameters, orbs, names, arguments, templates, requires', () => {
    const problems = problemsOf(`version: 2.1
parameters: {p: {type: integer, default: x}}
orbs: {o: ns/o@1}
commands: {c: {parameters: {x: {type: string}}, steps: [run: << parameters.y >>]}}
jobs:
  a: {machine: true, steps: [c, nobody, run: {command: x, when: sometimes}, run: << pipeline.nothing >>]}
  b: {docker: [{}], steps: [o/c, o/d]}
workflows:
  w: {jobs: [a: {requires: [z]}, b, none]}
  v: {jobs: [a, a: {name: x, q: 1}]}
`);
    assert.deepEqual(
      problems.map((problem) => problem.replace(/^(\d+:\d+ )\S+: (.*?[.:]) .*$/, '$1$2')),
      [
        '2:42 Type error for the default of parameter p:',
        '3:11 Cannot find ns/o@1 in the orb registry.',
        '4:62 Arguments referenced without declared parameters:',
        '6:30 Missing required argument(s):',
        '6:33 Cannot find a definition for command named nobody.',
        '6:65 Invalid when condition:',
        '6:82 Referred to a variable "pipeline.nothing" that does not exist.',
        '7:16 required key [image] not found.',
        "9:29 Job 'a' requires 'z', which is the name of 0 other jobs in workflow 'w'.",
        '9:37 Cannot find a definition for job named none.',
        '10:30 Unexpected argument(s):',
      ],
      problems.join('\n'),
    );
  });

  test('once, however often what is wrong is called', () =>
    assert.deepEqual(
      problemsOf(`version: 2.1
commands: {c: {steps: [nobody]}}
jobs: {a: {machine: true, steps: [c, c, c]}, b: {machine: true, steps: [c]}}
workflows: {v: {jobs: [a, b]}, w: {jobs: [b, a]}}
`),
      ["2:24 commands.c.steps[0]: Cannot find a definition for command named nobody. Define it under commands, or correct the name. | Error calling workflow: 'v' | Error calling job: 'a' | Error calling command: 'c'"],
    ));

  test('and the same text is compiled the same again', () => assert.deepEqual(stepsOf(printedOf('version: 2.1\njobs: {build: {machine: true, steps: [run: << pipeline.git.branch >>]}}\n').jobs['build']), ['main']));
});
