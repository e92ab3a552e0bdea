// What breaks under a running slice, and what the slice makes of it.

import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginAttempt } from '../../activities/fence.ts';
import { logCodec } from '../../activities/log-codec.ts';
import { stepLogKey } from '../../config-schema/address.ts';
import { readLog } from '../../config-schema/read-log.ts';
import { sandboxName } from '../../activities/builder/held.ts';
import { cancelPipeline } from '../../workflows/client.ts';
import { agentPid } from '../fakes/process-host.ts';
import { startWorld, type BuilderProcess, type World } from './world.ts';

let world: World;
let builders: BuilderProcess[] = [];
let last = 0;
before(async () => {
  world = await startWorld({ queueTimeoutSeconds: 10, builderLostSeconds: 3, leaseSeconds: 2, explainAfterSeconds: 1 });
});
afterEach(async () => {
  await Promise.all(builders.map((builder) => builder.stop()));
  builders = [];
});
after(() => world.stop());

const startBuilder = async (id: string): Promise<BuilderProcess> => {
  const builder = await world.startBuilder(id);
  builders.push(builder);
  return builder;
};
const oneStep = (command: string): string =>
  `version: 2.1\njobs:\n  build:\n    docker: [{image: "debian:bookworm"}]\n    working_directory: ${world.folder}\n    steps:\n      - run: ${JSON.stringify(command)}\n`;
const keyOf = (pipeline: number) => ({ repositoryId: 7, pipeline, workflow: 'workflow', job: 'build', slice: 0 });
const file = (name: string): string => join(world.folder, name);
const exists = (name: string) => world.until(`${name} exists`, () => Promise.resolve(existsSync(file(name))));

async function logOf(pipeline: number, attempt = 1): Promise<string> {
  const parts: string[] = [];
  for await (const part of readLog(world.store, stepLogKey(keyOf(pipeline), attempt, 0), { from: 0 }, logCodec)) {
    parts.push(part.kind === 'bytes' ? Buffer.from(part.bytes).toString() : `GAP ${part.reason}`);
  }
  return parts.join('');
}

test('a builder that stops in mid-step and starts again goes on with the same step', async () => {
  const builder = await startBuilder('b1');
  await world.push(oneStep('echo $$ >> pids; touch going; for i in $(seq 60); do echo line $i; sleep 0.05; done; echo done'));
  const number = ++last;
  await exists('going');
  await builder.stop();
  await startBuilder('b1');
  const view = await world.ended(number);
  assert.equal(view.outcome, 'passed');
  assert.equal(view.workflows[0]!.jobs[0]!.slices[0]!.attempt, 1);
  assert.equal((await readFile(file('pids'), 'utf8')).trim().split('\n').length, 1, 'the command ran once');
  assert.equal(await logOf(number), Array.from({ length: 60 }, (_, i) => `line ${i + 1}\n`).join('') + 'done\n');
});

test('a builder that stops while it persists a workspace begins that step again, and the next job gets all of it', async () => {
  const builder = await startBuilder('b1');
  await world.push(`version: 2.1
jobs:
  make:
    docker: [{image: "debian:bookworm"}]
    working_directory: ${file('making')}
    steps:
      - run: head -c 300000000 /dev/urandom > large; sha256sum < large > ../made
      - persist_to_workspace: {root: ., paths: [large]}
  use:
    docker: [{image: "debian:bookworm"}]
    working_directory: ${file('using')}
    steps:
      - attach_workspace: {at: .}
      - run: sha256sum < large > ../used
workflows: {workflow: {jobs: [make, use: {requires: [make]}]}}
`);
  const number = ++last;
  const spool = join(builder.folder, 'spool');
  await world.until('the layer is being packed', () => Promise.resolve(existsSync(spool) && readdirSync(spool).some((name) => statSync(join(spool, name)).size > 1e6)));
  await builder.stop();
  await startBuilder('b1');
  const view = await world.ended(number);
  assert.equal(view.outcome, 'passed', view.reason);
  assert.equal(await readFile(file('used'), 'utf8'), await readFile(file('made'), 'utf8'));
  assert.equal(view.workflows[0]!.jobs[0]!.slices[0]!.attempt, 1);
});

test('a builder that is gone for good: the slice runs elsewhere under the next attempt number, and the first clears up when it comes back', async () => {
  const first = await startBuilder('b2');
  await world.push(oneStep('echo attempt; if [ ! -e first ]; then touch first; sleep 300; fi'));
  const number = ++last;
  await exists('first');
  await first.stop();
  await startBuilder('b3');
  const view = await world.ended(number);
  const [slice] = view.workflows[0]!.jobs[0]!.slices;
  assert.equal(view.outcome, 'passed');
  assert.equal(slice!.attempt, 2);
  assert.equal(slice!.builder, 'b3');
  assert.deepEqual(slice!.notes, ['builder b2 was lost at step 1; started again on b3']);
  assert.equal(await logOf(number, 2), 'attempt\n');

  const back = await startBuilder('b2');
  assert.deepEqual(back.builder.sandboxes(), [], 'the sandbox of the fenced attempt is gone');
  assert.deepEqual(await back.host.list(), []);
});

