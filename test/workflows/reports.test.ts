// What does the forge hear of a pipeline's checks, and the repository of the pipeline?

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { ForgeUnavailable, type CheckRun } from '../../activities/control/forge.ts';
import { repositoryWorkflowId } from '../../config-schema/address.ts';
import { askPipeline, openPipelinesOf } from '../../workflows/client.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let tell: World['forge']['report'];
before(async () => {
  world = await startWorld();
  tell = world.forge.report;
  await world.startBuilder('b1');
});
after(() => world.stop());

let last = 0;
const job = (command: string): string => `{docker: [{image: "debian:bookworm"}], working_directory: ${world.folder}, steps: [{run: ${JSON.stringify(command)}}]}`;
const ended = () => world.ended((last += 1));
/** Each request: the checks in it, and whether earlier ones may have been lost. */
function listen(): { checks: readonly CheckRun[]; mayExist: boolean }[] {
  const heard: { checks: readonly CheckRun[]; mayExist: boolean }[] = [];
  world.forge.report = (repository, checks, mayExist) => {
    heard.push({ checks, mayExist });
    return tell(repository, checks, mayExist);
  };
  return heard;
}
const buttons = (name: string, sha: string): string[] | undefined => [...world.forge.checks.values()].find((check) => check.sha === sha && check.name === name)?.actions?.map(({ identifier }) => identifier);

test('all jobs are told together, and then what has changed of them', async () => {
  const heard = listen();
  const names = Array.from({ length: 12 }, (_, i) => `job${i}`);
  await world.push(`version: 2.1
jobs: {${names.map((name) => `${name}: ${job('true')}`).join(', ')}}
workflows: {ci: {jobs: [${names.join(', ')}]}}
`);
  assert.equal((await ended()).outcome, 'passed');
  assert.deepEqual(heard[0]!.checks.map(({ name, id }) => [name, id]), names.map((name) => [name, undefined]));
  assert.ok(heard.slice(1).every(({ checks }) => checks.every(({ id }) => id !== undefined)), 'later each has its id');
  assert.ok(heard.every(({ mayExist }) => !mayExist));
  assert.ok(heard.every(({ checks }) => checks.length > 0), 'where nothing is new nothing is told');
});

test('a report that is tried again has what the first try may have made looked for', async () => {
  const heard = listen();
  const listening = world.forge.report;
  world.forge.report = async (...told) => {
    await listening(...told);
    if (heard.length === 1) throw new ForgeUnavailable('the answer was lost', 1);
    return told[1].map(({ externalId }) => ({ id: externalId }));
  };
  await world.push(`version: 2.1
jobs: {test: ${job('true')}}
workflows: {ci: {jobs: [test]}}
`);
  await ended();
  assert.deepEqual(heard.slice(0, 3).map(({ mayExist }) => mayExist), [false, true, false]);
});

test('a check that the forge refuses holds up neither the others nor the pipeline', async () => {
  world.forge.report = async (repository, checks, mayExist) => {
    await tell(repository, checks.filter(({ name }) => name !== 'odd'), mayExist);
    return checks.map(({ name, externalId }) => (name === 'odd' ? { refused: 'its name is odd' } : { id: externalId }));
  };
  const { sha } = await world.push(`version: 2.1
jobs: {odd: ${job('true')}, test: ${job('true')}}
workflows: {ci: {jobs: [odd, test]}}
`);
  assert.equal((await ended()).outcome, 'passed');
  assert.deepEqual([...world.forge.checks.values()].filter((check) => check.sha === sha).map(({ name, conclusion }) => `${name} ${conclusion}`), ['test success']);
});

test('checks have the buttons of what can be done', async () => {
  listen();
  const { sha } = await world.push(`version: 2.1
jobs: {test: ${job('false')}, deploy: ${job('true')}}
workflows: {ci: {jobs: [test, {hold: {type: approval}}, {deploy: {requires: [hold]}}]}}
`);
  await world.until('the approval is asked for', () => Promise.resolve(buttons('hold', sha)?.includes('approve')));
  assert.deepEqual([buttons('hold', sha), buttons('deploy', sha)], [['approve', 'cancel'], ['cancel']]);
  await world.until('the failure is told', () => Promise.resolve(buttons('test', sha)?.includes('rerun-failed')));
  await askPipeline(world.client, 7, last + 1, { kind: 'approve', by: 'ada', workflow: 'ci', job: 'hold' });
  await ended();
  assert.deepEqual([buttons('hold', sha), buttons('deploy', sha), buttons('test', sha)], [[], [], ['rerun-job', 'rerun-failed', 'rerun-all']]);
});

test('what nobody has to approve tells the repository of its end alone', async () => {
  await world.until('the repository has heard of every end before', async () => (await openPipelinesOf(world.client, 7)).length === 0);
  await world.push(`version: 2.1\njobs:\n  one: {type: no-op}\n  two: {type: no-op}\nworkflows: {ci: {jobs: [one, {two: {requires: [one]}}]}}\n`);
  await ended();
  const told = async (): Promise<string[]> => {
    const { events } = await world.client.workflow.getHandle(repositoryWorkflowId(7)).fetchHistory();
    const begun = (events ?? []).findLastIndex(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName === 'triggered');
    return (events ?? []).slice(begun + 1).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? []);
  };
  await world.until('the repository has heard of its end', async () => (await told()).includes('pipelineEnded'));
  assert.deepEqual(await told(), ['pipelineEnded']);
});
