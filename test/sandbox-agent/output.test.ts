import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import type { AgentAddress } from '../../sandbox-agent/client.ts';
import { AgentRefused, AgentUnreachable } from '../../sandbox-agent/client.ts';
import { spoolBytes } from '../../sandbox-agent/protocol.ts';
import { follow, run, spec, startAgent, until } from './agent.ts';

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const sha256Of = async (script: string): Promise<string | undefined> => (await promisify(execFile)('bash', ['-c', `${script} | sha256sum`])).stdout.split(' ')[0];
const numbers = (count: number): string => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join('');

suite('output', { concurrency: true }, () => {
  test('is complete and without repeats when the builder is killed ten times in the middle of it', async (t) => {
    const { client, address, root } = await startAgent(t);
    await client.start(spec(0, 'seq 8000000'));
    const file = `${root}/log`;
    writeFileSync(file, '');
    const read = async (limit: number): Promise<NodeJS.Signals | number | null> => {
      const builder = spawn(process.execPath, ['test/sandbox-agent/reader.ts', JSON.stringify(address), '0', file, String(limit)], { stdio: 'inherit' });
      const [code, signal] = (await once(builder, 'exit')) as [number | null, NodeJS.Signals | null];
      return signal ?? code;
    };
    for (let kills = 1; kills <= 10; kills++) assert.equal(await read(1_234_567 + 77_777 * kills), 'SIGKILL');
    assert.equal((await client.status()).steps[0]?.state, 'running', 'it must not be over before the last builder comes');
    assert.equal(await read(Infinity), 0);
    assert.equal(sha256(readFileSync(file)), await sha256Of('seq 8000000'));
  });

  test('that is read slowly stops its writer within the bound, and nothing of it is lost', async (t) => {
    const agent = await startAgent(t);
    await agent.client.start(spec(0, `echo $$ > ${agent.root}/pid; exec seq 10000000`));
    let resume = (): void => {};
    const gate = new Promise<void>((resolve) => (resume = resolve));
    const hash = createHash('sha256');
    const reading = agent.client.attach(0, 0, async (bytes) => {
      await gate;
      hash.update(bytes);
    });
    const written = (): number => Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${Number(readFileSync(`${agent.root}/pid`, 'utf8'))}/io`, 'utf8'))?.[1]);
    await until('the spool is full', () => { try { return written() >= spoolBytes; } catch { return false; } });
    await sleep(500);
    const stopped = written();
    await sleep(500);
    assert.equal(written(), stopped);
    // The spool, the pipe of 1 MiB, one read, and the step's own buffer.
    assert.ok(stopped < spoolBytes + 2 * 1024 * 1024, `${stopped} bytes`);
    const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.process.pid}/status`, 'utf8'))?.[1]) / 1024;
    assert.ok(memory < 200, `the agent holds ${memory} MB`);
    resume();
    assert.equal((await reading).exitCode, 0);
    assert.equal(hash.digest('hex'), await sha256Of('seq 10000000'));
  });

  test('whose last acknowledgement was lost with a connection does not block its step', async (t) => {
    const { client, address } = await startAgent(t);
    await client.start(spec(0, `head -c ${spoolBytes + 5_000_000} /dev/zero`));
    // A builder that has everything there is, and goes without a word.
    const mute = await rawAttach(address, 'attach 0 0');
    await until('the spool was sent', () => mute.received() >= spoolBytes);
    const have = mute.received();
    mute.connection.destroy();
    const { output, ended } = await follow(client, 0, have);
    assert.equal(have + output.length, spoolBytes + 5_000_000);
    assert.equal(ended.outputBytes, spoolBytes + 5_000_000);
  });

  test('and the state after it come whole to a reader whose window is shut at the end', async (t) => {
    const { client, address } = await startAgent(t);
    // ssh2 grants 2 MiB, and once more what is missing when half of it has come: 3 MiB for a reader who takes nothing.
    const window = 3 * 1024 * 1024;
    await client.start(spec(0, `head -c ${2 * window} /dev/zero`));
    await until('the end', async () => (await client.status()).steps[0]?.state === 'ended');
    const reader = await rawAttach(address, 'attach 0 0', { paused: true });
    const { channel } = reader;
    const state = text(channel.stderr);
    const total = { bytes: 0 };
    const take = async (): Promise<void> => {
      await until('the window is full', () => channel.readableLength === window);
      total.bytes += (channel.read() as Buffer).length;
    };
    await take();
    await take();
    channel.on('data', (bytes: Buffer) => (total.bytes += bytes.length)).end();
    assert.equal((JSON.parse(await state) as { outputBytes: number }).outputBytes, 2 * window);
    assert.equal(total.bytes, 2 * window);
    reader.connection.destroy();
  });

  test('goes to several readers; what one has acknowledged another can no longer begin with', async (t) => {
    const { client, address } = await startAgent(t);
    await client.start(spec(0, 'seq 100000; sleep 0.3; seq 100000'));
    const [one, two] = await Promise.all([rawAttach(address, 'attach 0 0'), rawAttach(address, 'attach 0 0')]);
    const expected = numbers(100_000).repeat(2);
    await until('both have all', () => one.received() === expected.length && two.received() === expected.length);
    assert.equal(sha256(one.bytes()), sha256(expected));
    assert.equal(sha256(two.bytes()), sha256(expected));
    const again = await follow(client, 0, 1000);
    assert.equal(sha256(again.output), sha256(expected.slice(1000)));
    await until('the acknowledgement has arrived', async () => follow(client, 0, 999).then(() => false, (error) => error instanceof AgentRefused && /was acknowledged and is gone/.test(error.message)));
    for (const reader of [one, two]) reader.connection.destroy();
  });

  test('is sent as soon as it is there', async (t) => {
    const { client } = await startAgent(t);
    await client.start(spec(0, 'echo a line; sleep 1000'));
    const line = Promise.withResolvers<string>();
    const reading = client.attach(0, 0, (bytes) => line.resolve(bytes.toString()));
    assert.equal(await line.promise, 'a line\n');
    await client.kill(0, 0);
    await reading;
  });

  test('can be left, and taken up again', async (t) => {
    const { client, root } = await startAgent(t);
    await client.start(spec(0, `echo one; until [ -e ${root}/go ]; do sleep 0.05; done; echo two`));
    const stop = new AbortController();
    let seen = 0;
    const left = client.attach(0, 0, (bytes) => { seen += bytes.length; stop.abort(new Error('enough')); }, { signal: stop.signal });
    await assert.rejects(left, /enough/);
    assert.equal((await client.status()).steps[0]?.state, 'running');
    writeFileSync(`${root}/go`, '');
    assert.equal((await follow(client, 0, seen)).output, 'two\n');
    await assert.rejects(client.attach(0, 0, () => {}, { signal: AbortSignal.abort(new Error('never')) }), /never/);
  });

  test('a reader that fails is heard of, and the step goes on', async (t) => {
    const { client } = await startAgent(t);
    await client.start(spec(0, 'echo one; sleep 0.2; echo two'));
    await assert.rejects(client.attach(0, 0, () => Promise.reject(new Error('disk full'))), /disk full/);
    assert.equal((await follow(client, 0)).output, 'one\ntwo\n');
  });

  test('of a hundred steps at once comes on a hundred channels of one connection', async (t) => {
    const { client } = await startAgent(t);
    const all = await Promise.all(Array.from({ length: 100 }, (_, index) => run(client, spec(index, 'seq $N 20000; exit $((N % 7))', { env: { N: String(index) } }))));
    for (const [index, { output, ended }] of all.entries()) {
      assert.equal(output, Array.from({ length: 20_001 - index }, (_, i) => `${index + i}\n`).join(''));
      assert.equal(ended.exitCode, index % 7);
    }
  });
});

