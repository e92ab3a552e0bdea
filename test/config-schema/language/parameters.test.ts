import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sampleValues } from '../../../config-schema/pipeline-values.ts';
import { buildStepsOf, printedOf, problemOf, problemsOf, stepsOf } from './processing.ts';

/** A command with a parameter x, called with an argument, or without; the argument stands at 9:20, the call at 9:13. */
const calling = (parameter: string, argument?: string): string => `version: 2.1
commands:
  c:
    parameters: {x: ${parameter}}
    steps: [run: {command: go, environment: {X: << parameters.x >>}}]
jobs:
  build:
    machine: true
    steps: [${argument === undefined ? 'c' : `c: {x: ${argument}}`}]
executors: {e: {machine: true}}
`;
const inCall = "| Error calling workflow: 'workflow' | Error calling job: 'build' | Error calling command: 'c'";

const valueOf = (text: string): unknown => {
  const [step] = printedOf(text).jobs['build']!['steps'] as { run: { environment: { X: unknown } } }[];
  return step!.run.environment.X;
};

suite('2.1 §3 parameters: what each type takes', () => {
  const rows: [type: string, argument: string, value: unknown][] = [
    ['string', 'text', 'text'],
    ['string', '"1"', '1'],
    ['string', '""', ''],
    ['string', '2019-01-01', '2019-01-01'],
    ['string', '1.2.3', '1.2.3'],
    ['string', 'y', 'y'],
    ['boolean', 'true', true],
    ['boolean', 'Yes', true],
    ['boolean', 'OFF', false],
    ['integer', '3', 3],
    ['integer', '-1', -1],
    ['integer', '0x1F', 31],
    ['enum, enum: [a, b c]', 'b c', 'b c'],
    ['enum, enum: [1, "2"]', '"2"', '2'],
    ['env_var_name', 'MY_VAR', 'MY_VAR'],
    ['env_var_name', '_x9', '_x9'],
    ['env_var_name', '7', 7],
  ];
  for (const [type, argument, value] of rows)
    test(`${type}: ${argument}`, () => {
      assert.deepEqual(valueOf(calling(`{type: ${type}}`, argument)), value);
      assert.deepEqual(valueOf(calling(`{type: ${type}, default: ${argument}}`)), value, 'as a default');
    });

  test('an executor by its name, or as a map of its name and arguments', () => {
    const job = (argument: string): unknown =>
      printedOf(`version: 2.1
executors: {e: {parameters: {tag: {type: string, default: d}}, docker: [{image: "i:<< parameters.tag >>"}]}}
jobs: {j: {parameters: {x: {type: executor}}, executor: << parameters.x >>, steps: [checkout]}}
workflows: {w: {jobs: [j: {x: ${argument}}]}}
`).jobs['j']!['docker'];
    assert.deepEqual(job('e'), [{ image: 'i:d' }]);
    assert.deepEqual(job('{name: e}'), [{ image: 'i:d' }]);
    assert.deepEqual(job('{name: e, tag: t}'), [{ image: 'i:t' }]);
  });

  test('steps as a list, mostly empty by default', () => {
    const text = (argument: string): string => `version: 2.1
commands: {c: {parameters: {x: {type: steps, default: []}}, steps: [run: before, steps: << parameters.x >>, run: after]}}
jobs: {build: {machine: true, steps: [${argument}]}}
`;
    assert.deepEqual(buildStepsOf(text('c')), ['before', 'after']);
    assert.deepEqual(buildStepsOf(text('c: {x: []}')), ['before', 'after']);
    assert.deepEqual(buildStepsOf(text('c: {x: [checkout, run: inside]}')), ['before', 'checkout', 'inside', 'after']);
  });
});

