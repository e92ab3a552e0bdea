// Does every byte of a step reach the store once and in order: over kills, outages and newer attempts?

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { Fenced, openStepLog } from '../../../activities/builder/step-log.ts';
import type { StepLog, StepLogOptions } from '../../../activities/builder/step-log.ts';
import { logCodec } from '../../../activities/log-codec.ts';
import type { ObjectStore } from '../../../activities/object-store.ts';
import { writtenOf } from '../../../config-schema/log-manifest.ts';
import { readLog, readManifest } from '../../../config-schema/read-log.ts';
import { collect } from '../../collect.ts';

const key = 'pipelines/1/2/build/test/0/attempts/1/steps/3';

test('what is appended is stored, line by line readable, and said to be complete', async (t) => {
  const { open, store } = await setUp(t);
  const log = await open();
  const lines = Array.from({ length: 120_000 }, (_, i) => `line ${i + 1} ${'x'.repeat(i % 40)}\n`);
  for (let i = 0; i < lines.length; i += 1000) await log.append(Buffer.from(lines.slice(i, i + 1000).join('')));
  await log.append(Buffer.from('no newline at the end'));
  await log.end();

  const manifest = await readManifest(store, key);
  assert.ok(manifest?.complete);
  assert.deepEqual([manifest.totalBytes, manifest.totalLines], [log.size, 120_001]);
  assert.ok(manifest.chunks.length >= 4, 'several chunks');
  assert.ok(manifest.chunks.every(({ bytes, storedBytes }) => bytes <= 1024 * 1024 && storedBytes < bytes));
  assert.equal(await storedText(store), `${lines.join('')}no newline at the end`);
  assert.equal(await storedText(store, { fromLine: 119_999, lines: 2 }), lines.slice(119_998).join(''));
});

test('a step without output has a complete, empty log; one that was completed can be opened and ended again, not appended to', async (t) => {
  const { open, store } = await setUp(t);
  await (await open()).end();
  assert.deepEqual(await readManifest(store, key), { version: 1, chunks: [], totalBytes: 0, totalLines: 0, complete: true });
  const again = await open();
  await again.end();
  await assert.rejects(again.append(Buffer.from('late')), /has ended/);
  assert.deepEqual(await collect(again.tail(0)), []);
});

test('a little output is in the store after about a second, without waiting for more', async (t) => {
  const { open, store } = await setUp(t);
  const log = await open();
  await log.append(Buffer.from('first\n'));
  await eventually(async () => (await storedText(store)) === 'first\n', 2500);
  await log.append(Buffer.from('second\n'));
  await eventually(async () => (await storedText(store)) === 'first\nsecond\n', 3500);
  assert.equal((await readManifest(store, key))?.complete, false);
});

test('a builder killed again and again loses, repeats and reorders nothing', async (t) => {
  const { folder, store } = await setUp(t);
  const total = 400_000;
  let behindChunks = 0;
  for (let kills = 0; ; kills += 1) {
    if ((await readManifest(store, key))?.chunks.length) behindChunks += 1;
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'step-log-writer.ts'), folder, key, String(total)], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => writer.kill('SIGKILL'));
    const ended = new Promise<number | null>((resolve) => writer.on('exit', resolve));
    let acknowledged = 0;
    for await (const line of createInterface(writer.stdout)) {
      if (line.startsWith('opened ')) assert.ok(Number(line.slice(7)) >= acknowledged, 'what was acknowledged is in the file');
      else acknowledged = Number(line);
      if (acknowledged > (kills + 1) * 900_000 && kills < 6) writer.kill('SIGKILL');
    }
    if ((await ended) === 0) {
      assert.ok(kills >= 4, `killed ${kills} times`);
      assert.ok(behindChunks >= 1, `${behindChunks} times in a log that was stored in part`);
      break;
    }
    assert.ok(kills < 20);
  }
  const expected = Array.from({ length: total }, (_, i) => numbered(i)).join('');
  const text = await storedText(store);
  assert.equal(text.length, expected.length);
  assert.equal(createHash('sha256').update(text).digest('hex'), createHash('sha256').update(expected).digest('hex'));
  assert.ok((await readManifest(store, key))?.complete);
});

test('chunks say when their bytes were written', async (t) => {
  const { open, store } = await setUp(t);
  const before = Date.now();
  const log = await open();
  await log.append(Buffer.from('first\n'));
  const firstBy = Date.now();
  await sleep(150);
  const secondFrom = Date.now();
  await log.append(Buffer.from('second\n'));
  await log.end();
  const written = (await readManifest(store, key))!.chunks.flatMap(writtenOf);
  assert.deepEqual(written.map(({ offset }) => offset), [0, 6]);
  assert.ok(written[0]!.at >= before && written[0]!.at <= firstBy, JSON.stringify([before, firstBy, written]));
  assert.ok(written[1]!.at >= secondFrom && written[1]!.at <= Date.now(), JSON.stringify([secondFrom, written]));
});

