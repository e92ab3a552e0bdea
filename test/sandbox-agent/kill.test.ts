import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeOutput } from '../../sandbox-agent/output.ts';
import type { StepState } from '../../sandbox-agent/protocol.ts';
import type { TestAgent } from './agent.ts';
import { follow, isAlive, run, spec, startAgent, until } from './agent.ts';

/** A script writes the numbers of its processes there, a line each. */
const pidFile = (agent: TestAgent): string => `${agent.root}/pids`;

async function startedPids(agent: TestAgent, count: number): Promise<number[]> {
  return until(`${count} processes have started`, () => {
    try {
      const pids = readFileSync(pidFile(agent), 'utf8').trim().split('\n').map(Number);
      return pids.length === count && pids;
    } catch {
      return false;
    }
  });
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

const endedHow = (state: StepState): string => (state.state === 'ended' ? state.how : state.state);

suite('killing a step', { concurrency: true }, () => {
  test('reaches its whole tree: children, those in other sessions, orphans, the stopped, and those that will not hear', async (t) => {
    const agent = await startAgent(t);
    const note = `echo $BASHPID >> ${pidFile(agent)}`;
    await agent.client.start(
      spec(
        0,
        `trap '' TERM; ${note}
        (${note}; sleep 1000) &
        setsid bash -c "echo \\$\\$ >> ${pidFile(agent)}; trap '' TERM; while :; do sleep 0.1; done" &
        setsid bash -c 'setsid bash -c "echo \\$\\$ >> ${pidFile(agent)}; sleep 1000" &'
        env -i setsid bash -c "echo \\$\\$ >> ${pidFile(agent)}; exec sleep 1000" &
        (${note}; kill -STOP $BASHPID) &
        wait; sleep 1000`,
      ),
    );
    const pids = await startedPids(agent, 6);
    const bystander = await agent.client.start(spec(1, 'sleep 1000', { background: true }));

    const began = performance.now();
    const ended = await agent.client.kill(0, 300);
    const took = performance.now() - began;
    assert.equal(ended.how, 'killed');
    assert.equal(ended.signal, 'SIGKILL');
    assert.deepEqual(pids.filter(isAlive), []);
    assert.ok(took >= 300 && took < 20_000, `${took} ms`);
    assert.equal(bystander.state, 'running');
    assert.equal((await agent.client.status()).steps[1]?.state, 'running');
    assert.deepEqual(await agent.client.kill(0, 0), ended);
  });

  test('tells it first, within milliseconds, and takes its own exit code', async (t) => {
    const { client } = await startAgent(t);
    await client.start(spec(0, `trap 'date +%s%N; sleep 0.2; echo tidied; exit 7' TERM; echo ready; while :; do sleep 0.01; done`));
    const following = follow(client, 0);
    await sleep(300);
    const killedAt = Date.now();
    const ended = await client.kill(0, 10_000);
    assert.deepEqual({ how: ended.how, exitCode: ended.exitCode, signal: ended.signal }, { how: 'killed', exitCode: 7, signal: null });
    // bash may speak of its own child, which was told, too.
    const [ready, heardAt, tidied] = (await following).output.trim().split('\n').filter((line) => line !== 'Terminated');
    assert.deepEqual([ready, tidied], ['ready', 'tidied']);
    const afterMs = Number(heardAt) / 1e6 - killedAt;
    assert.ok(afterMs < 5000, `heard after ${afterMs} ms`);
  });

  test('leaves what it starts to tidy up alone for the time of grace, and ends that, too', async (t) => {
    const agent = await startAgent(t);
    // Deaf, and every few milliseconds it leaves a child behind in a session of the child's own.
    const child = `child-of-${basename(agent.root)}`;
    const script = `trap '' TERM; while :; do setsid bash -c 'echo x >> ${pidFile(agent)}; exec -a ${child} sleep 1000' & sleep 0.01; done`;
    await agent.client.start(spec(0, script));
    const births = (): number => sizeOf(pidFile(agent)) / 2;
    await until('children are born', () => births() > 5);
    const killing = agent.client.kill(0, 300);
    await sleep(150);
    const later = births();
    await until('more are born in the time of grace', () => births() > later);
    assert.equal((await killing).how, 'killed');
    const { output } = await run(agent.client, spec(1, `pgrep -fc '^${child}' || true`));
    assert.equal(output, '0\n');
  });

  test('with nobody reading its output ends it, and the output is there afterwards', async (t) => {
    const { client } = await startAgent(t);
    await client.start(spec(0, 'yes'));
    await sleep(500);
    assert.equal((await client.kill(0, 0)).how, 'killed');
    const { output, ended } = await follow(client, 0);
    assert.ok(output.length >= 16 * 1024 * 1024 && output.length < 20 * 1024 * 1024, `${output.length} bytes`);
    assert.equal(ended.outputBytes, output.length);
    assert.ok(['', 'y'].includes(output.replaceAll('y\n', '')));
  });

  test('twice at once, the second time without grace, does not wait for the first', async (t) => {
    const { client } = await startAgent(t);
    await client.start(spec(0, `trap '' TERM; while :; do sleep 0.1; done`));
    await sleep(100);
    const began = performance.now();
    const [patient, impatient] = await Promise.all([client.kill(0, 60_000), client.kill(0, 0)]);
    assert.deepEqual(patient, impatient);
    assert.ok(performance.now() - began < 30_000);
  });

  test('an agent that is told to end takes its steps along', async (t) => {
    const agent = await startAgent(t);
    await agent.client.start(spec(0, `echo $$ >> ${pidFile(agent)}; exec sleep 1000`));
    const [pid = 0] = await startedPids(agent, 1);
    agent.process.kill('SIGTERM');
    await agent.client.closed;
    await until('the step is gone', () => !isAlive(pid));
    await until('the agent has ended well', () => agent.process.exitCode === 0);
  });
});

suite('a silent step', { concurrency: true }, () => {
  test('is told and ended after its time', async (t) => {
    const { client } = await startAgent(t);
    const { output, ended } = await run(client, spec(0, 'echo a; sleep 1000', { noOutputTimeoutSeconds: 0.4 }));
    assert.equal(output, 'a\n');
    assert.equal(ended.how, 'timed-out');
    assert.ok(ended.durationMs >= 400 && ended.durationMs < 9000, `${ended.durationMs} ms`);
  });

  test('has time again after each output', async (t) => {
    const { client } = await startAgent(t);
    const { ended } = await run(client, spec(0, 'for i in 1 2 3 4 5; do sleep 0.5; echo $i; done', { noOutputTimeoutSeconds: 2 }));
    assert.equal(endedHow(ended), 'exited');
    assert.ok(ended.durationMs > 2000);
  });

  test('is not one that waits for its builder', async (t) => {
    const { client } = await startAgent(t);
    await client.start(spec(0, 'head -c 40000000 /dev/zero', { noOutputTimeoutSeconds: 1 }));
    await sleep(2000);
    assert.equal((await client.status()).steps[0]?.state, 'running');
    const { output, ended } = await follow(client, 0);
    assert.equal(output.length, 40_000_000);
    assert.equal(ended.how, 'exited');
  });

  test('is not one that has just been given room to write', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fifo-'));
    t.after(() => rmSync(folder, { recursive: true }));
    execFileSync('mkfifo', [`${folder}/pipe`]);
    const readEnd = openSync(`${folder}/pipe`, constants.O_RDONLY | constants.O_NONBLOCK);
    const pipe = openSync(`${folder}/pipe`, 'w');
    const output = takeOutput(readEnd, 4, () => 0, () => {});
    writeSync(pipe, 'full');
    await until('it is full', () => output.spool.full);
    await sleep(100);
    output.acknowledge(4);
    assert.ok(performance.now() - output.lastAt() < 50);
    writeSync(pipe, 'x');
    await until('it reads on', () => output.spool.written === 5);
    closeSync(pipe);
    await output.finish();
  });
});
