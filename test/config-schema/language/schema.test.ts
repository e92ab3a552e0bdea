import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { commandWith, executorWith, isFineToEditors, jobWith, problemsOfFile, steps, workflowWith } from './checking.ts';

const runKeys = 'command, name, environment, when, no_output_timeout, background, working_directory, shell, max_auto_reruns, auto_rerun_delay, secrets';
const jobKeys = 'docker, machine, macos, environment, working_directory, shell, resource_class, executor, steps, parameters, type, parallelism, circleci_ip_ranges, retention, description, branches, plan_name, validation, key, timeout, no_retry, secrets, egress';

const ok = 'steps: [checkout]';

/** Name, text, and every problem of it, at its line and column. Editors find a fault in the same texts, but where it is said otherwise. */
type Row = [string, string, string[], 'editors cannot say this'?];

function table(name: string, rows: Row[]): void {
  suite(name, () => {
    for (const [row, text, expected, editors] of rows)
      test(row, () => {
        assert.deepEqual(problemsOfFile(text), expected);
        const isFine = expected.every((problem) => problem.includes(' warning: '));
        assert.equal(isFineToEditors(text), editors ? !isFine : isFine, 'to editors');
      });
  });
}

table('2.1 §2 top-level keys', [
  ['keys of nobody hold anchors', jobWith(`steps: [checkout]`) + `x-data: {orbs: 1}\nreferences: [1]\nvar_1: x\nfunctions: {a: b}\nbuild_agent: x\n`, []],
  ['sections without a value', `${jobWith(ok)}orbs:\ncommands:\nexecutors:\nparameters:\njob-groups:\nworkflows:\n`, []],
  ['the version of workflows is passed over', `${jobWith(ok)}workflows: {version: 2, w: {jobs: [build]}}\n`, []],
  ['a list of jobs', `version: 2.1\njobs: [a]\n`, ['2:7 jobs: must be a map, is a list. Write its keys, indented, below.']],
  ['a text for commands', `${jobWith(ok)}commands: x\n`, ['7:11 commands: must be a map, is "x". Write its keys, indented, below.']],
  ['setup in quotes', `setup: "yes"\n${jobWith(ok)}`, ['1:8 setup: must be true or false, is "yes". Write true or false, without quotes.']],
  ['another name for a job', `${jobWith(ok)}  test: build\n`, []],
  ['another name for a command and an executor', `${jobWith(ok)}commands: {a: b/c}\nexecutors: {a: b/c}\n`, []],
  ['a command without a body has no steps', `${jobWith(ok)}commands:\n  a:\n`, []],
  ['a job without a body', `version: 2.1\njobs:\n  build:\n`, ['3:3 jobs.build: must be a text or a map, is empty. Write it, or remove the key.']],
  ['an orb that is a list', `${jobWith(ok)}orbs: {a: [x]}\n`, ['7:11 orbs.a: must be a text or a map, is a list. Write one of them.']],
  ['a list for a job', `version: 2.1\njobs:\n  build: [a]\n`, ['3:10 jobs.build: must be a text or a map, is a list. Write one of them.']],
]);

table('2.1 §3 parameters', [
  ['every type', jobWith(`parameters:\n  a: {type: string, default: x, description: y}\n  b: {type: boolean}\n  c: {type: integer, default: 1}\n  d: {type: enum, enum: [x, 1], default: x}\n  e: {type: executor, default: {name: x}}\n  f: {type: steps, default: [checkout, run: x, a/b: ]}\n  g: {type: env_var_name, default: X}\n${ok}`), []],
  ['a type of nobody', jobWith(`parameters: {a: {type: text}}\n${ok}`), ['6:28 jobs.build.parameters.a.type: the type of a parameter is one of string, boolean, integer, enum, executor, steps, env_var_name, this is "text". Write one of them.']],
  ['no type', jobWith(`parameters: {a: {default: x}}\n${ok}`), ['6:18 jobs.build.parameters.a: required key [type] not found. Add it.']],
  ['no enum', jobWith(`parameters: {a: {type: enum, default: x}}\n${ok}`), ['6:18 jobs.build.parameters.a: required key [enum] not found. Add it.']],
  ['an empty enum', jobWith(`parameters: {a: {type: enum, enum: []}}\n${ok}`), ['6:40 jobs.build.parameters.a.enum: must have at least one entry. Add one.']],
  ['a key too many', jobWith(`parameters: {a: {type: string, defualt: x}}\n${ok}`), ['6:36 jobs.build.parameters.a.defualt: extraneous key [defualt] is not permitted. Did you mean `default`? Permitted keys: type, default, description, enum.']],
  ['steps by default that are none', jobWith(`parameters: {a: {type: steps, default: [run]}}\n${ok}`), ['6:45 jobs.build.parameters.a.default[0]: required key [command] not found. Write `- run: COMMAND`.']],
  ['a parameter that is a text', jobWith(`parameters: {a: string}\n${ok}`), ['6:21 jobs.build.parameters.a: must be a map, is "string". Write its keys, indented, below.']],
  ['a list of parameters', jobWith(`parameters: [a]\n${ok}`), ['6:17 jobs.build.parameters: must be a map, is a list. Write its keys, indented, below.']],
  ['of the pipeline: no default', `parameters: {a: {type: string}}\n${jobWith(ok)}`, ['1:14 parameters.a: required key [default] not found. Add it.']],
  ['of the pipeline: steps', `parameters: {a: {type: steps, default: []}}\n${jobWith(ok)}`, ['1:24 parameters.a.type: the type of a parameter is one of string, boolean, integer, enum, this is "steps". Write one of them.']],
  ['of the pipeline: a key too many', `parameters: {a: {type: boolean, default: false, extra: x}}\n${jobWith(ok)}`, ['1:49 parameters.a.extra: extraneous key [extra] is not permitted. Permitted keys: type, default, description, enum.']],
  ['of the pipeline: null is a default', `parameters: {a: {type: string, default: }}\n${jobWith(ok)}`, []],
  ['of an executor: steps', executorWith(`docker: [{image: x}]\nparameters: {a: {type: steps}}`), ['5:28 executors.x.parameters.a.type: the type of a parameter is one of string, boolean, integer, enum, env_var_name, this is "steps". Write one of them.']],
]);

