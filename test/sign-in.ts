// How does a person sign in to the page, in a browser, by the local GitHub?

import type { Page } from 'playwright-core';

/** From the page that asks for it; ends where the person wanted to go. */
export async function signIn(page: Page, login: string): Promise<void> {
  await page.getByRole('link', { name: /sign in with github/i }).or(page.getByRole('button', { name: /sign in with github/i })).click();
  await page.locator('select[name=login]').selectOption(login);
  await page.getByRole('button', { name: /authorize/i }).click();
  await page.waitForLoadState();
}
