// How do builders stand, and what waits for them?

import { html } from 'hono/html';
import { parseAddress } from '../../../config-schema/address.ts';
import type { BuilderSight } from '../../../activities/builder/announcement.ts';
import type { Offer, Queue, QueuedSlice } from '../../queues.ts';
import type { KnownRepository, Viewer } from '../access/access.ts';
import { jobPath } from '../address.ts';
import { csrfField, time } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { duration } from '../words.ts';

export type BuildersShown = {
  sights: readonly BuilderSight[];
  queues: readonly Queue[];
  offers: readonly Offer[];
  /** What waits cannot be known now. */
  temporalIsAway: boolean;
  /** Repositories that the viewer may read, by their numbers: of the others only counts are shown. */
  readable: ReadonlyMap<number, KnownRepository>;
  /** Of this app. */
  version: string;
  viewer: Viewer;
  now: number;
};

/** Slices of a class that are named. */
const mostNamed = 20;

export function buildersView(shown: BuildersShown): Shown {
  const { sights, viewer } = shown;
  const [here, gone] = [sights.filter(({ connected }) => connected), sights.filter(({ connected }) => !connected)];
  return {
    title: 'Builders',
    trail: [{ text: 'Builders' }],
    open: true,
    body: html`<h1>Builders</h1>
<p class="facts">${summary(here, gone)}</p>
${sights.length === 0 ? html`<p>No builder was ever seen. Start one: <code>roundhouse builder</code>.${viewer.operator ? '' : ' Somebody who operates this installation can.'}</p>` : ''}
${here.length === 0 ? '' : html`<h2>Connected</h2><div class="builders">${here.map((sight) => builder(sight, shown))}</div>`}
<h2>Queue</h2>
${queueTable(shown)}
${gone.length === 0 ? '' : html`<h2>Gone</h2><div class="builders">${gone.map((sight) => builder(sight, shown))}</div>`}`,
  };
}

function summary(here: readonly BuilderSight[], gone: readonly BuilderSight[]): string {
  const takes = here.filter(({ draining }) => !draining).length;
  const running = here.reduce((sum, { sandboxes }) => sum + sandboxes.length, 0);
  return [`${takes} ${takes === 1 ? 'takes' : 'take'} work`, ...(here.length > takes ? [`${here.length - takes} draining`] : []), ...(gone.length > 0 ? [`${gone.length} gone`] : []), sandboxes(running)].join(' · ');
}

function builder(sight: BuilderSight, shown: BuildersShown): Html {
  const { id, connected, version, classes, capacity, used, seenAt } = sight;
  return html`<section class="builder" id="builder-${encodeURIComponent(id)}" aria-label="builder ${id}">
<div class="top"><h3>${id}</h3>${state(sight)}${connected ? change(sight, shown.viewer) : ''}</div>
<dl>
<div><dt>Version</dt><dd>${version}${version === shown.version ? '' : html` <span class="differs">differs from the app’s ${shown.version}</span>`}</dd></div>
<div><dt>Classes</dt><dd>${Object.keys(classes).length === 0 ? 'none' : Object.keys(classes).join(', ')}</dd></div>
${
  connected
    ? html`<div><dt>CPUs</dt><dd>${bar(used.cpus, capacity.cpus)}${number(used.cpus)} of ${number(capacity.cpus)} in use</dd></div>
<div><dt>Memory</dt><dd>${bar(used.memoryBytes, capacity.memoryBytes)}${number(used.memoryBytes / 1e9)} of ${number(capacity.memoryBytes / 1e9)} GB in use</dd></div>
<div><dt>Sandboxes</dt><dd>${sandboxList(sight, shown)}</dd></div>
<div><dt>Last seen</dt><dd>${time(seenAt)}</dd></div>`
    : ''
}
</dl>
</section>`;
}

function state({ connected, draining, seenAt }: BuilderSight): Html {
  if (!connected) return html`<span class="badge failed"><span class="sign" aria-hidden="true">✗</span> gone since ${time(seenAt)}</span>`;
  return draining ? html`<span class="badge running"><span class="sign" aria-hidden="true">◐</span> draining</span>` : html`<span class="badge passed"><span class="sign" aria-hidden="true">✓</span> takes work</span>`;
}

function change({ id, draining }: BuilderSight, viewer: Viewer): Html | '' {
  if (!viewer.operator || viewer.csrf === null) return '';
  const [action, word] = draining ? ['resume', 'Resume'] : ['drain', 'Drain'];
  return html`<form method="post" action="/-/builders/${encodeURIComponent(id)}/${action}">${csrfField(viewer)}<button title="${draining ? 'It takes work again' : 'It takes no new work, also after its restart; what it runs goes on'}">${word}<span class="unseen"> ${id}</span></button></form>`;
}

/** The words beside it say the same. */
const bar = (used: number, of: number): Html => html`<span class="bar" aria-hidden="true"><span style="width: ${of > 0 ? Math.min(100, Math.round((100 * used) / of)) : 0}%"></span></span>`;

