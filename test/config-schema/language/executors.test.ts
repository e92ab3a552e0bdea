import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import type { PlanJob } from '../../../config-schema/plan.ts';
import { indent, printedOf, problemsOf } from './processing.ts';

/** A file with these executors, which begin at line 3, column 3, and a job whose lines begin four lines after their end, column 5. */
const withExecutor = (executors: string, job: string): string => `version: 2.1
executors:
${indent(executors, 2)}
orbs: {o: {executors: {default: {parameters: {tag: {type: string, default: latest}}, docker: [{image: "orb:<< parameters.tag >>"}]}}}}
jobs:
  build:
${indent(job, 4)}
    steps: [checkout]
`;

const bodyOf = (text: string): Record<string, unknown> => {
  const { steps: _, ...body } = printedOf(text).jobs['build']!;
  return body;
};

function planned(text: string): PlanJob {
  const compiled = compileConfig(text, { path: '.circle.yml' });
  if ('errors' in compiled) assert.fail(compiled.errors.map(({ message }) => message).join('\n'));
  return compiled.plan.jobs['build']!;
}

const image = (name: string): { docker: { image: string }[] } => ({ docker: [{ image: name }] });

suite('2.1 §7 executor: how it is named', () => {
  const executors = 'plain: {docker: [{image: plain}]}\nsized: {parameters: {tag: {type: string}, class: {type: string, default: small}}, docker: [{image: "sized:<< parameters.tag >>"}], resource_class: << parameters.class >>}\nother: plain\nof-orb: o/default';
  const rows: [what: string, job: string, body: Record<string, unknown>][] = [
    ['by its name', 'executor: plain', image('plain')],
    ['of an orb', 'executor: o/default', image('orb:latest')],
    ['a name that stands for another', 'executor: other', image('plain')],
    ['a name that stands for one of an orb', 'executor: of-orb', image('orb:latest')],
    ['with arguments', 'executor: {name: sized, tag: v1}', { ...image('sized:v1'), resource_class: 'small' }],
    ['of an orb, with arguments', 'executor: {name: o/default, tag: v2}', image('orb:v2')],
    ['a parameter of type executor', 'parameters: {e: {type: executor, default: plain}}\nexecutor: << parameters.e >>', image('plain')],
    ['a parameter that is a map', 'parameters: {e: {type: executor, default: {name: sized, tag: v3}}}\nexecutor: << parameters.e >>', { ...image('sized:v3'), resource_class: 'small' }],
    ['a parameter of type string', 'parameters: {e: {type: string, default: plain}}\nexecutor: << parameters.e >>', image('plain')],
    ['a parameter inside the name', 'parameters: {e: {type: string, default: pla}}\nexecutor: << parameters.e >>in', image('plain')],
    ['a parameter as the name of a map', 'parameters: {e: {type: executor, default: sized}}\nexecutor: {name: << parameters.e >>, tag: v4}', { ...image('sized:v4'), resource_class: 'small' }],
    ['a parameter as an argument', 'parameters: {t: {type: string, default: v5}}\nexecutor: {name: sized, tag: << parameters.t >>, class: large}', { ...image('sized:v5'), resource_class: 'large' }],
  ];
  for (const [what, job, body] of rows) test(what, () => assert.deepEqual(bodyOf(withExecutor(executors, job)), body));
});

