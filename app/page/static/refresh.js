// How does a page keep up with what runs? It asks for itself again and again, and takes over what has changed.

import { localTimes } from './times.js';

const refreshEveryMs = 2000;
let refreshTimer;
let adopt = null;

/** A page that has more than text to lose takes over by itself: `(main, freshMain)`. */
export const adoptBy = (function_) => (adopt = function_);

export function refreshLater() {
  if (!document.querySelector('main[data-open]')) return;
  clearTimeout(refreshTimer);
  refreshTimer = setTimeout(() => refresh().catch(() => {}).finally(refreshLater), document.hidden ? 5 * refreshEveryMs : refreshEveryMs);
}

export function refreshSoon() {
  refresh().catch(() => {});
}

async function refresh() {
  const url = new URL(location.href);
  url.searchParams.set('logs', '0');
  const answer = await fetch(url);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  localTimes(fresh);
  const [main, freshMain] = [document.querySelector('main'), fresh.querySelector('main')];
  main.toggleAttribute('data-open', freshMain.hasAttribute('data-open'));
  if (adopt) adopt(main, freshMain);
  else main.replaceChildren(...freshMain.childNodes);
}