const number = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));

const sandboxes = (count: number): string => `${count} ${count === 1 ? 'sandbox' : 'sandboxes'}`;

function sandboxList({ sandboxes: all }: BuilderSight, { readable, viewer }: BuildersShown): Html {
  if (all.length === 0) return html`none`;
  const named = all.flatMap(({ address, startedAt }) => {
    const slice = sliceOf(address, readable);
    return slice === null ? [] : [html`<li><a href="${slice.path}">${slice.text}</a> since ${time(startedAt)}</li>`];
  });
  const others = all.length - named.length;
  return html`${all.length}${named.length === 0 ? '' : html`<ul>${named}</ul>`}${others === 0 ? '' : html`<div class="quiet">${others === all.length ? (others === 1 ? 'It runs' : 'They run') : `${others} more run${others === 1 ? 's' : ''}`} what ${unnamed(viewer)}.</div>`}`;
}

function sliceOf(address: string, readable: BuildersShown['readable']): { path: string; text: string } | null {
  const parsed = parseAddress(address);
  const repository = readable.get(Number(parsed?.name));
  if (!parsed || !repository || parsed.workflow === undefined || parsed.job === undefined) return null;
  const { pipeline, workflow, job, slice = 0, attempt = 1 } = parsed;
  const text = `${repository.owner}/${repository.name} #${pipeline} ${workflow} / ${job}${slice === 0 ? '' : `, slice ${slice}`}${attempt === 1 ? '' : `, attempt ${attempt}`}`;
  return { path: jobPath({ ...repository, pipeline, workflow, job }), text };
}

/** Whoever sees every repository is missing only those that were forgotten. */
const unnamed = ({ operator, local }: Viewer): string => (operator || local ? 'is not known here any more' : 'you may not see');

function queueTable({ queues, offers, temporalIsAway, readable, viewer }: BuildersShown): Html {
  if (temporalIsAway) return html`<p class="reason">Temporal does not answer now, so what waits is not known. Roundhouse goes on when it is back.</p>`;
  const classes = [...new Set([...offers, ...queues].map(({ resourceClass }) => resourceClass))].sort();
  if (classes.length === 0) return html`<p>Nothing waits, and no builder offers anything.</p>`;
  return html`<div class="scrolled" tabindex="0" role="region" aria-label="Queue by class"><table class="list queue">
<thead><tr><th scope="col">Class</th><th scope="col" class="number">Waiting</th><th scope="col" class="number">Longest wait</th><th scope="col" class="number">Median wait</th><th scope="col" class="number">Running</th><th scope="col">Offered by</th></tr></thead>
<tbody>${classes.map((name) => {
    const queue = queues.find(({ resourceClass }) => resourceClass === name);
    const offer = offers.find(({ resourceClass }) => resourceClass === name);
    const waiting = queue?.waiting.length ?? 0;
    return html`<tr><th scope="row">${name}</th><td class="number">${waiting}</td><td class="number">${waiting === 0 ? '–' : duration(queue!.longestMs)}</td><td class="number">${waiting === 0 ? '–' : duration(queue!.medianMs)}</td><td class="number">${queue?.running ?? 0}</td><td>${
      offer ? `${offer.builders} ${offer.builders === 1 ? 'builder' : 'builders'}, room for ${offer.room} more` : html`<span class="badge failed"><span class="sign" aria-hidden="true">!</span> no builder</span>`
    }</td></tr>`;
  })}</tbody>
</table></div>
${queues.filter(({ waiting }) => waiting.length > 0).map(({ resourceClass, waiting }) => waitingList(resourceClass, waiting, readable, viewer))}`;
}

function waitingList(resourceClass: string, waiting: readonly QueuedSlice[], readable: BuildersShown['readable'], viewer: Viewer): Html {
  const named = waiting.filter(({ repositoryId }) => readable.has(repositoryId));
  const left = waiting.length - Math.min(named.length, mostNamed);
  return html`<h3 class="waiting-name">Waiting for ${resourceClass}</h3>
<ul class="waiting-for">${named.slice(0, mostNamed).map(({ repositoryId, pipeline, workflow, job, slice, waitedMs, reason }) => {
    const repository = readable.get(repositoryId)!;
    return html`<li><a href="${jobPath({ ...repository, pipeline, workflow, job })}">${repository.owner}/${repository.name} #${pipeline} ${workflow} / ${job}${slice === 0 ? '' : `, slice ${slice}`}</a> for ${duration(waitedMs)}${reason === null ? '' : html`<div class="note">${reason}</div>`}</li>`;
  })}</ul>${left === 0 ? '' : html`<p class="quiet">${named.length === 0 ? left : `${left} more`} ${left === 1 ? 'waits' : 'wait'}${named.length > mostNamed ? '' : `, of what ${unnamed(viewer)}`}.</p>`}`;
}
