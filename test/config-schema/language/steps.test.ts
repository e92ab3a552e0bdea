import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { buildStepsOf, indent, printedOf, problemOf, problemsOf, stepsOf } from './processing.ts';

/** A job with these steps, which begin at line 6, column 7; hi is a command, and says what it is given. */
const withSteps = (steps: string, rest = ''): string => `version: 2.1
jobs:
  build:
    machine: true
    steps:
${indent(steps, 6)}
commands:
  hi: {parameters: {to: {type: string, default: you}}, steps: [run: hi << parameters.to >>]}
  take: {parameters: {s: {type: steps}}, steps: [steps: << parameters.s >>]}
${rest}`;
/** Of a problem in the step itself; what only shows when it is expanded has the calls. */
const inJob = " | Error calling workflow: 'workflow' | Error calling job: 'build'";
const inTake = `${inJob} | Error calling command: 'take'`;

suite('2.1 §8 steps: what a step may be', () => {
  const rows: [what: string, step: string, ...expected: unknown[]][] = [
    ['the name of a built-in step', '- checkout', 'checkout'],
    ['another', '- add_ssh_keys', 'add_ssh_keys'],
    ['and another', '- setup_remote_docker', 'setup_remote_docker'],
    ['the name of a command', '- hi', 'hi you'],
    ['a command and its arguments', '- hi: {to: all}', 'hi all'],
    ['a command and no arguments', '- hi: {}', 'hi you'],
    ['a text to run', '- run: make', { run: { command: 'make' } }],
    ['a number to run', '- run: 5', { run: { command: 5 } }],
    ['a tag that names one', '- << pipeline.parameters.step >>', 'checkout'],
    ['all that run takes', '- run: {command: c, name: n, shell: sh, environment: {A: 1}, background: false, working_directory: w, no_output_timeout: 1.5h, when: always, max_auto_reruns: 5, auto_rerun_delay: 10m}', {
      run: { command: 'c', name: 'n', shell: 'sh', environment: { A: 1 }, background: false, working_directory: 'w', no_output_timeout: '1.5h', when: 'always', max_auto_reruns: 5, auto_rerun_delay: '10m' },
    }],
    ['all that checkout takes', '- checkout: {path: p, method: shallow, depth: 1, name: n}', { checkout: { path: 'p', method: 'shallow', depth: 1, name: 'n' } }],
    ['another checkout', '- checkout: {method: full}', { checkout: { method: 'full' } }],
    ['all that setup_remote_docker takes', '- setup_remote_docker: {version: default, docker_layer_caching: true, prefer_same_region: true, name: n}', { setup_remote_docker: { version: 'default', docker_layer_caching: true, prefer_same_region: true, name: 'n' } }],
    ['all that save_cache takes', '- save_cache: {key: k, paths: [p], name: n, when: on_fail}', { save_cache: { key: 'k', paths: ['p'], name: 'n', when: 'on_fail' } }],
    ['restore_cache with key and keys', '- restore_cache: {key: k, keys: [a, b], name: n}', { restore_cache: { key: 'k', keys: ['a', 'b'], name: 'n' } }],
    ['all that store_artifacts takes', '- store_artifacts: {path: p, destination: d, name: n, when: always}', { store_artifacts: { path: 'p', destination: 'd', name: 'n', when: 'always' } }],
    ['all that store_test_results takes', '- store_test_results: {path: p, name: n, when: always}', { store_test_results: { path: 'p', name: 'n', when: 'always' } }],
    ['all that persist_to_workspace takes, the root itself too', '- persist_to_workspace: {root: r, paths: [., a/*], name: n, when: always}', { persist_to_workspace: { root: 'r', paths: ['.', 'a/*'], name: 'n', when: 'always' } }],
    ['all that attach_workspace takes', '- attach_workspace: {at: a, name: n}', { attach_workspace: { at: 'a', name: 'n' } }],
    ['all that add_ssh_keys takes', '- add_ssh_keys: {fingerprints: ["SHA256:x"], name: n}', { add_ssh_keys: { fingerprints: ['SHA256:x'], name: 'n' } }],
    ['deploy as run', '- deploy: make', { deploy: 'make' }],
    ['deploy as a map', '- deploy: {command: make}', { deploy: { command: 'make' } }],
    ['install_signing_bundle', '- install_signing_bundle', 'install_signing_bundle'],
    ['templates of caches stay', '- save_cache: {key: "v<< pipeline.number >>-{{ checksum \\"a\\" }}", paths: [p]}', { save_cache: { key: 'v1-{{ checksum "a" }}', paths: ['p'] } }],
  ];
  for (const [what, step, ...expected] of rows)
    test(what, () => assert.deepEqual(buildStepsOf(withSteps(step, 'parameters: {step: {type: string, default: checkout}}\n')), expected.map((each) => stepsOf({ steps: [each] })[0])));

  test('every built-in step keeps its body as it is', () => {
    const rest = 'parameters: {step: {type: string, default: checkout}}\n';
    for (const [, step, expected] of rows.filter(([, , each]) => typeof each === 'object')) assert.deepEqual(printedOf(withSteps(step, rest)).jobs['build']!['steps'], [expected]);
  });
});