suite('a lost agent', () => {
  test('is heard of by whoever reads, asks, or waits', async (t) => {
    const agent = await startAgent(t);
    await agent.client.start(spec(0, `trap '' TERM; echo $$; while :; do sleep 0.1; done`));
    const heard = Promise.withResolvers<number>();
    const reading = agent.client.attach(0, 0, (bytes) => heard.resolve(Number(bytes)));
    const pid = await heard.promise;
    t.after(() => process.kill(-pid, 'SIGKILL'));
    const killing = agent.client.kill(0, 60_000);
    agent.process.kill('SIGKILL');
    await Promise.all([assert.rejects(reading, AgentUnreachable), assert.rejects(killing, AgentUnreachable), agent.client.closed]);
    await assert.rejects(agent.client.status(), AgentUnreachable);
    await assert.rejects(agent.connect(), AgentUnreachable);
  });
});

/** A client that says nothing of its own accord. */
async function rawAttach({ socketPath, clientKey }: AgentAddress, command: string, { paused = false } = {}): Promise<{ connection: ssh2.Client; channel: ssh2.ClientChannel; received(): number; bytes(): Buffer }> {
  const connection = new ssh2.Client();
  connection.on('error', () => {});
  connection.connect({ sock: connect(socketPath), username: 'x', privateKey: clientKey });
  await once(connection, 'ready');
  const parts: Buffer[] = [];
  let received = 0;
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) => connection.exec(command, (error, opened) => (error ? reject(error) : resolve(opened))));
  if (!paused) {
    channel.on('data', (bytes: Buffer) => {
      parts.push(bytes);
      received += bytes.length;
    });
  }
  return { connection, channel, received: () => received, bytes: () => Buffer.concat(parts) };
}

suite('a caller who goes', () => {
  test('in the middle of anything leaves the agent well', async (t) => {
    const { client, address } = await startAgent(t);
    await client.start(spec(0, `trap '' TERM; echo x; while :; do sleep 0.1; done`));
    for (let round = 0; round < 10; round++) {
      const { connection, channel } = await rawAttach(address, round % 2 ? 'attach 0 0' : 'kill 0 300');
      if (round % 3) channel.close();
      else connection.destroy();
      channel.end();
      setTimeout(() => connection.end(), 20);
    }
    await client.kill(0, 0);
    await sleep(400);
    assert.equal((await client.status()).steps[0]?.state, 'ended');
  });
});
