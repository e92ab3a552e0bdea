// What can somebody do who lives in logs: a million lines, links, search, groups, times, by keyboard and on a phone?

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { seriousViolations } from '../../axe.ts';
import { openPage, startBrowser } from '../../browser.ts';
import type { Browser } from '../../browser.ts';
import { eventually, jobUrl, setUp, stepUrl } from './scene.ts';
import type { Scene } from './scene.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

suite('the log viewer', () => {
  let browser: Browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.close());

  const open = (t: TestContext, scene: Scene, path: string): Promise<{ page: Page; complaints: string[] }> => openPage(t, browser, `${scene.url}${path}`);
  /** Its one step has ended with this log. */
  const ended = async (t: TestContext, text: string, outcome: 'passed' | 'failed' = 'passed', slices = 1): Promise<Scene> => {
    const scene = await setUp(t, { steps: ['npm test'] });
    const log = await scene.begin(0);
    for (let at = 0; at < text.length; at += 1_000_000) await log.append(bytes(text.slice(at, at + 1_000_000)));
    await scene.end(0, outcome);
    scene.endSlice(outcome);
    const { slices: all } = scene.pipeline.workflows[0]!.jobs[0]!;
    for (let index = 1; index < slices; index += 1) all.push({ ...structuredClone(scene.slice), index });
    return scene;
  };
  const row = (page: Page, n: number): ReturnType<Page['locator']> => page.locator(`.log .l[data-n="${n}"]`);
  const textOf = (page: Page, n: number): Promise<string> => row(page, n).locator('.t').textContent().then(String);
  /** Some of the row is in the window of its box. */
  const isSeen = (page: Page, n: number): Promise<boolean> =>
    row(page, n).evaluate((element) => {
      const [row, box] = [element.getBoundingClientRect(), element.closest('.log')!.getBoundingClientRect()];
      return row.bottom > box.top && row.top < box.bottom;
    }, undefined, { timeout: 1000 }).catch(() => false);
  const sees = (page: Page, n: number, text: string): Promise<void> => eventually(async () => (await isSeen(page, n)) && (await textOf(page, n)) === text);
  const numbers = (from: number, to: number, word = 'line'): string => Array.from({ length: to - from + 1 }, (_, i) => `${word} ${from + i}\n`).join('');

  test('of a million lines few are in the document and few in memory, wherever one looks', async (t) => {
    const scene = await ended(t, numbers(1, 1_000_000));
    const { page, complaints } = await open(t, scene, `${stepUrl(0)}#L654321`);
    await sees(page, 654_321, 'line 654321');
    assert.match((await row(page, 654_321).getAttribute('class')) ?? '', /marked/);
    await page.locator('.log').focus();
    await page.keyboard.press('Shift+G');
    await sees(page, 1_000_000, 'line 1000000');
    await page.keyboard.press('g');
    await sees(page, 1, 'line 1');
    const mostRows = async (): Promise<number> => {
      const [rows, pages] = [await page.locator('.log .l').count(), Number(await page.locator('.viewer').getAttribute('data-pages'))];
      assert.ok(rows > 10 && rows < 2000, String(rows));
      assert.ok(pages <= 40, String(pages));
      return rows;
    };
    // The bar is taken to many places; then window by window, as PageDown does.
    for (let i = 1; i < 25; i += 1) {
      await page.evaluate(`{ const box = document.querySelector('.log'); box.scrollTop = box.scrollHeight * ${((i * 37) % 60) / 60}; }`);
      await eventually(async () => (await page.locator('.log .l:not(.waiting)').count()) > 0);
      if (i % 8 === 0) await mostRows();
    }
    await page.keyboard.press('g');
    await sees(page, 1, 'line 1');
    const height = await page.locator('.log').evaluate((box) => box.clientHeight);
    await page.mouse.move(400, 400);
    for (let i = 0; i < 20; i += 1) await page.mouse.wheel(0, height);
    // No row is left out on the way.
    const expected = Math.floor((20 * height) / 19) + 2;
    await eventually(async () => (await isSeen(page, expected)) && (await textOf(page, expected)) === `line ${expected}`);
    await mostRows();
    assert.deepEqual(complaints, []);
  });

  test('a window moved row by row shows every line once and in order, also where lines wrap', async (t) => {
    const scene = await ended(t, Array.from({ length: 2000 }, (_, i) => `${i + 1} ${'word '.repeat(i % 7 === 0 ? 200 : 2)}\n`).join(''));
    const { page } = await open(t, scene, stepUrl(0));
    await sees(page, 1, `1 ${'word '.repeat(200)}`);
    const seen = (await page.evaluate(`(async () => {
      const box = document.querySelector('.log');
      const seen = new Map();
      const frame = () => new Promise(requestAnimationFrame);
      let before = 0;
      for (let i = 0; i < 3000 && seen.size < 2000; i += 1) {
        const rows = [...box.querySelectorAll('.l')].filter((row) => row.getBoundingClientRect().bottom > box.getBoundingClientRect().top && row.getBoundingClientRect().top < box.getBoundingClientRect().bottom);
        const ns = rows.map((row) => Number(row.dataset.n));
        if (ns.some((n, i) => i > 0 && n !== ns[i - 1] + 1)) return 'out of order: ' + ns.join();
        if (ns[0] < before) return 'went back: ' + ns[0] + ' after ' + before;
        if (ns[0] > Math.max(1, ...seen.keys()) + 1) return 'left out before ' + ns[0];
        before = ns[0];
        for (const row of rows) if (!row.matches('.waiting')) seen.set(Number(row.dataset.n), row.querySelector('.t').textContent);
        if (rows.some((row) => row.matches('.waiting'))) await new Promise((resolve) => setTimeout(resolve, 20));
        else box.scrollBy(0, 0.8 * box.clientHeight);
        await frame();
      }
      return [...seen.values()];
    })()`)) as string[] | string;
    assert.ok(Array.isArray(seen), String(seen));
    assert.deepEqual(seen.map((text) => Number(text.split(' ', 1)[0])), Array.from({ length: 2000 }, (_, i) => i + 1));
  });

  test('a failed step opens at its first error, its group unfolded', async (t) => {
    const scene = await ended(t, `--- install\n${numbers(2, 500)}--- test\n${numbers(502, 800)}ERROR: expected 4 to equal 5\n${numbers(802, 1200)}`, 'failed');
    const { page } = await open(t, scene, jobUrl);
    await sees(page, 801, 'ERROR: expected 4 to equal 5');
    assert.match((await row(page, 801).getAttribute('class')) ?? '', /error/);
    // The other group stays folded.
    await page.locator('#step-0 .log').focus();
    await page.keyboard.press('g');
    await sees(page, 1, '--- install');
    assert.equal(await row(page, 2).count(), 0);
    await page.keyboard.press('e');
    await sees(page, 801, 'ERROR: expected 4 to equal 5');
  });

  test('groups fold and unfold, one by one and all', async (t) => {
    const scene = await ended(t, `first\n::group::build\n${numbers(3, 20)}::endgroup::\n+++ test\n${numbers(23, 30)}`);
    const { page } = await open(t, scene, stepUrl(0));
    const shown = (): Promise<string[]> => page.locator('.log .l').evaluateAll((all) => all.map((one) => (one as unknown as { dataset: { n: string } }).dataset.n));
    const all = Array.from({ length: 30 }, (_, i) => String(i + 1));
    await eventually(async () => (await row(page, 2).locator('.fold').count()) === 1);
    const fold = row(page, 2).locator('.fold');
    if ((await fold.getAttribute('aria-expanded')) === 'true') await fold.click();
    await eventually(async () => (await shown()).join() === all.filter((n) => Number(n) < 3 || Number(n) > 21).join());
    assert.match((await fold.getAttribute('aria-label')) ?? '', /^Unfold lines 3 to 21$/);
    await fold.focus();
    await page.keyboard.press('Enter');
    await eventually(async () => (await shown()).join() === all.join());
    await page.keyboard.press('z');
    await eventually(async () => (await shown()).join() === '1,2,22');
    await page.keyboard.press('z');
    await eventually(async () => (await shown()).join() === all.join());
  });

  test('a link to lines opens there, whatever is folded; a click on numbers makes one', async (t) => {
    const scene = await ended(t, `--- one\n${numbers(2, 400)}--- two\n${numbers(402, 3000)}`);
    const { page } = await open(t, scene, `${stepUrl(0)}#L350-L352`);
    await sees(page, 350, 'line 350');
    assert.equal(await page.locator('.l.marked').count(), 3);
    const number = async (n: number, modifiers: 'Shift'[] = []): Promise<void> => row(page, n).click({ position: { x: 20, y: 8 }, modifiers });
    await number(355);
    assert.match(page.url(), /attempt=1#L355$/);
    await number(358, ['Shift']);
    assert.match(page.url(), /#L355-L358$/);
    assert.deepEqual(await page.locator('.l.marked').count(), 4);
    // On the page of the job, in the step that it names; text is no number.
    await page.goto(`${scene.url}${jobUrl}#step-0-L2500`);
    await sees(page, 2500, 'line 2500');
    assert.ok(await page.locator('#step-0[open]').count());
    await row(page, 2501).locator('.t').click();
    assert.match(page.url(), /#step-0-L2500$/);
    await number(2502);
    assert.match(page.url(), /slice=0.*#step-0-L2502$|attempt=1.*#step-0-L2502$/);
  });

  test('the search finds in folded lines, counts, goes on and back, and leaves', async (t) => {
    const scene = await ended(t, `--- one\n${numbers(2, 400)}a <b>needle</b>\n${numbers(402, 800)}+++ two\n\x1b[31mNee\x1b[32mdle\x1b[0m again\n${numbers(803, 3000)}needle\n`);
    const { page, complaints } = await open(t, scene, stepUrl(0));
    await sees(page, 1, '--- one');
    await page.keyboard.press('/');
    await page.keyboard.type('needle');
    const said = page.locator('.find output');
    await eventually(async () => (await said.textContent()) === '1 of 3');
    await sees(page, 401, 'a <b>needle</b>');
    await page.keyboard.press('Enter');
    await page.keyboard.press('n');
    await eventually(async () => (await said.textContent()) === '2 of 3');
    await sees(page, 802, 'Needle again');
    // Marked across the colours of the text, which keeps its HTML.
    assert.equal(await page.evaluate('[...CSS.highlights.get("log-current")].map(String).join()'), 'Needle');
    assert.equal(await row(page, 802).locator('.t span').count(), 2);
    await page.keyboard.press('Shift+N');
    await page.keyboard.press('Shift+N');
    await eventually(async () => (await said.textContent()) === '3 of 3');
    await sees(page, 3001, 'needle');
    await page.getByRole('button', { name: 'Upper and lower case differ' }).click();
    await eventually(async () => / of 2$/.test((await said.textContent()) ?? ''));
    await page.getByRole('button', { name: 'Regular expression' }).click();
    await page.getByRole('searchbox').fill('^N.*le (again|never)$');
    await eventually(async () => (await said.textContent()) === '1 of 1');
    await page.getByRole('searchbox').fill('(');
    await eventually(async () => !/^\d+ of |searching|^no match|^$/.test((await said.textContent()) ?? ''));
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.find').isVisible(), false);
    assert.equal(await page.evaluate('CSS.highlights.get("log-match").size + CSS.highlights.get("log-current").size'), 0);
    // The browser itself speaks of the answer to a bad expression.
    assert.deepEqual(complaints.filter((complaint) => !complaint.includes('422')), []);
  });

  test('what is written is followed until somebody scrolls up, and again from the end', async (t) => {
    const scene = await setUp(t, { steps: ['npm test'] });
    const log = await scene.begin(0);
    await log.append(bytes(numbers(1, 1000)));
    const { page } = await open(t, scene, jobUrl);
    await sees(page, 1000, 'line 1000');
    await log.append(bytes(numbers(1001, 1010)));
    await sees(page, 1010, 'line 1010');
    await page.locator('#step-0 .log').hover();
    await page.mouse.wheel(0, -600);
    const button = page.locator('.new-lines');
    await button.waitFor();
    await log.append(bytes(numbers(1011, 1020)));
    await eventually(async () => (await button.textContent()) === 'Follow ↓ 10 new lines');
    assert.equal(await isSeen(page, 1020), false);
    await page.keyboard.press('f');
    await sees(page, 1020, 'line 1020');
    assert.equal(await button.isVisible(), false);
    await page.mouse.wheel(0, -600);
    await button.waitFor();
    await page.mouse.wheel(0, 5000);
    await button.waitFor({ state: 'hidden' });
    await log.append(bytes(numbers(1021, 1030)));
    await sees(page, 1030, 'line 1030');
  });

  test('the group that is being written stays open, also when it has ended; those before it fold', async (t) => {
    const scene = await setUp(t, { steps: ['npm test'] });
    const log = await scene.begin(0);
    await log.append(bytes(`--- one\n${numbers(2, 10)}`));
    const { page } = await open(t, scene, jobUrl);
    await sees(page, 10, 'line 10');
    await log.append(bytes(`--- two\n${numbers(12, 20)}`));
    await sees(page, 20, 'line 20');
    await eventually(async () => (await row(page, 1).locator('.fold').getAttribute('aria-expanded')) === 'false', 15_000);
    assert.equal(await row(page, 5).count(), 0);
    await scene.end(0);
    await eventually(async () => (await page.locator('#step-0[data-status=passed]').count()) === 1);
    await sees(page, 20, 'line 20');
  });

  test('while the connection is away a notice says so, and then no line is missing', async (t) => {
    const scene = await setUp(t, { steps: ['npm test'] });
    const log = await scene.begin(0);
    await log.append(bytes('before\n'));
    const page = await browser.context.newPage();
    t.after(() => page.close());
    let away = false;
    const open: { close(): Promise<void> }[] = [];
    await page.routeWebSocket(/\/live\?/, (socket) => {
      if (away) return void socket.close();
      socket.connectToServer();
      open.push(socket);
    });
    await page.goto(`${scene.url}${jobUrl}`);
    await sees(page, 1, 'before');
    away = true;
    await open[0]!.close();
    await eventually(async () => (await page.locator('.said').textContent()) === 'The connection was lost; trying again …');
    await log.append(bytes('meanwhile\n'));
    away = false;
    await sees(page, 2, 'meanwhile');
    await eventually(async () => (await page.locator('.said').textContent()) === '');
  });

  test('times and wrapping are as somebody left them', async (t) => {
    const scene = await ended(t, `${'long '.repeat(300)}\n${numbers(2, 20)}`);
    const { page } = await open(t, scene, stepUrl(0));
    await eventually(async () => (await row(page, 1).count()) === 1);
    const tall = (): Promise<number> => row(page, 1).evaluate((one) => (one as unknown as { offsetHeight: number }).offsetHeight);
    assert.ok((await tall()) > 19);
    await page.getByRole('button', { name: 'Wrap' }).click();
    assert.equal(await tall(), 19);
    assert.equal(await row(page, 2).getAttribute('data-at'), null);
    await page.keyboard.press('t');
    await eventually(async () => /^0:0\d\.\d$/.test((await row(page, 2).getAttribute('data-at')) ?? ''));
    await page.keyboard.press('t');
    await eventually(async () => /^\d\d:\d\d:\d\d\.\d{3}$/.test((await row(page, 2).getAttribute('data-at')) ?? ''));
    await page.reload();
    await eventually(async () => /^\d\d:\d\d:\d\d/.test((await row(page, 2).getAttribute('data-at')) ?? ''));
    assert.equal(await tall(), 19);
    // Neither numbers nor times are copied.
    assert.equal(await page.evaluate('{ getSelection().selectAllChildren(document.querySelector(".rows > div")); getSelection().toString().split("\\n").slice(1, 3).join() }'), 'line 2,line 3');
  });

  test('by keyboard alone: every tool is reached and named, keys do nothing where somebody types', async (t) => {
    const scene = await ended(t, numbers(1, 900), 'failed');
    const { page, complaints } = await open(t, scene, jobUrl);
    await eventually(async () => (await page.locator('#step-0 .tools button').count()) > 8);
    await page.locator('#step-0 summary').focus();
    const names: string[] = [];
    for (let i = 0; i < 25; i += 1) {
      await page.keyboard.press('Tab');
      names.push((await page.evaluate('document.activeElement.getAttribute("aria-label") || document.activeElement.textContent')) as string);
      if (names.at(-1) === 'Output of npm test') break;
    }
    for (const name of ['Search', 'First error', 'Top', 'End', 'Line …', 'Wrap', 'Keys', 'Plain text', 'Download', 'Output of npm test']) assert.ok(names.includes(name), `${name} in ${names.join()}`);
    assert.notEqual(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none');
    await page.keyboard.press('g');
    await sees(page, 1, 'line 1');
    await page.keyboard.press('Control+g');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('l');
    await page.keyboard.type('500-510');
    await page.keyboard.press('Enter');
    await sees(page, 500, 'line 500');
    assert.match(page.url(), /#step-0-L500-L510$/);
    await page.keyboard.press('/');
    await page.keyboard.type('ggG?');
    assert.equal(await page.getByRole('searchbox').inputValue(), 'ggG?');
    assert.ok(await isSeen(page, 500));
    assert.equal(await page.getByRole('dialog').count(), 0);
    assert.deepEqual(await seriousViolations(page), []);
    assert.deepEqual(complaints, []);
  });

  test('on a phone and in the dark nothing sticks out, and axe is content', async (t) => {
    const scene = await ended(t, `--- one\n${'long '.repeat(100)}\n${numbers(3, 900)}`, 'failed', 3);
    for (const path of [jobUrl, stepUrl(0), `${jobUrl}/slices?step=0`]) {
      const { page } = await open(t, scene, path);
      await page.setViewportSize({ width: 360, height: 700 });
      await page.emulateMedia({ colorScheme: 'dark' });
      await eventually(async () => (await page.locator('.tools').count()) > 0);
      assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 360, path);
      assert.deepEqual(await seriousViolations(page), [], path);
    }
  });

  test('the same step of two slices stands side by side; of an earlier attempt the log is left', async (t) => {
    const scene = await setUp(t, { steps: ['npm test'] });
    await (await scene.begin(0)).append(bytes('of the first attempt\n'));
    await scene.end(0, 'failed');
    scene.slice.attempt = 2;
    await (await scene.begin(0)).append(bytes('of the second\n'));
    await scene.end(0);
    scene.endSlice();
    const all = scene.pipeline.workflows[0]!.jobs[0]!.slices;
    all.push({ ...structuredClone(scene.slice), index: 1 }, { ...structuredClone(scene.slice), index: 2, steps: [{ name: 'npm test', state: 'waiting', startedAt: null, result: null }] });
    const { page } = await open(t, scene, jobUrl);
    await page.getByRole('link', { name: 'Side by side' }).click();
    await eventually(async () => (await page.locator('.column').count()) === 3);
    await eventually(async () => (await page.locator('.column .l').allTextContents()).includes('of the second'));
    assert.match((await page.locator('.column').nth(2).textContent()) ?? '', /has not run here/);
    await page.locator('input[name=slice]').nth(2).uncheck();
    await page.getByRole('button', { name: 'Show' }).click();
    await eventually(async () => (await page.locator('.column').count()) === 2);
    await page.goto(`${scene.url}${jobUrl}`);
    await page.getByRole('link', { name: 'attempt 1' }).click();
    await eventually(async () => (await page.locator('.log .l').allTextContents()).join() === 'of the first attempt');
    assert.equal((await scene.get(`${jobUrl}?attempt=3`)).status, 404);
    assert.equal((await scene.get(`${jobUrl}/slices?step=0&slice=77`)).status, 302);
  });

  test('a chunk that is missing is one row with its lines; what is around it is there', async (t) => {
    const scene = await ended(t, 'a line of twenty ch\n'.repeat(150_000));
    for await (const { key } of scene.store.list(`${scene.keyOf(0)}/`)) if (key.includes('chunk-000001')) await scene.store.delete(key);
    const { page } = await open(t, scene, `${stepUrl(0)}#L52420`);
    await eventually(async () => /Roundhouse cannot show lines 52429 to 104858/.test((await page.locator('.gap').allTextContents()).join()));
    assert.equal(await page.locator('.gap').count(), 1);
    await eventually(async () => /^10485[89]$/.test((await page.locator('.gap + .l').getAttribute('data-n')) ?? ''));
    await eventually(async () => (await page.locator('.log .waiting').count()) === 0);
  });
});
