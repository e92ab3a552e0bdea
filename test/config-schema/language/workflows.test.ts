import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import type { PlanWorkflow } from '../../../config-schema/plan.ts';
import { commandOf, file, graphOf, indent, printedOf, problemsOf, processedOf, withJobs } from './processing.ts';

const w = (text: string): unknown[] => printedOf(text).workflows['w']!.jobs;

/** Its lines begin at line 10, column 5. */
const withKeys = (lines: string): string => file(`workflows:
  w:
${indent(lines, 4)}
`);

suite('2.1 §9 workflows: their keys', () => {
  test('jobs', () => assert.deepEqual(w(withKeys('jobs: [a, b]')), ['a', 'b']));
  test('the version that the original prints', () => assert.equal(printedOf(withKeys('jobs: [a]')).workflows['version'], 2));
  test('version: 2 is not a workflow', () => assert.deepEqual(Object.keys(printedOf(file('workflows: {version: 2, w: {jobs: [a]}}')).workflows), ['version', 'w']));
  test('a description is for people', () => assert.deepEqual(printedOf(withKeys('description: words\njobs: [a]')).workflows['w'], { jobs: ['a'] }));
  test('max_auto_reruns', () => {
    assert.deepEqual(printedOf(withKeys('max_auto_reruns: 3\njobs: [a]')).workflows['w'], { jobs: ['a'], max_auto_reruns: 3 });
    assert.equal(processedOf(withKeys('jobs: [a]')).workflows[0]!.maxAutoReruns, 0);
  });
  test('auto_cancel', () => {
    const autoCancel = (lines: string): boolean => processedOf(withKeys(`${lines}jobs: [a]`)).workflows[0]!.autoCancel;
    assert.deepEqual([autoCancel(''), autoCancel('auto_cancel: true\n'), autoCancel('auto_cancel: false\n')], [true, true, false]);
  });

  const conditions: [what: string, lines: string, isOn: boolean][] = [
    ['when it holds', 'when: pipeline.git.branch == "main"', true],
    ['when it does not', 'when: pipeline.git.branch == "other"', false],
    ['unless it holds', 'unless: {equal: [main, << pipeline.git.branch >>]}', false],
    ['unless it does not', 'unless: {equal: [other, << pipeline.git.branch >>]}', true],
  ];
  for (const [what, lines, isOn] of conditions) test(`when and unless: ${what}`, () => assert.deepEqual(Object.keys(printedOf(withKeys(`${lines}\njobs: [a]`)).workflows), isOn ? ['version', 'w'] : ['version']));
  test('what is wrong in a workflow that is off is never seen', () => assert.deepEqual(problemsOf(withKeys('when: false\njobs: [gone: {requires: [nobody]}]')), []));

  const rows: [what: string, lines: string, ...problems: string[]][] = [
    ['no jobs', 'when: true', '9:3 workflows.w: required key [jobs] not found. Add it.'],
    ['an empty list of jobs is left out, with a warning', 'jobs: []', '10:11 warning: workflows.w.jobs: the workflow has no jobs. It is left out; remove it, or give it a job.'],
    ['when and unless', 'when: true\nunless: false\njobs: [a]', '11:5 workflows.w.unless: a workflow has when or unless, not both. Remove one; `not:` turns a condition round.'],
    ['reruns without end', 'max_auto_reruns: 6\njobs: [a]', '10:22 workflows.w.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is 6. Write such a number, or remove the key.'],
    ['no reruns', 'max_auto_reruns: 0\njobs: [a]', '10:22 workflows.w.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is 0. Write such a number, or remove the key.'],
    ['reruns as a text', 'max_auto_reruns: "2"\njobs: [a]', '10:22 workflows.w.max_auto_reruns: max_auto_reruns must be an integer between 1 and 5, is "2". Write such a number, or remove the key.'],
    ['a key that a workflow does not have', 'context: x\njobs: [a]', '10:5 workflows.w.context: extraneous key [context] is not permitted. Permitted keys: jobs, triggers, description, max_auto_reruns, auto_cancel, when, unless.'],
    ['a job that is not there', 'jobs: [aa]', "10:12 workflows.w.jobs[0]: Cannot find a definition for job named aa. Did you mean `a`? Add it to jobs, or remove it from the workflow. | Error calling workflow: 'w'"],
    ['a command', 'jobs: [o/say]', "10:12 workflows.w.jobs[0]: Cannot find a definition for job named o/say. The orb o has no such job: correct the name, or use another version of the orb. | Error calling workflow: 'w'"],
    ['a job with its options at its own level', 'jobs:\n  - a:\n    requires: [b]\n  - b', '12:9 workflows.w.jobs[0].requires: a job in a workflow has exactly one key, its name; this has more. Indent its options deeper than the name.', '12:19 workflows.w.jobs[0].requires: must be a map, is a list. Write its keys, indented, below.'],
    ['filters at the level of the job', 'jobs:\n  - a:\n    filters: {branches: {only: x}}', "12:9 warning: workflows.w.jobs[0].filters: filters stands beside the job's name, not below it, and is ignored. Indent it deeper than the name, or remove it."],
    ['a job that is a list', 'jobs: [[a]]', '10:12 workflows.w.jobs[0]: must be the name of a job, or a map of its name and options, is a list. Correct it.'],
  ];
  for (const [what, lines, ...problems] of rows) test(what, () => assert.deepEqual(problemsOf(`${withKeys(lines)}orbs: {o: {commands: {say: {steps: [run: echo]}}}}\n`), problems));
});