suite('2.1 §8 steps: when, unless and steps are expanded', () => {
  const rows: [what: string, steps: string, ...expected: unknown[]][] = [
    ['a condition that holds', '- when: {condition: true, steps: [hi, checkout]}', 'hi you', 'checkout'],
    ['one that does not', '- when: {condition: false, steps: [checkout]}\n- hi', 'hi you'],
    ['unless is the other way round', '- unless: {condition: false, steps: [hi]}\n- unless: {condition: true, steps: [checkout]}', 'hi you'],
    ['nested', '- when: {condition: true, steps: [unless: {condition: false, steps: [when: {condition: 12, steps: [hi]}]}]}', 'hi you'],
    ['a logic statement', '- when: {condition: {and: [{equal: [main, << pipeline.git.branch >>]}, {not: << pipeline.git.tag >>}]}, steps: [hi]}', 'hi you'],
    ['no steps at all', '- when: {condition: true, steps: []}\n- hi', 'hi you'],
    ['one step in place of a list of it', '- when: {condition: true, steps: {run: x}}\n- unless: {condition: false, steps: {hi: {to: me}}}', 'x', 'hi me'],
    ['a name is for people', '- when: {name: n, condition: true, steps: [hi]}', 'hi you'],
    ['a bare when comes to nothing', '- when\n- hi', 'hi you'],
    ['and a bare unless', '- unless\n- hi', 'hi you'],
    ['steps that are written out', '- steps: [hi, steps: [checkout]]', 'hi you', 'checkout'],
    ['nothing behind a condition that is off is looked at', '- when: {condition: false, steps: [nobody, hi: {nothing: 1}, run: {command: x, when: << pipeline.id >>}]}\n- hi', 'hi you'],
    ['but what is behind one that is on', '- when: {condition: true, steps: [hi: {to: << pipeline.number >>}]}', 'hi 1'],
  ];
  for (const [what, steps, ...expected] of rows) test(what, () => assert.deepEqual(buildStepsOf(withSteps(steps)), expected));

  test('a condition of two tags is a text, and holds', () => {
    const text = `version: 2.1
commands: {c: {parameters: {a: {type: boolean, default: false}, b: {type: boolean, default: false}}, steps: [run: x, when: {condition: << parameters.a >> << parameters.b >>, steps: [run: two]}, when: {condition: << parameters.a >>, steps: [run: one]}]}}
jobs: {build: {machine: true, steps: [c]}}
`;
    assert.deepEqual(buildStepsOf(text), ['x', 'two']);
  });
});

