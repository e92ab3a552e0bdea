// What was built lately?

import { html } from 'hono/html';
import type { BuildLine } from '../../../config-schema/view.ts';
import { pipelinePath } from '../address.ts';
import { badge, time } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { eventName, lasted, refName, statusOf } from '../words.ts';

export function buildsView(builds: BuildLine[], now: number): Shown {
  return {
    title: 'Builds',
    trail: [],
    open: builds.some(({ state }) => state !== 'ended'),
    body: html`<h1>Builds</h1>
${
  builds.length === 0
    ? html`<p>Nothing was built yet. Push a commit to a repository that the GitHub App is installed on and that has a <code>.circle.yml</code> or <code>.circleci/config.yml</code>.</p>`
    : html`<table class="list">
<thead><tr><th>Outcome</th><th>Build</th><th>Change</th><th>Begun</th><th class="number">Took</th></tr></thead>
<tbody>${builds.map((build) => row(build, now))}</tbody>
</table>`
}`,
  };
}

const row = (build: BuildLine, now: number): Html => html`<tr>
<td>${badge(statusOf(build))}</td>
<td><a href="${pipelinePath({ ...build, pipeline: build.number })}">${build.owner}/${build.name} <b>#${build.number}</b></a></td>
<td><div class="subject">${build.subject}</div><div class="quiet">${refName(build.ref)} · <code>${build.sha.slice(0, 7)}</code> · ${eventName(build.event)} by ${build.sender}</div>${build.reason === undefined ? '' : html`<div class="reason">${build.reason}</div>`}</td>
<td>${time(build.startedAt)}</td>
<td class="number">${lasted(build, now)}</td>
</tr>`;