table('2.1 §6 conditions', [
  ['every operator', steps(`- when:\n    condition: {and: [true, {or: ["", 0]}, {not: x}, {equal: [1, {a: b}]}, {matches: {pattern: ^a, value: << x >>}}]}\n    steps: []`), []],
  ['a bare list', steps(`- when: {condition: [a], steps: []}`), ['7:27 jobs.build.steps[0].when.condition: a condition is a value or a map of one operator, this is a list. Write `and:` or `or:` before it.']],
  ['an operator of nobody', steps(`- when: {condition: {nor: [a]}, steps: []}`), ['7:28 jobs.build.steps[0].when.condition.nor: there is no operator nor. Operators are and, or, not, equal, matches, changed.']],
  ['two operators', steps(`- when: {condition: {and: [a], or: [b]}, steps: []}`), ['7:27 jobs.build.steps[0].when.condition: a condition has exactly one operator, this has and, or. Put them into a list under `and:` or `or:`.']],
  ['no operator', steps(`- when: {condition: {}, steps: []}`), ['7:27 jobs.build.steps[0].when.condition: a condition has exactly one operator, this has none. Write one of and, or, not, equal, matches, changed.']],
  ['an empty list', steps(`- when: {condition: {and: []}, steps: []}`), ['7:33 jobs.build.steps[0].when.condition.and: must have at least one argument. Add one.']],
  ['an operator within another', steps(`- when: {condition: {and: [{not: [a]}]}, steps: []}`), ['7:40 jobs.build.steps[0].when.condition.and[0].not: a condition is a value or a map of one operator, this is a list. Write `and:` or `or:` before it.']],
  ['matches without a value', steps(`- when: {condition: {matches: {pattern: a}}, steps: []}`), ['7:28 jobs.build.steps[0].when.condition.matches: required key [value] not found. Add it.']],
  ['matches of a number', steps(`- when: {condition: {matches: {pattern: a, value: 1}}, steps: []}`), ['7:57 jobs.build.steps[0].when.condition.matches.value: must be a text, is 1. Write a text; put quotes around a number or a boolean.']],
]);

table('2.1 §7 jobs', [
  ['every key', jobWith(`type: build\nenvironment: {A: 1, B: true, C: , D: 2019-01-01}\nworking_directory: ~/x\nshell: [bash, -e]\nparallelism: 2\nresource_class: small\ncircleci_ip_ranges: true\nretention: {caches: 7d}\ndescription: x\nbranches: {only: main}\nparameters: {}\ntimeout: 1h\nno_retry: true\nsecrets: [TOKEN]\negress: [example.com]\n${ok}`), []],
  ['an unknown key', jobWith(`stpes: []\n${ok}`), [`6:5 jobs.build.stpes: extraneous key [stpes] is not permitted. Did you mean \`steps\`? Permitted keys: ${jobKeys}.`]],
  ['max_auto_reruns belongs to a workflow or a step', jobWith(`max_auto_reruns: 2\n${ok}`), [`6:5 jobs.build.max_auto_reruns: extraneous key [max_auto_reruns] is not permitted. Permitted keys: ${jobKeys}.`]],
  ['no steps', jobWith(`shell: sh`), ['3:3 jobs.build: required key [steps] not found. Add it.']],
  ['steps without a value', jobWith(`steps:`), ['6:5 jobs.build.steps: must be a list, is empty. Write it, or remove the key.']],
  ['no step', jobWith(`steps: []`), ['6:12 jobs.build.steps: must have at least one entry. Add one.']],
  ['nowhere to run', `version: 2.1\njobs:\n  build:\n    steps: [checkout]\n`, ['3:3 jobs.build: a job needs docker, machine, macos or executor, this has none of them. Add for example docker with an image.']],
  ['nowhere to run, and no steps', `version: 2.1\njobs:\n  build: {}\n`, [
    '3:3 jobs.build: required key [steps] not found. Add it.',
    '3:3 jobs.build: a job needs docker, machine, macos or executor, this has none of them. Add for example docker with an image.',
  ]],
  ['two places to run', jobWith(`machine: true\n${ok}`), ['6:5 jobs.build.machine: only one of docker, machine, macos may be there, this has docker and machine. Remove one.']],
  ['a place of its own beside an executor', jobWith(`executor: x\n${ok}`), []],
  ['an executor with arguments', `version: 2.1\njobs:\n  build: {executor: {name: a/b, x: 1}, steps: [checkout]}\n`, []],
  ['an executor without a name', `version: 2.1\njobs:\n  build: {executor: {a/b: {tag: x}}, steps: [checkout]}\n`, ['3:11 jobs.build.executor: required key [name] not found. Add it.']],
  ['an executor that is a list', `version: 2.1\njobs:\n  build: {executor: [a], steps: [checkout]}\n`, ['3:21 jobs.build.executor: must be the name of an executor, or a map with `name` and its arguments, is a list. Correct it.']],
  ['a type of nobody', jobWith(`type: biuld\n${ok}`), ['6:11 jobs.build.type: the type of a job is one of build, approval, no-op, release, lock, unlock, this is "biuld". Write one of them.']],
  ['an unknown key and no steps at once', jobWith(`stesp: [checkout]`), [
    '3:3 jobs.build: required key [steps] not found. Add it.',
    `6:5 jobs.build.stesp: extraneous key [stesp] is not permitted. Did you mean \`steps\`? Permitted keys: ${jobKeys}.`,
  ]],
  ['a timeout without a unit', jobWith(`timeout: 60\n${ok}`), ['6:14 jobs.build.timeout: must be a duration such as 30s, 10m or 1.5h, at most 720h, is 60. Write the number and its unit.']],
  ['a timeout of nothing', jobWith(`timeout: 0s\n${ok}`), ['6:14 jobs.build.timeout: must be a duration such as 30s, 10m or 1.5h, at most 720h, is "0s". Write the number and its unit.'], 'editors cannot say this'],
  ['a timeout for ever', jobWith(`timeout: 100000h\n${ok}`), ['6:14 jobs.build.timeout: must be a duration such as 30s, 10m or 1.5h, at most 720h, is "100000h". Write the number and its unit.'], 'editors cannot say this'],
  ['a shell with an open quote', jobWith(`shell: bash 'x\n${ok}`), ["6:12 jobs.build.shell: must be a program and its arguments, is \"bash 'x\". Write for example /bin/bash -eo pipefail, with every quote closed."], 'editors cannot say this'],
  ['retention of a month', jobWith(`retention: {caches: 31d}\n${ok}`), ['6:25 jobs.build.retention.caches: must be 1d to 30d, is "31d". Write a number of days and the letter d.']],
  ['a secret that is no name', jobWith(`secrets: [my-token]\n${ok}`), ['6:15 jobs.build.secrets[0]: the name of a secret is made of letters, digits and _, is "my-token". Write the name of its file, without .asc.']],
  ['no_retry in quotes', jobWith(`no_retry: "yes"\n${ok}`), ['6:15 jobs.build.no_retry: no_retry must be a boolean, is "yes". Write true or false, without quotes.']],
  ['egress of one text', jobWith(`egress: example.com\n${ok}`), ['6:13 jobs.build.egress: must be a list, is "example.com". Write each entry after "- " on a line of its own.']],
  ['a fault in an anchored piece is said once, where it stands', `version: 2.1\ndefaults: &defaults\n  parallelism: 0\njobs:\n  a: {<<: *defaults, docker: [{image: x}], steps: [checkout]}\n  b: {<<: *defaults, docker: [{image: x}], steps: [checkout]}\n`, ['3:16 defaults.parallelism: parallelism must be a positive integer, is 0. Remove it for a single container.']],
]);