suite('2.1 §9 jobs in a workflow: their options', () => {
  const rows: [what: string, job: string, printed: unknown][] = [
    ['a name', 'a', 'a'],
    ['a name from a tag', '<< pipeline.parameters.job >>', 'b'],
    ['a job of an orb', 'o/build', 'o/build'],
    ['a map of nothing', 'a: {}', 'a'],
    ['a map of null', 'a:', 'a'],
    ['options that are null are none', 'a: {requires: , name: , context: , type: , filters: , matrix: , pre-steps: , post-steps: , serial-group: , override-with: }', 'a'],
    ['a context', 'a: {context: org}', { a: { context: 'org' } }],
    ['contexts', 'a: {context: [one, two]}', { a: { context: ['one', 'two'] } }],
    ['no contexts', 'a: {context: []}', { a: { context: [] } }],
    ['a context from a tag', 'a: {context: [<< pipeline.parameters.job >>, "x-<< pipeline.git.branch >>"]}', { a: { context: ['b', 'x-main'] } }],
    ['a context from an expression', 'a: {context: << pipeline.git.branch == "main" and "prod" or "dev" >>}', { a: { context: 'prod' } }],
    ['arguments are not printed', 'p: {v: x}', 'p'],
  ];
  for (const [what, job, printed] of rows)
    test(what, () => assert.deepEqual(w(`${withJobs(`- ${job}`)}parameters: {job: {type: string, default: b}}\norbs: {o: {jobs: {build: {docker: [{image: x}], steps: [run: echo]}}}}\n`), [printed]));

  test('contexts in their order; the later wins', () => {
    const contexts = (context: string): string[] => processedOf(withJobs(`- a: {context: ${context}}`)).workflows[0]!.jobs[0]!.contexts;
    assert.deepEqual([contexts('[b, a, 7]'), contexts('one'), contexts('[]'), contexts('')], [['b', 'a', '7'], ['one'], [], []]);
  });

  const faults: [what: string, job: string, ...problems: string[]][] = [
    ['an argument that the job does not have', 'p: {value: x}', "11:13 workflows.w.jobs[0].p.value: Unexpected argument(s): value. Parameters of job p are v. | Error calling workflow: 'w' | Error calling job: 'p'"],
    ['an argument of the wrong type', 'p: {v: 3}', `11:16 workflows.w.jobs[0].p.v: Type error for argument v: expected type: string, actual value: "3" (type integer). Put quotes around it. | Error calling workflow: 'w' | Error calling job: 'p'`],
    ['a parameter of a job, which a workflow does not see', 'p: {v: << parameters.v >>}', `11:16 workflows.w.jobs[0].p.v: Referred to a variable "parameters.v" that does not exist. Parameters are known only in the job, command or executor that declares them: write the value, or a pipeline parameter. | Error calling workflow: 'w' | Error calling job: 'p'`],
    ['a context that is a map', 'a: {context: {name: x}}', '11:22 workflows.w.jobs[0].a.context: must be the name of a context or a list of them, is a map. Correct it.'],
    ['a type that has to be a definition', 'a: {type: no-op}', '11:19 workflows.w.jobs[0].a.type: the type of a job in a workflow can only be approval, this is "no-op". Write it into the definition of the job.'],
    ['a type from a tag', 'a: {type: << pipeline.git.branch >>}', `11:19 workflows.w.jobs[0].a.type: the type of a job in a workflow can only be approval, this is "main". Write it into the definition of the job. | Error calling workflow: 'w'`],
  ];
  for (const [what, job, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withJobs(`- ${job}`)), problems));
});

