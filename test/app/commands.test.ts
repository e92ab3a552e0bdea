// What people ask on GitHub's own pages, carried out by a real Temporal server; what GitHub says of them is in memory.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import type { AuditEvent } from '../../activities/control/audit.ts';
import { allowAsked } from '../../app/asks.ts';
import { onCommand } from '../../app/commands.ts';
import { Refused } from '../../app/control/operation.ts';
import type { Command, Deed, Target } from '../../app/webhooks/command.ts';
import type { Trigger } from '../../config-schema/trigger.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import { deliverTrigger } from '../../workflows/client.ts';
import { startWorld, type AtOnce, type World } from '../workflows/world.ts';

const ada = { id: 1, login: 'ada' };
const mallory = { id: 66, login: 'mallory' };
const repository: Trigger['repository'] = { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 };

let world: World;
let carryOut: (command: Command) => Promise<void>;
const choices: AtOnce = { pipelinesAtOnce: 0, askAfterSeconds: 60, autoCancel: 'branches', forks: 'approve' };
const heads = new Map<number, string>();
const audited: AuditEvent[] = [];
const said: string[] = [];
let deliveries = 0;

before(async () => {
  world = await startWorld({}, undefined, { atOnce: choices });
  await world.startBuilder('b1');
  const { load } = world.forge;
  world.forge.load = async (trigger, paths) => ({ ...(await load(trigger, paths)), senderPermission: trigger.sender.id === ada.id ? 'write' : 'read' });
  const say = (fields: object, message: string): void => void said.push(`${message} ${JSON.stringify(fields)}`);
  carryOut = onCommand({
    client: world.client,
    store: world.store,
    audit: { append: async (event) => void audited.push(event) },
    deliver: (trigger) => deliverTrigger(world.client, trigger, choices),
    findRepository: () => Promise.resolve(repository),
    isBuilt: () => Promise.resolve(true),
    permissionOf: (_repository, { id }) => Promise.resolve(id === ada.id ? 'write' : 'read'),
    headOf: (_repository, pull) => Promise.resolve(heads.get(pull) ?? null),
    log: { info: say, warn: say },
  });
});
after(() => world.stop());

let last = 0;
const job = (command: string): string => `{docker: [{image: "debian:bookworm"}], working_directory: ${world.folder}, steps: [{run: ${JSON.stringify(command)}}]}`;
const passing = (): string => `version: 2.1\njobs: {build: ${job('true')}}\n`;
const commanded = (deed: Deed, of: Target, sender = ada): Command => ({ deliveryId: `command-${++deliveries}`, repository, sender, deed, of });
const comment = (deed: Deed, pull: number, sender = ada, writtenAt = new Date().toISOString()): Promise<void> => carryOut(commanded(deed, { kind: 'pull-request', number: pull, writtenAt }, sender));
const press = ({ sha }: Trigger, deed: Deed, sender = ada): Promise<void> => carryOut(commanded(deed, { kind: 'pipeline', number: last, sha }, sender));
const checksOf = (sha: string): string[] => [...world.forge.checks.values()].filter((check) => check.sha === sha).map(({ name, conclusion }) => `${name}: ${conclusion}`).sort();
const conclude = (sha: string, ...checks: string[]): Promise<unknown> => world.until(`the checks are ${checks.join(', ')}`, () => Promise.resolve(JSON.stringify(checksOf(sha)) === JSON.stringify(checks)));
const waits = (look: (view: PipelineView) => boolean, number = last): Promise<unknown> =>
  world.until(`pipeline ${number} waits`, async () => {
    const view = await world.view(number);
    return view && look(view);
  });

async function forkPush(pull: number, { sender = mallory, authorId = mallory.id, config = passing() }: { sender?: Trigger['sender']; authorId?: number; config?: string } = {}): Promise<Trigger> {
  const pullRequest = { number: pull, url: `https://github.com/acme/shop/pull/${pull}`, headRepositoryId: 99, headOwner: 'mallory', headName: 'shop', baseRef: 'main', baseSha: 'b'.repeat(40), authorId };
  const trigger = await world.push(config, { event: 'pull_request', ref: `refs/pull/${pull}/head`, sender, pullRequest });
  heads.set(pull, trigger.sha);
  last += 1;
  return trigger;
}
async function branchPush(config: string): Promise<Trigger> {
  last += 1;
  return world.push(config, { ref: `refs/heads/topic-${last}` });
}