suite('2.1 §3 parameters: what a type does not take', () => {
  const rows: [type: string, argument: string, sentence: string][] = [
    ['string', '1', 'expected type: string, actual value: "1" (type integer). Put quotes around it.'],
    ['string', '1.20', 'expected type: string, actual value: "1.2" (type number). Put quotes around it.'],
    ['string', 'true', 'expected type: string, actual value: "true" (type boolean). Put quotes around it.'],
    ['string', 'off', 'expected type: string, actual value: "false" (type boolean). Put quotes around it.'],
    ['string', '[a]', 'expected type: string, actual value: a list (type list). Write a text.'],
    ['string', '{a: b}', 'expected type: string, actual value: a map (type map). Write a text.'],
    ['string', 'null', 'expected type: string, actual value: empty (type null). Write a text.'],
    ['boolean', '"true"', 'expected type: boolean, actual value: "true" (type string). Write true or false, without quotes.'],
    ['boolean', '1', 'expected type: boolean, actual value: "1" (type integer). Write true or false, without quotes.'],
    ['integer', '"3"', 'expected type: integer, actual value: "3" (type string). Write a whole number, without quotes.'],
    ['integer', '1.5', 'expected type: integer, actual value: "1.5" (type number). Write a whole number, without quotes.'],
    ['integer', '1.0', 'expected type: integer, actual value: "1.0" (type number). Write a whole number, without quotes.'],
    ['integer', 'true', 'expected type: integer, actual value: "true" (type boolean). Write a whole number, without quotes.'],
    ['enum, enum: [go, node]', 'nodee', 'expected one of go, node, actual value: "nodee" (type string). Did you mean `node`? Write one of them.'],
    ['enum, enum: [go, node]', '1', 'expected one of go, node, actual value: "1" (type integer). Write one of them.'],
    ['env_var_name', '1A', 'expected type: env_var_name, actual value: "1A" (type string). Write the name of a variable: letters, digits and _, not beginning with a digit.'],
    ['env_var_name', 'A-B', 'expected type: env_var_name, actual value: "A-B" (type string). Write the name of a variable: letters, digits and _, not beginning with a digit.'],
    ['env_var_name', 'true', 'expected type: env_var_name, actual value: "true" (type boolean). Write the name of a variable: letters, digits and _, not beginning with a digit.'],
    ['executor', '3', 'expected type: executor, actual value: "3" (type integer). Write the name of an executor, or a map with its name and arguments.'],
    ['executor', '{tag: x}', 'expected type: executor, actual value: a map (type map). Write the name of an executor, or a map with its name and arguments.'],
    ['steps', 'checkout', 'expected type: steps, actual value: "checkout" (type string). Write a list of steps.'],
    ['steps', '{run: x}', 'expected type: steps, actual value: a map (type map). Write a list of steps.'],
  ];
  for (const [type, argument, sentence] of rows)
    test(`${type}: ${argument}`, () => assert.equal(problemOf(calling(`{type: ${type}}`, argument)), `9:20 jobs.build.steps[0].c.x: Type error for argument x: ${sentence} ${inCall}`));

  const defaults: [type: string, value: string, sentence: string][] = [
    ['string', '1', 'expected type: string, actual value: "1" (type integer). Put quotes around it.'],
    ['boolean', '"x"', 'expected type: boolean, actual value: "x" (type string). Write true or false, without quotes.'],
    ['enum, enum: [a, b]', 'c', 'expected one of a, b, actual value: "c" (type string). Write one of them.'],
  ];
  for (const [type, value, sentence] of defaults)
    test(`as a default, ${type}: ${value}, called or not`, () => {
      const declared = `{type: ${type}, default: ${value}}`;
      const column = 28 + type.length + ', default: '.length;
      const expected = `4:${column} commands.c.parameters.x.default: Type error for the default of parameter x: ${sentence}`;
      assert.equal(problemOf(calling(declared)), expected);
      assert.equal(problemOf(calling(declared).replace('[c]', '[checkout]')), expected);
    });
});

suite('2.1 §3 parameters: what a declaration says', () => {
  const types = 'string, boolean, integer, enum';
  const all = `${types}, executor, steps, env_var_name`;
  const rows: [what: string, where: 'pipeline' | 'executor' | 'job' | 'command', declaration: string, ...problems: string[]][] = [
    ['a pipeline parameter of the type executor', 'pipeline', '{type: executor, default: e}', `2:24 parameters.x.type: the type of a parameter is one of ${types}, this is "executor". Write one of them.`],
    ['a pipeline parameter of the type steps', 'pipeline', '{type: steps, default: []}', `2:24 parameters.x.type: the type of a parameter is one of ${types}, this is "steps". Write one of them.`],
    ['a pipeline parameter of the type env_var_name', 'pipeline', '{type: env_var_name, default: A}', `2:24 parameters.x.type: the type of a parameter is one of ${types}, this is "env_var_name". Write one of them.`],
    ['a pipeline parameter without a default', 'pipeline', '{type: string}', '2:14 parameters.x: required key [default] not found. Add it.'],
    ['an executor parameter of the type steps', 'executor', '{type: steps, default: []}', `2:40 executors.z.parameters.x.type: the type of a parameter is one of ${types}, env_var_name, this is "steps". Write one of them.`],
    ['an executor parameter of the type executor', 'executor', '{type: executor, default: e}', `2:40 executors.z.parameters.x.type: the type of a parameter is one of ${types}, env_var_name, this is "executor". Write one of them.`],
    ['a type of nobody', 'command', '{type: strng}', `2:39 commands.z.parameters.x.type: the type of a parameter is one of ${all}, this is "strng". Write one of them.`],
    ['no type', 'command', '{default: a}', '2:29 commands.z.parameters.x: required key [type] not found. Add it.'],
    ['an unknown key', 'job', '{type: string, defualt: a}', '2:43 jobs.z.parameters.x.defualt: extraneous key [defualt] is not permitted. Did you mean `default`? Permitted keys: type, default, description, enum.'],
    ['an enum without choices', 'job', '{type: enum, default: a}', '2:25 jobs.z.parameters.x: required key [enum] not found. Add it.'],
    ['an enum of no choices', 'job', '{type: enum, enum: []}', '2:47 jobs.z.parameters.x.enum: must have at least one entry. Add one.'],
    ['a description is for people', 'command', '{type: string, description: "<< what >>"}'],
    ['executors take integers', 'executor', '{type: integer}'],
    ['jobs take executors', 'job', '{type: executor}'],
    ['commands take steps', 'command', '{type: steps}'],
  ];
  for (const [what, where, declaration, ...problems] of rows)
    test(what, () => {
      const section = where === 'pipeline' ? `parameters: {x: ${declaration}}` : `${where}s: {z: {parameters: {x: ${declaration}}, ${where === 'command' ? '' : 'machine: true'}${where === 'job' ? ', ' : ''}${where === 'executor' ? '' : 'steps: [checkout]'}}}`;
      const build = `jobs: {build: {machine: true, steps: [checkout]}}`;
      assert.deepEqual(problemsOf(`version: 2.1\n${where === 'job' ? section.replace(/\}$/, `, ${build.slice('jobs: {'.length)}`) : `${section}\n${build}`}\n`), problems);
    });

  const reserved = ['name', 'pre-steps', 'post-steps', 'filters', 'requires', 'context', 'type', 'override-with', 'upstream', 'matrix', 'serial-group'];
  for (const name of reserved)
    test(`${name} is reserved in jobs, and nowhere else`, () => {
      assert.equal(
        problemOf(`version: 2.1\njobs: {build: {parameters: {${name}: {type: string, default: a}}, machine: true, steps: [checkout]}}\n`),
        `2:29 jobs.build.parameters.${name}: ${reserved.map((each) => `"${each}"`).join(', ')} are reserved parameter names in build jobs. Give the parameter ${name} another name.`,
      );
      assert.deepEqual(buildStepsOf(`version: 2.1\ncommands: {c: {parameters: {${name}: {type: string}}, steps: [run: << parameters.${name} >>]}}\njobs: {build: {machine: true, steps: [c: {${name}: given}]}}\n`), ['given']);
    });
});

