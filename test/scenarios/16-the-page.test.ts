// The page as a team uses it, in a real browser: signing in, a push watched to its last line, and everything that can be done from there.

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Page } from 'playwright-core';
import { seriousViolations } from '../axe.ts';
import { complaintsOf, startBrowser, type Browser } from '../browser.ts';
import { signIn } from '../sign-in.ts';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
let browser: Browser;
let page: Page;
let complaints: string[];
/** The page of a job that failed. */
let failed: string;
before(async () => {
  instance = await startInstance({ signIn: true });
  browser = await startBrowser({ viewport: { width: 1200, height: 800 } });
  page = await browser.context.newPage();
  complaints = complaintsOf(page);
});
after(async () => {
  await browser.close();
  await instance.stop();
});

const image = 'docker: [{image: "debian:bookworm"}]';
const says = (text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor({ timeout: 30_000 });
const addressOf = (number: number): string => `${instance.url}/${instance.repository}/${number}`;

suite('the page', () => {
  test('whoever has not signed in learns nothing; whoever has sees what GitHub lets them see', async () => {
    const shapes = await Promise.all(
      ['/', `/${instance.repository}/1`, '/nobody/nothing/1', `/${instance.repository}/1/ci/build/0/0/log.txt`].map(async (path) => {
        const answer = await fetch(`${instance.url}${path}`, { redirect: 'manual' });
        return `${answer.status} ${answer.headers.get('location')?.split('?')[0]}`;
      }),
    );
    assert.deepEqual([...new Set(shapes)], ['302 /-/sign-in']);

    await page.goto(instance.url);
    await signIn(page, 'ada');
    assert.equal(new URL(page.url()).pathname, '/');
    await says('ada');
    assert.deepEqual(complaints, []);
  });

  test('a push is watched from the list to the last line of its log, without a reload', async () => {
    await page.goto(instance.url);
    await page.evaluate('window.notReloaded = true');
    const sha = await instance.push({
      '.circle.yml': `version: 2.1\njobs:\n  build:\n    ${image}\n    steps:\n      - run: {name: Make it, command: "for i in 1 2 3 4; do echo part $i; sleep 1; done; echo all made"}\n  ship:\n    ${image}\n    steps: [{run: echo shipped}]\nworkflows: {ci: {jobs: [build, {ship: {requires: [build]}}]}}\n`,
    });
    const number = await instance.until('the pipeline has a number', () => instance.newest().catch(() => null));
    const row = page.locator(`main a[href="/${instance.repository}/${number}"]`).first();
    await row.waitFor({ timeout: 15_000 });
    assert.equal(await page.evaluate('window.notReloaded'), true);
    await row.click();
    await page.waitForURL(addressOf(number));
    await page.locator('main a', { hasText: 'build' }).first().click();
    await says('part 1');
    await page.evaluate('window.notReloaded = true');
    await says('all made');
    await instance.check(sha, 'ship');
    await page.locator('#head .passed').first().waitFor({ timeout: 10_000 });
    assert.equal(await page.evaluate('window.notReloaded'), true);
    await page.goto(addressOf(number));
    await page.locator('main .facts .passed, main .badge.passed').first().waitFor({ timeout: 10_000 });
    assert.deepEqual(complaints, []);
  });

  test('a pipeline that runs is canceled, and run again, from its page', async () => {
    const sha = await instance.pushJob('    steps: [{run: {name: Wait, command: "echo waiting; sleep 600"}}]\n', { branch: 'patience' });
    const number = await instance.until('it has begun', async () => instance.github.checkRuns(instance.repository, sha).some(({ status }) => status === 'in_progress') && instance.newest());
    await page.goto(addressOf(number));
    await page.locator('details#cancel summary').click();
    await page.getByRole('button', { name: /^Cancel acme\/shop/ }).click();
    assert.equal((await instance.check(sha)).conclusion, 'cancelled');
    const again = page.getByRole('button', { name: 'Rerun all' });
    await again.waitFor({ timeout: 20_000 });
    await again.click();
    await page.waitForURL(addressOf(number + 1));
    await says('rerun by ada');
    await page.locator('details#cancel summary').click();
    await page.getByRole('button', { name: /^Cancel acme\/shop/ }).click();
    await page.getByRole('button', { name: 'Rerun all' }).waitFor({ timeout: 20_000 });
    const { stdout } = await instance.roundhouse('audit', 'show', '--json');
    const who = stdout.split('\n').filter((line) => /pipeline\.(canceled|rerun)/.test(line));
    assert.ok(who.length >= 3 && who.every((line) => /github:\d+ ada/.test(line)), stdout);
    assert.deepEqual(complaints, []);
  });

  test('from a red check to the failing line it is one click, and a link to a line is good for ever', async () => {
    const sha = await instance.pushJob('    parallelism: 2\n    steps:\n      - run:\n          name: Test\n          command: |\n            for i in $(seq 1 5000); do echo "ok $i"; done\n            [ $CIRCLE_NODE_INDEX = 0 ] || { printf "\\033[31mError: the till is empty\\033[0m\\n"; for i in $(seq 1 3000); do echo "after $i"; done; exit 3; }\n', { branch: 'red' });
    const { detailsUrl } = await instance.check(sha);
    failed = detailsUrl!;
    await page.goto(detailsUrl!);
    await says('Error: the till is empty');
    const line = page.locator('.log .l', { hasText: 'Error: the till is empty' });
    assert.equal(await line.getAttribute('data-n'), '5001');

    // The whole log is searched on the server, also where the page holds nothing of it.
    await page.locator('.log').first().focus();
    await page.keyboard.press('/');
    await page.keyboard.type('ok 1234');
    await page.keyboard.press('Enter');
    await page.locator('.log .l[data-n="1234"]').waitFor();
    await page.goto('about:blank');
    await page.goto(`${detailsUrl!.split('?')[0]}/1/0#L2500`);
    await page.locator('.log .l[data-n="2500"]', { hasText: 'ok 2500' }).waitFor();
    assert.deepEqual(complaints, []);
  });

  test('what others wrote is text wherever it stands', async () => {
    const evil = (name: string): string => `<img src=x onerror=alert('${name}')>`;
    // A shell's quotes are one thing, and << in a config another.
    const written = (text: string, path: string): string => `echo ${Buffer.from(text).toString('base64')} | base64 -d > "${path}"`;
    const branch = 'x<img/src=x/onerror=alert(1)>';
    await instance.git('checkout', '-q', '-B', branch);
    const test = `<testsuite name='${evil('suite').replaceAll('<', '&lt;').replaceAll("'", '&apos;')}'><testcase name='&lt;img src=x onerror=alert(5)&gt;' classname='&lt;script&gt;alert(6)&lt;/script&gt;'><failure message='&lt;img src=x onerror=alert(7)&gt;'>&lt;/pre&gt;&lt;script&gt;alert(8)&lt;/script&gt;</failure></testcase></testsuite>`;
    const config = {
      version: 2.1,
      jobs: {
        [evil('job')]: {
          docker: [{ image: 'debian:bookworm' }],
          steps: [
            { run: { name: evil('step'), command: `mkdir r out; ${written(test, 'r/junit.xml')}; ${written('<script>alert(9)</script>', `out/${evil('artifact').replaceAll("'", '')}.txt`)}; ${written(`${evil('log')}\n<script>alert(10)</script>\n`, '/dev/stdout')}; exit 1` } },
            { store_test_results: { path: 'r', when: 'always' } },
            { store_artifacts: { path: 'out', when: 'always' } },
          ],
        },
      },
      workflows: { [evil('workflow')]: { jobs: [evil('job')] } },
    };
    await instance.git('rm', '-q', '--ignore-unmatch', '-r', '.');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(`${instance.tree}/.circle.yml`, JSON.stringify(config));
    await instance.git('add', '-A');
    await instance.git('commit', '-q', '-m', evil('commit'));
    await instance.git('push', '-q', 'origin', `HEAD:refs/heads/${branch}`);
    const sha = (await instance.git('rev-parse', 'HEAD')).stdout.trim();
    const view = await instance.ended(sha);
    assert.equal(view.outcome, 'failed', JSON.stringify(view));
    const home = addressOf(view.number);
    const [workflow, job] = [view.workflows[0]!.name, view.workflows[0]!.jobs[0]!.name].map(encodeURIComponent) as [string, string];
    const mine = complaints.length;
    for (const path of [instance.url, `${instance.url}/?branch=${encodeURIComponent(branch)}&q=${encodeURIComponent(evil('query'))}`, `${instance.url}/${instance.repository}`, home, `${home}/config`, `${home}/tests`, `${home}/artifacts`, `${home}/${workflow}/${job}`, `${home}/${workflow}/${job}/0/0`, `${home}/${workflow}/${job}/0/artifacts/out`]) {
      const answer = await page.goto(path);
      assert.equal(answer?.status(), 200, path);
      await page.locator('main h1').first().waitFor();
      if (path.startsWith(home)) await page.getByText('onerror').first().waitFor({ state: 'attached' });
      const found = await page.evaluate('document.querySelectorAll("img, main script, iframe, object, embed, [onerror], [onload]").length');
      assert.equal(found, 0, path);
    }
    assert.deepEqual(complaints.slice(mine), []);
  });

  test('every page is without serious fault for axe, by day, by night and on a phone, and is no wider than the phone', async () => {
    const job = failed.split('?')[0]!;
    const home = job.split('/').slice(0, 6).join('/');
    const paths = ['/', '/-/builders', '/-/settings', '/-/account', `/${instance.repository}`, `/${instance.repository}/-/settings`, '/-/nothing'].map((path) => instance.url + path);
    const faults: string[] = [];
    for (const [scheme, width] of [['light', 1200], ['dark', 1200], ['light', 360]] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 800 });
      for (const path of [...paths, home, `${home}/config`, `${home}/tests`, `${home}/artifacts`, job, `${job}/0/0`]) {
        await page.goto(path);
        await page.locator('h1').first().waitFor();
        const where = `${scheme} ${width} ${path.replace(instance.url, '')}`;
        faults.push(...(await seriousViolations(page, scheme === 'dark' ? 'colours' : undefined)).map((fault) => `${where}: ${fault}`));
        const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
        if (wide > width) faults.push(`${where}: is ${wide} wide`);
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1200, height: 800 });
    assert.deepEqual(faults, []);
  });

  test('the way from the list to a log is walked by keyboard alone', async () => {
    await page.goto(instance.url);
    const tabTo = async (selector: string): Promise<void> => {
      for (let presses = 0; presses < 80; presses++) {
        await page.keyboard.press('Tab');
        if (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)}) ?? false`)) return;
      }
      assert.fail(`no way by Tab to ${selector}`);
    };
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content');
    const number = await instance.newest();
    await tabTo(`main a[href="/${instance.repository}/${number}"]`);
    await page.keyboard.press('Enter');
    await page.waitForURL(addressOf(number));
    await tabTo(`main table a[href^="/${instance.repository}/${number}/"]`);
    await page.keyboard.press('Enter');
    await page.locator('#head h1').waitFor();
    await tabTo('.log');
    await page.keyboard.press('?');
    await page.locator('dialog[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'detached' }).catch(() => page.locator('dialog:not([open])').first().waitFor({ state: 'attached' }));
  });

  test('a session that was ended elsewhere is over here, and the page says so', async () => {
    await page.goto(instance.url);
    await instance.roundhouse('sessions', 'revoke', 'ada');
    await page.getByText(/session is over/i).first().waitFor({ timeout: 30_000 });
    await page.goto(addressOf(1));
    assert.equal(new URL(page.url()).pathname, '/-/sign-in');
  });
});
