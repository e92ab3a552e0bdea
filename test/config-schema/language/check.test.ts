import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkInvocation } from '../../../config-schema/language/check.ts';
import { jobWith, problemsOf, problemsOfFile, problemsOfJobs, problemsOfOrb, steps } from './checking.ts';

const ok = 'steps: [checkout]';

function table(name: string, judge: (text: string) => string[], rows: [string, string, string[]][]): void {
  suite(name, () => {
    for (const [row, text, expected] of rows) test(row, () => assert.deepEqual(judge(text), expected));
  });
}

table('2.1 §19 processed jobs', (text) => problemsOfJobs(text), [
  ['what the original prints', jobWith('shell: sh\nenvironment:\n  - A: 1\n  - B: x\nsteps:\n  - checkout\n  - run: {command: x, name: y, environment: {A: 1}}\n  - setup_remote_docker: {version: 20.10}\n  - persist_to_workspace: {root: .nan, paths: [.nan]}'), []],
  ['parallelism', jobWith(`parallelism: "3"\n${ok}`), ['6:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is "3". Write the number without quotes.']],
  ['less than one', jobWith(`parallelism: -1\n${ok}`), ['6:18 jobs.build.parallelism: parallelism must be a positive integer, is -1. Remove it for a single container.']],
  ['IP ranges', jobWith(`circleci_ip_ranges: 1\n${ok}`), ['6:25 jobs.build.circleci_ip_ranges: circleci_ip_ranges must be a boolean, is 1. Write true or false, without quotes.']],
  ['reruns, when, method', steps('- run: {command: x, max_auto_reruns: 7}\n- run: {command: x, when: never}\n- checkout: {method: partial}'), [
    '7:44 jobs.build.steps[0].run.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is 7. Write such a number, or remove the key.',
    '8:33 jobs.build.steps[1].run.when: Invalid when condition: expected on_success, always, on_fail; got never. Write one of them.',
    '9:28 jobs.build.steps[2].checkout.method: Unsupported checkout method, allowed methods are "blobless", "shallow", and "full", is "partial". Write one of them.',
  ]],
  ['what looks like a template is text by now', jobWith(`parallelism: << parameters.x >>\n${ok}`), ['6:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is "<< parameters.x >>". Write the number without quotes.']],
  ['docker twice', steps('- setup_remote_docker\n- checkout\n- setup_remote_docker: {version: x}\n- setup_remote_docker'), ['9:9 jobs.build.steps[2].setup_remote_docker: More than one setup_remote_docker is not valid, please adjust in job build. Remove all but one of these steps.']],
  ['nowhere to run', 'jobs: {a: {steps: [checkout]}}\n', ['1:11 jobs.a: a job needs docker, machine or macos, this has none of them. Add for example docker with an image.']],
  ['two places to run', jobWith(`macos: {xcode: 1}\n${ok}`), ['6:5 jobs.build.macos: only one of docker, machine, macos may be there, this has docker and macos. Remove one.']],
  ['types that run nothing', 'jobs: {a: {type: no-op}, b: {type: lock, key: x}, c: {type: approval}}\n', []],
  ['no step is left', jobWith('steps: []'), ['6:12 jobs.build.steps: must have at least one entry. Add one.']],
  ['steps that are not built in', steps('- greet\n- rnu: x\n- when: {condition: true, steps: []}'), [
    '7:9 jobs.build.steps[0]: Cannot find a definition for command named greet. Steps are run, checkout, setup_remote_docker, save_cache, restore_cache, store_artifacts, store_test_results, persist_to_workspace, attach_workspace, add_ssh_keys, deploy, install_signing_bundle.',
    '8:9 jobs.build.steps[1].rnu: Cannot find a definition for command named rnu. Did you mean `run`? Steps are run, checkout, setup_remote_docker, save_cache, restore_cache, store_artifacts, store_test_results, persist_to_workspace, attach_workspace, add_ssh_keys, deploy, install_signing_bundle.',
    '9:9 jobs.build.steps[2].when: Cannot find a definition for command named when. Steps are run, checkout, setup_remote_docker, save_cache, restore_cache, store_artifacts, store_test_results, persist_to_workspace, attach_workspace, add_ssh_keys, deploy, install_signing_bundle.',
  ]],
  ['a key too many in a step of the user', steps('- run: {command: x, description: y}'), ['7:27 jobs.build.steps[0].run.description: extraneous key [description] is not permitted. Permitted keys: command, name, environment, when, no_output_timeout, background, working_directory, shell, max_auto_reruns, auto_rerun_delay, secrets.']],
]);

test("2.1 §15.1 a key too many in a step of an orb's job is a warning", () => {
  const permitted = 'command, name, environment, when, no_output_timeout, background, working_directory, shell, max_auto_reruns, auto_rerun_delay, secrets';
  assert.deepEqual(problemsOfJobs(steps('- run: {command: x, description: y}\n- run: {name: y}'), 'orb'), [
    `7:27 warning: jobs.build.steps[0].run.description: extraneous key [description] is not permitted. It is ignored; remove it. Permitted keys: ${permitted}.`,
    '8:9 jobs.build.steps[1].run: required key [command] not found. Add it.',
  ]);
});