test('a fork’s commit waits, says what it would do, and runs at T0 when a maintainer says so; a stranger’s word is nothing', async () => {
  world.forge.files.set('.circle.yml', 'version: 2.1\n');
  const { sha } = await forkPush(3);
  await conclude(sha, 'Roundhouse: build this fork: action_required');
  const [check] = world.forge.reports.filter((report) => report.sha === sha);
  assert.match(check!.output!.summary, /one job: build/);
  assert.match(check!.output!.summary.replaceAll('\\', ''), /\.circle\.yml is not that of main/);
  assert.equal(await world.store.get('pipelines/7/1/plan.json'), undefined);

  await comment({ kind: 'allow' }, 3, mallory);
  assert.match(said.at(-1)!, /may not write.*"sender":"mallory"/);
  assert.deepEqual(audited.map(({ who, action }) => [who, action]), [['github:66 mallory', 'command.refused']]);
  assert.equal((await world.view(last))!.workflows.length, 0);

  await comment({ kind: 'allow' }, 3);
  const view = await world.ended(last);
  assert.deepEqual([view.outcome, view.trust, view.trigger.sender.login], ['passed', 'T0', 'mallory']);
  assert.deepEqual(checksOf(sha), ['Roundhouse: build this fork: success', 'build: success']);
  assert.deepEqual(audited.slice(1).map(({ who, from, action, details }) => [who, from, action, details]), [['github:1 ada', 'webhook', 'fork.allowed', { sha, pullRequest: 3 }]]);
});

test('new commits ask again: what a maintainer wrote before them is not meant for them, and the older pipeline ends', async () => {
  const first = await forkPush(4);
  await conclude(first.sha, 'Roundhouse: build this fork: action_required');
  const before = new Date(Date.now() - 5_000).toISOString();
  const second = await forkPush(4);
  await conclude(second.sha, 'Roundhouse: build this fork: action_required');
  assert.match((await world.ended(last - 1)).reason!, new RegExp(`superseded by #${last}`));
  assert.deepEqual(checksOf(first.sha), ['Roundhouse: build this fork: cancelled']);
  await comment({ kind: 'allow' }, 4, ada, before);
  assert.match(said.at(-1)!, /finds no pipeline/);
  // The button stands on the check of one commit.
  await press(first, { kind: 'allow' });
  assert.match(said.at(-1)!, /finds no pipeline/);
  await press(second, { kind: 'allow' });
  assert.equal((await world.ended(last)).outcome, 'passed');
});

test('of two maintainers at once one is heard and the other told, it runs once, and what it would run is told while it waits', async () => {
  const { sha } = await forkPush(13);
  await conclude(sha, 'Roundhouse: build this fork: action_required');
  const waiting = (await world.view(last))!;
  assert.match(waiting.wouldRun!.join(' '), /It runs one job: build\./);
  const ports = { client: world.client, audit: { append: async (event: AuditEvent) => void audited.push(event) } };
  const [before, people] = [audited.length, ['github:1 ada', 'github:2 grace']];
  const answers = await Promise.allSettled(people.map((who) => allowAsked(ports, waiting, { who, from: 'page' })));
  assert.equal((await world.ended(last)).outcome, 'passed');
  assert.equal((await world.ended(last)).wouldRun, undefined);
  const [late] = answers.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  const [first] = audited.slice(before);
  assert.ok(late instanceof Refused && late.message === `pipeline #${last} was allowed to run by ${first!.who.slice('github:1 '.length)}, so there is nothing to allow.`, String(late));
  assert.equal(audited.length, before + 1);
  assert.deepEqual(checksOf(sha), ['Roundhouse: build this fork: success', 'build: success']);
  await assert.rejects(allowAsked(ports, waiting, { who: 'github:1 ada', from: 'page' }), /has ended, so there is nothing to allow/);
});