suite('2.1 §9 type: approval', () => {
  test('needs no definition', () => assert.deepEqual(w(withJobs('- hold: {type: approval}')), [{ hold: { type: 'approval' } }]));
  test('may have a context, filters, requires and a name', () => {
    const { jobs, workflows } = printedOf(withJobs('- a\n- hold: {type: approval, name: wait, requires: [a], context: org, filters: {branches: {only: main}}}\n- b: {requires: [wait]}'));
    assert.deepEqual(workflows['w']!.jobs, ['a', { wait: { requires: ['a'], type: 'approval', context: 'org', filters: { branches: { only: 'main' } } } }, { b: { requires: ['wait'] } }]);
    assert.deepEqual(Object.keys(jobs), ['a', 'b']);
  });
  test('a job of the same name does not run', () => {
    const { jobs, workflows } = printedOf(withJobs('- a: {type: approval}'));
    assert.deepEqual([jobs, workflows['w']!.jobs], [{}, [{ a: { type: 'approval' } }]]);
  });
  test('an expression takes it out, and who waits for nobody else', () => assert.deepEqual(graphOf(withJobs('- hold: {type: approval, filters: "false"}\n- a: {requires: [hold]}\n- b')), ['b']));
  test('what it has no use for is ignored, with a warning', () =>
    assert.deepEqual(problemsOf(withJobs('- hold: {type: approval, v: x, pre-steps: [checkout]}')), [
      `11:32 warning: workflows.w.jobs[0].hold.v: 'v' is not a recognized approval key and is ignored. Remove it. | Error calling workflow: 'w'`,
      `11:38 warning: workflows.w.jobs[0].hold.pre-steps: 'pre-steps' is not a recognized approval key and is ignored. Remove it. | Error calling workflow: 'w'`,
    ]));
});