table('2.1 §7 environment', [
  ['a map, a list of maps, a list of assignments, nothing', `version: 2.1\njobs:\n  a: {docker: [{image: x, environment: [A=b=c, {B: 1}]}], environment: , steps: [run: {command: x, environment: {A: x}}]}\n`, []],
  ['one text', jobWith(`environment: A=1\n${ok}`), ['6:18 jobs.build.environment: must be a map or a list, is "A=1". Write one of them.']],
  ['variables of the wrong form', jobWith(`environment:\n  - A\n  - B: {c: d}\n  - =x\n${ok}`), [
    '7:9 jobs.build.environment[0]: a variable in a list is written KEY=value, this is "A". Add the = and the value.',
    '8:12 jobs.build.environment[1].B: the value of a variable must be a text, a number or a boolean, is a map. Put quotes around it, or remove it.',
    '9:9 jobs.build.environment[2]: a variable in a list is written KEY=value, this is "=x". Add the = and the value.',
  ]],
  ['a value that is a list', jobWith(`environment: {A: [1]}\n${ok}`), ['6:22 jobs.build.environment.A: the value of a variable must be a text, a number or a boolean, is a list. Put quotes around it, or remove it.']],
  ['a name that no variable can have', jobWith(`environment: {"A=B": 1, "": 2}\n${ok}`), [
    '6:26 jobs.build.environment.A=B: the name of a variable must not be empty or hold "=", is "A=B". Correct it.',
    '6:33 jobs.build.environment[""]: the name of a variable must not be empty or hold "=", is "". Correct it.',
  ]],
]);

table('2.1 §7.1 docker', [
  ['every key', `version: 2.1\njobs:\n  a:\n    docker:\n      - {image: 3.9, name: db, entrypoint: [a, ""], command: "", user: 1000, environment: {A: 1}, auth: {username: a, password: $B}}\n      - {image: x, entrypoint: , aws_auth: {aws_access_key_id: a, aws_secret_access_key: b}}\n      - {image: x, aws_auth: {oidc_role_arn: a}}\n      - {image: x, gcp_auth: {oidc_service_account: a, workload_identity_pool: b, workload_identity_provider: c}}\n    steps: [checkout]\n`, []],
  ['no image', `version: 2.1\njobs:\n  build:\n    docker: [{}]\n    steps: [checkout]\n`, ['4:14 jobs.build.docker[0]: required key [image] not found. Add it.']],
  ['an image that is a map', `version: 2.1\njobs:\n  build:\n    docker: [{image: {a: b}}]\n    steps: [checkout]\n`, ['4:22 jobs.build.docker[0].image: must be a text, is a map. Write a text.']],
  ['an empty image', `version: 2.1\njobs:\n  build:\n    docker: [{image: ""}]\n    steps: [checkout]\n`, ['4:22 jobs.build.docker[0].image: must not be empty. Write a text, or remove the key.']],
  ['an image that is true', `version: 2.1\njobs:\n  build:\n    docker: [{image: true}]\n    steps: [checkout]\n`, ['4:22 jobs.build.docker[0].image: must be a text, is true. Put quotes around it.']],
  ['no container', `version: 2.1\njobs:\n  build:\n    docker: []\n    steps: [checkout]\n`, ['4:13 jobs.build.docker: must have at least one entry. Add one.']],
  ['a container that is a text', `version: 2.1\njobs:\n  build:\n    docker: [debian]\n    steps: [checkout]\n`, ['4:14 jobs.build.docker[0]: must be a map, is "debian". Write its keys, indented, below.']],
  ['a map for the list', `version: 2.1\njobs:\n  build:\n    docker: {image: x}\n    steps: [checkout]\n`, ['4:13 jobs.build.docker: must be a list, is a map. Write each entry after "- " on a line of its own.']],
  ['an unknown key', `version: 2.1\njobs:\n  build:\n    docker: [{image: x, ports: [1]}]\n    steps: [checkout]\n`, ['4:25 jobs.build.docker[0].ports: extraneous key [ports] is not permitted. Permitted keys: image, name, entrypoint, command, user, environment, auth, aws_auth, gcp_auth.']],
  ['auth without a password', `version: 2.1\njobs:\n  build:\n    docker: [{image: x, auth: {username: a}}]\n    steps: [checkout]\n`, ['4:25 jobs.build.docker[0].auth: required key [password] not found. Add it.']],
]);