suite('2.1 §7 executor: what the job says itself goes before it', () => {
  const full = 'x:\n  docker: [{image: one}, {image: two}]\n  resource_class: small\n  shell: /bin/sh\n  working_directory: /x\n  environment: {A: x, B: x}';
  const given = { docker: [{ image: 'one' }, { image: 'two' }], resource_class: 'small', shell: '/bin/sh', working_directory: '/x', environment: [{ A: 'x' }, { B: 'x' }] };
  const { docker: _, ...withoutDocker } = given;
  const rows: [what: string, job: string, body: Record<string, unknown>][] = [
    ['nothing', '', given],
    ['docker, the whole list', 'docker: [{image: own}]', { ...given, docker: [{ image: 'own' }] }],
    ['another kind, and its own is gone', 'machine: true', { ...withoutDocker, machine: true }],
    ['a Mac', 'macos: {xcode: 15.0.0}', { ...withoutDocker, macos: { xcode: '15.0.0' } }],
    ['resource_class', 'resource_class: large', { ...given, resource_class: 'large' }],
    ['shell', 'shell: [bash, -e]', { ...given, shell: ['bash', '-e'] }],
    ['working_directory', 'working_directory: ~/own', { ...given, working_directory: '~/own' }],
    ['environment joins, the job after the executor', 'environment: {C: own, B: own}', { ...given, environment: [{ A: 'x' }, { B: 'x' }, { B: 'own' }, { C: 'own' }] }],
    ['and what an executor cannot have', 'parallelism: 3', { ...given, parallelism: 3 }],
  ];
  for (const [what, job, body] of rows) test(what, () => assert.deepEqual(bodyOf(withExecutor(full, `executor: x\n${job}`)), body));

  test('the job wins where both set a variable', () => assert.deepEqual(planned(withExecutor(full, 'executor: x\nenvironment: {B: own}')).environment, { A: 'x', B: 'own' }));
  test('an executor of no kind may lack it where the job has one', () => assert.deepEqual(bodyOf(withExecutor('x: {resource_class: large}', 'executor: x\ndocker: [{image: own}]')), { resource_class: 'large', docker: [{ image: 'own' }] }));
  test('a machine is replaced, not merged', () => assert.deepEqual(bodyOf(withExecutor('x: {machine: {image: u, docker_layer_caching: true}}', 'executor: x\nmachine: {image: own}')), { machine: { image: 'own' } }));
});

