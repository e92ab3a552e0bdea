// Which buttons has whoever may act on a pipeline? Without a script: what cannot be undone is asked for twice.

import { html } from 'hono/html';
import { hasFailed } from '../../../config-schema/carry-over.ts';
import type { JobView, PipelineView, SliceView, WorkflowView } from '../../../config-schema/view.ts';
import { atLeast, type Permission, type Viewer } from '../access/access.ts';
import { csrfField } from '../layout.ts';
import type { Html } from '../layout.ts';
import { nameOf, pagePath } from './pipeline-head.ts';

/** null: looks only. */
export type Actor = Viewer | null;
export const actorOf = (viewer: Viewer, permission: Permission): Actor => (viewer.csrf !== null && atLeast(permission, 'write') ? viewer : null);

const form = (view: PipelineView, action: string, actor: Viewer, inside: Html): Html => html`<form method="post" action="${pagePath(view, action)}">${csrfField(actor)}${inside}</form>`;
const hidden = (name: string, value: string): Html => html`<input type="hidden" name="${name}" value="${value}">`;

const cameFromGitHub = ({ trigger }: PipelineView): boolean => trigger.event !== 'local';

/** An approval that has its reason is a person's turn: what it requires has ended. */
export const waitsForApproval = ({ type, outcome, reason }: JobView): boolean => type === 'approval' && outcome === null && reason !== undefined;

/** Everybody sees what waits; who may, the buttons. */
export function pipelineActions(view: PipelineView, actor: Actor): Html | '' {
  const waiting = view.workflows.flatMap(({ name, jobs }) => jobs.filter(waitsForApproval).map((job) => approval(view, name, job, actor)));
  if (view.wouldRun !== undefined) waiting.unshift(forkQuestion(view, view.wouldRun, actor));
  return html`${waiting.length === 0 ? '' : html`<div class="approvals">${waiting}</div>`}${actor === null ? '' : buttons(view, actor)}`;
}

export const approval = (view: PipelineView, workflow: string, { name }: JobView, actor: Actor, page: 'job' | 'pipeline' = 'pipeline'): Html =>
  html`<div class="approval"><p><strong>${name}</strong> of ${workflow} waits for an approval.</p>${
    actor === null ? '' : form(view, 'approve', actor, html`${hidden('workflow', workflow)}${hidden('job', name)}${hidden('page', page)}<button class="approve">Approve ${name}</button>`)
  }</div>`;

const forkQuestion = (view: PipelineView, wouldRun: string[], actor: Actor): Html =>
  html`<div class="approval"><div><p>The code is that of a fork, and runs when a maintainer allows this commit.</p><ul>${wouldRun.map((sentence) => html`<li>${sentence}</li>`)}</ul></div>${
    actor === null ? '' : form(view, 'allow', actor, html`<button class="approve">Build this fork</button>`)
  }</div>`;

function buttons(view: PipelineView, actor: Viewer): Html | '' {
  const isOver = view.state === 'ended';
  const failed = view.workflows.some(({ jobs }) => jobs.some(hasFailed));
  const again = cameFromGitHub(view) && (isOver || failed) ? form(view, 'rerun', actor, html`${failed ? html`<button name="what" value="failed">Rerun failed</button>` : ''}${isOver ? html`<button>Rerun all</button>` : ''}`) : '';
  const cancel = isOver ? '' : html`<details id="cancel" class="cancel"><summary>Cancel …</summary>${form(view, 'cancel', actor, html`<p>All jobs of this pipeline are ended, and those that wait will not begin.</p><button class="danger">Cancel ${nameOf(view)}</button>`)}</details>`;
  return again === '' && cancel === '' ? '' : html`<div class="pipeline-actions">${again}${cancel}</div>`;
}

/** One form around all that stands of a workflow: its buttons say what they do by themselves. */
export const workflowForm = (view: PipelineView, { name }: WorkflowView, actor: Actor, inside: Html): Html => (actor === null ? inside : form(view, 'rerun', actor, html`${hidden('workflow', name)}${inside}`));

/** Of a workflow that is not alone: else the pipeline's own do the same. */
export function workflowButtons(view: PipelineView, { name, outcome, jobs }: WorkflowView, actor: Actor): Html | '' {
  if (actor === null || view.workflows.length < 2) return '';
  if (outcome === null) return html`<button formaction="${pagePath(view, 'cancel')}" aria-label="Cancel workflow ${name}">Cancel</button>`;
  if (!cameFromGitHub(view)) return '';
  return html`${jobs.some(hasFailed) ? html`<button name="what" value="failed" aria-label="Rerun failed jobs of ${name}">Rerun failed</button> ` : ''}<button aria-label="Rerun workflow ${name}">Rerun</button>`;
}

/** Inside of a workflowForm. */
export function jobButton(view: PipelineView, job: JobView, actor: Actor): Html | '' {
  if (actor === null) return '';
  if (canBeCanceled(job)) return html`<button name="job" value="${job.name}" formaction="${pagePath(view, 'cancel')}" aria-label="Cancel ${job.name}">Cancel</button>`;
  return canRunAgain(view, job) ? html`<button name="job" value="${job.name}" aria-label="Rerun ${job.name}">Rerun</button>` : '';
}

/** On the page of a job. */
export function jobActions(view: PipelineView, workflow: string, job: JobView, slice: SliceView | null, actor: Actor): Html | '' {
  if (waitsForApproval(job)) return html`<div class="approvals">${approval(view, workflow, job, actor, 'job')}</div>`;
  if (actor === null) return '';
  const rerunSlice = cameFromGitHub(view) && slice !== null && job.slices.length > 1 && slice.state === 'ended' ? html`<button name="slice" value="${slice.index}">Rerun slice ${slice.index}</button>` : '';
  const rerun = canRunAgain(view, job) ? html`<button>Rerun job</button>` : '';
  const cancel = canBeCanceled(job) ? html`<button formaction="${pagePath(view, 'cancel')}">Cancel job</button>` : '';
  if (rerunSlice === '' && rerun === '' && cancel === '') return '';
  return html`<div class="pipeline-actions">${form(view, 'rerun', actor, html`${hidden('workflow', workflow)}${hidden('job', job.name)}${hidden('page', 'job')}${rerun}${rerunSlice}${cancel}`)}</div>`;
}

/** It runs, or waits for more than other jobs. */
const canBeCanceled = ({ state, reason }: JobView): boolean => state === 'running' || (state === 'waiting' && reason !== undefined);

const canRunAgain = (view: PipelineView, job: JobView): boolean => cameFromGitHub(view) && (job.outcome === 'passed' || hasFailed(job));