suite('2.1 §3 parameters: arguments', () => {
  test('what is missing, unknown and wrong is told at once, each at its place', () => {
    const text = `version: 2.1
jobs:
  test:
    parameters:
      image: {type: enum, enum: [go, node]}
      required: {type: boolean}
      mismatch: {type: string}
      other: {type: string}
    docker: [{image: << parameters.image >>}]
    environment: {MISMATCH: << parameters.mismatch >>, OTHER: "<< parameters.other >>!"}
    parallelism: << parameters.required >>
    steps: [run: << parameters.other >>]
workflows:
  main:
    jobs:
      - test:
          image: ruby
          mismatch: 1.23
          not-declared: arg
          mismatc: b
`;
    const trace = "| Error calling workflow: 'main' | Error calling job: 'test'";
    const known = 'Parameters of job test are image, required, mismatch, other.';
    assert.deepEqual(problemsOf(text), [
      `16:9 workflows.main.jobs[0].test: Missing required argument(s): required, other. Add them to the call of job test. ${trace}`,
      `17:18 workflows.main.jobs[0].test.image: Type error for argument image: expected one of go, node, actual value: "ruby" (type string). Write one of them. ${trace}`,
      `18:21 workflows.main.jobs[0].test.mismatch: Type error for argument mismatch: expected type: string, actual value: "1.23" (type number). Put quotes around it. ${trace}`,
      `19:11 workflows.main.jobs[0].test.not-declared: Unexpected argument(s): not-declared. ${known} ${trace}`,
      `20:11 workflows.main.jobs[0].test.mismatc: Unexpected argument(s): mismatc. Did you mean \`mismatch\`? ${known} ${trace}`,
    ]);
  });

  test('no default means required', () =>
    assert.equal(problemOf(calling('{type: string}')), `9:13 jobs.build.steps[0]: Missing required argument(s): x. Add it to the call of command c. ${inCall}`));

  test('a command without parameters takes none', () =>
    assert.equal(
      problemOf('version: 2.1\ncommands: {c: {steps: [checkout]}}\njobs: {build: {machine: true, steps: [c: {x: 1}]}}\n'),
      `3:43 jobs.build.steps[0].c.x: Unexpected argument(s): x. command c has no parameters: remove it. ${inCall}`,
    ));

  test('nothing behind the colon is no argument, where there is a default', () => {
    assert.equal(valueOf(calling('{type: string, default: d}', 'null')), 'd');
    assert.equal(valueOf(calling('{type: string, default: d}', '')), 'd');
  });

  test('a job that only the rule of build calls has no arguments', () =>
    assert.equal(
      problemOf('version: 2.1\njobs: {build: {parameters: {x: {type: string}}, machine: true, steps: [checkout]}}\n'),
      "2:8 jobs.build: Missing required argument(s): x. Add it to the call of job build. | Error calling workflow: 'workflow' | Error calling job: 'build'",
    ));

  test('of the executor of a job', () => {
    const text = (executor: string): string => `version: 2.1
executors: {e: {parameters: {tag: {type: string}}, docker: [{image: "i:<< parameters.tag >>"}]}}
jobs: {build: {executor: ${executor}, steps: [checkout]}}
`;
    const trace = "| Error calling workflow: 'workflow' | Error calling job: 'build' | Error calling executor: 'e'";
    assert.deepEqual(printedOf(text('{name: e, tag: t}')).jobs['build']!['docker'], [{ image: 'i:t' }]);
    assert.equal(problemOf(text('e')), `3:26 jobs.build.executor: Missing required argument(s): tag. Add it to the call of executor e. ${trace}`);
    assert.equal(problemOf(text('{name: e, tag: 1}')), `3:41 jobs.build.executor.tag: Type error for argument tag: expected type: string, actual value: "1" (type integer). Put quotes around it. ${trace}`);
    assert.equal(problemOf(text('{name: e, tag: a, tga: b}')), `3:44 jobs.build.executor.tga: Unexpected argument(s): tga. Did you mean \`tag\`? Parameters of executor e are tag. ${trace}`);
  });
});

