// Do the pages show what is, whatever its text; and do logs arrive live, whole, and only here?

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite, test } from 'node:test';
import { WebSocket } from 'ws';
import { eventually, jobUrl, setUp, stepUrl } from './scene.ts';
import type { Scene } from './scene.ts';
import { manifestKey } from '../../../config-schema/log-manifest.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

suite('pages', () => {
  test('the builds, a pipeline and a job link to one another', async (t) => {
    const scene = await setUp(t);
    const builds = await scene.get('/');
    assert.equal(builds.status, 200);
    has(builds.text, /<a href="\/acme\/rocket\/7">acme\/rocket <b>#7<\/b><\/a>/);
    has(builds.text, /Light the fuse/);
    const pipeline = await scene.get('/acme/rocket/7');
    assert.ok(pipeline.text.includes(`<a href="${jobUrl}">test / unit</a>`));
    const job = await scene.get(jobUrl);
    assert.equal(job.status, 200);
    has(job.text, /<h1>test \/ unit<\/h1>/);
    for (const name of ['checkout', 'npm test']) assert.ok(job.text.includes(`<span class="name">${name}</span>`));
  });

  test('a step shows its outcome, its duration and the end of its log, without any script', async (t) => {
    const scene = await setUp(t, { steps: ['checkout', 'npm test', 'deploy'] });
    await (await scene.begin(0)).append(bytes('cloned\n'));
    await scene.end(0);
    const log = await scene.begin(1);
    await log.append(bytes(Array.from({ length: 300 }, (_, i) => `line ${i + 1}\n`).join('')));
    await scene.end(1, 'failed', 3);
    Object.assign(scene.slice.steps[2]!, { state: 'ended', result: { name: 'deploy', outcome: 'skipped', exitCode: null, signal: null, durationMs: 0, reason: 'An earlier step failed.' } });
    scene.endSlice('failed');
    const { text } = await scene.get(jobUrl);
    has(text, /<span class="sign failed" title="failed"[^>]*>✗<\/span> <span class="name">npm test<\/span> <span class="exit">exit 3<\/span> <span class="took">1.2 s<\/span>/);
    has(text, /<div class="l" data-n="300">line 300<\/div>/);
    has(text, /<div class="l" data-n="101">line 101<\/div>/);
    lacks(text, />line 100</);
    has(text, /300 lines, 2592 bytes/);
    has(text, /<div class="l" data-n="1">cloned<\/div>/);
    has(text, /An earlier step failed\./);
    has(text, /id="step-1"[^>]* open>/);
    lacks(text, /id="step-[02]"[^>]* open>/);
    lacks(text, /data-open/);
    lacks((await scene.get(`${jobUrl}?logs=0`)).text, /cloned/);
  });

  test('any line of a stored log can be opened', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes(Array.from({ length: 200_000 }, (_, i) => `line ${i + 1} with some text to make it long\n`).join('')));
    await scene.end(0);
    const { text } = await scene.get(`${stepUrl(0)}?line=123456`);
    has(text, /<div class="l" id="L123456" data-n="123456">line 123456 /);
    has(text, /id="L124455"/);
    lacks(text, /id="L124456"/);
    has(text, /Lines 123456 to 124455 of 200000/);
    for (const line of [1, 122456, 124456, 199001]) assert.ok(text.includes(`&amp;line=${line}"`), String(line));
    assert.equal((await scene.get(`${stepUrl(0)}?line=999999999`)).status, 200);
    assert.equal((await scene.get(`${stepUrl(0)}?line=-1&attempt=x`)).status, 200);
    has((await scene.get(stepUrl(1))).text, /Nothing of this log is stored yet/);
  });

  test('a gap in a log says which lines are missing; the rest is there', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('a line of twenty ch\n'.repeat(150_000)));
    await scene.end(0);
    for await (const { key } of scene.store.list(`${scene.keyOf(0)}/`)) if (key.includes('chunk-000001')) await scene.store.delete(key);
    const sentence = /Roundhouse cannot show lines 52429 to 104858 \(1048576 bytes\): the object store has lost them\./;
    has((await scene.get(`${stepUrl(0)}?line=52000`)).text, sentence);
    const raw = await scene.get(`${stepUrl(0)}/log.txt`);
    has(raw.text, sentence);
    assert.equal(raw.text.replace(/\nRoundhouse.*\n/, '').length, 3_000_000 - 1_048_576);
    assert.equal((await scene.get(jobUrl)).status, 200);
  });

  test('a log that is damaged beyond reading leaves the page whole', async (t) => {
    const scene = await setUp(t);
    await (await scene.begin(0)).append(bytes('x\n'));
    await scene.end(0);
    await scene.store.put(manifestKey(scene.keyOf(0)), bytes('{'));
    const { status, text } = await scene.get(jobUrl);
    assert.equal(status, 200);
    has(text, /npm test/);
    assert.ok(scene.warnings.some((line) => line.includes('cannot be read')));
    assert.equal((await scene.get(stepUrl(0))).status, 500);
  });

  test('names and messages are text, wherever they stand', async (t) => {
    const evil = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>&amp;';
    const scene = await setUp(t, { steps: [evil] });
    scene.pipeline.trigger.commit.subject = evil;
    scene.pipeline.trigger.ref = `refs/heads/${evil}`;
    scene.pipeline.trigger.sender.login = evil;
    scene.pipeline.reason = evil;
    scene.pipeline.workflows[0]!.name = evil;
    const [job] = scene.pipeline.workflows[0]!.jobs;
    Object.assign(job!, { name: evil, reason: evil });
    Object.assign(scene.slice, { reason: evil, notes: [evil], builder: evil });
    Object.assign(scene.slice.steps[0]!, { state: 'ended', result: { name: evil, outcome: 'failed', exitCode: null, signal: evil, durationMs: 1, reason: evil } });
    const url = `/acme/rocket/7/${encodeURIComponent(evil)}/${encodeURIComponent(evil)}`;
    for (const path of ['/', '/acme/rocket/7', url, `${url}/0/0`]) {
      const { status, text } = await scene.get(path);
      assert.equal(status, 200, path);
      lacks(text, /<script>|<img/, path);
      has(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/, path);
    }
    const found = /<a href="([^"]+)">All lines/.exec((await scene.get(url)).text)?.[1];
    assert.equal((await scene.get(found!.replaceAll('&#39;', "'"))).status, 200);
  });

  test('what is not there is 404; what is not ours is left to others', async (t) => {
    const scene = await setUp(t);
    for (const path of ['/acme/rocket/8', '/acme/other/7', '/acme/rocket/7/build/none', '/acme/rocket/7/none/x', `${jobUrl}?slice=1`, stepUrl(2), `${stepUrl(0)}?attempt=2`, `${stepUrl(0)}?attempt=0`, '/static/..%2fpage.ts', '/static/none', `${stepUrl(0)}/none`, '/acme/rocket/7/%ff/x']) {
      const { status, text } = await scene.get(path);
      assert.equal(status, 404, path);
      assert.notEqual(text, 'not ours', path);
    }
    assert.equal((await scene.get('/api/github/webhooks')).text, 'not ours');
  });

  test('scripts come from our own files alone, and no other site may frame or read a page', async (t) => {
    const scene = await setUp(t);
    for (const path of ['/', '/acme/rocket/7', jobUrl, stepUrl(0), '/static/live.js', '/acme/rocket/8']) {
      const { headers } = await scene.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'; script-src 'self';/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /script-src[^;]*unsafe/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
    }
    const page = (await scene.get(jobUrl)).text;
    assert.deepEqual([...page.matchAll(/<script[^>]*>[^<]*<\/script>/g)].map(([tag]) => tag), ['<script type="module" src="/static/live.js"></script>', '<script type="module" src="/static/log.js"></script>']);
    lacks(page, / on[a-z]+=/);
    assert.match((await scene.get(`${stepUrl(0)}/log.txt`)).headers.get('content-security-policy') ?? '', /sandbox/);
  });

  test('static files are served once and asked after', async (t) => {
    const scene = await setUp(t);
    for (const [file, type] of [['page.css', 'text/css'], ['live.js', 'text/javascript'], ['log-lines.js', 'text/javascript'], ['ansi_up.js', 'text/javascript'], ['icon.svg', 'image/svg+xml']]) {
      const { status, headers, text } = await scene.get(`/static/${file}`);
      assert.equal(status, 200, file);
      assert.ok(headers.get('content-type')?.startsWith(type!), file);
      assert.ok(text.length > 100);
      assert.equal((await scene.get(`/static/${file}`, { 'if-none-match': headers.get('etag')! })).status, 304);
    }
    lacks((await scene.get('/static/log-lines.js')).text, /: string/);
  });
});

