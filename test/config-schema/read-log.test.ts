// Does a reader get exactly the lines and bytes asked for, reading no more than it must, and hear of every chunk that is not as it was stored?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { deflate, logCodec } from '../../activities/log-codec.ts';
import { chunkKey, chunkLink, chunkName, manifestKey, parseManifest, timesOf } from '../../config-schema/log-manifest.ts';
import type { LogChunk, LogManifest } from '../../config-schema/log-manifest.ts';
import { gapSentence, readLog } from '../../config-schema/read-log.ts';
import type { LogRange } from '../../config-schema/read-log.ts';
import { collect } from '../collect.ts';

suite('ranges of a log in chunks of every kind', () => {
  const text = 'one\n\nthree is longer\n\n\nsix\nséven\nend without newline';
  const size = Buffer.byteLength(text);
  const lines = text.split(/(?<=\n)/);
  for (const chunkSize of [1, 2, 3, 5, 7, 16, 1000]) {
    const stored = storeLog(split(text, chunkSize));

    test(`by lines, chunks of ${chunkSize}`, async () => {
      const log = await stored;
      for (let fromLine = 1; fromLine <= lines.length + 2; fromLine += 1) {
        for (const count of [1, 2, 3, undefined]) {
          const range: LogRange = count === undefined ? { fromLine } : { fromLine, lines: count };
          const expected = lines.slice(fromLine - 1, count === undefined ? undefined : fromLine - 1 + count).join('');
          const read = await readText(log, range);
          assert.equal(read.text, expected, JSON.stringify(range));
          if (expected) assert.equal(read.line, fromLine, JSON.stringify(range));
        }
      }
    });

    test(`by bytes, chunks of ${chunkSize}`, async () => {
      const log = await stored;
      for (let from = 0; from <= size + 2; from += 1) {
        for (const bytes of [1, 4, undefined]) {
          const range: LogRange = bytes === undefined ? { from } : { from, bytes };
          const expected = Buffer.from(text).subarray(from, bytes === undefined ? undefined : from + bytes);
          const read = await readText(log, range);
          assert.equal(read.text, expected.toString(), JSON.stringify(range));
          if (expected.length > 0) {
            assert.equal(read.offset, from);
            assert.equal(read.line, Buffer.from(text).subarray(0, from).toString('latin1').split('\n').length, JSON.stringify(range));
          }
        }
      }
    });
  }
});

test('one line of a large log costs its chunk and no more than a neighbour', async () => {
  const log = await storeLog(Array.from({ length: 300 }, (_, chunk) => `line a of ${chunk}\nline b of ${chunk}\n`));
  const before = log.reads.length;
  assert.equal((await readText(log, { fromLine: 402, lines: 1 })).text, 'line b of 200\n');
  assert.deepEqual(log.reads.slice(before).map(plain), ['log/manifest.json', 'log/chunk-000200']);
  const between = log.reads.length;
  assert.equal((await readText(log, { fromLine: 401, lines: 2 })).text, 'line a of 200\nline b of 200\n');
  assert.deepEqual(log.reads.slice(between).map(plain), ['log/manifest.json', 'log/chunk-000199', 'log/chunk-000200']);
});

