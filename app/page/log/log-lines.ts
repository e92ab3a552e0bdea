// How does a log's text become lines of HTML? The server and the browser both ask here: the browser gets this file with its types removed.

/** What a page shows of a log at most: its last lines. */
export const mostLines = 5000;
/** What is shown of a line, in characters. */
export const longestLine = 5000;

/** Turns text with colours into safe HTML; AnsiUp does. Its colours go on from call to call. */
export type Ansi = { ansi_to_html(text: string): string };

export type LogLines = {
  /** The lines that ended with this text, as HTML, and the one that has not ended yet (null when there is none). */
  feed(text: string): { ended: string[]; open: string | null };
};

/** Takes a log's text piece by piece. Keeps the end of one line in memory, however long the log and its lines are. */
export function logLines(ansi: Ansi): LogLines {
  let open = '';
  return {
    feed(text) {
      const pieces = text.split('\n');
      const ended: string[] = [];
      for (const [i, piece] of pieces.entries()) {
        open = shorten(open + piece);
        if (i === pieces.length - 1) continue;
        ended.push(ansi.ansi_to_html(visible(open)));
        open = '';
      }
      return { ended, open: open === '' ? null : lookAhead(ansi, visible(open)) };
    },
  };
}

/**
 * The same text as it reads on the page: as many lines, without colours and whatever else a terminal keeps to itself. A line beyond
 * `longestLine` is whole. Takes any number of lines at once, in time that grows with their length alone.
 */
export function plainLines(text: string): string {
  if (!special.test(text)) return text;
  const ended = text.includes('\r') ? text.replace(/(?<!\r)\r+(?=\n|$)/g, '') : text;
  const settled = ended.includes('\r') ? ended.replace(/(?<![^\n])[^\n]*\r/g, '') : ended;
  return settled.replace(sequence, '').replace(unseen, '');
}

// The only sequences that have a meaning in a log: colours.
const colour = /\x1b\[[\d;]*m/g;
// Colours, cursor movement, titles, links, character sets; also what only begins like one, up to the end of the line.
const sequence = /\x1b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]+[0-~]?|[0-Z\\`-~])?/g;
// Control characters but tab and what begins a colour; marks that turn the direction of the text around.
const unseen = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const special = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** A terminal shows of a line what follows its last carriage return; colours that were set before hold on. */
function overwritten(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  const text = line.slice(0, end);
  const start = text.lastIndexOf('\r') + 1;
  return start === 0 ? text : coloursOf(text.slice(0, start)) + text.slice(start);
}

/** Of a line without end only the beginning is kept; whatever it goes on with, a carriage return begins it anew. */
export function shorten(line: string): string {
  if (line.length <= 4 * longestLine) return line;
  const text = line.endsWith('\r') ? `${overwritten(line)}\r` : overwritten(line);
  return text.length <= 4 * longestLine ? text : text.slice(0, 4 * longestLine - 1);
}

function visible(line: string): string {
  const text = overwritten(line)
    .replace(sequence, (found) => (/^\x1b\[[\d;]*m$/.test(found) ? found : ''))
    .replace(unseen, '');
  if (text.length <= longestLine) return text;
  const rest = text.slice(longestLine);
  return `${text.slice(0, longestLine).replace(/\x1b[^m]*$/, '')} … (a line of more than ${longestLine} characters)${coloursOf(rest)}`;
}

/** Only the last few can matter, and no line shall carry thousands. */
const coloursOf = (text: string): string => (text.match(colour) ?? []).slice(-8).join('');

/** The HTML of a line that will be asked for again: colours stand afterwards as before. */
function lookAhead(ansi: Ansi, text: string): string {
  const before = { ...ansi };
  const html = ansi.ansi_to_html(text);
  Object.assign(ansi, before);
  return html;
}