suite('plain text', () => {
  test('what is stored, from any byte', async (t) => {
    const scene = await setUp(t);
    await (await scene.begin(0)).append(bytes('0123456789\n<b>\x1b[31mred\n'));
    await scene.end(0);
    const raw = await scene.get(`${stepUrl(0)}/log.txt`);
    assert.equal(raw.text, '0123456789\n<b>\x1b[31mred\n');
    assert.equal(raw.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal((await scene.get(`${stepUrl(0)}/log.txt?from=4`)).text, '456789\n<b>\x1b[31mred\n');
    assert.equal((await scene.get(`${stepUrl(0)}/log.txt?from=400`)).text, '');
    assert.equal((await scene.get(`${stepUrl(1)}/log.txt`)).text, '');
  });

  test('?follow goes on until the step has ended', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('first '));
    const answer = await fetch(`${scene.url}${stepUrl(0)}/log.txt?follow`);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await reader.read()).value, 'first ');
    await log.append(bytes('second '));
    assert.equal((await reader.read()).value, 'second ');
    await log.append(bytes('last'));
    await scene.end(0);
    let rest = '';
    for (let read = await reader.read(); !read.done; read = await reader.read()) rest += read.value;
    assert.equal(rest, 'last');
  });

  test('a reader who leaves is let go', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('first '));
    const leave = new AbortController();
    const answer = await fetch(`${scene.url}${stepUrl(0)}/log.txt?follow`, { signal: leave.signal });
    await answer.body!.getReader().read();
    assert.equal(scene.streams.open, 1);
    leave.abort();
    await eventually(() => scene.streams.open === 0);

    const client = await listen(scene, `${stepUrl(0)}/live?from=0`);
    await eventually(() => scene.streams.open === 1);
    client.socket.terminate();
    await eventually(() => scene.streams.open === 0);
  });
});

