// What does axe say of a page?

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Violations that are serious or worse, each as `rule: element, element`. Only what the page shows now is judged. With `colours`, by the rules about those
 * alone: for a page that was judged whole by day and is looked at by night, which is half the work.
 */
export async function seriousViolations(page: Page, only?: 'colours'): Promise<string[]> {
  await page.evaluate(source);
  const options = { resultTypes: ['violations'], ...(only && { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } }) };
  const found = (await page.evaluate(`axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations)`)) as { id: string; impact: string; nodes: { target: unknown; html: string }[] }[];
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}
