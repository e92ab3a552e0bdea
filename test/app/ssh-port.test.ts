// Do builders and the app find each other again and again, does every byte of a stream arrive, and does nobody else get in?

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import ssh2 from 'ssh2';
import { fileStore } from '../../activities/adapters/file-store.ts';
import type { Announcement, BuilderSight } from '../../activities/builder/announcement.ts';
import { connectUplink } from '../../activities/builder/uplink.ts';
import type { Uplink, UplinkOptions } from '../../activities/builder/uplink.ts';
import { generateKey } from '../../activities/key-file.ts';
import { getJson } from '../../activities/object-store.ts';
import { builderRegistry } from '../../app/registry.ts';
import { startSshPort } from '../../app/ssh-port.ts';
import type { SshPort } from '../../app/ssh-port.ts';
import { announceCommand, streamSocket } from '../../config-schema/uplink.ts';
import { collect } from '../collect.ts';

test('a builder dials in, is seen with its classes, and is seen to leave', async (t) => {
  const scene = await setUp(t);
  const builder = scene.builder('b1');
  await eventually(async () => (await scene.sight('b1'))?.connected === true);
  assert.deepEqual(scene.port.builders(), ['b1']);
  assert.equal(await scene.registry.offers('small'), true);
  assert.equal(await scene.registry.offers('large'), false);
  builder.stop.abort();
  await builder.uplink.closed;
  await eventually(async () => (await scene.sight('b1'))?.connected === false);
  assert.deepEqual(scene.port.builders(), []);
  assert.equal(await scene.registry.offers('small'), false);
});

test('a change is announced at once, not at the next turn', async (t) => {
  const scene = await setUp(t);
  const builder = scene.builder('b1', { everySeconds: 60 });
  await eventually(async () => (await scene.sight('b1'))?.connected === true);
  builder.announcement.draining = true;
  const before = Date.now();
  builder.uplink.announceChange();
  await eventually(async () => (await scene.sight('b1'))?.draining === true);
  assert.ok(Date.now() - before < 1000);
  assert.equal(await scene.registry.offers('small'), false, 'a draining builder takes no work');
});

test('the app reads streams of a builder: large, small, many at once, none', async (t) => {
  const scene = await setUp(t);
  const block = Buffer.alloc(100_000, 'abc');
  scene.builder('b1', {
    serve: async function (path) {
      if (path.startsWith('missing')) return null;
      if (path === 'slow to answer') await sleep(50);
      return (async function* () {
        yield Buffer.from(`${path}\n`);
        if (path === 'large') for (let i = 0; i < 100; i += 1) yield block;
      })();
    },
  });
  await eventually(() => Promise.resolve(scene.port.builders().length === 1));
  const read = async (path: string): Promise<string | null> => {
    const stream = await scene.port.open('b1', path);
    return stream && Buffer.concat(await collect(stream as AsyncIterable<Buffer>)).toString();
  };
  assert.equal(await read('log/0/päth of ünicode'), 'log/0/päth of ünicode\n');
  assert.equal(await read('slow to answer'), 'slow to answer\n');
  assert.equal(await read('missing'), null);
  assert.equal(await scene.port.open('b2', 'x'), null);
  const large = await read('large');
  assert.equal(large?.length, 6 + 10_000_000);
  const paths = Array.from({ length: 60 }, (_, i) => (i % 10 === 0 ? `missing ${i}` : `stream ${i}`));
  assert.deepEqual(await Promise.all(paths.map(read)), paths.map((path) => (path.startsWith('missing') ? null : `${path}\n`)));
});

test('who stops reading stops the builder from sending, and is known to have left', async (t) => {
  const scene = await setUp(t);
  let [sent, left] = [0, false];
  scene.builder('b1', {
    serve: (_path, signal) =>
      (async function* () {
        signal.addEventListener('abort', () => (left = true));
        for (;;) {
          sent += 100_000;
          yield Buffer.alloc(100_000);
        }
      })(),
  });
  await eventually(() => Promise.resolve(scene.port.builders().length === 1));
  const stream = await scene.port.open('b1', 'endless');
  await eventually(() => Promise.resolve(sent > 1_000_000));
  await sleep(200);
  const standing = sent;
  await sleep(200);
  assert.equal(sent, standing, 'nothing is sent to somebody who does not read');
  assert.ok(standing < 10_000_000);
  stream?.destroy();
  await eventually(() => Promise.resolve(left));

  const abort = new AbortController();
  left = false;
  await scene.port.open('b1', 'endless', abort.signal);
  abort.abort();
  await eventually(() => Promise.resolve(left));
});

