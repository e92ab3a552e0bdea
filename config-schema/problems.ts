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
  /** In the order of the text. */
  diagnostics(): Diagnostic[];
};

export function collectProblems(source: { path: string; text: string }): Problems {
  const found = new Map<string, Diagnostic>();
  const add = (severity: Diagnostic['severity'], place: Place, path: Path, sentence: string): void => {
    const start = positionOf(source.text, place.start);
    const endLine = endLineOf(source.text, place);
    // One fault in an anchored piece would come again with each alias: say it once.
    const key = `${place.start} ${sentence}`;
    if (found.has(key)) return;
    const message = `${describePath(path) || source.path}: ${sentence}`;
    found.set(key, { severity, message, ...start, ...(endLine > start.line && { endLine }) });
  };
  return {
    error: (...problem) => add('error', ...problem),
    warn: (...problem) => add('warning', ...problem),
    failed: () => [...found.values()].some(({ severity }) => severity === 'error'),
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

/** Line and column from 1. A place behind the last character of the file is that of its last line's end. */
function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, Math.min(offset, text.trimEnd().length));
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

/** A block ends where its last visible character stands, not on the blank line behind it. */
const endLineOf = (text: string, { start, end }: Place): number =>
  positionOf(text, start + Math.max(0, text.slice(start, end).trimEnd().length - 1)).line;