suite('2.1 §9.4 filters', () => {
  const maps = ['{branches: {only: main}}', '{branches: {ignore: [/dev.*/, x]}, tags: {only: /^v.*/}}', '{branches: {only: [a], ignore: b}}', '{tags: {ignore: /.*/}}', '{branches: }'];
  for (const filters of maps) test(`a map is kept for the branch or tag: ${filters}`, () => assert.deepEqual(JSON.stringify(w(withJobs(`- a: {filters: ${filters}}`))).replaceAll('"', ''), `[{a:{filters:${filters.replaceAll(' ', '').replace(/:}$/, ':null}')}}}]`));

  test('tags in it are filled in', () => assert.deepEqual(w(withJobs('- a: {filters: {branches: {only: << pipeline.git.branch >>}}}')), [{ a: { filters: { branches: { only: 'main' } } } }]));

  const expressions: [filters: string, isOn: boolean][] = [
    ['pipeline.git.branch == "main"', true],
    ['pipeline.git.branch == "dev"', false],
    ['not (pipeline.git.branch starts-with "m")', false],
    ['pipeline.git.branch matches /^m.*/ and pipeline.number > 0', true],
    ['pipeline.git.branch == << pipeline.parameters.quoted >>', true],
    ['<< pipeline.git.branch == "main" >>', true],
    ['<< pipeline.git.branch == "dev" >>', false],
  ];
  for (const [filters, isOn] of expressions)
    test(`an expression is decided: ${filters}`, () => assert.deepEqual(w(`${withJobs(`- a: {filters: '${filters}'}\n- b`)}parameters: {quoted: {type: string, default: '"main"'}}\n`), isOn ? ['a', 'b'] : ['b']));

  test('what it decides is not printed', () => assert.deepEqual(w(withJobs('- a: {filters: "true", context: x}')), [{ a: { context: 'x' } }]));

  const faults: [what: string, filters: string, ...problems: string[]][] = [
    ['a parameter of the job', 'parameters.v == "x"', `12:20 workflows.w.jobs[0].p.filters: Referred to a variable "parameters.v" that does not exist. Parameters are known only in the job, command or executor that declares them: write the value, or a pipeline parameter. | Error calling workflow: 'w'`],
    ['an environment variable', 'CIRCLE_BRANCH == "main"', `12:20 workflows.w.jobs[0].p.filters: Referred to a variable "CIRCLE_BRANCH" that does not exist. Names begin with parameters., pipeline. or matrix.; an environment variable is written $NAME; a << that is meant as text is written \\<<. | Error calling workflow: 'w'`],
    ['what is no expression', 'pipeline.git.branch = "main"', `12:20 workflows.w.jobs[0].p.filters: Invalid filter expression 'pipeline.git.branch = "main"': Incomplete token, expected "==", found "=". Write == to compare. | Error calling workflow: 'w'`],
    ['a list', '[main]', '12:20 workflows.w.jobs[0].p.filters: must be a text or a map, is a list. Write one of them.'],
    ['a key that filters do not have is a warning', '{branch: {only: main}}', '12:21 warning: workflows.w.jobs[0].p.filters.branch: extraneous key [branch] is not permitted. It is ignored; remove it. Did you mean `branches`? Permitted keys: branches, tags.'],
  ];
  for (const [what, filters, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withJobs(`- p:\n    filters: ${filters}`)), problems));
});

suite('2.1 §9.5 triggers', () => {
  test('are printed as they are written, and the workflow never runs for a push', () => {
    const text = withKeys('triggers:\n  - schedule: {cron: "0 0 * * *", filters: {branches: {only: [main, /r.*/]}}}\njobs:\n  - a: {filters: {branches: {only: main}}}');
    assert.deepEqual(printedOf(text).workflows['w'], { jobs: [{ a: { filters: { branches: { only: 'main' } } } }], triggers: [{ schedule: { cron: '0 0 * * *', filters: { branches: { only: ['main', '/r.*/'] } } } }] });
    const compiled = compileConfig(text, { path: '.circle.yml' });
    assert.ok('plan' in compiled);
    assert.deepEqual([compiled.plan.workflows, compiled.plan.schedules], [[], [{ workflow: 'w', cron: '0 0 * * *', branches: { only: ['main', '/r.*/'], ignore: null } }]]);
  });
  test('several schedules, and tags in them', () => {
    const text = withKeys('triggers: [{schedule: {cron: "1 * * * *", filters: {branches: {ignore: << pipeline.git.branch >>}}}}, {schedule: {cron: "*/5 2 * * 1", filters: {branches: {only: a, ignore: b}}}}]\njobs: [a]');
    const compiled = compileConfig(text, { path: '.circle.yml' });
    assert.deepEqual('plan' in compiled && compiled.plan.schedules.map(({ cron, branches }) => [cron, branches?.only, branches?.ignore]), [
      ['1 * * * *', null, ['main']],
      ['*/5 2 * * 1', ['a'], ['b']],
    ]);
  });
  test('no triggers', () => assert.deepEqual(printedOf(withKeys('triggers: \njobs: [a]')).workflows['w'], { jobs: ['a'] }));

  const faults: [what: string, trigger: string, ...problems: string[]][] = [
    ['no cron', '{schedule: {filters: {branches: {only: main}}}}', '10:17 workflows.w.triggers[0].schedule: required key [cron] not found. Add it.'],
    ['no filters', '{schedule: {cron: "0 0 * * *"}}', '10:17 workflows.w.triggers[0].schedule: required key [filters] not found. Add it.'],
    ['no schedule', '{cron: "0 0 * * *"}', '10:16 workflows.w.triggers[0]: required key [schedule] not found. Add it.', '10:17 workflows.w.triggers[0].cron: extraneous key [cron] is not permitted. Permitted keys: schedule.'],
  ];
  for (const [what, trigger, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withKeys(`triggers: [${trigger}]\njobs: [a]`)), problems));
});

