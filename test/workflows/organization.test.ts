// Who has the turn in a serial group, who waits or is skipped, and what becomes of the group when something goes wrong: by real pushes.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { access, writeFile } from 'node:fs/promises';
import type { Ask } from '../../config-schema/ask.ts';
import { organizationWorkflowId, pipelineWorkflowId } from '../../config-schema/address.ts';
import type { Repository, Trigger } from '../../config-schema/trigger.ts';
import type { JobView, PipelineView } from '../../config-schema/view.ts';
import { askPipeline, viewPipeline } from '../../workflows/client.ts';
import { startWorld, type World } from './world.ts';

let world: World;
/** For the pipelines that come then. */
const limits = { serialTimeoutSeconds: 300 };
before(async () => {
  // The organization continues as new after a few turns already.
  const serverArgs = ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'];
  world = await startWorld(limits, undefined, { atOnce: { pipelinesAtOnce: 0, askAfterSeconds: 1, forks: 'always' }, serverArgs });
  await world.startBuilder('b1');
});
after(() => world.stop());

const ownerId = 583_231;
const site: Repository = { id: 8, owner: 'acme', name: 'site', private: false, defaultBranch: 'main', installationId: 1 };
let flags = 0;
const lasts = new Map<number, number>();

const job = (command: string): string => `{docker: [{image: "debian:bookworm"}], working_directory: ${world.folder}, steps: [{run: ${JSON.stringify(command)}}]}`;
/** A job that has begun when `begun` is there, and ends when `end` was called. */
type Gate = { job: string; begun(): Promise<boolean>; end(): Promise<void> };
function gated(): Gate {
  const flag = `${world.folder}/flag-${++flags}`;
  const isThere = (file: string): Promise<boolean> => access(file).then(() => true, () => false);
  return { job: job(`touch ${flag}.begun; until test -e ${flag}.end; do sleep 0.05; done`), begun: () => isThere(`${flag}.begun`), end: () => writeFile(`${flag}.end`, '') };
}
const begun = (gate: Gate): Promise<boolean> => world.until('the job has begun', gate.begun);

async function push(config: string, change: Partial<Trigger> = {}): Promise<number> {
  const { repository: { id } } = await world.push(config, change);
  lasts.set(id, (lasts.get(id) ?? 0) + 1);
  return lasts.get(id)!;
}
const deploy = (gate: Gate, group: string, change: Partial<Trigger> = {}): Promise<number> =>
  push(`version: 2.1\njobs:\n  deploy: ${gate.job}\nworkflows: {ci: {jobs: [deploy: {serial-group: ${group}}]}}\n`, change);
const ask = (number: number, asked: Ask): Promise<unknown> => askPipeline(world.client, 7, number, asked);
const jobsOf = (view: PipelineView): JobView[] => view.workflows.flatMap(({ jobs }) => jobs);
const ends = (view: PipelineView): (string | undefined)[][] => jobsOf(view).map(({ name, outcome, reason }) => [name, outcome!, ...(reason === undefined ? [] : [reason])]);
/** Until a job of the pipeline gives this reason. */
const says = (number: number, reason: string, repositoryId = 7): Promise<unknown> =>
  world.until(`pipeline ${number} ${reason}`, async () => jobsOf((await viewPipeline(world.client, repositoryId, number)) ?? ({ workflows: [] } as never)).some((each) => each.reason === reason));

test('jobs of one serial group run one after the other, and who waits says for whom', async () => {
  const [one, two, after] = [gated(), gated(), gated()];
  const first = await push(`version: 2.1\njobs:\n  deploy: ${one.job}\n  after: ${after.job}\nworkflows: {ci: {jobs: [{deploy: {serial-group: prod}}, {after: {requires: [deploy]}}]}}\n`);
  await begun(one);
  const second = await deploy(two, 'prod');
  await says(second, `waits for serial group prod, which acme/shop#${first} holds`);
  await world.until('the check says so too', () => Promise.resolve([...world.forge.checks.values()].find(({ output }) => output?.summary.startsWith('Waiting: waits for serial group prod, which '))));
  assert.equal(await two.begun(), false);
  await one.end();
  await begun(two);
  await begun(after);
  for (const gate of [two, after]) await gate.end();
  assert.deepEqual(ends(await world.ended(first)), [['deploy', 'passed'], ['after', 'passed']]);
  assert.deepEqual(ends(await world.ended(second)), [['deploy', 'passed']]);
});

test('of one repository the newest pipeline counts: the place of an older one that waits is skipped, with the reason', async () => {
  const [one, three] = [gated(), gated()];
  const first = await deploy(one, 'stage');
  await begun(one);
  const second = await deploy(gated(), 'stage');
  await says(second, `waits for serial group stage, which acme/shop#${first} holds`);
  const third = await deploy(three, 'stage');
  assert.deepEqual(ends(await world.ended(second)), [['deploy', 'not-run', `a newer pipeline, #${third}, waits for serial group stage`]]);
  await one.end();
  await begun(three);
  await three.end();
  assert.equal((await world.ended(third)).outcome, 'passed');
});