suite('2.1 §7 executor: what is refused', () => {
  const rows: [what: string, executors: string, job: string, ...problems: string[]][] = [
    ['none', 'x: {docker: [{image: x}]}', 'shell: sh', '6:3 jobs.build: a job needs docker, machine, macos or executor, this has none of them. Add for example docker with an image.'],
    ['two kinds', 'x: {docker: [{image: x}]}', 'docker: [{image: x}]\nmachine: true', '8:5 jobs.build.machine: only one of docker, machine, macos may be there, this has docker and machine. Remove one.'],
    ['an executor of two kinds', 'x: {docker: [{image: x}], macos: {xcode: 15.0.0}}', 'executor: x', '3:29 executors.x.macos: only one of docker, machine, macos may be there, this has docker and macos. Remove one.'],
    ['one that is not there', 'exec: {docker: [{image: x}]}', 'executor: exce', "7:15 jobs.build.executor: Cannot find a definition for executor named exce. Did you mean `exec`? Define it under executors, or correct the name. | Error calling workflow: 'workflow' | Error calling job: 'build'"],
    ['one of an orb that is not there', 'x: {docker: [{image: x}]}', 'executor: o/defualt', "7:15 jobs.build.executor: Cannot find a definition for executor named o/defualt. Did you mean `default`? The orb o has no such executor: correct the name, or use another version of the orb. | Error calling workflow: 'workflow' | Error calling job: 'build'"],
    ['one of no orb', 'x: {docker: [{image: x}]}', 'executor: gone/default', "7:15 jobs.build.executor: Cannot find a definition for executor named gone/default. There is no orb gone: add it to orbs, or correct the name. | Error calling workflow: 'workflow' | Error calling job: 'build'"],
    ['a map without a name', 'x: {docker: [{image: x}]}', 'executor: {o/default: {tag: x}}', '7:5 jobs.build.executor: required key [name] not found. Add it.'],
    ['a list', 'x: {docker: [{image: x}]}', 'executor: [x]', '7:15 jobs.build.executor: must be the name of an executor, or a map with `name` and its arguments, is a list. Correct it.'],
    ['an executor without a kind, in a job without', 'x: {resource_class: large}', 'executor: x', `7:15 jobs.build.executor: Executor x is missing a required key: "docker", "machine", or "macos". Add one of them to the executor, or to the job. | Error calling workflow: 'workflow' | Error calling job: 'build'`],
    ['an argument that is missing', 'x: {parameters: {tag: {type: string}}, docker: [{image: "<< parameters.tag >>"}]}', 'executor: x', "7:15 jobs.build.executor: Missing required argument(s): tag. Add it to the call of executor x. | Error calling workflow: 'workflow' | Error calling job: 'build' | Error calling executor: 'x'"],
    ['an argument that is not declared', 'x: {docker: [{image: x}]}', 'executor: {name: x, tag: y}', "7:25 jobs.build.executor.tag: Unexpected argument(s): tag. executor x has no parameters: remove it. | Error calling workflow: 'workflow' | Error calling job: 'build' | Error calling executor: 'x'"],
    ['an argument of the wrong type', 'x: {parameters: {n: {type: integer}}, docker: [{image: "<< parameters.n >>"}]}', 'executor: {name: x, n: one}', `7:28 jobs.build.executor.n: Type error for argument n: expected type: integer, actual value: "one" (type string). Write a whole number, without quotes. | Error calling workflow: 'workflow' | Error calling job: 'build' | Error calling executor: 'x'`],
    ['a parameter of the job in the executor', 'x: {docker: [{image: << parameters.tag >>}]}', 'parameters: {tag: {type: string, default: x}}\nexecutor: x', "3:24 executors.x.docker[0].image: Arguments referenced without declared parameters: parameters.tag. Declare it under parameters of the executor x, or correct the name. | Error calling workflow: 'workflow' | Error calling job: 'build' | Error calling executor: 'x'"],
    ['a parameter that an executor cannot have', 'x: {parameters: {s: {type: steps, default: []}}, docker: [{image: x}]}', 'executor: x', '3:30 executors.x.parameters.s.type: the type of a parameter is one of string, boolean, integer, enum, env_var_name, this is "steps". Write one of them.'],
    ['steps', 'x: {docker: [{image: x}], steps: [checkout]}', 'executor: x', '3:29 executors.x.steps: an executor has no steps. Write them into a command or a job.'],
    ['a name that leads to itself', 'x: y\ny: x', 'executor: x', "4:6 executors.y: Cannot find a definition for executor named x. The names that stand for it lead in a circle. Write one of them out. | Error calling workflow: 'workflow' | Error calling job: 'build'"],
  ];
  for (const [what, executors, job, ...problems] of rows) test(what, () => assert.deepEqual(problemsOf(withExecutor(executors, job)), problems));
});

/** Its lines begin at line 6, column 5. */
const withJob = (lines: string): string => `version: 2.1
jobs:
  build:
    docker: [{image: x}]
    steps: [checkout]
${indent(lines, 4)}
`;