suite('2.1 §3 parameters: exactly one tag keeps the type of what it names', () => {
  const flow = (from: string, to: string, argument = '<< parameters.from >>'): string => `version: 2.1
commands:
  c:
    parameters: {x: {type: ${to}}}
    steps: [run: {command: go, environment: {X: << parameters.x >>}}]
jobs:
  build:
    parameters: {from: {type: ${from}}}
    machine: true
    steps: [c: {x: ${argument}}]
`;
  const rows: [from: string, to: string, value: unknown][] = [
    ['integer, default: 3', 'integer', 3],
    ['boolean, default: false', 'boolean', false],
    ['string, default: A', 'string', 'A'],
    ['string, default: A', 'enum, enum: [A]', 'A'],
    ['string, default: A', 'env_var_name', 'A'],
    ['enum, enum: [A], default: A', 'string', 'A'],
    ['enum, enum: [A], default: A', 'env_var_name', 'A'],
    ['env_var_name, default: A', 'string', 'A'],
    ['env_var_name, default: A', 'enum, enum: [A]', 'A'],
  ];
  for (const [from, to, value] of rows) test(`${from} as ${to}`, () => assert.deepEqual(valueOf(flow(from, to)), value));

  const refused: [from: string, to: string, argument: string | undefined, sentence: string][] = [
    ['integer, default: 3', 'string', undefined, 'expected type: string, actual value: "3" (type integer). Hand over what is of type string.'],
    ['integer, default: 3', 'integer', '1<< parameters.from >>', 'expected type: integer, actual value: "13" (type string). Hand over what is of type integer.'],
    ['boolean, default: true', 'boolean', '"<< parameters.from >> "', 'expected type: boolean, actual value: "true " (type string). Hand over what is of type boolean.'],
    ['string, default: a b', 'env_var_name', undefined, 'expected type: env_var_name, actual value: "a b" (type string). Hand over what is of type env_var_name.'],
    ['string, default: b', 'enum, enum: [a]', undefined, 'expected one of a, actual value: "b" (type string). Write one of them.'],
  ];
  for (const [from, to, argument, sentence] of refused)
    test(`${from} as ${to}: ${argument ?? 'no'}`, () => assert.equal(problemOf(flow(from, to, argument)), `10:20 jobs.build.steps[0].c.x: Type error for argument x: ${sentence} ${inCall}`));

  test('in a longer text everything is text', () => assert.equal(valueOf(flow('integer, default: 3', 'string', 'v<< parameters.from >>')), 'v3'));
  test('a key of a job takes the number', () =>
    assert.equal(printedOf('version: 2.1\njobs: {build: {parameters: {p: {type: integer, default: 4}}, machine: true, parallelism: << parameters.p >>, steps: [checkout]}}\n').jobs['build']!['parallelism'], 4));
  test('a key of a job does not take a text of digits', () =>
    assert.equal(
      problemOf('version: 2.1\njobs: {build: {parameters: {p: {type: integer, default: 4}}, machine: true, parallelism: "1<< parameters.p >>", steps: [checkout]}}\n'),
      "2:90 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is \"14\". Write the number without quotes. | Error calling workflow: 'workflow' | Error calling job: 'build'",
    ));
  test('a value of the pipeline may be given for a text, whatever its type', () => {
    assert.equal(valueOf(calling('{type: string}', '<< pipeline.number >>')), '1');
    assert.equal(valueOf(calling('{type: integer}', '<< pipeline.number >>')), 1);
    assert.equal(valueOf(calling('{type: boolean}', '<< pipeline.git.branch.is_default >>')), true);
    assert.equal(valueOf(calling('{type: enum, enum: [main]}', '<< pipeline.git.branch >>')), 'main');
    assert.equal(valueOf(calling('{type: string, default: none}', '<< pipeline.git.tag >>')), '');
    assert.match(problemOf(calling('{type: integer}', '<< pipeline.git.branch >>')), /expected type: integer, actual value: "main" \(type string\)/);
  });
});

