// How does one pipeline stand, workflow by workflow?

import { html } from 'hono/html';
import { isFiltered, type JobView, type PipelineView } from '../../../config-schema/view.ts';
import { jobPath } from '../address.ts';
import { badge } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { pipelineActions, workflowButtons, workflowForm, type Actor } from './action-forms.ts';
import { graphView } from './graph-view.ts';
import { jobTable } from './job-table.ts';
import { frame, head, pagePath, placeOf } from './pipeline-head.ts';
import type { Facts } from './pipeline-record.ts';
import { timingView } from './timing-view.ts';

/** `faulty`: its config could not be run. */
export function pipelineView(view: PipelineView, facts: Facts, actor: Actor, faulty: boolean, now: number): Shown {
  return {
    ...frame(view, ''),
    body: html`${head(view, facts, '', now, pipelineActions(view, actor))}
<div>${view.workflows.length > 0 ? workflows(view, actor, now) : nothingRuns(view, faulty)}${off(view)}</div>
${timingView(view, facts.kindsOf, now)}`,
  };
}

const workflows = (view: PipelineView, actor: Actor, now: number): Html =>
  html`${view.workflows.map((each) => {
    const workflow = { ...each, jobs: each.jobs.filter((job) => !isFiltered(job)) };
    const heading = html`<h2>${workflow.name}${workflow.outcome === null ? '' : html` <span class="beside">${badge(workflow.outcome)}</span>`} <span class="does">${workflowButtons(view, workflow, actor)}</span></h2>`;
    const all = html`${heading}
${graphView(workflow, (job) => jobPath({ ...placeOf(view), workflow: workflow.name, job }), now)}
${workflow.jobs.length > 0 ? jobTable(view, workflow, actor, now) : ''}
${filtered(each.jobs.filter(isFiltered))}`;
    return html`<section class="workflow">${workflowForm(view, workflow, actor, all)}</section>`;
  })}`;

const filtered = (jobs: JobView[]): Html | '' =>
  jobs.length === 0 ? '' : html`<details><summary>${jobs.length === 1 ? 'A job is' : `${jobs.length} jobs are`} left out</summary><ul>${jobs.map(({ name, reason }) => html`<li><b>${name}</b>: ${reason ?? 'filtered out'}</li>`)}</ul></details>`;

const off = ({ off = [] }: PipelineView): Html | '' =>
  off.length === 0 ? '' : html`<details><summary>${off.length === 1 ? 'A workflow is' : `${off.length} workflows are`} off</summary><ul>${off.map(({ workflow, reason }) => html`<li><b>${workflow}</b>: ${reason}</li>`)}</ul></details>`;

function nothingRuns(view: PipelineView, faulty: boolean): Html {
  if (faulty) return html`<p class="nothing">The config could not be run. <a href="${pagePath(view, 'config')}">See its faults, each on its line</a>.</p>`;
  if (view.state === 'ended') return html`<p>Nothing was run.</p>`;
  return html`<p>${view.state === 'waiting' || view.wouldRun !== undefined ? 'Nothing of it has begun.' : 'Its config is being read.'}</p>`;
}