test('repositories of one owner share its groups, and none is skipped for another', async () => {
  const [one, two, other] = [gated(), gated(), gated()];
  const first = await deploy(one, 'shared', { repository: site });
  await begun(one);
  const second = await deploy(two, 'shared');
  await says(second, `waits for serial group shared, which acme/site#${first} holds`);
  await deploy(other, 'of-its-own');
  await begun(other);
  await other.end();
  await one.end();
  await begun(two);
  await two.end();
  assert.equal((await world.ended(second)).outcome, 'passed');
  assert.equal((await world.ended(first, 8)).outcome, 'passed');
});

test('the code of a stranger holds up nobody: it has serial groups of its own', async () => {
  const [one, two, three] = [gated(), gated(), gated()];
  const pullRequest = { number: 1, url: 'https://github.com/acme/shop/pull/1', headRepositoryId: 99, headOwner: 'eve', headName: 'shop', baseRef: 'refs/heads/main' };
  const fork: Partial<Trigger> = { event: 'pull_request', ref: 'refs/pull/1/head', pullRequest };
  const first = await deploy(one, 'guarded', fork);
  await begun(one);
  const second = await deploy(two, 'guarded', fork);
  await says(second, `waits for serial group guarded, which acme/shop#${first} holds`);
  await deploy(three, 'guarded');
  await begun(three);
  for (const gate of [one, two, three]) await gate.end();
  assert.equal((await world.ended(second)).outcome, 'passed');
});

test('whose turn does not come in time is canceled, and has no place any more', async () => {
  const [one, three] = [gated(), gated()];
  const first = await deploy(one, 'slow', { repository: site });
  await begun(one);
  limits.serialTimeoutSeconds = 2;
  const second = await deploy(gated(), 'slow');
  assert.deepEqual(ends(await world.ended(second)), [['deploy', 'canceled', `its turn in serial group slow did not come within 2 s; acme/site#${first} holds it`]]);
  limits.serialTimeoutSeconds = 300;
  const third = await deploy(three, 'slow');
  await says(third, `waits for serial group slow, which acme/site#${first} holds`);
  await one.end();
  await begun(three);
  await three.end();
  assert.equal((await world.ended(third)).outcome, 'passed');
});

test('a job group with a serial group waits, is skipped and goes on as a whole', async () => {
  const grouped = (gate: Gate): Promise<number> =>
    push(`version: 2.1\njobs:\n  apply: ${gate.job}\n  check: ${job('true')}\njob-groups: {ship: {jobs: [apply, {check: {requires: [apply]}}]}}\nworkflows: {ci: {jobs: [ship: {serial-group: whole}]}}\n`);
  const [one, three] = [gated(), gated()];
  const first = await grouped(one);
  await begun(one);
  const second = await grouped(gated());
  await says(second, `waits for serial group whole, which acme/shop#${first} holds`);
  const third = await grouped(three);
  assert.deepEqual(
    ends(await world.ended(second)).map(([name, outcome]) => `${name} ${outcome}`),
    ['ship-group-start not-run', 'apply not-run', 'check not-run', 'ship-group-end not-run', 'ship-group-unlock passed'],
  );
  await one.end();
  await begun(three);
  await three.end();
  assert.deepEqual(ends(await world.ended(third)).map(([, outcome]) => outcome), ['passed', 'passed', 'passed', 'passed', 'passed']);
});

const jobNamed = async (number: number, name: string): Promise<JobView | undefined> => jobsOf((await world.view(number)) ?? ({ workflows: [] } as never)).find((each) => each.name === name);
const has = (number: number, name: string, outcome: string): Promise<unknown> => world.until(`${name} is ${outcome}`, async () => (await jobNamed(number, name))?.outcome === outcome);
/** From the lock `take` to `apply`, and further; `hold` keeps the pipeline open. */
const locked = (apply: string, key: string, further = ''): string => `version: 2.1
jobs:
  take: {type: lock, key: ${key}}
  give: {type: unlock, key: ${key}}
  plan: ${job('true')}
  apply: ${apply}
workflows:
  ci: {jobs: [take, {plan: {requires: [take]}}, {apply: {requires: [plan]}}${further}]}
  other: {jobs: [{hold: {type: approval}}]}
`;
const unlocked = ', {give: {requires: [{apply: terminal}]}}, {wait: {type: approval, requires: [give]}}';

