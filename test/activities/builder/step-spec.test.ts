import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AddSshKeysStep, RunStep } from '../../../config-schema/plan.ts';
import { stepSpec } from '../../../activities/builder/step-spec.ts';
import { nothingGiven, type StepPlace } from '../../../activities/builder/environment.ts';
import { checkoutStep, planJob, runStep } from '../../config-schema/plan-parts.ts';

const run = runStep({ environment: { LEVEL: 'step' } });
const job = planJob({ environment: { LEVEL: 'job', CIRCLE_BRANCH: 'chosen by the job' }, parallelism: 3, steps: [run] });
const hostile = '$(touch${IFS}/tmp/p)';
const place: StepPlace = {
  trigger: {
    event: 'push',
    deliveryId: 'd',
    receivedAt: '2026-01-01T00:00:00Z',
    repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
    ref: `refs/heads/${hostile}`,
    before: '0'.repeat(40),
    sha: 'a'.repeat(40),
    sender: { id: 1, login: 'ada' },
    commit: { subject: '', authorLogin: null },
    pullRequest: null,
  },
  pipeline: 12,
  workflow: 'ci',
  job,
  jobName: 'test',
  slice: 1,
  sliceTotal: 3,
  publicUrl: 'http://ci.example',
  repositoryUrl: 'https://github.example/acme/shop',
  pullRequestUrls: [],
};

test('the step’s environment goes over the job’s, the job’s over the built-in', () => {
  const { env } = stepSpec(place, 0, run);
  assert.equal(env.LEVEL, 'step');
  assert.equal(env.CIRCLE_BRANCH, 'chosen by the job');
  assert.equal(env.CIRCLE_NODE_INDEX, '1');
  assert.equal(env.CIRCLE_NODE_TOTAL, '3');
  assert.equal(env.CIRCLE_BUILD_URL, 'http://ci.example/acme/shop/12/ci/test');
});

test('a tag build has a tag and no branch', () => {
  const { env } = stepSpec({ ...place, job: { ...job, environment: {} }, trigger: { ...place.trigger, ref: 'refs/tags/v1' } }, 0, run);
  assert.equal(env.CIRCLE_TAG, 'v1');
  assert.equal('CIRCLE_BRANCH' in env, false);
});

test('names from outside reach a checkout as environment, never as text of its script', () => {
  const spec = stepSpec(place, 0, checkoutStep);
  assert.equal(spec.env.RH_BRANCH, hostile);
  assert.ok(!spec.argv.join(' ').includes(hostile));
});

const folders: [string, string][] = [
  ['.', '~/project'],
  ['sub', '~/project/sub'],
  ['/tmp', '/tmp'],
  ['~/x', '~/x'],
];
for (const [workingDirectory, cwd] of folders) {
  test(`working_directory ${workingDirectory} is ${cwd}`, () => assert.equal(stepSpec(place, 0, { ...run, workingDirectory }).cwd, cwd));
}

test('a shell of the config’s gets the command after -c', () => {
  assert.deepEqual(stepSpec(place, 0, { ...run, shell: ['/bin/sh', '-e'] }).argv, ['/bin/sh', '-e', '-c', 'make test']);
});

test('a checkout speaks of the forge’s host, and of its further repositories and those of earlier checkouts', () => {
  const earlier = { ...checkoutStep, repositories: ['acme/lib', 'acme/tools'] };
  const later = { ...checkoutStep, repositories: ['Acme/docs', 'acme/lib', 'a"\n[core]/x', '$(id)/x'] };
  const { env } = stepSpec({ ...place, job: { ...job, steps: [earlier, run, later] } }, 2, later);
  assert.equal(env.RH_ORIGIN, 'git@github.example:acme/shop.git');
  assert.equal(env.RH_FURTHER, 'acme/lib acme/tools Acme/docs');
  assert.equal(env.RH_FORGE, 'git@github.example: ssh://git@github.example/ https://github.example/');
  assert.equal(stepSpec({ ...place, job: { ...job, steps: [checkoutStep, later] } }, 0, checkoutStep).env.RH_FURTHER, '');
});

const sshKey = { fingerprint: 'SHA256:aaa', md5: '00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff', host: 'github.com', publicKey: 'ssh-ed25519 AAAA ada@laptop', privateKey: 'THE SECRET PART' };
const given = { ...nothingGiven, values: { ...nothingGiven.values, sshKeys: [sshKey, { ...sshKey, fingerprint: 'SHA256:bbb', md5: 'ff'.repeat(16), host: null }] } };
const addKeys = (fingerprints: string[] | null): AddSshKeysStep => ({ kind: 'add_ssh_keys', name: 'Add ssh keys', when: 'on_success', fingerprints });