test('the app is restarted: the builder dials again and streams flow again; the stream before ends', async (t) => {
  const scene = await setUp(t);
  const builder = scene.builder('b1', { serve: (_path, signal) => (async function* () {
    yield Buffer.from('x');
    await once(signal, 'abort');
  })() });
  await eventually(async () => (await scene.sight('b1'))?.connected === true);
  const stream = await scene.port.open('b1', 'log');
  const ended = collect(stream as AsyncIterable<Buffer>).catch(() => []);
  const restart = await scene.stopPort();
  assert.equal((await scene.sight('b1'))?.connected, false, 'a closed port leaves nobody connected');
  await restart();
  await ended;
  await eventually(() => Promise.resolve(scene.port.builders().length === 1));
  await eventually(() => Promise.resolve(builder.uplink.connected));
  assert.ok(await scene.port.open('b1', 'log'));
});

test('a connection that is cut without a word is noticed by both', async (t) => {
  const scene = await setUp(t, { keepaliveSeconds: 0.4 });
  // A wire that can be cut: bytes stop, no FIN arrives.
  const wire = await cuttableWire(t, () => scene.port.port);
  scene.builder('b1', { address: `127.0.0.1:${wire.port}`, everySeconds: 1 });
  await eventually(async () => (await scene.sight('b1'))?.connected === true);
  wire.cut();
  await eventually(() => Promise.resolve(scene.port.builders().length === 0));
  await eventually(async () => (await scene.sight('b1'))?.connected === false);
  wire.mend();
  await eventually(() => Promise.resolve(scene.port.builders().length === 1), 10_000);
});

test('of two connections of one builder the newer counts', async (t) => {
  const scene = await setUp(t);
  const dial = async (): Promise<ssh2.Client> => {
    const client = await scene.client('b1');
    await new Promise<void>((resolve, reject) => client.openssh_forwardInStreamLocal(streamSocket, (error) => (error ? reject(error) : resolve())));
    return client;
  };
  const first = await dial();
  const closed = once(first, 'close');
  const second = await dial();
  await closed;
  await sleep(50);
  assert.deepEqual(scene.port.builders(), ['b1']);
  const stream = scene.port.open('b1', 'path');
  const [, accept] = (await once(second, 'unix connection')) as [unknown, () => ssh2.Channel];
  accept().write('+');
  assert.ok(await stream);
});