suite('2.1 §9.6 pre-steps and post-steps', () => {
  const stepsOf = (jobs: string, rest = ''): unknown => {
    const { jobs: bodies } = printedOf(`${withJobs(jobs)}${rest}`);
    return Object.values(bodies)[0]!['steps'];
  };
  const run = (command: string): unknown => ({ run: { command } });

  test('stand before and after those of the job', () => assert.deepEqual(stepsOf('- a: {pre-steps: [checkout, run: before], post-steps: [run: after]}'), ['checkout', run('before'), run('echo'), run('after')]));
  test('see the pipeline', () => assert.deepEqual(stepsOf('- a: {pre-steps: [run: echo << pipeline.git.branch >>]}'), [run('echo main'), run('echo')]));
  test('call commands of the file, with arguments', () =>
    assert.deepEqual(stepsOf('- a: {post-steps: [say: {what: x}, say]}', 'commands: {say: {parameters: {what: {type: string, default: none}}, steps: [run: say << parameters.what >>]}}\n'), [run('echo'), run('say x'), run('say none')]));
  test('are of the file, also around a job of an orb', () =>
    assert.deepEqual(
      stepsOf('- o/build: {pre-steps: [say]}', 'commands: {say: {steps: [run: mine]}}\norbs: {o: {commands: {say: {steps: [run: theirs]}}, jobs: {build: {docker: [{image: x}], steps: [say]}}}}\n'),
      [run('mine'), run('theirs')],
    ));
  test('a call that is null is a call', () => assert.deepEqual(stepsOf('- a: {pre-steps: [say: ]}', 'commands: {say: {steps: [run: said]}}\n'), [run('said'), run('echo')]));
  test('conditions in them are decided', () => assert.deepEqual(stepsOf('- a: {pre-steps: [when: {condition: {equal: [main, << pipeline.git.branch >>]}, steps: [run: yes-main]}]}'), [run('yes-main'), run('echo')]));
  test('make the job another', () => assert.deepEqual(graphOf(withJobs('- a\n- a: {pre-steps: [checkout]}\n- a: {post-steps: [checkout]}')), ['a-1', 'a-2', 'a-3']));

  const faults: [what: string, jobs: string, ...problems: string[]][] = [
    ['a parameter of the job, which they do not see', '- p: {pre-steps: [run: echo << parameters.v >>]}', `12:35 workflows.w.jobs[0].p.pre-steps[0].run: Referred to a variable "parameters.v" that does not exist. Parameters are known only in the job, command or executor that declares them: write the value, or a pipeline parameter. | Error calling workflow: 'w'`],
    ['a command that is not there', '- a: {post-steps: [gone]}', "12:26 workflows.w.jobs[0].a.post-steps[0]: Cannot find a definition for command named gone. Define it under commands, or correct the name. | Error calling workflow: 'w' | Error calling job: 'a'"],
    ['a step that is none', '- a: {pre-steps: [run: {name: x}]}', '12:25 workflows.w.jobs[0].a.pre-steps[0].run: required key [command] not found. Add it.'],
    ['no list', '- a: {pre-steps: checkout}', '12:24 workflows.w.jobs[0].a.pre-steps: must be a list, is "checkout". Write each entry after "- " on a line of its own.'],
    ['around a job that does nothing', '- nothing: {pre-steps: [checkout], post-steps: []}', "12:19 workflows.w.jobs[0].nothing.pre-steps: pre-steps have no place around a job of type no-op, which runs no steps. Remove them. | Error calling workflow: 'w'", "12:42 workflows.w.jobs[0].nothing.post-steps: post-steps have no place around a job of type no-op, which runs no steps. Remove them. | Error calling workflow: 'w'"],
  ];
  for (const [what, jobs, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withJobs(jobs).replace('workflows:', '  nothing: {type: no-op}\nworkflows:')), problems));
});

