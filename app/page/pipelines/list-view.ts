// What was built lately, by whom, and how does it stand?

import { html } from 'hono/html';
import { branchOf, tagOf } from '../../../config-schema/trigger.ts';
import type { BuildLine } from '../../../config-schema/view.ts';
import { pullRequestOf, standingOf } from '../../history/filter.ts';
import type { Listed } from '../../history/lists.ts';
import { pipelinePath } from '../address.ts';
import { badge, time } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { eventName, lasted, refName, statusWords } from '../words.ts';
import { askable, askedInWords, events, listPath, statuses, type Asked } from './list-filter.ts';

export type List = {
  /** null: of all repositories. */
  repository: { owner: string; name: string } | null;
  asked: Asked;
  /** Why nothing is listed. */
  problem: string | null;
  listed: Listed | null;
  /** This is not the newest page. */
  isOlder: boolean;
  /** Of the person who looks; null when it is nobody by name. */
  login: string | null;
  now: number;
};

/** So soon a page asks again: a new pipeline is to be there within two seconds. */
const refreshMs = 1000;

export function listView(list: List): Shown {
  const { repository, asked, problem, listed, now } = list;
  const name = repository && `${repository.owner}/${repository.name}`;
  const base = basePath(repository);
  return {
    title: [...askable.flatMap((one) => (asked[one] === undefined ? [] : [askedInWords(one, asked[one])])), name ?? 'Pipelines'].join(' · '),
    trail: name === null ? [] : [{ text: name }],
    open: true,
    body: html`<div id="list" data-refresh-ms="${refreshMs}" data-now="${now}">
<h1>${name ?? 'Pipelines'}</h1>
${chips(list, base)}
${form(asked, base)}
${active(asked, base)}
${problem === null ? '' : html`<p class="reason" id="problem">${problem}</p>`}
${listed === null ? '' : html`${notes(listed, list)}
${listed.lines.length === 0 ? empty(list, listed) : html`<ol class="pipelines" id="pipelines" role="list">${listed.lines.map((line) => row(line, list, base))}</ol>`}
${pages(list, listed, base)}`}
</div>`,
  };
}

export const basePath = (repository: List['repository']): string => (repository ? `/${repository.owner}/${repository.name}` : '/');

function chips({ asked, login, listed }: List, base: string): Html {
  const none = Object.keys(asked).length === 0;
  const chip = (text: string, is: boolean, changes: Asked, count = 0): Html => html`<a href="${listPath(base, {}, changes)}"${is ? html` aria-current="true"` : ''}>${text}${count > 0 ? html` <span class="count">${count}</span>` : ''}</a>`;
  const only = (name: keyof Asked, value: string): boolean => asked[name] === value && Object.keys(asked).length === 1;
  return html`<nav class="chips" aria-label="Quick filters">${chip('All', none, {})}${login === null ? '' : chip('Mine', only('by', 'me'), { by: 'me' })}${chip('Failed', only('status', 'failed'), { status: 'failed' })}${chip('Running', only('status', 'running'), { status: 'running' }, listed?.open.running)}${chip('Waiting', only('status', 'waiting'), { status: 'waiting' }, listed?.open.waiting)}</nav>`;
}

function form(asked: Asked, base: string): Html {
  const { q, status, branch, by, event, tag, pull } = asked;
  const hasMore = [status, branch, by, event].some((value) => value !== undefined);
  const option = (value: string, text: string, chosen: string | undefined): Html => html`<option value="${value}"${value === (chosen ?? '') ? html` selected` : ''}>${text}</option>`;
  return html`<form class="filters" role="search" action="${base}" id="filters">
${[['tag', tag] as const, ['pull', pull] as const].map(([name, value]) => (value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`))}
<div class="search"><label for="q">Search</label><input type="search" id="q" name="q" value="${q ?? ''}" placeholder="subject, branch, sha, author, #number" autocomplete="off"><button>Show</button></div>
<details id="more-filters"${hasMore ? html` open` : ''}><summary>More filters</summary><div class="fields">
<label>Outcome <select name="status">${option('', 'any', status)}${statuses.map((one) => option(one, statusWords[one].word, status))}</select></label>
<label>Branch <input name="branch" value="${branch ?? ''}" autocomplete="off"></label>
<label>By <input name="by" value="${by ?? ''}" placeholder="login" autocomplete="off"></label>
<label>Event <select name="event">${option('', 'any', event)}${events.map((one) => option(one, eventName(one), event))}</select></label>
</div></details>
</form>`;
}

/** Each can be taken away alone. */
function active(asked: Asked, base: string): Html {
  const all = askable.flatMap((name) => (asked[name] === undefined ? [] : [{ name, text: askedInWords(name, asked[name]) }]));
  return all.length === 0 ? html`` : html`<ul class="active" id="active" role="list" aria-label="Shown are only">${all.map(({ name, text }) => html`<li><a href="${listPath(base, asked, { [name]: undefined })}" aria-label="Without ${text}">${text} <span aria-hidden="true">✕</span></a></li>`)}</ul>`;
}

function notes({ temporalAway, complete, filtersLookAt }: Listed, { asked }: List): Html {
  const isFiltered = Object.keys(asked).length > 0;
  const sentences = [
    temporalAway && 'Temporal does not answer: pipelines that run or wait are missing here. Those that have ended are shown.',
    !complete && 'The history is still being read: more pipelines appear in a moment.',
    isFiltered && filtersLookAt !== null && `Filters and search look at the newest ${filtersLookAt.toLocaleString('en')} pipelines. Without them, the list goes on to the first one.`,
  ];
  return html`${sentences.map((sentence) => (sentence === false ? '' : html`<p class="note">${sentence}</p>`))}`;
}

function row(line: BuildLine, { now, repository }: List, base: string): Html {
  const standing = standingOf(line);
  const reason = line.state === 'ended' ? line.reason : (line.waitingFor ?? line.reason);
  return html`<li id="p-${line.repositoryId}-${line.number}">
