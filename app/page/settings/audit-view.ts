// Who did what, from where, and is the log whole?

import { html } from 'hono/html';
import type { AuditEntry } from '../../../activities/control/audit-read.ts';
import type { AuditReport } from '../../../activities/control/audit-verify.ts';
import type { Viewer } from '../access/access.ts';
import { time, type Html, type Shown } from '../layout.ts';
import { button } from './form.ts';

/** As it stands in the address. */
export type AuditQuery = { who: string; action: string; repository: string; before: number | null };
/** `next`: where older entries begin; `unknown`: a repository of this name was never here. */
export type AuditPage = { query: AuditQuery; entries: AuditEntry[]; next: number | null; unknown: string | null; viewer: Viewer };

const trail = [{ text: 'Settings', path: '/-/settings' }];

export function auditView({ query, entries, next, unknown, viewer }: AuditPage): Shown {
  return {
    title: 'Audit log',
    trail: [...trail, { text: 'Audit log' }],
    open: false,
    wide: true,
    body: html`<h1 id="audit">Audit log</h1>
<form class="filter" role="search"><label>Who <input name="who" value="${query.who}" maxlength="200" spellcheck="false"></label> <label>Action <input name="action" value="${query.action}" maxlength="200" spellcheck="false" placeholder="context, or context.set"></label> <label>Repository <input name="repository" value="${query.repository}" maxlength="200" spellcheck="false" placeholder="OWNER/NAME or its number"></label> <button>Search</button></form>
${viewer.csrf === null ? '' : button(viewer, { to: '/-/audit/verify', label: 'Verify the whole log' })}
${unknown === null ? '' : html`<p class="reason">There is no repository ${unknown} that we ever heard of. Write OWNER/NAME, or its number.</p>`}
${entries.length === 0 ? html`<p>${next === null ? 'There are no such entries.' : 'None so far.'}</p>` : table(entries)}
<p class="pages">${query.before === null ? '' : html`<a href="${pathOf({ ...query, before: null })}">Newest</a>`}${next === null ? '' : html`<a href="${pathOf({ ...query, before: next })}" rel="next">Older, before entry ${next}</a>`}</p>`,
  };
}

function pathOf({ before, ...words }: AuditQuery): string {
  const query = new URLSearchParams(Object.entries(words).filter(([, word]) => word !== ''));
  if (before !== null) query.set('before', String(before));
  return query.size === 0 ? '/-/audit' : `/-/audit?${query}`;
}

const table = (entries: AuditEntry[]): Html => html`<div class="settings-scroll" tabindex="0" role="region" aria-labelledby="audit"><table class="settings-rows audit">
<thead><tr><th scope="col">Entry</th><th scope="col">When</th><th scope="col">Who</th><th scope="col">Action</th><th scope="col">Subject</th><th scope="col">From</th><th scope="col">Details</th></tr></thead>
<tbody>${entries.map(row)}</tbody>
</table></div>`;

function row({ seq, at, event, problem }: AuditEntry): Html {
  const head = html`<th scope="row">${seq}</th><td>${at === null ? '?' : time(at)}</td>`;
  const said = problem === null ? '' : html`<span class="bad">${problem.sentence}</span>`;
  if (!event) return html`<tr>${head}<td colspan="5">${problem === null ? html`<span class="quiet">forgotten, or deleted: verifying the log says which</span>` : said}</td></tr>`;
  const { who, from, action, subject, details } = event;
  return html`<tr>${head}<td>${who}</td><td><code>${action}</code></td><td>${subject}</td><td class="quiet">${from}</td><td>${said}${Object.entries(details ?? {}).map(([name, value]) => html`<div><span class="quiet">${name}</span> <code>${typeof value === 'string' ? value : JSON.stringify(value)}</code></div>`)}</td></tr>`;
}

export function verdictView({ entries, head, problems, forgotten, undeleted }: AuditReport): Shown {
  const isWhole = problems.length === 0;
  return {
    title: isWhole ? 'The audit log is whole' : 'The audit log was tampered with',
    trail: [...trail, { text: 'Audit log', path: '/-/audit' }, { text: 'Verdict' }],
    open: false,
    body: html`<h1>${isWhole ? html`<span class="passed" aria-hidden="true">✓</span> The audit log is whole` : html`<span class="failed" aria-hidden="true">✗</span> The audit log was tampered with`}</h1>
<p>${entries} ${entries === 1 ? 'entry was' : 'entries were'} read${isWhole ? ', and each is as it was written' : ''}.${head === null ? '' : html` The newest is ${head.seq}, with the hash <code class="long">${head.hash}</code>: note it elsewhere, and another time it proves that nothing before was changed.`}</p>
${isWhole ? '' : html`<ul>${problems.map(({ sentence }) => html`<li>${sentence}</li>`)}</ul>`}
${forgotten.length === 0 ? '' : html`<p>Forgotten on request: ${ranges(forgotten)}.</p>`}
${undeleted.length === 0 ? '' : html`<p class="reason">To be forgotten, and still there: ${ranges(undeleted)}. Run <code>roundhouse forget</code> again; it was interrupted, or an old copy of the store was put back.</p>`}
<p><a href="/-/audit">Back to the entries</a></p>`,
  };
}

const ranges = (of: AuditReport['forgotten']): string => of.map(([first, last]) => (first === last ? String(first) : `${first}–${last}`)).join(', ');
