import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { CheckoutStep, RunStep } from '../../../config-schema/plan.ts';
import { graphOf } from '../../../config-schema/plan.ts';
import { checkoutStep, imageOf, planJob, runStep, workflowJob, workflowOf } from '../plan-parts.ts';
import { compiledJob, jobWith, planOf, workflowWith } from './compiling.ts';

test('the smallest config becomes a plan with every default filled', () => {
  const plan = planOf(jobWith('steps:\n  - checkout\n  - run: make test'));
  assert.deepEqual(plan, {
    version: 1,
    source: { path: '.circle.yml' },
    setup: false,
    workflows: [workflowOf('workflow', [workflowJob('build')])],
    jobs: {
      build: planJob({ name: 'build', timeoutSeconds: 18000, steps: [checkoutStep, runStep({ name: 'make test', command: 'make test' })] }),
    },
    schedules: [],
    orbs: [],
    warnings: [],
  });
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan, 'a plan is plain JSON');
  assert.deepEqual(graphOf(plan).workflows[0]!.jobs[0]!.steps, [
    { kind: 'checkout', name: 'Checkout code', when: 'on_success' },
    { kind: 'run', name: 'make test', when: 'on_success' },
  ]);
});

test('everything that a job can say arrives in its plan', () => {
  const job = compiledJob(`environment: {CI: yes}
working_directory: ~/src
shell: /bin/sh -eu
parallelism: 4
resource_class: large
timeout: 1.5h
description: says what it does`);
  assert.deepEqual(
    { ...job, steps: job.steps.map((step) => step.kind === 'run' && step.shell) },
    {
      ...planJob({ name: 'build', environment: { CI: 'true' }, workingDirectory: '~/src', parallelism: 4, resourceClass: 'large', timeoutSeconds: 5400 }),
      steps: [['/bin/sh', '-eu']],
    },
  );
});

test('everything that a step can say arrives in its plan', () => {
  const plan = planOf(
    jobWith(`shell: [/bin/dash, -e]
steps:
  - checkout: {path: sub, name: Fetch}
  - run:
      name: Unit tests
      command: |
        make deps
        make test
      environment: [A=1, B: 2]
      when: always
      no_output_timeout: 90s
      background: true
      working_directory: sub
      shell: bash -c "x y"`),
  );
  const [checkout, run] = plan.jobs['build']!.steps as [CheckoutStep, RunStep];
  assert.deepEqual(checkout, { ...checkoutStep, name: 'Fetch', path: 'sub' });
  assert.deepEqual(
    run,
    runStep({
      name: 'Unit tests',
      command: 'make deps\nmake test\n',
      shell: ['bash', '-c', 'x y'],
      environment: { A: '1', B: '2' },
      workingDirectory: 'sub',
      when: 'always',
      background: true,
      noOutputTimeoutSeconds: 90,
    }),
  );
});

test('a step without a name is called by the first line of its command, cut to a hundred letters', () => {
  const plan = planOf(jobWith(`steps:\n  - run: |\n\n      make deps  \n      make test\n  - run: {command: ${'x'.repeat(300)}, name: ''}`));
  assert.deepEqual(
    plan.jobs['build']!.steps.map(({ name }) => name),
    ['make deps', `${'x'.repeat(99)}…`],
  );
});