suite('2.1 §7 environment: its forms, and how each is printed', () => {
  const rows: [what: string, environment: string, printed: unknown[] | undefined, values: Record<string, string>][] = [
    ['a map', '{B: 1, A: x}', [{ A: 'x' }, { B: 1 }], { A: 'x', B: '1' }],
    ['a list of maps, in its order', '[{B: 1}, {A: x}]', [{ B: 1 }, { A: 'x' }], { A: 'x', B: '1' }],
    ['each map in the order of a dictionary', '[{b: 1, A: 2}, {GO111MODULE: on, GO_TAGS: x, GO: y}]', [{ A: 2 }, { b: 1 }, { GO: 'y' }, { GO_TAGS: 'x' }, { GO111MODULE: true }], { A: '2', b: '1', GO: 'y', GO_TAGS: 'x', GO111MODULE: 'true' }],
    ['a list of texts', '[B=1, A=x]', [{ B: '1' }, { A: 'x' }], { A: 'x', B: '1' }],
    ['only the first = separates', '["A=b=c=", "B="]', [{ A: 'b=c=' }, { B: '' }], { A: 'b=c=', B: '' }],
    ['both kinds in one list; a later entry wins', '[A=1, {A: 2, B: 3}, B=4]', [{ A: '1' }, { A: 2 }, { B: 3 }, { B: '4' }], { A: '2', B: '4' }],
    ['numbers, booleans and null', '{A: 1.20, B: off, C: , D: 0x1f}', [{ A: 1.2 }, { B: false }, { C: null }, { D: 31 }], { A: '1.2', B: 'false', C: '', D: '31' }],
    ['nothing is expanded', '{A: $HOME, B: "${A}/x"}', [{ A: '$HOME' }, { B: '${A}/x' }], { A: '$HOME', B: '${A}/x' }],
    ['nothing', '', undefined, {}],
    ['an empty map', '{}', undefined, {}],
    ['an empty list', '[]', undefined, {}],
  ];
  for (const [what, environment, printed, values] of rows)
    test(what, () => {
      const text = withJob(`environment: ${environment}`);
      assert.deepEqual(bodyOf(text)['environment'], printed);
      assert.deepEqual(planned(text).environment, values);
    });

  test("the executor's lists and maps, then the job's", () => {
    const text = withExecutor('x: {docker: [{image: x}], environment: [Z=1, {A: 2}]}', 'executor: x\nenvironment: {Y: 3, B: 4}');
    assert.deepEqual(bodyOf(text)['environment'], [{ Z: '1' }, { A: 2 }, { B: 4 }, { Y: 3 }]);
  });

  const faults: [what: string, environment: string, ...problems: string[]][] = [
    ['a text in a list without =', '[A]', '6:19 jobs.build.environment[0]: a variable in a list is written KEY=value, this is "A". Add the = and the value.'],
    ['a text', 'A=1', '6:18 jobs.build.environment: must be a map or a list, is "A=1". Write one of them.'],
    ['a value that is a list', '{A: [1]}', '6:22 jobs.build.environment.A: the value of a variable must be a text, a number or a boolean, is a list. Put quotes around it, or remove it.'],
    ['a value that is a map in a list', '[{A: {b: c}}]', '6:23 jobs.build.environment[0].A: the value of a variable must be a text, a number or a boolean, is a map. Put quotes around it, or remove it.'],
    ['a number in a list', '[1]', '6:19 jobs.build.environment[0]: must be a map or a text, is 1. Write one of them.'],
  ];
  for (const [what, environment, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withJob(`environment: ${environment}`)), problems));

  test('an item that a tag leaves without =', () =>
    assert.deepEqual(problemsOf(withJob('parameters: {v: {type: string, default: A}}\nenvironment: ["<< parameters.v >>"]')), [
      `7:19 jobs.build.environment[0]: a variable in a list is written KEY=value, this is "A". Add the = and the value. | Error calling workflow: 'workflow' | Error calling job: 'build'`,
    ]));
});

