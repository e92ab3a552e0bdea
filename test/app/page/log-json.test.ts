// Do scripts and programs get the lines, the groups, the finds and the bytes of a log, whatever it is like?

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { manifestKey } from '../../../config-schema/log-manifest.ts';
import { manifests } from '../../../app/page/log/manifests.ts';
import { linesOf } from '../../../app/page/log/stored-lines.ts';
import { eventually, setUp, stepUrl } from './scene.ts';
import type { Scene } from './scene.ts';
import { inChunksOf, storedLog } from './stored-log.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

const json = async (scene: Scene, path: string): Promise<Record<string, unknown>> => JSON.parse((await scene.get(path)).text) as Record<string, unknown>;

/** A step that has printed this and ended. */
async function ended(scene: Scene, text: string | Uint8Array, step = 0): Promise<void> {
  await (await scene.begin(step)).append(Buffer.from(text));
  await scene.end(step);
}

async function loseChunk(scene: Scene, number: string): Promise<void> {
  for await (const { key } of scene.store.list(`${scene.keyOf(0)}/`)) if (key.includes(`chunk-${number}`)) await scene.store.delete(key);
}

suite('lines', () => {
  test('any of them, safe to show, with when they were written', async (t) => {
    const scene = await setUp(t);
    const before = Date.now();
    await ended(scene, '--- one\n\x1b[31mred\x1b[0m <b>\n10%\r20%\nlast');
    const answer = await json(scene, `${stepUrl(0)}/lines?from=1&count=10`);
    const [{ at }] = answer['lines'] as [{ at: number }];
    assert.ok(at >= before && at <= Date.now());
    assert.deepEqual(answer, {
      from: 1,
      total: 4,
      complete: true,
      lines: [
        { n: 1, html: '--- one', at, group: true },
        { n: 2, html: '<span class="ansi-red-fg">red</span> &lt;b&gt;', at },
        { n: 3, html: '20%', at },
        { n: 4, html: 'last', at },
      ],
      gaps: [],
    });
    assert.deepEqual(await json(scene, `${stepUrl(0)}/lines?from=2&count=1&attempt=1`), { from: 2, total: 4, complete: true, lines: [{ n: 2, html: '<span class="ansi-red-fg">red</span> &lt;b&gt;', at }], gaps: [] });
    assert.deepEqual(await json(scene, `${stepUrl(0)}/lines?from=9`), { from: 9, total: 4, complete: true, lines: [], gaps: [] });
    assert.deepEqual(await json(scene, `${stepUrl(1)}/lines`), { from: 1, total: 0, complete: false, lines: [], gaps: [] });
  });

  test('no more than a page holds, however many are asked for', async (t) => {
    const scene = await setUp(t);
    await ended(scene, 'x\n'.repeat(5000));
    assert.equal(((await json(scene, `${stepUrl(0)}/lines?count=999999`))['lines'] as unknown[]).length, 2000);
    await ended(scene, `${'y'.repeat(5000)}\n`.repeat(2000), 1);
    const { lines } = await linesFrom(scene, 1);
    assert.ok(lines.length >= 200 && lines.length < 500, `${lines.length} lines`);
    assert.equal((await linesFrom(scene, lines.length + 1)).lines[0]!.n, lines.length + 1);
  });
  const linesFrom = async (scene: Scene, from: number): Promise<{ lines: { n: number }[] }> => (await json(scene, `${stepUrl(1)}/lines?from=${from}&count=2000`)) as never;

  test('a missing chunk is a gap with its lines, beside those that are there', async (t) => {
    const scene = await setUp(t);
    await ended(scene, 'a line of twenty ch\n'.repeat(150_000));
    await loseChunk(scene, '000001');
    const { lines, gaps } = (await json(scene, `${stepUrl(0)}/lines?from=52400&count=60`)) as { lines: { n: number }[]; gaps: unknown[] };
    assert.deepEqual(lines.map(({ n }) => n), Array.from({ length: 30 }, (_, i) => 52_400 + i));
    assert.deepEqual(gaps, [{ line: 52_429, lastLine: 104_858, sentence: 'Roundhouse cannot show lines 52429 to 104858 (1048576 bytes): the object store has lost them.' }]);
    // Of the last line of the gap the rest is there.
    const after = (await json(scene, `${stepUrl(0)}/lines?from=104858&count=2`)) as { lines: unknown[]; gaps: unknown[] };
    assert.deepEqual([after.lines.map((line) => (line as { n: number }).n), after.gaps], [[104_858, 104_859], gaps]);
  });

  test('each has the time of its first byte, over the ends of chunks; logs of earlier versions have none', async () => {
    const log = await storedLog();
    await log.add('old\n');
    await log.add('one\ntw', { at: 1000, times: [[2, 50]] });
    await log.add('o\nthree\nfour\nfi', { at: 2000, times: [[2, 100], [7, 200], [8, 300]] });
    await log.add('ve\n', { at: 3000 });
    const { lines } = await linesOf(log.ports, log.key, log.manifest, 1, 10);
    assert.deepEqual(lines.map(({ html, at }) => [html, at]), [['old', undefined], ['one', 1000], ['two', 1050], ['three', 2100], ['four', 2300], ['five', 2300]]);
    assert.equal((await linesOf(log.ports, log.key, log.manifest, 3, 1)).lines[0]!.at, 1050);
  });

  test('of a line that is cut anywhere', async () => {
    const text = 'säve\n\x1b[31m漢字\x1b[0m\rnew\r\nend';
    for (let size = 1; size < 30; size += 1) {
      const log = await storedLog(inChunksOf(size, text));
      assert.deepEqual((await linesOf(log.ports, log.key, log.manifest, 1, 10)).lines.map(({ html }) => html), ['säve', 'new', 'end'], String(size));
    }
  });
});