table('2.1 §7.2 machine and §7.3 macos', [
  ['every form', `version: 2.1\njobs:\n  a: &a {machine: true, steps: [checkout]}\n  b: {<<: *a, machine: "ubuntu:1"}\n  c: {<<: *a, machine: {image: x, enabled: true, docker_layer_caching: false, resource_class: large, shell: sh}}\n  d: {macos: {xcode: 11.4, code_signing: [x], resource_class: y, shell: z}, steps: [checkout]}\n`, []],
  ['an unknown key', executorWith(`machine: {imgae: x}`), ['4:15 executors.x.machine.imgae: extraneous key [imgae] is not permitted. Did you mean `image`? Permitted keys: image, enabled, docker_layer_caching, resource_class, shell, code_signing.']],
  ['signing bundles', executorWith(`machine: {image: x, code_signing: [release-bundle]}`), []],
  ['a list', executorWith(`machine: [x]`), ['4:14 executors.x.machine: must be true, the name of an image or a map, is a list. Write for example `machine: true`.']],
  ['caching in quotes', executorWith(`machine: {docker_layer_caching: "true"}`), ['4:37 executors.x.machine.docker_layer_caching: Executor x: docker_layer_caching must be a boolean, is "true". Write true or false, without quotes.']],
  ['a class inside and beside, in an executor', executorWith(`machine: {image: x, resource_class: a, shell: b}\nresource_class: c\nshell: d`), [
    '5:5 executors.x.resource_class: resource_class is there inside machine and beside it. Remove one.',
    '6:5 executors.x.shell: shell is there inside machine and beside it. Remove one.',
  ], 'editors cannot say this'],
  ['a class inside and beside, in a job', `version: 2.1\njobs:\n  build:\n    machine: {image: x, resource_class: a}\n    resource_class: c\n    steps: [checkout]\n`, ['5:5 warning: jobs.build.resource_class: resource_class is there inside machine and beside it. Remove one.']],
  ['an unknown key of macos', executorWith(`macos: {xcdoe: 11}`), ['4:13 executors.x.macos.xcdoe: extraneous key [xcdoe] is not permitted. Did you mean `xcode`? Permitted keys: xcode, code_signing, resource_class, shell.']],
]);

table('2.1 §7 executors', [
  ['nothing but what a job lacks', executorWith(`environment: {A: 1}`), []],
  ['steps', executorWith(`docker: [{image: x}]\nsteps: [checkout]`), ['5:5 executors.x.steps: an executor has no steps. Write them into a command or a job.']],
  ['an unknown key', executorWith(`dokcer: [{image: x}]`), ['4:5 executors.x.dokcer: extraneous key [dokcer] is not permitted. Did you mean `docker`? Permitted keys: docker, machine, macos, environment, working_directory, shell, resource_class, parameters, description.']],
  ['two kinds', executorWith(`docker: [{image: x}]\nmacos: {xcode: 1}`), ['5:5 executors.x.macos: only one of docker, machine, macos may be there, this has docker and macos. Remove one.']],
]);

table('2.1 §8 steps: the form', [
  ['a step that is a list', steps(`- [checkout]`), ['7:9 jobs.build.steps[0]: a step must be a name or a map, is a list. Write for example `- run: COMMAND`.']],
  ['a step that is a number', steps(`- 5`), ['7:9 jobs.build.steps[0]: a step must be a name or a map, is 5. Write for example `- run: COMMAND`.']],
  ['an empty step', steps(`-`), ['7:8 .circle.yml: a step must be a name or a map, is empty. Write for example `- run: COMMAND`.']],
  ['a map without a key', steps(`- {}`), ['7:9 jobs.build.steps[0]: a step must be a name or a map, is a map. Write for example `- run: COMMAND`.']],
  ['any name may be a command', steps(`- greet\n- greet: {to: you}\n- node/install: {cache: true}`), []],
  ['the classic of indentation', steps(`- run:\n  command: x`), [
    '7:9 jobs.build.steps[0].run: must be a text or a map, is empty. Write it, or remove the key.',
    '8:9 jobs.build.steps[0].command: a step has exactly one key, this has more. Indent the keys of the step deeper than its name.',
  ]],
  ['two steps in one', steps(`- checkout: {}\n  run: x`), ['8:9 jobs.build.steps[0].run: a step has exactly one key, this has more. Indent the keys of the step deeper than its name.']],
  ['a call with a colon and no arguments', steps(`- greet:`), ['7:9 jobs.build.steps[0].greet: must be a map of arguments, is empty. Write them, or remove the colon.']],
  ['a text for the list', jobWith(`steps: checkout`), ['6:12 jobs.build.steps: must be a list, is "checkout". Write each entry after "- " on a line of its own.']],
  ['a template for the list', jobWith(`steps: << parameters.x >>`), []],
  ['a command of the file in place of a built-in step', `${steps(`- run\n- run: {to: you}\n- checkout:\n- when: {condition: x, steps: [run: {to: you}]}`)}commands: {run: {steps: [checkout]}, checkout: {steps: [run: {to: you}]}}\n`, [], 'editors cannot say this'],
  ['in place of another built-in step than this', `${steps(`- save_cache: {to: you}`)}commands: {run: {steps: [checkout]}}\n`, [
    '7:9 jobs.build.steps[0].save_cache: required key [key] not found. Add it.',
    '7:9 jobs.build.steps[0].save_cache: required key [paths] not found. Add it.',
    '7:22 warning: jobs.build.steps[0].save_cache.to: extraneous key [to] is not permitted. It is ignored; remove it. Permitted keys: name, when, key, paths, cache_mount.',
  ]],
  ['in commands as in jobs', commandWith(`description: x\nparameters: {}\nsteps:\n  - run: {comand: x}`), [
    '7:9 commands.x.steps[0].run: required key [command] not found. Add it.',
    `7:15 commands.x.steps[0].run.comand: extraneous key [comand] is not permitted. Did you mean \`command\`? Permitted keys: ${runKeys}.`,
  ]],
  ['a command without steps', commandWith(`description: x`), ['3:3 commands.x: required key [steps] not found. Add it.']],
  ['a command with a key too many', commandWith(`steps: []\nenvironment: {}`), ['5:5 commands.x.environment: extraneous key [environment] is not permitted. Permitted keys: steps, parameters, description.']],
]);