test('from its lock to its unlock a workflow has the turn, and no longer', async () => {
  const [one, two] = [gated(), gated()];
  const first = await push(locked(one.job, 'infra', unlocked));
  await begun(one);
  const second = await push(locked(two.job, 'infra', unlocked));
  await says(second, `waits for serial group infra, which acme/shop#${first} holds`);
  await one.end();
  await begun(two);
  await two.end();
  for (const number of [first, second]) {
    await has(number, 'give', 'passed');
    await ask(number, { kind: 'cancel', by: 'ada' });
    assert.deepEqual(ends(await world.ended(number)).map(([name, outcome]) => `${name} ${outcome}`), ['take passed', 'plan passed', 'apply passed', 'give passed', 'wait canceled', 'hold canceled']);
  }
});

test('what nothing unlocks is unlocked at the end of the workflow', async () => {
  const [one, two] = [gated(), gated()];
  const first = await push(locked(one.job, 'open'));
  await begun(one);
  const second = await push(locked(two.job, 'open'));
  await says(second, `waits for serial group open, which acme/shop#${first} holds`);
  await one.end();
  await begun(two);
  await two.end();
  for (const number of [first, second]) {
    await ask(number, { kind: 'approve', by: 'ada', workflow: 'other', job: 'hold' });
    assert.equal((await world.ended(number)).outcome, 'passed');
  }
});

test('what runs again when its lock is unlocked locks it anew, in the same pipeline and in a later one', async () => {
  const flag = `${world.folder}/mended`;
  const config = locked(job(`test -e ${flag}`), 'again', ', {give: {requires: [{apply: terminal}]}}');
  const held = async (): Promise<[number, Gate]> => {
    const other = gated();
    const holder = await deploy(other, 'again', { repository: site });
    await begun(other);
    return [holder, other];
  };
  const first = await push(config);
  await has(first, 'give', 'passed');
  const [one, site1] = await held();
  assert.deepEqual(await ask(first, { kind: 'rerun', by: 'ada', what: { kind: 'failed' } }), { done: true });
  await says(first, `waits for serial group again, which acme/site#${one} holds`);
  await site1.end();
  await has(first, 'apply', 'failed');
  await ask(first, { kind: 'approve', by: 'ada', workflow: 'other', job: 'hold' });
  await world.ended(first);

  const [two, site2] = await held();
  await writeFile(flag, '');
  const later = await push(config, { event: 'rerun', rerun: { number: first, what: { kind: 'failed' } } });
  await says(later, `waits for serial group again, which acme/site#${two} holds`);
  assert.equal((await jobNamed(later, 'plan'))!.carriedFrom, first);
  await site2.end();
  assert.equal((await world.ended(later)).outcome, 'passed');
});

test('who is canceled while it waits gives its place back, and who is canceled while it has the turn that', async () => {
  const [one, three] = [gated(), gated()];
  const first = await deploy(one, 'cancel', { repository: site });
  await begun(one);
  const second = await push(locked(job('true'), 'cancel', ', {wait: {type: approval}}'));
  await says(second, `waits for serial group cancel, which acme/site#${first} holds`);
  const third = await deploy(three, 'cancel', { repository: site });
  await says(third, `waits for serial group cancel, which acme/site#${first} holds`, 8);
  await ask(second, { kind: 'cancel', by: 'ada', workflow: 'ci', job: 'take' });
  await has(second, 'take', 'canceled');
  await askPipeline(world.client, 8, first, { kind: 'cancel', by: 'ada' });
  await begun(three);
  await three.end();
  assert.equal((await world.ended(third, 8)).outcome, 'passed');
  await ask(second, { kind: 'cancel', by: 'ada' });
  assert.deepEqual(ends(await world.ended(second))[0], ['take', 'canceled', 'canceled by ada']);
});

test('the turn of a pipeline that an operator terminated is found out and passes on', async () => {
  const [one, two] = [gated(), gated()];
  const first = await deploy(one, 'killed');
  await begun(one);
  const second = await deploy(two, 'killed');
  await says(second, `waits for serial group killed, which acme/shop#${first} holds`);
  await world.client.workflow.getHandle(pipelineWorkflowId(7, first)).terminate('by the operator');
  await begun(two);
  await two.end();
  assert.equal((await world.ended(second)).outcome, 'passed');
});

test('who waits does so on, in its order, when the organization continues as new', async () => {
  const organization = world.client.workflow.getHandle(organizationWorkflowId({ ownerId }));
  const runId = async (): Promise<string> => (await organization.describe()).runId;
  const [holder, waiting] = [gated(), gated()];
  const first = await deploy(holder, 'long', { repository: site });
  await begun(holder);
  const second = await deploy(waiting, 'long');
  await says(second, `waits for serial group long, which acme/site#${first} holds`);
  const before = await runId();
  await world.until('the organization has continued', async () => {
    const gate = gated();
    await gate.end();
    await world.ended(await deploy(gate, 'short'));
    return (await runId()) !== before;
  });
  await holder.end();
  await begun(waiting);
  await waiting.end();
  assert.equal((await world.ended(second)).outcome, 'passed');
});
