// What does a person see in a real browser: live lines, over broken connections, and nothing that a log may smuggle in?

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { eventually, jobUrl, setUp, stepUrl } from './scene.ts';
import type { Scene } from './scene.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

suite('in a browser', () => {
  let folder: string;
  let browser: BrowserContext;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'browser-'));
    browser = await chromium.launchPersistentContext(folder, { executablePath: '/usr/bin/chromium', headless: true, args: flags });
  });
  after(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  const open = async (t: TestContext, scene: Scene, path: string): Promise<{ page: Page; complaints: string[] }> => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    t.after(() => page.close());
    await page.goto(`${scene.url}${path}`);
    return { page, complaints };
  };
  const linesOf = (page: Page, step: number): Promise<string[]> => page.locator(`#step-${step} .l`).allTextContents();

  test('lines appear as they are written, steps as they begin and end', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('cloning\n'));
    const { page, complaints } = await open(t, scene, jobUrl);
    await eventually(async () => (await linesOf(page, 0)).join() === 'cloning');
    await log.append(bytes('\x1b[32mdone\x1b[0m 10%\rdone 100%'));
    await eventually(async () => (await linesOf(page, 0)).join() === 'cloning,done 100%');
    assert.equal(await page.locator('#step-0 .l').last().getAttribute('data-n'), '2');
    await scene.end(0);
    const test = await scene.begin(1);
    await test.append(bytes('1 passing\n'));
    await eventually(async () => (await linesOf(page, 1)).join() === '1 passing');
    assert.match((await page.locator('#step-0 summary').textContent()) ?? '', /✓ checkout\s+1.2 s/);
    await scene.end(1, 'failed', 2);
    scene.endSlice('failed');
    await eventually(async () => /exit 2/.test((await page.locator('#step-1 summary').textContent()) ?? ''));
    await eventually(async () => (await page.locator('main[data-open]').count()) === 0);
    assert.match((await page.locator('#head .facts').textContent()) ?? '', /failed/);
    assert.deepEqual(complaints, []);
  });

  test('connections that break again and again cost no line and repeat none', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    const { page } = await open(t, scene, jobUrl);
    const lines = Array.from({ length: 900 }, (_, i) => `line ${i} of nine hundred é 漢字`);
    let cuts = 0;
    for (const [i, line] of lines.entries()) {
      // Also in the middle of a line, and of a character.
      const written = bytes(`${line}\n`);
      await log.append(written.subarray(0, written.length - 5));
      if (i % 150 === 75) {
        await eventually(async () => (await page.locator('#step-0 .l').count()) > i - 60);
        cuts += scene.cutConnections();
      }
      await log.append(written.subarray(written.length - 5));
      if (i % 10 === 0) await sleep(2);
    }
    await scene.end(0);
    await eventually(async () => (await page.locator('#step-0 .l').count()) === lines.length, 20_000);
    assert.ok(cuts >= 6);
    assert.deepEqual(await linesOf(page, 0), lines);
    assert.deepEqual(await page.locator('#step-0 .l').evaluateAll((all) => all.map((one) => Number((one as unknown as { dataset: { n: string } }).dataset.n))), lines.map((_, i) => i + 1));
  });

  test('hostile output is text', async (t) => {
    const scene = await setUp(t);
    const hostile = [
      '<img src=x onerror=alert(1)>',
      '<script>alert(2)</script>',
      '"><svg/onload=alert(3)>',
      '\x1b[31m<img src=x onerror=alert(4)>\x1b[0m',
      '\x1b]8;;javascript:alert(5)\x07click\x1b]8;;\x07',
      '\x1b[38;2;1;2;3;background:url(//evil.example)m<iframe srcdoc="<script>alert(6)</script>">',
      '\x1b[2J\x1b[H\x1bc\x9b31m\x00\x07 garbage \x1b[',
      '\u202etxet desrever\u202c',
      '</div></details></main><h1>Passed</h1>',
      '{{constructor.constructor("alert(7)")()}}',
    ];
    scene.slice.steps[0]!.name = hostile[0]!;
    const log = await scene.begin(0);
    await log.append(bytes(`${hostile.join('\n')}\n`));
    await log.append(Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256));
    const { page, complaints } = await open(t, scene, jobUrl);
    await eventually(async () => (await linesOf(page, 0)).length > hostile.length);
    await scene.end(0);
    scene.endSlice();
    await sleep(300);
    // Once by the script, once by the server, once on the page of all lines.
    for (const path of [null, jobUrl, stepUrl(0)]) {
      if (path !== null) await page.goto(`${scene.url}${path}`);
      const found = await page.evaluate('[...document.querySelectorAll("main img, main script, main svg, main iframe, main .log a, main .log h1, main *[onerror], main *[onload]")].length');
      assert.equal(found, 0, String(path));
      const all = await page.locator('.log .l').allTextContents();
      assert.deepEqual(all.slice(0, 3), hostile.slice(0, 3));
      assert.equal(all[3], '<img src=x onerror=alert(4)>');
      assert.equal(all[4], 'click');
      assert.equal(all[7], 'txet desrever');
      assert.equal(all[8], '</div></details></main><h1>Passed</h1>');
    }
    assert.deepEqual(complaints, []);
  });

  test('of a very long log the last lines stand on the page, and the rest is a click away', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    const block = Array.from({ length: 20_000 }, (_, i) => `a line with a number ${i}\n`).join('');
    for (let i = 0; i < 10; i += 1) await log.append(bytes(block));
    const { page } = await open(t, scene, jobUrl);
    await eventually(async () => (await page.locator('#step-0 .l').last().getAttribute('data-n')) === '200000', 20_000);
    for (let i = 0; i < 5; i += 1) await log.append(bytes(block));
    await eventually(async () => (await page.locator('#step-0 .l').last().getAttribute('data-n')) === '300000', 20_000);
    assert.equal(await page.locator('#step-0 .l').count(), 5000);
    assert.equal(await page.locator('#step-0 .said').textContent(), 'the last 5000 of 300000 lines');
    await scene.end(0);
    await page.locator('#step-0 a', { hasText: 'All lines' }).click();
    await page.locator('input[name=line]').first().fill('123456');
    await page.locator('button', { hasText: 'Show' }).first().click();
    await page.waitForURL(/line=123456/);
    assert.equal(await page.locator('#L123456').textContent(), 'a line with a number 3455');
  });

  test('without scripts the stored log is there', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('stored <b>line</b>\n'));
    await scene.end(0, 'failed');
    scene.endSlice('failed');
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.route('**/*.js', (route) => route.abort());
    await page.goto(`${scene.url}${jobUrl}`);
    assert.deepEqual(await linesOf(page, 0), ['stored <b>line</b>']);
    assert.ok(await page.locator('#step-0 .l').isVisible());
  });
});
