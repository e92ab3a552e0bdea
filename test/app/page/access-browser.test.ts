// Does a real browser carry somebody in by GitHub and out again, and are the pages on the way good for everybody?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seriousViolations } from '../../axe.ts';
import { complaintsOf, startBrowser } from '../../browser.ts';
import { signIn } from '../../sign-in.ts';
import { behindTheDoor, type DoorScene } from './door-scene.ts';

// As on a network without https, and as at one's own machine: browsers trust the second, and say more of where a form comes from.
const [url, trusted] = ['http://ci.example.org', 'http://ci.localhost'];
const notTrusted = /Cross-Origin-Opener-Policy header has been ignored/;

/** The browser takes the scene's port for our public name. */
const browserOn = (scene: DoorScene, options: object = {}) => startBrowser({ ...options, args: [`--host-resolver-rules=MAP ci.example.org 127.0.0.1:${scene.page.port},MAP ci.localhost 127.0.0.1:${scene.page.port}`] });

test('check 29: a browser signs in, makes a token, and signs out', async (t) => {
  const scene = await behindTheDoor(t, { publicUrl: url });
  const { context, close } = await browserOn(scene, { viewport: { width: 360, height: 740 } });
  t.after(close);
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  const isGood = async (): Promise<void> => {
    assert.deepEqual(await seriousViolations(page), [], page.url());
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${page.url()} is wider than a phone`);
  };

  await page.goto(`${url}/acme/rocket/7`);
  await isGood();
  await signIn(page, 'ada');
  await page.waitForURL(`${url}/acme/rocket/7`);
  assert.equal(await page.evaluate('document.cookie'), '');

  await page.goto(`${url}/-/account`);
  await isGood();
  // By keyboard alone.
  await page.getByLabel('Name').focus();
  await page.keyboard.type('<b>laptop</b>');
  await page.getByLabel('Repository').focus();
  await page.keyboard.type('acme/nothing');
  await page.keyboard.press('Enter');
  assert.match((await page.getByRole('alert').textContent())!, /there is no acme\/nothing/);
  assert.equal(await page.getByLabel('Name').inputValue(), '<b>laptop</b>', 'what was filled in stays');
  await page.getByLabel('Repository').fill('acme/rocket');
  await page.getByRole('button', { name: 'Make it' }).click();
  assert.match((await page.getByRole('status').filter({ hasText: 'token' }).textContent())!, /rh_[\w-]{43}/);
  await isGood();
  const [, row] = [await page.emulateMedia({ colorScheme: 'dark' }), page.getByRole('row', { name: '<b>laptop</b>' })];
  await isGood();
  assert.match((await row.textContent())!, /acme\/rocket/);
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.waitForURL(`${url}/-/account`);
  assert.deepEqual(await scene.door.tokens.list(), []);

  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.waitForURL(`${url}/-/sign-in`);
  assert.deepEqual(await scene.door.sessions.list(), []);
  // The one form that was wrong answers as such.
  assert.deepEqual(complaints.filter((text) => !/status of 422/.test(text) && !notTrusted.test(text)), []);
});

test('check 29: a browser comes in by a one-time address', async (t) => {
  const scene = await behindTheDoor(t, { publicUrl: trusted, signIn: false });
  const { context, close } = await browserOn(scene);
  t.after(close);
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(`${trusted}/-/enter/${scene.door.tickets.make()}`);
  assert.deepEqual(await seriousViolations(page), []);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.waitForURL(/^(?!.*enter)/);
  await page.goto(`${trusted}/-/account`);
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Operator at this machine');
  assert.deepEqual(await seriousViolations(page), []);
  assert.deepEqual(complaints.filter((text) => !/status of 40[34]/.test(text)), []);
});