suite('2.1 §3 scopes: parameters.x is known in the element whose text has the tag', () => {
  test('the element that is called sees its own, however the names are alike', () => {
    const text = `version: 2.1
commands: {c: {parameters: {x: {type: integer, default: 3}}, steps: [run: command << parameters.x >>]}}
executors: {e: {parameters: {x: {type: string, default: img}}, docker: [{image: << parameters.x >>}]}}
jobs: {build: {parameters: {x: {type: boolean, default: true}}, executor: e, steps: [c, c: {x: 4}, run: job << parameters.x >>]}}
`;
    assert.deepEqual(buildStepsOf(text), ['command 3', 'command 4', 'job true']);
    assert.deepEqual(printedOf(text).jobs['build']!['docker'], [{ image: 'img' }]);
  });

  const who = (name: string, owner: string): string => `Arguments referenced without declared parameters: parameters.${name}. Declare it under parameters of the ${owner}, or correct the name.`;
  test('a command does not see what its caller has', () =>
    assert.equal(
      problemOf(`version: 2.1
commands:
  outer: {parameters: {x: {type: string}}, steps: [inner, run: "<< parameters.x >>"]}
  inner:
    steps:
      - run: echo << parameters.x >>
jobs: {build: {machine: true, steps: [outer: {x: a}]}}
`),
      `6:19 commands.inner.steps[0].run: ${who('x', 'command inner')} | Error calling workflow: 'workflow' | Error calling job: 'build' | Error calling command: 'outer' | Error calling command: 'inner'`,
    ));

  test('an executor does not see what its job has', () =>
    assert.equal(
      problemOf('version: 2.1\nexecutors: {e: {docker: [{image: << parameters.x >>}]}}\njobs: {build: {parameters: {x: {type: string, default: a}}, executor: e, steps: [checkout]}}\n'),
      `2:34 executors.e.docker[0].image: ${who('x', 'executor e')} | Error calling workflow: 'workflow' | Error calling job: 'build' | Error calling executor: 'e'`,
    ));

  test('an undeclared one is told even in a branch that is not taken, of an element that is reached', () => {
    const text = `version: 2.1
jobs:
  build:
    parameters: {version: {type: string, default: a}}
    machine: true
    steps:
      - when: {condition: false, steps: [run: << parameters.verson >>]}
      - run: <<# parameters.version >>x<</ parameters.version >><<^ parameters.version >><< parameters.b >><</ parameters.version >>
  unreached: {machine: true, steps: [run: << parameters.c >>]}
workflows: {w: {jobs: [build]}}
`;
    const trace = "| Error calling workflow: 'w' | Error calling job: 'build'";
    assert.deepEqual(problemsOf(text), [
      `7:47 jobs.build.steps[0].when.steps[0].run: Arguments referenced without declared parameters: parameters.verson. Did you mean \`version\`? Declare it under parameters of the job build, or correct the name. ${trace}`,
      `8:90 jobs.build.steps[1].run: ${who('b', 'job build')} ${trace}`,
    ]);
  });

  test('a workflow has none', () => {
    const text = `version: 2.1
jobs: {j: {parameters: {x: {type: string}}, machine: true, steps: [run: << parameters.x >>]}}
workflows:
  w:
    jobs:
      - j: {x: << parameters.x >>}
      - j: {x: a, name: << parameters.x >>}
`;
    const sentence = 'Referred to a variable "parameters.x" that does not exist. Parameters are known only in the job, command or executor that declares them: write the value, or a pipeline parameter.';
    assert.deepEqual(problemsOf(text), [
      `6:16 workflows.w.jobs[0].j.x: ${sentence} | Error calling workflow: 'w' | Error calling job: 'j'`,
      `7:25 workflows.w.jobs[1].j.name: ${sentence} | Error calling workflow: 'w'`,
    ]);
  });
});

