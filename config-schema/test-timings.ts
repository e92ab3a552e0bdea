// How long did each test take the last time? By file, by class and by name, for splitting tests by timings.

import type { TestCase } from './junit.ts';

export const timingKinds = ['file', 'classname', 'testname'] as const;
export type TimingKind = (typeof timingKinds)[number];

export type TestTimings = {
  version: 1;
  /** Whose they are, for people: "acme/shop#41/build/test". */
  of: string;
} & Record<TimingKind, Record<string, number>>;

/** Of each kind. The file goes into every slice of every parallel job. */
const mostNames = 50_000;
const longestName = 1_000;

/** The sum over all tests of a file, a class, a name. What says no time leaves no trace. */
export function timingsOf(results: readonly TestCase[], of: string): TestTimings {
  const sums = { file: new Map<string, number>(), classname: new Map<string, number>(), testname: new Map<string, number>() };
  const add = (kind: TimingKind, name: string | null, seconds: number): void => {
    if (name !== null && name !== '' && name.length <= longestName) sums[kind].set(name, (sums[kind].get(name) ?? 0) + seconds);
  };
  for (const { file, classname, name, seconds } of results) {
    if (seconds === null) continue;
    add('file', file, seconds);
    add('classname', classname, seconds);
    add('testname', name, seconds);
  }
  return timings(of, (kind) => sums[kind]);
}

/** Of each name the newer time; what only the older ones know stays while there is room, because not every run runs every test. */
export function mergeTimings(older: TestTimings, newer: TestTimings): TestTimings {
  return timings(newer.of, (kind) => [...Object.entries(newer[kind]), ...Object.entries(older[kind]).filter(([name]) => !Object.hasOwn(newer[kind], name))]);
}

/** What a file of timings says, or null when it is not one. */
export function readTimings(text: string): TestTimings | null {
  try {
    const read = JSON.parse(text) as TestTimings;
    const isTable = (table: unknown): boolean => typeof table === 'object' && table !== null && Object.values(table).every((seconds) => typeof seconds === 'number');
    return read.version === 1 && typeof read.of === 'string' && timingKinds.every((kind) => isTable(read[kind])) ? read : null;
  } catch {
    return null;
  }
}

/** Milliseconds are enough, and fewer digits. */
function timings(of: string, entriesOf: (kind: TimingKind) => Iterable<[string, number]>): TestTimings {
  // fromEntries, unlike an assignment, takes a test named __proto__ for a name like any other.
  const table = (kind: TimingKind): Record<string, number> => Object.fromEntries([...entriesOf(kind)].slice(0, mostNames).map(([name, seconds]) => [name, Math.round(seconds * 1000) / 1000]));
  return { version: 1, of, file: table('file'), classname: table('classname'), testname: table('testname') };
}