suite('all of them', () => {
  const paths = ['lines', 'outline', 'search?q=x'];

  test('what has not changed is not sent again; what has is', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('--- x\n'));
    await eventually(async () => (await json(scene, `${stepUrl(0)}/lines`))['total'] === 1);
    for (const path of paths) {
      const first = await scene.get(`${stepUrl(0)}/${path}`);
      assert.equal(first.headers.get('cache-control'), 'private, no-cache');
      const again = await scene.get(`${stepUrl(0)}/${path}`, { 'if-none-match': first.headers.get('etag')! });
      assert.deepEqual([again.status, again.text], [304, ''], path);
      assert.equal((await scene.get(`${stepUrl(1)}/${path}`, { 'if-none-match': first.headers.get('etag')! })).status, 200, path);
    }
    const before = await scene.get(`${stepUrl(0)}/outline`);
    await log.append(bytes('--- y\n'));
    await scene.end(0);
    const after = await scene.get(`${stepUrl(0)}/outline`, { 'if-none-match': before.headers.get('etag')! });
    assert.equal(after.status, 200);
    assert.deepEqual((JSON.parse(after.text) as { groups: { title: string }[] }).groups.map(({ title }) => title), ['x', 'y']);
  });

  test('the manifest of a complete log is read once, of one that grows each time', async () => {
    const log = await storedLog(['one\n'], { complete: false });
    const manifestOf = manifests(log.ports.store);
    assert.equal((await manifestOf('log'))?.totalLines, 1);
    log.manifest.complete = true;
    await log.add('two\n');
    for (let i = 0; i < 3; i += 1) assert.equal((await manifestOf('log'))?.totalLines, 2);
    assert.equal(log.reads.length, 2);
    assert.equal(await manifestOf('another'), undefined);
  });

  test('answers in words where there is nothing, or what is asked makes no sense', async (t) => {
    const scene = await setUp(t);
    await ended(scene, 'x\n');
    for (const path of paths) {
      for (const url of [stepUrl(7), `/acme/rocket/8/a/b/0/0`]) {
        const { status, text } = await scene.get(`${url}/${path}`);
        assert.deepEqual([status, JSON.parse(text)], [404, { problem: 'There is no such step.' }], path);
      }
    }
    const { status, text } = await scene.get(`${stepUrl(0)}/search?q=(&regex=1`);
    assert.equal(status, 422);
    assert.match((JSON.parse(text) as { problem: string }).problem, /no regular expression/);
    assert.equal((await scene.get(`${stepUrl(0)}/search`)).status, 422);
  });

  test('a damaged manifest is said plainly, and to the operator', async (t) => {
    const scene = await setUp(t);
    await ended(scene, 'x\n');
    await scene.store.put(manifestKey(scene.keyOf(0)), bytes('{'));
    for (const path of paths) {
      const { status, text } = await scene.get(`${stepUrl(0)}/${path}`);
      assert.equal(status, 500);
      assert.match((JSON.parse(text) as { problem: string }).problem, /^The index of this log in the object store is damaged/);
    }
    for (const path of ['', '/log.txt']) {
      const { status, text } = await scene.get(`${stepUrl(0)}${path}`);
      assert.equal(status, 500);
      assert.match(text, /The index of this log in the object store is damaged/);
    }
    assert.equal(scene.warnings.filter((line) => /^the manifest of a log cannot be read BadManifest/.test(line)).length, 5);
  });

  test('a search finds, and stops when nobody waits for it any more', async (t) => {
    const scene = await setUp(t);
    await ended(scene, Array.from({ length: 100_000 }, (_, i) => `line ${i + 1} with some text to make it long, and longer still\n`).join(''));
    assert.deepEqual(await json(scene, `${stepUrl(0)}/search?q=LINE+77777+`), { matches: [77_777], more: false, searched: 100_000, complete: true });
    assert.deepEqual(await json(scene, `${stepUrl(0)}/search?q=LINE+77777+&case=1`), { matches: [], more: false, searched: 100_000, complete: true });
    assert.deepEqual(await json(scene, `${stepUrl(0)}/search?q=^l.*\\b99999+w&regex=1&from=9`), { matches: [99_999], more: false, searched: 100_000, complete: true });

    let asked = 0;
    const { get } = scene.store;
    t.mock.method(scene.store, 'get', (key: string) => {
      if (key.includes('chunk-')) asked += 1;
      return get(key);
    });
    const leaving = connect(scene.port, '127.0.0.1');
    await once(leaving, 'connect');
    leaving.write(`GET ${stepUrl(0)}/search?q=(a|b)*zz&regex=1 HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    await eventually(() => asked > 0);
    leaving.destroy();
    await json(scene, `${stepUrl(0)}/search?q=nothing`);
    assert.ok(asked < 12, `${asked} chunks were read`);
  });
});

suite('a log as a file', () => {
  test('has a name that is safe everywhere', async (t) => {
    const scene = await setUp(t, { steps: ['checkout', 'a "b";\r\n/../ä.sh'] });
    await ended(scene, 'x\n', 1);
    const { headers, text } = await scene.get(`${stepUrl(1)}/log.txt?download`);
    assert.equal(headers.get('content-disposition'), 'attachment; filename="rocket-7-test_unit-2-a_b_.._.sh.log"');
    assert.equal(text, 'x\n');
    assert.equal((await scene.get(`${stepUrl(1)}/log.txt`)).headers.get('content-disposition'), null);
  });

  test('goes on where a download stopped', async (t) => {
    const scene = await setUp(t);
    await ended(scene, '0123456789');
    const url = `${stepUrl(0)}/log.txt`;
    const whole = await scene.get(url);
    const etag = whole.headers.get('etag')!;
    assert.equal(whole.headers.get('accept-ranges'), 'bytes');
    const cases: [Record<string, string>, number, string, string | null][] = [
      [{ range: 'bytes=4-' }, 206, '456789', 'bytes 4-9/10'],
      [{ range: 'bytes=4-5' }, 206, '45', 'bytes 4-5/10'],
      [{ range: 'bytes=-3' }, 206, '789', 'bytes 7-9/10'],
      [{ range: 'bytes=0-99' }, 206, '0123456789', 'bytes 0-9/10'],
      [{ range: 'bytes=10-' }, 416, '', 'bytes */10'],
      [{ range: 'bytes=1-2,4-5' }, 200, '0123456789', null],
      [{ range: 'lines=1-2' }, 200, '0123456789', null],
      [{ range: 'bytes=4-', 'if-range': etag }, 206, '456789', 'bytes 4-9/10'],
      [{ range: 'bytes=4-', 'if-range': '"another"' }, 200, '0123456789', null],
      [{ 'if-none-match': etag }, 304, '', null],
    ];
    for (const [headers, status, text, range] of cases) {
      const answer = await scene.get(url, headers);
      assert.deepEqual([answer.status, answer.text, answer.headers.get('content-range')], [status, text, range], JSON.stringify(headers));
      if (status === 206) assert.equal(answer.headers.get('content-length'), String(text.length));
    }
    const head = await fetch(`${scene.url}${url}`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length'), head.headers.get('etag'), await head.text()], [200, '10', etag, '']);
    const following = await fetch(`${scene.url}${url}?follow`, { method: 'HEAD' });
    assert.deepEqual([following.status, await following.text()], [200, '']);
    assert.equal((await fetch(`${scene.url}${stepUrl(9)}/log.txt`, { method: 'HEAD' })).status, 404);
  });

  test('while it is being written a range is of what is there', async (t) => {
    const scene = await setUp(t);
    await (await scene.begin(0)).append(bytes('0123456789'));
    await eventually(async () => (await scene.get(`${stepUrl(0)}/log.txt`)).text !== '');
    const answer = await scene.get(`${stepUrl(0)}/log.txt`, { range: 'bytes=4-' });
    assert.deepEqual([answer.status, answer.text, answer.headers.get('content-range')], [206, '456789', 'bytes 4-9/*']);
  });

  test('in a range every byte has its place, over a gap too', async (t) => {
    const scene = await setUp(t);
    await ended(scene, 'a line of twenty ch\n'.repeat(150_000));
    await loseChunk(scene, '000001');
    const { status, text } = await scene.get(`${stepUrl(0)}/log.txt`, { range: `bytes=${2 ** 20 - 8}-${2 ** 21 + 3}` });
    assert.equal(status, 206);
    assert.equal(text.length, 2 ** 20 + 12);
    assert.match(text, /^ {0}.{8}\nRoundhouse cannot show lines 52429 to 104858 \(1048576 bytes\): the object store has lost them\. +\n.{4}$/s);
    assert.equal((await scene.get(`${stepUrl(0)}/log.txt`, { range: `bytes=${2 ** 20}-${2 ** 20 + 9}` })).text, '\nRoundhou\n');
  });
});
