// How does somebody else's text get into GitHub's Markdown without becoming Markdown?

import { stripVTControlCharacters } from 'node:util';

/** Text on one line, in code. Nothing in it is interpreted, also not in a table's cell. */
export function code(text: string): string {
  const line = oneLine(text) || ' ';
  // Code spans know no escapes, and a table's cell ends at a pipe even inside one.
  if (/[`|\\]/.test(line)) return `<code>${line.replace(/[^A-Za-z0-9 ,/=()+\-\u00a0-\u{10ffff}]/gu, (c) => `&#${c.codePointAt(0)};`)}</code>`;
  return `\`${line}\``;
}

/** A sentence on one line, in the running text; never at the beginning of a line of Markdown. */
export function prose(text: string): string {
  return oneLine(text)
    .replace(/[\\`*[\]<>#|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\$&')
    .replace(/:(?=\/\/)/g, '\\:')
    // A word joiner: GitHub would notify people whom a log happens to name.
    .replace(/@(?=\w)/g, '@\u2060');
}

/** A block of code that no line in it can end. */
export function fenced(lines: readonly string[]): string {
  const text = lines.map(printable).join('\n');
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}\n${text}\n${fence}`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** What a terminal would show of one line in the end: no escape sequences, nothing that a later carriage return overwrote. */
export function printable(line: string): string {
  const shown = stripVTControlCharacters(line).replace(/\r+$/, '').split('\r').at(-1) ?? '';
  // Control characters but the tab; and the marks by which text is shown in another order than it is written.
  return shown.replace(/(?!\t)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu, '').toWellFormed();
}

export const oneLine = (text: string): string => printable(text.replace(/[\s\u2028\u2029]+/gu, ' ')).trim();

/** At most so many bytes of UTF-8, at a line's end, with a line that says so. A block of code that the cut leaves open is closed. */
export function cutMarkdown(markdown: string, longestBytes: number): string {
  if (Buffer.byteLength(markdown) <= longestBytes) return markdown;
  const says = '\n\nThe rest is left out: GitHub takes no more. The details page has all of it.';
  const longestFence = Math.max(0, ...[...markdown.matchAll(fences)].map(([fence]) => fence.length));
  const kept = cutText(markdown, longestBytes - Buffer.byteLength(says) - longestFence - 1);
  const whole = kept.includes('\n') ? kept.slice(0, kept.lastIndexOf('\n')) : kept;
  const open = openFence(whole);
  return `${whole}${open && `\n${open}`}${says}`;
}

/** At most so many bytes of UTF-8, and no half character. */
export function cutText(text: string, longestBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= longestBytes) return text;
  let end = Math.max(0, longestBytes);
  while (end > 0 && (bytes[end]! & 0b1100_0000) === 0b1000_0000) end--;
  return bytes.subarray(0, end).toString('utf8');
}

const fences = /^`{3,}/gm;

/** The fence that is open at the end of the text; empty when none is. */
function openFence(markdown: string): string {
  let open = '';
  for (const [fence] of markdown.matchAll(fences)) {
    if (open === '') open = fence;
    else if (fence.length >= open.length) open = '';
  }
  return open;
}
