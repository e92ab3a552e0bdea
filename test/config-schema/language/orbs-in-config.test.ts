import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { orbReferences, printConfig } from '../../../config-schema/compile.ts';
import type { OrbSources } from '../../../config-schema/language/processed.ts';
import { buildStepsOf, indent, printedOf, problemOf, problemsOf, processedOf, stepsOf } from './processing.ts';

/** By their references, as if every partial version meant its .9. */
const orbsOf = (texts: Record<string, string>): { orbs: OrbSources } => ({
  orbs: new Map(Object.entries(texts).map(([reference, text]) => [reference, { version: reference.replace(/^.*@/, '').replace(/^\d+(\.\d+)?$/, '$&.9'), text, sha256: `sha of ${reference}`, origin: 'here' }])),
});

/** The job build with these steps, which begin at line 3, column 39. */
const withOrbs = (orbs: string, steps: string, rest = ''): string => `version: 2.1
orbs: ${orbs}
jobs: {build: {machine: true, steps: [${steps}]}}
${rest}`;
const inJob = " | Error calling workflow: 'workflow' | Error calling job: 'build'";

suite('2.1 §15 orbs: forms of reference', () => {
  const says = 'commands: {c: {steps: [run: c of the orb]}}';
  const references = ['ns/orb@1.2.3', 'ns/orb@1.2', 'ns/orb@1', 'ns/orb@volatile', 'ns/orb@dev:first', 'https://orbs.example/o.yml'];
  for (const reference of references)
    test(reference, () => {
      const text = withOrbs(`{o: "${reference}"}`, 'o/c');
      assert.deepEqual(orbReferences(text, { path: 'x' }), [reference]);
      assert.deepEqual(buildStepsOf(text, orbsOf({ [reference]: says })), ['c of the orb']);
    });

  test('a reference with tags of the pipeline', () => {
    const text = withOrbs('{o: "ns/orb@<<pipeline.parameters.v>>", p: "ns/orb-<< pipeline.git.branch >>@1"}', 'o/c, p/c', 'parameters: {v: {type: string, default: 1.2.3}}\n');
    assert.deepEqual(orbReferences(text, { path: 'x' }), ['ns/orb@1.2.3', 'ns/orb-main@1']);
    assert.deepEqual(orbReferences(text, { path: 'x', parameters: { v: '2.0.0' } })[0], 'ns/orb@2.0.0');
    assert.deepEqual(buildStepsOf(text, orbsOf({ 'ns/orb@1.2.3': says, 'ns/orb-main@1': says })), ['c of the orb', 'c of the orb']);
  });

  test('a map is an inline orb', () => assert.deepEqual(buildStepsOf(withOrbs(`{o: {${says}}}`, 'o/c')), ['c of the orb']));

  const refused: [what: string, value: string, ...problems: string[]][] = [
    ['no reference', 'circleci/slack', "2:11 orbs.o: 'circleci/slack' is not a reference to an orb. Write NAMESPACE/NAME@1.2.3 (or @1.2, @1, @volatile, @dev:LABEL), or an https:// address.".concat(inJob)],
    ['no version', 'ns/orb@latest', "2:11 orbs.o: 'ns/orb@latest' is not a reference to an orb: 'latest' is not a version. Write NAMESPACE/NAME@1.2.3 (or @1.2, @1, @volatile, @dev:LABEL), or an https:// address.".concat(inJob)],
    ['nothing', '', '2:8 orbs.o: must be a text or a map, is empty. Write it, or remove the key.'],
    ['a number', '3', `2:11 orbs.o: '3' is not a reference to an orb. Write NAMESPACE/NAME@1.2.3 (or @1.2, @1, @volatile, @dev:LABEL), or an https:// address.${inJob}`],
    ['a list', '[a]', '2:11 orbs.o: must be a text or a map, is a list. Write one of them.'],
    ['a tag of what is not set', '<< pipeline.git.tag >>', `2:11 orbs.o: '' is not a reference to an orb. Write NAMESPACE/NAME@1.2.3 (or @1.2, @1, @volatile, @dev:LABEL), or an https:// address.${inJob}`],
    ['a tag of nobody', '<< pipeline.parameters.v >>', `2:11 orbs.o: Referred to a variable "pipeline.parameters.v" that does not exist. Declare it under parameters at the top of the file, or correct the name.${inJob}`],
  ];
  for (const [what, value, ...problems] of refused) test(what, () => assert.deepEqual(problemsOf(withOrbs(`{o: ${value}}`, 'o/c, o/d')), problems));
});

