// How does a person look at one log? Rows near the window, tools above them, and what is written now at the end.

import { pointTo } from './log-address.js';
import { followLog } from './log-connection.js';
import { touched } from './log-keys.js';
import { logModel } from './log-model.js';
import { rowDrawer } from './log-row.js';
import { logRows } from './log-rows.js';
import { logSearch } from './log-search.js';
import { change, nextOf, setting, whenChanged } from './log-settings.js';
import { askForLines, logTools } from './log-tools.js';

const outlineEveryMs = 3000;
/** What may begin or end a group. */
const header = /^(?:(?:---|\+\+\+|~~~) |::(?:end)?group::|##\[(?:end)?group\])/;
const failures = ['failed', 'timed-out', 'broken'];

/** `element` is what the server rendered; `ended()` is called when the last line has come. */
export function logViewer(element, { pointed, ended }) {
  const { dataset } = element;
  const box = element.querySelector('.log');
  const said = element.querySelector('.said');
  const anchor = dataset.anchor ?? null;
  const model = logModel(dataset.log, dataset.attempt, redraw);
  let numbering = 0;
  model.total = Number(dataset.total);
  model.complete = 'complete' in dataset;
  const started = dataset.started === '' ? null : Number(dataset.started);
  let marked = null;
  let error = null;
  let following = !model.complete;
  let pausedAt = 0;
  let outlineAt = 0;
  let outlineTimer;
  let lastHeader = 0;
  /** Nobody has chosen yet where to look. */
  let untouched = true;

  takeServersLines();
  element.classList.add('on');
  if (element.matches('.whole')) document.body.classList.add('whole-log');
  const rows = logRows(box, {
    count: () => model.rows,
    key: (row) => model.lineAt(row),
    rowOf: (line) => model.rowOf(line),
    draw: rowDrawer(model, {
      started,
      isMarked: (line) => marked !== null && line >= marked.from && line <= marked.to,
      isError: (line) => line === error,
      isMatch: (line) => search.isMatch(line),
      isCurrent: (line) => search.isCurrent(line),
      fold(group) {
        model.fold(group.line, !model.isFolded(group));
        pause();
        renumber();
      },
    }),
    shown(ahead) {
      model.want(rows.elements.keys(), ahead.map((row) => model.lineAt(row)));
      search.mark(rows.elements);
      Object.assign(dataset, { total: model.total, pages: model.pages });
    },
    moved(down) {
      touched(viewer);
      untouched = false;
      if (model.complete) return;
      if (following && !down && !rows.isAtEnd()) pause();
      else if (!following && rows.isAtEnd()) resume();
    },
  });

  const tools = logTools(element, {
    search: () => search.open(),
    firstError: () => viewer.toFirstError(),
    top: () => viewer.toTop(),
    end: () => viewer.toEnd(),
    line: () => viewer.askLine(),
    fold: () => viewer.foldAll(),
    times: () => viewer.nextTimes(),
    wrap: () => viewer.toggleWrap(),
    follow: () => viewer.follow(),
  });

  const viewer = {
    element,
    model,
    get search() {
      return search;
    },
    focus: () => (touched(viewer), box.focus({ preventScroll: true })),
    redraw,
    topLine: () => (model.rows === 0 ? 1 : model.lineAt(rows.topRow)),
    reveal,
    /** Marks the lines of a link, and shows them. */
    point(from, to) {
      marked = { from, to };
      if (from > model.total && model.complete) said.textContent = `this log has only ${model.total} lines`;
      reveal(from);
    },
    toTop() {
      pause();
      rows.toRow(0);
    },
    toEnd() {
      if (model.complete) pause(), rows.toEnd();
      else resume();
    },
    async toFirstError() {
      if (model.outline.total < model.total) await model.loadOutline();
      error = model.outline.firstError ?? null;
      if (error === null) said.textContent = 'no line looks like an error';
      else reveal(error);
      renderTools();
    },
    askLine,
    follow() {
      if (model.complete) rows.toEnd();
      else if (following) pause();
      else resume();
    },
    nextTimes: () => change('times', nextOf('times')),
    toggleWrap: () => change('wrap', nextOf('wrap')),
    foldAll() {
      const { groups } = model.outline;
      model.foldAll(!groups.every((group) => model.isFolded(group)));
      renumber();
    },
    stop() {
      model.stop();
      disconnect?.();
      forgetSettings();
    },
  };
  const search = logSearch(tools.bar, viewer);
  tools.bar.append(said);

  box.addEventListener('click', (event) => {
    touched(viewer);
    const row = event.target;
    if (!row.matches?.('.l[data-n]') || event.clientX > row.querySelector('.t').getBoundingClientRect().left) return;
    linkTo(Number(row.dataset.n), event.shiftKey);
  });
  box.addEventListener('focusin', () => touched(viewer));

  const startsAtEnd = following || failures.includes(dataset.status);
  const applySettings = () => {
    box.classList.toggle('wrapped', setting('wrap'));
    box.classList.toggle('timed', setting('times') !== 'off');
    box.classList.toggle('of-day', setting('times') === 'absolute');
    rows.wrap(setting('wrap'));
    if (following || (startsAtEnd && untouched)) rows.toEnd();
    renderTools();
  };
  const forgetSettings = whenChanged(applySettings);
  applySettings();

  let disconnect = model.complete ? null : connect();
  begin();
  return viewer;

  /** Where somebody who comes wants to be. */
  async function begin() {
    const asked = pointed ?? lineOfQuery();
    if (asked !== null) {
      pause();
      if (asked.from > model.total) await knowTotal();
      if (asked.marks === false) reveal(asked.from);
      else viewer.point(asked.from, asked.to);
    }
    if (model.total > 0 || model.complete) await loadOutline();
    if (asked === null && untouched && model.complete && failures.includes(dataset.status)) {
      error = model.outline.firstError ?? null;
      if (error === null) rows.toEnd();
      else reveal(error);
    }
    renderTools();
  }

  async function knowTotal() {
    model.grow((await model.ask('lines', { from: 1, count: 1 }).catch(() => null))?.total ?? 0);
  }

  function lineOfQuery() {
    const line = anchor === null && Number(new URL(location.href).searchParams.get('line'));
    return line > 1 ? { from: line, to: line, marks: false } : null;
  }

  function takeServersLines() {
    for (const line of box.querySelectorAll('.l[data-n]')) {
      const n = Number(line.dataset.n);
      model.grow(n);
      // Safe: the server made it so. Partial: it has neither its time nor, perhaps, its end.
      model.put(n, { html: line.innerHTML, partial: true });
    }
  }

  function reveal(line) {
    if (model.reveal(line)) renumber();
    pause();
    rows.toRow(model.rowOf(Math.min(line, Math.max(1, model.total))));
  }

  function redraw() {
    if (model.numbering === numbering) rows.show();
    else renumber();
  }

  function renumber() {
    ({ numbering } = model);
    box.style.setProperty('--digits', String(model.total).length);
    rows.renumbered();
    if (following) rows.toEnd();
    renderTools();
  }

  function renderTools() {
    tools.show({ model, following, fresh: model.total - pausedAt, mayHaveFailed: failures.includes(dataset.status) });
  }

  function pause() {
    untouched = false;
    if (following) pausedAt = model.total;
    following = false;
    renderTools();
  }

  function resume() {
    untouched = false;
    following = true;
    rows.toEnd();
    renderTools();
  }

  function linkTo(line, extends_) {
    const from = extends_ && marked ? Math.min(marked.from, line) : line;
    const to = extends_ && marked ? Math.max(marked.from, line) : line;
    marked = extends_ && marked ? { from, to } : { from: line, to: line };
    pointTo(anchor, from, to, { attempt: dataset.attempt, ...(anchor?.includes('slice') === false && { slice: dataset.slice }) });
    rows.show();
  }

  /** By keyboard what a click on a number does. */
  function askLine() {
    askForLines(model.total, viewer.focus, (from, to) => {
      linkTo(from, false);
      if (to > from) linkTo(to, true);
      reveal(from);
    });
  }

  async function loadOutline() {
    outlineAt = performance.now();
    await model.loadOutline(!model.complete && !following);
  }

  /** A group has begun or ended on this line: when it is stored, the server knows. */
  function outlineSoon(line) {
    lastHeader = Math.max(lastHeader, line);
    if (outlineTimer !== undefined) return;
    outlineTimer = setTimeout(async () => {
      await loadOutline();
      outlineTimer = undefined;
      if (!model.complete && model.outline.total < lastHeader) outlineSoon(lastHeader);
    }, Math.max(1000, outlineAt + outlineEveryMs - performance.now()));
  }

  function connect() {
    let scheduled = false;
    let lastTook = 0;
    let problem;
    const show = () => {
      scheduled = false;
      const begun = performance.now();
      box.style.setProperty('--digits', String(model.total).length);
      if (following) rows.toEnd();
      else redraw(), renderTools();
      // A flood of lines leaves the browser most of its time to take them in; what is not shown in between is not missed.
      lastTook = performance.now() - begun;
    };
    const showSoon = () => {
      if (scheduled) return;
      scheduled = true;
      // A hidden page has no frames.
      if (document.hidden || lastTook > 20) setTimeout(show, Math.min(1000, Math.max(250, 3 * lastTook)));
      else requestAnimationFrame(show);
    };
    const add = (n, html, at) => {
      model.put(n, { html, at: at ?? model.get(n)?.at, group: false });
      model.grow(n);
      if (n === 1) model.firstAt ??= at;
      showSoon();
    };
    return followLog(`${dataset.log}/live?attempt=${dataset.attempt}`, {
      begin() {
        said.textContent = '';
        model.cameLive = true;
      },
      problem: (sentence) => (problem = sentence),
      line(n, html, at) {
        if (header.test(html)) outlineSoon(n);
        add(n, html, at);
      },
      open: (n, html, at) => html !== null && add(n, html, at),
      gap(line, lastLine, sentence) {
        model.gap(line, lastLine, sentence);
        showSoon();
      },
      away(isAway) {
        said.textContent = isAway ? 'The connection was lost; trying again …' : '';
        element.classList.toggle('away', isAway);
      },
      async end(complete) {
        element.classList.remove('away');
        said.textContent = problem ?? (complete ? `${model.total} ${model.total === 1 ? 'line' : 'lines'}` : 'The rest of this log was lost with its builder.');
        const wasFollowing = following;
        model.end();
        following = false;
        await loadOutline();
        renumber();
        if (wasFollowing) rows.toEnd();
        ended();
      },
    }, () => model.total);
  }
}
