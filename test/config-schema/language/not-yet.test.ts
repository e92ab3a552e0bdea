import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { onlyJob } from '../../../app/run/change-plan.ts';
import { compileConfig } from '../../../config-schema/compile.ts';
import { notYet } from '../../../config-schema/language/not-yet.ts';
import type { OrbSources } from '../../../config-schema/language/processed.ts';
import { sampleValues } from '../../../config-schema/pipeline-values.ts';
import { indent } from './compiling.ts';

/** `LINE: message` of each, warnings marked. */
function notYetOf(text: string, { branch, orbs }: { branch?: string; orbs?: OrbSources } = {}): string[] {
  const compiled = compileConfig(text, { path: '.circle.yml', values: sampleValues({ branch }), ...(orbs && { orbs }) });
  if ('errors' in compiled) assert.fail(compiled.errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return compiled.notYet.map(({ line, message, severity }) => `${line}: ${severity === 'warning' ? 'warning: ' : ''}${message}`);
}

const sentence = (where: string, feature: string, remedy: string): string => `${where}: ${feature} is not supported yet by this version of Roundhouse. ${remedy}`;

/** The job's lines begin at line 4, its steps, without a key, at line 9. */
const config = ({ top = '#', job = '#', step = '- run: x', invocation = '', workflow = '#' }): string => `version: 2.1
${top}
jobs:
  build:
    ${job}
    docker:
      - image: debian:bookworm
        #
    steps:
${indent(step, 6)}
workflows:
  ci:
    ${workflow}
    jobs:
      - build:
          ${invocation}
`;

suite('what compiles and cannot run yet is refused at the line of its key, with a remedy', () => {
  const rows: [place: keyof typeof notYet, key: string, text: string, line: number][] = [
    ['job', 'egress', config({ job: 'egress: [example.org]' }), 5],
    ['step', 'install_signing_bundle', config({ step: '- install_signing_bundle' }), 10],
  ];
  for (const [place, key, text, line] of rows)
    test(`${place}: ${key}`, () => {
      const found = notYetOf(text);
      const remedy = (notYet[place] as Record<string, string>)[key]!;
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0]!, new RegExp(`^${line}: `));
      assert.ok(found[0]!.endsWith(sentence('', `\`${key}\``, remedy).slice(2)), found[0]);
    });

  test('each entry of the table has its row', () =>
    assert.deepEqual(
      rows.map(([place, key]) => `${place} ${key}`).sort(),
      Object.entries(notYet)
        .flatMap(([place, keys]) => Object.keys(keys).map((key) => `${place} ${key}`))
        .sort(),
    ));

  test('deploy is as run, but for a parallel job', () => {
    assert.deepEqual(notYetOf(config({ step: '- deploy: x' })), []);
    assert.match(notYetOf(config({ job: 'parallelism: 2', step: '- deploy: x' }))[0]!, /^10: .*`deploy` in a job with parallelism is not supported yet/);
  });
});

test('what this version can run is not refused', () => {
  const text = `version: 2.1
description: all of it
parameters: {level: {type: integer, default: 3}}
executors: {small: {docker: [{image: "debian:bookworm", environment: {A: 1}, user: ada, auth: {username: a, password: $B}}, {image: "postgres:15", name: db, command: x}], resource_class: small, shell: /bin/sh -eu}}
commands: {hello: {parameters: {to: {type: string}}, steps: [run: "echo << parameters.to >>"]}}
jobs:
  build:
    executor: small
    parallelism: 2
    working_directory: /work
    environment: {B: << pipeline.parameters.level >>}
    retention: {caches: 3d}
    circleci_ip_ranges: true
    timeout: 10m
    steps:
      - checkout: {method: full, path: sub}
      - run: {command: x, background: true, when: always, no_output_timeout: 1m}
      - run: {command: x, max_auto_reruns: 2, auto_rerun_delay: 10s}
      - hello: {to: you}
      - when: {condition: true, steps: [run: y]}
  gate: {type: no-op}
  ship: {type: release, plan_name: shop}
  take: {type: lock, key: prod}
  give: {type: unlock, key: prod}
workflows:
  ci:
    auto_cancel: false
    when: true
    jobs:
      - build: {matrix: {parameters: {}}, pre-steps: [run: before], post-steps: [run: after], filters: {branches: {only: main}}}
      - gate: {requires: [build: terminal]}
      - ship: {requires: [gate], serial-group: prod}
      - take
      - give: {requires: [take]}
  other: {jobs: [build]}
`.replace('matrix: {parameters: {}}, ', '');
  assert.deepEqual(notYetOf(text), []);
});

test('null, false and what is empty ask for nothing', () => {
  for (const job of ['no_retry: false', 'secrets: []', 'egress: []']) assert.deepEqual(notYetOf(config({ job })), [], job);
  assert.deepEqual(notYetOf(config({ invocation: 'context: []' })), []);
});

test('what does not run for the branch is not refused', () => {
  const text = config({ step: '- install_signing_bundle', invocation: 'filters: {branches: {only: main}}' });
  assert.equal(notYetOf(text, { branch: 'main' }).length, 1);
  assert.deepEqual(notYetOf(text, { branch: 'other' }), []);
});

test('a job that is unsupported as a whole is not refused for its parts', () => {
  assert.deepEqual(notYetOf('version: 2.1\njobs:\n  build:\n    macos: {xcode: 16.0.0}\n    steps: [install_signing_bundle]\n'), []);
});

test('one fault that many jobs share is said once', () => {
  const text = `version: 2.1
commands:
  keep:
    steps:
      - install_signing_bundle
jobs:
  a: &job {docker: [{image: x}], steps: [keep]}
  b: *job
workflows: {ci: {jobs: [a, b]}}
`;
  assert.deepEqual(notYetOf(text), [sentence('5: commands.keep.steps[0]', '`install_signing_bundle`', notYet.step.install_signing_bundle)]);
});

test('what an orb asks for is said where the config calls it', () => {
  const orbs: OrbSources = new Map([['acme/tools@1.0.0', { version: '1.0.0', sha256: '', origin: 'here', text: 'version: 2.1\njobs:\n  pack:\n    docker: [{image: x}]\n    steps:\n      - install_signing_bundle\n' }]]);
  const text = 'version: 2.1\norbs:\n  tools: acme/tools@1.0.0\nworkflows:\n  ci:\n    jobs:\n      - tools/pack\n';
  const [found, ...more] = notYetOf(text, { orbs });
  assert.deepEqual(more, []);
  assert.equal(found, sentence('7: workflows.ci.jobs[0]: in orb acme/tools@1.0.0, line 6, column 9, jobs.pack.steps[0]', '`install_signing_bundle`', notYet.step.install_signing_bundle));
});

test('what is taken out of the plan is not refused', () => {
  const text = `version: 2.1
jobs:
  test: {docker: [{image: x}], steps: [run: x]}
  deploy: {docker: [{image: x}], egress: [example.org], steps: [install_signing_bundle]}
workflows: {ci: {jobs: [test, deploy: {requires: [test]}]}}
`;
  const of = (job: string | undefined): number => {
    const compiled = compileConfig(text, { path: '.circle.yml', narrow: (plan) => onlyJob(plan, job) ?? plan });
    assert.ok('notYet' in compiled);
    return compiled.notYet.length;
  };
  assert.deepEqual([of(undefined), of('deploy'), of('test')], [2, 2, 0]);
});