test('what a killed builder had not stored counts as written when the last of it was', async (t) => {
  let away = true;
  const { open, store, file } = await setUp(t, { wrap: (real) => ({ ...real, put: (...args) => (away ? Promise.reject(new Error('503')) : real.put(...args)) }) });
  const log = await open();
  await log.append(Buffer.from('before the kill, '));
  await log.close();
  const hourAgo = Math.floor(Date.now() / 1000) - 3600;
  await utimes(file, hourAgo, hourAgo);
  away = false;
  const again = await open();
  const after = Date.now();
  await again.append(Buffer.from('after'));
  await again.end();
  const written = (await readManifest(store, key))!.chunks.flatMap(writtenOf);
  assert.deepEqual(written.map(({ offset }) => offset), [0, 17]);
  assert.equal(written[0]!.at, hourAgo * 1000);
  assert.ok(written[1]!.at >= after);
});

test('a file that the machine lost is filled again from the store', async (t) => {
  const { open, store, file } = await setUp(t);
  const log = await open();
  await log.append(Buffer.from('stored before the crash\n'));
  await eventually(async () => (await storedText(store)) !== '', 3000);
  await log.close();
  await truncate(file, 5);

  const again = await open();
  assert.equal(again.size, 24);
  await again.append(Buffer.from('and after\n'));
  await again.end();
  assert.equal(await storedText(store), 'stored before the crash\nand after\n');
  assert.equal(Buffer.concat(await collect(again.tail(0))).toString(), 'stored before the crash\nand after\n');
});

test('once a newer attempt has begun, nothing more is written and the caller hears of it', async (t) => {
  let fenced = false;
  let writes = 0;
  const { open, store } = await setUp(t, {
    checkFence: () => (fenced ? Promise.reject(new Fenced('attempt 2 has begun')) : Promise.resolve()),
    wrap: (real) => ({ ...real, put: (...args) => ((writes += 1), real.put(...args)) }),
  });
  const log = await open();
  await log.append(Buffer.from('mine\n'));
  await eventually(async () => (await storedText(store)) === 'mine\n', 3000);
  const tail = collect(log.tail(0));
  fenced = true;
  const before = writes;
  await log.append(Buffer.from('late\n'));
  await assert.rejects(log.end(), Fenced);
  await assert.rejects(log.append(Buffer.from('later\n')), Fenced);
  assert.equal(writes, before);
  assert.equal(await storedText(store), 'mine\n');
  assert.equal(Buffer.concat(await tail).toString(), 'mine\nlate\n');
});

test('a fence that falls while nothing is in hand stops the final manifest too', async (t) => {
  let fenced = false;
  const { open, store } = await setUp(t, { checkFence: () => (fenced ? Promise.reject(new Fenced('attempt 2 has begun')) : Promise.resolve()) });
  const log = await open();
  fenced = true;
  await assert.rejects(log.end(), Fenced);
  assert.equal(await readManifest(store, key), undefined);
});

test('while the store is away appends go on, memory does not grow, and the end waits', async (t) => {
  let away = true;
  const tried = new Set<string>();
  const troubles: unknown[] = [];
  const { open, store } = await setUp(t, {
    onTrouble: (error) => void troubles.push(error),
    wrap: (real) => ({
      ...real,
      async put(key, bytes, options) {
        tried.add(key);
        if (away) throw new Error('503 slow down');
        await real.put(key, bytes, options);
      },
    }),
  });
  const log = await open();
  const block = Buffer.alloc(1 << 20, createHash('sha512').update('x').digest());
  for (let i = 0; i < 48; i += 1) await log.append(block);
  let ended = false;
  const end = log.end().then(() => (ended = true));
  await eventually(async () => troubles.length > 0, 3000);
  await sleep(300);
  assert.equal(ended, false);
  assert.ok(tried.size <= 4, `${tried.size} chunks in memory`);
  away = false;
  await end;
  assert.equal(sha256Of([Buffer.from(await storedText(store), 'latin1')]), sha256Of(Array.from({ length: 48 }, () => block)));
});

