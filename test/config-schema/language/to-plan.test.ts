import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import { runningJobs } from '../../../config-schema/language/to-plan.ts';
import { sampleValues } from '../../../config-schema/pipeline-values.ts';
import { graphOf, type Plan, type PlanJob, type PlanStep } from '../../../config-schema/plan.ts';
import { indent } from './compiling.ts';

type On = { branch?: string; tag?: string };

function planOf(text: string, on: On = {}): Plan {
  const compiled = compileConfig(text, { path: '.circle.yml', values: sampleValues(on) });
  if ('errors' in compiled) assert.fail(compiled.errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return compiled.plan;
}
const errorsOf = (text: string): string[] => {
  const compiled = compileConfig(text, { path: '.circle.yml' });
  return 'errors' in compiled ? compiled.errors.map(({ line, message }) => `${line}: ${message}`) : [];
};

/** A job whose lines begin at line 4, column 5. */
const jobOf = (lines: string): string => `version: 2.1\njobs:\n  build:\n${indent(lines, 4)}\n`;
const compiledJob = (lines: string): PlanJob => planOf(jobOf(lines)).jobs['build']!;
const stepOf = (step: string): PlanStep => compiledJob(`docker: [{image: debian}]\nsteps:\n${indent(step, 2)}`).steps[0]!;

suite('2.1 §8 steps become steps of the plan, every default filled', () => {
  const run = {
    kind: 'run',
    name: 'make',
    when: 'on_success',
    command: 'make',
    shell: null,
    environment: {},
    workingDirectory: '.',
    background: false,
    noOutputTimeoutSeconds: 600,
    maxAutoReruns: 0,
    autoRerunDelaySeconds: 0,
    secrets: [],
    deploy: false,
  };
  const checkout = { kind: 'checkout', name: 'Checkout code', when: 'on_success', path: '.', method: 'blobless', depth: null, repositories: [] };
  const rows: [step: string, becomes: object][] = [
    ['- run: make', run],
    ['- run: {command: make}', run],
    [
      '- run: {command: make, name: Build, shell: /bin/sh -eu, environment: {A: 1, B: null}, background: true, working_directory: sub, no_output_timeout: 1.5h, when: always, secrets: [TOKEN]}',
      { ...run, name: 'Build', shell: ['/bin/sh', '-eu'], environment: { A: '1', B: '' }, background: true, workingDirectory: 'sub', noOutputTimeoutSeconds: 5400, when: 'always', secrets: ['TOKEN'] },
    ],
    ['- run: {command: make, max_auto_reruns: 3, auto_rerun_delay: 2m}', { ...run, maxAutoReruns: 3, autoRerunDelaySeconds: 120 }],
    ['- run: "one\\ntwo"', { ...run, name: 'one', command: 'one\ntwo' }],
    ['- deploy: make', { ...run, deploy: true }],
    ['- deploy: {name: Ship, command: make}', { ...run, name: 'Ship', deploy: true }],
    ['- checkout', checkout],
    ['- checkout: {path: sub, name: Get it}', { ...checkout, path: 'sub', name: 'Get it' }],
    ['- checkout: {method: shallow, depth: 3, repositories: [acme/lib]}', { ...checkout, method: 'shallow', depth: 3, repositories: ['acme/lib'] }],
    ['- checkout: {method: full}', { ...checkout, method: 'full' }],
    ['- setup_remote_docker', { kind: 'setup_remote_docker', name: 'Setup a remote Docker engine', when: 'on_success', version: 'default', dockerLayerCaching: false, preferSameRegion: false }],
    ['- setup_remote_docker: {version: 20.10.7, docker_layer_caching: true}', { kind: 'setup_remote_docker', name: 'Setup a remote Docker engine', when: 'on_success', version: '20.10.7', dockerLayerCaching: true, preferSameRegion: false }],
    ['- save_cache: {key: "v1-{{ .Branch }}", paths: [a, ~/b]}', { kind: 'save_cache', name: 'Saving cache', when: 'on_success', key: 'v1-{{ .Branch }}', paths: ['a', '~/b'], mount: true }],
    ['- save_cache: {key: k, paths: [a], when: always, cache_mount: false, name: Keep}', { kind: 'save_cache', name: 'Keep', when: 'always', key: 'k', paths: ['a'], mount: false }],
    ['- restore_cache: {key: a}', { kind: 'restore_cache', name: 'Restoring cache', when: 'on_success', keys: ['a'], mount: true }],
    ['- restore_cache: {keys: [b, c], key: a}', { kind: 'restore_cache', name: 'Restoring cache', when: 'on_success', keys: ['a', 'b', 'c'], mount: true }],
    ['- store_artifacts: {path: out}', { kind: 'store_artifacts', name: 'Uploading artifacts', when: 'always', path: 'out', destination: null }],
    ['- store_artifacts: {path: out, destination: site}', { kind: 'store_artifacts', name: 'Uploading artifacts', when: 'always', path: 'out', destination: 'site' }],
    ['- store_test_results: {path: junit}', { kind: 'store_test_results', name: 'Uploading test results', when: 'always', path: 'junit' }],
    ['- persist_to_workspace: {root: /tmp, paths: [a, b/*]}', { kind: 'persist_to_workspace', name: 'Persisting to workspace', when: 'on_success', root: '/tmp', paths: ['a', 'b/*'] }],
    ['- persist_to_workspace: {root: ., paths: .}', { kind: 'persist_to_workspace', name: 'Persisting to workspace', when: 'on_success', root: '.', paths: ['.'] }],
    ['- persist_to_workspace: {root: ., path: x}', { kind: 'persist_to_workspace', name: 'Persisting to workspace', when: 'on_success', root: '.', paths: ['x'] }],
    ['- attach_workspace: {at: ~/x}', { kind: 'attach_workspace', name: 'Attaching workspace', when: 'on_success', at: '~/x' }],
    ['- add_ssh_keys', { kind: 'add_ssh_keys', name: 'Installing additional SSH keys', when: 'on_success', fingerprints: null }],
    ['- add_ssh_keys: {fingerprints: ["SHA256:abc"]}', { kind: 'add_ssh_keys', name: 'Installing additional SSH keys', when: 'on_success', fingerprints: ['SHA256:abc'] }],
    ['- add_ssh_keys: {fingerprints: "SHA256:abc"}', { kind: 'add_ssh_keys', name: 'Installing additional SSH keys', when: 'on_success', fingerprints: ['SHA256:abc'] }],
    ['- install_signing_bundle', { kind: 'install_signing_bundle', name: 'Installing signing bundle', when: 'on_success' }],
  ];
  for (const [step, becomes] of rows) test(step, () => assert.deepEqual(stepOf(step), becomes));
});

test('2.1 §8 a text stands for a list of it, and a number for seconds', () => {
  const fieldsOf = (step: string): object => stepOf(step);
  assert.deepEqual((fieldsOf('- save_cache: {key: k, paths: x}') as { paths?: unknown }).paths, ['x']);
  assert.deepEqual(
    (fieldsOf('- restore_cache: {keys: k}') as { keys?: unknown[] }).keys,
    (fieldsOf('- restore_cache: {keys: [k]}') as { keys?: unknown[] }).keys,
  );
  assert.equal((fieldsOf('- run: {command: x, no_output_timeout: 90}') as { noOutputTimeoutSeconds?: number }).noOutputTimeoutSeconds, 90);
});

test('2.1 §21.4 a checkout without a method is blobless', () => {
  assert.equal((stepOf('- checkout') as { method?: string }).method, 'blobless');
});

suite('2.1 §7 executors become executors of the plan', () => {
  const image = { name: null, entrypoint: null, command: null, user: null, environment: {}, auth: null };
  const docker = { kind: 'docker', image: 'debian:bookworm', ...image, sidecars: [] };
  const rows: [executor: string, becomes: object][] = [
    ['docker: [{image: "debian:bookworm"}]', docker],
    [
      'docker: [{image: "debian:bookworm", entrypoint: /bin/sh -c "a b", command: [run, it], user: ada, name: main, environment: {A: 1}}]',
      { ...docker, entrypoint: ['/bin/sh', '-c', 'a b'], command: ['run', 'it'], user: 'ada', name: 'main', environment: { A: '1' } },
    ],
    ['docker: [{image: "debian:bookworm"}, {image: "postgres:16", name: db}, {image: redis}]', { ...docker, sidecars: [{ image: 'postgres:16', ...image, name: 'db' }, { image: 'redis', ...image }] }],
    ['docker: [{image: x, auth: {username: ada, password: $SECRET}}]', { ...docker, image: 'x', auth: { kind: 'password', username: 'ada', password: '$SECRET' } }],
    [
      'docker: [{image: x, aws_auth: {aws_access_key_id: A, aws_secret_access_key: $B}}]',
      { ...docker, image: 'x', auth: { kind: 'aws', accessKeyId: 'A', secretAccessKey: '$B', roleArn: null } },
    ],
    [
      'docker: [{image: x, gcp_auth: {oidc_service_account: a, workload_identity_pool: p, workload_identity_provider: v}}]',
      { ...docker, image: 'x', auth: { kind: 'gcp', serviceAccount: 'a', workloadIdentityPool: 'p', workloadIdentityProvider: 'v' } },
    ],
    ['machine: true', { kind: 'machine', image: null, dockerLayerCaching: false, selfHosted: false }],
    ['machine: ubuntu-2404:current', { kind: 'machine', image: 'ubuntu-2404:current', dockerLayerCaching: false, selfHosted: false }],
    ['machine: {image: ubuntu-2404:current, docker_layer_caching: true}', { kind: 'machine', image: 'ubuntu-2404:current', dockerLayerCaching: true, selfHosted: false }],
    ['machine: true\nresource_class: acme/runner', { kind: 'machine', image: null, dockerLayerCaching: false, selfHosted: true }],
    ['macos: {xcode: 16.0.0, code_signing: [shop]}', { kind: 'macos', xcode: '16.0.0', signingBundles: ['shop'] }],
  ];
  for (const [executor, becomes] of rows) test(executor, () => assert.deepEqual(compiledJob(`${executor}\nsteps: [run: x]`).executor, becomes));

  test('a quote that is not closed is an error at its line', () => {
    assert.deepEqual(errorsOf(jobOf('docker:\n  - image: x\n    command: run "it\nsteps: [run: x]')), [
      '6: jobs.build.docker[0].command: must be a program and its arguments, and has a quote that is not closed. Close it, or write a list of words.',
    ]);
  });
});

suite('2.1 §7.5 jobs become jobs of the plan, every default filled', () => {
  const plain = 'docker: [{image: x}]\nsteps: [run: x]';
  const { executor: _executor, steps: _steps, ...defaults } = compiledJob(plain);
  test('defaults', () =>
    assert.deepEqual(defaults, {
      name: 'build',
      unsupported: null,
      environment: {},
      workingDirectory: '~/project',
      parallelism: 1,
      resourceClass: null,
      timeoutSeconds: 18000,
      cacheRetentionDays: null,
      ipRanges: false,
      secrets: [],
      noRetry: false,
      egress: null,
    }));
  const rows: [lines: string, becomes: Partial<PlanJob>][] = [
    ['environment: [{A: 1}, A=2, {B: true}]', { environment: { A: '2', B: 'true' } }],
    ['working_directory: /work', { workingDirectory: '/work' }],
    ['parallelism: 4', { parallelism: 4 }],
    ['resource_class: large', { resourceClass: 'large' }],
    ['timeout: 30m', { timeoutSeconds: 1800 }],
    ['retention: {caches: 3d}', { cacheRetentionDays: 3 }],
    ['circleci_ip_ranges: true', { ipRanges: true }],
    ['secrets: [A, B]', { secrets: ['A', 'B'] }],
    ['no_retry: true', { noRetry: true }],
    ['egress: [example.org]', { egress: ['example.org'] }],
  ];
  for (const [lines, becomes] of rows)
    test(lines, () => {
      const { executor: _e, steps: _s, ...job } = compiledJob(`${plain}\n${lines}`);
      assert.deepEqual(job, { ...defaults, ...becomes });
    });

  test('the shell of the job is that of its steps, unless they have their own', () => {
    const { steps } = compiledJob('docker: [{image: x}]\nshell: /bin/sh -e\nsteps: [run: x, run: {command: y, shell: [/bin/zsh]}]');
    assert.deepEqual(steps.map((step) => step.kind === 'run' && step.shell), [['/bin/sh', '-e'], ['/bin/zsh']]);
  });
  test('the shell and the class inside machine are those of the job', () => {
    const job = compiledJob('machine: {image: x, shell: /bin/sh, resource_class: large}\nsteps: [run: x]');
    assert.deepEqual([job.resourceClass, job.steps.map((step) => step.kind === 'run' && step.shell)], ['large', [['/bin/sh']]]);
  });
  test('of an executor and a job, the variables of the job go over', () => {
    const { jobs } = planOf(`version: 2.1
executors: {e: {docker: [{image: x}], environment: {A: executor, B: executor}}}
jobs: {build: {executor: e, environment: {A: job}, steps: [run: x]}}
`);
    assert.deepEqual(jobs['build']!.environment, { A: 'job', B: 'executor' });
  });
});

suite('what no installation of today can run is unsupported, with a sentence', () => {
  const rows: [lines: string, needs: string | null][] = [
    ['macos: {xcode: 16.0.0}', 'macOS'],
    ['macos: {xcode: 16.0.0}\nresource_class: m4pro.medium', 'macOS'],
    ['machine: {image: windows-server-2022-gui:current}\nshell: powershell.exe', 'Windows'],
    ['machine: true\nresource_class: windows.medium', 'Windows'],
    ['machine: {image: linux-cuda-12:default}\nresource_class: gpu.nvidia.medium', 'a GPU'],
    ['docker: [{image: x}]\nresource_class: arm.medium', 'an Arm machine'],
    ['machine: {image: ubuntu-2404:current, resource_class: arm.large}', 'an Arm machine'],
    ['docker: [{image: windows-like}]', null],
    ['docker: [{image: x}]\nresource_class: large', null],
    ['docker: [{image: x}]\nresource_class: army', null],
    ['machine: {image: ubuntu-2404:current}', null],
  ];
  for (const [lines, needs] of rows)
    test(`${lines.replaceAll('\n', ', ')}: ${needs ?? 'is not'}`, () => {
      const { unsupported } = compiledJob(`${lines}\nsteps: [run: x]`);
      if (needs === null) assert.equal(unsupported, null);
      else assert.ok(unsupported?.startsWith(`the job needs ${needs}, and Roundhouse runs Linux on x86-64 without GPUs.`), String(unsupported));
    });

  test('the graph says so, and has no slices for it', () => {
    const [job] = graphOf(planOf(jobOf('macos: {xcode: 16.0.0}\nparallelism: 2\nsteps: [run: x]'))).workflows[0]!.jobs;
    assert.deepEqual([job!.parallelism, job!.steps, /needs macOS/.test(job!.unsupported!)], [0, [], true]);
  });
});

suite('2.1 §10 types of jobs', () => {
  const plan = planOf(`version: 2.1
jobs:
  build: {docker: [{image: x}], steps: [run: x]}
  gate: {type: no-op}
  ship: {type: release, plan_name: shop}
  take: {type: lock, key: prod}
  give: {type: unlock, key: prod}
workflows:
  ci:
    jobs:
      - build: {context: [one, two], serial-group: prod}
      - hold: {type: approval, requires: [build]}
      - gate: {requires: [hold]}
      - ship: {requires: [gate]}
      - take
      - give: {requires: [take: terminal]}
`);
  const jobs = plan.workflows[0]!.jobs;
  const of = (name: string): (typeof jobs)[number] => jobs.find((job) => job.name === name)!;
  test('each has its type', () => assert.deepEqual(jobs.map(({ name, type }) => `${name} ${type}`), ['build build', 'hold approval', 'gate no-op', 'ship release', 'take lock', 'give unlock']));
  test('a build has contexts and a serial group', () => assert.deepEqual([of('build').contexts, of('build').serialGroup], [['one', 'two'], 'prod']));
  test('a release has its plan, locks their key', () => assert.deepEqual([of('ship').planName, of('take').key, of('give').key, of('build').key], ['shop', 'prod', 'prod', null]));
  test('only the build is among the jobs that run something', () => assert.deepEqual(Object.keys(plan.jobs), ['build']));
  test('the others have no slices', () => assert.deepEqual(graphOf(plan).workflows[0]!.jobs.map(({ parallelism }) => parallelism), [1, 0, 0, 0, 0, 0]));
  test('terminal is every status', () => assert.deepEqual(of('give').requires, [{ job: 'take', statuses: ['success', 'failed', 'canceled', 'unauthorized', 'not_run'] }]));
});

suite('2.1 §9.2 filters take jobs out, and with them those that waited for nobody else', () => {
  type Row = [what: string, graph: Record<string, string[]>, off: string[], left: string[]];
  const rows: Row[] = [
    ['nothing is off', { a: [], b: ['a'] }, [], ['a', 'b']],
    ['a root', { a: [], b: [] }, ['a'], ['b']],
    ['the only requirement', { a: [], b: ['a'] }, ['a'], []],
    ['one of two requirements', { a: [], b: [], c: ['a', 'b'] }, ['a'], ['b', 'c']],
    ['all of two requirements', { a: [], b: [], c: ['a', 'b'] }, ['a', 'b'], []],
    ['a chain', { a: [], b: ['a'], c: ['b'], d: ['c'] }, ['a'], []],
    ['a chain in another order', { d: ['c'], c: ['b'], b: ['a'], a: [] }, ['a'], []],
    ['a middle', { a: [], b: ['a'], c: ['b'] }, ['b'], ['a']],
    ['a diamond with one side off', { a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }, ['b'], ['a', 'c', 'd']],
    ['one requirement twice', { a: [], b: ['a', 'a'] }, ['a'], []],
  ];
  for (const [what, graph, off, left] of rows)
    test(what, () => {
      const jobs = Object.entries(graph).map(([name, requires]) => ({ name, requires: requires.map((required) => ({ name: required })) }));
      assert.deepEqual(runningJobs(jobs, ({ name }) => !off.includes(name)).map(({ name }) => name), left);
    });

  test('a chain of ten thousand jobs takes no time to speak of', () => {
    const jobs = Array.from({ length: 10_000 }, (_, index) => ({ name: `j${index}`, requires: index === 9_999 ? [] : [{ name: `j${index + 1}` }] }));
    const started = performance.now();
    assert.deepEqual(runningJobs(jobs, ({ name }) => name !== 'j9999'), []);
    assert.ok(performance.now() - started < 1000);
  });
});

suite('2.1 §9.4 filters of a config, on branches and tags', () => {
  const text = `version: 2.1
jobs:
  test: &job {docker: [{image: x}], steps: [run: x]}
  deploy: *job
  notify: *job
  docs: *job
workflows:
  ci:
    jobs:
      - test: {filters: {tags: {only: /v.*/}}}
      - hold: {type: approval, requires: [test], filters: {branches: {ignore: /.*/}, tags: {only: /^v.*/}}}
      - deploy: {requires: [hold], filters: {tags: {only: /^v.*/}}}
      - notify: {requires: [test, deploy]}
  pages:
    jobs: [docs: {filters: {branches: {only: gh-pages}}}]
`;
  const names = (on: On): Record<string, string[]> => Object.fromEntries(planOf(text, on).workflows.map(({ name, jobs }) => [name, jobs.map((job) => `${job.name}${job.requires.map((required) => ` <- ${required.job}`).join('')}`)]));
  test('on main, approval and deploy are out, and notify waits for the test alone', () => assert.deepEqual(names({ branch: 'main' }), { ci: ['test', 'notify <- test'] }));
  test('on a version, notify has no tag filters of its own', () => assert.deepEqual(names({ tag: 'v1' }), { ci: ['test', 'hold <- test', 'deploy <- hold'] }));
  test('on another tag nothing runs', () => assert.deepEqual(names({ tag: 'x' }), {}));
  test('a workflow of its own for a branch', () => assert.deepEqual(names({ branch: 'gh-pages' }), { ci: ['test', 'notify <- test'], pages: ['docs'] }));
  test('only jobs that run are in the plan', () => assert.deepEqual(Object.keys(planOf(text, { branch: 'main' }).jobs), ['test', 'notify']));
});

suite('2.1 §9.5 a workflow with triggers runs by the clock and not for a push', () => {
  const scheduledText = `version: 2.1
jobs:
  a: {docker: [{image: x}], steps: [run: x]}
workflows:
  ci: {jobs: [a]}
  nightly:
    triggers:
      - schedule: {cron: "0 0 * * *", filters: {branches: {only: [main, /rel.*/]}}}
      - schedule: {cron: "*/5 1,2 * * 1-5", filters: {branches: {ignore: x}}}
    jobs: [a]
`;
  const plan = planOf(scheduledText);
  test('it is not among the workflows', () => assert.deepEqual(plan.workflows.map(({ name }) => name), ['ci']));
  test('by its schedule it runs alone', () => {
    const compiled = compileConfig(scheduledText, { path: '.circle.yml', scheduled: 'nightly' });
    assert.deepEqual('plan' in compiled && compiled.plan.workflows.map(({ name }) => name), ['nightly']);
  });
  test('one that is not scheduled never runs by a schedule', () => {
    const compiled = compileConfig(scheduledText, { path: '.circle.yml', scheduled: 'ci' });
    assert.deepEqual('plan' in compiled && compiled.plan.workflows, []);
  });
  test('a schedule that is none is an error at its line', () => {
    const compiled = compileConfig(scheduledText.replace('0 0 * * *', '0 24 * * *'), { path: '.circle.yml' });
    assert.deepEqual('errors' in compiled && compiled.errors.map(({ line, column, message }) => [line, column, message]), [[8, 26, 'workflows.nightly.triggers[0].schedule.cron: "0 24 * * *" is no schedule: the hour "24" must be within 0 and 23, the smaller number first. Write minute, hour, day of month, month and day of week, such as "30 4 * * 1-5".']]);
  });
  test('its schedules are known', () =>
    assert.deepEqual(plan.schedules, [
      { workflow: 'nightly', cron: '0 0 * * *', branches: { only: ['main', '/rel.*/'], ignore: null } },
      { workflow: 'nightly', cron: '*/5 1,2 * * 1-5', branches: { only: null, ignore: ['x'] } },
    ]));
});

test('2.1 §9 what a workflow says of itself', () => {
  const text = (more: string): string => `version: 2.1\njobs: {a: {docker: [{image: x}], steps: [run: x]}}\nworkflows: {ci: {jobs: [a]${more}}}\n`;
  const of = (more: string): [number, boolean] => [planOf(text(more)).workflows[0]!.maxAutoReruns, planOf(text(more)).workflows[0]!.autoCancel];
  assert.deepEqual(of(''), [0, true]);
  assert.deepEqual(of(', max_auto_reruns: 3, auto_cancel: false'), [3, false]);
});

test('2.1 §16 setup is carried through', () => {
  const text = 'jobs: {build: {docker: [{image: x}], steps: [run: x]}}\n';
  assert.deepEqual([planOf(`version: 2.1\n${text}`).setup, planOf(`version: 2.1\nsetup: true\n${text}`).setup], [false, true]);
});

test('a plan is plain JSON', () => {
  const plan = planOf(jobOf('docker: [{image: x}, {image: y}]\nsteps: [checkout, run: x, save_cache: {key: k, paths: [p]}]'));
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
});
