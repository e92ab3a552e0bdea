// What did the same step do in all slices of a job?

import { html } from 'hono/html';
import { jobPath, pipelineTrail } from '../address.ts';
import type { FoundJob, JobPlace } from '../address.ts';
import { sign } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { statusOf } from '../words.ts';
import { attempts, hasLog, stepStatus, tookOf, viewer } from './job-view.ts';
import type { SliceView } from '../../../config-schema/view.ts';
import type { StoredLines } from './stored-lines.ts';

export type SideBySide = { slice: SliceView; stored: StoredLines | null };

export function slicesView({ job, workflow }: FoundJob, place: JobPlace, step: number, shown: SideBySide[], now: number): Shown {
  const name = job.slices.map(({ steps }) => steps[step]?.name).find((each) => each !== undefined) ?? `step ${step}`;
  const chosen = new Set(shown.map(({ slice }) => slice.index));
  const longest = job.slices.reduce((most, { steps }) => (steps.length > most.length ? steps : most), [] as SliceView['steps']);
  return {
    title: `${name} in all slices · ${job.name}`,
    trail: [...pipelineTrail(place), { text: workflow.name }, { text: job.name, path: jobPath(place) }, { text: 'side by side' }],
    // Each log follows by itself.
    open: false,
    scripts: ['log.js'],
    wide: true,
    body: html`<h1>${name}</h1>
<form class="choose" action="${jobPath(place)}/slices">
<label>Step <select name="step">${longest.map((each, i) => html`<option value="${i}"${i === step ? html` selected` : ''}>${each.name}</option>`)}</select></label>
<fieldset><legend>Slices</legend>${job.slices.map((slice) => html`<label><input type="checkbox" name="slice" value="${slice.index}"${chosen.has(slice.index) ? html` checked` : ''}> ${slice.index} ${sign(statusOf(slice))}</label>`)}</fieldset>
<button>Show</button></form>
<div class="columns">${shown.map((each) => column(place, step, each, now))}</div>`,
  };
}

function column(place: JobPlace, index: number, { slice, stored }: SideBySide, now: number): Html {
  const step = slice.steps[index];
  const to = `${jobPath(place)}?slice=${slice.index}`;
  if (!step || !hasLog(step)) return html`<section class="column"><h2>${step ? sign(stepStatus(step)) : ''} <a href="${to}">slice ${slice.index}</a></h2><p class="quiet">${step ? (step.result?.reason ?? 'This step has not run here.') : 'There is no such step here.'}</p></section>`;
  return html`<section class="column" aria-label="slice ${slice.index}"><h2>${sign(stepStatus(step))} <a href="${to}#step-${index}">slice ${slice.index}</a> <span class="took">${tookOf(step, now)}</span></h2>
${viewer({ place: { ...place, slice: slice.index, step: index }, attempt: slice.attempt, name: `${step.name} in slice ${slice.index}`, status: stepStatus(step), startedAt: step.startedAt, stored, anchor: `step-${index}-slice-${slice.index}` })}</section>`;
}

/** Of an earlier attempt only the logs are left: its steps are called as those of the last one. */
export function earlierAttemptView({ job, workflow }: FoundJob, place: JobPlace, slice: SliceView, attempt: number, logs: (StoredLines | null)[]): Shown {
  const found = logs.flatMap((stored, step) => (stored === null ? [] : [{ stored, step }]));
  return {
    title: `${job.name}, attempt ${attempt}`,
    trail: [...pipelineTrail(place), { text: workflow.name }, { text: job.name, path: `${jobPath(place)}?slice=${slice.index}` }, { text: `attempt ${attempt}` }],
    open: false,
    scripts: ['log.js'],
    body: html`<div id="head"><h1>${job.name}, attempt ${attempt} of ${slice.attempt}</h1>
${attempts(place, slice, attempt)}
<p class="quiet">Slice ${slice.index}. How these steps ended is no longer known; what they printed is.</p></div>
<div id="steps">${
      found.length === 0
        ? html`<p>Nothing that this attempt printed is stored.</p>`
        : found.map(({ stored, step }, i) => {
            const name = slice.steps[step]?.name ?? `step ${step}`;
            return html`<details class="step" id="step-${step}" data-status="waiting" data-attempt="${attempt}"${i === found.length - 1 ? html` open` : ''}>
<summary><span class="name">${name}</span></summary>
${viewer({ place: { ...place, slice: slice.index, step }, attempt, name, status: 'waiting', startedAt: null, stored })}
</details>`;
          })
    }</div>`,
  };
}