test('chunks that arrive out of order are named in order', async (t) => {
  const { open, store } = await setUp(t, {
    wrap: (real) => ({
      ...real,
      async put(key, bytes, options) {
        if (key.includes('chunk-000000')) await sleep(400);
        const manifest = key.endsWith('manifest.json') && (JSON.parse(Buffer.from(bytes as Uint8Array).toString()) as { chunks: { object: string }[] });
        if (manifest) for (const chunk of manifest.chunks) assert.ok(await real.head(key.replace('manifest.json', chunk.object)), `${chunk.object} is there before it is named`);
        await real.put(key, bytes, options);
      },
    }),
  });
  const log = await open();
  const text = Array.from({ length: 400_000 }, (_, i) => numbered(i)).join('');
  await log.append(Buffer.from(text));
  await log.end();
  assert.ok((await readManifest(store, key))!.chunks.length > 4);
  assert.equal(await storedText(store), text);
});

test('a tail gives what is there at once, follows, and ends with the log', async (t) => {
  const { open, store } = await setUp(t);
  const log = await open();
  await log.append(Buffer.from('0123456789'));
  const fromStart = collect(log.tail(0));
  const manifestAtEnd = fromStart.then(() => readManifest(store, key));
  const fromMiddle = collect(log.tail(4));
  const fromAhead = collect(log.tail(12));
  const leaves = new AbortController();
  const leaving = collect(log.tail(10, leaves.signal));
  for (const bytes of ['ab', 'cd', 'ef']) await log.append(Buffer.from(bytes));
  leaves.abort();
  assert.ok(Buffer.concat(await leaving).length <= 6);
  let followed = '';
  for await (const bytes of log.tail(0)) {
    followed += Buffer.from(bytes).toString();
    if (followed.endsWith('ef')) break;
  }
  await log.end();
  assert.equal(followed, '0123456789abcdef');
  assert.equal(Buffer.concat(await fromStart).toString(), '0123456789abcdef');
  assert.ok((await manifestAtEnd)?.complete, 'a tail does not end before the log is stored');
  assert.equal(Buffer.concat(await fromMiddle).toString(), '456789abcdef');
  assert.equal(Buffer.concat(await fromAhead).toString(), 'cdef');
});

test('closing lets tails go and keeps the log open for the next process', async (t) => {
  const { open, store } = await setUp(t);
  const log = await open();
  await log.append(Buffer.from('half '));
  let tailed = '';
  const tail = (async () => {
    for await (const bytes of log.tail(0)) tailed += Buffer.from(bytes).toString();
  })();
  await eventually(() => Promise.resolve(tailed === 'half '), 1000);
  await log.close();
  await log.close();
  await tail;
  await assert.rejects(log.end());
  assert.notEqual((await readManifest(store, key))?.complete, true);
  const again = await open();
  await again.append(Buffer.from('done'));
  await again.end();
  assert.equal(await storedText(store), 'half done');
});

test('an append that an acknowledgement sets free is written without another one behind it', async (t) => {
  const { open } = await setUp(t);
  const log = await open();
  for (let i = 0; i < 200; i += 1) await log.append(Buffer.from(numbered(i))).then(() => log.append(Buffer.from(numbered(i))));
  await log.end();
});

test('many appends without waiting keep their order', async (t) => {
  const { open, store } = await setUp(t);
  const log = await open();
  const lines = Array.from({ length: 3000 }, (_, i) => numbered(i));
  const acknowledged: number[] = [];
  const appends = lines.map((line, i) => log.append(Buffer.from(line)).then(() => acknowledged.push(i)));
  await log.end();
  await Promise.all(appends);
  assert.equal(await storedText(store), lines.join(''));
  assert.deepEqual(acknowledged, lines.map((_, i) => i));
});

const numbered = (i: number): string => `${i} ${'abcdefghij'.repeat(i % 3)}\n`;

async function setUp(t: TestContext, { wrap = (store: ObjectStore) => store, ...options }: Partial<StepLogOptions> & { wrap?: (store: ObjectStore) => ObjectStore } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'step-log-'));
  const store = fileStore(join(folder, 'store'));
  const file = join(folder, 'step.log');
  const logs: StepLog[] = [];
  t.after(async () => {
    for (const log of logs) await log.close();
    await rm(folder, { recursive: true, force: true });
  });
  const open = async (): Promise<StepLog> => {
    const log = await openStepLog({ store: wrap(store), key, file, checkFence: () => Promise.resolve(), ...options });
    logs.push(log);
    return log;
  };
  return { folder, store, file, open };
}

async function storedText(store: ObjectStore, range: { fromLine: number; lines: number } | { from: number } = { from: 0 }): Promise<string> {
  const parts = await collect(readLog(store, key, range, logCodec));
  return Buffer.concat(parts.map((part) => (part.kind === 'bytes' ? part.bytes : assert.fail('a gap')))).toString('latin1');
}

async function eventually(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `not within ${withinMs} ms`);
    await sleep(20);
  }
}

function sha256Of(blocks: Uint8Array[]): string {
  return logCodec.sha256(...blocks);
}