test('ssh keys reach their step as environment, by their public parts, those that it names', () => {
  const all = stepSpec(place, 0, addKeys(null), given);
  assert.equal(all.env.RH_SSH_KEYS, `00112233445566778899aabbccddeeff SHA256:aaa ssh-ed25519 AAAA github.com\n${'ff'.repeat(16)} SHA256:bbb ssh-ed25519 AAAA `);
  assert.ok(!JSON.stringify(all).includes('SECRET'));
  assert.equal(stepSpec(place, 0, addKeys(['bbb']), given).env.RH_SSH_KEYS, `${'ff'.repeat(16)} SHA256:bbb ssh-ed25519 AAAA `);
  assert.ok(!all.argv.join(' ').includes('github.com'));
});

test('a key that is not there, or for a host that is none, is no step', () => {
  assert.throws(() => stepSpec(place, 0, addKeys(['ccc']), given), /the key ccc is not among the ssh keys/);
  const odd = { ...given, values: { ...given.values, sshKeys: [{ ...sshKey, host: 'a\n  ProxyCommand x' }] } };
  assert.throws(() => stepSpec(place, 0, addKeys(null), odd), /which is no host/);
});

test('each command has a file of its own by which it halts the job, whatever the config says', () => {
  const halt = (index: number): string | undefined => stepSpec(place, index, runStep({ environment: { ROUNDHOUSE_HALT_FILE: '/etc/passwd' } })).env['ROUNDHOUSE_HALT_FILE'];
  assert.deepEqual([halt(0), halt(1)], ['/tmp/.roundhouse/halt-0', '/tmp/.roundhouse/halt-1']);
  assert.equal(stepSpec(place, 0, checkoutStep).env['ROUNDHOUSE_HALT_FILE'], undefined);
});

suite('a command that may run again', () => {
  const again = (command: string, change: Partial<RunStep> = {}): Promise<{ code: number | string; output: string }> => {
    const [program = '', ...args] = stepSpec(place, 0, runStep({ command, maxAutoReruns: 2, ...change })).argv;
    return promisify(execFile)(program, args).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      ({ code, signal, stdout }: { code: number | null; signal: string; stdout: string }) => ({ code: code ?? signal, output: stdout }),
    );
  };
  const said = (code: number, times: number): string => Array.from({ length: times }, (_, n) => `exit code ${code}; run again in 0 s (${n + 1} of 2)\n`).join('');
  const rows: [name: string, command: string, code: number | string, output: string][] = [
    ['does not when it passes', 'echo once', 0, 'once\n'],
    ['does so as often as it may, and ends as the last try', 'exit 7', 7, said(7, 2)],
    ['does so for a signal from elsewhere', 'kill -9 $$', 137, said(137, 2)],
    ['does so for a program that is not there', 'nonesuch 2> /dev/null', 127, said(127, 2)],
    ['does so at the first line that fails', 'false; echo not reached', 1, said(1, 2)],
    ['does not when everything is told to end', 'kill $PPID; sleep 1; exit 3', 'SIGTERM', ''],
  ];
  for (const [name, command, code, output] of rows) test(name, async () => assert.deepEqual(await again(command), { code, output }));

  test('has its arguments as they are, in the shell of the config’s', async () => assert.deepEqual(await again(`echo "a  b" '$x'`, { shell: ['/bin/sh', '-e'] }), { code: 0, output: 'a  b $x\n' }));
  test('stops after a try that passes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'again-'));
    assert.deepEqual(await again(`echo x >> ${folder}/tries; test $(wc -l < ${folder}/tries) = 2`), { code: 0, output: said(1, 1) });
    rmSync(folder, { recursive: true });
  });
  const limits: [change: Partial<RunStep>, seconds: number | null][] = [
    [{}, 600],
    [{ maxAutoReruns: 1, autoRerunDelaySeconds: 600, noOutputTimeoutSeconds: 60 }, 660],
    [{ background: true }, null],
  ];
  for (const [change, seconds] of limits) test(`may be silent for ${seconds} s with ${JSON.stringify(change)}`, () => assert.equal(stepSpec(place, 0, runStep(change)).noOutputTimeoutSeconds, seconds));
});