suite('2.1 §3 scopes: arguments are read by the caller, defaults by the callee', () => {
  test('an argument', () => {
    const text = `version: 2.1
commands: {c: {parameters: {x: {type: string, default: own}, y: {type: string}}, steps: [run: << parameters.x >> << parameters.y >>]}}
jobs: {build: {parameters: {x: {type: string, default: callers}}, machine: true, steps: [c: {y: << parameters.x >>}]}}
`;
    assert.deepEqual(buildStepsOf(text), ['own callers']);
  });

  test('steps as an argument', () => {
    const text = `version: 2.1
commands: {c: {parameters: {x: {type: string, default: own}, s: {type: steps}}, steps: [run: << parameters.x >>, steps: << parameters.s >>]}}
jobs:
  build:
    parameters: {x: {type: string, default: callers}}
    machine: true
    steps:
      - c:
          s:
            - run: << parameters.x >>
            - when: {condition: {equal: [callers, << parameters.x >>]}, steps: [run: equal]}
`;
    assert.deepEqual(buildStepsOf(text), ['own', 'callers', 'equal']);
  });

  const withDefault = (value: string): string => `version: 2.1
parameters: {p: {type: string, default: P}}
commands: {c: {parameters: {a: {type: string, default: A}, x: {type: string, default: ${value}}}, steps: [run: << parameters.x >>]}}
jobs: {build: {machine: true, steps: [c]}}
`;
  test('a default may hold values and parameters of the pipeline, as real configs do', () => assert.deepEqual(buildStepsOf(withDefault('"<< pipeline.parameters.p >>-<< pipeline.git.branch >>"')), ['P-main']));
  test('a default does not see other parameters', () =>
    assert.equal(
      problemOf(withDefault('<< parameters.a >>')),
      `3:87 commands.c.parameters.x.default: Referred to a variable "parameters.a" that does not exist. Parameters are known only in the job, command or executor that declares them: write the value, or a pipeline parameter. ${inCall}`,
    ));
  test('a default with a tag is judged where it is used', () =>
    assert.equal(problemOf(withDefault('<< pipeline.parameters.p == "P" >>')), `3:87 commands.c.parameters.x.default: Type error for the default of parameter x: expected type: string, actual value: "true" (type boolean). Hand over what is of type string. ${inCall}`));

  const withExecutor = (call: string): string => `version: 2.1
executors: {e: {parameters: {tag: {type: string}}, docker: [{image: "i:<< parameters.tag >>"}]}}
jobs: {j: {parameters: {x: {type: executor}, tag: {type: string, default: jobs}}, executor: << parameters.x >>, steps: [checkout]}}
workflows:
  w:
    jobs:
      - j: ${call}
`;
  const images = (call: string): unknown[] => Object.values(printedOf(withExecutor(call)).jobs).map(({ docker }) => docker);
  test('but a map that names an executor is read by the job that gets it', () => assert.deepEqual(images('{x: {name: e, tag: << parameters.tag >>}, tag: given}'), [[{ image: 'i:given' }]]));
  test('and with the matrix of its call', () =>
    assert.deepEqual(images('{x: {name: e, tag: << parameters.tag >>-<< matrix.tag >>}, matrix: {parameters: {tag: [a, b]}}}'), [[{ image: 'i:a-a' }], [{ image: 'i:b-b' }]]));
  test('which does not hold for a name', () =>
    assert.equal(
      problemOf(withExecutor('{x: << parameters.tag >>}')),
      '7:16 workflows.w.jobs[0].j.x: Referred to a variable "parameters.tag" that does not exist. Parameters are known only in the job, command or executor that declares them: write the value, or a pipeline parameter. | Error calling workflow: \'w\' | Error calling job: \'j\'',
    ));
  test('what the job does not have is told at its place', () =>
    assert.equal(
      problemOf(withExecutor('{x: {name: e, tag: << parameters.nope >>}}')),
      "7:31 workflows.w.jobs[0].j.x.tag: Arguments referenced without declared parameters: parameters.nope. Declare it under parameters of the job j, or correct the name. | Error calling workflow: 'w' | Error calling job: 'j'",
    ));
});