suite('2.1 §7.1 docker', () => {
  const all = {
    image: 'one',
    name: 'db',
    entrypoint: ['a', 'b'],
    command: 'serve --all',
    user: 'postgres',
    environment: { B: 'x', A: 1 },
    auth: { username: '$USER', password: '$PASS' },
  };
  const rows: [what: string, docker: unknown[]][] = [
    ['everything that a container may have, as it is written', [all]],
    ['containers in their order, the first for the steps', [{ image: 'first' }, { image: 'second', name: 'b' }, { image: 'third' }]],
    ['a program as a text, a command as a list', [{ image: 'x', entrypoint: 'run', command: ['a', 'b c'] }]],
    ['keys of AWS', [{ image: 'x', aws_auth: { aws_access_key_id: '$ID', aws_secret_access_key: '$KEY' } }]],
    ['a role of AWS', [{ image: 'x', aws_auth: { oidc_role_arn: 'arn:x' } }]],
    ['an account of Google', [{ image: 'x', gcp_auth: { oidc_service_account: 'a', workload_identity_pool: 'b', workload_identity_provider: 'c' } }]],
    ['variables of a container as a list', [{ image: 'x', environment: ['A=1', { B: 2 }] }]],
    ['a variable of the build in the name of an image', [{ image: 'registry/$NAME:tag' }]],
  ];
  for (const [what, docker] of rows) test(what, () => assert.deepEqual(bodyOf(withJob('').replace('[{image: x}]', JSON.stringify(docker)))['docker'], docker));

  test("a container's variables are not the job's", () => {
    const job = planned(withJob('environment: {A: job}').replace('{image: x}', '{image: x, environment: {A: image, B: image}}'));
    assert.deepEqual([job.environment, job.executor.kind === 'docker' && job.executor.environment], [{ A: 'job' }, { A: 'image', B: 'image' }]);
  });

  const faults: [what: string, docker: string, ...problems: string[]][] = [
    ['no image', '[{name: x}]', '4:14 jobs.build.docker[0]: required key [image] not found. Add it.'],
    ['a key of nobody', '[{image: x, ports: [80]}]', '4:25 jobs.build.docker[0].ports: extraneous key [ports] is not permitted. Permitted keys: image, name, entrypoint, command, user, environment, auth, aws_auth, gcp_auth.'],
    ['no containers', '[]', '4:13 jobs.build.docker: must have at least one entry. Add one.'],
    ['a map in place of a list', '{image: x}', '4:13 jobs.build.docker: must be a list, is a map. Write each entry after "- " on a line of its own.'],
    ['a password without a user', '[{image: x, auth: {password: y}}]', '4:25 jobs.build.docker[0].auth: required key [username] not found. Add it.'],
  ];
  for (const [what, docker, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withJob('').replace('[{image: x}]', docker)), problems));
});

const withKind = (lines: string): string => withJob(lines).replace('    docker: [{image: x}]\n', '');

suite('2.1 §7.2 machine', () => {
  const rows: [what: string, lines: string, body: Record<string, unknown>, selfHosted: boolean][] = [
    ['true', 'machine: true', { machine: true }, false],
    ['the name of an image', 'machine: ubuntu-2204:current', { machine: 'ubuntu-2204:current' }, false],
    ['a map', 'machine: {image: u, enabled: true, docker_layer_caching: true, resource_class: large, shell: bash}', { machine: { image: 'u', enabled: true, docker_layer_caching: true, resource_class: 'large', shell: 'bash' } }, false],
    ['a class beside it', 'machine: {image: u}\nresource_class: large', { machine: { image: 'u' }, resource_class: 'large' }, false],
    ["a class of somebody's own", 'machine: true\nresource_class: ns/name', { machine: true, resource_class: 'ns/name' }, true],
    ['the same inside', 'machine: {resource_class: ns/name}', { machine: { resource_class: 'ns/name' } }, true],
    ['a tag', 'parameters: {m: {type: boolean, default: true}}\nmachine: << parameters.m >>', { machine: true }, false],
  ];
  for (const [what, lines, body, selfHosted] of rows)
    test(what, () => {
      assert.deepEqual(bodyOf(withKind(lines)), body);
      const { executor } = planned(withKind(lines));
      assert.equal(executor.kind === 'machine' && executor.selfHosted, selfHosted);
    });

  const faults: [what: string, lines: string, ...problems: string[]][] = [
    ['an image for machines of somebody else', 'machine: {image: u}\nresource_class: ns/name', '5:14 jobs.build.machine: Extraneous image "u" for self-hosted runner "ns/name". Remove one of them.'],
    ['an image as a text', 'machine: u\nresource_class: ns/name', '5:14 jobs.build.machine: Extraneous image "u" for self-hosted runner "ns/name". Remove one of them.'],
    ['both inside', 'machine: {image: u, resource_class: ns/name}', '5:14 jobs.build.machine: Extraneous image "u" for self-hosted runner "ns/name". Remove one of them.'],
    ['the class inside and beside is a warning in a job', 'machine: {image: u, resource_class: large}\nresource_class: medium', '6:5 warning: jobs.build.resource_class: resource_class is there inside machine and beside it. Remove one.'],
    ['the shell too', 'machine: {image: u, shell: bash}\nshell: sh', '6:5 warning: jobs.build.shell: shell is there inside machine and beside it. Remove one.'],
    ['layer caching that is no boolean', 'machine: {docker_layer_caching: "yes"}', '5:37 jobs.build.machine.docker_layer_caching: docker_layer_caching must be a boolean, is "yes". Write true or false, without quotes.'],
    ['a key that a machine does not have', 'machine: {images: u}', '5:15 jobs.build.machine.images: extraneous key [images] is not permitted. Did you mean `image`? Permitted keys: image, enabled, docker_layer_caching, resource_class, shell, code_signing.'],
  ];
  for (const [what, lines, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withKind(lines)), problems));

  const inExecutors: [what: string, executor: string, ...problems: string[]][] = [
    ['in an executor the class inside and beside is an error', '{machine: {image: u, resource_class: large}, resource_class: medium}', '3:51 executors.x.resource_class: resource_class is there inside machine and beside it. Remove one.'],
    ['and the shell', '{machine: {image: u, shell: bash}, shell: sh}', '3:41 executors.x.shell: shell is there inside machine and beside it. Remove one.'],
    ['and layer caching is said with its executor', '{machine: {docker_layer_caching: "yes"}}', '3:39 executors.x.machine.docker_layer_caching: Executor x: docker_layer_caching must be a boolean, is "yes". Write true or false, without quotes.'],
    ['and an image for machines of somebody else', '{machine: {image: u}, resource_class: ns/name}', '3:16 executors.x.machine: Extraneous image "u" for self-hosted runner "ns/name". Remove one of them.'],
  ];
  for (const [what, executor, ...problems] of inExecutors) test(what, () => assert.deepEqual(problemsOf(withExecutor(`x: ${executor}`, 'docker: [{image: x}]')), problems));
});

