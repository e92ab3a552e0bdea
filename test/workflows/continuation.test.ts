// What becomes of a push whose config is a setup config: one of its jobs hands in the config with which the pipeline goes on.

import { after, before, suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PipelineRecord } from '../../activities/control/activities.ts';
import { getJson } from '../../activities/object-store.ts';
import { planKey } from '../../config-schema/address.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import { agentFolder } from '../sandbox-agent/agent.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let command: string;
let last = 0;
before(async () => {
  // These agents have no root of their own, in which they would make it.
  rmSync(paths.taskData, { recursive: true, force: true });
  mkdirSync(paths.taskData, { recursive: true });
  world = await startWorld();
  await world.startBuilder('b1');
  command = join(await agentFolder(), 'bin', 'circleci-agent');
});
after(async () => {
  await world.stop();
  rmSync(paths.taskData, { recursive: true, force: true });
});

const job = (...commands: string[]): string => `{docker: [{image: "debian:bookworm"}], working_directory: ${world.folder}, steps: [${commands.map((run) => `{run: ${JSON.stringify(run)}}`).join(', ')}]}`;
const setupConfig = (commands: string[], more = ''): string => `version: 2.1\nsetup: true\n${more}jobs: {choose: ${job(...commands)}}\nworkflows: {ci: {jobs: [choose]}}\n`;
const continueWith = (file: string, parameters = '{}'): string => `${command} continue ${file} --parameters='${parameters}'`;
const outcomes = ({ workflows }: PipelineView): string[] => workflows.flatMap(({ name, jobs }) => jobs.map((each) => `${name}/${each.name} ${each.outcome}`));
const checksOf = (sha: string): string[] => [...world.forge.checks.values()].filter((check) => check.sha === sha).map(({ name, conclusion }) => `${name} ${conclusion}`).sort();
const faultsOf = (sha: string): string[] => [...world.forge.checks.values()].filter((check) => check.sha === sha && check.name === 'Roundhouse config').flatMap(({ output }) => output!.annotations!.map(({ path, startLine, message }) => `${path}:${startLine} ${message}`));
const reasonOf = (view: PipelineView): string | undefined => view.workflows[0]!.jobs[0]!.slices[0]!.reason;

/** A push of the setup config; answers the pipeline once it has ended. */
async function pushed(setup: string, continuation: string, change = {}): Promise<{ view: PipelineView; sha: string }> {
  await writeFile(join(world.folder, 'continue.yml'), continuation);
  const { sha } = await world.push(setup, change);
  return { view: await world.ended(++last), sha };
}

test('the pipeline goes on with the config that a job hands in, with its parameters and the values of the pipeline', async () => {
  const continuation = `version: 2.1
parameters: {deploy: {type: boolean, default: false}, size: {type: integer, default: 1}}
jobs:
  test: ${job('test << pipeline.parameters.size >> = 7', 'test "<< pipeline.number >> << pipeline.git.branch >>" = "$CIRCLE_BUILD_NUM main"', 'test -z "$CIRCLE_CONTINUATION_KEY"')}
  ship: ${job('true')}
workflows:
  test: {jobs: [test]}
  deploy: {when: << pipeline.parameters.deploy >>, jobs: [ship]}
  never: {unless: << pipeline.parameters.deploy >>, jobs: [test]}
`;
  const { view, sha } = await pushed(setupConfig(['test -n "$CIRCLE_CONTINUATION_KEY"', continueWith('continue.yml', '{"deploy": true, "size": 7}')]), continuation);
  assert.deepEqual([view.outcome, ...outcomes(view)], ['passed', 'ci/choose passed', 'test/test passed', 'deploy/ship passed']);
  assert.deepEqual(checksOf(sha), ['choose success', 'ship success', 'test success']);
  const record = await getJson<PipelineRecord>(world.store, planKey(7, last));
  assert.deepEqual(record!.continuation!.config, { path: 'continue.yml', text: continuation });
  assert.deepEqual(record!.plan.workflows.map(({ name }) => name), ['ci', 'test', 'deploy']);
});

