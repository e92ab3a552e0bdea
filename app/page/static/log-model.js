// What do we know of a log's lines? A bounded number of pages of them, whichever were looked at or written last, and its outline.
//
// Lines count from 1. A row is a line that is not hidden: in a folded group, or in a gap behind its sentence.

export const pageLines = 500;
const mostPages = 40;
/** Lines may be long; in characters of HTML. */
const mostCharacters = 24_000_000;
const shortestPauseMs = 500;
const longestPauseMs = 30_000;

const firstOfGap = ({ line, head }) => (head ? line + 1 : line);
const pageOf = (line) => Math.floor((line - 1) / pageLines);

/** `path`: the step's. `changed()` is called when something that may be shown has come. */
export function logModel(path, attempt, changed) {
  const pages = new Map();
  let characters = 0;
  let pinned = [];
  let wanted = [];
  const loading = new Set();
  let gaps = [];
  let outline = { groups: [], firstError: null, total: 0 };
  let byLine = new Map();
  const folds = new Map();
  const unfoldWhenKnown = new Set();
  let hidden = [];
  const stopped = new AbortController();

  const model = {
    total: 0,
    /** Another number when rows have other lines. */
    numbering: 0,
    complete: false,
    /** Somebody has seen its end being written: it shall not be folded before their eyes. */
    cameLive: false,
    /** When the first line was written, as far as known. */
    firstAt: undefined,
    get pages() {
      return pages.size;
    },
    get outline() {
      return outline;
    },
    get rows() {
      const last = hidden.at(-1);
      return last ? model.total - last.before - (last.last - last.first + 1) : model.total;
    },
    get,
    put,
    grow(total) {
      if (total > model.total) model.total = total;
    },
    gap,
    lineAt,
    rowOf,
    group: (line) => byLine.get(line),
    isFolded,
    fold(line, folded) {
      folds.set(line, folded);
      hide();
    },
    foldAll(folded) {
      for (const { line } of outline.groups) folds.set(line, folded);
      hide();
    },
    reveal,
    want,
    loadOutline,
    ask,
    end() {
      model.complete = true;
      hide();
    },
    stop: () => stopped.abort(),
  };
  return model;

  function get(line) {
    const gapHere = gapAt(line);
    if (gapHere) return { gap: gapHere.sentence };
    return lineEntry(line);
  }

  function lineEntry(line) {
    return pages.get(pageOf(line))?.lines[(line - 1) % pageLines];
  }

  function put(line, entry) {
    const index = pageOf(line);
    let page = pages.get(index);
    if (!page) {
      page = { lines: [], characters: 0, retryAt: 0, pauseMs: shortestPauseMs };
      pages.set(index, page);
    }
    const at = (line - 1) % pageLines;
    const size = entry.html.length - (page.lines[at]?.html.length ?? 0);
    page.characters += size;
    characters += size;
    page.lines[at] = entry;
    if (gaps.length > 0) edgeOfGap(line);
    if (pages.size > mostPages || characters > mostCharacters) forget();
  }

  /** Those looked at last stay longest, and those in the window always. */
  function forget() {
    for (const [index, page] of pages) {
      if (pages.size <= mostPages && characters <= mostCharacters) return;
      if (pinned.includes(index) || index === pageOf(model.total)) continue;
      pages.delete(index);
      characters -= page.characters;
    }
  }

  function gap(line, lastLine, sentence) {
    let known = gaps.find((each) => each.sentence === sentence && line <= each.lastLine + 1 && lastLine >= each.line - 1);
    if (known) Object.assign(known, { line: Math.min(known.line, line), lastLine: Math.max(known.lastLine, lastLine) });
    else gaps.push((known = { line, lastLine, sentence, head: false, tail: false, asked: false }));
    gaps.sort((a, b) => a.line - b.line);
    model.grow(lastLine);
    for (const edge of [line, lastLine]) if (lineEntry(edge)) edgeOfGap(edge);
    hide();
  }

  /** Of a line at the edge of a gap a part may be left: then it is shown, and the gap's sentence stands on the others. */
  function edgeOfGap(line) {
    for (const each of gaps) {
      if (line === each.lastLine && !each.tail && each.lastLine > each.line) each.tail = true;
      else if (line === each.line && !each.head && each.lastLine - (each.tail ? 1 : 0) > each.line) each.head = true;
      else continue;
      hide();
    }
  }

  function gapAt(line) {
    return gaps.length === 0 ? undefined : gaps.find((each) => firstOfGap(each) === line);
  }

  function hide() {
    const ranges = gaps.map((each) => ({ first: firstOfGap(each) + 1, last: each.tail ? each.lastLine - 1 : each.lastLine }));
    for (const group of outline.groups) if (isFolded(group)) ranges.push({ first: group.line + 1, last: Math.min(lastOf(group), model.total) });
    ranges.sort((a, b) => a.first - b.first);
    hidden = [];
    for (const { first, last } of ranges) {
      if (last < first) continue;
      const before = hidden.at(-1);
      if (before && first <= before.last + 1) before.last = Math.max(before.last, last);
      else hidden.push({ first, last, before: 0 });
    }
    model.numbering += 1;
    let sum = 0;
    for (const range of hidden) {
      range.before = sum;
      sum += range.last - range.first + 1;
    }
  }

  /** What is being written belongs to the last group until the next one begins. */
  function lastOf(group) {
    return !model.complete && group.last >= outline.total ? model.total : group.last;
  }

  function isFolded(group) {
    const chosen = folds.get(group.line);
    if (chosen !== undefined) return chosen;
    return !group.open && ((model.complete && !model.cameLive) || group.last < outline.total);
  }

  function lineAt(row) {
    // The last hidden range that lies before the row.
    let [low, high] = [0, hidden.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (hidden[middle].first - 1 - hidden[middle].before <= row) low = middle + 1;
      else high = middle;
    }
    const range = hidden[low - 1];
    return row + 1 + (range ? range.before + range.last - range.first + 1 : 0);
  }

  /** Of a hidden line the row behind which it is. */
  function rowOf(line) {
    let [low, high] = [0, hidden.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (hidden[middle].first <= line) low = middle + 1;
      else high = middle;
    }
    const range = hidden[low - 1];
    if (!range) return line - 1;
    return line <= range.last ? range.first - 2 - range.before : line - 1 - range.before - (range.last - range.first + 1);
  }

  /** Opens the groups that the line is in, also when they become known only later. */
  function reveal(line) {
    unfoldWhenKnown.add(line);
    let opened = false;
    for (const group of outline.groups) {
      if (group.line >= line || lastOf(group) < line || !isFolded(group)) continue;
      folds.set(group.line, false);
      opened = true;
    }
    if (opened) hide();
    return opened;
  }

  /** These lines are in sight; `ahead` are some that will be. */
  function want(lines, ahead) {
    pinned = [...new Set(Array.from(lines, pageOf))];
    for (const index of pinned) {
      const page = pages.get(index);
      // Last in the map: looked at last.
      if (page) pages.delete(index), pages.set(index, page);
    }
    wanted = [...pinned, ...ahead.map(pageOf)].filter((index) => index >= 0 && index <= pageOf(Math.max(1, model.total)));
    pump();
  }

  function missingIn(index) {
    const page = pages.get(index);
    const end = Math.min(pageLines, model.total - index * pageLines);
    if (page && page.retryAt > performance.now()) return null;
    for (let i = 0; i < end; i += 1) {
      const line = index * pageLines + i + 1;
      if (page?.lines[i] === undefined && !inGap(line)) return line;
      if (page?.lines[i]?.partial && (line < model.total || model.complete)) return line;
    }
    return null;
  }

  function inGap(line) {
    return gaps.some((each) => firstOfGap(each) <= line && line <= (each.tail || !each.asked ? each.lastLine - 1 : each.lastLine));
  }

  function pump() {
    for (const index of wanted) {
      if (loading.size >= 2 || stopped.signal.aborted) return;
      if (loading.has(index)) continue;
      const line = missingIn(index);
      if (line === null) continue;
      loading.add(index);
      load(index, line).finally(() => {
        loading.delete(index);
        pump();
      });
    }
  }

  async function load(index, line) {
    const to = (index + 1) * pageLines;
    const answer = await ask('lines', { from: line, count: to - line + 1 }).catch(() => null);
    let news = false;
    const wasInGap = inGap(line);
    if (answer?.lines) {
      model.grow(answer.total);
      for (const { n, html, at, group } of answer.lines) {
        if (n > model.total) continue;
        const known = lineEntry(n);
        if (n === 1) model.firstAt ??= at;
        if (known && !known.partial) {
          known.at ??= at;
          continue;
        }
        put(n, { html, at, group, partial: !answer.complete && n === answer.total });
        news = true;
      }
      for (const each of answer.gaps) gap(each.line, each.lastLine, each.sentence);
      for (const each of gaps) if (line <= each.lastLine && each.lastLine <= to) each.asked = true;
      news ||= inGap(line) && !wasInGap;
    }
    if (!news) {
      // Not stored yet, or the server is away: again a little later.
      const page = pages.get(index) ?? { lines: [], characters: 0, retryAt: 0, pauseMs: shortestPauseMs };
      page.retryAt = performance.now() + page.pauseMs;
      if (!pages.has(index)) pages.set(index, page), forget();
      setTimeout(() => stopped.signal.aborted || pump(), page.pauseMs + 10);
      page.pauseMs = Math.min(page.pauseMs * 2, longestPauseMs);
      return;
    }
    changed();
  }

  /** `keep`: what is unfolded now stays so. */
  async function loadOutline(keep = false) {
    const answer = await ask('outline', {}).catch(() => null);
    if (!answer?.groups) return false;
    if (keep) for (const group of outline.groups) if (!isFolded(group)) folds.set(group.line, false);
    outline = answer;
    model.grow(answer.total);
    byLine = new Map(answer.groups.map((group) => [group.line, group]));
    for (const line of unfoldWhenKnown) for (const group of answer.groups) if (group.line < line && group.last >= line && !folds.has(group.line)) folds.set(group.line, false);
    hide();
    changed();
    return true;
  }

  /** One of the server's answers about this log; throws the sentence that it gives for what it cannot answer. */
  async function ask(what, query, signal = stopped.signal) {
    const answer = await fetch(`${path}/${what}?${new URLSearchParams({ attempt, ...query })}`, { signal });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.problem ?? 'The server does not answer.');
    return said;
  }
}