suite('2.1 §7.3 macos', () => {
  const rows: [what: string, macos: string, body: unknown][] = [
    ['a version as a text', '{xcode: "15.0.0"}', { xcode: '15.0.0' }],
    ['a version as a number', '{xcode: 15.1}', { xcode: 15.1 }],
    ['everything', '{xcode: 15.0.0, code_signing: [bundle], resource_class: m4pro.medium, shell: zsh}', { xcode: '15.0.0', code_signing: ['bundle'], resource_class: 'm4pro.medium', shell: 'zsh' }],
  ];
  for (const [what, macos, body] of rows)
    test(what, () => {
      assert.deepEqual(bodyOf(withKind(`macos: ${macos}`)), { macos: body });
      assert.match(planned(withKind(`macos: ${macos}`)).unsupported!, /^the job needs macOS/);
    });
});

suite('2.1 §7.4 resource_class', () => {
  for (const name of ['small', 'medium+', '2xlarge+', 'large.gen2', 'arm.medium', 'gpu.nvidia.small', 'windows.large', 'of-nobody', '12'])
    test(`${name} is handed on`, () => assert.equal(planned(withJob(`resource_class: "${name}"`)).resourceClass, name));
  test('none', () => assert.equal(planned(withJob('')).resourceClass, null));
  test('a tag', () => assert.equal(planned(withJob('parameters: {c: {type: string, default: large}}\nresource_class: << parameters.c >>')).resourceClass, 'large'));
  test('a list is refused', () => assert.deepEqual(problemsOf(withJob('resource_class: [large]')), ['6:21 jobs.build.resource_class: must be a text, is a list. Write a text.']));
});