table('2.1 §8 steps: run', [
  ['every key', steps(`- run: echo\n- run: {command: x, name: 3, shell: sh -e, environment: {A: 1}, background: false, working_directory: x, no_output_timeout: 1.5h, when: always, max_auto_reruns: 2, auto_rerun_delay: 90s, secrets: [A]}\n- deploy: {command: x, when: on_fail}\n- deploy: x`), []],
  ['a bare name', steps(`- run\n- deploy`), [
    '7:9 jobs.build.steps[0]: required key [command] not found. Write `- run: COMMAND`.',
    '8:9 jobs.build.steps[1]: required key [command] not found. Write `- deploy:` with it.',
  ]],
  ['null', steps(`- run:`), ['7:9 jobs.build.steps[0].run: must be a text or a map, is empty. Write it, or remove the key.']],
  ['a list', steps(`- run: [a]`), ['7:14 jobs.build.steps[0].run: must be a text or a map, is a list. Write one of them.']],
  ['no command', steps(`- run: {name: x}`), ['7:9 jobs.build.steps[0].run: required key [command] not found. Add it.']],
  ['a blank command', steps(`- run: " "\n- run: {command: ""}`), [
    '7:14 jobs.build.steps[0].run: required key [command] is empty. Write the command, or remove the step.',
    '8:24 jobs.build.steps[1].run.command: required key [command] is empty. Write the command, or remove the step.',
  ]],
  ['an unknown key', steps(`- run: {command: x, desription: x, nmae: y}`), [
    `7:27 jobs.build.steps[0].run.desription: extraneous key [desription] is not permitted. Permitted keys: ${runKeys}.`,
    `7:42 jobs.build.steps[0].run.nmae: extraneous key [nmae] is not permitted. Did you mean \`name\`? Permitted keys: ${runKeys}.`,
  ]],
  ['a when of nobody', steps(`- run: {command: x, when: sometimes}`), ['7:33 jobs.build.steps[0].run.when: Invalid when condition: expected on_success, always, on_fail; got sometimes. Write one of them.']],
  ['background in quotes', steps(`- run: {command: x, background: "yes"}`), ['7:39 jobs.build.steps[0].run.background: background must be a boolean, is "yes". Write true or false, without quotes.']],
  ['a time without a unit', steps(`- run: {command: x, no_output_timeout: 10}\n- run: {command: x, no_output_timeout: 10min}\n- run: {command: x, no_output_timeout: 0}`), [
    '8:46 jobs.build.steps[1].run.no_output_timeout: must be a duration such as 30s, 10m or 1.5h, at most 720h, is "10min". Write the number and its unit.',
    '9:46 jobs.build.steps[2].run.no_output_timeout: must be a duration such as 30s, 10m or 1.5h, at most 720h, is 0. Write the number and its unit.',
  ]],
  ['reruns', steps(`- run: {command: x, max_auto_reruns: 6}\n- run: {command: x, max_auto_reruns: "2"}\n- run: {command: x, max_auto_reruns: 0}`), [
    '7:44 jobs.build.steps[0].run.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is 6. Write such a number, or remove the key.',
    '8:44 jobs.build.steps[1].run.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is "2". Write such a number, or remove the key.',
    '9:44 jobs.build.steps[2].run.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is 0. Write such a number, or remove the key.',
  ]],
  ['a delay alone', steps(`- run: {command: x, auto_rerun_delay: 5m}`), ['7:27 jobs.build.steps[0].run.auto_rerun_delay: auto_rerun_delay needs max_auto_reruns. Add it, or remove the delay.']],
  ['a delay of the wrong form, or too long', steps(`- run: {command: x, max_auto_reruns: 1, auto_rerun_delay: 11m}\n- run: {command: x, max_auto_reruns: 1, auto_rerun_delay: 601s}`), [
    '7:65 jobs.build.steps[0].run.auto_rerun_delay: auto_rerun_delay must be seconds or up to ten minutes such as 30s or 5m, at most 10m, is "11m". Write the number and its unit.',
    '8:65 jobs.build.steps[1].run.auto_rerun_delay: auto_rerun_delay must be seconds or up to ten minutes such as 30s or 5m, at most 10m, is "601s". Write the number and its unit.',
  ]],
  ['reruns in the background', steps(`- run: {command: x, max_auto_reruns: 1, background: true}`), ['7:27 jobs.build.steps[0].run.max_auto_reruns: max_auto_reruns cannot be used with background: true. Remove one of the two.'], 'editors cannot say this'],
  ['templates may become anything', steps(`- run: {command: << x >>, background: << y >>, when: a << z >>, max_auto_reruns: << n >>, environment: << e >>}`), []],
  ['an escaped template is text', steps(`- run: {command: x, background: "\\\\<< y >>"}`), ['7:39 jobs.build.steps[0].run.background: background must be a boolean, is "\\\\<< y >>". Write true or false, without quotes.']],
]);

table('2.1 §8 steps: checkout', [
  ['every key', steps(`- checkout\n- checkout: {path: x, name: y, method: shallow, depth: 1}\n- checkout: {path: .nan, method: full, repositories: [a/b]}\n- checkout: {}`), []],
  ['null', steps(`- checkout:`), []],
  ['a method of nobody', steps(`- checkout: {method: deep}`), ['7:28 jobs.build.steps[0].checkout.method: Unsupported checkout method, allowed methods are "blobless", "shallow", and "full", is "deep". Write one of them.']],
  ['shallow without a depth', steps(`- checkout: {method: shallow}`), ['7:9 jobs.build.steps[0].checkout: required key [depth] not found. A shallow checkout needs it; add for example `depth: 1`.']],
  ['a depth of nothing', steps(`- checkout: {method: shallow, depth: 0}`), ['7:44 jobs.build.steps[0].checkout.depth: depth must be a positive integer, is 0. Write how many commits to fetch.']],
  ['a depth without a shallow method', steps(`- checkout: {depth: 1}\n- checkout: {depth: 1, method: full}`), [
    '7:20 jobs.build.steps[0].checkout.depth: depth is for `method: shallow` alone. Remove it, or write that method.',
    '8:20 jobs.build.steps[1].checkout.depth: depth is for `method: shallow` alone. Remove it, or write that method.',
  ], 'editors cannot say this'],
  ['a repository without an owner', steps(`- checkout: {repositories: [a]}`), ['7:35 jobs.build.steps[0].checkout.repositories[0]: a repository is written OWNER/NAME, this is "a". Correct it.']],
  ['an unknown key', steps(`- checkout: {submodules: true}`), ['7:20 warning: jobs.build.steps[0].checkout.submodules: extraneous key [submodules] is not permitted. It is ignored; remove it. Permitted keys: name, when, path, method, depth, repositories.']],
]);

