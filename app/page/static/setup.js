// How does the setup keep up? Only what lives is taken over, so that nobody loses what they are writing.

import { adoptBy } from './refresh.js';

adoptBy((main, fresh) => {
  for (const part of main.querySelectorAll('[data-live]')) {
    const next = fresh.querySelector(`#${part.id}`);
    if (next && next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
  }
});

const waiting = document.querySelector('[data-waits-for]');
if (waiting) goOnWhenReady(waiting.dataset.waitsFor);

/** The app ends and begins anew meanwhile: until it answers by itself, and not with a way back, it has not. */
async function goOnWhenReady(path) {
  // Whoever reloads shall not send GitHub's code a second time.
  history.replaceState(null, '', path);
  // All of this page is here now, so it may end.
  await fetch('/-/setup/restart').catch(() => {});
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const answer = await fetch(path, { redirect: 'manual' }).catch(() => null);
    if (answer?.ok) return location.replace(path);
  }
}