<div class="outcome">${badge(standing)}</div>
<div class="change"><div class="subject"><a href="${pipelinePath({ ...line, pipeline: line.number })}">${line.owner}/${line.name} <b>#${line.number}</b></a> ${line.subject}</div>
<div class="quiet">${ref(line, base)} · <code>${line.sha.slice(0, 7)}</code> · ${sender(line, base)}${repository === null ? html` · <a href="/${line.owner}/${line.name}">all of ${line.name}</a>` : ''}</div>
${reason === undefined ? '' : html`<div class="${line.state === 'ended' ? 'reason' : 'reason waits'}">${reason}</div>`}</div>
<div class="when"><span data-ago="${line.startedAt}">${ago(line.startedAt, now)}</span> <span class="quiet">${time(line.startedAt)}</span></div>
<div class="took">${line.state === 'ended' ? lasted(line, now) : html`<span class="quiet">${standing === 'waiting' ? 'waits for' : 'for'}</span> <span data-since="${line.startedAt}">${lasted(line, now)}</span>`}${jobs(line)}</div>
</li>`;
}

/** A schedule is nobody. */
const sender = (line: BuildLine, base: string): Html => (line.schedule === undefined ? html`${byWhom[line.event]} <a href="${listPath(base, {}, { by: line.sender })}">${line.sender}</a>` : html`schedule ${line.schedule}`);

const byWhom: Record<BuildLine['event'], string> = { push: 'pushed by', pull_request: 'pull request by', rerun: 'rerun by', local: 'local run by', schedule: 'scheduled by', api: 'asked for by', webhook: 'webhook by' };

/** Leads to all of the same branch, tag or pull request. */
function ref(line: BuildLine, base: string): Html {
  const [branch, tag, pull] = [branchOf(line.ref), tagOf(line.ref), pullRequestOf(line)];
  const link = (asked: Asked, text: string): Html => html`<a href="${listPath(base, {}, asked)}">${text}</a>`;
  const first = branch !== null ? link({ branch }, branch) : tag !== null ? link({ tag }, `tag ${tag}`) : pull === null ? html`${refName(line.ref)}` : '';
  return html`${first}${pull === null ? '' : html`${first === '' ? '' : ' · '}${link({ pull: String(pull) }, `pull request ${pull}`)}`}`;
}

function jobs({ jobs: counted, state }: BuildLine): Html {
  if (!counted) return html``;
  const { total, ended, failed } = counted;
  const all = `${total} ${total === 1 ? 'job' : 'jobs'}`;
  const text = state === 'ended' ? (failed > 0 ? `${failed} of ${all} failed` : all) : `${ended} of ${all} ended${failed > 0 ? `, ${failed} failed` : ''}`;
  return html`<div class="quiet">${text}</div>`;
}

/** `3 min ago`; static/times.js says it in the same words. */
export function ago(iso: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(iso)) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  const days = Math.floor(minutes / (24 * 60));
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

function empty({ asked, repository, isOlder }: List, { complete }: Listed): Html {
  if (Object.keys(asked).length > 0) return html`<p id="empty">No pipeline is like this. Take away a filter above, or <a href="${basePath(repository)}">see all</a>.</p>`;
  if (isOlder) return html`<p id="empty">There is nothing older that you may see.</p>`;
  if (!complete) return html``;
  return html`<div id="empty" class="empty"><p>Nothing was built yet${repository ? ' in this repository' : ' that you may see'}. A pipeline begins when somebody pushes a commit, and appears here by itself:</p>
<ol><li>Install the GitHub App on the repository${repository ? ', if it is not yet' : ''}.</li>
<li>Add a file <code>.circle.yml</code> (or <code>.circleci/config.yml</code>), for a start:
<pre tabindex="0" aria-label="An example of .circle.yml"><code>version: 2.1
jobs:
  test:
    docker: [{image: "debian:bookworm"}]
    steps:
      - checkout
      - run: echo "It runs."
workflows:
  all:
    jobs: [test]</code></pre></li>
<li>Commit and push it.</li></ol></div>`;
}

function pages({ asked, isOlder }: List, { next }: Listed, base: string): Html {
  if (next === null && !isOlder) return html``;
  return html`<nav class="pages" id="pages" aria-label="Pages">${isOlder ? html`<a href="${listPath(base, asked)}">Newest</a>` : ''}${next === null ? '' : html`<a href="${listPath(base, asked, {}, next)}" rel="next">Older</a>`}</nav>`;
}
