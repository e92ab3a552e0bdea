// Which lines of a stored log stand on a page that the server renders?

import { AnsiUp } from 'ansi_up';
import { gapSentence, readChunks, readManifest } from '../../../config-schema/read-log.ts';
import type { LogRange } from '../../../config-schema/read-log.ts';
import type { LogManifest } from '../../../config-schema/log-manifest.ts';
import { markOf, mayMark } from './groups.ts';
import { logLines } from './log-lines.ts';
import type { CommonPorts } from '../ports.ts';

/**
 * `html` is safe. Lines count from 1. `at`: when it was written (ms since 1970), where that is known. `group`: a group begins here. A gap
 * stands for the lines that cannot be read; its first and last may stand beside it all the same, with what is left of them.
 */
export type ShownLine = { number: number; html: string; at?: number; group?: true } | { number: null; gap: string; line: number; lastLine: number };

export type StoredLines = { lines: ShownLine[]; manifest: LogManifest };

/** A page stays readable, and the server's memory small, whatever the lines are like. */
const mostBytes = 1024 * 1024;
const tailBytes = 256 * 1024;
/** As many say enough. */
const mostGaps = 20;

/** Lines from `fromLine` on; fewer than asked for at the end of the log, or when they are very long. Null when nothing is stored. */
export async function readLines(ports: CommonPorts, logKey: string, fromLine: number, count: number): Promise<StoredLines | null> {
  const manifest = await readManifest(ports.store, logKey);
  return manifest ? { manifest, lines: await render(ports, logKey, manifest, { fromLine, lines: count }) } : null;
}

export type LinesAnswer = { lines: { n: number; html: string; at?: number; group?: true }[]; gaps: { line: number; lastLine: number; sentence: string }[] };

/** The same for a script. */
export async function linesOf(ports: Pick<CommonPorts, 'store' | 'codec'>, logKey: string, manifest: LogManifest, fromLine: number, count: number): Promise<LinesAnswer> {
  const answer: LinesAnswer = { lines: [], gaps: [] };
  for (const line of await render(ports, logKey, manifest, { fromLine, lines: count })) {
    if (line.number === null) answer.gaps.push({ line: line.line, lastLine: line.lastLine, sentence: line.gap });
    else {
      const { number, ...rest } = line;
      answer.lines.push({ n: number, ...rest });
    }
  }
  return answer;
}

/** The last lines; null when nothing is stored. */
export async function readTail(ports: CommonPorts, logKey: string, count: number): Promise<StoredLines | null> {
  const manifest = await readManifest(ports.store, logKey);
  if (!manifest) return null;
  const from = Math.max(0, manifest.totalBytes - tailBytes);
  const lines = await render(ports, logKey, manifest, { from });
  // The first one may be half a line.
  return { manifest, lines: lines.slice(from === 0 || lines.length === 1 ? 0 : 1).slice(-count) };
}

/** Colours as classes, so that the style sheet can choose them for light and dark. */
export function ansi(): AnsiUp {
  const up = new AnsiUp();
  up.use_classes = true;
  return up;
}

async function render({ store, codec }: Pick<CommonPorts, 'store' | 'codec'>, logKey: string, manifest: LogManifest, range: LogRange): Promise<ShownLine[]> {
  const shown: ShownLine[] = [];
  let [lines, decoder, number, bytes] = [logLines(ansi()), new TextDecoder(), 0, 0];
  let open: { html: string; at: number | undefined } | null = null;
  let gaps = 0;
  const show = (html: string, at: number | undefined): void => void shown.push({ number: number++, html, ...(at !== undefined && { at }), ...(beginsGroup(html) && { group: true }) });
  const endOpenLine = (): void => {
    if (open) show(open.html, open.at);
    open = null;
  };
  for await (const part of readChunks(store, logKey, manifest, range, codec)) {
    if (part.kind === 'gap') {
      endOpenLine();
      shown.push({ number: null, gap: gapSentence(part), line: part.line, lastLine: part.lastLine });
      [lines, decoder, number] = [logLines(ansi()), new TextDecoder(), 0];
      gaps += 1;
    } else {
      number ||= part.line;
      // A line was written when its first byte was.
      const atOf = (start: number): number | undefined => part.written.findLast(({ offset }) => offset <= part.offset + start)?.at;
      let start = 0;
      let at: number | undefined = open ? open.at : atOf(0);
      const fed = lines.feed(decoder.decode(part.bytes, { stream: true }));
      for (const html of fed.ended) {
        show(html, at);
        start = part.bytes.indexOf(10, start) + 1;
        at = atOf(start);
      }
      open = fed.open === null ? null : { html: fed.open, at };
      bytes += part.bytes.length;
    }
    if (bytes >= mostBytes || gaps >= mostGaps) break;
  }
  endOpenLine();
  return shown;
}

/** Nothing of what begins a group is written otherwise in HTML. */
function beginsGroup(html: string): boolean {
  const text = html.replace(/<[^>]*>/g, '');
  const mark = mayMark(text.charCodeAt(0)) ? markOf(text, 0) : null;
  return mark?.kind === 'header' || mark?.kind === 'block';
}
