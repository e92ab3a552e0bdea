// Which steps does the setup have, and where in it is somebody?

import { html } from 'hono/html';
import type { Viewer } from '../access/access.ts';
import { csrfField, type Html, type Shown } from '../layout.ts';

export const steps = [
  { name: 'begin', title: 'What will happen' },
  { name: 'app', title: 'Create the GitHub App' },
  { name: 'install', title: 'Install it' },
  { name: 'webhooks', title: 'Webhooks arrive' },
  { name: 'machine', title: 'Builders and this machine' },
  { name: 'repository', title: 'The first repository' },
  { name: 'push', title: 'The first push' },
] as const;

export type StepName = (typeof steps)[number]['name'];

export const stepPath = (name: StepName): string => `/-/setup/${name}`;

/** How each step was found when somebody last looked. */
export type Found = ReadonlyMap<StepName, boolean>;

export type StepPage = { here: StepName; found: Found; /** Only the first two steps can be seen before there is an App. */ hasApp: boolean; body: Html; open?: boolean };

export function stepPage({ here, found, hasApp, body, open = false }: StepPage): Shown {
  const { title } = steps.find(({ name }) => name === here)!;
  return {
    title: `${title} · Setup`,
    trail: [{ text: 'Setup' }],
    open,
    scripts: ['setup.js'],
    body: html`<nav class="setup-steps" id="setup-steps" data-live aria-label="Steps of the setup"><ol>${steps.map(({ name, title }) => step(name, title, { here, found, hasApp }))}</ol></nav>
<div class="setup"><h1>${title}</h1>
${body}</div>`,
  };
}

function step(name: StepName, title: string, { here, found, hasApp }: Pick<StepPage, 'here' | 'found' | 'hasApp'>): Html {
  const mark = found.get(name) === true ? html` <span class="passed"><span aria-hidden="true">✓</span> done</span>` : '';
  if (name === here) return html`<li aria-current="step"><b>${title}</b>${mark}</li>`;
  return hasApp || name === 'begin' ? html`<li><a href="${stepPath(name)}">${title}</a>${mark}</li>` : html`<li><span class="quiet">${title}</span></li>`;
}

export const next = (name: StepName, text = 'Go on', query = ''): Html => html`<p class="onward"><a class="button" href="${stepPath(name)}${query}">${text}</a></p>`;

/** What is looked at again by itself: the script takes over what has changed in it, and leaves forms alone. */
export const live = (id: string, body: Html): Html => html`<div id="${id}" data-live>${body}</div>`;

export type Standing = 'well' | 'bad' | 'waiting';

/** In words, with a sign. */
export function verdict(standing: Standing, text: string, remedy?: string): Html {
  const { sign, word, status } = { well: { sign: '✓', word: 'well', status: 'passed' }, bad: { sign: '✗', word: 'problem', status: 'failed' }, waiting: { sign: '○', word: 'waiting', status: 'running' } }[standing];
  return html`<p class="verdict ${standing}"><span class="badge ${status}"><span class="sign" aria-hidden="true">${sign}</span> ${word}</span> ${text}${remedy === undefined ? '' : html`<br><span class="remedy">${remedy}</span>`}</p>`;
}

export const pressed = (viewer: Viewer, to: string, label: string): Html => html`<form method="post" action="${to}" class="press">${csrfField(viewer)}<button>${label}</button></form>`;

/** GitHub's addresses are addresses, or texts. */
export const outside = (to: string, text: string): Html => (/^https?:\/\//.test(to) ? html`<a href="${to}" target="_blank" rel="noopener">${text}<span class="unseen"> (on GitHub, in a new tab)</span></a>` : html`${text}`);
