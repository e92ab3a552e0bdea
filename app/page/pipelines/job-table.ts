// How does each job of a workflow stand, as a table?

import { html } from 'hono/html';
import { exitCode, type Outcome, type TestCounts } from '../../../config-schema/outcome.ts';
import { addCounts, testsInWords } from '../../../config-schema/test-report.ts';
import type { JobView, PipelineView, SliceView, WorkflowView } from '../../../config-schema/view.ts';
import { jobPath } from '../address.ts';
import { badge, sign } from '../layout.ts';
import type { Html } from '../layout.ts';
import { statusOf, statusWords, type Status } from '../words.ts';
import { jobButton, type Actor } from './action-forms.ts';
import { pagePath, placeOf, took } from './pipeline-head.ts';

/** More than these are told as numbers, and the ones that went wrong by a link each. */
const mostSigns = 24;
const mostLinks = 20;

/** With roles, because on a phone its rows are laid out as cards, and browsers take them for no table then. */
export function jobTable(view: PipelineView, { name, jobs }: WorkflowView, actor: Actor, now: number): Html {
  const columns = { tests: jobs.some((job) => testsOf(job).total > 0), class: jobs.some((job) => job.slices.some(({ resourceClass }) => resourceClass !== undefined)), does: actor !== null };
  return html`<table class="list jobs" role="table"><thead role="rowgroup"><tr role="row"><th role="columnheader" class="status">Status</th><th role="columnheader">Job</th>${columns.tests ? html`<th role="columnheader">Tests</th>` : ''}${columns.class ? html`<th role="columnheader" class="class">Class</th>` : ''}<th role="columnheader" class="number">Took</th>${columns.does ? html`<th role="columnheader" class="does">Actions</th>` : ''}</tr></thead>
<tbody role="rowgroup">${jobs.map((job) => row(view, name, job, columns, actor, now))}</tbody></table>`;
}

function row(view: PipelineView, workflow: string, job: JobView, columns: { tests: boolean; class: boolean; does: boolean }, actor: Actor, now: number): Html {
  const path = jobPath({ ...placeOf(view), workflow, job: job.name });
  const waitsFor = job.state === 'waiting' && job.reason === undefined && (job.requires?.length ?? 0) > 0 ? `waits for ${fewOf(job.requires!)}` : '';
  const classes = [...new Set(job.slices.flatMap(({ resourceClass }) => resourceClass ?? []))];
  return html`<tr role="row"><td role="cell" class="status">${badge(statusOf(job))}</td><td role="cell" class="subject"><a href="${path}">${job.name}</a>${job.slices.length > 1 ? html` ${slices(path, job.slices)}` : ''}${reason(path, job)}${waitsFor === '' ? '' : html`<div class="quiet">${waitsFor}</div>`}${history(view, workflow, job)}</td>${columns.tests ? html`<td role="cell" class="tests">${tests(view, workflow, job)}</td>` : ''}${columns.class ? html`<td role="cell" class="class quiet">${classes.join(', ')}</td>` : ''}<td role="cell" class="number">${took(job, now)}</td>${columns.does ? html`<td role="cell" class="does">${jobButton(view, job, actor)}</td>` : ''}</tr>`;
}

/** Who approved it, and in which pipeline it ran when that was not this one. */
function history(view: PipelineView, workflow: string, job: JobView): Html | '' {
  const link = (pipeline: number): Html => html`<a href="${jobPath({ ...placeOf(view), pipeline, workflow, job: job.name })}">#${pipeline}</a>`;
  const carried = job.slices.flatMap(({ carriedFrom }) => carriedFrom ?? []);
  const parts = [
    ...(job.approvedBy === undefined ? [] : [html`approved by ${job.approvedBy}`]),
    ...(job.carriedFrom !== undefined ? [html`from ${link(job.carriedFrom)}`] : carried.length > 0 ? [html`${carried.length} of ${job.slices.length} slices from ${[...new Set(carried)].map((pipeline, i) => html`${i > 0 ? ', ' : ''}${link(pipeline)}`)}`] : []),
  ];
  return parts.length === 0 ? '' : html`<div class="quiet">${parts.map((part, i) => html`${i > 0 ? ', ' : ''}${part}`)}</div>`;
}

/** Of what went wrong it leads to the step. */
function reason(path: string, job: JobView): Html | '' {
  if (job.reason === undefined) return '';
  const slice = job.slices.find(({ outcome }) => outcome !== null && outcome === job.outcome);
  const step = slice?.steps.findIndex(({ result }) => result !== null && isWrong(result.outcome)) ?? -1;
  const text = slice && step >= 0 ? html`<a href="${path}?slice=${slice.index}#step-${step}">${job.reason}</a>` : job.reason;
  return html`<div class="reason${job.outcome === null ? ' waits' : isWrong(job.outcome) ? '' : ' mild'}">${text}</div>`;
}

const fewOf = (names: string[]): string => (names.length <= 5 ? names.join(', ') : `${names.slice(0, 4).join(', ')} and ${names.length - 4} more`);

/** One sign each; or, of many, how many stand how. */
function slices(path: string, all: SliceView[]): Html {
  const link = (slice: SliceView, text: Html | string): Html => html`<a class="slice" href="${path}?slice=${slice.index}" aria-label="Slice ${slice.index}: ${statusWords[statusOf(slice)].word}">${text}</a>`;
  if (all.length <= mostSigns) return html`<span class="signs">${all.map((slice) => link(slice, sign(statusOf(slice))))}</span>`;
  const counts = new Map<Status, number>();
  for (const slice of all) counts.set(statusOf(slice), (counts.get(statusOf(slice)) ?? 0) + 1);
  const wrong = all.filter(({ outcome }) => outcome !== null && isWrong(outcome));
  return html`<div class="quiet">${all.length} slices: ${[...counts].map(([status, count], i) => html`${i > 0 ? ', ' : ''}<span class="${status}">${count} ${statusWords[status].word}</span>`)}${
    wrong.length === 0 ? '' : html`. Look at ${wrong.slice(0, mostLinks).map((slice, i) => html`${i > 0 ? ', ' : ''}${link(slice, `slice ${slice.index}`)}`)}${wrong.length > mostLinks ? ` and ${wrong.length - mostLinks} more` : ''}`
  }</div>`;
}

const isWrong = (outcome: Outcome): boolean => exitCode(outcome) !== 0 && outcome !== 'canceled';

const testsOf = ({ slices: all }: JobView): TestCounts => addCounts(all.flatMap(({ steps }) => steps.flatMap(({ result }) => result?.tests ?? [])));

function tests(view: PipelineView, workflow: string, job: JobView): Html | '' {
  const counts = testsOf(job);
  if (counts.total === 0) return '';
  const path = pagePath(view, `tests?job=${encodeURIComponent(`${workflow}/${job.name}`)}`);
  return html`<a href="${path}"${counts.failed > 0 ? html` class="failed"` : ''}>${testsInWords(counts)}</a>`;
}