suite('2.1 §15 orbs: one that cannot be had', () => {
  const sentence = 'Cannot find circleci/slack@99.99.99 in the orb registry. Check that the namespace, orb name and version are correct.';
  const inOrb = `${inJob} | Error calling orb: 'slack'`;
  test('is said once, where it is imported, however much of it is used', () =>
    assert.deepEqual(
      problemsOf(`version: 2.1
orbs:
  slack: circleci/slack@99.99.99
executors: {e: slack/e}
jobs: {build: {executor: e, steps: [slack/notify, slack/notify: {x: 1}, take: {s: [slack/other]}]}, other: slack/job}
commands: {take: {parameters: {s: {type: steps}}, steps: [steps: << parameters.s >>]}}
workflows: {workflow: {jobs: [build, other, slack/on-hold: {requires: [build]}]}}
`),
      [`3:10 orbs.slack: ${sentence}${inOrb}`],
    ));
  test('with the reason, where there is one', () =>
    assert.equal(problemOf(withOrbs('{slack: circleci/slack@99.99.99}', 'slack/notify'), { orbs: new Map([['circleci/slack@99.99.99', { problem: 'The registry has 4.1.0.' }]]) }), `2:15 orbs.slack: ${sentence} The registry has 4.1.0.${inOrb}`));
  test('at an address', () => assert.equal(problemOf(withOrbs('{o: https://orbs.example/o.yml}', 'o/c')), `2:11 orbs.o: Cannot load the orb at https://orbs.example/o.yml.${inJob} | Error calling orb: 'o'`));
  test('is no matter when nothing refers to it', () => {
    const text = withOrbs('{slack: circleci/slack@99.99.99, odd: nonsense}', 'checkout', 'commands: {unused: {steps: [slack/notify]}, alias: slack/notify}\n');
    assert.deepEqual([orbReferences(text, { path: 'x' }), problemsOf(text)], [[], []]);
  });
  test('nor when only a workflow that is off refers to it', () => assert.deepEqual(problemsOf(withOrbs('{slack: circleci/slack@99.99.99}', 'checkout', 'workflows: {on: {jobs: [build]}, off: {when: false, jobs: [slack/on-hold]}}\n')), []));
});

