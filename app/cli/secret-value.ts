// How does a value that nobody shall see come in? From a prompt without echo, or from standard input.

import { text } from 'node:stream/consumers';
import type { ReadStream } from 'node:tty';
import { Problem } from './problem.ts';

/** Without the line end that editors and `echo` put at its end. Throws Problem when there is none. */
export async function readValue(what: string): Promise<string> {
  const value = process.stdin.isTTY ? await prompt(`${what} (not shown): `, process.stdin) : (await text(process.stdin)).replace(/\r?\n$/, '');
  if (value === '') throw new Problem(`${what} is empty. Type it, or hand it in: printf %s "$VALUE" | roundhouse …`, 2);
  return value;
}

const [enter, lineFeed, interrupt, endOfInput, backspace, otherBackspace] = ['\r', '\n', '\u0003', '\u0004', '\u007f', '\b'];

async function prompt(question: string, terminal: ReadStream): Promise<string> {
  // Before anybody is asked: what is typed from then on is not shown.
  terminal.setRawMode(true);
  terminal.setEncoding('utf8');
  process.stderr.write(question);
  try {
    let value = '';
    for await (const typed of terminal as AsyncIterable<string>) {
      for (const character of typed) {
        if (character === enter || character === lineFeed || character === endOfInput) return value;
        if (character === interrupt) throw new Problem('nothing was set.', 2);
        value = character === backspace || character === otherBackspace ? value.slice(0, -1) : value + character;
      }
    }
    return value;
  } finally {
    terminal.setRawMode(false);
    process.stderr.write('\n');
  }
}
