// Which whole lines have come, of a log that comes in pieces?

import { shorten } from './log-lines.ts';

/** Lines that stand under one another, `line` being the first; without a newline at the end. */
export type LineBlock = { line: number; text: string };

export type LineReader = {
  /** The lines that end in these bytes; null when none does. `line` is the one that the first byte belongs to. */
  feed(bytes: Uint8Array, line: number): LineBlock | null;
  /** The line that has not ended; null when there is none. */
  open(): LineBlock | null;
  /** What comes next does not follow what came before. */
  forget(): void;
};

/** Keeps the end of one line in memory, and of a very long one what a page would show. */
export function lineReader(): LineReader {
  let open = '';
  let [openLine, isOpen, decoder] = [1, false, new TextDecoder()];
  const forget = (): void => {
    [open, isOpen, decoder] = ['', false, new TextDecoder()];
  };
  return {
    feed(bytes, line) {
      const [first, last] = [bytes.indexOf(10), bytes.lastIndexOf(10)];
      const head = first < 0 ? bytes : bytes.subarray(0, first);
      let block: LineBlock | null = null;
      if (first >= 0) {
        const begun = isOpen ? `${shorten(open + decoder.decode(head))}` : textOf(head);
        block = { line, text: first === last ? begun : `${begun}\n${textOf(bytes.subarray(first + 1, last))}` };
        forget();
      }
      const rest = first < 0 ? bytes : bytes.subarray(last + 1);
      if (rest.length > 0) {
        if (!isOpen) openLine = first < 0 ? line : line + newlinesIn(block!.text) + 1;
        isOpen = true;
        open = shorten(open + decoder.decode(rest, { stream: true }));
      }
      return block;
    },
    open: () => (isOpen ? { line: openLine, text: open } : null),
    forget,
  };
}

/** Much faster than a decoder that must be ready to go on. */
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

function newlinesIn(text: string): number {
  let newlines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) newlines += 1;
  return newlines;
}
