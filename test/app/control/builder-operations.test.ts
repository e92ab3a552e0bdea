// An operator drains a builder: it hears of it over its own connection, keeps it over a restart, and takes work when it is resumed.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import type { Announcement } from '../../../activities/builder/announcement.ts';
import { HeldFiles } from '../../../activities/builder/held.ts';
import { serveStreams } from '../../../activities/builder/tell.ts';
import { connectUplink } from '../../../activities/builder/uplink.ts';
import type { AuditEvent } from '../../../activities/control/audit.ts';
import { generateKey } from '../../../activities/key-file.ts';
import { builderOperations } from '../../../app/control/builder-operations.ts';
import { runOperation } from '../../../app/control/run-operation.ts';
import { builderRegistry } from '../../../app/registry.ts';
import { startSshPort } from '../../../app/ssh-port.ts';
import { eventually } from '../page/scene.ts';

const ada = { who: 'github:1 ada', from: 'page at 127.0.0.1' };

async function setUp(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'drain-'));
  const registry = builderRegistry({ store: fileStore(join(folder, 'store')) });
  const [host, identity] = [generateKey(), generateKey()];
  const log = { info: () => {}, warn: () => {} };
  const sshPort = await startSshPort({ host: '127.0.0.1', port: 0, hostKey: host.privateKey, authorizedBuilders: (key) => (key === identity.publicKey ? 'b1' : null), registry, log });
  const entries: AuditEvent[] = [];
  const known = builderOperations({ audit: { append: async (event) => void entries.push(event) }, builders: { sights: () => registry.sights(), openStream: (id, path, signal) => sshPort.open(id, path, signal) } });
  let stop: (() => Promise<void>) | null = null;
  const world = {
    entries,
    registry,
    ask: (name: string, input: unknown = { builder: 'b1' }) => runOperation(known[name]!, input, ada),
    /** A process of the builder: what it knows of earlier ones is in its state folder. */
    async start(): Promise<{ draining: boolean }> {
      const files = new HeldFiles(join(folder, 'b1'));
      const builder = { draining: await files.isDrained(), tail: () => null, drain: (wanted: boolean) => files.setDrained((builder.draining = wanted)) };
      const announce = (): Announcement => ({ id: 'b1', version: '1', classes: {}, capacity: { cpus: 1, memoryBytes: 1 }, used: { cpus: 0, memoryBytes: 0 }, draining: builder.draining, sandboxes: [], publicKey: {} });
      const ending = new AbortController();
      const uplink = connectUplink({ address: `127.0.0.1:${sshPort.port}`, hostKey: host.publicKey, identity: identity.privateKey, builderId: 'b1', everySeconds: 60, announce, serve: serveStreams(builder, () => uplink.announceChange()), log, signal: ending.signal });
      stop = async () => {
        ending.abort();
        await uplink.closed;
        await eventually(() => sshPort.builders().length === 0);
        stop = null;
      };
      await eventually(async () => (await registry.sights()).some(({ connected }) => connected));
      return builder;
    },
    stop: () => stop!(),
  };
  t.after(async () => {
    await stop?.();
    await sshPort.close();
    await rm(folder, { recursive: true, force: true });
  });
  return world;
}

test('a drained builder stays drained over its restart, until it is resumed', async (t) => {
  const { ask, start, stop, registry, entries } = await setUp(t);
  const first = await start();
  assert.equal(first.draining, false);
  assert.deepEqual(await ask('builders.drain'), { builder: 'b1', draining: true, sandboxes: 0 });
  assert.equal(first.draining, true);
  assert.equal((await registry.sights())[0]!.draining, true, 'the registry knows when the answer comes');
  await stop();
  const second = await start();
  assert.equal(second.draining, true);
  assert.equal((await registry.sights())[0]!.draining, true);
  await ask('builders.resume');
  assert.equal(second.draining, false);
  await stop();
  assert.equal((await start()).draining, false);
  assert.deepEqual(entries.map(({ who, action, subject }) => [who, action, subject]), [[ada.who, 'builder.drained', 'builder b1'], [ada.who, 'builder.resumed', 'builder b1']]);
});

test('who asks for what cannot be done gets a sentence, and nothing is noted', async (t) => {
  const { ask, start, stop, entries } = await setUp(t);
  await assert.rejects(ask('builders.drain'), { name: 'Refused', message: 'There is no builder b1. None was ever seen here.' });
  await start();
  await assert.rejects(ask('builders.drain', { builder: 'b2' }), { name: 'Refused', message: 'There is no builder b2. There are b1.' });
  await stop();
  await assert.rejects(ask('builders.drain'), { name: 'Refused', message: /^Builder b1 is gone since \d{4}-\d\d-\d\d \d\d:\d\d UTC, so it cannot be told\./ });
  assert.deepEqual(entries, []);
});

test('a list says all of a builder but its key', async (t) => {
  const { ask, start } = await setUp(t);
  await start();
  const { builders } = (await ask('builders.list', {})) as { builders: Record<string, unknown>[] };
  assert.deepEqual(builders.map(({ id, connected, draining, publicKey }) => [id, connected, draining, publicKey]), [['b1', true, false, undefined]]);
});
