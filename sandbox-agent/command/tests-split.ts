// Which of the tests are this slice's? `tests split` prints them; `tests run` hands them to a command.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { projectPath } from '../../config-schema/test-location.ts';
import { splitTests } from '../../config-schema/test-split.ts';
import type { TestTimings, TimingKind } from '../../config-schema/test-timings.ts';
import { readTimings, timingKinds } from '../../config-schema/test-timings.ts';
import { paths } from '../protocol.ts';
import { Refused } from '../refused.ts';
import type { Surroundings } from './surroundings.ts';

export async function printShare(args: string[], around: Surroundings): Promise<number> {
  const { values, positionals } = readOptions('tests split', args, { 'show-counts': { type: 'boolean' } });
  const items = positionals.length > 0 ? itemsOf(positionals.map((file) => readList(file, around.cwd)).join('\n')) : itemsOf(await around.readStdin());
  const { share, how } = shareOf('tests split', items, values, around);
  if (values['show-counts'] === true) around.complain(`tests split: ${share.length} of ${items.length} tests, ${how}`);
  around.print(lines(share));
  return 0;
}

export const lines = (items: readonly string[]): string => items.map((item) => `${item}\n`).join('');

/** Each once. */
export const itemsOf = (text: string): string[] => [...new Set(text.split(/\s+/).filter(Boolean))];

const splitOptions = {
  'split-by': { type: 'string' },
  'timings-type': { type: 'string' },
  'time-default': { type: 'string' },
  index: { type: 'string' },
  total: { type: 'string' },
} as const;

type Options = Record<string, { type: 'string' | 'boolean' }>;
type Values = Record<string, string | boolean | undefined>;

export function readOptions(command: string, args: string[], more: Options): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args, options: { ...splitOptions, ...more }, allowPositionals: true });
  } catch (error) {
    throw new Refused(`${command}: ${(error as Error).message}`);
  }
}

/** `how` says by what they were split, for people. */
export function shareOf(command: string, items: readonly string[], values: Values, around: Surroundings): { share: string[]; how: string } {
  const total = wholeNumber(command, 'total', values['total'] ?? around.env['CIRCLE_NODE_TOTAL'] ?? '1', 1, 100_000);
  const index = wholeNumber(command, 'index', values['index'] ?? around.env['CIRCLE_NODE_INDEX'] ?? '0', 0, total - 1);
  const { weightOf, how } = weighing(command, items, values, around);
  return { share: splitTests(items, total, weightOf)[index] ?? [], how: `${how}; share ${index + 1} of ${total}` };
}

type Weighing = { weightOf: (item: string) => number; how: string };

function weighing(command: string, items: readonly string[], values: Values, around: Surroundings): Weighing {
  const by = values['split-by'] ?? 'name';
  const timeDefault = secondsOf(command, values['time-default']);
  const kind = kindOf(command, values['timings-type'] ?? 'autodetect');
  switch (by) {
    case 'name':
      return byName;
    case 'filesize':
      return { weightOf: (item) => statSync(resolve(around.cwd, item), { throwIfNoEntry: false })?.size ?? 0, how: 'by size of file' };
    case 'timings': {
      const timings = timingsHere(around.env);
      const found = timings && byTimings(items, timings, kind, timeDefault, around.cwd);
      if (found) return found;
      around.complain('Error auto-detecting timing type, falling back to weighting by name.');
      return byName;
    }
    default:
      throw new Refused(`${command}: --split-by is name, filesize or timings, not ${by}.`);
  }
}

/** Equal weights, in the order of their names: one after the other goes to the next slice. */
const byName: Weighing = { weightOf: () => 1, how: 'by name' };

function byTimings(items: readonly string[], timings: TestTimings, kind: TimingKind | 'autodetect', timeDefault: number | null, cwd: string): Weighing | null {
  const candidates = (kind === 'autodetect' ? timingKinds : [kind]).map((of) => {
    const nameOf = (name: string): string => (of === 'file' ? projectPath(name, cwd) : name);
    const times = new Map(Object.entries(timings[of]).map(([name, seconds]) => [nameOf(name), seconds]));
    return { of, timeOf: (item: string) => times.get(nameOf(item)), known: items.map((item) => times.get(nameOf(item))).filter((time) => time !== undefined) };
  });
  const best = candidates.reduce((most, next) => (next.known.length > most.known.length ? next : most));
  if (best.known.length === 0) return null;
  // A new test takes what one takes on the average: with nothing, all new ones would end in one slice.
  const unknown = timeDefault ?? best.known.reduce((sum, time) => sum + time, 0) / best.known.length;
  return { weightOf: (item) => best.timeOf(item) ?? unknown, how: `by the times of ${timings.of} (${best.of}; it knows ${best.known.length})` };
}

/** What the builder has laid down before the first step: the same for all slices of a job, and for all their attempts. */
function timingsHere(env: Surroundings['env']): TestTimings | null {
  try {
    return readTimings(readFileSync(env['ROUNDHOUSE_TIMINGS'] ?? paths.timings, 'utf8'));
  } catch {
    return null;
  }
}

function kindOf(command: string, type: string | boolean): TimingKind | 'autodetect' {
  if (type === 'filename' || type === 'file') return 'file';
  if (type === 'testname' || type === 'name') return 'testname';
  if (type === 'classname' || type === 'autodetect') return type;
  throw new Refused(`${command}: --timings-type is autodetect, filename, classname or testname, not ${type}.`);
}

/** `10s`, `1m30s`, `500ms`, as Go writes them, or a number of seconds. */
function secondsOf(command: string, text: string | boolean | undefined): number | null {
  if (typeof text !== 'string') return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new Refused(`${command}: --time-default is a time like 10s or 1m30s, not ${text}.`);
  const seconds = { ms: 0.001, s: 1, m: 60, h: 3600 };
  return [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * seconds[unit as keyof typeof seconds], 0);
}

function wholeNumber(command: string, option: string, text: string | boolean, least: number, most: number): number {
  if (!/^\d{1,9}$/.test(String(text)) || Number(text) < least || Number(text) > most) throw new Refused(`${command}: --${option} is a whole number from ${least} to ${most}, not ${text}.`);
  return Number(text);
}

function readList(file: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new Refused(`tests split: the list of tests ${file} cannot be read: ${(error as Error).message}`);
  }
}