suite('nobody else gets in', () => {
  test('a key that is not known; the builder says so', async (t) => {
    const scene = await setUp(t);
    const stranger = scene.builder('b1', { identity: generateKey().privateKey });
    await eventually(() => Promise.resolve(stranger.warnings.some((line) => line.includes('does not know this builder\'s key'))));
    assert.deepEqual(scene.port.builders(), []);
  });

  test('somebody who has the public key alone', async (t) => {
    const scene = await setUp(t);
    const known = ssh2.utils.parseKey(scene.publicKey('b1')) as ssh2.ParsedKey;
    const own = ssh2.utils.parseKey(generateKey().privateKey) as ssh2.ParsedKey;
    class Impostor extends ssh2.BaseAgent {
      override getIdentities(callback: (error: undefined, keys: ssh2.ParsedKey[]) => void): void {
        callback(undefined, [known]);
      }
      override sign(_key: unknown, data: Buffer, options: unknown, callback?: (error: undefined, signature: Buffer) => void): void {
        (callback ?? (options as typeof callback))!(undefined, own.sign(data));
      }
    }
    const client = new ssh2.Client();
    t.after(() => client.destroy());
    client.connect({ host: '127.0.0.1', port: scene.port.port, username: 'b1', agent: new Impostor(), authHandler: ['agent'] });
    const [error] = (await once(client, 'error')) as [Error & { level: string }];
    client.on('error', () => {});
    assert.equal(error.level, 'client-authentication');
  });

  test('an app with another key than the pinned one is not spoken to', async (t) => {
    const scene = await setUp(t);
    const builder = scene.builder('b1', { hostKey: generateKey().publicKey });
    await eventually(() => Promise.resolve(builder.warnings.some((line) => line.includes('another key than the pinned one'))));
    assert.equal(builder.uplink.connected, false);
    assert.deepEqual(scene.port.builders(), []);
  });

  test('a builder cannot speak for another one', async (t) => {
    const scene = await setUp(t);
    scene.builder('b2');
    const liar = scene.builder('b1', { announce: () => announcementOf('b2') });
    await eventually(() => Promise.resolve(liar.warnings.length > 0));
    await sleep(200);
    assert.equal(await scene.sight('b1'), undefined);
    assert.ok(scene.warnings.some((line) => line.includes('it announces itself as b2')));
  });

  test('a key that is withdrawn ends the connection', async (t) => {
    const scene = await setUp(t);
    scene.builder('b1', { everySeconds: 0.1 });
    await eventually(async () => (await scene.sight('b1'))?.connected === true);
    scene.withdraw('b1');
    await eventually(async () => (await scene.sight('b1'))?.connected === false);
  });

  test('passwords, shells, other commands, files, and forwarding to elsewhere', async (t) => {
    const scene = await setUp(t);
    const refused = (call: (callback: (error: Error | undefined | null) => void) => void): Promise<void> =>
      new Promise((resolve, reject) => call((error) => (error ? resolve() : reject(new Error('it was allowed')))));
    const client = await scene.client('b1');
    await refused((done) => client.shell(done));
    await refused((done) => client.exec('id', done));
    await refused((done) => client.exec(`${announceCommand} x`, done));
    await refused((done) => client.sftp(done));
    await refused((done) => client.forwardIn('127.0.0.1', 0, done));
    await refused((done) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', scene.port.port, done));
    await refused((done) => client.openssh_forwardOutStreamLocal('/run/docker.sock', done));
    await refused((done) => client.openssh_forwardInStreamLocal('/tmp/elsewhere', done));
    assert.deepEqual(scene.port.builders(), []);
    await new Promise<void>((resolve, reject) => client.openssh_forwardInStreamLocal(streamSocket, (error) => (error ? reject(error) : resolve())));
    assert.deepEqual(scene.port.builders(), ['b1']);

    const password = new ssh2.Client();
    t.after(() => password.destroy());
    password.connect({ host: '127.0.0.1', port: scene.port.port, username: 'b1', password: 'b1' });
    const [error] = (await once(password, 'error')) as [Error];
    password.on('error', () => {});
    assert.equal((error as Error & { level: string }).level, 'client-authentication');
  });

  test('what is no announcement ends the connection, however it is broken', async (t) => {
    const scene = await setUp(t);
    for (const line of ['{"id":"b1"}\n', 'null\n', '{\n', '<img src=x>\n', `${'x'.repeat(1_100_000)}`, JSON.stringify({ ...announcementOf('b1'), capacity: { cpus: -1, memoryBytes: 1 } }) + '\n']) {
      const client = await scene.client('b1');
      const closed = once(client, 'close');
      client.exec(announceCommand, (_error, channel) => channel.write(line));
      await closed;
    }
    assert.equal(await scene.sight('b1'), undefined);
  });

  test('noise, silence and half-open handshakes do not keep builders out', async (t) => {
    const scene = await setUp(t);
    const sockets = Array.from({ length: 70 }, () => connect(scene.port.port, '127.0.0.1'));
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    for (const socket of sockets) socket.on('error', () => {});
    sockets[0]!.write('GET / HTTP/1.1\r\n\r\n');
    sockets[1]!.write(Buffer.alloc(100_000, 255));
    await eventually(() => Promise.resolve(sockets.filter((socket) => socket.destroyed || socket.readyState === 'closed').length >= 6));
    for (const socket of sockets) socket.destroy();
    scene.builder('b1');
    await eventually(() => Promise.resolve(scene.port.builders().length === 1));
  });
});

test('after a restart of the app the registry knows the builders, and not to count on the silent ones', async (t) => {
  const scene = await setUp(t);
  const store = scene.store;
  let time = Date.parse('2025-01-01T00:00:00Z');
  const now = (): number => time;
  const first = builderRegistry({ store, now });
  await first.sighted(announcementOf('b/1'));
  const second = builderRegistry({ store, now });
  assert.equal(await second.offers('small'), true);
  time += 61_000;
  assert.equal(await second.offers('small'), false);
  assert.deepEqual((await second.sights()).map(({ id, connected }) => [id, connected]), [['b/1', false]]);
  await second.sighted(announcementOf('b/1'));
  assert.equal(await first.offers('small'), true);
});

test('the registry writes what changed at once, and mere life now and then', async (t) => {
  const { store } = await setUp(t);
  let writes = 0;
  let time = 0;
  const registry = builderRegistry({ store: { ...store, put: (...args) => ((writes += 1), store.put(...args)) }, writeEverySeconds: 20, now: () => time });
  for (; time < 100_000; time += 2000) await registry.sighted({ ...announcementOf('b1'), used: { cpus: time, memoryBytes: 0 } });
  assert.equal(writes, 5);
  await registry.sighted({ ...announcementOf('b1'), draining: true });
  await registry.lost('b1');
  assert.equal(writes, 7);
});

const announcementOf = (id: string): Announcement => ({
  id,
  version: '0.1.0',
  classes: { small: { cpus: 1, memoryBytes: 2 ** 30 } },
  capacity: { cpus: 4, memoryBytes: 8 * 2 ** 30 },
  used: { cpus: 0, memoryBytes: 0 },
  draining: false,
  sandboxes: [{ name: 'abcdefgh', address: 'o/r#1/build/test/0@1', startedAt: '2025-01-01T00:00:00Z' }],
  publicKey: { kty: 'OKP', crv: 'X25519', x: 'AAAA' },
});

async function setUp(t: TestContext, { keepaliveSeconds = 5 }: { keepaliveSeconds?: number } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ssh-port-'));
  const store = fileStore(folder);
  const host = generateKey();
  const keys = new Map([['b1', generateKey()], ['b2', generateKey()]]);
  const ids = new Map([...keys].map(([id, { publicKey }]) => [publicKey, id]));
  const warnings: string[] = [];
  const stops: AbortController[] = [];
  const uplinks: Uplink[] = [];
  const clients: ssh2.Client[] = [];
  const registry = builderRegistry({ store });
  const log = (lines: string[]) => ({ info: () => {}, warn: (fields: { error?: unknown }, message: string) => void lines.push(`${message} ${String(fields.error)}`) });
  const start = (port: number): Promise<SshPort> =>
    startSshPort({ host: '127.0.0.1', port, hostKey: host.privateKey, authorizedBuilders: (key) => ids.get(key) ?? null, registry, log: log(warnings), keepaliveSeconds });

  const scene = {
    store,
    registry,
    warnings,
    port: await start(0),
    sight: (id: string): Promise<BuilderSight | undefined> => getJson<BuilderSight>(store, `builders/${id}.json`),
    publicKey: (id: string): string => keys.get(id)!.publicKey,
    withdraw: (id: string) => ids.delete(keys.get(id)!.publicKey),
    /** Answers how to start it again. */
    async stopPort(): Promise<() => Promise<void>> {
      const { port } = scene.port;
      await scene.port.close();
      return async () => {
        scene.port = await start(port);
      };
    },
    builder(id: string, options: Partial<UplinkOptions> = {}) {
      const stop = new AbortController();
      const lines: string[] = [];
      const announcement = announcementOf(id);
      const uplink = connectUplink({
        address: `127.0.0.1:${scene.port.port}`,
        hostKey: host.publicKey,
        identity: keys.get(id)!.privateKey,
        builderId: id,
        announce: () => announcement,
        everySeconds: 0.5,
        serve: () => null,
        log: log(lines),
        signal: stop.signal,
        ...options,
      });
      stops.push(stop);
      uplinks.push(uplink);
      return { uplink, stop, announcement, warnings: lines };
    },
    async client(id: string): Promise<ssh2.Client> {
      const client = new ssh2.Client();
      clients.push(client);
      client.connect({ host: '127.0.0.1', port: scene.port.port, username: id, privateKey: keys.get(id)!.privateKey, strictVendor: false });
      await once(client, 'ready');
      client.on('error', () => {});
      return client;
    },
  };
  t.after(async () => {
    for (const stop of stops) stop.abort();
    for (const client of clients) client.destroy();
    await Promise.all(uplinks.map(({ closed }) => closed));
    await scene.port.close();
    await rm(folder, { recursive: true, force: true });
  });
  return scene;
}

async function cuttableWire(t: TestContext, target: () => number) {
  let whole = true;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target(), '127.0.0.1');
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('data', (bytes) => whole && to.write(bytes));
      from.on('close', () => whole && to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, cut: () => (whole = false), mend: () => (whole = true) };
}

async function eventually(holds: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `not within ${withinMs} ms: ${holds.toString()}`);
    await sleep(10);
  }
}
