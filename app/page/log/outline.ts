// Which groups has a log, and where did it go wrong?

import { setImmediate as breathe } from 'node:timers/promises';
import { readChunks } from '../../../config-schema/read-log.ts';
import type { LogManifest } from '../../../config-schema/log-manifest.ts';
import { mayFail, saysError } from './first-error.ts';
import { grouping, mayMark } from './groups.ts';
import type { Group } from './groups.ts';
import { plainLines } from './log-lines.ts';
import { lineReader } from './line-reader.ts';
import type { LineBlock, LineReader } from './line-reader.ts';
import type { CommonPorts } from '../ports.ts';

export type Outline = { total: number; complete: boolean; groups: Group[]; firstError: number | null };

/** What was read of a log, so that the next to ask pays only for what has come since. */
type Reading = {
  bytes: number;
  take(block: LineBlock): void;
  lines: LineReader;
  outline(manifest: LogManifest): Outline;
  /** One reads at a time. */
  busy: Promise<void>;
};

const mostRemembered = 32;

export type Outlines = (logKey: string, manifest: LogManifest, signal: AbortSignal) => Promise<Outline>;

export function outlines({ store, codec }: Pick<CommonPorts, 'store' | 'codec'>): Outlines {
  const remembered = new Map<string, Reading>();

  const readOn = async (reading: Reading, logKey: string, manifest: LogManifest, signal: AbortSignal): Promise<void> => {
    if (reading.bytes >= manifest.totalBytes) return;
    for await (const part of readChunks(store, logKey, manifest, { from: reading.bytes }, codec)) {
      signal.throwIfAborted();
      // Of a line that goes on in a gap the beginning is all there is.
      const block = part.kind === 'gap' ? reading.lines.open() : reading.lines.feed(part.bytes, part.line);
      if (part.kind === 'gap') reading.lines.forget();
      if (block) reading.take(block);
      reading.bytes = part.offset + (part.kind === 'gap' ? part.length : part.bytes.length);
      await breathe();
    }
  };

  return async (logKey, manifest, signal) => {
    const reading = remembered.get(logKey) ?? newReading();
    // The last is the one that was asked for last.
    remembered.delete(logKey);
    remembered.set(logKey, reading);
    if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value!);
    const mine = reading.busy.catch(() => {}).then(() => readOn(reading, logKey, manifest, signal));
    reading.busy = mine.catch(() => {});
    await mine;
    return reading.outline(manifest);
  };
}

function newReading(): Reading {
  const lines = lineReader();
  const groups = grouping();
  let firstError: number | null = null;
  return {
    bytes: 0,
    lines,
    busy: Promise.resolve(),
    take(block) {
      const plain = plainLines(block.text);
      eachLine(plain, block.line, (start, end, line) => {
        if (mayMark(plain.charCodeAt(start))) groups.take(plain.slice(start, end), line);
      });
      if (firstError === null && mayFail(plain)) firstError = firstErrorIn(plain, block.line);
    },
    outline({ totalLines, complete }) {
      const rest = lines.open();
      const open = rest ? { line: rest.line, text: plainLines(rest.text) } : undefined;
      const last = open && saysError(open.text) ? open.line : null;
      return { total: totalLines, complete, groups: groups.groups(totalLines, open), firstError: firstError ?? last };
    },
  };
}

function firstErrorIn(text: string, firstLine: number): number | null {
  let found: number | null = null;
  eachLine(text, firstLine, (start, end, line) => {
    if (found === null && saysError(text.slice(start, end))) found = line;
  });
  return found;
}

function eachLine(text: string, firstLine: number, look: (start: number, end: number, line: number) => void): void {
  for (let start = 0, line = firstLine; start <= text.length; line += 1) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    look(start, end, line);
    start = end + 1;
  }
}
