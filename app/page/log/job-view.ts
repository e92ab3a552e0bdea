// What did, or does, one slice of a job do, step by step?

import { html, raw } from 'hono/html';
import { ranIn } from '../../../config-schema/carry-over.ts';
import type { JobView, SliceView, StepView } from '../../../config-schema/view.ts';
import { artifactPath, jobPath, pipelineTrail, stepPath } from '../address.ts';
import type { FoundJob, JobPlace, StepPlace } from '../address.ts';
import { badge, sign, time } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import type { ShownLine, StoredLines } from './stored-lines.ts';
import { bytesInWords, duration, filesInWords, lasted, linesInWords, statusOf } from '../words.ts';
import type { Status } from '../words.ts';

/** What is stored of the log of each step; null where nothing is. */
export type Tails = (StoredLines | null)[];

export function jobView({ pipeline, workflow, job }: FoundJob, place: JobPlace, slice: SliceView | null, tails: Tails, now: number, actions: Html | '' = ''): Shown {
  const status = statusOf(job);
  return {
    title: `${job.name} · ${place.owner}/${place.name} #${place.pipeline}`,
    trail: [...pipelineTrail(place), { text: workflow.name }, { text: job.name }],
    open: job.state !== 'ended',
    scripts: ['log.js'],
    body: html`<div id="head"><h1>${job.name}</h1>
<p class="facts">${badge(status)}${job.approvedBy === undefined ? '' : ` · approved by ${job.approvedBy}`} · ${pipeline.trigger.commit.subject} · <code>${pipeline.trigger.sha.slice(0, 12)}</code>${job.startedAt === null ? '' : html` · ${time(job.startedAt)}`} · ${lasted(job, now)}</p>
${job.reason === undefined ? '' : html`<p class="reason">${job.reason}</p>`}
${whereItRan(pipeline.number, place, job, slice)}${actions}
${job.slices.length > 1 ? slices(place, job.slices, slice) : ''}
${slice === null ? '' : sliceHead(place, slice, job.reason)}
${slice === null ? '' : artifactsLink(place, slice)}</div>
<div id="steps">${slice === null ? '' : slice.steps.map((step, i) => stepBody(place, slice, step, i, tails[i] ?? null, now))}</div>`,
  };
}

/** What was carried over shows everything of the pipeline where it ran. */
function whereItRan(number: number, place: JobPlace, job: JobView, slice: SliceView | null): Html | '' {
  const pipeline = ranIn(number, job, slice ?? {});
  if (pipeline === number) return '';
  const what = job.carriedFrom === undefined ? `Slice ${slice!.index}` : 'This job';
  return html`<p class="note">${what} ran in <a href="${jobPath({ ...place, pipeline })}${slice === null ? '' : `?slice=${slice.index}`}">#${pipeline}</a>, and keeps its result in this rerun.</p>`;
}

const slices = (place: JobPlace, all: SliceView[], shown: SliceView | null): Html => html`<nav class="slices" aria-label="Slices">${all.map((slice) => {
  const here = slice.index === shown?.index;
  return html`<a href="${jobPath(place)}?slice=${slice.index}"${here ? html` aria-current="page"` : ''}>${sign(statusOf(slice))} slice ${slice.index}</a>`;
})} <a class="beside" href="${jobPath(place)}/slices?step=${stepToCompare(all)}">Side by side</a></nav>`;

/** The first one that did not pass, wherever it was. */
function stepToCompare(all: SliceView[]): number {
  const failed = all.map(({ steps }) => steps.findIndex((step) => hasLog(step) && step.result !== null && step.result.outcome !== 'passed')).filter((index) => index >= 0);
  return failed.length > 0 ? Math.min(...failed) : Math.max(0, ...all.map(({ steps }) => steps.findLastIndex(hasLog)));
}

/** `said`: the job's own reason, which is often that of a slice. */
const sliceHead = (place: JobPlace, slice: SliceView, said: string | undefined): Html => html`<p class="quiet">${slice.builder === null ? 'No builder yet' : html`On builder ${slice.builder}`}${slice.attempt > 1 ? html` · attempt ${slice.attempt}` : ''}</p>
${attempts(place, slice, slice.attempt)}
${slice.reason === undefined || slice.reason === said ? '' : html`<p class="reason">${slice.reason}</p>`}
${slice.notes.map((note) => html`<p class="note">${note}</p>`)}`;

export function attempts(place: JobPlace, slice: SliceView, shown: number): Html | '' {
  if (slice.attempt === 1) return '';
  return html`<nav class="slices" aria-label="Attempts">${Array.from({ length: slice.attempt }, (_, i) => i + 1).map((attempt) => html`<a href="${jobPath(place)}?slice=${slice.index}${attempt === slice.attempt ? '' : html`&amp;attempt=${attempt}`}"${attempt === shown ? html` aria-current="page"` : ''}>attempt ${attempt}</a>`)}</nav>`;
}