test('workflows and jobs may have the names that the setup config has: each keeps its own check and its own steps', async () => {
  const continuation = `version: 2.1\njobs: {choose: ${job('true', 'true', 'exit 3')}}\nworkflows: {ci: {jobs: [choose]}}\n`;
  const { view, sha } = await pushed(setupConfig([continueWith('continue.yml')]), continuation);
  assert.deepEqual([view.outcome, ...outcomes(view)], ['failed', 'ci/choose passed', 'ci-2/choose failed']);
  assert.deepEqual(view.workflows.map(({ jobs }) => jobs[0]!.slices[0]!.steps.length), [1, 3]);
  assert.deepEqual(checksOf(sha), ['choose success', 'ci-2/choose failure']);
});

test('both configs have the values of the pull request as GitHub told them at the beginning', async (t) => {
  const pullRequest = { number: 5, url: 'https://github.com/acme/shop/pull/5', title: 'Mend "it"', draft: true, merged: false, headRef: 'mend', baseRef: 'main', baseSha: 'b'.repeat(40) };
  const { load } = world.forge;
  t.after(() => (world.forge.load = load));
  world.forge.load = async (...asked) => ({ ...(await load(...asked)), pullRequest });
  const draft = '<< pipeline.event.github.pull_request.draft >>';
  const continuation = `version: 2.1\njobs: {test: ${job('true')}}\nworkflows: {draft: {when: ${draft}, jobs: [test]}, ready: {unless: ${draft}, jobs: [test]}}\n`;
  const { view } = await pushed(setupConfig(['test "<< pipeline.event.github.pull_request.head.ref >>" = mend', continueWith('continue.yml')]), continuation);
  assert.deepEqual([view.outcome, ...outcomes(view)], ['passed', 'ci/choose passed', 'draft/test passed']);
});

test('parameters of the trigger reach both configs', async () => {
  const parameters = 'parameters: {who: {type: string, default: nobody}}\n';
  const says = 'test "<< pipeline.parameters.who >>" = ada';
  const continuation = `version: 2.1\n${parameters}jobs: {build: ${job(says)}}\n`;
  const { view } = await pushed(setupConfig([says, continueWith('continue.yml')], parameters), continuation, { event: 'api', parameters: { who: 'ada' } });
  assert.equal(view.outcome, 'passed');
});

test('a pipeline whose setup workflow hands nothing in, or says that it is over, ends with it', async () => {
  for (const end of ['true', `${command} continue --finish`]) {
    const { view } = await pushed(setupConfig([end]), '');
    assert.deepEqual([view.outcome, ...outcomes(view)], ['passed', 'ci/choose passed']);
  }
});

test('a rerun of what has failed takes the setup workflow over, and goes on with what was handed in then', async () => {
  const flag = join(world.folder, 'mended');
  const continuation = `version: 2.1\njobs: {lint: ${job('true')}, test: ${job(`test -e ${flag}`)}}\nworkflows: {ci: {jobs: [lint, test]}}\n`;
  const { view, sha } = await pushed(setupConfig([continueWith('continue.yml')]), continuation);
  assert.deepEqual(outcomes(view), ['ci/choose passed', 'ci-2/lint passed', 'ci-2/test failed']);
  const first = last;
  await writeFile(join(world.folder, 'continue.yml'), 'nobody reads it');
  const rerun = async (number: number): Promise<string[]> => {
    const { sha: again } = await world.push(null, { event: 'rerun', sha, rerun: { number, what: { kind: 'failed' } } });
    assert.equal(again, sha);
    const { workflows } = await world.ended(++last);
    return workflows.flatMap(({ name, jobs }) => jobs.map((each) => `${name}/${each.name} ${each.outcome} ${each.carriedFrom ?? 'here'}`));
  };
  assert.deepEqual(await rerun(first), [`ci/choose passed ${first}`, `ci-2/lint passed ${first}`, 'ci-2/test failed here']);
  await writeFile(flag, '');
  assert.deepEqual(await rerun(last), [`ci/choose passed ${first}`, `ci-2/lint passed ${first}`, 'ci-2/test passed here']);
});