table('2.1 §8 steps: caches', [
  ['every key', steps(`- save_cache: {key: 1.5, paths: [a, 1], name: x, when: always, cache_mount: false}\n- restore_cache: {key: x, keys: [y, z], name: n, when: always, cache_mount: true}\n- restore_cache: {keys: [x]}`), []],
  ['bare names', steps(`- save_cache\n- restore_cache`), [
    '7:9 jobs.build.steps[0]: required key [key] not found. Write `- save_cache:` with it.',
    '8:9 jobs.build.steps[1]: required key [key] not found. Write `- restore_cache:` with it.',
  ]],
  ['save: nothing', steps(`- save_cache: {}`), [
    '7:9 jobs.build.steps[0].save_cache: required key [key] not found. Add it.',
    '7:9 jobs.build.steps[0].save_cache: required key [paths] not found. Add it.',
  ]],
  ['save: no paths', steps(`- save_cache: {key: x, paths: []}`), ['7:37 jobs.build.steps[0].save_cache.paths: must have at least one entry. Add one.']],
  ['save: paths that are one text', steps(`- save_cache: {key: x, paths: y}`), []],
  ['restore: keys that are one text', steps(`- restore_cache: {keys: x}`), []],
  ['save: a long key', steps(`- save_cache: {key: ${"k".repeat(901)}, paths: [y]}`), ['7:27 jobs.build.steps[0].save_cache.key: the key of a cache has at most 900 characters, this has 901. Shorten it.']],
  ['save: an unknown key', steps(`- save_cache: {key: x, paths: [y], path: z}`), ['7:42 warning: jobs.build.steps[0].save_cache.path: extraneous key [path] is not permitted. It is ignored; remove it. Did you mean `paths`? Permitted keys: name, when, key, paths, cache_mount.']],
  ['restore: no key', steps(`- restore_cache: {name: x}`), ['7:9 jobs.build.steps[0].restore_cache: required key [key] or [keys] not found. Add it.']],
  ['restore: no keys', steps(`- restore_cache: {keys: []}`), ['7:31 jobs.build.steps[0].restore_cache.keys: must have at least one entry. Add one.']],
  ['restore: the original passes over what it does not know', steps(`- restore_cache: {key: x, paths: [y]}`), ['7:33 warning: jobs.build.steps[0].restore_cache.paths: extraneous key [paths] is not permitted. It is ignored; remove it. Permitted keys: name, when, key, keys, cache_mount.']],
  ['several steps at once', steps(`- save_cache: {paths: [x]}\n- store_artifacts: {}\n- run: {}`), [
    '7:9 jobs.build.steps[0].save_cache: required key [key] not found. Add it.',
    '8:9 jobs.build.steps[1].store_artifacts: required key [path] not found. Add it.',
    '9:9 jobs.build.steps[2].run: required key [command] not found. Add it.',
  ]],
]);

table('2.1 §8 steps: artifacts, test results and workspaces', [
  ['a single path', steps(`- persist_to_workspace: {root: ., path: x}`), []],
  ['every key', steps(`- store_artifacts: {path: x, destination: y, name: z, when: always}\n- store_test_results: {path: x, name: y, when: always}\n- persist_to_workspace: {root: ., paths: [x], name: y}\n- persist_to_workspace: {root: .nan, paths: x}\n- attach_workspace: {at: .nan, name: x}`), []],
  ['nothing', steps(`- store_artifacts: {}\n- store_test_results: {}\n- persist_to_workspace: {}\n- attach_workspace: {}`), [
    '7:9 jobs.build.steps[0].store_artifacts: required key [path] not found. Add it.',
    '8:9 jobs.build.steps[1].store_test_results: required key [path] not found. Add it.',
    '9:9 jobs.build.steps[2].persist_to_workspace: required key [root] not found. Add it.',
    '9:9 jobs.build.steps[2].persist_to_workspace: required key [paths] not found. Add it.',
    '10:9 jobs.build.steps[3].attach_workspace: required key [at] not found. Add it.',
  ]],
  ['bare names', steps(`- store_artifacts\n- store_test_results\n- persist_to_workspace\n- attach_workspace`), [
    '7:9 jobs.build.steps[0]: required key [path] not found. Write `- store_artifacts:` with it.',
    '8:9 jobs.build.steps[1]: required key [path] not found. Write `- store_test_results:` with it.',
    '9:9 jobs.build.steps[2]: required key [root] not found. Write `- persist_to_workspace:` with it.',
    '10:9 jobs.build.steps[3]: required key [at] not found. Write `- attach_workspace:` with it.',
  ]],
  ['unknown keys', steps(`- store_artifacts: {path: x, paths: y}\n- attach_workspace: {at: x, if: y}`), [
    '7:36 warning: jobs.build.steps[0].store_artifacts.paths: extraneous key [paths] is not permitted. It is ignored; remove it. Did you mean `path`? Permitted keys: name, when, path, destination.',
    '8:35 warning: jobs.build.steps[1].attach_workspace.if: extraneous key [if] is not permitted. It is ignored; remove it. Permitted keys: name, when, at.',
  ]],
]);

table('2.1 §8 steps: others', [
  ['every key', steps(`- setup_remote_docker\n- add_ssh_keys\n- add_ssh_keys: {fingerprints: ["a:b"], name: x}\n- install_signing_bundle\n- when\n- unless\n- steps: << parameters.x >>\n- steps: [checkout]`), []],
  ['setup_remote_docker', steps(`- setup_remote_docker: {version: 20.10, docker_layer_caching: true, prefer_same_region: false}\n- setup_remote_docker: {docker_layer_caching: 1, verison: x}`), [
    '8:53 jobs.build.steps[1].setup_remote_docker.docker_layer_caching: docker_layer_caching must be a boolean, is 1. Write true or false, without quotes.',
    '8:56 warning: jobs.build.steps[1].setup_remote_docker.verison: extraneous key [verison] is not permitted. It is ignored; remove it. Did you mean `version`? Permitted keys: name, when, version, docker_layer_caching, prefer_same_region.',
  ]],
  ['fingerprints that are one text', steps(`- add_ssh_keys: {fingerprints: "a:b"}`), []],
  ['when and unless', steps(`- when: {condition: x, steps: []}\n- unless: {condition: x, steps: {run: x}, name: y}`), []],
  ['when without its parts', steps(`- when: {}\n- unless: {condition: x}`), [
    '7:9 jobs.build.steps[0].when: required key [condition] not found. Add it.',
    '7:9 jobs.build.steps[0].when: required key [steps] not found. Add it.',
    '8:9 jobs.build.steps[1].unless: required key [steps] not found. Add it.',
  ]],
  ['faults inside when', steps(`- when:\n    condition: x\n    steps:\n      - run: {}\n      - unless: {condition: y, steps: [5]}`), [
    '10:15 jobs.build.steps[0].when.steps[0].run: required key [command] not found. Add it.',
    '11:46 jobs.build.steps[0].when.steps[1].unless.steps[0]: a step must be a name or a map, is 5. Write for example `- run: COMMAND`.',
  ]],
]);

