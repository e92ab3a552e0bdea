// How does the page of a job show logs? Each one that is open follows its WebSocket.

import { AnsiUp } from './ansi_up.js';
import { logLines, mostLines } from './log-lines.js';
import { adoptBy, refreshSoon } from './refresh.js';

const shortestPauseMs = 300;
const longestPauseMs = 5000;

const followed = new WeakSet();

for (const step of document.querySelectorAll('details[data-live]')) watch(step);
adoptBy((main, freshMain) => {
  const steps = main.querySelector('#steps');
  main.querySelector('#head').replaceWith(freshMain.querySelector('#head'));
  for (const step of freshMain.querySelectorAll('details.step')) refreshStep(steps, step);
});

/** Follows the step's log from the moment somebody opens it. */
function watch(step) {
  const followOnce = () => {
    if (!step.open || followed.has(step)) return;
    followed.add(step);
    follow(step);
  };
  step.addEventListener('toggle', followOnce);
  followOnce();
}

function follow(step) {
  const said = step.querySelector('.said');
  const view = logView(step.querySelector('.log'), said);
  let next = null;
  let pauseMs = shortestPauseMs;

  const connect = () => {
    const url = new URL(step.dataset.live, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    // The first time the last lines; after a lost connection whatever came after the last byte that we have.
    if (next === null) url.searchParams.set('lines', mostLines);
    else url.searchParams.set('from', next);
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    let ended = false;
    socket.onmessage = ({ data }) => {
      pauseMs = shortestPauseMs;
      if (typeof data !== 'string') {
        next += data.byteLength;
        return view.add(data);
      }
      const frame = JSON.parse(data);
      if ('gap' in frame) {
        next = frame.until;
        view.gap(frame.gap, frame.line);
      } else if ('complete' in frame) {
        ended = true;
        view.end(frame.complete);
        refreshSoon();
      } else if (next === null) {
        next = frame.from;
        view.begin(frame.line);
      } else {
        view.sayCount();
      }
    };
    socket.onclose = () => {
      if (ended) return;
      said.textContent = 'The connection was lost; trying again …';
      setTimeout(connect, pauseMs * (0.5 + Math.random()));
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
  };
  connect();
}

/** Shows the last lines of a log in the box, in as many steps as the browser has frames. */
function logView(box, said) {
  let lines, decoder, number, openElement;
  let scheduled = false;
  let waiting = [];
  let openHtml = null;
  let all = 0;
  let lastTook = 0;

  const restart = (line) => {
    const ansi = new AnsiUp();
    ansi.use_classes = true;
    lines = logLines(ansi);
    decoder = new TextDecoder();
    number = line;
  };
  const element = (name, n) => {
    const div = document.createElement('div');
    div.className = name;
    if (n) div.dataset.n = n;
    return div;
  };
  const lineElement = (line) => {
    const div = element(line.gap ? 'gap' : 'l', line.n);
    if (line.gap) div.textContent = line.gap;
    // Safe: logLines answers what AnsiUp has escaped.
    else div.innerHTML = line.html;
    return div;
  };

  const show = () => {
    const begun = performance.now();
    const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
    openElement?.remove();
    openElement = undefined;
    if (waiting.length > mostLines) waiting = waiting.slice(-mostLines);
    box.append(...waiting.map(lineElement));
    waiting = [];
    if (openHtml !== null) box.append((openElement = lineElement({ html: openHtml, n: number })));
    while (box.childElementCount > mostLines) box.firstElementChild.remove();
    if (atEnd) box.scrollTop = box.scrollHeight;
    sayCount();
    // A flood of lines leaves the browser most of its time to take them in; what is not shown in between is not missed.
    lastTook = performance.now() - begun;
  };
  const showSoon = () => {
    if (scheduled) return;
    scheduled = true;
    const showThen = () => {
      scheduled = false;
      show();
    };
    // A hidden page has no frames.
    if (document.hidden || lastTook > 20) setTimeout(showThen, Math.min(1000, Math.max(250, 3 * lastTook)));
    else requestAnimationFrame(showThen);
  };
  const sayCount = () => {
    if (number == null) said.textContent = 'the last lines';
    else said.textContent = all > mostLines || number - 1 > all ? `the last ${Math.min(all, mostLines)} of ${number - 1} lines` : '';
  };

  return {
    begin(line) {
      box.replaceChildren();
      restart(line);
      box.scrollTop = box.scrollHeight;
    },
    add(bytes) {
      const fed = lines.feed(decoder.decode(bytes, { stream: true }));
      for (const html of fed.ended) waiting.push({ html, n: number == null ? null : number++ });
      if (waiting.length > 4 * mostLines) waiting = waiting.slice(-mostLines);
      all += fed.ended.length;
      openHtml = fed.open;
      showSoon();
    },
    gap(sentence, line) {
      if (openHtml !== null) waiting.push({ html: openHtml, n: number });
      openHtml = null;
      waiting.push({ gap: sentence });
      restart(line);
      showSoon();
    },
    end(complete) {
      if (!complete) waiting.push({ gap: 'The rest of this log was lost with its builder.' });
      showSoon();
    },
    sayCount,
  };
}

function refreshStep(steps, fresh) {
  const step = document.getElementById(fresh.id);
  if (!step) steps.append(fresh);
  else if (step.dataset.live !== fresh.dataset.live) step.replaceWith(fresh);
  else {
    step.dataset.status = fresh.dataset.status;
    step.querySelector('summary').replaceChildren(...fresh.querySelector('summary').childNodes);
    const [reason, freshReason] = [step.querySelector('.reason'), fresh.querySelector('.reason')];
    if (freshReason && !reason) step.querySelector('summary').after(freshReason);
    return;
  }
  if (fresh.dataset.live) watch(fresh);
}