suite('2.1 §15 orbs: what a body holds', () => {
  test('version, description, display, orbs, commands, jobs, executors and examples', () => {
    const orb = `version: 2.1
description: says what it is for
display: {home_url: https://orbs.example, source_url: https://orbs.example/source}
orbs: {p: ns/p@1}
commands: {c: {description: d, parameters: {x: {type: string, default: d, description: x}}, steps: [run: c << parameters.x >>, p/d]}}
executors: {e: {description: e, parameters: {tag: {type: string, default: t}}, docker: [{image: "i:<< parameters.tag >>"}]}}
jobs: {j: {description: j, executor: {name: e, tag: u}, steps: [c: {x: y}]}}
examples: {one: {description: o, usage: {version: 2.1, orbs: {o: ns/o@1}, workflows: {w: {jobs: [<< nothing >>]}}}}}
`;
    const text = withOrbs('{o: ns/o@1}', 'o/c', 'workflows: {w: {jobs: [build, o/j]}}\n');
    const options = orbsOf({ 'ns/o@1': orb, 'ns/p@1': 'commands: {d: {steps: [checkout]}}' });
    const { jobs } = printedOf(text, options);
    assert.deepEqual(Object.keys(jobs), ['build', 'o/j']);
    assert.deepEqual([stepsOf(jobs['build']), stepsOf(jobs['o/j']), jobs['o/j']!['docker']], [['c d', 'checkout'], ['c y', 'checkout'], [{ image: 'i:u' }]]);
    assert.deepEqual(processedOf(text, options).orbs, [
      { reference: 'ns/o@1', version: '1.9', sha256: 'sha of ns/o@1', origin: 'here' },
      { reference: 'ns/p@1', version: '1.9', sha256: 'sha of ns/p@1', origin: 'here' },
    ]);
    assert.match(printConfig(processedOf(text, options)), /^# Orb 'ns\/o@1' resolved to 'ns\/o@1\.9'\n# Orb 'ns\/p@1' resolved to 'ns\/p@1\.9'\nversion: 2\n/);
  });

  const rows: [what: string, orb: string, ...problems: string[]][] = [
    ['nothing', '', '2:11 orbs.o: an orb is a map of commands, executors and jobs, this is none. Use another version of the orb.'],
    ['a list', '- a\n', '2:11 orbs.o: in orb ns/o@1, line 1, column 1, its top: an orb is a map of commands, executors and jobs, this is none. Use another version of the orb.'],
    ['no YAML', 'commands: {c: {steps: [run: x]}\n', '2:11 orbs.o: in orb ns/o@1, line 1, column 32, its top: Unable to parse YAML: Flow map in block collection must be sufficiently indented and end with a }. Correct the text at this place, or just before it.'],
    ['a wrong shape', 'commands: {c: {step: [run: x]}}\n', '2:11 orbs.o: in orb ns/o@1, line 1, column 12, commands.c: required key [steps] not found. Add it.', '2:11 orbs.o: in orb ns/o@1, line 1, column 16, commands.c.step: extraneous key [step] is not permitted. Did you mean `steps`? Permitted keys: steps, parameters, description.'],
  ];
  for (const [what, orb, ...problems] of rows)
    test(what, () =>
      assert.deepEqual(
        problemsOf(withOrbs('{o: ns/o@1}', 'o/c'), orbsOf({ 'ns/o@1': orb })),
        problems.map((problem) => `${problem}${inJob} | Error calling orb: 'o'`),
      ));

  test('a fault of one file hides no fault of another', () =>
    assert.deepEqual(
      problemsOf(withOrbs('{a: ns/a@1, b: ns/b@1}', 'nobody, a/c, b/c'), orbsOf({ 'ns/a@1': '- a', 'ns/b@1': 'commands: {c: {steps: [nothing]}}' })),
      [
        `2:11 orbs.a: in orb ns/a@1, line 1, column 1, its top: an orb is a map of commands, executors and jobs, this is none. Use another version of the orb.${inJob} | Error calling orb: 'a'`,
        `3:39 jobs.build.steps[0]: Cannot find a definition for command named nobody. Define it under commands, or correct the name.${inJob}`,
        `3:52 jobs.build.steps[2]: in orb ns/b@1, line 1, column 24, commands.c.steps[0]: Cannot find a definition for command named nothing. Define it under commands, or correct the name.${inJob} | Error calling command: 'b/c'`,
      ],
    ));
});

suite('2.1 §15 orbs: names', () => {
  const config = `version: 2.1
commands: {host: {steps: [run: host]}, own: {steps: [run: own of host]}}
executors: {hosts: {machine: true}}
orbs:
  o:
    commands:
      own: {steps: [run: own of o, checkout]}
      call: {steps: [own]}
      bad: {steps: [host]}
      worse: {steps: [o/own]}
      other: {steps: [p/own]}
    executors: {m: {machine: {image: of o}}}
    jobs:
      j: {executor: m, steps: [own]}
      bad: {executor: hosts, steps: [own]}
  p: {commands: {own: {steps: [run: own of p]}}}
jobs:
  build: {executor: o/m, steps: [o/call, p/own, own, host]}
  wrong: {executor: m, steps: [o/bad, o/worse, o/other, o/none, call, q/own]}
`;
  test('inside, bare names are the own elements; outside, ALIAS/NAME', () => {
    const { jobs } = printedOf(`${config}workflows: {w: {jobs: [build, o/j]}}\n`);
    assert.deepEqual(stepsOf(jobs['build']), ['own of o', 'checkout', 'own of p', 'own of host', 'host']);
    assert.deepEqual([jobs['build']!['machine'], jobs['o/j']!['machine']], [{ image: 'of o' }, { image: 'of o' }]);
  });

  test('nothing else is there: not what is around an orb, nor beside it, nor an element of it without its alias', () => {
    const what = (kind: string, name: string): string => `Cannot find a definition for ${kind} named ${name}.`;
    const job = (name: string, ...commands: string[]): string => ` | Error calling workflow: 'w' | Error calling job: '${name}'${commands.map((command) => ` | Error calling command: '${command}'`).join('')}`;
    assert.deepEqual(problemsOf(`${config}workflows: {w: {jobs: [wrong, o/bad, o/none]}}\n`), [
      `9:21 orbs.o.commands.bad.steps[0]: ${what('command', 'host')} An orb does not see the commands of the config. Write it into the orb, or hand it over as an argument.${job('wrong', 'o/bad')}`,
      `10:23 orbs.o.commands.worse.steps[0]: ${what('command', 'o/own')} There is no orb o: add it to orbs, or correct the name.${job('wrong', 'o/worse')}`,
      `11:23 orbs.o.commands.other.steps[0]: ${what('command', 'p/own')} There is no orb p: add it to orbs, or correct the name.${job('wrong', 'o/other')}`,
      `15:23 orbs.o.jobs.bad.executor: ${what('executor', 'hosts')} An orb does not see the executors of the config. Write it into the orb, or hand it over as an argument.${job('o/bad')}`,
      `19:21 jobs.wrong.executor: ${what('executor', 'm')} Define it under executors, or correct the name.${job('wrong')}`,
      `19:57 jobs.wrong.steps[3]: ${what('command', 'o/none')} The orb o has no such command: correct the name, or use another version of the orb.${job('wrong')}`,
      `19:65 jobs.wrong.steps[4]: ${what('command', 'call')} Define it under commands, or correct the name.${job('wrong')}`,
      `19:71 jobs.wrong.steps[5]: ${what('command', 'q/own')} There is no orb q: add it to orbs, or correct the name.${job('wrong')}`,
      `20:38 workflows.w.jobs[2]: ${what('job', 'o/none')} The orb o has no such job: correct the name, or use another version of the orb. | Error calling workflow: 'w'`,
    ]);
  });

  const nested = `{outer: {orbs: {inner: {orbs: {deep: {commands: {c: {steps: [run: deep]}}}}, commands: {c: {steps: [run: inner, deep/c]}}}}, commands: {c: {steps: [run: outer, inner/c]}, alias: inner/c}}}`;
  test('inline orbs nest', () => assert.deepEqual(buildStepsOf(withOrbs(nested, 'outer/c, outer/alias')), ['outer', 'inner', 'deep', 'inner', 'deep']));
  test('but only who imports an orb can name it', () =>
    assert.deepEqual(problemsOf(withOrbs(nested, 'inner/c, outer/inner/c')), [
      `3:39 jobs.build.steps[0]: Cannot find a definition for command named inner/c. There is no orb inner: add it to orbs, or correct the name.${inJob}`,
      `3:48 jobs.build.steps[1]: Cannot find a definition for command named outer/inner/c. The orb outer has no such command: correct the name, or use another version of the orb.${inJob}`,
    ]));

  test('one alias may mean one orb here and another there', () => {
    const text = withOrbs('{a: {orbs: {b: ns/b@1}, commands: {c: {steps: [b/c]}}}, b: ns/b@2}', 'a/c, b/c');
    assert.deepEqual(buildStepsOf(text, orbsOf({ 'ns/b@1': 'commands: {c: {steps: [run: one]}}', 'ns/b@2': 'commands: {c: {steps: [run: two]}}' })), ['one', 'two']);
  });
});

suite('2.1 §15 orbs: an executor as a value', () => {
  const text = (call: string): string => `version: 2.1
orbs:
  docker:
    executors: {machine: {parameters: {image: {type: string, default: of the orb}}, machine: {image: << parameters.image >>}}}
    jobs: {publish: {parameters: {executor: {type: executor, default: machine}, image: {type: string, default: x}}, executor: << parameters.executor >>, steps: [checkout]}}
executors: {machine: {machine: {image: of the config}}}
workflows: {w: {jobs: [docker/publish: ${call}]}}
`;
  const imageOf = (call: string): unknown => printedOf(text(call)).jobs['docker/publish']!['machine'];
  test('by default it is of the orb', () => assert.deepEqual(imageOf('{}'), { image: 'of the orb' }));
  test('as an argument it is of the config', () => {
    assert.deepEqual(imageOf('{executor: machine}'), { image: 'of the config' });
    assert.deepEqual(imageOf('{executor: {name: machine}}'), { image: 'of the config' });
    assert.deepEqual(imageOf('{executor: docker/machine}'), { image: 'of the orb' });
    assert.deepEqual(imageOf('{executor: {name: docker/machine}, image: y}'), { image: 'of the orb' });
    assert.deepEqual(imageOf('{executor: {name: docker/machine, image: given}}'), { image: 'given' });
  });
  test('also when it is handed on, and inside a map', () => {
    const { jobs } = printedOf(`version: 2.1
orbs:
  o:
    executors: {e: {machine: {image: of o}}, f: {parameters: {tag: {type: string}}, machine: {image: "<< parameters.tag >>"}}}
    jobs:
      j: {parameters: {x: {type: executor, default: e}}, executor: {name: << parameters.x >>}, steps: [checkout]}
      k: {parameters: {x: {type: executor, default: {name: f, tag: t}}}, executor: << parameters.x >>, steps: [checkout]}
executors: {e: {machine: {image: of the config}}}
workflows: {w: {jobs: [o/j: {name: default}, o/j: {name: given, x: e}, o/k]}}
`);
    assert.deepEqual([jobs['default'], jobs['given'], jobs['o/k']].map((job) => job!['machine']), [{ image: 'of o' }, { image: 'of the config' }, { image: 't' }]);
  });
});

suite('2.1 §15 orbs: steps as a value are compiled where they are written', () => {
  const orbs = `{o: {commands: {mine: {steps: [run: mine of o]}, take: {parameters: {s: {type: steps, default: [mine]}}, steps: [run: take, steps: << parameters.s >>]}, pass: {parameters: {s: {type: steps}}, steps: [take: {s: << parameters.s >>}, take: {s: [mine, steps: << parameters.s >>]}]}}}}`;
  const steps = (written: string): unknown[] => buildStepsOf(withOrbs(orbs, written, 'commands: {mine: {steps: [run: mine of the config]}}\n'));
  test('a default in the orb', () => assert.deepEqual(steps('o/take'), ['take', 'mine of o']));
  test('an argument in the config', () => assert.deepEqual(steps('o/take: {s: [mine, o/mine]}'), ['take', 'mine of the config', 'mine of o']));
  test('handed on from orb to orb, the one among the other', () => assert.deepEqual(steps('o/pass: {s: [mine]}'), ['take', 'mine of the config', 'take', 'mine of o', 'mine of the config']));
  test('and a fault in them is told where they stand', () =>
    assert.equal(
      problemOf(withOrbs(orbs, 'o/take: {s: [checkout, nobody]}')),
      `3:62 jobs.build.steps[0].o/take.s[1]: Cannot find a definition for command named nobody. Define it under commands, or correct the name.${inJob} | Error calling command: 'o/take'`,
    ));
  test('pre- and post-steps of an orb job are of the config', () => {
    const { jobs } = printedOf(`version: 2.1
orbs: {o: {commands: {mine: {steps: [run: of o]}}, jobs: {j: {machine: true, steps: [mine]}}}}
commands: {mine: {steps: [run: of the config]}}
workflows: {w: {jobs: [o/j: {pre-steps: [mine], post-steps: [o/mine]}]}}
`);
    assert.deepEqual(stepsOf(jobs['o/j']), ['of the config', 'of o', 'of o']);
  });
});

suite('2.1 §15 orbs: what their text sees of the pipeline', () => {
  const orb = 'commands: {c: {parameters: {x: {type: string, default: none}}, steps: [run: "<< pipeline.git.branch >> << pipeline.number >> << parameters.x >>"]}, d: {steps: [run: << pipeline.parameters.p >>]}}';
  const text = (steps: string): string => withOrbs('{o: ns/o@1}', steps, 'parameters: {p: {type: string, default: P}}\n');
  test('its values, and its parameters only as arguments', () => assert.deepEqual(buildStepsOf(text('o/c, o/c: {x: << pipeline.parameters.p >>}'), orbsOf({ 'ns/o@1': orb })), ['main 1 none', 'main 1 P']));
  test('what is handed over is not rendered again', () => assert.deepEqual(buildStepsOf(text("o/c: {x: '\\<< pipeline.parameters.p >>'}"), orbsOf({ 'ns/o@1': orb })), ['main 1 << pipeline.parameters.p >>']));
  test('not its parameters', () =>
    assert.equal(
      problemOf(text('o/d'), orbsOf({ 'ns/o@1': orb })),
      `3:39 jobs.build.steps[0]: in orb ns/o@1, line 1, column 166, commands.d.steps[0].run: Referred to a variable "pipeline.parameters.p" that does not exist. An orb does not see the parameters of the pipeline: hand it over as an argument.${inJob} | Error calling command: 'o/d'`,
    ));
});

suite('2.1 §15 orbs: a fault inside stands at the call in the own file, with the place in the orb', () => {
  const orb = `orbs:
  p: ns/p@2.0.1
commands:
  c:
    parameters: {x: {type: string, default: d}}
    steps:
      - run: fine
      - nobody
      - p/broken: {too: many}
executors:
  e: {docker: [{image: << parameters.no >>}]}
jobs:
  j:
    parameters: {x: {type: string}}
    executor: e
    steps:
      - run: << parameters.x >>
      - run: << parameters.xx >>
`;
  const inner = 'commands:\n  broken:\n    steps: [run: {command: x, when: sometimes}]\n';
  test('in commands, executors and jobs, through orbs of orbs', () => {
    const text = `version: 2.1
orbs:
  o: ns/o@1
jobs:
  build:
    executor: o/e
    steps:
      - checkout
      - o/c: {x: 1}
      - o/c
workflows:
  w:
    jobs:
      - build
      - o/j:
          x: 5
      - o/j: {x: a, name: b, y: c}
`;
    const job = (name: string): string => ` | Error calling workflow: 'w' | Error calling job: '${name}'`;
    assert.deepEqual(problemsOf(text, orbsOf({ 'ns/o@1': orb, 'ns/p@2.0.1': inner })), [
      `6:15 jobs.build.executor: in orb ns/o@1, line 11, column 24, executors.e.docker[0].image: Arguments referenced without declared parameters: parameters.no. Declare it under parameters of the executor e, or correct the name.${job('build')} | Error calling executor: 'o/e'`,
      `9:9 jobs.build.steps[1].o/c: in orb ns/o@1, line 8, column 9, commands.c.steps[1]: Cannot find a definition for command named nobody. Define it under commands, or correct the name.${job('build')} | Error calling command: 'o/c'`,
      `9:9 jobs.build.steps[1].o/c: in orb ns/p@2.0.1, line 3, column 37, commands.broken.steps[0].run.when: Invalid when condition: expected on_success, always, on_fail; got sometimes. Write one of them.${job('build')} | Error calling command: 'o/c' | Error calling orb: 'p'`,
      `9:9 jobs.build.steps[1].o/c: in orb ns/o@1, line 9, column 20, commands.c.steps[2].p/broken.too: Unexpected argument(s): too. command broken has no parameters: remove it.${job('build')} | Error calling command: 'o/c' | Error calling command: 'p/broken'`,
      `9:18 jobs.build.steps[1].o/c.x: Type error for argument x: expected type: string, actual value: "1" (type integer). Put quotes around it.${job('build')} | Error calling command: 'o/c'`,
      `15:9 workflows.w.jobs[1].o/j: in orb ns/o@1, line 18, column 14, jobs.j.steps[1].run: Arguments referenced without declared parameters: parameters.xx. Did you mean \`x\`? Declare it under parameters of the job j, or correct the name.${job('o/j')}`,
      `16:14 workflows.w.jobs[1].o/j.x: Type error for argument x: expected type: string, actual value: "5" (type integer). Put quotes around it.${job('o/j')}`,
      `17:30 workflows.w.jobs[2].o/j.y: Unexpected argument(s): y. Parameters of job j are x.${job('o/j')}`,
    ]);
  });

  test('what is missing is told at the call', () =>
    assert.equal(problemOf(withOrbs('{o: ns/o@1}', 'o/c', ''), orbsOf({ 'ns/o@1': 'commands: {c: {parameters: {x: {type: string}}, steps: [run: << parameters.x >>]}}' })), `3:39 jobs.build.steps[0]: Missing required argument(s): x. Add it to the call of command c.${inJob} | Error calling command: 'o/c'`));

  test('an executor by default of the orb, which it has not', () =>
    assert.equal(
      problemOf('version: 2.1\norbs: {o: ns/o@1}\nworkflows:\n  w:\n    jobs:\n      - o/j\n', orbsOf({ 'ns/o@1': 'jobs: {j: {parameters: {e: {type: executor, default: none}}, executor: << parameters.e >>, steps: [checkout]}}' })),
      "6:9 workflows.w.jobs[0]: in orb ns/o@1, line 1, column 54, jobs.j.parameters.e.default: Cannot find a definition for executor named none. Define it under executors, or correct the name. | Error calling workflow: 'w' | Error calling job: 'o/j'",
    ));
});

suite('2.1 §15 orbs: orbs import orbs', () => {
  const says = (what: string, rest = ''): string => `${rest}commands: {c: {steps: [run: ${what}]}}\n`;
  test('by partial versions, and several versions of one orb meet', () => {
    const text = withOrbs('{a: ns/a@1, b: ns/b@1.2.3, c: ns/c@5}', 'a/x, b/x, c/c');
    const texts = {
      'ns/a@1': 'orbs: {c: ns/c@4.1}\ncommands: {x: {steps: [c/c]}}',
      'ns/b@1.2.3': 'orbs: {a: ns/a@1, c: ns/c@4}\ncommands: {x: {steps: [a/x, c/c]}}',
      'ns/c@4': says('four'),
      'ns/c@4.1': says('four.one'),
      'ns/c@5': says('five'),
    };
    assert.deepEqual(buildStepsOf(text, orbsOf(texts)), ['four.one', 'four.one', 'four', 'five']);
    assert.deepEqual(
      processedOf(text, orbsOf(texts)).orbs.map(({ reference, version }) => `${reference} ${version}`),
      ['ns/a@1 1.9', 'ns/c@4.1 4.1.9', 'ns/b@1.2.3 1.2.3', 'ns/c@4 4.9', 'ns/c@5 5.9'],
    );
  });

  test('references are asked for as they are found, each once, and only those that are needed', () => {
    const text = withOrbs('{a: ns/a@1, b: ns/a@1, unused: ns/unused@1}', 'a/x, b/x');
    const a = 'orbs: {c: ns/c@4, unused: ns/unused@2}\ncommands: {x: {steps: [c/c]}, unused: {steps: [unused/x]}}';
    assert.deepEqual(orbReferences(text, { path: 'x' }), ['ns/a@1']);
    assert.deepEqual(orbReferences(text, { path: 'x', ...orbsOf({ 'ns/a@1': a }) }), ['ns/c@4']);
    assert.deepEqual(orbReferences(text, { path: 'x', ...orbsOf({ 'ns/a@1': a, 'ns/c@4': says('c') }) }), []);
    assert.deepEqual(orbReferences(withOrbs('{a: ns/a@1}', 'nobody, a/x'), { path: 'x' }), ['ns/a@1'], 'also when there are faults');
  });

  test('an inline orb imports one of the registry', () => assert.deepEqual(buildStepsOf(withOrbs('{o: {orbs: {p: ns/p@1}, commands: {c: {steps: [p/c]}}}}', 'o/c'), orbsOf({ 'ns/p@1': says('p') })), ['p']));

  test('the import of an orb that cannot be had is told at the call', () =>
    assert.equal(
      problemOf(withOrbs('{a: ns/a@1}', 'checkout, a/x'), orbsOf({ 'ns/a@1': 'orbs: {c: ns/c@4}\ncommands: {x: {steps: [c/c]}}' })),
      `3:49 jobs.build.steps[1]: in orb ns/a@1, line 1, column 11, orbs.c: Cannot find ns/c@4 in the orb registry. Check that the namespace, orb name and version are correct.${inJob} | Error calling command: 'a/x' | Error calling orb: 'c'`,
    ));

  test('a circle', () =>
    assert.equal(
      problemOf(withOrbs('{a: ns/a@1}', 'a/x'), orbsOf({ 'ns/a@1': 'orbs: {b: ns/b@1}\ncommands: {x: {steps: [b/x]}}', 'ns/b@1': 'orbs: {a: ns/a@1}\ncommands: {x: {steps: [a/x]}}' })),
      `3:39 jobs.build.steps[0]: in orb ns/b@1, line 1, column 11, orbs.a: orbs import each other in a circle, or too deeply: ns/a@1 imports ns/b@1 imports ns/a@1. Remove one of these imports.${inJob} | Error calling command: 'a/x' | Error calling command: 'b/x'`,
    ));
  test('a circle that nothing goes round', () =>
    assert.deepEqual(buildStepsOf(withOrbs('{a: ns/a@1}', 'a/y'), orbsOf({ 'ns/a@1': 'orbs: {b: ns/b@1}\ncommands: {y: {steps: [b/y]}}', 'ns/b@1': 'orbs: {a: ns/a@1}\ncommands: {x: {steps: [a/x]}, y: {steps: [run: y]}}' })), ['y']));
  test('a chain without an end', () => {
    const chain = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`ns/o@${index}`, `orbs: {o: ns/o@${index + 1}}\ncommands: {c: {steps: [o/c]}}`]));
    assert.match(problemOf(withOrbs('{o: ns/o@0}', 'o/c'), orbsOf(chain)), /^3:39 jobs\.build\.steps\[0\]: in orb ns\/o@\d+, line 1, column 11, orbs\.o: orbs import each other in a circle, or too deeply: .* imports ns\/o@\d+\. Remove one of these imports\./);
  });
});

