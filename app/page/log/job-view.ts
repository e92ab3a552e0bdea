// What did, or does, one slice of a job do, step by step?

import { html, raw } from 'hono/html';
import type { SliceView, StepView } from '../../../config-schema/view.ts';
import { artifactPath, jobPath, pipelinePath, stepPath } from '../address.ts';
import type { FoundJob, JobPlace } from '../address.ts';
import { badge, sign, time } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import type { ShownLine, StoredLines } from './stored-lines.ts';
import { bytesInWords, duration, filesInWords, lasted, linesInWords, statusOf } from '../words.ts';
import type { Status } from '../words.ts';

/** What is stored of the log of each step; null where nothing is. */
export type Tails = (StoredLines | null)[];

export function jobView({ pipeline, workflow, job }: FoundJob, place: JobPlace, slice: SliceView | null, tails: Tails, now: number): Shown {
  const status = statusOf(job);
  return {
    title: `${job.name} · ${place.owner}/${place.name} #${place.pipeline}`,
    trail: [{ text: `${place.owner}/${place.name} #${place.pipeline}`, path: pipelinePath(place) }, { text: workflow.name }, { text: job.name }],
    open: job.state !== 'ended',
    scripts: ['log.js'],
    body: html`<div id="head"><h1>${job.name}</h1>
<p class="facts">${badge(status)} · ${pipeline.trigger.commit.subject} · <code>${pipeline.trigger.sha.slice(0, 12)}</code>${job.startedAt === null ? '' : html` · ${time(job.startedAt)}`} · ${lasted(job, now)}</p>
${job.reason === undefined ? '' : html`<p class="reason">${job.reason}</p>`}
${job.slices.length > 1 ? slices(place, job.slices, slice) : ''}
${slice === null ? '' : sliceHead(slice)}
${slice === null ? '' : artifactsLink(place, slice)}</div>
<div id="steps">${slice === null ? '' : slice.steps.map((step, i) => stepBody(place, slice, step, i, tails[i] ?? null, now))}</div>`,
  };
}

const slices = (place: JobPlace, all: SliceView[], shown: SliceView | null): Html => html`<nav class="slices" aria-label="Slices">${all.map((slice) => {
  const here = slice.index === shown?.index;
  return html`<a href="${jobPath(place)}?slice=${slice.index}"${here ? html` aria-current="page"` : ''}>${sign(statusOf(slice))} slice ${slice.index}</a>`;
})}</nav>`;

const sliceHead = (slice: SliceView): Html => html`<p class="quiet">${slice.builder === null ? 'No builder yet' : html`On builder ${slice.builder}`}${slice.attempt > 1 ? html` · attempt ${slice.attempt}` : ''}</p>
${slice.reason === undefined ? '' : html`<p class="reason">${slice.reason}</p>`}
${slice.notes.map((note) => html`<p class="note">${note}</p>`)}`;

function artifactsLink(place: JobPlace, { index, steps }: SliceView): Html | '' {
  const stored = steps.flatMap(({ result }) => result?.artifacts ?? []);
  const files = stored.reduce((sum, each) => sum + each.files, 0);
  return files === 0 ? '' : html`<p class="artifacts"><a href="${artifactPath({ ...place, slice: index }, '')}">Artifacts</a> <span class="quiet">${filesInWords(files)}, ${bytesInWords(stored.reduce((sum, each) => sum + each.bytes, 0))}</span></p>`;
}

const stepStatus = (step: StepView): Status => step.result?.outcome ?? (step.state === 'running' ? 'running' : 'waiting');

/** A step that never ran has no log. */
const hasLog = (step: StepView): boolean => step.state !== 'waiting' && step.result?.outcome !== 'skipped' && step.result?.outcome !== 'not-run';

/** What somebody came to see: what runs, and what went wrong. */
export const isOpen = (step: StepView): boolean => hasLog(step) && step.result?.outcome !== 'passed';

function stepBody(place: JobPlace, slice: SliceView, step: StepView, index: number, tail: StoredLines | null, now: number): Html {
  const path = stepPath({ ...place, slice: slice.index, step: index });
  const { result } = step;
  const took = result === null ? lasted({ startedAt: step.startedAt, endedAt: null }, now) : result.exitCode === null && !hasLog(step) ? '' : duration(result.durationMs);
  const exit = result === null || result.outcome === 'passed' ? '' : result.exitCode !== null ? `exit ${result.exitCode}` : (result.signal ?? '');
  const summary = html`<summary>${sign(stepStatus(step))} <span class="name">${step.name}</span> <span class="exit">${exit}</span> <span class="took">${took}</span></summary>`;
  if (!hasLog(step)) return html`<details class="step" id="step-${index}" data-status="${stepStatus(step)}">${summary}${result?.reason === undefined ? '' : html`<p class="reason">${result.reason}</p>`}</details>`;
  return html`<details class="step" id="step-${index}" data-status="${stepStatus(step)}" data-live="${path}/live?attempt=${slice.attempt}"${isOpen(step) ? html` open` : ''}>
${summary}
${result?.reason === undefined ? '' : html`<p class="reason">${result.reason}</p>`}
<p class="links"><a href="${path}?attempt=${slice.attempt}">All lines</a> · <a href="${path}/log.txt?attempt=${slice.attempt}">Plain text</a> <span class="said quiet">${tail === null ? '' : html`${linesInWords(tail.manifest.totalLines)}, ${bytesInWords(tail.manifest.totalBytes)}`}</span></p>
<div class="log" tabindex="0" role="log" aria-label="Output of ${step.name}">${tail === null ? '' : logLinesView(tail.lines)}</div>
</details>`;
}

/** Lines without an end of line between them: they stand in a box that keeps white space. */
export const logLinesView = (lines: ShownLine[], anchors = false): Html =>
  raw(
    lines
      .map((line) => (line.number === null ? String(html`<div class="gap">${line.gap}</div>`) : `<div class="l"${anchors ? ` id="L${line.number}"` : ''} data-n="${line.number}">${line.html}</div>`))
      .join(''),
  );
