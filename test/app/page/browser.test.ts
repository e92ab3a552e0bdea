// What does a person see in a real browser: live lines, over broken connections, and nothing that a log may smuggle in?

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { openPage, startBrowser } from '../../browser.ts';
import type { Browser } from '../../browser.ts';
import { eventually, jobUrl, setUp, stepUrl } from './scene.ts';
import type { Scene } from './scene.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

suite('in a browser', () => {
  let browser: Browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.close());

  const open = (t: TestContext, scene: Scene, path: string): Promise<{ page: Page; complaints: string[] }> => openPage(t, browser, `${scene.url}${path}`);
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

  /** Every line of the log, by moving the window through it. */
  const readThrough = async (page: Page, step: number): Promise<{ n: number; text: string }[]> =>
    (await page.evaluate(`(async () => {
      const box = document.querySelector('#step-${step} .log');
      const { dataset } = document.querySelector('#step-${step} .viewer');
      const seen = new Map();
      box.scrollTop = 0;
      for (let rounds = 0; seen.size < Number(dataset.total) && rounds < 2000; rounds += 1) {
        await new Promise(requestAnimationFrame);
        const rows = [...box.querySelectorAll('.l')];
        if (new Set(rows.map((row) => row.dataset.n)).size !== rows.length) throw new Error('a line stands there twice');
        for (const row of rows) if (!row.matches('.waiting')) seen.set(Number(row.dataset.n), row.querySelector('.t').textContent);
        if (!rows.some((row) => row.matches('.waiting'))) box.scrollBy(0, box.clientHeight);
      }
      return [...seen].map(([n, text]) => ({ n, text })).sort((a, b) => a.n - b.n);
    })()`)) as { n: number; text: string }[];
  const total = async (page: Page, step: number): Promise<number> => Number(await page.locator(`#step-${step} .viewer`).getAttribute('data-total'));

  test('twenty connections that break cost no line and repeat none', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    const { page } = await open(t, scene, jobUrl);
    const lines = Array.from({ length: 900 }, (_, i) => `line ${i} of nine hundred é 漢字`);
    let cuts = 0;
    for (const [i, line] of lines.entries()) {
      // Also in the middle of a line, and of a character.
      const written = bytes(`${line}\n`);
      await log.append(written.subarray(0, written.length - 5));
      if (i % 44 === 43) {
        await eventually(async () => (await total(page, 0)) > i - 20, 10_000);
        cuts += scene.cutConnections() > 0 ? 1 : 0;
      }
      await log.append(written.subarray(written.length - 5));
    }
    await eventually(async () => (await total(page, 0)) === lines.length, 20_000);
    await scene.end(0);
    await eventually(async () => (await page.locator('#step-0[data-status=passed]').count()) === 1);
    assert.equal(cuts, 20);
    assert.deepEqual(await readThrough(page, 0), lines.map((text, i) => ({ n: i + 1, text })));
    assert.equal(await page.locator('.viewer.away').count(), 0);
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
    await scene.end(0, 'failed');
    scene.endSlice('failed');
    await eventually(async () => (await page.locator('main[data-open]').count()) === 0);
    // Once by the script, once by the server, once on the page of all lines.
    for (const path of [null, jobUrl, stepUrl(0)]) {
      if (path !== null) await page.goto(`${scene.url}${path}`);
      const found = await page.evaluate('[...document.querySelectorAll("main img, main script, main svg, main iframe, main .log a, main .log h1, main *[onerror], main *[onload]")].length');
      assert.equal(found, 0, String(path));
      await page.keyboard.press('g');
      await eventually(async () => (await page.locator('.log .l[data-n="1"]').count()) === 1);
      const all = await page.locator('.log .l').allTextContents();
      assert.deepEqual(all.slice(0, 3), hostile.slice(0, 3));
      assert.equal(all[3], '<img src=x onerror=alert(4)>');
      assert.equal(all[4], 'click');
      assert.equal(all[7], 'txet desrever');
      assert.equal(all[8], '</div></details></main><h1>Passed</h1>');
    }
    assert.deepEqual(complaints, []);
  });

  test('of a long log that is being written the window has the end, and the rest is a click away', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    const block = Array.from({ length: 20_000 }, (_, i) => `a line with a number ${i}\n`).join('');
    for (let i = 0; i < 10; i += 1) await log.append(bytes(block));
    const { page } = await open(t, scene, jobUrl);
    const last = async (n: number): Promise<boolean> => (await page.locator(`#step-0 .l[data-n="${n}"]`).count()) === 1;
    await eventually(() => last(200_000), 20_000);
    for (let i = 0; i < 5; i += 1) await log.append(bytes(block));
    await eventually(() => last(300_000), 20_000);
    assert.ok((await page.locator('#step-0 .l').count()) < 1000);
    assert.ok(Number(await page.locator('#step-0 .viewer').getAttribute('data-pages')) <= 40);
    // Lines that came live and are no longer kept come back from the store.
    await page.keyboard.press('g');
    await eventually(async () => (await page.locator('#step-0 .l[data-n="1"] .t').textContent()) === 'a line with a number 0', 20_000);
    await scene.end(0);
    await page.locator('#step-0 a', { hasText: 'All lines' }).click();
    await page.waitForURL(/attempt=1/);
    await page.keyboard.press('l');
    await page.keyboard.type('123456');
    await page.keyboard.press('Enter');
    await eventually(async () => (await page.locator('.l[data-n="123456"] .t').textContent()) === 'a line with a number 3455');
  });

  test('without scripts the stored log is there', async (t) => {
    const scene = await setUp(t);
    const log = await scene.begin(0);
    await log.append(bytes('stored <b>line</b>\n'));
    await scene.end(0, 'failed');
    scene.endSlice('failed');
    const page = await browser.context.newPage();
    t.after(() => page.close());
    await page.route('**/*.js', (route) => route.abort());
    await page.goto(`${scene.url}${jobUrl}`);
    assert.deepEqual(await linesOf(page, 0), ['stored <b>line</b>']);
    assert.ok(await page.locator('#step-0 .l').isVisible());
  });
});