test('what is not of a fork is not allowed but runs, and says so', async () => {
  const ports = { client: world.client, audit: { append: async (event: AuditEvent) => void audited.push(event) } };
  await branchPush(passing());
  await assert.rejects(allowAsked(ports, (await world.ended(last))!, { who: 'github:1 ada', from: 'page' }), { message: `pipeline #${last} is not of a fork, so there is nothing to allow.` });
});

test('whoever may write need not be asked about a pull request of his own, but is about a stranger’s', async () => {
  await forkPush(5, { sender: ada, authorId: ada.id });
  assert.deepEqual([(await world.ended(last)).outcome, (await world.ended(last)).trust], ['passed', 'T0']);
  const { sha } = await forkPush(6, { sender: ada, authorId: mallory.id });
  await conclude(sha, 'Roundhouse: build this fork: action_required');
  await comment({ kind: 'cancel' }, 6);
  assert.equal((await world.ended(last)).reason, 'canceled by ada');
});

test('a fork’s pipeline that was allowed runs again without being asked about, and one that was not asks again', async () => {
  const { sha } = await forkPush(7);
  await conclude(sha, 'Roundhouse: build this fork: action_required');
  await comment({ kind: 'cancel' }, 7);
  await world.ended(last);
  await comment({ kind: 'rerun', what: { kind: 'all' } }, 7);
  last += 1;
  await waits(({ reason }) => /until a maintainer allows/.test(reason ?? ''));
  await comment({ kind: 'allow' }, 7);
  assert.equal((await world.ended(last)).outcome, 'passed');
  await comment({ kind: 'rerun', what: { kind: 'all' } }, 7);
  last += 1;
  const again = await world.ended(last);
  assert.deepEqual([again.outcome, again.trust, again.trigger.event, again.trigger.sender.login], ['passed', 'T0', 'rerun', 'ada']);
});

test('whoever closes the pull request ends the waiting, and nothing else', async () => {
  const { sha } = await forkPush(10);
  await conclude(sha, 'Roundhouse: build this fork: action_required');
  await carryOut(commanded({ kind: 'withdraw', pull: 10 }, { kind: 'commit', sha }, mallory));
  assert.equal((await world.ended(last)).reason, 'canceled by mallory, who closed pull request #10');
  const allowed = await forkPush(11, { config: `version: 2.1\njobs: {build: ${job('true')}}\nworkflows: {ci: {jobs: [build, {hold: {type: approval, requires: [build]}}]}}\n` });
  await conclude(allowed.sha, 'Roundhouse: build this fork: action_required');
  await comment({ kind: 'allow' }, 11);
  await waits(({ workflows }) => workflows[0]?.jobs[1]?.reason !== undefined);
  await carryOut(commanded({ kind: 'withdraw', pull: 11 }, { kind: 'commit', sha: allowed.sha }, mallory));
  await comment({ kind: 'approve', workflow: null, job: 'hold' }, 11);
  assert.equal((await world.ended(last)).outcome, 'passed');
});

test('where pushes cancel nothing, a fork’s newer commit takes the place of one that waits, and of no other', async () => {
  choices.autoCancel = 'off';
  const held = `version: 2.1\njobs: {build: ${job('true')}}\nworkflows: {ci: {jobs: [{hold: {type: approval}}, {build: {requires: [hold]}}]}}\n`;
  const first = await forkPush(12, { config: held });
  await conclude(first.sha, 'Roundhouse: build this fork: action_required');
  await comment({ kind: 'allow' }, 12);
  await waits(({ workflows }) => workflows[0]?.jobs[0]?.reason !== undefined);
  const second = await forkPush(12);
  await conclude(second.sha, 'Roundhouse: build this fork: action_required');
  await forkPush(12);
  assert.equal((await world.ended(last - 1)).reason, `superseded by #${last}`);
  assert.equal((await world.view(last - 2))?.state, 'running');
  await comment({ kind: 'cancel' }, 12);
  await world.ended(last);
  await carryOut(commanded({ kind: 'cancel' }, { kind: 'commit', sha: first.sha }));
  await world.ended(last - 2);
  choices.autoCancel = 'branches';
});

