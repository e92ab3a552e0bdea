// Does the app say whether it lives, and what keeps it from work?

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Client } from '@temporalio/client';
import type { BuilderSight } from '../../activities/builder/announcement.ts';
import { allDrained, healthHandler, readinessProbes, type Probe } from '../../app/health.ts';
import { untilReady } from '../../app/up/ready.ts';

const well: Probe = () => Promise.resolve(null);

async function serve(t: TestContext, probes: Record<string, Probe>, options: { deadlineMs?: number; now?: () => number } = {}) {
  const warnings: object[] = [];
  const handler = healthHandler(probes, { ...options, log: { warn: (fields) => void warnings.push(fields) } });
  const server = createServer((req: IncomingMessage, res: ServerResponse) => void Promise.resolve(handler(req, res)).then((taken) => taken || res.writeHead(404).end('a page')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const get = async (path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string; type: string | null }> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') };
  };
  return { get, port, warnings };
}

test('an app that misses something lives, but is not ready, and says what it misses', async (t) => {
  const { get, warnings } = await serve(t, { temporal: well, store: () => Promise.reject(new Error('bucket s3://secret-name is away')), builders: () => Promise.resolve('no builder is connected') });
  assert.deepEqual([(await get('/healthz')).status, (await get('/healthz')).text], [200, 'ok\n']);
  const { status, text } = await get('/readyz');
  assert.equal(status, 503);
  assert.equal(text, 'not ready\nok   temporal\nFAIL store: does not answer\nFAIL builders: no builder is connected\n');
  assert.match(String((warnings[0] as { error: Error }).error), /secret-name/, 'the cause is the operator’s');
  assert.equal((await get('/elsewhere')).text, 'a page');
});

test('programs get JSON', async (t) => {
  const { get } = await serve(t, { temporal: well, store: well });
  const expected = { ready: true, checks: [{ name: 'temporal', ok: true, why: null }, { name: 'store', ok: true, why: null }] };
  for (const [path, headers] of [['/readyz?format=json', {}], ['/readyz', { accept: 'application/json' }]] as const) {
    const { status, text, type } = await get(path, headers);
    assert.deepEqual([status, type, JSON.parse(text)], [200, 'application/json', expected]);
  }
});

test('a probe that hangs counts as one that fails, and does not hold up the answer', async (t) => {
  const { get } = await serve(t, { temporal: () => new Promise(() => {}), store: well }, { deadlineMs: 20 });
  assert.equal((await get('/readyz')).text, 'not ready\nFAIL temporal: does not answer\nok   store\n');
});

test('many who ask at once cost one look', async (t) => {
  let looks = 0;
  let time = 0;
  const { get } = await serve(t, { store: () => Promise.resolve(void looks++).then(() => null) }, { now: () => time });
  await Promise.all(Array.from({ length: 20 }, () => get('/readyz')));
  assert.equal(looks, 1);
  time = 1001;
  await get('/readyz');
  assert.equal(looks, 2);
});

test('ready is: Temporal and the store answer, the worker runs, a builder takes work', async (t) => {
  const sight = (change: Partial<BuilderSight>): BuilderSight => ({ connected: true, draining: false, ...change }) as BuilderSight;
  const ports = (change: object = {}) => ({
    client: { workflowService: { describeNamespace: () => Promise.resolve({}) } } as unknown as Client,
    namespace: 'default',
    store: { head: () => Promise.resolve(undefined) },
    worker: { getState: () => 'RUNNING' },
    registry: { sights: () => Promise.resolve([sight({})]) },
    ...change,
  });
  const cases: [title: string, change: object, failing: string[]][] = [
    ['all is well', {}, []],
    ['Temporal is away', { client: { workflowService: { describeNamespace: () => Promise.reject(new Error('no connection')) } } }, ['temporal']],
    ['the store is away', { store: { head: () => Promise.reject(new Error('no route')) } }, ['store']],
    ['the worker ends', { worker: { getState: () => 'DRAINING' } }, ['worker']],
    ['no builder', { registry: { sights: () => Promise.resolve([sight({ connected: false })]) } }, ['builders']],
    ['every builder drains', { registry: { sights: () => Promise.resolve([sight({ draining: true }), sight({ connected: false })]) } }, ['builders']],
    ['one of two builders drains', { registry: { sights: () => Promise.resolve([sight({ draining: true }), sight({})]) } }, []],
  ];
  for (const [title, change, failing] of cases) {
    await t.test(title, async (t) => {
      const { get } = await serve(t, readinessProbes(ports(change)));
      const { status, text } = await get('/readyz?format=json');
      assert.deepEqual((JSON.parse(text) as { checks: { name: string; ok: boolean }[] }).checks.filter(({ ok }) => !ok).map(({ name }) => name), failing);
      assert.equal(status, failing.length === 0 ? 200 : 503);
    });
  }
});

test('who waits for the start waits for a builder, but not for an operator who has drained it', async (t) => {
  let builders: string | null = 'no builder is connected';
  let time = 0;
  const { port } = await serve(t, { store: well, builders: () => Promise.resolve(builders) }, { now: () => (time += 1001) });
  const waiting = untilReady({ host: '127.0.0.1', port }, t.signal);
  const first = await Promise.race([waiting.then(() => 'ready'), fetch(`http://127.0.0.1:${port}/readyz`).then(() => 'asked')]);
  assert.equal(first, 'asked');
  builders = allDrained;
  await waiting;
});
