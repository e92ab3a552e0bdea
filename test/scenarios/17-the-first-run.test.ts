// From nothing to the first build, in a browser: an address that the machine prints, an App that GitHub makes, a repository, a push.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { compileConfig } from '../../config-schema/compile.ts';
import { seriousViolations } from '../axe.ts';
import { complaintsOf, startBrowser, type Browser } from '../browser.ts';
import { signIn } from '../sign-in.ts';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
let browser: Browser;
let page: Page;
let complaints: string[];
before(async () => {
  instance = await startInstance({ env: { APP_ID: undefined, PRIVATE_KEY: undefined, WEBHOOK_SECRET: undefined } });
  // The App that the local GitHub begins with has nothing to do with this.
  instance.github.setWebhook(null);
  instance.github.uninstallApp('acme');
  browser = await startBrowser();
  page = await browser.context.newPage();
  complaints = complaintsOf(page);
});
after(async () => {
  await browser.close();
  await instance.stop();
});

const press = (name: string | RegExp): Promise<void> => page.getByRole('button', { name }).first().click();
const goOn = (name: string | RegExp): Promise<void> => page.getByRole('link', { name }).first().click();
const sees = (text: string | RegExp): Promise<void> => page.locator('main').getByText(text).first().waitFor({ timeout: 40_000 });

test('the setup in the page leads from a one-time address to the first build', async () => {
  const violations: string[] = [];
  const judge = async (): Promise<unknown> => violations.push(...(await seriousViolations(page)).map((text) => `${new URL(page.url()).pathname}: ${text}`));

  // Who has no address from the machine is told how to get one.
  assert.match(await (await fetch(instance.url)).text(), /roundhouse page/);
  const { stdout } = await instance.roundhouse('page');
  const address = /http:\/\/\S+\/-\/enter\/\S+/.exec(stdout)?.[0];
  assert.ok(address, stdout);
  await page.goto(address);
  await press('Come in');
  await sees('What will happen');
  await judge();
  await page.getByLabel('Name').fill('Roundhouse of acme');
  await press('Go on');
  await sees('Create the App on GitHub');
  await judge();
  await press('Create the App on GitHub');
  await press('Create GitHub App');

  // The app starts anew with what GitHub gave it, and the page goes on.
  await page.waitForURL('**/-/setup/install', { timeout: 60_000 });
  await sees('The App is not installed anywhere yet');
  await judge();
  const made = await page.getByRole('link', { name: /install .* on github/i }).getAttribute('href');
  const gitHub = await browser.context.newPage();
  await gitHub.goto(made!);
  await gitHub.locator('select[name=login]').selectOption('acme');
  await gitHub.getByRole('button', { name: 'Install' }).click();
  await gitHub.getByText('is installed on acme').waitFor(); // On its way somewhere, Chromium may never close it.
  await gitHub.close();
  await sees('The App reaches one repository');

  await goOn('Go on');
  await page.waitForURL('**/-/setup/webhooks');
  await sees('well');
  await judge();
  await goOn('Go on');
  await page.waitForURL('**/-/setup/machine');
  await sees('One builder is connected');
  await press(/look at this machine/i);
  await page.locator('.findings li').first().waitFor({ timeout: 60_000 });
  await judge();
  await goOn('Go on');

  await page.waitForURL('**/-/setup/repository');
  await judge();
  await press(/follow/i);
  await sees('acme/shop is followed');
  const offered = await page.locator('textarea').inputValue();
  assert.ok(!('errors' in compileConfig(offered, { path: '.circle.yml' } as never)), offered);
  await judge();
  await goOn('Wait for the first push');
  await sees('Push a commit to acme/shop');
  await judge();
  const sha = await instance.push({ '.circle.yml': 'version: 2.1\njobs:\n  build:\n    docker: [{image: "debian:bookworm"}]\n    steps: [checkout, {run: echo built}]\n' });
  await sees('The first pipeline of acme/shop is here');
  assert.equal((await instance.check(sha)).conclusion, 'success');
  assert.deepEqual(violations, []);
  // While the app starts anew nobody answers.
  assert.deepEqual(complaints.filter((text) => !text.includes('ERR_CONNECTION_REFUSED')), []);

  // The address was good once; and from now on people sign in by the App.
  const again = await browser.context.newPage();
  await again.goto(address);
  await again.getByText('Not any more').waitFor();
  const another = await startBrowser();
  try {
    const hers = await another.context.newPage();
    await hers.goto(instance.url);
    await signIn(hers, 'ada');
    await hers.locator('main a[href="/acme/shop/1"]').first().waitFor();
  } finally {
    await another.close();
  }
});
