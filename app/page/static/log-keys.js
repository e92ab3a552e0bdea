// Which keys does a reader of logs have?

const help = [
  ['/', 'search all lines, folded ones too'],
  ['n  N', 'next and previous match (Enter: next)'],
  ['e', 'first error'],
  ['g  G', 'top and end'],
  ['l', 'go to a line'],
  ['f', 'follow what is being written'],
  ['t', 'times: off, since the step began, of the day'],
  ['w', 'wrap long lines'],
  ['z', 'fold or unfold all groups'],
  ['[  ]', 'previous and next log on the page'],
  ['Escape', 'leave the search'],
  ['?', 'this help'],
];

const actions = {
  '/': (viewer) => viewer.search.open(),
  n: (viewer) => viewer.search.step(1),
  N: (viewer) => viewer.search.step(-1),
  e: (viewer) => viewer.toFirstError(),
  g: (viewer) => viewer.toTop(),
  G: (viewer) => viewer.toEnd(),
  l: (viewer) => viewer.askLine(),
  f: (viewer) => viewer.follow(),
  t: (viewer) => viewer.nextTimes(),
  w: (viewer) => viewer.toggleWrap(),
  z: (viewer) => viewer.foldAll(),
  Escape: (viewer) => viewer.search.close(),
  Enter: (viewer) => viewer.search.step(1),
};

/** These two have other meanings where nothing is searched for. */
const isOfSearch = (key) => key === 'Escape' || key === 'Enter';

/** `viewers()`: those that can be seen, in the order of the page. */
export function listenForKeys(viewers) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector('dialog[open]')) return;
    const all = viewers();
    const active = activeOf(all);
    if (event.key === '?') showHelp();
    else if (event.key === '[' || event.key === ']') move(all, active, event.key === ']' ? 1 : -1);
    else if (active && Object.hasOwn(actions, event.key)) {
      if (isOfSearch(event.key) && !(active.search.isOpen && event.target.matches('.log'))) return;
      actions[event.key](active);
    } else return;
    event.preventDefault();
  });
}

/** The one that has the focus; else the one that had it last, the only one, or the first that stands in the window. */
let latest = null;
export const touched = (viewer) => (latest = viewer);

function activeOf(all) {
  const focused = all.find(({ element }) => element.contains(document.activeElement));
  if (focused) return focused;
  if (all.includes(latest)) return latest;
  return all.find(({ element }) => element.getBoundingClientRect().bottom > 80) ?? all.at(-1);
}

function move(all, active, by) {
  if (all.length === 0) return;
  const next = all[(all.indexOf(active) + by + all.length) % all.length];
  next.focus();
  next.element.scrollIntoView({ block: 'nearest' });
}

const isTyping = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

let dialog;

export function showHelp() {
  if (!dialog) {
    dialog = document.createElement('dialog');
    dialog.className = 'keys';
    dialog.setAttribute('aria-labelledby', 'keys-of-logs');
    const heading = document.createElement('h2');
    heading.id = 'keys-of-logs';
    heading.textContent = 'Keys';
    const list = document.createElement('dl');
    for (const [keys, meaning] of help) {
      const [name, text] = [document.createElement('dt'), document.createElement('dd')];
      for (const key of keys.split('  ')) name.append(Object.assign(document.createElement('kbd'), { textContent: key }), ' ');
      text.textContent = meaning;
      list.append(name, text);
    }
    const note = document.createElement('p');
    note.className = 'quiet';
    note.textContent = 'A click on a line’s number puts a link to it into the address; with Shift, a link to all lines from the first to this one.';
    const close = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Close' });
    close.addEventListener('click', () => dialog.close());
    dialog.append(heading, list, note, close);
    document.body.append(dialog);
  }
  dialog.showModal();
}
