// The system's Chromium, for tests of the page.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export type Browser = { context: BrowserContext; close(): Promise<void> };

/** One with a profile of its own. `options` are Playwright's. */
export async function startBrowser(options: Parameters<typeof chromium.launchPersistentContext>[1] = {}): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'browser-'));
  const context = await chromium.launchPersistentContext(folder, { executablePath: join(import.meta.dirname, 'chromium-without-netlink'), headless: true, ...options, args: [...flags, ...(options.args ?? [])] });
  return {
    context,
    async close() {
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** A page of its own at this address, closed after the test. What another test had the browser remember is nothing to it. */
export async function openPage(t: Pick<TestContext, 'after'>, { context }: Browser, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  t.after(() => page.close());
  await page.addInitScript('if (!sessionStorage.getItem("begun")) { localStorage.clear(); sessionStorage.setItem("begun", "1"); }');
  const complaints = complaintsOf(page);
  await page.goto(url);
  return { page, complaints };
}

/** Everything that a page complains of: errors of scripts and of the policy, dialogs. Empty is what a test wants. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  return complaints;
}
