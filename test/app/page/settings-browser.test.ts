// Settings in a browser: by keyboard alone, on a phone, in the dark, and for those who use a screen reader.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { generateKey } from '../../../activities/key-file.ts';
import { seriousViolations } from '../../axe.ts';
import { complaintsOf, startBrowser, type Browser } from '../../browser.ts';
import { hostile, secret, world } from './settings-scene.ts';

let browser: Browser;
before(async () => {
  browser = await startBrowser({ extraHTTPHeaders: { 'x-viewer': 'operator' } });
});
after(() => browser.close());

const withForms = ['/-/settings', '/-/settings/contexts/acme', '/acme/rocket/-/settings'];
const looks = [
  { colorScheme: 'light', width: 360, pages: [...withForms, '/-/settings/contexts', '/-/settings/installation', '/-/audit'] },
  { colorScheme: 'dark', width: 1200, pages: withForms },
] as const;

test('every page of settings is right for axe, on a phone, by day and by night, whatever its texts are', async (t) => {
  const { url, post } = await world(t);
  for (const name of ['TOKEN', 'A_LONG_NAME_OF_A_VARIABLE_THAT_GOES_ON_FOR_MORE_THAN_A_PHONE_IS_WIDE_AND_THEN_SOME']) {
    await post('operator', '/acme/rocket/-/settings/set-variable', { name, value: secret });
    await post('operator', '/-/settings/contexts/acme/set', { of: '', context: hostile, name, value: secret });
  }
  await post('operator', '/-/settings/contexts/acme/restrict', { context: hostile, repositories: 'acme/rocket', expression: 'pipeline.git.branch == "main"', minTrust: 'T2', teams: 'core' });
  await post('operator', '/acme/rocket/-/settings/add-ssh-key', { host: '', key: generateKey().privateKey });
  await post('operator', '/acme/rocket/-/settings/rotate-deploy-key');
  await post('operator', '/acme/rocket/-/settings/make-secret-key');
  await post('operator', '/-/settings/unfollow', { repository: 'bob/spring' });

  const page = await browser.context.newPage();
  const complaints = complaintsOf(page);
  for (const { colorScheme, width, pages } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    for (const path of pages) {
      await page.goto(`${url}${path}`);
      await page.evaluate('document.querySelectorAll("details").forEach((each) => (each.open = true))');
      assert.deepEqual(await seriousViolations(page), [], `${path} ${colorScheme}`);
      assert.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= width, `${path} is wider than ${width}`);
    }
  }
  assert.deepEqual(complaints, []);
  await page.close();
});

test('a variable is set and removed by keyboard alone; removing is asked for twice', async (t) => {
  const { url, variables } = await world(t);
  const page = await browser.context.newPage();
  await page.goto(`${url}/acme/rocket/-/settings`);
  await page.getByLabel('Name', { exact: true }).focus();
  await page.keyboard.type('TOKEN');
  await page.keyboard.press('Tab');
  await page.keyboard.type(secret);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('The variable is set.').waitFor();
  assert.deepEqual(await variables(), { TOKEN: secret });
  await page.getByText('Unset … TOKEN').focus();
  await page.keyboard.press('Enter');
  await page.getByText('nobody can bring its value back').waitFor();
  assert.deepEqual(await variables(), { TOKEN: secret }, 'the first press only asks');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('The variable is gone.').waitFor();
  assert.deepEqual(await variables(), {});
  await page.close();
});