suite('2.1 §8 steps: a parameter of the type steps', () => {
  const calling = (body: string, argument: string): string => `version: 2.1
commands:
  hi: {steps: [run: hi]}
  c: {parameters: {s: {type: steps}}, steps: [run: before, ${body}, run: after]}
jobs: {build: {machine: true, steps: [c: {s: ${argument}}]}}
`;
  test('is spliced in by steps', () => assert.deepEqual(buildStepsOf(calling('steps: << parameters.s >>', '[hi, checkout]')), ['before', 'hi', 'checkout', 'after']));
  test('and by a tag that stands alone in the list', () => assert.deepEqual(buildStepsOf(calling('<< parameters.s >>', '[hi, checkout]')), ['before', 'hi', 'checkout', 'after']));
  test('which comes to nothing when it is empty', () => assert.deepEqual(buildStepsOf(calling('<< parameters.s >>', '[]')), ['before', 'after']));
  test('as often as it is named', () => assert.deepEqual(buildStepsOf(calling('<< parameters.s >>, steps: << parameters.s >>', '[hi]')), ['before', 'hi', 'hi', 'after']));
  test('holds as a condition when it is not empty, as the original has it', () => {
    assert.deepEqual(buildStepsOf(calling('when: {condition: << parameters.s >>, steps: [run: some]}', '[hi]')), ['before', 'some', 'after']);
  });
  test('may hold what a job may', () =>
    assert.deepEqual(buildStepsOf(calling('steps: << parameters.s >>', '[when: {condition: true, steps: [hi]}, when: {condition: false, steps: [hi]}, steps: [checkout], c: {s: [hi, c: {s: []}]}]')), [
      'before',
      'hi',
      'checkout',
      'before',
      'hi',
      'before',
      'after',
      'after',
      'after',
    ]));
  test('is handed on', () => {
    const text = `version: 2.1
commands:
  inner: {parameters: {t: {type: steps}}, steps: [steps: << parameters.t >>]}
  outer: {parameters: {s: {type: steps, default: [run: default]}}, steps: [inner: {t: << parameters.s >>}, inner: {t: [run: more, steps: << parameters.s >>, << parameters.s >>]}]}
jobs: {build: {machine: true, steps: [outer, outer: {s: [run: given]}]}}
`;
    assert.deepEqual(buildStepsOf(text), ['default', 'more', 'default', 'default', 'given', 'more', 'given', 'given']);
  });
  test('of another type it is a problem, where it is used', () => {
    const text = `version: 2.1
commands: {c: {parameters: {s: {type: string, default: checkout}}, steps: [steps: << parameters.s >>]}}
jobs: {build: {machine: true, steps: [c]}}
`;
    assert.equal(problemOf(text), `2:83 commands.c.steps[0].steps: steps must be a list. Write each step after "- " on a line of its own.${inJob} | Error calling command: 'c'`);
  });
});

suite('2.1 §8 steps: which step a name means', () => {
  test("the user's command goes before the built-in step", () => {
    const text = `version: 2.1
commands:
  checkout: {parameters: {path: {type: string, default: here}}, steps: [run: my checkout << parameters.path >>]}
  save_cache: {steps: [run: my cache]}
jobs: {build: {machine: true, steps: [checkout, checkout: {path: there}, save_cache]}}
`;
    assert.deepEqual(buildStepsOf(text), ['my checkout here', 'my checkout there', 'my cache']);
  });

  test('also run, whose short form then is no map of arguments', () => {
    const text = (step: string): string => `version: 2.1
commands: {run: {parameters: {command: {type: string}}, steps: [store_artifacts: {path: << parameters.command >>}]}}
jobs: {build: {machine: true, steps: [${step}]}}
`;
    assert.deepEqual(buildStepsOf(text('run: {command: x}')), [{ store_artifacts: { path: 'x' } }]);
    assert.equal(problemOf(text('run: x')), `3:44 jobs.build.steps[0].run: the arguments of a command are a map. Write each after its name, indented below run.${inJob}`);
  });

  test('in an orb only the own commands of the orb go before', () => {
    const text = `version: 2.1
orbs:
  foo:
    commands:
      deploy: {steps: [run: deploy of foo]}
      call: {steps: [deploy, checkout]}
commands:
  checkout: {steps: [run: my checkout]}
jobs: {build: {machine: true, steps: [deploy: {command: built in}, foo/deploy, foo/call, checkout]}}
`;
    assert.deepEqual(buildStepsOf(text), [{ deploy: { command: 'built in' } }, 'deploy of foo', 'deploy of foo', 'checkout', 'my checkout']);
  });

  const rows: [what: string, step: string, sentence: string][] = [
    ['nobody', 'nobody', 'Cannot find a definition for command named nobody. Define it under commands, or correct the name.'],
    ['a slip of a command', 'hii', 'Cannot find a definition for command named hii. Did you mean `hi`? Define it under commands, or correct the name.'],
    ['a slip of a built-in step', 'chekcout', 'Cannot find a definition for command named chekcout. Did you mean `checkout`? Define it under commands, or correct the name.'],
    ['an orb of nobody', 'slak/notify', 'Cannot find a definition for command named slak/notify. Did you mean `slack`? There is no orb slak: add it to orbs, or correct the name.'],
    ['a command that the orb has not', 'slack/notfy', 'Cannot find a definition for command named slack/notfy. Did you mean `notify`? The orb slack has no such command: correct the name, or use another version of the orb.'],
    ['a bare steps', 'steps', 'Cannot find a definition for command named steps. Define it under commands, or correct the name.'],
    ['a command without a body', 'empty', 'Cannot find a definition for command named empty. It stands under commands without a body: write its steps.'],
  ];
  for (const [what, step, sentence] of rows)
    test(what, () => assert.equal(problemOf(withSteps(`- ${step}`, '  empty:\norbs: {slack: {commands: {notify: {steps: [checkout]}}}}\n')), `6:9 jobs.build.steps[0]: ${sentence}${inJob}`));

  test('one that comes out of a tag', () =>
    assert.equal(problemOf(withSteps('- << pipeline.git.branch >>')), `6:9 jobs.build.steps[0]: Cannot find a definition for command named main. Define it under commands, or correct the name.${inJob}`));
});

