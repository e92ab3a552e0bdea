// Which buttons stand above a log?

import { showHelp } from './log-keys.js';
import { button } from './log-search.js';
import { setting } from './log-settings.js';

/** In the place of the links that the server rendered, which it keeps. */
export function logTools(element, actions) {
  const bar = document.createElement('div');
  bar.className = 'tools';
  bar.setAttribute('role', 'group');
  bar.setAttribute('aria-label', 'Tools of this log');
  const tool = (text, name, action) => {
    const made = button(text, name, action);
    bar.append(made);
    return made;
  };
  tool('Search', 'Search all lines (/)', actions.search);
  const firstError = tool('First error', 'Jump to the first error (e)', actions.firstError);
  tool('Top', 'Jump to the top (g)', actions.top);
  tool('End', 'Jump to the end (G)', actions.end);
  tool('Line …', 'Go to a line (l)', actions.line);
  const fold = tool('Fold all', 'Fold or unfold all groups (z)', actions.fold);
  const times = tool('Times', 'Times of the lines (t)', actions.times);
  const wrap = tool('Wrap', 'Wrap long lines (w)', actions.wrap);
  const follow = tool('Follow', 'Follow what is being written (f)', actions.follow);
  tool('Keys', 'All keys (?)', showHelp);
  const links = element.querySelector('.links');
  bar.append(...links.childNodes);
  links.replaceWith(bar);
  const newLines = button('Follow ↓', 'Follow what is being written (f)', actions.follow);
  newLines.className = 'new-lines';
  newLines.hidden = true;
  element.append(newLines);

  return {
    bar,
    show({ model, following, fresh, mayHaveFailed }) {
      const { groups, firstError: error } = model.outline;
      firstError.hidden = error === null && !mayHaveFailed;
      fold.hidden = groups.length === 0;
      fold.textContent = groups.length > 0 && groups.every((group) => model.isFolded(group)) ? 'Unfold all' : 'Fold all';
      times.textContent = { off: 'Times', relative: 'Times: since start', absolute: 'Times: of day' }[setting('times')];
      times.setAttribute('aria-pressed', String(setting('times') !== 'off'));
      wrap.setAttribute('aria-pressed', String(setting('wrap')));
      follow.hidden = model.complete;
      follow.setAttribute('aria-pressed', String(following));
      newLines.hidden = model.complete || following;
      newLines.textContent = fresh > 0 ? `Follow ↓ ${fresh} new ${fresh === 1 ? 'line' : 'lines'}` : 'Follow ↓';
    },
  };
}

/** `then(from, to)` with what somebody has typed, if anything. */
export function askForLines(total, closed, then) {
  const dialog = document.createElement('dialog');
  dialog.className = 'keys';
  dialog.setAttribute('aria-label', 'Go to a line');
  const form = document.createElement('form');
  form.method = 'dialog';
  const label = document.createElement('label');
  const input = Object.assign(document.createElement('input'), { inputMode: 'numeric', pattern: '\\d{1,12}(-\\d{1,12})?', required: true, placeholder: `1 to ${total}` });
  label.append('Line, or lines as 10-20 ', input);
  form.append(label, ' ', Object.assign(document.createElement('button'), { textContent: 'Go' }));
  form.addEventListener('submit', () => {
    const [one, other = one] = input.value.split('-').map((number) => Math.max(1, Number(number)));
    then(Math.min(one, other), Math.max(one, other));
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    closed();
  });
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
}