suite('2.1 §9.7 serial-group, reruns and override-with', () => {
  const keys: [key: string, written: string][] = [
    ['prod', 'prod'],
    ['A-z_0.9/x', 'A-z_0.9/x'],
    ['main/deploy', '<< pipeline.git.branch >>/deploy'],
    ['12', '12'],
    ['k'.repeat(512), 'k'.repeat(512)],
  ];
  for (const [key, written] of keys)
    test(`serial-group ${key.slice(0, 20)}`, () => {
      const text = withJobs(`- a: {serial-group: ${written}}`);
      assert.equal(processedOf(text).workflows[0]!.jobs[0]!.serialGroup, key);
      assert.equal(String((w(text)[0] as { a: Record<string, unknown> }).a['serial-group']), key);
    });
  test('no serial-group', () => assert.equal(processedOf(withJobs('- a')).workflows[0]!.jobs[0]!.serialGroup, null));

  const faults: [what: string, job: string, ...problems: string[]][] = [
    ['a blank key', 'a: {serial-group: " "}', '11:27 workflows.w.jobs[0].a.serial-group: must not be blank. Write a key, or remove it.'],
    ['an empty key', 'a: {serial-group: ""}', '11:27 workflows.w.jobs[0].a.serial-group: must not be blank. Write a key, or remove it.'],
    ['other characters', 'a: {serial-group: "my group!"}', `11:27 workflows.w.jobs[0].a.serial-group: serial-group must be 1 to 512 letters, digits and . _ / -, is "my group!". Correct it. | Error calling workflow: 'w'`],
    ['more than 512 characters', `a: {serial-group: ${'k'.repeat(513)}}`, `11:27 workflows.w.jobs[0].a.serial-group: serial-group must be 1 to 512 letters, digits and . _ / -, is "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk". Correct it. | Error calling workflow: 'w'`],
    ['a tag that leaves none', 'a: {serial-group: << pipeline.git.tag >>x y}', `11:27 workflows.w.jobs[0].a.serial-group: serial-group must be 1 to 512 letters, digits and . _ / -, is "x y". Correct it. | Error calling workflow: 'w'`],
    ['a map', 'a: {serial-group: {key: x}}', '11:27 workflows.w.jobs[0].a.serial-group: must be a text, is a map. Write a key.'],
    ['override-with without an orb', 'a: {override-with: b}', '11:28 workflows.w.jobs[0].a.override-with: must be the job of an orb such as ORB/JOB, is "b". Correct it.'],
    ['override-with of an orb that is not imported', 'a: {override-with: gone/b}', "11:28 warning: workflows.w.jobs[0].a.override-with: there is no job gone/b to override a with, so a runs. Import its orb, or remove override-with. | Error calling workflow: 'w'"],
    ['override-with of a job that the orb does not have', 'a: {override-with: o/gone}', "11:28 warning: workflows.w.jobs[0].a.override-with: there is no job o/gone to override a with, so a runs. Import its orb, or remove override-with. | Error calling workflow: 'w'"],
    ['arguments that the other job does not have', 'p: {v: x, override-with: o/b}', "11:13 workflows.w.jobs[0].p.v: Unexpected argument(s): v. job b has no parameters: remove it. | Error calling workflow: 'w' | Error calling job: 'p'"],
  ];
  for (const [what, job, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(`${withJobs(`- ${job}`)}orbs: {o: {jobs: {b: {docker: [{image: x}], steps: [run: other]}}}}\n`), problems));

  const overrides: [what: string, job: string, name: string, command: string][] = [
    ["the orb's job runs, under the name of the own", 'a: {override-with: o/b}', 'a', 'other none'],
    ['with its own arguments', 'a: {override-with: o/b, x: 1}', 'a', 'other 1'],
    ['the own job need not be there', 'gone: {override-with: o/b}', 'gone', 'other none'],
    ['a tag', 'a: {override-with: o/<< pipeline.parameters.job >>}', 'a', 'other none'],
    ['without the job in the orb the own runs', 'a: {override-with: o/gone}', 'a', 'echo'],
    ['without the orb too', 'a: {override-with: gone/b}', 'a', 'echo'],
  ];
  for (const [what, job, name, command] of overrides)
    test(`override-with: ${what}`, () => {
      const { jobs } = printedOf(`${withJobs(`- ${job}`)}orbs: {o: {jobs: {b: {parameters: {x: {type: string, default: none}}, docker: [{image: x}], steps: [run: other << parameters.x >>]}}}}\nparameters: {job: {type: string, default: b}}\n`.replace('x: 1', 'x: "1"'));
      assert.equal(commandOf(jobs[name]), command);
    });

  test('reruns reach the plan', () => {
    const compiled = compileConfig(withKeys('max_auto_reruns: 5\njobs: [a]'), { path: '.circle.yml' });
    assert.deepEqual('plan' in compiled && compiled.plan.workflows.map(({ maxAutoReruns }: PlanWorkflow) => maxAutoReruns), [5]);
  });
});

