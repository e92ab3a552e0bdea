// Which lines of a stored log stand on a page that the server renders?

import { AnsiUp } from 'ansi_up';
import { gapSentence, readChunks, readManifest } from '../../../config-schema/read-log.ts';
import type { LogRange } from '../../../config-schema/read-log.ts';
import type { LogManifest } from '../../../config-schema/log-manifest.ts';
import { logLines } from './log-lines.ts';
import type { CommonPorts } from '../ports.ts';

/** `html` is safe. Lines count from 1; a gap stands for the lines that cannot be read. */
export type ShownLine = { number: number; html: string } | { number: null; gap: string };

export type StoredLines = { lines: ShownLine[]; manifest: LogManifest };

/** A page stays readable, and the server's memory small, whatever the lines are like. */
const mostBytes = 1024 * 1024;
const tailBytes = 256 * 1024;

/** Lines from `fromLine` on; fewer than asked for at the end of the log, or when they are very long. Null when nothing is stored. */
export async function readLines(ports: CommonPorts, logKey: string, fromLine: number, count: number): Promise<StoredLines | null> {
  const manifest = await readManifest(ports.store, logKey);
  return manifest ? { manifest, lines: await render(ports, logKey, manifest, { fromLine, lines: count }) } : null;
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

async function render({ store, codec }: CommonPorts, logKey: string, manifest: LogManifest, range: LogRange): Promise<ShownLine[]> {
  const shown: ShownLine[] = [];
  let [lines, decoder, number, open, bytes] = [logLines(ansi()), new TextDecoder(), 0, null as string | null, 0];
  const endOpenLine = (): void => {
    if (open !== null) shown.push({ number, html: open });
    open = null;
  };
  for await (const part of readChunks(store, logKey, manifest, range, codec)) {
    if (part.kind === 'gap') {
      endOpenLine();
      shown.push({ number: null, gap: gapSentence(part) });
      [lines, decoder, number] = [logLines(ansi()), new TextDecoder(), 0];
      bytes += part.length;
    } else {
      number ||= part.line;
      const fed = lines.feed(decoder.decode(part.bytes, { stream: true }));
      for (const html of fed.ended) shown.push({ number: number++, html });
      open = fed.open;
      bytes += part.bytes.length;
    }
    if (bytes >= mostBytes) break;
  }
  endOpenLine();
  return shown;
}