suite('a chunk that is not as it was stored is a gap, with its lines', () => {
  const contents = ['l1\nl2\n', 'l3\nl4', ' still 4\nl5\n', 'l6\n'];
  const cases: [string, (objects: Map<string, Uint8Array>) => void | Promise<void>, number[], 'missing' | 'corrupt'][] = [
    ['removed', (o) => void o.delete(second(o)), [1], 'missing'],
    ['a bit flipped', (o) => void (o.get(second(o))![9]! ^= 1), [1], 'corrupt'],
    ['cut short', (o) => void o.set(second(o), o.get(second(o))!.subarray(0, -1)), [1], 'corrupt'],
    ['not a frame', (o) => void o.set(second(o), Buffer.from('<img src=x onerror=alert(1)>')), [1], 'corrupt'],
    ['replaced by another text of the same size', async (o) => void o.set(second(o), await deflate(Buffer.from('l3\nL4'))), [1], 'corrupt'],
    ['replaced by a bomb', async (o) => void o.set(second(o), await deflate(Buffer.alloc(1 << 26))), [1], 'corrupt'],
    ['dropped, and the manifest made to fit', (o) => editManifest(o, (m) => {
      const [dropped] = m.chunks.splice(1, 1);
      for (const chunk of m.chunks.slice(1)) chunk.offset -= dropped!.bytes;
      m.totalBytes -= dropped!.bytes;
    }), [1, 2], 'corrupt'],
    ['line numbers moved', (o) => editManifest(o, (m) => void (m.chunks[1]!.firstLine = 4)), [1], 'corrupt'],
  ];
  for (const [what, damage, gapsAt, reason] of cases) {
    test(what, async () => {
      const log = await storeLog(contents);
      await damage(log.objects);
      const parts = await collect(readLog(log, 'log', { from: 0 }, logCodec));
      const gaps = parts.flatMap((part, i) => (part.kind === 'gap' ? [i] : []));
      assert.deepEqual(gaps, gapsAt);
      let offset = 0;
      for (const part of parts) {
        assert.equal(part.offset, offset);
        offset += part.kind === 'gap' ? part.length : part.bytes.length;
      }
      const gap = parts[gapsAt[0]!];
      assert.ok(gap?.kind === 'gap' && gap.reason === reason);
      assert.match(gapSentence(gap), /^Roundhouse cannot show line/);
    });
  }

  test('the range of lines is said', async () => {
    const log = await storeLog(contents);
    log.objects.delete(second(log.objects));
    const [gap, after] = await collect(readLog(log, 'log', { fromLine: 4, lines: 2 }, logCodec));
    assert.deepEqual(gap, { kind: 'gap', offset: 6, length: 5, line: 3, lastLine: 4, reason: 'missing' });
    assert.equal(gapSentence(gap as never), 'Roundhouse cannot show lines 3 to 4 (5 bytes): the object store has lost them.');
    assert.equal(after?.kind === 'bytes' && Buffer.from(after.bytes).toString(), ' still 4\nl5\n');
  });
});

suite('times', () => {
  const chunk = { offset: 100, bytes: 50 };
  const cases: [string, { offset: number; at: number }[], { at?: number; times?: [number, number][] }][] = [
    ['nothing is known', [], {}],
    ['nothing of its beginning', [{ offset: 101, at: 1000 }], {}],
    ['one time for all of it', [{ offset: 0, at: 1000 }, { offset: 150, at: 2000 }], { at: 1000 }],
    ['the last before its beginning', [{ offset: 0, at: 1 }, { offset: 100, at: 1000 }, { offset: 100, at: 1001 }], { at: 1001 }],
    ['several', [{ offset: 90, at: 1000 }, { offset: 110, at: 1100 }, { offset: 149, at: 1500 }, { offset: 150, at: 9000 }], { at: 1000, times: [[10, 100], [49, 500]] }],
    ['a clock that was set back', [{ offset: 100, at: 1000 }, { offset: 110, at: 400 }], { at: 1000, times: [[10, 0]] }],
  ];
  for (const [what, written, expected] of cases) test(what, () => assert.deepEqual(timesOf(written, chunk), expected));

  test('of many only some are kept', () => {
    const { times } = timesOf(Array.from({ length: 50 }, (_, i) => ({ offset: 100 + i, at: 1000 + i })), chunk);
    assert.ok(times!.length > 10 && times!.length <= 20);
    assert.deepEqual(times![0], [1, 1]);
  });

  test('a reader gets them with the bytes; who has edited them has not touched the log', async () => {
    const log = await storeLog(['l1\nl2\n', 'l3\nl4\n']);
    editManifest(log.objects, (m) => Object.assign(m.chunks[1]!, { at: 1000, times: [[3, 200]] }));
    const parts = await collect(readLog(log, 'log', { fromLine: 2 }, logCodec));
    assert.deepEqual(parts.map((part) => part.kind === 'bytes' && part.written), [[], [{ offset: 6, at: 1000 }, { offset: 9, at: 1200 }]]);
  });
});