suite('live logs', () => {
  test('bytes arrive as they are written, and the end is said', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('before '));
    const client = await listen(scene, `${stepUrl(0)}/live?from=0`);
    assert.deepEqual(client.said[0], { from: 0, line: 1 });
    await eventually(() => client.text === 'before ');
    for (let i = 0; i < 20; i += 1) {
      await log.append(bytes(`${i} `));
      await eventually(() => client.text.endsWith(` ${i} `), 500);
    }
    await scene.end(0);
    await client.closed;
    assert.deepEqual(client.said.at(-1), { complete: true, totalBytes: log.size });
    assert.equal(client.text, `before ${Array.from({ length: 20 }, (_, i) => `${i} `).join('')}`);
    await scene.stopBuilder();
    const later = await listen(scene, `${stepUrl(0)}/live?from=7`);
    await later.closed;
    assert.equal(later.text, client.text.slice(7));
  });

  test('a viewer who loses the connection twenty times misses and repeats nothing', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    let [written, cuts] = ['', 0];
    const writing = (async () => {
      for (let i = 0; i < 400 || cuts < 20; i += 1) {
        const line = `line ${i} ${'x'.repeat(i % 50)}\n`;
        written += line;
        await log.append(bytes(line));
        if (i % 4 === 0) await sleep(2);
      }
      await scene.end(0);
    })();
    let text = '';
    for (;;) {
      const client = await listen(scene, `${stepUrl(0)}/live?from=${text.length}`);
      const cut = setTimeout(() => {
        client.socket.terminate();
        cuts += 1;
      }, 30);
      await client.closed;
      clearTimeout(cut);
      text += client.text;
      if (client.said.some((frame) => 'complete' in frame)) break;
    }
    await writing;
    assert.equal(text, written);
  });

  test('a line is with its reader long before its chunk is stored', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    const client = await listen(scene, `${stepUrl(0)}/live?from=0`);
    const latencies: number[] = [];
    let sentAt = 0;
    client.socket.on('message', () => latencies.push(performance.now() - sentAt));
    for (let i = 0; i < 100; i += 1) {
      await sleep(5);
      sentAt = performance.now();
      await log.append(bytes(`${i}\n`));
      await eventually(() => latencies.length > i);
    }
    latencies.sort((a, b) => a - b);
    assert.ok(latencies[95]! < 250, `95 of 100 within ${latencies[95]} ms`);
  });

  test('a builder that goes away and comes back is waited for', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('before\n'));
    const client = await listen(scene, `${stepUrl(0)}/live?from=0`);
    await eventually(() => client.text === 'before\n');
    await scene.stopBuilder();
    await sleep(100);
    await scene.startBuilder();
    const again = await scene.begin(0);
    assert.equal(again.size, 7);
    await again.append(bytes('after\n'));
    await eventually(() => client.text === 'before\nafter\n');
    await scene.end(0);
    await client.closed;
    assert.deepEqual(client.said.at(-1), { complete: true, totalBytes: 13 });
  });

  test('a builder that is lost leaves what was stored, and an end that says so', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('stored\n'));
    await eventually(async () => (await scene.get(`${stepUrl(0)}/log.txt`)).text === 'stored\n');
    const client = await listen(scene, `${stepUrl(0)}/live?from=0`);
    await scene.stopBuilder();
    scene.slice.attempt = 2;
    await client.closed;
    assert.equal(client.text, 'stored\n');
    assert.deepEqual(client.said.at(-1), { complete: false, totalBytes: 7 });
    assert.equal((await scene.get(`${stepUrl(0)}/log.txt?attempt=1`)).text, 'stored\n');
    assert.equal((await scene.get(`${stepUrl(0)}/log.txt`)).text, '');
  });

  test('a step that waits, or has no builder yet, is waited for; one that is skipped is not', async (t) => {
    const scene = await setUp(t);
    scene.slice.builder = null;
    const client = await listen(scene, `${stepUrl(1)}/live?from=0`);
    await sleep(100);
    scene.slice.builder = 'b1';
    const log = await scene.begin(1);
    await log.append(bytes('x'));
    await eventually(() => client.text === 'x');
    await scene.end(1);
    await client.closed;
    Object.assign(scene.slice.steps[0]!, { state: 'ended', result: { name: 'checkout', outcome: 'skipped', exitCode: null, signal: null, durationMs: 0 } });
    const skipped = await listen(scene, `${stepUrl(0)}/live?from=0`);
    await skipped.closed;
    assert.deepEqual(skipped.said.at(-1), { complete: false, totalBytes: 0 });
  });

  test('a background step that has its result goes on being followed', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    Object.assign(scene.slice.steps[0]!, { state: 'ended', result: { name: 'checkout', outcome: 'passed', exitCode: null, signal: null, durationMs: 1 } });
    const client = await listen(scene, `${stepUrl(0)}/live?from=0`);
    await log.append(bytes('still here'));
    await eventually(() => client.text === 'still here');
  });

  test('the last lines of a large log come without the rest', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes(Array.from({ length: 300_000 }, (_, i) => `line ${i + 1}\n`).join('')));
    await scene.end(0);
    const client = await listen(scene, `${stepUrl(0)}/live?lines=3`);
    await client.closed;
    assert.equal(client.text, 'line 299998\nline 299999\nline 300000\n');
    assert.deepEqual(client.said[0], { from: log.size - client.text.length, line: 299_998 });
  });

  test('who reads slowly keeps the builder waiting, not the memory of the app', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    const block = Buffer.alloc(1 << 20, 'abcdefg\n');
    const client = await listen(scene, `${stepUrl(0)}/live?from=0`);
    client.socket.pause();
    for (let i = 0; i < 64; i += 1) await log.append(block);
    await sleep(500);
    assert.ok(scene.streams.bytes < 32 * (1 << 20), `${scene.streams.bytes} bytes were sent`);
    client.socket.resume();
    await eventually(() => client.text.length === 64 * (1 << 20), 20_000);
  });

  test('a gap is said with where it ends', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('a line of twenty ch\n'.repeat(150_000)));
    await scene.end(0);
    for await (const { key } of scene.store.list(`${scene.keyOf(0)}/`)) if (key.includes('chunk-000001')) await scene.store.delete(key);
    const client = await listen(scene, `${stepUrl(0)}/live?from=0`);
    await client.closed;
    assert.deepEqual(client.said.find((frame) => 'gap' in frame), { gap: 'Roundhouse cannot show lines 52429 to 104858 (1048576 bytes): the object store has lost them.', until: 2 * 1048576, line: 104858 });
    assert.deepEqual(client.said.at(-1), { complete: true, totalBytes: 3_000_000 });
    assert.equal(client.text.length, 3_000_000 - 1_048_576);
  });
});