suite('2.1 §3 scopes: pipeline.parameters, pipeline and matrix', () => {
  const parameters = 'parameters: {p: {type: string, default: P}}\n';
  test('pipeline.parameters are known everywhere in the file', () => {
    const text = `version: 2.1
${parameters}executors: {e: {docker: [{image: << pipeline.parameters.p >>}]}}
commands: {c: {steps: [run: command << pipeline.parameters.p >>]}}
jobs: {j: {parameters: {x: {type: string}}, executor: e, steps: [c, run: "<< parameters.x >> << pipeline.parameters.p >>"]}}
workflows:
  w:
    when: {equal: [P, << pipeline.parameters.p >>]}
    jobs: [j: {x: << pipeline.parameters.p >>, name: j-<< pipeline.parameters.p >>, context: << pipeline.parameters.p >>, pre-steps: [run: pre << pipeline.parameters.p >>]}]
`;
    const { jobs, workflows } = printedOf(text);
    assert.deepEqual([jobs['j-P']!['docker'], stepsOf(jobs['j-P'])], [[{ image: 'P' }], ['pre P', 'command P', 'P P']]);
    assert.deepEqual(workflows['w']!.jobs, [{ 'j-P': { context: 'P' } }]);
  });

  const rows: [what: string, parameter: string, ...problems: string[]][] = [
    ['but not in one another', '{type: string, default: << pipeline.parameters.p >>}', '2:72 parameters.q.default: Referred to a variable "pipeline.parameters.p" that does not exist. Parameters of the pipeline cannot refer to each other: write the value.'],
    ['nor in themselves', '{type: string, default: x<< pipeline.parameters.q >>}', '2:73 parameters.q.default: Referred to a variable "pipeline.parameters.q" that does not exist. Parameters of the pipeline cannot refer to each other: write the value.'],
    ['where values of the pipeline are known', '{type: string, default: x<< pipeline.number >>}'],
    ['and of the right type', '{type: integer, default: << pipeline.git.branch >>}', '2:73 parameters.q.default: Type error for the default of parameter q: expected type: integer, actual value: "main" (type string). Hand over what is of type integer.'],
  ];
  for (const [what, parameter, ...problems] of rows)
    test(what, () => {
      const text = `version: 2.1\nparameters: {p: {type: string, default: P}, q: ${parameter}}\njobs: {build: {machine: true, steps: [run: << pipeline.parameters.q >>]}}\n`;
      assert.deepEqual(problemsOf(text), problems);
      if (problems.length === 0) assert.deepEqual(buildStepsOf(text), ['x1']);
    });

  test('one that is not declared', () =>
    assert.equal(
      problemOf(`version: 2.1\n${parameters}jobs: {build: {machine: true, steps: [run: echo << pipeline.parameters.pp >>]}}\n`),
      '3:49 jobs.build.steps[0].run: Referred to a variable "pipeline.parameters.pp" that does not exist. Did you mean `pipeline.parameters.p`? Declare it under parameters at the top of the file, or correct the name. | Error calling workflow: \'workflow\' | Error calling job: \'build\'',
    ));

  test('an inline orb does not see them, and sees the values', () =>
    assert.deepEqual(
      problemsOf(`version: 2.1
parameters: {bug: {type: string, default: P}}
orbs:
  o:
    commands:
      c: {steps: [run: echo << pipeline.parameters.bug >>, run: echo << pipeline.number >>]}
jobs: {build: {machine: true, steps: [o/c]}}
`),
      ['6:29 orbs.o.commands.c.steps[0].run: Referred to a variable "pipeline.parameters.bug" that does not exist. An orb does not see the parameters of the pipeline: hand it over as an argument. | Error calling workflow: \'workflow\' | Error calling job: \'build\' | Error calling command: \'o/c\''],
    ));

  test('matrix.x is known in a call with a matrix: name, requires, context, filters, arguments, pre- and post-steps', () => {
    const { jobs, workflows } = printedOf(`version: 2.1
jobs: {j: {parameters: {x: {type: string}, y: {type: string}}, machine: true, steps: [run: << parameters.y >>]}}
workflows:
  w:
    jobs:
      - j: {x: a, y: b, name: first-a}
      - j:
          matrix: {parameters: {x: [a]}}
          name: second-<< matrix.x >>
          y: y<< matrix.x >>
          requires: [first-<< matrix.x >>]
          context: [c-<< matrix.x >>]
          filters: {branches: {only: b-<< matrix.x >>}}
          pre-steps: [run: pre << matrix.x >>]
          post-steps: [run: post << matrix.x >>]
`);
    assert.deepEqual(stepsOf(jobs['second-a']), ['pre a', 'ya', 'post a']);
    assert.deepEqual(workflows['w']!.jobs[1], { 'second-a': { requires: ['first-a'], context: ['c-a'], filters: { branches: { only: 'b-a' } } } });
  });

  test('and not in the job', () =>
    assert.equal(
      problemOf('version: 2.1\njobs: {j: {parameters: {x: {type: string}}, machine: true, steps: [run: << matrix.x >>]}}\nworkflows: {w: {jobs: [j: {matrix: {parameters: {x: [a]}}}]}}\n'),
      '2:73 jobs.j.steps[0].run: Referred to a variable "matrix.x" that does not exist. It is known only in a job of a workflow that has a matrix with this parameter. | Error calling workflow: \'w\' | Error calling job: \'j\'',
    ));
});

