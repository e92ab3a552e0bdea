// Does a list that is left open stay true, and leave the reader in peace?

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { PagePorts } from '../../../app/page/ports.ts';
import { localAccess } from '../../../app/page/access/local.ts';
import { openPage, startBrowser, type Browser } from '../../browser.ts';
import { listsOf, momentOf, pipelines, type Pipelines } from '../history-scene.ts';
import { eventually, setUp, type Scene } from './scene.ts';

suite('an open list', () => {
  let browser: Browser;
  before(async () => (browser = await startBrowser()));
  after(() => browser.close());

  const open = async (t: TestContext, world: Pipelines, { path = '/', ports = {} }: { path?: string; ports?: Partial<PagePorts> } = {}): Promise<{ page: Page; complaints: string[]; scene: Scene }> => {
    const scene = await setUp(t, { ports: { lists: listsOf(t, world), repository: async (owner, name) => (name === 'rocket-42' ? { id: 42, owner, name } : null), ...ports } });
    return { ...(await openPage(t, browser, `${scene.url}${path}`)), scene };
  };
  const rows = (page: Page): Promise<string[]> => page.locator('.pipelines > li').evaluateAll((all) => all.map((row) => (row as unknown as { id: string }).id));
  const outcome = async (page: Page, id: string): Promise<string> => ((await page.locator(`#${id} .outcome`).textContent()) ?? '').trim();
  const minutesAgo = (minutes: number): number => (Date.now() - Date.parse(momentOf(0))) / 60_000 - minutes;

  test('pipelines begin, run and end, and another appears, without a reload; focus, what is open and where one is stay', async (t) => {
    const world = pipelines();
    for (let number = 1; number <= 30; number++) world.ended({ number, at: minutesAgo(40 - number) });
    const { page, complaints } = await open(t, world);
    await eventually(async () => (await rows(page)).length === 30);
    await page.evaluate('globalThis.isTheSame = true');
    await page.locator('#more-filters summary').click();
    await page.locator('#p-42-20 .subject a').focus();
    await page.evaluate('document.querySelector("#p-42-20").scrollIntoView()');
    const top = (): Promise<number> => page.locator('#p-42-20').evaluate((row) => Math.round((row as unknown as { getBoundingClientRect(): { top: number } }).getBoundingClientRect().top));
    const before = await top();

    const view = world.begin({ number: 31, at: minutesAgo(0), subject: 'A new one' });
    Object.assign(view, { state: 'waiting', reason: 'two others of this repository run' });
    await eventually(async () => (await rows(page))[0] === 'p-42-31', 10_000);
    assert.deepEqual([await outcome(page, 'p-42-31'), await page.locator('#p-42-31 .reason').textContent()], ['○ waiting', 'two others of this repository run']);
    Object.assign(view, { state: 'running' });
    delete view.reason;
    await eventually(async () => (await outcome(page, 'p-42-31')) === '● running', 10_000);
    const said = await page.locator('#p-42-31 [data-since]').textContent();
    await eventually(async () => (await page.locator('#p-42-31 [data-since]').textContent()) !== said);
    world.end(view, 'failed', 0.01);
    world.begin({ repositoryId: 7, number: 1, at: minutesAgo(-0.1) });
    await eventually(async () => (await outcome(page, 'p-42-31')) === '✗ failed' && (await rows(page))[0] === 'p-7-1', 10_000);

    assert.equal((await rows(page)).length, 32);
    assert.equal(await page.evaluate('globalThis.isTheSame && document.activeElement.getAttribute("href")'), '/acme/rocket-42/20');
    assert.equal(await page.evaluate('document.querySelector("#more-filters").open'), true);
    assert.ok(Math.abs((await top()) - before) <= 2, 'where one reads, the page does not move');
    assert.deepEqual(complaints, []);
  });

  test('whoever writes or selects is left alone until they are done', async (t) => {
    const world = pipelines();
    world.ended({ number: 1, subject: 'Select me' });
    const { page } = await open(t, world);
    await eventually(async () => (await rows(page)).length === 1);
    let answers = 0;
    page.on('response', () => (answers += 1));
    const asks = async (): Promise<void> => {
      const before = answers;
      await eventually(() => answers > before, 10_000);
    };
    await asks();
    await page.locator('#q').pressSequentially('fus');
    world.ended({ number: 2 });
    // Other pages of the same browser go on: by then this one would have asked.
    const other = await browser.context.newPage();
    t.after(() => other.close());
    await other.goto(page.url());
    await eventually(async () => (await rows(other)).length === 2);
    world.ended({ number: 3 });
    await eventually(async () => (await rows(other)).length === 3, 10_000);
    await page.bringToFront();
    assert.deepEqual([await page.locator('#q').inputValue(), (await rows(page)).length], ['fus', 1]);
    await page.locator('h1').click();
    await eventually(async () => (await rows(page)).length === 3, 10_000);
    assert.equal(await page.locator('#q').inputValue(), 'fus');

    await page.evaluate('getSelection().selectAllChildren(document.querySelector("#p-42-1 .subject"))');
    world.ended({ number: 4 });
    await other.bringToFront();
    await eventually(async () => (await rows(other)).length === 4, 10_000);
    await page.bringToFront();
    assert.match(String(await page.evaluate('String(getSelection())')), /Select me/);
    assert.equal((await rows(page)).length, 3);
    await page.evaluate('getSelection().removeAllRanges()');
    await eventually(async () => (await rows(page)).length === 4, 10_000);
  });

  test('what has not changed is not sent again', async (t) => {
    const world = pipelines();
    world.begin({ number: 1, at: minutesAgo(3) });
    const { page } = await open(t, world);
    const statuses: number[] = [];
    page.on('response', (response) => new URL(response.url()).pathname === '/' && statuses.push(response.status()));
    await eventually(() => statuses.length >= 3, 10_000);
    assert.deepEqual(statuses.slice(0, 3), [200, 304, 304]);
    assert.match((await page.locator('#p-42-1 .took').textContent()) ?? '', /for 3 min 0\d s/);
  });

  test('a server that is away is said to be, once, and the list goes on when it is back', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    const { page } = await open(t, world);
    await eventually(async () => (await rows(page)).length === 1);
    const notice = page.getByRole('status');
    assert.equal(await notice.textContent(), '');
    await page.evaluate('globalThis.said = 0; new MutationObserver((all) => (globalThis.said += all.length)).observe(document.querySelector("[role=status]"), { childList: true })');
    await page.route('**/*', (route) => route.abort());
    await eventually(async () => /^Not connected to Roundhouse/.test((await notice.textContent()) ?? ''), 15_000);
    let asked = 0;
    page.on('request', () => (asked += 1));
    await eventually(() => asked >= 1, 20_000);
    assert.equal(await page.evaluate('globalThis.said'), 1);
    world.ended({ number: 2 });
    await page.unroute('**/*');
    await page.evaluate('dispatchEvent(new Event("online"))');
    await eventually(async () => (await notice.textContent()) === '' && (await rows(page)).length === 2, 10_000);
  });

  test('a session that is over leaves the page as it is, and says where to sign in', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    let isOver = false;
    const access = { ...localAccess, viewer: async (req: Parameters<typeof localAccess.viewer>[0]) => ({ ...((await localAccess.viewer(req)) as { who: string }), local: !isOver }) as never, signInPath: () => '/-/sign-in' };
    const { page } = await open(t, world, { path: '/?branch=main', ports: { access } });
    await eventually(async () => (await rows(page)).length === 1);
    isOver = true;
    await eventually(async () => /Your session is over\. Sign in again/.test((await page.getByRole('status').textContent()) ?? ''), 10_000);
    assert.deepEqual([await rows(page), await page.getByRole('status').locator('a').getAttribute('href')], [['p-42-1'], page.url()]);
    isOver = false;
    await page.evaluate('dispatchEvent(new Event("online"))');
    await eventually(async () => (await page.getByRole('status').textContent()) === '', 10_000);
  });

  test('hostile names stay text when they come later, too', async (t) => {
    const world = pipelines();
    const { page, complaints } = await open(t, world);
    const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    const view = world.begin({ number: 1, at: minutesAgo(1), subject: evil, ref: `refs/heads/${evil}`, sender: evil });
    Object.assign(view, { state: 'waiting', reason: evil });
    world.rename(42, 'acme', evil);
    await eventually(async () => (await rows(page)).length === 1, 10_000);
    assert.ok(((await page.locator('#p-42-1').textContent()) ?? '').split(evil).length >= 6);
    assert.equal(await page.evaluate('document.querySelectorAll("main img, main script").length'), 0);
    assert.deepEqual(complaints, []);
  });

  test('right for those who cannot see, by day and by night, and on a phone', async (t) => {
    const world = pipelines();
    for (let number = 1; number <= 60; number++) world.ended({ number, subject: `A rather long subject of a change that goes on and on ${'and on '.repeat(number % 9)}`, ref: `refs/heads/${'long-name-'.repeat(number % 12)}x` }, number % 3 === 0 ? 'failed' : 'passed');
    Object.assign(world.begin({ number: 61 }), { state: 'waiting', reason: 'no builder has room' });
    const { page } = await open(t, world, { path: '/acme/rocket-42?branch=&q=change' });
    await eventually(async () => (await rows(page)).length === 50, 10_000);
    const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
    for (const [colorScheme, width] of [['light', 1280], ['dark', 1280], ['light', 360]] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await page.evaluate(axe);
      const violations = (await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`))')) as string[];
      assert.deepEqual(violations, [], `${colorScheme} ${width}`);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, `${width} is wide enough`);
    }
  });

  test('by keyboard alone one filters and goes to a pipeline', async (t) => {
    const world = pipelines();
    for (let number = 1; number <= 3; number++) world.ended({ number, subject: number === 2 ? 'the fuse' : 'another' });
    const { page, scene } = await open(t, world);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    for (let i = 0; i < 10 && (await page.evaluate('document.activeElement.id')) !== 'q'; i++) await page.keyboard.press('Tab');
    await page.keyboard.type('fuse');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${scene.url}/?q=fuse`);
    assert.deepEqual(await rows(page), ['p-42-2']);
    const href = (): Promise<unknown> => page.evaluate('document.activeElement.getAttribute("href")');
    for (let i = 0; i < 30 && (await href()) !== '/acme/rocket-42/2'; i++) await page.keyboard.press('Tab');
    assert.equal(await href(), '/acme/rocket-42/2');
  });
});