suite('only at this machine', () => {
  const local = { host: 'localhost:1' };
  const cases: [string, Record<string, string>, number][] = [
    ['localhost', local, 200],
    ['an IPv4 loopback address', { host: '127.0.0.1:3000' }, 200],
    ['an IPv6 loopback address', { host: '[::1]:3000' }, 200],
    ['a name under localhost', { host: 'ci.localhost' }, 200],
    ['a name that points here', { host: 'evil.example' }, 403],
    ['a name that looks local', { host: 'localhost.evil.example' }, 403],
    ['another that does', { host: '127.0.0.1.evil.example' }, 403],
    ['a proxy of the same machine', { ...local, 'x-forwarded-for': '203.0.113.9' }, 403],
    ['another proxy', { ...local, forwarded: 'for=203.0.113.9' }, 403],
    ['a WebSocket of our own page', { ...local, origin: 'http://localhost:1' }, 200],
  ];
  for (const [what, headers, expected] of cases) {
    test(what, async (t) => {
      const scene = await setUp(t);
      for (const path of ['/', jobUrl, `${stepUrl(0)}/log.txt`, '/static/page.css']) {
        const { status, text } = await rawGet(scene.port, path, headers);
        assert.equal(status, expected, path);
        if (expected === 403) has(text, /signing in/);
      }
      assert.equal(await upgradeStatus(scene.port, `${stepUrl(0)}/live`, headers), expected === 200 ? 101 : 403);
    });
  }

  for (const origin of ['http://evil.example', 'null', 'https://localhost:1', 'http://localhost:2', '']) {
    if (origin === 'https://localhost:1') continue;
    test(`a WebSocket of another site: ${origin}`, async (t) => {
      const scene = await setUp(t);
      assert.equal(await upgradeStatus(scene.port, `${stepUrl(0)}/live`, { ...local, origin }), 403);
    });
  }

  test('from another address, or under no name, nothing is shown', async () => {
    const { refusal } = await import('../../../app/page/access/local.ts');
    for (const remoteAddress of ['10.0.0.7', '192.168.1.2', '203.0.113.9', 'fe80::1', '::ffff:10.0.0.7', '128.0.0.1', undefined, '']) {
      assert.match(refusal({ headers: { host: 'localhost' }, socket: { remoteAddress } }) ?? '', /only to people at its own machine/, String(remoteAddress));
    }
    for (const remoteAddress of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.equal(refusal({ headers: { host: 'localhost' }, socket: { remoteAddress } }), null);
    assert.match(refusal({ headers: {}, socket: { remoteAddress: '127.0.0.1' } }) ?? '', /under the name localhost/);
  });

  test('a live log that does not exist is 404; an upgrade elsewhere is not ours', async (t) => {
    const scene = await setUp(t);
    assert.equal(await upgradeStatus(scene.port, `${stepUrl(9)}/live`, local), 404);
    assert.equal(await upgradeStatus(scene.port, '/acme/rocket/7/%ff/x/0/0/live', local), 0);
    assert.equal(await upgradeStatus(scene.port, '/elsewhere', local), 0);
  });
});

/** Pages are long: a failure names what was looked for alone. */
const has = (text: string, pattern: RegExp, where = ''): void => assert.ok(pattern.test(text), `${where} ${pattern}`);
const lacks = (text: string, pattern: RegExp, where = ''): void => assert.ok(!pattern.test(text), `${where} ${pattern}`);

type Frame = Record<string, unknown>;

async function listen(scene: Scene, path: string): Promise<{ socket: WebSocket; text: string; said: Frame[]; closed: Promise<unknown> }> {
  const socket = new WebSocket(`ws://localhost:${scene.port}${path}`);
  const client = { socket, text: '', said: [] as Frame[], closed: once(socket, 'close') };
  socket.on('error', () => {});
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) client.text += data.toString('latin1');
    else client.said.push(JSON.parse(data.toString()) as Frame);
  });
  await eventually(() => client.said.length > 0);
  return client;
}

function rawGet(port: number, path: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece) => (text += piece)).on('end', () => resolve({ status: answer.statusCode!, text }));
    }).on('error', reject).end();
  });
}

/** 0: the connection was closed without an answer. */
function upgradeStatus(port: number, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { ...headers, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' } });
    asked.on('upgrade', (_answer, socket) => (socket.destroy(), resolve(101)));
    asked.on('response', (answer) => (answer.resume(), resolve(answer.statusCode!)));
    asked.on('error', () => resolve(0));
    asked.end();
  });
}
