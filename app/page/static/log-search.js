// Where in a log does a text stand? The server looks through all lines, folded ones too; the browser marks the text in those it shows.

const typingMs = 150;
const canMark = typeof Highlight === 'function' && 'highlights' in CSS;
const marks = canMark ? { match: new Highlight(), current: new Highlight() } : null;
if (marks) {
  marks.current.priority = 1;
  CSS.highlights.set('log-match', marks.match);
  CSS.highlights.set('log-current', marks.current);
}

/** `viewer`: its `model`, `reveal(line)`, `topLine()`, `redraw()`, `focus()`. */
export function logSearch(bar, viewer) {
  const { model } = viewer;
  const form = document.createElement('form');
  form.className = 'find';
  form.setAttribute('role', 'search');
  form.hidden = true;
  const text = field('search', 'Search this log');
  text.placeholder = 'Search all lines';
  const regex = toggle('.*', 'Regular expression');
  const exact = toggle('Aa', 'Upper and lower case differ');
  const said = document.createElement('output');
  const previous = button('↑', 'Previous match (N)', () => step(-1));
  const next = button('↓', 'Next match (n)', () => step(1));
  const leave = button('✕', 'Leave the search (Escape)', close);
  form.append(text, regex, exact, said, previous, next, leave);
  bar.append(form);

  let found = nothingFound();
  let [timer, asking] = [undefined, new AbortController()];
  let begunAt = 1;
  let ranges = [];

  text.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search, typingMs);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(timer);
    // Then n and N are at hand; the first match is shown already.
    viewer.focus();
    if (found.of !== query()) search();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
    else if (event.target === text && event.key === 'ArrowDown') step(1);
    else if (event.target === text && event.key === 'ArrowUp') step(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function nothingFound() {
    return { of: '', matches: [], set: new Set(), searched: 0, complete: true, at: -1, pattern: null };
  }

  const query = () => JSON.stringify([text.value, pressed(regex), pressed(exact)]);

  function open() {
    if (form.hidden) begunAt = viewer.topLine();
    form.hidden = false;
    text.focus();
    text.select();
  }

  function close() {
    if (form.hidden) return;
    clearTimeout(timer);
    asking.abort();
    form.hidden = true;
    found = nothingFound();
    said.textContent = '';
    viewer.redraw();
    viewer.focus();
  }

  async function search() {
    asking.abort();
    asking = new AbortController();
    found = nothingFound();
    found.of = query();
    if (text.value === '') {
      said.textContent = '';
      return viewer.redraw();
    }
    said.textContent = 'searching …';
    if (!(await more(1))) return;
    if (found.matches.length > 0) {
      const from = found.matches.findIndex((line) => line >= begunAt);
      go(from === -1 ? 0 : from);
    }
    say();
    viewer.redraw();
  }

  /** From this line on; false when there is nothing to say. */
  async function more(from) {
    const { of } = found;
    const { signal } = asking;
    const asked = { q: text.value, from, ...(pressed(regex) && { regex: 1 }), ...(pressed(exact) && { case: 1 }) };
    try {
      const answer = await model.ask('search', asked, signal);
      if (signal.aborted || found.of !== of) return false;
      const fresh = answer.matches.filter((line) => !found.set.has(line));
      found.matches.push(...fresh);
      for (const line of fresh) found.set.add(line);
      Object.assign(found, { searched: answer.searched, complete: answer.complete && !answer.more, more: answer.more, pattern: patternOf(asked), problem: answer.problem });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      said.textContent = error instanceof Error ? error.message : 'The search failed.';
      viewer.redraw();
      return false;
    }
  }

  async function step(by) {
    if (form.hidden) return open();
    if (found.of !== query()) return search();
    // Behind the last match there may be lines that have come since, or that were too many.
    if (by > 0 && found.at >= found.matches.length - 1 && (!found.complete || model.total > found.searched)) {
      const known = found.matches.length;
      await more(found.searched + 1);
      if (found.matches.length > known) return go(known), say();
    }
    const { length } = found.matches;
    if (length === 0) return;
    go((found.at + by + length) % length);
    say();
  }

  function go(index) {
    found.at = index;
    viewer.reveal(found.matches[index]);
  }

  function say() {
    const { length } = found.matches;
    said.textContent = (length === 0 ? 'no match' : `${found.at + 1} of ${length}${found.more ? '+' : ''}`) + (found.problem ? ` (${found.problem})` : '');
  }

  /** Marks the text in the rows that are in the document: ranges over their text, so that their HTML stays as it is. */
  function mark(elements) {
    if (!marks) return;
    for (const range of ranges) marks.match.delete(range), marks.current.delete(range);
    ranges = [];
    if (found.pattern === null) return;
    for (const [line, element] of elements) {
      if (!found.set.has(line)) continue;
      for (const range of rangesIn(element.querySelector('.t'), found.pattern)) {
        ranges.push(range);
        (line === found.matches[found.at] ? marks.current : marks.match).add(range);
      }
    }
  }

  function toggle(label, name) {
    const element = button(label, name, () => {
      element.setAttribute('aria-pressed', String(!pressed(element)));
      search();
    });
    element.setAttribute('aria-pressed', 'false');
    return element;
  }

  return { open, close, step, mark, get isOpen() { return !form.hidden; }, isMatch: (line) => found.set.has(line), isCurrent: (line) => line === found.matches[found.at] };
}

const pressed = (element) => element.getAttribute('aria-pressed') === 'true';

/** Null where the browser does not know the expression: then the row alone is marked. */
function patternOf({ q, regex, case: exact }) {
  try {
    return new RegExp(regex ? q : q.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), exact ? 'g' : 'gi');
  } catch {
    return null;
  }
}

function rangesIn(element, pattern) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  let text = '';
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    nodes.push({ node, from: text.length });
    text += node.data;
  }
  const found = [];
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (match === '' || found.length === 200) break;
    const [start, end] = [place(nodes, index), place(nodes, index + match.length)];
    const range = document.createRange();
    range.setStart(start.node, index - start.from);
    range.setEnd(end.node, index + match.length - end.from);
    found.push(range);
  }
  return found;
}

const place = (nodes, at) => nodes.findLast(({ from }) => from < at) ?? nodes[0];

function field(type, name) {
  const input = document.createElement('input');
  input.type = type;
  input.setAttribute('aria-label', name);
  input.autocomplete = 'off';
  input.spellcheck = false;
  return input;
}

export function button(text, name, action) {
  const element = document.createElement('button');
  element.type = 'button';
  element.textContent = text;
  element.title = name;
  if (text.length <= 2) element.setAttribute('aria-label', name);
  element.addEventListener('click', action);
  return element;
}