suite('a manifest that cannot be true is refused', () => {
  const cases: [string, (m: LogManifest) => unknown][] = [
    ['a chunk elsewhere', (m) => (m.chunks[1]!.object = '../../secret')],
    ['a hole', (m) => (m.chunks[1]!.offset += 1)],
    ['lines running backwards', (m) => (m.chunks[2]!.firstLine = 1)],
    ['a wrong total', (m) => (m.totalBytes += 1)],
    ['a time that is none', (m) => (m.chunks[1]!.at = -1)],
    ['another version', (m) => ((m as { version: number }).version = 2)],
  ];
  for (const [what, damage] of cases) {
    test(what, async () => {
      const log = await storeLog(['l1\nl2\n', 'l3\nl4', ' still 4\n']);
      editManifest(log.objects, damage);
      await assert.rejects(collect(readLog(log, 'log', { from: 0 }, logCodec)), { message: 'the manifest of log log cannot be read' });
    });
  }
  test('no manifest: no log', async () => assert.deepEqual(await collect(readLog(memoryLog(), 'log', { from: 0 }, logCodec)), []));
});

type MemoryLog = { objects: Map<string, Uint8Array>; reads: string[]; get(key: string): Promise<Uint8Array | undefined> };

function memoryLog(): MemoryLog {
  const objects = new Map<string, Uint8Array>();
  const reads: string[] = [];
  return { objects, reads, get: (key) => (reads.push(key), Promise.resolve(objects.get(key))) };
}

async function storeLog(contents: (string | Uint8Array)[]): Promise<MemoryLog> {
  const log = memoryLog();
  const chunks: LogChunk[] = [];
  let [offset, newlines, previous] = [0, 0, undefined as string | undefined];
  for (const content of contents) {
    const bytes = Buffer.from(content);
    const frame = await deflate(bytes);
    const at = { offset, firstLine: newlines + 1 };
    previous = chunkLink(previous, at, bytes, logCodec.sha256);
    const place = { object: chunkName(chunks.length, previous), ...at };
    chunks.push({ ...place, bytes: bytes.length, storedBytes: frame.length, sha256: previous });
    log.objects.set(chunkKey('log', place), frame);
    offset += bytes.length;
    newlines += bytes.toString('latin1').split('\n').length - 1;
  }
  const totalLines = newlines + (Buffer.from(contents.at(-1)!).at(-1) === 10 ? 0 : 1);
  const manifest: LogManifest = { version: 1, chunks, totalBytes: offset, totalLines, complete: true };
  log.objects.set(manifestKey('log'), Buffer.from(JSON.stringify(parseManifest(JSON.stringify(manifest)))));
  return log;
}

/** The key of the second chunk. */
const second = (objects: Map<string, Uint8Array>): string => [...objects.keys()].find((key) => key.startsWith('log/chunk-000001-'))!;
/** Without the part that comes from the content. */
const plain = (key: string): string => key.replace(/(?<=chunk-\d+)-[0-9a-f]+$/, '');

function editManifest(objects: Map<string, Uint8Array>, edit: (manifest: LogManifest) => unknown): void {
  const manifest = JSON.parse(Buffer.from(objects.get(manifestKey('log'))!).toString()) as LogManifest;
  edit(manifest);
  objects.set(manifestKey('log'), Buffer.from(JSON.stringify(manifest)));
}

function split(text: string, size: number): Uint8Array[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

async function readText(log: MemoryLog, range: LogRange): Promise<{ text: string; line: number | undefined; offset: number | undefined }> {
  const parts = await collect(readLog(log, 'log', range, logCodec));
  const bytes = parts.map((part) => (part.kind === 'bytes' ? part.bytes : assert.fail('a gap')));
  return { text: Buffer.concat(bytes).toString(), line: parts[0]?.line, offset: parts[0]?.offset };
}
