// How does one pipeline stand, workflow by workflow?

import { html } from 'hono/html';
import type { JobView, PipelineView } from '../../../config-schema/view.ts';
import { jobPath } from '../address.ts';
import { badge, sign, time } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { eventName, lasted, refName, statusOf } from '../words.ts';

export function pipelineView(view: PipelineView, now: number): Shown {
  const { repository, trigger, number } = view;
  const name = `${repository.owner}/${repository.name} #${number}`;
  return {
    title: name,
    trail: [{ text: name }],
    open: view.state !== 'ended',
    body: html`<h1>${trigger.commit.subject}</h1>
<p class="facts">${badge(statusOf(view))} · ${refName(trigger.ref)} · <code>${trigger.sha.slice(0, 12)}</code> · ${eventName(trigger.event)} by ${trigger.sender.login} · ${time(view.startedAt)} · ${lasted(view, now)}</p>
${view.reason === undefined ? '' : html`<p class="reason">${view.reason}</p>`}
${view.workflows.map(
  (workflow) => html`<section><h2>${workflow.name}</h2>
<table class="list"><tbody>${workflow.jobs.map((job) => row(view, workflow.name, job, now))}</tbody></table></section>`,
)}`,
  };
}

const row = ({ repository, number }: PipelineView, workflow: string, job: JobView, now: number): Html => html`<tr>
<td class="status">${badge(statusOf(job))}</td>
<td><a href="${jobPath({ owner: repository.owner, name: repository.name, pipeline: number, workflow, job: job.name })}">${job.name}</a>${job.slices.length > 1 ? html` <span class="quiet">${job.slices.map((slice) => sign(statusOf(slice)))}</span>` : ''}${job.reason === undefined ? '' : html`<div class="reason">${job.reason}</div>`}</td>
<td class="number">${lasted(job, now)}</td>
</tr>`;