suite('2.1 §3 parameters: what whoever triggers the pipeline gives', () => {
  const text = `version: 2.1
parameters:
  s: {type: string, default: ""}
  i: {type: integer, default: 0}
  b: {type: boolean, default: no}
  e: {type: enum, enum: ["", a], default: ""}
jobs: {build: {machine: true, steps: [run: "<< pipeline.parameters.s >> << pipeline.parameters.i >> << pipeline.parameters.b >> << pipeline.parameters.e >>."]}}
`;
  test('the others have their defaults', () => {
    assert.deepEqual(buildStepsOf(text), [' 0 false .']);
    assert.deepEqual(buildStepsOf(text, { parameters: { i: 5, b: true } }), [' 5 true .']);
    assert.deepEqual(buildStepsOf(text, { parameters: { s: '<< pipeline.id >>', e: 'a' } }), ['<< pipeline.id >> 0 false a.'], 'what is given is no template');
  });

  const rows: [what: string, parameters: Record<string, unknown>, ...problems: string[]][] = [
    ['one of nobody', { q: 1 }, 'Unexpected argument(s): q. Parameters of the pipeline are s, i, b, e.'],
    ['a wrong type', { s: 1 }, 'Type error for argument s: expected type: string, actual value: "1" (type integer). Put quotes around it.'],
    ['a text for an integer', { i: '1' }, 'Type error for argument i: expected type: integer, actual value: "1" (type string). Write a whole number, without quotes.'],
    ['a list', { s: ['a'] }, 'Type error for argument s: expected type: string, actual value: a list (type list). Write a text.'],
    ['a map', { s: { a: 1 } }, 'Type error for argument s: expected type: string, actual value: a map (type map). Write a text.'],
    ['a value of no choice', { e: 'b' }, 'Type error for argument e: expected one of , a, actual value: "b" (type string). Write one of them.'],
    ['a value that is too long', { s: 'x'.repeat(513) }, 'the name of a parameter has at most 128 characters and its value 512; s has more. Shorten it.'],
    ['a name that is too long', { ['n'.repeat(129)]: 'x' }, `the name of a parameter has at most 128 characters and its value 512; ${'n'.repeat(128)} has more. Shorten it.`, `Unexpected argument(s): ${'n'.repeat(129)}. Parameters of the pipeline are s, i, b, e.`],
  ];
  for (const [what, parameters, ...problems] of rows)
    test(what, () =>
      assert.deepEqual(
        problemsOf(text, { parameters }),
        problems.map((sentence) => `2:1 parameters: ${sentence}`),
      ));

  test('512 characters, 128 in a name, and 100 of them', () => {
    const many = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, index) => [`${'n'.repeat(120)}${index}`, 'x'.repeat(512)]));
    const declaring = `version: 2.1\nparameters:\n${Object.keys(many(101)).map((name) => `  ${name}: {type: string, default: a}\n`).join('')}jobs: {build: {machine: true, steps: [checkout]}}\n`;
    assert.deepEqual(problemsOf(declaring, { parameters: many(100) }), []);
    assert.equal(problemOf(declaring, { parameters: many(101) }), '2:1 parameters: at most 100 parameters can be given to a pipeline, these are 101. Give fewer.');
  });

  test('where the file declares none', () =>
    assert.equal(problemOf('# none\nversion: 2.1\njobs: {build: {machine: true, steps: [checkout]}}\n', { parameters: { q: 1 } }), '1:1 .circle.yml: Unexpected argument(s): q. the pipeline has no parameters: remove it.'));
});

suite('2.1 §4.3 scopes: what a tag can name', () => {
  const running = (command: string): string => `version: 2.1\njobs: {build: {parameters: {"a:b": {type: string, default: odd}, t: {type: string, default: "<< pipeline.id >>"}}, machine: true, steps: [run: '${command}']}}\n`;
  const remedy = 'Names begin with parameters., pipeline. or matrix.; an environment variable is written $NAME; a << that is meant as text is written \\<<.';
  test('environment variables are never visible', () => {
    for (const name of ['CIRCLE_SHA1', 'HOME', 'env.HOME'])
      assert.equal(problemOf(running(`<< ${name} >>`)), `2:145 jobs.build.steps[0].run: Referred to a variable "${name}" that does not exist. ${remedy} | Error calling workflow: 'workflow' | Error calling job: 'build'`);
  });
  test('a name that no expression can hold is a name', () => assert.deepEqual(buildStepsOf(running('<< parameters.a:b >>')), ['odd']));
  test('what does not exist is an error and not left as it is', () => assert.match(problemOf(running('<< pipeline.nope >>')), /Referred to a variable "pipeline.nope" that does not exist/));
  test('what is filled in is not rendered again', () => {
    const text = `version: 2.1
commands: {c: {parameters: {x: {type: string}}, steps: [run: "<< parameters.x >>|", when: {condition: << parameters.x >>, steps: [run: << parameters.x >>]}]}}
jobs: {build: {machine: true, steps: [c: {x: '\\<< pipeline.id >>'}]}}
`;
    assert.deepEqual(buildStepsOf(text), ['<< pipeline.id >>|', '<< pipeline.id >>']);
  });
  test('what is not set is empty in a text', () => assert.deepEqual(buildStepsOf(running('[<< pipeline.git.tag >>] << pipeline.git.branch >>')), ['[] main']));
  test('values are those of the pipeline', () => assert.deepEqual(buildStepsOf(running('<< pipeline.git.branch >>'), { values: { ...sampleValues(), 'git.branch': 'other' } }), ['other']));
  test('what is never reached is never rendered', () =>
    assert.deepEqual(
      Object.keys(
        printedOf(`version: 2.1
commands: {unused: {steps: [run: << nope >>, run: "<<"]}}
executors: {unused: {docker: [{image: << nope >>}]}}
jobs: {build: {machine: true, steps: [checkout]}, unused: {machine: true, steps: [run: "<< nope >>"]}}
workflows: {w: {jobs: [build]}}
`).jobs,
      ),
      ['build'],
    ));
});