suite('2.1 §8 steps: one name may stand for another', () => {
  const text = (aliases: string, steps: string): string => `version: 2.1
orbs:
  o:
    orbs: {inner: {commands: {deep: {steps: [run: deep]}}}}
    commands:
      c: {parameters: {x: {type: string, default: d}}, steps: [run: o/c << parameters.x >>]}
      renamed: inner/deep
    executors: {e: {machine: {image: of o}}}
    jobs: {j: {executor: e, steps: [c]}}
commands:
  ${aliases}
jobs: {build: {machine: true, steps: [${steps}]}}
`;
  test('a command of an orb, with its parameters', () => assert.deepEqual(buildStepsOf(text('mine: o/c', 'mine, mine: {x: y}')), ['o/c d', 'o/c y']));
  test('in place of a built-in step', () => assert.deepEqual(buildStepsOf(text('checkout: o/c', 'checkout')), ['o/c d']));
  test('of another name', () => assert.deepEqual(buildStepsOf(text('a: b\n  b: o/renamed', 'a')), ['deep']));
  test('executors and jobs too', () => {
    const { jobs } = printedOf(`version: 2.1
orbs: {o: {executors: {e: {machine: {image: of o}}}, jobs: {j: {executor: e, steps: [run: "of o"]}}}}
executors: {mine: o/e, local: mine}
jobs: {a: {executor: local, steps: [checkout]}, b: o/j}
workflows: {w: {jobs: [a, b]}}
`);
    assert.deepEqual([jobs['a']!['machine'], jobs['b']!['machine'], stepsOf(jobs['b'])], [{ image: 'of o' }, { image: 'of o' }, ['of o']]);
  });

  const rows: [what: string, alias: string, problem: string][] = [
    ['of nobody', 'mine: nobody', '11:9 commands.mine: Cannot find a definition for command named nobody. Define it under commands, or correct the name.'],
    ['of a command that the orb has not', 'mine: o/nobody', '11:9 commands.mine: Cannot find a definition for command named o/nobody. The orb o has no such command: correct the name, or use another version of the orb.'],
    ['of a job', 'mine: o/j', '11:9 commands.mine: Cannot find a definition for command named o/j. The orb o has no such command: correct the name, or use another version of the orb.'],
    ['of an orb that is not there', 'mine: q/c', '11:9 commands.mine: Cannot find a definition for command named q/c. There is no orb q: add it to orbs, or correct the name.'],
    ['of itself', 'mine: mine', '11:9 commands.mine: Cannot find a definition for command named mine. The names that stand for it lead in a circle. Write one of them out.'],
    ['of what an orb imports', 'mine: o/inner/deep', '11:9 commands.mine: Cannot find a definition for command named o/inner/deep. The orb o has no such command: correct the name, or use another version of the orb.'],
  ];
  for (const [what, alias, problem] of rows) {
    test(what, () => assert.equal(problemOf(text(alias, 'mine')), `${problem}${inJob}`));
    test(`${what}, and nothing uses it`, () => assert.deepEqual(problemsOf(text(alias, 'checkout')), []));
  }
});