suite('what cannot be gone on with is said where somebody looks', () => {
  const build = (): string => `jobs: {build: ${job('true')}}\n`;
  const faults: [what: string, continuation: () => string, setup: () => string, expected: RegExp][] = [
    ['a parameter that the continuation does not declare', () => `version: 2.1\n${build()}`, () => setupConfig([continueWith('continue.yml', '{"size": 7}')]), /^continue\.yml:1 version: Unexpected argument\(s\): size\./],
    ['a value of the wrong type', () => `version: 2.1\nparameters:\n  size: {type: integer, default: 1}\n${build()}`, () => setupConfig([continueWith('continue.yml', '{"size": "7"}')]), /^continue\.yml:2 parameters: Type error for argument size: expected type: integer/],
    ['a broken config', () => 'version: 2.1\njobs:\n  build: {docker: [{image: x}], steps: [run: x], stpes: []}\n', () => setupConfig([continueWith('continue.yml')]), /^continue\.yml:3 .*extraneous key \[stpes\]/],
    ['another setup config', () => `version: 2.1\nsetup: true\n${build()}`, () => setupConfig([continueWith('continue.yml')]), /^continue\.yml:2 a pipeline goes on once, and not with another setup config/],
  ];
  for (const [what, continuation, setup, expected] of faults)
    test(what, async () => {
      const { view, sha } = await pushed(setup(), continuation());
      assert.deepEqual([view.outcome, ...outcomes(view)], ['failed', 'ci/choose passed']);
      assert.match(faultsOf(sha)[0] ?? view.reason ?? '', expected);
    });

  test('a parameter that the trigger has given already', async () => {
    const parameters = 'parameters: {who: {type: string, default: nobody}}\n';
    const { view, sha } = await pushed(setupConfig([continueWith('continue.yml', '{"who": "grace"}')], parameters), `version: 2.1\n${parameters}${build()}`, { event: 'api', parameters: { who: 'ada' } });
    assert.equal(view.outcome, 'failed');
    assert.match(faultsOf(sha)[0]!, /^continue\.yml:1 Conflicting pipeline parameters\. who came with the trigger already/);
  });

  test('a second config of the same job', async () => {
    const { view } = await pushed(setupConfig([continueWith('continue.yml'), continueWith('continue.yml')]), `version: 2.1\n${build()}`);
    assert.deepEqual([view.outcome, ...outcomes(view)], ['failed', 'ci/choose failed', 'workflow/build passed']);
  });

  test('a second config of another job', async () => {
    const setup = `version: 2.1\nsetup: true\njobs: {one: ${job(continueWith('continue.yml'))}, two: ${job(continueWith('continue.yml'))}}\nworkflows: {ci: {jobs: [one, two: {requires: [one]}]}}\n`;
    const { view } = await pushed(setup, `version: 2.1\n${build()}`);
    assert.deepEqual(outcomes(view), ['ci/one passed', 'ci/two failed', 'workflow/build passed']);
    assert.match(view.workflows[0]!.jobs[1]!.slices[0]!.reason!, /A pipeline goes on once, and job one has handed in a config before\./);
  });

  test('a config handed in where there is no setup config', async () => {
    const { view } = await pushed(`version: 2.1\n${build().replace('"true"', JSON.stringify(continueWith('continue.yml')))}`, `version: 2.1\n${build()}`);
    assert.deepEqual([view.outcome, ...outcomes(view)], ['failed', 'workflow/build failed']);
    assert.match(reasonOf(view)!, /exit code 1/);
  });
});
