// Does somebody who watches a log hear when its bytes were written, and nothing more once they may not look any more?

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { nobody } from '../../../app/page/access/access.ts';
import type { Access, Permission } from '../../../app/page/access/access.ts';
import { liveLog } from '../../../app/page/log/live-log.ts';
import { liveSockets } from '../../../app/page/log/live-socket.ts';
import { logCodec } from '../../../activities/log-codec.ts';
import { manifestKey } from '../../../config-schema/log-manifest.ts';
import { collect } from '../../collect.ts';
import { eventually, setUp, stepUrl } from './scene.ts';
import { storedLog } from './stored-log.ts';

type Frame = Record<string, unknown>;

function listen(url: string): { socket: WebSocket; frames: (Frame | string)[]; closed: Promise<unknown[]> } {
  const socket = new WebSocket(url);
  const client = { socket, frames: [] as (Frame | string)[], closed: once(socket, 'close') };
  socket.on('error', () => {});
  socket.on('message', (data: Buffer, isBinary: boolean) => client.frames.push(isBinary ? data.toString() : (JSON.parse(data.toString()) as Frame)));
  return client;
}

test('bytes come with the time when they were written, stored ones too', async (t) => {
  const scene = await setUp(t);
  const before = Date.now();
  const log = await scene.begin(0);
  const client = listen(`ws://localhost:${scene.port}${stepUrl(0)}/live?from=0`);
  await log.append(Buffer.from('now '));
  await eventually(() => client.frames.includes('now '));
  const [from, time, text] = client.frames as [Frame, { at: number }, string];
  assert.deepEqual([from, text], [{ from: 0, line: 1 }, 'now ']);
  assert.ok(time.at >= before && time.at <= Date.now());
  await log.append(Buffer.from('at once'));
  await scene.end(0);
  await client.closed;
  const later = listen(`ws://localhost:${scene.port}${stepUrl(0)}/live?from=0`);
  await later.closed;
  const times = later.frames.filter((frame) => typeof frame === 'object' && 'at' in frame) as { at: number }[];
  assert.ok(times.length >= 1 && times.every(({ at }) => at >= before && at <= Date.now()));
  assert.equal(later.frames.filter((frame) => typeof frame === 'string').join(''), 'now at once');
});

test('stored bytes are cut where their time changes', async () => {
  const log = await storedLog();
  await log.add('of before');
  await log.add('abcdefgh', { at: 1000, times: [[3, 200], [6, 400]] });
  await log.add('ij', { at: 2000 });
  const over = (): Promise<{ builder: null; over: true }> => Promise.resolve({ builder: null, over: true });
  const parts = async (from: number): Promise<unknown[]> => {
    const ports = { store: log.ports.store, codec: logCodec, openStream: () => Promise.resolve(null) };
    return (await collect(liveLog(ports as never, log.key, from, over, new AbortController().signal))).map((part) => (part.kind === 'bytes' ? [Buffer.from(part.bytes).toString(), part.at] : part.kind));
  };
  assert.deepEqual(await parts(0), [['of before', null], ['abc', 1000], ['def', 1200], ['gh', 1400], ['ij', 2000], 'end']);
  assert.deepEqual(await parts(13), [['ef', 1200], ['gh', 1400], ['ij', 2000], 'end']);
  assert.deepEqual(await parts(12), [['def', 1200], ['gh', 1400], ['ij', 2000], 'end']);
});

test('a log whose manifest is damaged is said to be so, once', async (t) => {
  const scene = await setUp(t);
  await (await scene.begin(0)).append(Buffer.from('x\n'));
  await scene.end(0);
  await scene.store.put(manifestKey(scene.keyOf(0)), Buffer.from('{'));
  const client = listen(`ws://localhost:${scene.port}${stepUrl(0)}/live?lines=5000`);
  const [code] = await client.closed;
  assert.equal(code, 1000);
  assert.match(String((client.frames[0] as Frame)['problem']), /^The index of this log in the object store is damaged/);
  assert.deepEqual(client.frames.at(-1), { complete: false, totalBytes: 0 });
  assert.deepEqual(scene.warnings.filter((line) => /manifest of a log/.test(line)).length, 1);
});

async function setUpSockets(t: TestContext, access: Access) {
  const scene = await setUp(t);
  const sockets = liveSockets(
    {
      access,
      store: scene.store,
      codec: logCodec,
      pipeline: () => Promise.resolve(scene.pipeline),
      repository: (owner, name) => Promise.resolve({ id: 42, owner, name }),
      openStream: () => Promise.resolve(null),
      ask: () => Promise.reject(new Error('nothing is asked here')),
      log: { warn: () => {} },
    },
    { pingEveryMs: 30 },
  );
  const server = createServer();
  server.on('upgrade', (req, socket, head) => sockets.upgrade(req, socket, head) || socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    sockets.close();
    server.close();
  });
  return { scene, url: `ws://localhost:${(server.address() as AddressInfo).port}${stepUrl(0)}/live?from=0` };
}

/** Of somebody who has signed in; what they may is asked each time. */
const accessOf = (may: () => Promise<Permission>, person: () => { id: number; login: string } | null = () => ({ id: 1, login: 'ada' })): Access => ({
  viewer: () => Promise.resolve({ ...nobody, person: person() }),
  permission: (viewer) => (viewer.person === null ? Promise.resolve('none') : may()),
  signInPath: () => '/-/sign-in',
});

test('who loses the permission is let go at the next ping; who has it stays', async (t) => {
  let may: Permission = 'read';
  let asked = 0;
  const { url } = await setUpSockets(t, accessOf(() => ((asked += 1), Promise.resolve(may))));
  const client = listen(url);
  await eventually(() => client.frames.length > 0);
  const before = asked;
  await eventually(() => asked > before + 3);
  assert.equal(client.socket.readyState, WebSocket.OPEN);
  may = 'none';
  const [code] = await client.closed;
  assert.equal(code, 1008);
});

test('who signs out is let go; while GitHub is away everybody stays', async (t) => {
  let person: { id: number; login: string } | null = { id: 1, login: 'ada' };
  let away = false;
  let asked = 0;
  const { url } = await setUpSockets(t, accessOf(() => ((asked += 1), away ? Promise.reject(new Error('GitHub is away')) : Promise.resolve('write')), () => person));
  const client = listen(url);
  await eventually(() => client.frames.length > 0);
  away = true;
  const before = asked;
  await eventually(() => asked > before + 3);
  assert.equal(client.socket.readyState, WebSocket.OPEN);
  person = null;
  const [code] = await client.closed;
  assert.equal(code, 1008);
});

test('who may not read is told what they are told of what is not there', async (t) => {
  const { url } = await setUpSockets(t, accessOf(() => Promise.resolve('none')));
  const socket = new WebSocket(url);
  socket.on('error', () => {});
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  assert.equal(answer.statusCode, 404);
  socket.terminate();
});

test('a connection that answers no ping is ended', async (t) => {
  const { url } = await setUpSockets(t, accessOf(() => Promise.resolve('read')));
  const silent = new WebSocket(url, { autoPong: false });
  const [code] = (await once(silent, 'close')) as [number];
  assert.equal(code, 1006);
});