suite('2.1 §8 steps: a step that is no step', () => {
  const rows: [what: string, steps: string, ...problems: string[]][] = [
    ['a command, a colon and nothing', '- hi:', `6:9 jobs.build.steps[0].hi: hi has a colon and no arguments. Remove the colon, or write the arguments indented below it.${inJob}`],
    ['a built-in step that needs more, a colon and nothing', '- attach_workspace:', '6:9 jobs.build.steps[0].attach_workspace: must be a map, is empty. Write it, or remove the key.'],
    ['run and nothing', '- run:', '6:9 jobs.build.steps[0].run: must be a text or a map, is empty. Write it, or remove the key.'],
    ['the classic: the command on the level of run', '- run:\n  command: x', '6:9 jobs.build.steps[0].run: must be a text or a map, is empty. Write it, or remove the key.', '7:9 jobs.build.steps[0].command: a step has exactly one key, this has more. Indent the keys of the step deeper than its name.'],
    ['two steps in one', '- checkout: {}\n  hi: {}', '7:9 jobs.build.steps[0].hi: a step has exactly one key, this has more. Indent the keys of the step deeper than its name.'],
    ['a number', '- 3', '6:9 jobs.build.steps[0]: a step must be a name or a map, is 3. Write for example `- run: COMMAND`.'],
    ['nothing', '-', '6:8 .circle.yml: a step must be a name or a map, is empty. Write for example `- run: COMMAND`.'],
    ['a list, which is not spliced', '- [checkout]', '6:9 jobs.build.steps[0]: a step must be a name or a map, is a list. Write for example `- run: COMMAND`.'],
    ['arguments that are no map', '- hi: you', `6:13 jobs.build.steps[0].hi: the arguments of a command are a map. Write each after its name, indented below hi.${inJob}`],
    ['when without a condition', '- when: {steps: [hi]}', '6:9 jobs.build.steps[0].when: required key [condition] not found. Add it.'],
    ['when without steps', '- when: {condition: true}', '6:9 jobs.build.steps[0].when: required key [steps] not found. Add it.'],
    ['when with steps of nothing', '- when: {condition: true, steps: }', '6:33 jobs.build.steps[0].when.steps: must be a list or a map, is empty. Write it, or remove the key.'],
    ['steps of no list', '- steps: 3', '6:16 jobs.build.steps[0].steps: must be a list, is 3. Write each entry after "- " on a line of its own.'],
  ];
  for (const [what, steps, ...problems] of rows) test(what, () => assert.deepEqual(problemsOf(withSteps(steps)), problems));

  const missing: [step: string, key: string][] = [
    ['run', 'command'],
    ['deploy', 'command'],
    ['save_cache', 'key'],
    ['restore_cache', 'key'],
    ['store_artifacts', 'path'],
    ['store_test_results', 'path'],
    ['persist_to_workspace', 'root'],
    ['attach_workspace', 'at'],
  ];
  for (const [step, key] of missing)
    test(`a bare ${step} lacks ${key}`, () =>
      assert.equal(problemOf(withSteps(`- ${step}`)), `6:9 jobs.build.steps[0]: required key [${key}] not found. Write ${step === 'run' ? '`- run: COMMAND`' : `\`- ${step}:\` with it`}.`));

  test('the faults of all steps are told at once', () =>
    assert.deepEqual(
      problemsOf(
        withSteps(`- nobody
- run: {}
- save_cache: {paths: [a]}
- save_cache: {key: k}
- restore_cache: {name: n}
- persist_to_workspace: {paths: [a]}
- persist_to_workspace: {root: r}
- hi: {too: x}
- run: {command: x, when: sometimes}
- checkout: {method: half}
- run: x
- take: {s: [run: {}, save_cache: {key: k}, nobody: {}]}`),
      ),
      [
        `6:9 jobs.build.steps[0]: Cannot find a definition for command named nobody. Define it under commands, or correct the name.${inJob}`,
        '7:9 jobs.build.steps[1].run: required key [command] not found. Add it.',
        '8:9 jobs.build.steps[2].save_cache: required key [key] not found. Add it.',
        '9:9 jobs.build.steps[3].save_cache: required key [paths] not found. Add it.',
        '10:9 jobs.build.steps[4].restore_cache: required key [key] or [keys] not found. Add it.',
        '11:9 jobs.build.steps[5].persist_to_workspace: required key [root] not found. Add it.',
        '12:9 jobs.build.steps[6].persist_to_workspace: required key [paths] not found. Add it.',
        `13:14 jobs.build.steps[7].hi.too: Unexpected argument(s): too. Did you mean \`to\`? Parameters of command hi are to.${inJob} | Error calling command: 'hi'`,
        '14:33 jobs.build.steps[8].run.when: Invalid when condition: expected on_success, always, on_fail; got sometimes. Write one of them.',
        '15:28 jobs.build.steps[9].checkout.method: Unsupported checkout method, allowed methods are "blobless", "shallow", and "full", is "half". Write one of them.',
        `17:20 jobs.build.steps[11].take.s[0].run: required key [command] not found. Add it.${inJob}`,
        `17:29 jobs.build.steps[11].take.s[1].save_cache: required key [paths] not found. Add it.${inJob}`,
        `17:51 jobs.build.steps[11].take.s[2].nobody: Cannot find a definition for command named nobody. Define it under commands, or correct the name.${inTake}`,
      ],
    ));

  const values: [step: string, ...problems: string[]][] = [
    ['run: {command: x, auto_rerun_delay: 10s}', '6:27 jobs.build.steps[0].run.auto_rerun_delay: auto_rerun_delay needs max_auto_reruns. Add it, or remove the delay.'],
    ['run: {command: x, max_auto_reruns: 6}', '6:44 jobs.build.steps[0].run.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is 6. Write such a number, or remove the key.'],
    ['run: {command: x, max_auto_reruns: 1, background: true}', '6:27 jobs.build.steps[0].run.max_auto_reruns: max_auto_reruns cannot be used with background: true. Remove one of the two.'],
    ['run: {command: x, max_auto_reruns: 1, auto_rerun_delay: 11m}', '6:65 jobs.build.steps[0].run.auto_rerun_delay: auto_rerun_delay must be seconds or up to ten minutes such as 30s or 5m, at most 10m, is "11m". Write the number and its unit.'],
    ['run: {command: x, no_output_timeout: 0}', '6:46 jobs.build.steps[0].run.no_output_timeout: must be a duration such as 30s, 10m or 1.5h, at most 720h, is 0. Write the number and its unit.'],
    ['run: {command: x, cache_key: y}', '6:27 jobs.build.steps[0].run.cache_key: extraneous key [cache_key] is not permitted. Permitted keys: command, name, environment, when, no_output_timeout, background, working_directory, shell, max_auto_reruns, auto_rerun_delay, secrets.'],
    ['checkout: {method: shallow}', '6:9 jobs.build.steps[0].checkout: required key [depth] not found. A shallow checkout needs it; add for example `depth: 1`.'],
    ['checkout: {method: full, depth: 1}', '6:34 jobs.build.steps[0].checkout.depth: depth is for `method: shallow` alone. Remove it, or write that method.'],
    ['save_cache: {key: k, paths: []}', '6:37 jobs.build.steps[0].save_cache.paths: must have at least one entry. Add one.'],
  ];
  for (const [step, ...problems] of values) {
    test(step, () => assert.deepEqual(problemsOf(withSteps(`- ${step}`)), problems));
    test(`${step}, handed on`, () =>
      assert.deepEqual(
        problemsOf(withSteps(`- take:\n    s:\n      - ${step}`)),
        problems.map((problem) => `${problem.replace(/^6:(\d+) (warning: )?jobs.build.steps\[0\]/, (_, column: string, warning = '') => `8:${Number(column) + 6} ${warning}jobs.build.steps[0].take.s[0]`)}${inJob}`),
      ));
  }

  test('more than one setup_remote_docker, wherever they come from', () =>
    assert.equal(
      problemOf(withSteps('- take: {s: [setup_remote_docker]}\n- setup_remote_docker: {version: default}')),
      `7:9 jobs.build.steps[1].setup_remote_docker: More than one setup_remote_docker is not valid, please adjust in job build. Remove all but one of these steps.${inJob}`,
    ));
});

