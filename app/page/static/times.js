// Times in the reader's own zone, and such that go on: `<time>`, `data-ago` (how long ago), `data-since` (how long already).

const tickEveryMs = 1000;
/** A clock that is so far off is told apart from a slow answer. */
const notableMs = 3000;
let aheadMs = 0;

export function localTimes(root) {
  for (const time of root.querySelectorAll('time')) {
    const date = new Date(time.dateTime);
    time.title = time.dateTime;
    setText(time, date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }));
  }
}

/** What goes on by itself is brought to now, without asking anybody. */
export function tick(root) {
  const now = Date.now() + aheadMs;
  for (const one of root.querySelectorAll('[data-since]')) setText(one, duration(now - Date.parse(one.dataset.since)));
  for (const one of root.querySelectorAll('[data-ago]')) setText(one, ago(now - Date.parse(one.dataset.ago)));
}

/** A page that says `data-now` may come from a machine whose clock goes differently. */
export function setClock(root) {
  const now = root.querySelector('[data-now]')?.dataset.now;
  if (now === undefined) return;
  const ahead = Number(now) - Date.now();
  aheadMs = Math.abs(ahead) < notableMs ? 0 : ahead;
}

export function keepTime() {
  setClock(document);
  localTimes(document);
  tick(document);
  setInterval(() => document.hidden || tick(document), tickEveryMs);
  document.addEventListener('visibilitychange', () => document.hidden || tick(document));
}

/** The node stays, and with it a selection that begins in it. */
function setText(element, text) {
  if (element.textContent === text) return;
  if (element.firstChild?.nodeType === Node.TEXT_NODE && element.childNodes.length === 1) element.firstChild.data = text;
  else element.textContent = text;
}

// As in app/page/words.ts and list-view.ts, in whole seconds.
function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

function ago(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  const days = Math.floor(minutes / (24 * 60));
  return days === 1 ? 'yesterday' : `${days} days ago`;
}