test('`never` says why nothing runs, and `always` runs at T0', async () => {
  choices.forks = 'never';
  await forkPush(8);
  const view = await world.ended(last);
  assert.deepEqual([view.outcome, view.reason], ['skipped', 'pull request 8 comes from a fork, and forks are not built here (forks: never)']);
  choices.forks = 'always';
  await forkPush(8);
  assert.deepEqual([(await world.ended(last)).outcome, (await world.ended(last)).trust], ['passed', 'T0']);
  choices.forks = 'approve';
});

test('a fork’s config with errors says so at once, without anybody’s word', async () => {
  const { sha } = await forkPush(9, { config: 'version: 2.1\njobs: {build: {docker: [{image: x}], stepz: []}}\n' });
  assert.equal((await world.ended(last)).outcome, 'failed');
  assert.deepEqual(checksOf(sha), ['Roundhouse config: failure']);
});

test('an approval by the button, and by a comment', async () => {
  const config = `version: 2.1\njobs: {deploy: ${job('true')}}\nworkflows: {ci: {jobs: [{hold: {type: approval}}, {deploy: {requires: [hold]}}]}}\n`;
  for (const approve of [(at: Trigger) => press(at, { kind: 'approve', workflow: 'ci', job: 'hold' }), () => comment({ kind: 'approve', workflow: null, job: 'ci/hold' }, 20)]) {
    const pushed = await branchPush(config);
    heads.set(20, pushed.sha);
    await waits(({ workflows }) => workflows[0]?.jobs[0]?.reason === 'waits for an approval');
    await press(pushed, { kind: 'approve', workflow: 'ci', job: 'hold' }, mallory);
    await approve(pushed);
    const view = await world.ended(last);
    assert.deepEqual([view.outcome, view.workflows[0]!.jobs[0]!.approvedBy], ['passed', 'ada']);
  }
});

test('a job canceled by its button, and run again by GitHub’s "Re-run": the rest of the pipeline is not', async () => {
  const pushed = await branchPush(`version: 2.1\njobs: {long: ${job('sleep 60')}, short: ${job('true')}}\nworkflows: {ci: {jobs: [long, short]}}\n`);
  await waits(({ workflows }) => workflows[0]?.jobs[0]?.state === 'running' && workflows[0].jobs[1]?.state === 'ended');
  await press(pushed, { kind: 'cancel', workflow: 'ci', job: 'long' });
  const view = await world.ended(last);
  assert.deepEqual(view.workflows[0]!.jobs.map(({ name, outcome, reason }) => [name, outcome, reason]), [['long', 'canceled', 'canceled by ada'], ['short', 'passed', undefined]]);

  const again = commanded({ kind: 'rerun', what: { kind: 'job', workflow: 'ci', job: 'long' } }, { kind: 'pipeline', number: last, sha: pushed.sha });
  await carryOut(again);
  // GitHub may send it twice.
  await carryOut(again);
  last += 1;
  await waits(({ workflows }) => workflows[0]?.jobs[0]?.state === 'running');
  await comment({ kind: 'cancel' }, 21);
  heads.set(21, pushed.sha);
  await comment({ kind: 'cancel' }, 21);
  const rerun = await world.ended(last);
  assert.deepEqual(rerun.workflows[0]!.jobs.map(({ name, outcome, carriedFrom }) => [name, outcome, carriedFrom]), [['long', 'canceled', undefined], ['short', 'passed', last - 1]]);
  await world.push(null);
  last += 1;
  assert.equal((await world.ended(last)).trigger.event, 'push', 'the second delivery started nothing');
});

test('a commit whose message says so is not built, unless somebody asks for it by hand', async () => {
  const pushed = await world.push(passing(), { ref: 'refs/heads/quiet', commit: { subject: 'Typo [Skip CI]', authorLogin: 'ada' } });
  last += 1;
  assert.equal((await world.ended(last)).reason, `the message of ${pushed.sha.slice(0, 12)} says [Skip CI]`);
  heads.set(22, pushed.sha);
  await comment({ kind: 'rerun', what: { kind: 'all' } }, 22);
  last += 1;
  assert.equal((await world.ended(last)).outcome, 'passed');
});
