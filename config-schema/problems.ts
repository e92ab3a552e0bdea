// How do we tell the user what is wrong with the config, and where?

import type { Place } from './node.ts';
import type { Diagnostic } from './plan.ts';

/** The keys and list indices (from 0) that lead to a value from the top of the file. */
export type Path = readonly (string | number)[];

/** Collects every problem of one file. `sentence` says what, then the remedy; the place in words is put before it. */
export type Problems = {
  error(place: Place, path: Path, sentence: string): void;
  warn(place: Place, path: Path, sentence: string): void;
  /** True once there was an error. */
  failed(): boolean;
  /** True when there are more errors than anybody reads: further ones are dropped, and need not be looked for. */
  isFull(): boolean;
  /** In the order of the text. */
  diagnostics(): Diagnostic[];
};

const mostOfEach = 1000;

export function collectProblems(source: { path: string; text: string }): Problems {
  const found = new Map<string, Diagnostic>();
  const positionOf = lineIndex(source.text);
  const counts = { error: 0, warning: 0 };
  const add = (severity: Diagnostic['severity'], place: Place, path: Path, sentence: string): void => {
    // One fault in an anchored piece would come again with each alias: say it once.
    const key = `${place.start} ${sentence}`;
    if (found.has(key) || counts[severity] === mostOfEach) return;
    counts[severity]++;
    const start = positionOf(place.start);
    // A block ends where its last visible character stands, not on the blank line behind it.
    const end = positionOf(place.start + Math.max(0, source.text.slice(place.start, place.end).trimEnd().length - 1));
    const message = `${describePath(path) || source.path}: ${sentence}`;
    found.set(key, { severity, message, ...start, ...(end.line > start.line && { endLine: end.line }) });
  };
  return {
    error: (...problem) => add('error', ...problem),
    warn: (...problem) => add('warning', ...problem),
    failed: () => counts.error > 0,
    isFull: () => counts.error === mostOfEach,
    diagnostics: () => [...found.values()].sort((a, b) => a.line - b.line || a.column - b.column),
  };
}

/** `jobs.test.steps[2].run`; a key that would read wrongly is quoted: `workflows["build and test"]`. */
export const describePath = (path: Path): string =>
  path.reduce<string>((words, key) => {
    if (typeof key === 'number') return `${words}[${key}]`;
    if (!/^[^\s.[\]"]+$/.test(key)) return `${words}[${JSON.stringify(key)}]`;
    return words === '' ? key : `${words}.${key}`;
  }, '');

/** Line and column from 1 of an offset. A place behind the last visible character of the file is the end of that character's line. */
function lineIndex(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const last = text.trimEnd().length;
  return (offset) => {
    const at = Math.min(offset, last);
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: at - starts[low]! + 1 };
  };
}