test('2.1 §8 steps: a built-in step that needs nothing more may have a colon and nothing', () => assert.deepEqual(buildStepsOf(withSteps('- checkout:\n- setup_remote_docker:\n- add_ssh_keys:')), ['checkout', 'setup_remote_docker', 'add_ssh_keys']));

suite('2.1 §8 steps: a name with a colon and nothing is a bare call in what is handed on', () => {
  const steps = '[{hi: }, {checkout: }, {when: }]';
  test('as an argument of a command', () => assert.deepEqual(buildStepsOf(withSteps(`- take: {s: ${steps}}`)), ['hi you', 'checkout']));
  test('as a default', () => assert.deepEqual(buildStepsOf(withSteps('- by_default', `  by_default: {parameters: {s: {type: steps, default: ${steps}}}, steps: [steps: << parameters.s >>]}\n`)), ['hi you', 'checkout']));
  test('as an argument of a job, and before and after it', () => {
    const { jobs } = printedOf(`version: 2.1
commands: {hi: {steps: [run: hi]}}
jobs: {j: {parameters: {s: {type: steps}}, machine: true, steps: [steps: << parameters.s >>]}}
workflows: {w: {jobs: [j: {s: ${steps}, pre-steps: ${steps}, post-steps: ${steps}}]}}
`);
    assert.deepEqual(stepsOf(jobs['j']), ['hi', 'checkout', 'hi', 'checkout', 'hi', 'checkout']);
  });

  const rows: [what: string, steps: string, problem: string][] = [
    ['not what needs a body', '[run: ]', `6:20 jobs.build.steps[0].take.s[0].run: required key [command] not found. Write \`- run: COMMAND\`.${inJob}`],
    ['nor steps', '[steps: ]', `6:20 jobs.build.steps[0].take.s[0].steps: steps must be a list. Write each step after "- " on a line of its own.${inTake}`],
    ['nor what is missing in a when', '[when: {steps: [hi]}]', `6:20 jobs.build.steps[0].take.s[0].when: required key [condition] not found. Add it.${inTake}`],
    ['nor its steps', '[when: {condition: true}]', `6:20 jobs.build.steps[0].take.s[0].when: required key [steps] not found. Add it.${inTake}`],
    ['nor that they are empty', '[when: {condition: true, steps: }]', `6:44 jobs.build.steps[0].take.s[0].when.steps: required key [steps] is empty. Add steps.${inTake}`],
    ['nor two keys', '[{hi: {}, checkout: {}}]', `6:29 jobs.build.steps[0].take.s[0].checkout: a step has exactly one key, this has more. Indent the keys of the step deeper than its name.${inJob}`],
  ];
  for (const [what, given, problem] of rows) test(what, () => assert.equal(problemOf(withSteps(`- take: {s: ${given}}`)), problem));
});

