// How do we tell the user what is wrong with the config, and where?

import type { Node, Place, Source } from './node.ts';
import type { Diagnostic } from '../plan.ts';

/** The keys and list indices (from 0) that lead to a value from the top of its file. */
export type Path = readonly (string | number)[];

/** Collects every problem of one compile. `sentence` says what, then the remedy; the place in words is put before it. */
export type Problems = {
  error(place: Place, sentence: string): void;
  warn(place: Place, sentence: string): void;
  /** Runs `compile` as the inside of a call: what goes wrong in there is told with the call, and an orb's fault at the call's line. */
  calling<T>(call: Call, compile: () => T): T;
  /** True once there was an error. */
  failed(): boolean;
  /** True when there are more errors than anybody reads: further ones are dropped, and need not be looked for. */
  isFull(): boolean;
  /** In the order of the text. */
  diagnostics(): Diagnostic[];
};

export type Call = { kind: 'workflow' | 'job' | 'command' | 'executor' | 'orb'; name: string; place: Place };

const mostOfEach = 1000;

/** `shown` is a place in the user's own file: that of the call, where the problem stands in an orb. */
type Problem = { severity: Diagnostic['severity']; sentence: string; place: Place; shown: Place; trace?: string[] };

export function collectProblems(source: Source): Problems {
  const found = new Map<string, Problem>();
  const indices = new Map<Source, PositionOf>();
  const calls: Call[] = [];
  const judged = new Set<string>();
  const counts = { error: 0, warning: 0 };

  const positionOf = ({ source: of, start }: Place): { line: number; column: number } => {
    let index = indices.get(of);
    if (!index) indices.set(of, (index = lineIndex(of.text)));
    return index(start);
  };

  const add = (severity: Diagnostic['severity'], place: Place, sentence: string): void => {
    // One fault in an anchored piece, or in a command, would come again with each use: say it once.
    const key = `${place.source.path} ${place.start} ${sentence}`;
    if (found.has(key) || counts[severity] === mostOfEach) return;
    // What the check of the file's shape has said is not said again where the value is used.
    const at = `${place.source.path} ${place.start} ${place.end}`;
    if (calls.length === 0) judged.add(at);
    else if (severity === 'error' && judged.has(at)) return;
    counts[severity]++;
    const shown = place.source === source ? place : (calls.findLast((call) => call.place.source === source)?.place ?? { source, start: 0, end: 0 });
    found.set(key, { severity, sentence, place, shown, ...(calls.length > 0 && { trace: traceOf(calls) }) });
  };

  /** In words only at the end: while the text is read, the keys that lead to a place are not known yet. */
  const tell = ({ severity, sentence, place, shown, trace }: Problem): Diagnostic => {
    const start = positionOf(shown);
    // A block ends where its last visible character stands, not on the blank line behind it.
    const end = positionOf({ ...shown, start: shown.start + Math.max(0, source.text.slice(shown.start, shown.end).trimEnd().length - 1) });
    const where = describePlace(shown) || source.path;
    const orb = place.source === source ? undefined : positionOf(place);
    return {
      severity,
      message: orb ? `${where}: in ${place.source.path}, line ${orb.line}, column ${orb.column}, ${describePlace(place) || 'its top'}: ${sentence}` : `${where}: ${sentence}`,
      ...start,
      ...(end.line > start.line && { endLine: end.line }),
      ...(trace && { trace }),
    };
  };
  return {
    error: (place, sentence) => add('error', place, sentence),
    warn: (place, sentence) => add('warning', place, sentence),
    calling(call, compile) {
      calls.push(call);
      try {
        return compile();
      } finally {
        calls.pop();
      }
    },
    failed: () => counts.error > 0,
    isFull: () => counts.error === mostOfEach,
    diagnostics: () => [...found.values()].map(tell).sort((a, b) => a.line - b.line || a.column - b.column),
  };
}

const longestTrace = 20;

/** From the outermost call; the middle of very many is left out. */
function traceOf(calls: readonly Call[]): string[] {
  const lines = calls.map(({ kind, name }) => `Error calling ${kind}: '${name}'`);
  const left = lines.length - longestTrace;
  return left > 0 ? lines.toSpliced(longestTrace / 2, left, `… ${left} more calls …`) : lines;
}

/** `jobs.test.steps[2].run`; a key that would read wrongly is quoted: `workflows["build and test"]`. */
export const describePath = (path: Path): string =>
  path.reduce<string>((words, key) => {
    if (typeof key === 'number') return `${words}[${key}]`;
    if (!/^[^\s.[\]"]+$/.test(key)) return `${words}[${JSON.stringify(key)}]`;
    return words === '' ? key : `${words}.${key}`;
  }, '');

/** The keys that lead to a place, as far as the file could be read. What an alias brought in is described where it is written. */
export function describePlace({ source, start }: Place): string {
  const path: (string | number)[] = [];
  for (let node: Node | undefined = source.root; node !== undefined; ) node = step(node, start, source, path);
  return describePath(path);
}

/** From 1. */
export const lineOf = ({ source, start }: Place): number => source.text.slice(0, start).split('\n').length;

/** Goes one level down towards the offset, and notes the way. */
function step(node: Node, offset: number, source: Source, path: (string | number)[]): Node | undefined {
  const holds = ({ place }: Node): boolean => place.source === source && place.start <= offset && offset < Math.max(place.end, place.start + 1);
  if (node.kind === 'list') {
    const index = node.items.findIndex(holds);
    if (index < 0) return undefined;
    path.push(index);
    return node.items[index];
  }
  if (node.kind !== 'map') return undefined;
  // Entries that a merge key or an alias brought in stand elsewhere.
  const at = [...node.entries].find(([, { key, value }]) => holds(value) || (key.source === source && key.start <= offset && offset < Math.max(key.end, key.start + 1)));
  if (!at) return undefined;
  path.push(at[0]);
  return at[1].key.start <= offset && offset < at[1].key.end ? undefined : at[1].value;
}

type PositionOf = (offset: number) => { line: number; column: number };

/** Line and column from 1 of an offset. A place behind the last visible character of the file is the end of that character's line. */
function lineIndex(text: string): PositionOf {
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