function artifactsLink(place: JobPlace, { index, steps }: SliceView): Html | '' {
  const stored = steps.flatMap(({ result }) => result?.artifacts ?? []);
  const files = stored.reduce((sum, each) => sum + each.files, 0);
  return files === 0 ? '' : html`<p class="artifacts"><a href="${artifactPath({ ...place, slice: index }, '')}">Artifacts</a> <span class="quiet">${filesInWords(files)}, ${bytesInWords(stored.reduce((sum, each) => sum + each.bytes, 0))}</span></p>`;
}

export const stepStatus = (step: StepView): Status => step.result?.outcome ?? (step.state === 'running' ? 'running' : 'waiting');

/** A step that never ran has no log. */
export const hasLog = (step: StepView): boolean => step.state !== 'waiting' && step.result?.outcome !== 'skipped' && step.result?.outcome !== 'not-run';

/** What somebody came to see: what runs, and what went wrong. */
export const isOpen = (step: StepView): boolean => hasLog(step) && step.result?.outcome !== 'passed';

export function tookOf(step: StepView, now: number): string {
  const { result } = step;
  return result === null ? lasted({ startedAt: step.startedAt, endedAt: null }, now) : result.exitCode === null && !hasLog(step) ? '' : duration(result.durationMs);
}

function stepBody(place: JobPlace, slice: SliceView, step: StepView, index: number, tail: StoredLines | null, now: number): Html {
  const { result } = step;
  const exit = result === null || result.outcome === 'passed' ? '' : result.exitCode !== null ? `exit ${result.exitCode}` : (result.signal ?? '');
  const summary = html`<summary>${sign(stepStatus(step))} <span class="name">${step.name}</span> <span class="exit">${exit}</span> <span class="took">${tookOf(step, now)}</span></summary>`;
  const reason = result?.reason === undefined ? '' : html`<p class="reason">${result.reason}</p>`;
  if (!hasLog(step)) return html`<details class="step" id="step-${index}" data-status="${stepStatus(step)}">${summary}${reason}</details>`;
  return html`<details class="step" id="step-${index}" data-status="${stepStatus(step)}" data-attempt="${slice.attempt}"${isOpen(step) ? html` open` : ''}>
${summary}
${reason}
${viewer({ place: { ...place, slice: slice.index, step: index }, attempt: slice.attempt, name: step.name, status: stepStatus(step), startedAt: step.startedAt, stored: tail })}
</details>`;
}

export type ViewedLog = { place: StepPlace; attempt: number; name: string; status: Status; startedAt: string | null; stored: StoredLines | null; /** The page is this log's own: it has a place for every line. */ whole?: boolean; /** What a link to its lines calls it among others. */ anchor?: string };

/** What static/log.js makes a viewer of, and what is read without it. */
export function viewer({ place, attempt, name, status, startedAt, stored, whole = false, anchor = `step-${place.step}` }: ViewedLog): Html {
  const path = stepPath(place);
  const of = `attempt=${attempt}`;
  const manifest = stored?.manifest;
  return html`<div class="viewer${whole ? ' whole' : ''}" data-log="${path}" data-attempt="${attempt}"${whole ? '' : html` data-anchor="${anchor}"`} data-slice="${place.slice}" data-status="${status}" data-started="${startedAt === null ? '' : Date.parse(startedAt)}" data-total="${manifest?.totalLines ?? 0}"${manifest?.complete ? html` data-complete` : ''}>
<p class="links">${whole ? '' : html`<a href="${path}?${of}">All lines</a> · `}<a href="${path}/log.txt?${of}">Plain text</a> · <a href="${path}/log.txt?${of}&amp;download">Download</a> <span class="said quiet" role="status">${manifest ? html`${linesInWords(manifest.totalLines)}, ${bytesInWords(manifest.totalBytes)}` : ''}</span></p>
<div class="log" tabindex="0" role="region" aria-label="Output of ${name}">${stored === null ? '' : logLinesView(stored.lines, whole)}</div>
</div>`;
}

/** Lines without an end of line between them: they stand in a box that keeps white space. */
export const logLinesView = (lines: ShownLine[], anchors = false): Html =>
  raw(
    lines
      .map((line) => (line.number === null ? String(html`<div class="gap">${line.gap}</div>`) : `<div class="l"${anchors ? ` id="L${line.number}"` : ''} data-n="${line.number}">${line.html}</div>`))
      .join(''),
  );