suite('2.1 §8 steps: commands that call commands', () => {
  const text = (commands: string, first = 'a'): string => `version: 2.1\ncommands:\n${indent(commands, 2)}\njobs: {build: {machine: true, steps: [${first}]}}\n`;
  const calls = (...names: string[]): string => `${inJob}${names.map((name) => ` | Error calling command: '${name}'`).join('')}`;

  test('to any depth that somebody writes', () => {
    const commands = Array.from({ length: 60 }, (_, index) => `c${index}: {steps: [c${index + 1}]}`).join('\n');
    assert.deepEqual(buildStepsOf(text(`${commands}\nc60: {steps: [run: end]}`, 'c0')), ['end']);
  });
  test('one that calls itself', () => assert.equal(problemOf(text('a: {steps: [a]}')), `3:15 commands.a.steps[0]: Infinite loop detected: command a calls itself. Break the circle: a command must not lead to itself.${calls('a')}`));
  test('through others', () =>
    assert.equal(
      problemOf(text('a: {steps: [b]}\nb: {steps: [c]}\nc: {steps: [when: {condition: true, steps: [checkout, a]}]}')),
      `5:57 commands.c.steps[0].when.steps[1]: Infinite loop detected: command a calls itself. Break the circle: a command must not lead to itself.${calls('a', 'b', 'c')}`,
    ));
  test('through steps that are handed on', () =>
    assert.equal(
      problemOf(text('a: {steps: [take: {s: [a]}]}\ntake: {parameters: {s: {type: steps}}, steps: [steps: << parameters.s >>]}')),
      `3:26 commands.a.steps[0].take.s[0]: Infinite loop detected: command a calls itself. Break the circle: a command must not lead to itself.${calls('a', 'take')}`,
    ));
  test('checkout, by a command that means the built-in', () =>
    assert.equal(problemOf(text('checkout: {steps: [checkout]}', 'checkout')), `3:22 commands.checkout.steps[0]: Infinite loop detected: command checkout calls itself. Break the circle: a command must not lead to itself.${calls('checkout')}`));
  test('twice side by side is no circle', () => assert.deepEqual(buildStepsOf(text('a: {steps: [b, b]}\nb: {steps: [run: x]}', 'a, a')), ['x', 'x', 'x', 'x']));
  test('behind a condition that ends it', () => assert.deepEqual(buildStepsOf(text('a: {parameters: {more: {type: boolean, default: true}}, steps: [when: {condition: << parameters.more >>, steps: [a: {more: false}]}, run: x]}')), ['x', 'x']));

  const deep = (problem: string): void => {
    assert.match(problem, /: commands call each other more than 100 levels deep\. Break the circle: a command must not lead to itself\. \|/);
    assert.match(problem, /'a' \| … \d+ more calls … \| Error/, 'most of the calls are left out');
    assert.ok(problem.length < 2000);
  };
  test('with arguments that never end', () => deep(problemOf(text('a: {parameters: {x: {type: string, default: ""}}, steps: [a: {x: "<< parameters.x >>1"}]}'))));
  test('with steps that grow', () => deep(problemOf(text('a: {parameters: {s: {type: steps, default: [checkout]}}, steps: [a: {s: [steps: << parameters.s >>, steps: << parameters.s >>]}]}'))));
  test('with texts that double', () => {
    const [tooDeep, tooLong, ...others] = problemsOf(text('a: {parameters: {x: {type: string, default: x}}, steps: [a: {x: << parameters.x >><< parameters.x >>}]}'));
    deep(tooDeep!);
    assert.match(tooLong!, /^3:\d+ commands\.a\.steps\[0\]\.a\.x: the text has more than 1000000 characters once its tags are filled in\./);
    assert.deepEqual(others, []);
  });

  test('ten times ten times ten … times', () => {
    const ten = (name: string): string => Array.from({ length: 10 }, () => name).join(', ');
    const commands = 'abcde'.split('').map((name, index) => `${name}: {steps: [${ten('bcdef'[index]!)}]}`).join('\n');
    assert.match(problemOf(text(`${commands}\nf: {steps: [run: x]}`)), /^3:\d+ commands\.a\.steps\[\d\]: the config comes to more than \d+ steps and jobs, .* Make it smaller, or split it\. \| Error calling workflow/);
  });
});

test('2.1 §8 steps: a job whose conditions leave no step compiles, does nothing, and says so', () => {
  const text = withSteps('- when: {condition: false, steps: [checkout]}');
  assert.deepEqual(buildStepsOf(text), []);
  assert.match(problemOf(text), /^5:5 warning: jobs\.build\.steps: no step is left once the conditions around them are decided: the job does nothing, and passes\./);
});