suite('2.1 §15.1 orbs: what real ones hold', () => {
  const runOrb = (step: string, rest = ''): ReturnType<typeof orbsOf> => orbsOf({ 'ns/o@1': `${rest}commands:\n  c:\n    parameters: {x: {type: string, default: always}, a: {type: boolean, default: false}}\n    steps:\n${indent(step, 6)}\n` });
  const text = withOrbs('{o: ns/o@1}', 'o/c');
  const tolerated: [what: string, step: string, expected: unknown, rest?: string][] = [
    ['when on restore_cache', '- restore_cache: {key: k, when: always}', { restore_cache: { key: 'k', when: 'always' } }],
    ['a template for when', '- run: {command: x, when: << parameters.x >>}', { run: { command: 'x', when: 'always' } }],
    ['anchors under keys of nobody', '- run: *shell', { run: { command: 'x' } }, 'base-shell: &shell {command: x}\naliases: [1]\n'],
    ['a version as a text', '- checkout', 'checkout', 'version: "2.1"\n'],
    ['a packed script, whose << are unescaped once', "- run: 'cat \\<<EOF; read \\<<<x; echo 1 >> y; a \\<< parameters.x >>'", { run: { command: 'cat <<EOF; read <<<x; echo 1 >> y; a << parameters.x >>' } }],
  ];
  for (const [what, step, expected, rest] of tolerated) test(what, () => assert.deepEqual([printedOf(text, runOrb(step, rest)).jobs['build']!['steps'], problemsOf(text, runOrb(step, rest))], [[expected], []]));

  const extra = '- run: {command: x, description: d, cache_key: k}';
  const sentence = (key: string): string => `extraneous key [${key}] is not permitted. It is ignored; remove it. Permitted keys: command, name, environment, when, no_output_timeout, background, working_directory, shell, max_auto_reruns, auto_rerun_delay, secrets.`;
  test('unknown keys inside run are a warning in a published orb', () =>
    assert.deepEqual(problemsOf(text, runOrb(extra)), [
      `2:11 warning: orbs.o: in orb ns/o@1, line 5, column 27, commands.c.steps[0].run.description: ${sentence('description')}${inJob} | Error calling orb: 'o'`,
      `2:11 warning: orbs.o: in orb ns/o@1, line 5, column 43, commands.c.steps[0].run.cache_key: ${sentence('cache_key')}${inJob} | Error calling orb: 'o'`,
    ]));
  test('and an error in the own file, inline orbs included', () => {
    const own = sentence('description').replace(' It is ignored; remove it.', '');
    assert.equal(problemOf(withOrbs('{}', 'run: {command: x, description: d}')), `3:57 jobs.build.steps[0].run.description: ${own}`);
    assert.equal(problemOf(withOrbs('{o: {commands: {c: {steps: [run: {command: x, description: d}]}}}}', 'o/c')), `2:53 orbs.o.commands.c.steps[0].run.description: ${own}`);
  });

  test('a condition of two tags, which holds', () => {
    const orb = runOrb('- when: {condition: << parameters.a >> << parameters.a >>, steps: [checkout]}');
    assert.deepEqual(buildStepsOf(text, orb), ['checkout']);
    assert.match(problemOf(text, orb), /^3:39 warning: jobs\.build\.steps\[0\]: in orb ns\/o@1, line 5, column 27, .*: text stands beside the tag in '<< parameters\.a >> << parameters\.a >>', so the condition is a text, and always holds\./);
  });
  test('parameters of any name', () => {
    const orb = 'commands: {c: {parameters: {configUri: {type: string}, SEARCH_QUERY: {type: string, default: q}}, steps: [run: << parameters.configUri >> << parameters.SEARCH_QUERY >>]}}';
    assert.deepEqual(buildStepsOf(withOrbs('{o: ns/o@1}', 'o/c: {configUri: u}'), orbsOf({ 'ns/o@1': orb })), ['u q']);
  });
  test('a job called run, a command called checkout', () => {
    const orb = 'commands: {checkout: {steps: [run: own checkout]}}\njobs: {run: {machine: true, steps: [checkout]}}';
    assert.deepEqual(stepsOf(printedOf('version: 2.1\norbs: {o: ns/o@1}\nworkflows: {w: {jobs: [o/run]}}\n', orbsOf({ 'ns/o@1': orb })).jobs['o/run']), ['own checkout']);
  });
  test('an empty map as an orb', () => {
    assert.deepEqual(buildStepsOf(withOrbs('{slack: {}}', 'checkout')), ['checkout']);
    assert.equal(problemOf(withOrbs('{slack: {}}', 'slack/notify')), `3:39 jobs.build.steps[0]: Cannot find a definition for command named slack/notify. The orb slack has no such command: correct the name, or use another version of the orb.${inJob}`);
  });
});
