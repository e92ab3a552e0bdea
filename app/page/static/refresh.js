// How does a page keep up with what runs? It asks for itself again and again, and takes over what has changed.

import { morph } from './morph.js';
import { localTimes, setClock, tick } from './times.js';

const everyMs = 2000;
const hiddenEveryMs = 15_000;
const longestPauseMs = 30_000;
const patienceMs = 15_000;

let timer;
let adopt = morph;
let etag = null;
let failures = 0;
/** Set where a sign-in or a missing page stands in the way: asking goes on, but slowly. */
let isShut = false;
let answeredAt = new Date();
let asking = null;

/** A page that has more than text to lose takes over by itself: `(main, freshMain)`. */
export const adoptBy = (function_) => (adopt = function_);

/** A page that wants to be asked for more often says so: `data-refresh-ms`, at any element of it. */
export function refreshLater() {
  clearTimeout(timer);
  if (!document.querySelector('main[data-open]')) return;
  timer = setTimeout(() => refresh().finally(refreshLater), pauseMs());
}

export function refreshSoon() {
  void refresh().finally(refreshLater);
}

function pauseMs() {
  const wished = Number(document.querySelector('main[data-refresh-ms], main [data-refresh-ms]')?.dataset.refreshMs) || everyMs;
  const pause = isShut ? longestPauseMs : Math.min(wished * 2 ** failures, longestPauseMs);
  // Not all that lost one server come back to it in the same moment.
  return Math.max(document.hidden ? hiddenEveryMs : 0, failures > 0 ? pause * (0.75 + Math.random() / 2) : pause);
}

/** Never two at once: the older answer would come last. */
const refresh = () => (asking ??= ask().finally(() => (asking = null)));

async function ask() {
  if (isBusy()) return;
  const url = new URL(location.href);
  url.hash = '';
  url.searchParams.set('logs', '0');
  try {
    // A redirect leads to signing in, and from there to another site.
    const answer = await fetch(url, { redirect: 'manual', cache: 'no-store', headers: etag === null ? {} : { 'if-none-match': etag }, signal: AbortSignal.timeout(patienceMs) });
    if (answer.type === 'opaqueredirect' || answer.status === 401) return shut('Your session is over.', 'Sign in again');
    if (answer.status === 403 || answer.status === 404) return shut('This page is not there any more, or you may not see it any more.', 'Reload');
    if (answer.status !== 304) {
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const text = await answer.text();
      // Somebody may have begun to write, or to select, meanwhile: then the next answer is taken.
      if (isBusy()) return;
      take(text);
      etag = answer.headers.get('etag');
    }
    [failures, isShut, answeredAt] = [0, false, new Date()];
    say('');
  } catch {
    failures += 1;
    // One lost answer is nobody's concern.
    if (failures > 1) say(`Not connected to Roundhouse. What you see is of ${answeredAt.toLocaleTimeString()}; trying again …`);
  }
}

function take(text) {
  const fresh = new DOMParser().parseFromString(text, 'text/html');
  const [main, freshMain] = [document.querySelector('main'), fresh.querySelector('main')];
  setClock(fresh);
  localTimes(fresh);
  tick(fresh);
  if (document.title !== fresh.title) document.title = fresh.title;
  main.toggleAttribute('data-open', freshMain.hasAttribute('data-open'));
  adopt(main, freshMain);
}

function shut(sentence, remedy) {
  isShut = true;
  const link = Object.assign(document.createElement('a'), { href: location.href, textContent: remedy });
  say(`${sentence} `, link);
}

/** Whoever writes into a form or selects text is left alone. */
function isBusy() {
  const main = document.querySelector('main');
  const { activeElement } = document;
  if (main.contains(activeElement) && activeElement.matches('input:not([type=button], [type=submit]), select, textarea, [contenteditable]')) return true;
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && main.contains(selection.anchorNode);
}

/** Said to screen readers too, once: the text changes only when something else is true. */
const notice = Object.assign(document.createElement('p'), { className: 'connection' });
notice.setAttribute('role', 'status');
document.body.append(notice);

function say(...parts) {
  const text = parts.map((part) => part.textContent ?? part).join('');
  if (notice.textContent !== text) notice.replaceChildren(...parts);
}

const quickly = () => {
  if (document.hidden || !document.querySelector('main[data-open]')) return;
  failures = Math.min(failures, 1);
  refreshSoon();
};
document.addEventListener('visibilitychange', quickly);
addEventListener('online', quickly);
// A page that comes back from the browser's memory is as old as it was left.
addEventListener('pageshow', ({ persisted }) => persisted && quickly());
