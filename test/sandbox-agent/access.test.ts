import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { ClientChannel, ConnectConfig } from 'ssh2';
import ssh2 from 'ssh2';
import { generateKey } from '../../activities/key-file.ts';
import { AgentUnreachable, connectAgent } from '../../sandbox-agent/client.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import { startAgent } from './agent.ts';

type Opened = Error | null | undefined;

suite('the agent lets in', () => {
  test('the one key only, and no other way of saying who one is', async (t) => {
    const { address } = await startAgent(t);
    const stranger = generateKey();
    await assert.rejects(connectAgent({ ...address, clientKey: stranger.privateKey }), AgentUnreachable);

    const ways: [string, Partial<ConnectConfig>][] = [
      ['nothing', { authHandler: ['none'] }],
      ['password', { authHandler: ['password'], password: '' }],
      ['keyboard-interactive', { authHandler: ['keyboard-interactive'], tryKeyboard: true }],
      ["another's key", { authHandler: ['publickey'], privateKey: stranger.privateKey }],
      ['hostbased', { authHandler: ['hostbased'], privateKey: address.clientKey, localHostname: 'h', localUsername: 'u' }],
    ];
    for (const [name, way] of ways) {
      const client = new ssh2.Client();
      client.connect({ sock: connect(address.socketPath), username: 'root', ...way });
      await assert.rejects(once(client, 'ready'), /authentication methods failed/, name);
    }

    // The right public key with a signature by another.
    const client = new ssh2.Client();
    const right = ssh2.utils.parseKey(address.clientKey) as ssh2.ParsedKey;
    const wrong = ssh2.utils.parseKey(stranger.privateKey) as ssh2.ParsedKey;
    const forged = Object.assign(Object.create(right) as ssh2.ParsedKey, { sign: (data: Buffer) => wrong.sign(data) });
    const handler = [{ type: 'publickey' as const, username: 'root', key: forged }];
    client.connect({ sock: connect(address.socketPath), username: 'root', authHandler: handler });
    await assert.rejects(once(client, 'ready'));
    client.destroy();
  });

  test('nobody who asks for anything but its commands', async (t) => {
    const { address, client: agent } = await startAgent(t);
    const client = new ssh2.Client();
    client.connect({ sock: connect(address.socketPath), username: 'root', privateKey: address.clientKey, strictVendor: false });
    await once(client, 'ready');
    t.after(() => client.destroy());
    client.on('error', () => {});

    const asks: [string, (done: (error: Opened) => void) => void][] = [
      ['shell', (done) => client.shell(done)],
      ['shell without a terminal', (done) => client.shell(false, done)],
      ['terminal', (done) => client.exec('status', { pty: true }, done)],
      ['sftp', (done) => client.sftp(done)],
      ['subsystem', (done) => client.subsys('x', done)],
      ['x11', (done) => client.exec('status', { x11: true }, done)],
      ['a port of the sandbox', (done) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, done)],
      ['a socket of the sandbox', (done) => client.openssh_forwardOutStreamLocal(paths.agentSocket, done)],
      ['a port to the builder', (done) => client.forwardIn('127.0.0.1', 0, done)],
      ['another socket to the builder', (done) => client.openssh_forwardInStreamLocal('/tmp/other.sock', done)],
    ];
    for (const [name, ask] of asks) {
      const error = await new Promise<Opened>((resolve) => ask((error) => resolve(error)));
      assert.ok(error, `${name} was granted`);
    }

    const unknown = await new Promise<ClientChannel>((resolve, reject) => client.exec('reboot now', (error, channel) => (error ? reject(error) : resolve(channel))));
    unknown.resume();
    const [complaint, [code]] = await Promise.all([once(unknown.stderr, 'data'), once(unknown, 'close')]);
    assert.equal(String(complaint), 'The agent has no command "reboot now".');
    assert.equal(code, 2);
    // And it is well after all that.
    assert.deepEqual((await agent.status()).steps, []);
  });
});

suite('a builder', () => {
  test('talks to no agent but its own', async (t) => {
    const { address } = await startAgent(t);
    await assert.rejects(connectAgent({ ...address, hostKey: generateKey().publicKey }), AgentUnreachable);
    await assert.rejects(connectAgent({ ...address, hostKey: 'nonsense' }), /host key cannot be read/);
    await assert.rejects(connectAgent({ ...address, socketPath: '/no/such.sock' }), AgentUnreachable);
    await assert.rejects(connectAgent({ ...address, signal: AbortSignal.abort(new Error('never mind')) }), /never mind/);
  });

  test('hears of an agent that goes in the middle of the greeting', async (t) => {
    const { address } = await startAgent(t);
    const folder = mkdtempSync(join(tmpdir(), 'mute-'));
    const answers: ((socket: Socket) => void)[] = [
      (socket) => socket.destroy(),
      (socket) => socket.end('SSH-2.0-x\r\n'),
      (socket) => socket.end('nonsense\n'.repeat(10_000)),
    ];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      answers.shift()?.(socket);
    }).listen(join(folder, 'sock'));
    t.after(() => {
      server.close();
      rmSync(folder, { recursive: true });
    });
    while (answers.length > 0) await assert.rejects(connectAgent({ ...address, socketPath: join(folder, 'sock') }), AgentUnreachable);
  });

  test('is not drowned by a sandbox that has taken over its agent', async (t) => {
    const { address } = await startAgent(t);
    const impostor = await import('./impostor.ts').then(({ startImpostor }) => startImpostor(t, address));
    const client = await connectAgent(impostor.address);
    const before = process.memoryUsage().rss;
    let taken = 0;
    // A builder whose log is slow, and an agent that does not wait for its window.
    const reading = client.attach(0, 0, (bytes) => {
      taken += bytes.length;
      return new Promise(() => {});
    });
    await Promise.race([client.closed, reading.catch(() => {})]);
    assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024);
    assert.ok(taken < 4 * 1024 * 1024);
  });
});