table('2.1 §15 orbs', problemsOfOrb, [
  ['an empty one', '{}\n', []],
  ['names as they come', 'version: "2.1"\nbase-shell: &x sh\ncommands:\n  SAY: {parameters: {configUri: {type: string}, SEARCH_QUERY: {type: boolean}}, steps: [checkout]}\njobs:\n  run: {machine: true, steps: [SAY: {configUri: x}]}\nexamples: {a: {wrong: true}}\n', []],
  ['a key too many in a step', 'commands:\n  a: {steps: [run: {command: x, cache_key: y}, when: {condition: x, steps: [save_cache: {key: x, paths: [y], z: 1}]}]}\n', [
    '2:33 warning: commands.a.steps[0].run.cache_key: extraneous key [cache_key] is not permitted. It is ignored; remove it. Permitted keys: command, name, environment, when, no_output_timeout, background, working_directory, shell, max_auto_reruns, auto_rerun_delay, secrets.',
    '2:110 warning: commands.a.steps[1].when.steps[0].save_cache.z: extraneous key [z] is not permitted. It is ignored; remove it. Permitted keys: name, when, key, paths, cache_mount.',
  ]],
  ['one step without its list', 'commands:\n  a: {steps: [when: {condition: x, steps: {run: {command: x, y: z}}}]}\n', [
    '2:62 warning: commands.a.steps[0].when.steps.run.y: extraneous key [y] is not permitted. It is ignored; remove it. Permitted keys: command, name, environment, when, no_output_timeout, background, working_directory, shell, max_auto_reruns, auto_rerun_delay, secrets.',
  ]],
  ['a key too many elsewhere is an error', 'jobs:\n  a: {machine: true, stpes: [], steps: [checkout]}\n', [
    '2:22 jobs.a.stpes: extraneous key [stpes] is not permitted. Did you mean `steps`? Permitted keys: docker, machine, macos, environment, working_directory, shell, resource_class, executor, steps, parameters, type, parallelism, circleci_ip_ranges, retention, description, branches, plan_name, validation, key, timeout, no_retry, secrets, egress.',
  ]],
  ['what orbs do not have is passed over', 'workflows: 1\nparameters: 2\njob-groups: 3\n', []],
]);

const keys20 = 'docker, machine, macos, environment, working_directory, shell, resource_class, steps, type, parallelism, circleci_ip_ranges, retention, description, branches, plan_name, validation, key, timeout, no_retry, secrets, egress';

table('2.0 the file', problemsOfFile, [
  ['a template is text', jobWith(`parallelism: << x >>\nsteps: [run: echo << x]`, '2'), ['6:18 jobs.build.parallelism: parallelism must be an integer or an expression evaluating to an integer, is "<< x >>". Write the number without quotes.']],
  ['the keys of 2.1 hold anchors', `${jobWith(ok, '2.0')}orbs: 1\ncommands: 2\nexecutors: 3\nparameters: 4\njob-groups: 5\n`, []],
  ['parameters of a job', jobWith(`parameters: {}\n${ok}`, '2'), [`6:5 jobs.build.parameters: extraneous key [parameters] is not permitted. Permitted keys: ${keys20}.`]],
  ['no commands', steps('- greet', '2'), ['7:9 jobs.build.steps[0]: Cannot find a definition for command named greet. Steps are run, checkout, setup_remote_docker, save_cache, restore_cache, store_artifacts, store_test_results, persist_to_workspace, attach_workspace, add_ssh_keys, deploy, install_signing_bundle.']],
  ['a condition of a workflow', `${jobWith(ok, '2')}workflows: {version: 2, w: {jobs: [build], when: true}}\n`, ['7:44 workflows.w.when: extraneous key [when] is not permitted. Permitted keys: jobs, triggers, description, max_auto_reruns, auto_cancel.']],
]);

test('2.1 §9 invocations are judged again once they are rendered', () => {
  const judge = (text: string): string[] => problemsOf(text, (root, problems) => checkInvocation(root, problems));
  assert.deepEqual(judge('requires: [a: << x >>]\nany: {argument: 1}\n'), ['1:15 requires[0].a: must be a status or a list of them, is "<< x >>". Write for example `[success, failed]`.']);
  assert.deepEqual(judge('requires: [a: failed]\nfilters: {branches: {only: x}}\ncontext: [a]\n'), []);
});

test('a file that is nothing but faults, with aliases up to the limit, is judged soon, and each fault is said once', () => {
  const jobs = Array.from({ length: 200 }, (_, at) => `  j${at}: {docker: [{image: x}], steps: *x}\n`).join('');
  const text = `version: 2.1\nx: &x [${'{run: {}}, '.repeat(400)}]\njobs:\n${jobs}`;
  const before = performance.now();
  const found = problemsOfFile(text);
  assert.equal(found.length, 400);
  assert.ok(performance.now() - before < 5000);
});
