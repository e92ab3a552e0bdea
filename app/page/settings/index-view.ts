// Which repositories are followed, and what else can be set?

import { html } from 'hono/html';
import type { ListedRepository } from '../../control/repository-operations.ts';
import { atLeast, type Permission, type Viewer } from '../access/access.ts';
import { pipelinePath } from '../address.ts';
import { badge, time } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { button } from './form.ts';

export type Row = { repository: ListedRepository; permission: Permission };
export type IndexOf = { rows: Row[]; hasMore: boolean; search: string; problem: string | null; viewer: Viewer; done: Html | null; version: string };

export const mostRows = 200;

export function indexView({ rows, hasMore, search, problem, viewer, done, version }: IndexOf): Shown {
  return {
    title: 'Settings',
    trail: [{ text: 'Settings' }],
    open: false,
    body: html`<h1>Settings</h1>
${done ?? ''}
${viewer.operator ? ofOperators(version) : ''}
<h2 id="repositories">Repositories</h2>
${problem === null ? '' : html`<p class="reason">${problem}</p>`}
<form class="filter" role="search"><label>Name holds <input type="search" name="q" value="${search}" maxlength="200"></label> <button>Search</button></form>
${
  rows.length === 0
    ? html`<p>${search === '' ? 'There is none that you may see. Install the GitHub App on a repository, or ask for access to one on GitHub.' : 'None that you may see has this in its name.'}</p>`
    : html`<div class="settings-scroll" tabindex="0" role="region" aria-labelledby="repositories"><table class="settings-rows repository-rows">
<thead><tr><th scope="col">Repository</th><th scope="col">Built</th><th scope="col">Last ended</th><th scope="col">Change</th></tr></thead>
<tbody>${rows.map((row) => tableRow(row, viewer))}</tbody>
</table></div>`
}
${hasMore ? html`<p class="quiet">Only the first ${mostRows} are shown. Search for a part of the name to see others.</p>` : ''}`,
  };
}

function tableRow({ repository, permission }: Row, viewer: Viewer): Html {
  const { owner, name, isInstalled, isKnown, last } = repository;
  const fullName = `${owner}/${name}`;
  return html`<tr>
<th scope="row">${isKnown ? html`<a href="/${fullName}">${fullName}</a>` : fullName}${repository.private === null ? '' : html` <span class="quiet">${repository.private ? 'private' : 'public'}</span>`}</th>
<td><span class="only-narrow">Built: </span>${builtWords(repository, permission)}</td>
<td>${last === null ? html`<span class="quiet">no pipeline has ended yet</span>` : html`<a href="${pipelinePath({ owner, name, pipeline: last.number })}">#${last.number}</a> ${last.outcome === null ? '' : badge(last.outcome)} ${last.endedAt === null ? '' : time(last.endedAt)}`}</td>
<td><span class="changes">${isKnown ? html`<a href="/${fullName}/-/settings">Settings<span class="unseen"> of ${fullName}</span></a>` : ''}${isInstalled && viewer.csrf !== null && atLeast(permission, 'admin') ? followButtons(viewer, repository, { follow: '/-/settings/follow', unfollow: '/-/settings/unfollow' }) : ''}</span></td>
</tr>`;
}

/** Who said so is for those who work on it; anybody may read a public repository. */
export function builtWords({ isInstalled, isBuilt, settings }: Pick<ListedRepository, 'isInstalled' | 'isBuilt' | 'settings'>, permission: Permission): Html {
  if (!isInstalled) return html`no: the GitHub App is not installed there`;
  const said = settings?.followed === undefined || !atLeast(permission, 'write') ? '' : html` <span class="quiet">since ${time(settings.changedAt)}, by ${settings.changedBy}</span>`;
  if (isBuilt) return html`yes, ${settings?.followed === undefined ? 'as every repository here' : 'followed'}${said}`;
  return html`no, ${settings?.followed === undefined ? 'nobody follows it' : 'unfollowed'}${said}`;
}

/** One that is built only because all are can be followed and unfollowed. */
export function followButtons(viewer: Viewer, { owner, name, isBuilt, settings }: Pick<ListedRepository, 'owner' | 'name' | 'isBuilt' | 'settings'>, to: { follow: string; unfollow: string }): Html {
  const [of, fields] = [`${owner}/${name}`, { repository: `${owner}/${name}` }];
  return html`${settings?.followed === true ? '' : button(viewer, { to: to.follow, label: 'Follow', of, fields })}${isBuilt ? button(viewer, { to: to.unfollow, label: 'Unfollow', of, fields }) : ''}`;
}

const ofOperators = (version: string): Html => html`<h2>This installation</h2>
<ul class="places-list">
<li><a href="/-/settings/contexts">Contexts</a>: values under a name, for jobs of an account’s repositories</li>
<li><a href="/-/audit">Audit log</a>: who did what with keys, secrets and settings</li>
<li><a href="/-/settings/installation">Settings of this installation</a>: what holds, and where it was set</li>
<li><a href="/-/doctor">Doctor</a>: what is well on this machine, and what mends the rest</li>
<li><a href="/metrics">Metrics</a>: for Prometheus</li>
</ul>
<p class="quiet">Roundhouse ${version}. What every setting means: <code>docs/SETTINGS.md</code> beside the program.</p>`;