suite('2.1 §7.5 other keys of a job', () => {
  const rows: [what: string, lines: string, body: Record<string, unknown>][] = [
    ['type build is the default, and not printed', 'type: build', {}],
    ['parallelism', 'parallelism: 4', { parallelism: 4 }],
    ['parallelism from a parameter stays a number', 'parameters: {p: {type: integer, default: 4}}\nparallelism: << parameters.p >>', { parallelism: 4 }],
    ['parallelism from an expression', 'parallelism: << pipeline.git.branch == "main" and 2 or 1 >>', { parallelism: 2 }],
    ['working_directory', 'working_directory: ~/x/$Y', { working_directory: '~/x/$Y' }],
    ['shell as a text', 'shell: /bin/bash -eo pipefail', { shell: '/bin/bash -eo pipefail' }],
    ['shell as a list', 'shell: [/bin/sh, -e]', { shell: ['/bin/sh', '-e'] }],
    ['circleci_ip_ranges', 'circleci_ip_ranges: true', { circleci_ip_ranges: true }],
    ['retention', 'retention: {caches: 1d}', { retention: { caches: '1d' } }],
    ['description is for people', 'description: what it is', {}],
    ['parameters are gone', 'parameters: {p: {type: string, default: x}}', {}],
  ];
  for (const [what, lines, body] of rows) test(what, () => assert.deepEqual(bodyOf(withJob(lines)), { ...image('x'), ...body }));

  test('the working directory is ~/project by default', () => assert.equal(planned(withJob('')).workingDirectory, '~/project'));
  test('branches of version 2.0 hold nothing back', () => assert.equal(planned(withJob('branches: {only: [other]}')).name, 'build'));

  const faults: [what: string, lines: string, ...problems: string[]][] = [
    ['parallelism as a text', 'parallelism: "3"', '6:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is "3". Write the number without quotes.'],
    ['parallelism 0', 'parallelism: 0', '6:18 jobs.build.parallelism: parallelism must be a positive integer, is 0. Remove it for a single container.'],
    ['parallelism with a fraction', 'parallelism: 1.5', '6:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is 1.5. Write the number without quotes.'],
    ['parallelism from a parameter of another type', 'parameters: {p: {type: string, default: "4"}}\nparallelism: << parameters.p >>', `7:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is "4". Write the number without quotes. | Error calling workflow: 'workflow' | Error calling job: 'build'`],
    ['circleci_ip_ranges as a text', 'circleci_ip_ranges: "true"', '6:25 jobs.build.circleci_ip_ranges: circleci_ip_ranges must be a boolean, is "true". Write true or false, without quotes.'],
    ['retention beyond its limit', 'retention: {caches: 31d}', '6:25 jobs.build.retention.caches: must be 1d to 30d, is "31d". Write a number of days and the letter d.'],
    ['max_auto_reruns, which is a key of workflows and steps', 'max_auto_reruns: 2', '6:5 jobs.build.max_auto_reruns: extraneous key [max_auto_reruns] is not permitted. Permitted keys: docker, machine, macos, environment, working_directory, shell, resource_class, executor, steps, parameters, type, parallelism, circleci_ip_ranges, retention, description, branches, plan_name, validation, key, timeout, no_retry, secrets, egress.'],
    ['a key that a job does not have', 'stepz: []', '6:5 jobs.build.stepz: extraneous key [stepz] is not permitted. Did you mean `steps`? Permitted keys: docker, machine, macos, environment, working_directory, shell, resource_class, executor, steps, parameters, type, parallelism, circleci_ip_ranges, retention, description, branches, plan_name, validation, key, timeout, no_retry, secrets, egress.'],
    ['a type of nobody', 'type: deploy', '6:11 jobs.build.type: the type of a job is one of build, approval, no-op, release, lock, unlock, this is "deploy". Write one of them.'],
  ];
  for (const [what, lines, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withJob(lines)), problems));

  test('steps are there, and not empty', () => {
    assert.deepEqual(problemsOf(withJob('').replace('    steps: [checkout]\n', '')), ["3:3 jobs.build: required key [steps] not found. Add it."]);
    assert.deepEqual(problemsOf(withJob('').replace('[checkout]', '[]')), ['5:12 jobs.build.steps: must have at least one entry. Add one.']);
  });
});