test('a later attempt begins while a builder that knows nothing of it still writes: its writes are refused, and its sandbox goes', async () => {
  const { host } = await startBuilder('b9');
  await world.push(oneStep('touch overtaken; while :; do echo more; sleep 0.05; done'));
  const number = ++last;
  await exists('overtaken');
  await beginAttempt(world.store, keyOf(number), 2);
  // The next attempt may have one of its own by now.
  await world.until('the sandbox is gone', async () => !(await host.list()).some(({ name }) => name === sandboxName(keyOf(number), 1)), 15_000);
  const written = await logOf(number);
  await sleep(1500);
  assert.equal(await logOf(number), written);
  await cancelPipeline(world.client, 7, number);
  await world.ended(number);
});

test('the completion of openSandbox is lost: the sandbox removes itself when its lease is over', async () => {
  const { builder, host } = await startBuilder('b4');
  await world.push(oneStep('true'));
  await world.ended(++last);
  await builder.open({ slice: keyOf(last), sliceTotal: 1, attempt: 9, resourceClass: 'medium', leaseSeconds: 1 }, null);
  assert.equal((await host.list()).length, 1);
  await world.until('the unclaimed sandbox is gone', async () => (await host.list()).length === 0, 5000);
});

test('the agent is killed: broken with a sentence, never passed', async () => {
  const builder = await startBuilder('b5');
  await world.push(oneStep('touch doomed; sleep 300'));
  const number = ++last;
  await exists('doomed');
  process.kill(await agentPid(join(builder.folder, 's'), sandboxName(keyOf(number), 1)), 'SIGKILL');
  const view = await world.ended(number);
  assert.equal(view.outcome, 'broken');
  assert.match(view.workflows[0]!.jobs[0]!.reason!, /agent of the sandbox ended/);
});

test('a job over its time is timed out, and its step is killed', async () => {
  await startBuilder('b6');
  await world.push(oneStep('sleep 300').replace('    steps:', '    timeout: 2s\n    steps:'));
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'timed-out');
  assert.match(view.workflows[0]!.jobs[0]!.reason!, /longer than 2 s/);
});

test('nobody takes the work: the check says why, and after the queue timeout the job is broken', async () => {
  const { sha } = await world.push(oneStep('true'));
  const number = ++last;
  const check = () => [...world.forge.checks.values()].find((candidate) => candidate.sha === sha);
  await world.until('the check says why', () => Promise.resolve(/no builder is connected/.test(check()?.output?.summary ?? '')));
  assert.equal(check()!.status, 'queued');
  const view = await world.ended(number);
  assert.equal(view.outcome, 'broken');
  assert.match(view.workflows[0]!.jobs[0]!.reason!, /no builder is connected/);
});

test('a builder whose disk is full takes no work until there is room', async () => {
  const { builder, host } = await startBuilder('b8');
  world.disk.isFull = true;
  await world.push(oneStep('true'));
  const number = ++last;
  await sleep(2000);
  assert.deepEqual([await host.list(), builder.ledger.used.cpus], [[], 0]);
  world.disk.isFull = false;
  assert.equal((await world.ended(number)).outcome, 'passed');
});

test('room that was taken for a sandbox is given back when nobody makes it in time', async () => {
  const { builder } = await startBuilder('b9');
  builder.ledger.take('reserved', 'medium', { cpus: 2, memoryBytes: 1 });
  builder.reserve('reserved', 1);
  await world.until('the room is free', () => Promise.resolve(builder.ledger.used.cpus === 0), 5000);
});

test('an unknown image fails the job with a sentence, without a retry', async () => {
  await startBuilder('b7');
  await world.push(oneStep('true').replace('debian:bookworm', 'plan9:latest'));
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'failed');
  assert.match(view.workflows[0]!.jobs[0]!.reason!, /plan9:latest is not known here/);
});

test('a background step does not hold the job up, and its output is kept', async () => {
  await startBuilder('b8');
  await writeFile(file('unused'), '');
  await world.push(
    `version: 2.1\njobs:\n  build:\n    docker: [{image: "debian:bookworm"}]\n    working_directory: ${world.folder}\n    steps:\n      - run: {name: server, background: true, command: "echo serving; sleep 300"}\n      - run: sleep 0.5\n`,
  );
  const view = await world.ended(++last);
  assert.equal(view.outcome, 'passed');
  assert.equal(await logOf(last), 'serving\n');
});
