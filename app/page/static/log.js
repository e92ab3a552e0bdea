// How does a page show logs? Each one that is open gets a viewer.

import { linesInAddress } from './log-address.js';
import { listenForKeys } from './log-keys.js';
import { logViewer } from './log-viewer.js';
import { adoptBy, refreshSoon } from './refresh.js';

const viewers = new Map();

const visible = () => [...document.querySelectorAll('.viewer')].filter((element) => element.checkVisibility()).flatMap((element) => viewers.get(element) ?? []);

point();
for (const element of document.querySelectorAll('.viewer')) watch(element);
listenForKeys(visible);
addEventListener('hashchange', point);
toFailure();

// What is shown of a log has more to lose than its text: only what stands around it is taken over.
adoptBy((main, freshMain) => {
  const [head, fresh] = [main.querySelector('#head'), freshMain.querySelector('#head')];
  if (head && fresh) head.replaceWith(fresh);
  const steps = main.querySelector('#steps');
  if (steps) for (const step of freshMain.querySelectorAll('details.step')) refreshStep(steps, step);
  const titles = freshMain.querySelectorAll('.column h2');
  for (const [i, title] of [...main.querySelectorAll('.column h2')].entries()) if (titles[i]) title.replaceWith(titles[i]);
});

/** From the moment somebody opens it: a box that is not shown has no size. */
function watch(element) {
  const step = element.closest('details');
  const begin = () => {
    if ((step && !step.open) || viewers.has(element)) return;
    const lines = linesInAddress();
    const pointed = lines && (lines.name ?? '') === (element.dataset.anchor ?? '') ? lines : null;
    viewers.set(element, logViewer(element, { pointed, ended: refreshSoon }));
  };
  step?.addEventListener('toggle', begin);
  begin();
}

/** Shows the lines that the address points to. */
function point() {
  const lines = linesInAddress();
  const element = lines && [...document.querySelectorAll('.viewer')].find(({ dataset }) => (dataset.anchor ?? '') === (lines.name ?? ''));
  if (!element) return openStep();
  const known = viewers.get(element);
  const step = element.closest('details');
  if (step) step.open = true;
  if (known) known.point(lines.from, lines.to);
  else watch(element);
  (step ?? element).scrollIntoView({ block: 'nearest' });
}

function openStep() {
  const step = /^#step-\d+$/.test(location.hash) && document.querySelector(location.hash);
  if (step?.tagName === 'DETAILS') step.open = true;
}

/** From a red check to the failing line is one click. */
function toFailure() {
  if (location.hash !== '' || document.querySelector('main[data-open]')) return;
  const step = document.querySelector('details.step:is([data-status="failed"], [data-status="timed-out"], [data-status="broken"])[open]');
  if (step && step.getBoundingClientRect().top > innerHeight / 2) step.scrollIntoView({ block: 'start' });
}

function refreshStep(steps, fresh) {
  const step = document.getElementById(fresh.id);
  if (!step) steps.append(fresh);
  else if (step.dataset.attempt !== fresh.dataset.attempt) {
    viewers.get(step.querySelector('.viewer'))?.stop();
    step.replaceWith(fresh);
  } else {
    step.dataset.status = fresh.dataset.status;
    step.querySelector('summary').replaceChildren(...fresh.querySelector('summary').childNodes);
    const [reason, freshReason] = [step.querySelector('.reason'), fresh.querySelector('.reason')];
    if (freshReason && !reason) step.querySelector('summary').after(freshReason);
    const [viewer, freshViewer] = [step.querySelector('.viewer'), fresh.querySelector('.viewer')];
    if (viewer) viewer.dataset.status = freshViewer.dataset.status;
    return;
  }
  const viewer = fresh.querySelector('.viewer');
  if (viewer) watch(viewer);
}
