// A builder that an operator has drained takes no work, also after its restart; one that merely stops does.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Builder, type BuilderPorts } from '../../../activities/builder/builder.ts';
import { HeldFiles } from '../../../activities/builder/held.ts';

async function setUp(t: TestContext): Promise<{ start(): Promise<Builder>; state: string; said: string[] }> {
  const state = await mkdtemp(join(tmpdir(), 'drained-'));
  t.after(() => rm(state, { recursive: true, force: true }));
  const said: string[] = [];
  const note = (_fields: object, message: string): void => void said.push(message);
  const ports = { host: { list: async () => [], reconcile: async () => [] }, caches: { trim: async () => {} }, files: new HeldFiles(state), classes: {}, capacity: { cpus: 1, memoryBytes: 1 }, log: { info: note, warn: note, error: note } } as unknown as BuilderPorts;
  const start = async (): Promise<Builder> => {
    const builder = new Builder(ports);
    await builder.start();
    return builder;
  };
  return { start, state, said };
}

test('drained over a restart, and at work again over the next one', async (t) => {
  const { start, said } = await setUp(t);
  const first = await start();
  assert.equal(first.draining, false);
  await first.drain(true);
  assert.equal(first.draining, true);
  await first.stop();
  const second = await start();
  assert.equal(second.draining, true);
  assert.deepEqual(said, ['an operator has drained this builder: it takes no work until it is resumed']);
  await second.drain(false);
  assert.equal(second.draining, false);
  await second.stop();
  assert.equal((await start()).draining, false);
});

test('a builder that stops takes nothing on its way out, and work when it is back', async (t) => {
  const { start } = await setUp(t);
  const builder = await start();
  await builder.stop();
  assert.equal(builder.draining, true);
  assert.equal((await start()).draining, false);
});

test('to resume, or to drain, twice is the same as once', async (t) => {
  const { start } = await setUp(t);
  const builder = await start();
  await builder.drain(false);
  await builder.drain(true);
  await builder.drain(true);
  assert.equal((await start()).draining, true);
  await builder.drain(false);
  assert.equal((await start()).draining, false);
});

test('a wish that cannot be kept holds for this process, and is not confirmed', async (t) => {
  const { start, state } = await setUp(t);
  const builder = await start();
  await mkdir(join(state, 'drained'));
  await assert.rejects(builder.drain(true), { code: 'EISDIR' });
  assert.equal(builder.draining, true);
});