table('2.1 §9 workflows', [
  ['every option', workflowWith(`- a\n- n/b\n- a: {requires: [b, c: failed, d: [success, canceled], << x >>], name: x, context: [p, q], filters: {branches: {only: [main], ignore: /x/}, tags: {only: }}, matrix: {parameters: {v: [1], w: x}, exclude: [{v: 1}], alias: m}, pre-steps: [checkout, run: x, greet: ], post-steps: [n/m], serial-group: g, override-with: o/j, any: {thing: 1}}\n- hold: {type: approval}\n- b: {requires: , context: [], filters: , matrix: , pre-steps: , post-steps: , serial-group: }\n- c:\n- d: {requires: a, context: x, filters: pipeline.git.branch == "main"}`), []],
  ['every key', `${workflowWith(`- a`)}    when: {equal: [a, b]}\n    max_auto_reruns: 2\n    description: x\n    auto_cancel: false\n    triggers: [{schedule: {cron: "0 0 * * *", filters: {branches: {only: main}}}}]\n`, []],
  ['an unknown key', `${workflowWith(`- a`)}    job: [b]\n`, ['6:5 workflows.w.job: extraneous key [job] is not permitted. Did you mean `jobs`? Permitted keys: jobs, triggers, description, max_auto_reruns, auto_cancel, when, unless.']],
  ['no jobs', `${jobWith(ok)}workflows:\n  w: {}\n`, ['8:3 workflows.w: required key [jobs] not found. Add it.']],
  ['both when and unless', `${workflowWith(`- a`)}    when: true\n    unless: false\n`, ['7:5 workflows.w.unless: a workflow has when or unless, not both. Remove one; `not:` turns a condition round.']],
  ['reruns', `${workflowWith(`- a`)}    max_auto_reruns: 9\n`, ['6:22 workflows.w.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is 9. Write such a number, or remove the key.']],
  ['auto_cancel in quotes', `${workflowWith(`- a`)}    auto_cancel: "no"\n`, ['6:18 workflows.w.auto_cancel: auto_cancel must be a boolean, is "no". Write true or false, without quotes.']],
  ['a trigger without a schedule', `${workflowWith(`- a`)}    triggers: [{cron: x}]\n`, [
    '6:16 workflows.w.triggers[0]: required key [schedule] not found. Add it.',
    '6:17 workflows.w.triggers[0].cron: extraneous key [cron] is not permitted. Permitted keys: schedule.',
  ]],
  ['a schedule without its parts', `${workflowWith(`- a`)}    triggers: [{schedule: {}}]\n`, [
    '6:17 workflows.w.triggers[0].schedule: required key [cron] not found. Add it.',
    '6:17 workflows.w.triggers[0].schedule: required key [filters] not found. Add it.',
  ]],
  ['a workflow that is a list', `${jobWith(ok)}workflows: {w: [build]}\n`, ['7:16 workflows.w: must be a map, is a list. Write its keys, indented, below.']],
  ['a job that is a list', workflowWith(`- [a]`), ['5:9 workflows.w.jobs[0]: must be the name of a job, or a map of its name and options, is a list. Correct it.']],
  ['an empty job', workflowWith(`- {}`), ['5:9 workflows.w.jobs[0]: must be the name of a job, or a map of its name and options, is empty. Correct it.']],
  ['options beside the job', workflowWith(`- a:\n  requires: [b]`), [
    '6:9 workflows.w.jobs[0].requires: a job in a workflow has exactly one key, its name; this has more. Indent its options deeper than the name.', '6:19 workflows.w.jobs[0].requires: must be a map, is a list. Write its keys, indented, below.',
  ]],
  ['a map beside the job, which the original passes over', workflowWith(`- a:\n  filters: {branches: {only: main}}`), ["6:9 warning: workflows.w.jobs[0].filters: filters stands beside the job's name, not below it, and is ignored. Indent it deeper than the name, or remove it."], 'editors cannot say this'],
  ['options beside a job that has others', workflowWith(`- a: {context: c}\n  filters: {}`), ['6:9 workflows.w.jobs[0].filters: a job in a workflow has exactly one key, its name; this has more. Indent its options deeper than the name.']],
  ['options that are a list', workflowWith(`- a: [b]`), ['5:12 workflows.w.jobs[0].a: must be a map, is a list. Write its keys, indented, below.']],
]);

