// Is the page of a pipeline alive, and for everybody: by keyboard, by eye in light and dark, on a phone?

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { PipelineView } from '../../../config-schema/view.ts';
import { seriousViolations } from '../../axe.ts';
import { complaintsOf, openPage, startBrowser, type Browser } from '../../browser.ts';
import { configErrorView, failedView, forkView, jobOf, pageOf, runningView, sliceOf, type PageScene } from './pipeline-scene.ts';
import { eventually } from './scene.ts';

/** Of #5: its tests ran again and more waits for a person. */
function approvalInRerun(): PipelineView {
  const view = runningView();
  const [workflow] = view.workflows;
  workflow!.jobs[0]!.carriedFrom = 5;
  workflow!.jobs[1]!.carriedFrom = 5;
  workflow!.jobs.push(jobOf('ship it', ['build'], [], null, { type: 'approval', reason: 'waits for an approval' }));
  view.workflows.push({ name: 'docs', outcome: 'failed', jobs: [jobOf('write', [], [sliceOf(0, [0, 1, 2], 'failed')], 'failed'), jobOf('publish', ['write'], [], 'passed', { type: 'approval', approvedBy: 'grace' })] });
  return view;
}

suite('in a browser', () => {
  let browser: Browser;
  before(async () => (browser = await startBrowser()));
  after(() => browser.close());

  const open = (t: TestContext, scene: PageScene, path = ''): Promise<{ page: Page; complaints: string[] }> => openPage(t, browser, `${scene.url}/acme/rocket/7${path}`);
  const fill = (scene: PageScene): PageScene => {
    scene.keepConfig();
    scene.keepTests('ci', 'unit tests', 1, 3, [{ name: 'bangs', outcome: 'failed', message: 'expected a bang', detail: 'at fuse.ts:1', seconds: 2 }, { name: 'burns', seconds: 1 }]);
    scene.keepArtifacts('ci', 'build', 0, 3, [{ path: 'dist/app.js', bytes: 1 }]);
    return scene;
  };

  test('states change without a reload, and what is open, scrolled or focused stays', async (t) => {
    const view = runningView();
    const { page, complaints } = await open(t, fill(await pageOf(t, view)));
    await page.setViewportSize({ width: 800, height: 700 });
    await page.evaluate('globalThis.isTheSame = true');
    await page.locator('#timing-table summary').click();
    await page.locator('.graph').evaluate((graph) => void ((graph as unknown as { scrollLeft: number }).scrollLeft = 120));
    await page.locator('#cancel summary').focus();
    await page.keyboard.press('Enter');
    const [, , tests, browserTests] = view.workflows[0]!.jobs;
    Object.assign(tests!, { state: 'ended', outcome: 'failed', endedAt: new Date().toISOString(), reason: 'npm test: exit code 1' });
    Object.assign(browserTests!, { state: 'running', startedAt: new Date().toISOString() });
    await eventually(async () => (await page.locator('.node.failed').count()) === 1 && (await page.locator('tr', { hasText: 'npm test: exit code 1' }).count()) === 1, 10_000);
    assert.equal(await page.locator('.graph').evaluate((graph) => (graph as unknown as { scrollLeft: number }).scrollLeft), 120);
    assert.deepEqual(await page.evaluate('[globalThis.isTheSame, document.querySelector("#timing-table").open, document.querySelector("#cancel").open, document.activeElement.textContent]'), [true, true, true, 'Cancel …']);
    assert.deepEqual(complaints, []);
  });

  test('canceled by keyboard alone, and then it can be run again', async (t) => {
    const view = runningView();
    const { page } = await open(t, await pageOf(t, view, { cancel: () => Promise.resolve(void Object.assign(view, { state: 'ended', outcome: 'canceled' })), rerun: () => Promise.resolve(7) }));
    const tabTo = async (text: string): Promise<void> => {
      for (let presses = 0; presses < 30; presses++) {
        await page.keyboard.press('Tab');
        if ((await page.evaluate('document.activeElement.textContent')) === text) return;
      }
      assert.fail(`nothing says ${text}`);
    };
    await tabTo('Cancel …');
    await page.keyboard.press('Enter');
    await tabTo('Cancel acme/rocket #7');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/acme/rocket/7');
    await eventually(async () => ((await page.locator('.pipeline-head .badge').textContent()) ?? '').includes('canceled'));
    await tabTo('Rerun all');
  });

  test('approved by a click, and the page goes on without a reload', async (t) => {
    const view = approvalInRerun();
    const approve = (): Promise<void> => Promise.resolve(void Object.assign(view.workflows[0]!.jobs.at(-1)!, { state: 'ended', outcome: 'passed', approvedBy: 'ada', reason: undefined }));
    const { page, complaints } = await open(t, await pageOf(t, view, { approve }));
    await page.getByRole('button', { name: 'Approve ship it' }).click();
    await page.locator('tr', { hasText: 'approved by ada' }).waitFor();
    assert.equal(await page.locator('.approval button').count(), 0);
    view.workflows[0]!.jobs.push(jobOf('second', [], [], null, { type: 'approval', reason: 'waits for an approval' }));
    await page.getByRole('button', { name: 'Approve second' }).waitFor();
    assert.deepEqual(complaints, []);
  });

  for (const [how, colorScheme, width] of [['by day', 'light', 1280], ['by night', 'dark', 1280], ['on a phone', 'light', 360]] as const) {
    test(`${how} nothing is hidden from anybody, or wider than the window`, async (t) => {
      const [failed, running, faulty, again] = [fill(await pageOf(t, failedView())), fill(await pageOf(t, runningView())), await pageOf(t, configErrorView()), fill(await pageOf(t, approvalInRerun()))];
      const fork = await pageOf(t, forkView('It runs one job: build.', `Images: ${'very-long-name/'.repeat(20)}.`));
      faulty.keepFaultyConfig('version: 2.1\njobs: []\n', [{ message: 'jobs: must be a map, is a list.', line: 2 }]);
      const page = await browser.context.newPage();
      t.after(() => page.close());
      const complaints = complaintsOf(page);
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      for (const [scene, path] of [[failed, ''], [running, ''], [fork, ''], [again, ''], [again, '/ci/ship%20it'], [again, '/ci/unit%20tests'], [failed, '/config#L4'], [failed, '/tests'], [failed, '/artifacts'], [faulty, '/config']] as const) {
        await page.goto(`${scene.url}/acme/rocket/7${path}`);
        await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
        // Elsewhere only colours and widths differ.
        if (how === 'by day' || path === '' || path === '/tests') assert.deepEqual(await seriousViolations(page, colorScheme === 'dark' ? 'colours' : undefined), [], path);
        assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${path} scrolls sideways`);
        assert.deepEqual(complaints, [], path);
      }
    });
  }
});
