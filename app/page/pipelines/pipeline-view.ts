// How does one pipeline stand, workflow by workflow?

import { html } from 'hono/html';
import type { PipelineView } from '../../../config-schema/view.ts';
import { jobPath } from '../address.ts';
import { badge } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { graphView } from './graph-view.ts';
import { jobTable } from './job-table.ts';
import { frame, head, pagePath, placeOf } from './pipeline-head.ts';
import type { Facts } from './pipeline-record.ts';
import { timingView } from './timing-view.ts';

/** `faulty`: its config could not be run. */
export function pipelineView(view: PipelineView, facts: Facts, actions: Html | '', faulty: boolean, now: number): Shown {
  return {
    ...frame(view, ''),
    body: html`${head(view, facts, '', now, actions)}
<div>${view.workflows.length > 0 ? workflows(view, now) : nothingRuns(view, faulty)}</div>
${timingView(view, facts.kindsOf, now)}`,
  };
}

const workflows = (view: PipelineView, now: number): Html =>
  html`${view.workflows.map(
    (workflow) => html`<section class="workflow"><h2>${workflow.name}${workflow.outcome === null ? '' : html` <span class="beside">${badge(workflow.outcome)}</span>`}</h2>
${graphView(workflow, (job) => jobPath({ ...placeOf(view), workflow: workflow.name, job }), now)}
${jobTable(view, workflow, now)}</section>`,
  )}`;

function nothingRuns(view: PipelineView, faulty: boolean): Html {
  if (faulty) return html`<p class="nothing">The config could not be run. <a href="${pagePath(view, 'config')}">See its faults, each on its line</a>.</p>`;
  if (view.state === 'ended') return html`<p>Nothing was run.</p>`;
  return html`<p>${view.state === 'waiting' ? 'Nothing of it has begun.' : 'Its config is being read.'}</p>`;
}
