// How do the bytes of a log arrive while it is written? Over a WebSocket that goes on after a break with the byte after the last one.

import { AnsiUp } from './ansi_up.js';
import { logLines } from './log-lines.js';

const shortestPauseMs = 100;
const longestPauseMs = 5000;
/** What comes at first: a window full of lines, and some to scroll back to at once. */
const firstLines = 500;
/** Line ends within the last bytes that the server sends cannot be counted when lines are this long. */
const fewerLines = 1;

/**
 * `sink`: `begin(line)` once, then `line(n, html, at)` of each that has ended, `open(n, html | null, at)` of the one that has not,
 * `gap(line, lastLine, sentence)`, `problem(sentence)`, `away(isAway)`,
 * `end(complete)`. `countLines()` says how many the log has as far as known. Answers a function that ends it.
 */
export function followLog(url, sink, countLines) {
  let [lines, decoder, number] = [null, null, null];
  let next = null;
  let pauseMs = shortestPauseMs;
  let wanted = firstLines;
  let at;
  let [socket, over, timer] = [null, false, undefined];

  const restart = (line) => {
    const ansi = new AnsiUp();
    ansi.use_classes = true;
    lines = logLines(ansi);
    decoder = new TextDecoder();
    number = line;
  };
  const begin = async (frame, mine) => {
    if (frame.line === null && wanted > fewerLines) {
      wanted = fewerLines;
      mine.close();
      return connect();
    }
    next = frame.from;
    // Of a line that began long ago: the last one.
    restart(frame.line ?? Math.max(1, countLines()));
    sink.begin(number);
  };
  const take = (data) => {
    next += data.byteLength;
    const fed = lines.feed(decoder.decode(data, { stream: true }));
    for (const html of fed.ended) sink.line(number++, html, at);
    sink.open(number, fed.open, at);
  };

  function connect() {
    const to = new URL(url, location.href);
    to.protocol = to.protocol.replace('http', 'ws');
    if (next === null) to.searchParams.set('lines', wanted);
    else to.searchParams.set('from', next);
    const mine = (socket = new WebSocket(to));
    mine.binaryType = 'arraybuffer';
    let begun = next !== null;
    mine.onmessage = ({ data }) => {
      if (mine !== socket || over) return;
      pauseMs = shortestPauseMs;
      if (typeof data !== 'string') return take(data);
      const frame = JSON.parse(data);
      if ('at' in frame) at = frame.at;
      else if ('problem' in frame) sink.problem(frame.problem);
      else if ('gap' in frame) {
        next = frame.until;
        sink.gap(number, frame.line, frame.gap);
        restart(frame.line);
      } else if ('complete' in frame) {
        over = true;
        sink.end(frame.complete);
      } else if (!begun) {
        begun = true;
        begin(frame, mine);
      } else sink.away(false);
    };
    mine.onclose = () => {
      if (mine !== socket || over) return;
      sink.away(true);
      timer = setTimeout(connect, pauseMs * (0.5 + Math.random()));
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
  }
  connect();
  return () => {
    over = true;
    clearTimeout(timer);
    socket.close();
  };
}
