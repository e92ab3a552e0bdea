// How does the page look? A sample shop is built, one of its tests fails, and Chromium takes pictures.

import { mkdir } from 'node:fs/promises';
import { startBrowser } from '../test/browser.ts';
import { startInstance } from '../test/scenarios/instance.ts';
import { signIn } from '../test/sign-in.ts';
import { shop } from './screenshots-shop.ts';

const folder = new URL('../docs/pictures/', import.meta.url).pathname;
const only = process.argv.slice(2);
const wanted = (name: string): boolean => only.length === 0 || only.includes(name);
const names = ['builds', 'pipeline', 'failed-build', 'tests', 'config', 'builders', 'settings', 'failed-build-dark', 'pipeline-phone'];
const unknown = only.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`screenshots: there is no picture ${unknown.join(', ')}. Pictures are ${names.join(', ')}; without a name all of them are taken.\n`);
  process.exit(2);
}

await mkdir(folder, { recursive: true });
const instance = await startInstance({ signIn: true });
const size = { width: 1280, height: 800 };
const browser = await startBrowser({ viewport: size, colorScheme: 'light', timezoneId: 'UTC', locale: 'en-GB' });
try {
  await instance.ended(await instance.push(shop(false), { message: 'A banana costs what a banana costs' }), 120_000);
  const failed = await instance.ended(await instance.push(shop(true), { branch: 'discount', message: 'Give a discount on cherries' }), 120_000);
  await instance.ended(await instance.push(shop(false), { branch: 'stock', message: 'Say which fruit is out of stock' }), 120_000);

  const page = await browser.context.newPage();
  await page.goto(instance.url);
  await signIn(page, 'ada');
  const pipeline = `${instance.url}/${instance.repository}/${failed.number}`;
  const pages = {
    builds: instance.url,
    pipeline,
    'failed-build': `${pipeline}/shop/unit?slice=1`,
    tests: `${pipeline}/tests`,
    config: `${pipeline}/config`,
    builders: `${instance.url}/-/builders`,
    settings: `${instance.url}/-/settings`,
  };
  for (const [name, address] of Object.entries(pages)) {
    if (!wanted(name)) continue;
    await page.setViewportSize(size);
    await page.goto(address);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${folder}${name}.png` });
  }
  for (const [name, address, dark, narrow] of [['failed-build-dark', pages['failed-build'], true, false], ['pipeline-phone', pipeline, false, true]] as const) {
    if (!wanted(name)) continue;
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
    await page.setViewportSize(narrow ? { width: 390, height: 844 } : size);
    await page.goto(address);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${folder}${name}.png` });
  }
} finally {
  await browser.close();
  await instance.stop();
}