suite('environment', () => {
  const forms: [string, string, Record<string, string>][] = [
    ['a map', '{A: 1, B: x}', { A: '1', B: 'x' }],
    ['a list of maps, the later wins', '[{A: 1}, {B: x, A: 2}]', { A: '2', B: 'x' }],
    ['a list of texts; only the first = separates', '[A=1, "B=x=y=", "C="]', { A: '1', B: 'x=y=', C: '' }],
    ['nothing', '', {}],
    ['values are written as YAML understands them', '{a: yes, b: off, c: 1.20, d: 1.0, e: 0777, f: 1_000, g: , h: 0x1F}', { a: 'true', b: 'false', c: '1.2', d: '1.0', e: '511', f: '1000', g: '', h: '31' }],
    ['but not dates, times, y, n, a dot, or quoted texts', '{a: 2019-01-01, b: 12:30, c: y, d: N, e: ., f: "1.20", g: e2}', { a: '2019-01-01', b: '12:30', c: 'y', d: 'N', e: '.', f: '1.20', g: 'e2' }],
    ['long numbers keep every digit', '{id: 12345678901234567890}', { id: '12345678901234567890' }],
    ['keys are as written', '{on: 1, 1.20: x, NO: y}', { on: '1', '1.20': 'x', NO: 'y' }],
    ['nothing is interpolated', '{A: $B, C: "{{ .Branch }}"}', { A: '$B', C: '{{ .Branch }}' }],
  ];
  for (const [name, yaml, expected] of forms) test(name, () => assert.deepEqual(compiledJob(`environment: ${yaml}`).environment, expected));

  test('names that mean something to JavaScript are names', () => {
    const { environment } = compiledJob('environment: {__proto__: a, constructor: b}');
    assert.deepEqual(Object.entries(environment), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });
});

suite('version', () => {
  for (const version of ['2.1', '"2.1"', '2', '"2"', '2.0', '"2.0"', "'2.1'"])
    test(version, () => assert.equal(planOf(jobWith('steps: [checkout]', version)).workflows.length, 1));

  test('in version 2 << is text, and what 2.1 added is a place for anchors', () => {
    const plan = planOf(`${jobWith('steps:\n  - run: cat <<EOF >> << x >>', '2')}orbs: {a: &x 1}\ncommands: *x\n`);
    assert.equal((plan.jobs['build']!.steps[0] as RunStep).command, 'cat <<EOF >> << x >>');
  });

  test('in version 2.1 \\<< is <<, once', () => {
    const plan = planOf(jobWith(`steps:\n  - run: {command: 'cat \\<<EOF; tr x \\<<<y; echo >> z', name: '\\<<'}`));
    const step = plan.jobs['build']!.steps[0] as RunStep;
    assert.equal(step.command, 'cat <<EOF; tr x <<<y; echo >> z');
    assert.equal(step.name, '<<');
  });

  test('what no workflow reaches is not rendered', () => {
    const plan = planOf(`version: 2.1
jobs:
  used: {docker: [{image: x}], steps: [checkout]}
  unused: {docker: [{image: << x >>}], parallelism: << y >>, steps: [{run: cat <<EOF}]}
workflows: {w: {jobs: [used]}}`);
    assert.deepEqual(Object.keys(plan.jobs), ['used']);
  });
});

suite('jobs in workflows', () => {
  test('a job may be in several workflows, under several names', () => {
    const plan = planOf(`${workflowWith('- a\n- a: {name: again, requires: [a]}')}  v:\n    jobs: [a, {b: null}]\n`);
    assert.deepEqual(plan.workflows, [
      workflowOf('w', [workflowJob('a'), workflowJob('again', [{ job: 'a', statuses: ['success'] }])]),
      workflowOf('v', [workflowJob('a'), workflowJob('b')]),
    ]);
    assert.deepEqual(Object.keys(plan.jobs).sort(), ['a', 'again', 'b']);
    assert.equal(plan.jobs['again']!.name, 'again');
  });

  test('one name for different jobs in different workflows gets numbers; requires are by the name as written', () => {
    const plan = planOf(`version: 2.1
jobs:
  a: {docker: [{image: one}], steps: [checkout]}
  b: {docker: [{image: two}], steps: [checkout]}
  c: {docker: [{image: two}], steps: [checkout]}
workflows:
  v: {jobs: [a: {name: x}, b: {name: x-1, requires: [x]}]}
  w: {jobs: [b: {name: x}]}
  u: {jobs: [c: {name: x}]}`);
    assert.deepEqual(
      plan.workflows.map(({ jobs }) => jobs.map(({ job, requires }) => [job, ...requires.map((required) => required.job)])),
      [[['x-2'], ['x-1', 'x-2']], [['x-3']], [['x-3']]],
    );
    assert.deepEqual(
      ['x-1', 'x-2', 'x-3'].map((name) => imageOf(plan.jobs[name]!)),
      ['two', 'one', 'two'],
    );
  });

  const forms: [string, string, string[]][] = [
    ['names', '[b, c]', ['b success', 'c success']],
    ['one name', 'b', ['b success']],
    ['a status', '[b: failed]', ['b failed']],
    ['statuses', '[b: [failed, canceled]]', ['b failed canceled']],
    ['terminal', '[b: terminal]', ['b success failed canceled unauthorized not_run']],
    ['terminal among others', '[b: [failed, terminal], c]', ['b success failed canceled unauthorized not_run', 'c success']],
    ['none', '', []],
    ['an empty list', '[]', []],
  ];
  suite('requires', () => {
    for (const [name, yaml, expected] of forms)
      test(name, () => {
        const plan = planOf(workflowWith(`- b\n- c\n- a:\n    requires: ${yaml}`));
        assert.deepEqual(
          plan.workflows[0]!.jobs[2]!.requires.map(({ job, statuses }) => [job, ...statuses].join(' ')),
          expected,
        );
      });
  });

  test('a job called build is a workflow where there is no other', () => {
    for (const workflows of ['', 'workflows:\n', 'workflows: {version: 2}\n']) assert.equal(planOf(`${jobWith('steps: [checkout]')}${workflows}`).workflows[0]!.name, 'workflow');
  });

  test('a workflow without jobs is left out', () => {
    const plan = planOf(`${jobWith('steps: [checkout]')}workflows: {v: {jobs: [build]}, w: {jobs: []}}`);
    assert.deepEqual([plan.workflows.map(({ name }) => name), plan.warnings.length], [['v'], 1]);
  });

  test('a workflow may be called version', () => {
    const plan = planOf(`${jobWith('steps: [checkout]')}workflows: {version: {jobs: [build]}}`);
    assert.equal(plan.workflows[0]!.name, 'version');
  });
});
