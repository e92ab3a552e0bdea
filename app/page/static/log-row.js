// What does one row of a log look like?

import { button } from './log-search.js';
import { setting } from './log-settings.js';

/**
 * `port`: when the step `started` (null: not known), `isMarked`, `isError`, `isMatch` and `isCurrent` of a line, and `fold(group)`.
 * Answers a function that draws a row anew, or for the first time; what has not changed it leaves alone.
 */
export function rowDrawer(model, port) {
  return (row, known) => {
    const line = model.lineAt(row);
    const entry = model.get(line);
    const group = model.group(line);
    const state = [
      entry === undefined && 'waiting',
      port.isMarked(line) && 'marked',
      port.isError(line) && 'error',
      port.isMatch(line) && 'hit',
      port.isCurrent(line) && 'current',
      (group || entry?.group) && 'header',
      group && model.isFolded(group) && 'folded',
    ].filter(Boolean).join(' ');
    const time = setting('times') === 'off' || entry?.at === undefined ? '' : timeOf(entry.at);
    if (known && known.html === entry?.html && known.gap === entry?.gap && known.state === state && known.time === time && known.group === group) return known;
    const element = known ?? document.createElement('div');
    if (entry?.gap === undefined) drawLine(element, line, entry, state, time, group);
    else drawGap(element, entry.gap);
    return Object.assign(element, { html: entry?.html, gap: entry?.gap, state, time, group });
  };

  function drawGap(element, sentence) {
    element.className = 'gap';
    element.textContent = sentence;
    delete element.dataset.n;
  }

  function drawLine(element, line, entry, state, time, group) {
    element.className = `l ${state}`.trim();
    element.dataset.n = line;
    if (time === '') delete element.dataset.at;
    else element.dataset.at = time;
    let text = element.querySelector('.t');
    if (!text) {
      text = document.createElement('span');
      text.className = 't';
      element.replaceChildren(text);
    }
    // Safe: the server and logLines answer what AnsiUp has escaped.
    if (element.html !== entry?.html) text.innerHTML = entry?.html ?? '';
    drawFold(element, group);
  }

  function drawFold(element, group) {
    let made = element.querySelector('.fold');
    if (!group) return made?.remove();
    const folded = model.isFolded(group);
    if (!made) {
      made = button('', '', () => port.fold(element.group));
      made.className = 'fold';
      element.prepend(made);
    }
    const name = `${folded ? 'Unfold' : 'Fold'} lines ${group.line + 1} to ${group.last}`;
    made.setAttribute('aria-expanded', String(!folded));
    made.setAttribute('aria-label', name);
    made.title = name;
    made.dataset.lines = folded ? `${group.last - group.line} lines` : '';
  }

  function timeOf(at) {
    const start = port.started ?? model.firstAt;
    if (setting('times') === 'absolute' || start === undefined) {
      const date = new Date(at);
      return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
    }
    const tenths = Math.max(0, Math.floor((at - start) / 100));
    const [hours, minutes, seconds] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, ((tenths % 600) / 10).toFixed(1).padStart(4, '0')];
    return hours === 0 ? `${minutes}:${seconds}` : `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`;
  }
}
