// What does a log of a million lines cost the browser that shows it?

import { readFile, readdir } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { jobUrl, setUp, stepUrl } from '../../test/app/page/scene.ts';
import { startBrowser } from '../../test/browser.ts';
import { percentile, rounded, type Bench } from './bench.ts';

const lines = 1_000_000;

/**
 * `log-scroll-frame-p95`: from frame to frame while the window moves through the log, line by line, window by window and by leaps.
 * `log-tab-mb`: resident memory of the tab's process (with what it shares with others) after that, and after the million lines came live.
 */
export async function benchLogViewer(bench: Bench): Promise<void> {
  const ends: (() => unknown)[] = [];
  bench.atEnd(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const scene = await setUp({ after: (end: () => unknown) => void ends.push(end) } as unknown as TestContext);
  const log = await scene.begin(0);
  bench.say(`log viewer: writing ${lines} lines …`);
  const block = 10_000;
  const write = async (from: number): Promise<void> => log.append(Buffer.from(Array.from({ length: block }, (_, i) => textOf(from + i)).join('')));
  for (let from = 1; from <= lines / 2; from += block) await write(from);

  const browser = await startBrowser({ viewport: { width: 1280, height: 900 } });
  ends.push(() => browser.close());
  const live = await browser.context.newPage();
  await live.goto(`${scene.url}${jobUrl}`);
  bench.say('log viewer: half of them come while the page is open …');
  for (let from = lines / 2 + 1; from <= lines; from += block) await write(from);
  await live.locator(`#step-0 .viewer[data-total="${lines}"]`).waitFor({ timeout: 120_000 });
  const liveMB = await largestTabMB();
  await live.close();
  await scene.end(0);
  scene.endSlice();

  const page = await browser.context.newPage();
  await page.goto(`${scene.url}${stepUrl(0)}`);
  await page.locator(`.viewer[data-total="${lines}"]`).waitFor();
  for (const wrap of [true, false]) {
    if (!wrap) await page.keyboard.press('w');
    const frames = await framesOf(page, bench.quick ? 60 : 300);
    const values = Object.values(frames).flat();
    bench.print({
      figure: wrap ? 'log-scroll-frame-p95' : 'log-scroll-frame-unwrapped-p95',
      value: rounded(percentile(values, 95)),
      unit: 'ms',
      n: values.length,
      lines,
      most: rounded(Math.max(...values)),
      ...Object.fromEntries(Object.entries(frames).map(([name, ms]) => [name, rounded(percentile(ms, 95))])),
      rows: await page.locator('.log .l').count(),
    });
  }
  bench.print({ figure: 'log-tab-mb', value: Math.max(liveMB, await largestTabMB()), unit: 'MB', n: 1, lines, liveMB, storedMB: await largestTabMB() });
}

const textOf = (line: number): string =>
  line % 20 === 0
    ? `\x1b[33mwarning\x1b[0m: line ${line} is longer than others, with colours, and says of src/of/some/module/or/other.c what a compiler may say of it, which may well be more than fits into a window\n`
    : `compiling src/of/some/module/or/other_${line}.c\n`;

/** Milliseconds from frame to frame while the window moves. */
function framesOf(page: Page, n: number): Promise<Record<'lines' | 'windows' | 'leaps', number[]>> {
  return page.evaluate(`(async () => {
    const box = document.querySelector('.log');
    const frame = () => new Promise(requestAnimationFrame);
    const measure = async (move) => {
      const all = [];
      for (let i = 0, before = await frame(); i < ${n}; i += 1) {
        move(i);
        const now = await frame();
        all.push(now - before);
        before = now;
      }
      return all;
    };
    return {
      lines: await measure(() => box.scrollBy(0, 57)),
      windows: await measure(() => box.scrollBy(0, box.clientHeight)),
      leaps: await measure((i) => (box.scrollTop = (box.scrollHeight * ((i * 7919) % 1000)) / 1000)),
    };
  })()`);
}

/** Resident, of the largest process that draws a tab and descends from this one. */
async function largestTabMB(): Promise<number> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) && (await readFile(`/proc/${name}/stat`, 'utf8').catch(() => null));
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isOurs = (pid: number): boolean => pid === process.pid || (parents.has(pid) && isOurs(parents.get(pid)!));
  let most = 0;
  for (const pid of parents.keys()) {
    if (!isOurs(pid)) continue;
    const [command, status] = await Promise.all(['cmdline', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')));
    if (command!.includes('--type=renderer')) most = Math.max(most, (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status!)?.[1] ?? 0) * 1024) / 1e6);
  }
  return rounded(most);
}
