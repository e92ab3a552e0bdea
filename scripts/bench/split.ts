// How well do slices share their tests, over a perfect division?

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median, rounded, type Bench } from './bench.ts';

const slices = 8;
const files = 400;

/** Each slice asks the command of its sandbox for its share, by the times of an earlier run; no slice can be faster than the longest test, or than a fair share. */
export async function benchSplit(bench: Bench): Promise<void> {
  const { stdout } = await promisify(execFile)(new URL('../build-agent', import.meta.url).pathname);
  const command = join(stdout.trim(), 'bin/circleci');
  const n = bench.quick ? 2 : 7;
  bench.say(`split: ${files} test files over ${slices} slices, ${n} times …`);
  const ratios: number[] = [];
  for (let i = 0; i < n; i++) {
    // As tests are: many short ones, a few long ones.
    const seconds = Object.fromEntries(Array.from({ length: files }, (_, file) => [`test/file-${file}.ts`, Math.exp(1.2 * gaussian())]));
    const list = join(bench.folder, 'tests');
    const timings = join(bench.folder, 'timings.json');
    await writeFile(list, Object.keys(seconds).join('\n'));
    await writeFile(timings, JSON.stringify({ version: 1, of: 'bench', file: seconds, classname: {}, testname: {} }));
    const shares = await Promise.all(Array.from({ length: slices }, async (_, index) => shareOf(command, list, timings, index)));
    const given = shares.flat();
    if (given.length !== files || new Set(given).size !== files) throw new Error(`the shares hold ${given.length} of ${files} tests`);
    const sum = (tests: string[]): number => tests.reduce((total, test) => total + seconds[test]!, 0);
    const best = Math.max(sum(given) / slices, ...Object.values(seconds));
    ratios.push(Math.max(...shares.map(sum)) / best);
  }
  bench.print({ figure: 'split', value: rounded(median(ratios), 3), unit: 'ratio', baseline: 'the larger of a fair share and the longest test', n, worst: rounded(Math.max(...ratios), 3), files, slices });
}

async function shareOf(command: string, list: string, timings: string, index: number): Promise<string[]> {
  const args = ['tests', 'split', '--split-by=timings', '--timings-type=filename', `--index=${index}`, `--total=${slices}`, list];
  const { stdout } = await promisify(execFile)(command, args, { env: { ROUNDHOUSE_TIMINGS: timings } });
  return stdout.split('\n').filter(Boolean);
}

/** Box and Muller. */
const gaussian = (): number => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