table('2.1 §9 invocations', [
  ['a type other than approval', workflowWith(`- a: {type: no-op}`), ['5:19 workflows.w.jobs[0].a.type: the type of a job in a workflow can only be approval, this is "no-op". Write it into the definition of the job.']],
  ['a status of nobody', workflowWith(`- a: {requires: [b: sucess]}\n- a: {requires: [b: []]}\n- a: {requires: [[b]]}\n- a: {requires: {b: success}}`), [
    '5:27 workflows.w.jobs[0].a.requires[0].b: must be a status or a list of them, is "sucess". Write for example `[success, failed]`.',
    '6:27 workflows.w.jobs[1].a.requires[0].b: must have at least one entry. Add one.',
    '7:24 workflows.w.jobs[2].a.requires[0]: a required job is a name, or a map of name and status, this is a list. Correct it.',
    '8:23 workflows.w.jobs[3].a.requires: must be a list of jobs, is a map. Write each after "- " on a line of its own.',
  ]],
  ['a context that is a map', workflowWith(`- a: {context: {b: c}}`), ['5:22 workflows.w.jobs[0].a.context: must be the name of a context or a list of them, is a map. Correct it.']],
  ['filters of the wrong form', workflowWith(`- a: {filters: {branches: main}}\n- a: {filters: {branches: {olny: main}}}\n- a: {filters: [main]}\n- a: {filters: {branches: {only: {a: b}}}}`), [
    '5:33 workflows.w.jobs[0].a.filters.branches: must be a map, is "main". Write its keys, indented, below.',
    '6:34 workflows.w.jobs[1].a.filters.branches.olny: extraneous key [olny] is not permitted. Did you mean `only`? Permitted keys: only, ignore.',
    '7:22 workflows.w.jobs[2].a.filters: must be a text or a map, is a list. Write one of them.',
    '8:40 workflows.w.jobs[3].a.filters.branches.only: must be a name or a list of names, is a map. Write names, or /patterns/ between slashes.',
  ]],
  ['filters on what is neither branch nor tag', workflowWith(`- a: {filters: {pull_requests: {only: x}}}`), ['5:23 warning: workflows.w.jobs[0].a.filters.pull_requests: extraneous key [pull_requests] is not permitted. It is ignored; remove it. Permitted keys: branches, tags.']],
  ['a matrix of the wrong form', workflowWith(`- a: {matrix: {}}\n- a: {matrix: {parameters: [a]}}\n- a: {matrix: {parameters: {}, exclude: {a: b}}}\n- a: {matrix: {parameters: {}, params: {}}}`), [
    '5:13 workflows.w.jobs[0].a.matrix: required key [parameters] not found. Add it.',
    '6:34 workflows.w.jobs[1].a.matrix.parameters: must be a map, is a list. Write its keys, indented, below.',
    '7:47 workflows.w.jobs[2].a.matrix.exclude: must be a list, is a map. Write each entry after "- " on a line of its own.',
    '8:38 workflows.w.jobs[3].a.matrix.params: extraneous key [params] is not permitted. Permitted keys: parameters, exclude, alias.',
  ]],
  ['steps of the wrong form', workflowWith(`- a: {pre-steps: [run: {}], post-steps: checkout}`), [
    '5:25 workflows.w.jobs[0].a.pre-steps[0].run: required key [command] not found. Add it.',
    '5:47 workflows.w.jobs[0].a.post-steps: must be a list, is "checkout". Write each entry after "- " on a line of its own.',
  ]],
  ['a bare call with a colon', workflowWith(`- a: {pre-steps: [checkout: , run: ]}`), []],
  ['a blank group', workflowWith(`- a: {serial-group: " "}`), ['5:27 workflows.w.jobs[0].a.serial-group: must not be blank. Write a key, or remove it.']],
  ['an override that is no job of an orb', workflowWith(`- a: {override-with: job}`), ['5:28 workflows.w.jobs[0].a.override-with: must be the job of an orb such as ORB/JOB, is "job". Correct it.']],
]);

table('2.1 §10 job types', [
  ['each with what it needs', `version: 2.1\njobs:\n  a: {type: no-op}\n  b: {type: approval}\n  c: {type: release, plan_name: x}\n  d: {type: lock, key: x}\n  e: {type: unlock, key: << pipeline.number >>}\n`, []],
  ['without what they need', `version: 2.1\njobs:\n  c: {type: release}\n  d: {type: lock}\n  e: {type: unlock}\n`, [
    '3:3 jobs.c: required key [plan_name] not found. Add it.',
    '4:3 jobs.d: required key [key] not found. Add it.',
    '5:3 jobs.e: required key [key] not found. Add it.',
  ]],
]);

table('2.1 §11 job groups', [
  ['a group', `${workflowWith(`- g`)}job-groups: {g: {jobs: [a, b: {requires: [a]}]}}\n`, []],
  ['no jobs', `${workflowWith(`- g`)}job-groups: {g: {}}\n`, ['6:14 job-groups.g: required key [jobs] not found. Add it.']],
  ['parameters', `${workflowWith(`- g`)}job-groups: {g: {jobs: [a], parameters: {}}}\n`, ['6:29 job-groups.g.parameters: extraneous key [parameters] is not permitted. Permitted keys: jobs, description.']],
]);

table('2.1 §15 inline orbs', [
  ['with commands in place of built-in steps', `${jobWith(ok)}orbs:\n  a: {commands: {run: {steps: [checkout]}, b: {steps: [run: {to: x}]}}}\n`, [], 'editors cannot say this'],
  ['an empty one, extra keys, one in another', `${jobWith(ok)}orbs:\n  slack: {}\n  a: {version: "2.1", name: x, description: y, display: {home_url: z}, base: {a: 1}, commands: {b: {steps: [checkout]}}, orbs: {c: {jobs: {d: {machine: true, steps: [checkout]}}}}}\n`, []],
  ['is judged as the file is', `${jobWith(ok)}orbs:\n  a:\n    commands: {b: {steps: [run: {command: x, description: y}]}}\n    jobs: {c: {steps: [checkout]}}\n    executors: {d: {steps: []}}\n`, [
    `9:46 orbs.a.commands.b.steps[0].run.description: extraneous key [description] is not permitted. Permitted keys: ${runKeys}.`,
    '10:12 orbs.a.jobs.c: a job needs docker, machine, macos or executor, this has none of them. Add for example docker with an image.',
    '11:21 orbs.a.executors.d.steps: an executor has no steps. Write them into a command or a job.',
  ]],
]);

table('2.1 §19 typed keys', [
  ['parallelism', jobWith(`parallelism: "3"\n${ok}`), ['6:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is "3". Write the number without quotes.']],
  ['parallelism of a half', jobWith(`parallelism: 1.5\n${ok}`), ['6:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is 1.5. Write the number without quotes.']],
  ['no parallelism', jobWith(`parallelism: 0\n${ok}`), ['6:18 jobs.build.parallelism: parallelism must be a positive integer, is 0. Remove it for a single container.']],
  ['too much parallelism', jobWith(`parallelism: 100000\n${ok}`), ['6:18 jobs.build.parallelism: parallelism must be at most 1000, is 100000. Write a smaller number.']],
  ['a template for parallelism', jobWith(`parallelism: << parameters.x >>\n${ok}`), []],
  ['IP ranges', jobWith(`circleci_ip_ranges: "yes"\n${ok}`), ['6:25 jobs.build.circleci_ip_ranges: circleci_ip_ranges must be a boolean, is "yes". Write true or false, without quotes.']],
]);
