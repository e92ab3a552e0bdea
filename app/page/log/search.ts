// Which lines of a log hold a text, or match an expression?

import { setImmediate as breathe } from 'node:timers/promises';
import { RE2JS } from 're2js';
import type { LogManifest } from '../../../config-schema/log-manifest.ts';
import { gapSentence, readChunks } from '../../../config-schema/read-log.ts';
import { lineReader } from './line-reader.ts';
import type { LineBlock } from './line-reader.ts';
import { longestLine, plainLines } from './log-lines.ts';
import type { CommonPorts } from '../ports.ts';

export type Finds = {
  /** Lines, ascending. */
  matches: number[];
  /** There may be more behind `searched`. */
  more: boolean;
  /** The last line that was looked at; 0 when there is none. */
  searched: number;
  /** What could not be searched. */
  problem?: string;
};

const mostMatches = 5000;
/** After so long the answer is what was found so far: the asker goes on from there, or thinks better of it. */
const longestMs = 10_000;
/** For so long nothing else happens in this process. */
const longestBlockMs = 20;
const longestText = 500;
/** Each character of a line may cost as many steps. */
const largestProgram = 2000;

/**
 * Tells where each line begins that it finds in a block of them, from a place in the block on, until it hears that it is enough. Answers
 * the place to go on from when it took long; null at the end.
 */
export type Finder = (plain: string, from: number, found: (start: number) => boolean) => number | null;

/** Looks in what a page shows of each line, and not beyond. A sentence where that cannot be. */
export function finderOf(text: string, { isExpression, isCaseSensitive }: { isExpression: boolean; isCaseSensitive: boolean }): Finder | { problem: string } {
  if (text === '') return { problem: 'Say what to look for.' };
  if (text.length > longestText) return { problem: `What is looked for must be no longer than ${longestText} characters, is ${text.length}.` };
  if (/[\n\r]/.test(text)) return { problem: 'A search is within one line: look for one without a line break.' };
  return isExpression ? expressionFinder(text, isCaseSensitive) : textFinder(text, isCaseSensitive);
}

export async function searchLog(
  { store, codec }: Pick<CommonPorts, 'store' | 'codec'>,
  logKey: string,
  manifest: LogManifest,
  { fromLine, find }: { fromLine: number; find: Finder },
  signal: AbortSignal,
  { mostMs = longestMs } = {},
): Promise<Finds> {
  const matches: number[] = [];
  const gaps: string[] = [];
  const reader = lineReader();
  const deadline = performance.now() + mostMs;
  let searched = Math.min(fromLine - 1, manifest.totalLines);
  const answer = (more: boolean): Finds => ({ matches, more, searched, ...(gaps.length > 0 && { problem: problemOf(gaps) }) });

  /** False: it is enough. */
  const look = async ({ line: firstLine, text }: LineBlock): Promise<boolean> => {
    const plain = plainLines(text);
    const lines = lineCounter(plain, firstLine);
    for (let from: number | null = 0; from !== null; ) {
      from = find(plain, from, (start) => {
        matches.push(lines.at(start));
        return matches.length < mostMatches;
      });
      if (matches.length >= mostMatches) {
        searched = matches.at(-1)!;
        return false;
      }
      if (from === null) break;
      searched = Math.max(searched, lines.at(from) - 1);
      if (performance.now() > deadline) return false;
      await breathe();
      signal.throwIfAborted();
    }
    searched = Math.max(searched, lines.last());
    return performance.now() <= deadline;
  };

  for await (const part of readChunks(store, logKey, manifest, { fromLine }, codec)) {
    signal.throwIfAborted();
    // Of a line that goes on in a gap the beginning is all there is.
    const block = part.kind === 'gap' ? reader.open() : reader.feed(part.bytes, part.line);
    if (block && !(await look(block))) return answer(searched < manifest.totalLines);
    if (part.kind === 'gap') {
      reader.forget();
      gaps.push(gapSentence(part));
      searched = Math.max(searched, part.lastLine);
    }
    await breathe();
  }
  const open = reader.open();
  if (open) await look(open);
  return answer(searched < manifest.totalLines);
}

/** The first few say enough. */
const problemOf = (gaps: string[]): string => `${gaps.slice(0, 3).join(' ')}${gaps.length > 3 ? ` So it is with ${gaps.length - 3} more places.` : ''}`;

function textFinder(text: string, isCaseSensitive: boolean): Finder {
  const wanted = isCaseSensitive ? text : text.toLowerCase();
  return (plain, from, found) => {
    const searched = isCaseSensitive ? plain : lowered(plain);
    for (let at = searched.indexOf(wanted, from); at >= 0; ) {
      const start = searched.lastIndexOf('\n', at) + 1;
      if (at + wanted.length - start <= longestLine && !found(start)) return null;
      const end = searched.indexOf('\n', at);
      at = end < 0 ? -1 : searched.indexOf(wanted, end + 1);
    }
    return null;
  };
}

/** Of the same length as the text, so that a place in one is the place in the other. */
function lowered(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text.replace(/\u0130/g, 'i').toLowerCase();
}

function expressionFinder(text: string, isCaseSensitive: boolean): Finder | { problem: string } {
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(text, isCaseSensitive ? 0 : RE2JS.CASE_INSENSITIVE);
  } catch (error) {
    const hint = /\(\?<?[=!]/.test(text) ? 'lookarounds are not part of RE2' : String((error as Error).message).replace(/^error parsing regexp: /, '');
    return { problem: `This is no regular expression in the syntax of RE2: ${hint}.` };
  }
  if (expression.programSize() > largestProgram) return { problem: 'This regular expression is too large: repeat fewer things fewer times.' };
  return (plain, from, found) => {
    const until = performance.now() + longestBlockMs;
    for (let start = from, n = 1; start <= plain.length; n += 1) {
      const newline = plain.indexOf('\n', start);
      const end = newline < 0 ? plain.length : newline;
      if (expression.test(plain.slice(start, Math.min(end, start + longestLine))) && !found(start)) return null;
      start = end + 1;
      if (n % 16 === 0 && start <= plain.length && performance.now() > until) return start;
    }
    return null;
  };
}

/** Lines of a text by where they begin; asked in ascending order. */
function lineCounter(text: string, firstLine: number): { at(start: number): number; last(): number } {
  let [line, from] = [firstLine, 0];
  const at = (start: number): number => {
    for (let newline = text.indexOf('\n', from); newline >= 0 && newline < start; newline = text.indexOf('\n', from)) {
      line += 1;
      from = newline + 1;
    }
    return line;
  };
  return { at, last: () => at(text.length) };
}