suite('2.1 §10 types of definitions', () => {
  const withType = (definition: string, job = 'x'): string => withJobs(`- a\n- ${job}: {requires: [a]}\n- b: {requires: [x]}`).replace('workflows:', `  x: ${definition}\nworkflows:`);
  const rows: [what: string, definition: string, body: unknown, printed: unknown][] = [
    ['no-op', '{type: no-op}', { type: 'no-op' }, { x: { requires: ['a'] } }],
    ['no-op ignores steps', '{type: no-op, steps: [checkout]}', { type: 'no-op' }, { x: { requires: ['a'] } }],
    ['approval', '{type: approval}', undefined, { x: { requires: ['a'], type: 'approval' } }],
    ['release', '{type: release, plan_name: weekly}', { type: 'release', plan_name: 'weekly' }, { x: { requires: ['a'] } }],
    ['release with a validation', '{type: release, plan_name: weekly, validation: {x: 1}}', { type: 'release', plan_name: 'weekly', validation: { x: 1 } }, { x: { requires: ['a'] } }],
    ['lock', '{type: lock, key: k}', { type: 'lock', key: 'k' }, { x: { requires: ['a'] } }],
    ['unlock', '{type: unlock, key: "<< pipeline.git.branch >>/k"}', { type: 'unlock', key: 'main/k' }, { x: { requires: ['a'] } }],
    ['with parameters', '{type: lock, parameters: {k: {type: string, default: y}}, key: << parameters.k >>}', { type: 'lock', key: 'y' }, { x: { requires: ['a'] } }],
  ];
  for (const [what, definition, body, printed] of rows)
    test(what, () => {
      const { jobs, workflows } = printedOf(withType(definition));
      assert.deepEqual([jobs['x'], workflows['w']!.jobs], [body, ['a', printed, { b: { requires: ['x'] } }]]);
      assert.equal(processedOf(withType(definition)).workflows[0]!.jobs[1]!.type, /type: ([\w-]+)/.exec(definition)![1]);
    });

  const faults: [what: string, definition: string, ...problems: string[]][] = [
    ['release without a plan', '{type: release}', '8:3 jobs.x: required key [plan_name] not found. Add it.'],
    ['lock without a key', '{type: lock}', '8:3 jobs.x: required key [key] not found. Add it.'],
    ['unlock without a key', '{type: unlock}', '8:3 jobs.x: required key [key] not found. Add it.'],
    ['steps of a no-op', '{type: no-op, steps: [checkout]}', '8:20 warning: jobs.x.steps: Steps only exist in `build` jobs. Steps here will be ignored. Remove them.'],
    ['a key that no job has', '{type: no-op, what: x}', '8:20 jobs.x.what: extraneous key [what] is not permitted. Permitted keys: docker, machine, macos, environment, working_directory, shell, resource_class, executor, steps, parameters, type, parallelism, circleci_ip_ranges, retention, description, branches, plan_name, validation, key, timeout, no_retry, secrets, egress.'],
  ];
  for (const [what, definition, ...problems] of faults) test(what, () => assert.deepEqual(problemsOf(withType(definition)), problems));
});
