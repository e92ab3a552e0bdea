// What stands above every page of a pipeline: what it is, how it stands, and what can be done about it?

import { html } from 'hono/html';
import { addCounts } from '../../../config-schema/test-report.ts';
import { branchOf, isFork, tagOf, type TrustLevel } from '../../../config-schema/trigger.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import { pipelinePath } from '../address.ts';
import { badge, time } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { eventName, lasted, refName, statusOf } from '../words.ts';
import { webAddress, type Facts } from './pipeline-record.ts';

export const placeOf = ({ repository, number }: PipelineView): { owner: string; name: string; pipeline: number } => ({ owner: repository.owner, name: repository.name, pipeline: number });

/** OWNER/NAME#N: as people and the command line call it. */
export const nameOf = ({ repository, number }: PipelineView): string => `${repository.owner}/${repository.name} #${number}`;

/** The pages of a pipeline, by the last part of their paths. */
export const pages = { '': 'Jobs', config: 'Config', tests: 'Tests', artifacts: 'Artifacts' } as const;
export type PageOfPipeline = keyof typeof pages;

export const pagePath = (view: PipelineView, page: string): string => `${pipelinePath(placeOf(view))}${page === '' ? '' : `/${page}`}`;

/** All that a page of a pipeline has besides its body. */
export function frame(view: PipelineView, page: PageOfPipeline): Pick<Shown, 'title' | 'trail' | 'open'> {
  const name = nameOf(view);
  const { owner, name: repository } = view.repository;
  const home = { text: `${owner}/${repository}`, path: `/${owner}/${repository}` };
  const own = { text: `#${view.number}` };
  return {
    title: page === '' ? name : `${pages[page]} · ${name}`,
    trail: page === '' ? [home, own] : [home, { ...own, path: pagePath(view, '') }, { text: pages[page] }],
    open: view.state !== 'ended',
  };
}

export function head(view: PipelineView, facts: Facts, page: PageOfPipeline, now: number, actions: Html | '' = ''): Html {
  const { trigger } = view;
  const waits = view.state === 'waiting';
  return html`<div class="pipeline-head" data-now="${now}"><h1>${trigger.commit.subject === '' ? nameOf(view) : trigger.commit.subject}</h1>
<p class="facts">${badge(statusOf(view))} · ${refLinks(view, facts)} · ${commitLink(view, facts)} · ${trigger.event === 'schedule' && trigger.schedule ? `schedule ${trigger.schedule.name}` : `${eventName(trigger.event)} by ${trigger.sender.login}`} · ${time(view.startedAt)}${waits ? '' : html` · ${took(view, now)}`}</p>
${pullRequests(view, facts)}${view.trust === null ? '' : html`<p class="quiet">Trust level ${view.trust}: ${trustInWords[view.trust]}</p>`}
${view.reason === undefined ? '' : html`<p class="reason${waits ? ' waits' : ''}">${waits ? 'Waits: ' : ''}${view.reason}</p>`}</div>
${actions}
<nav class="pipeline-tabs" aria-label="Of this pipeline">${Object.entries(pages).map(([path, text]) => html`<a href="${pagePath(view, path)}"${path === page ? html` aria-current="page"` : ''}>${text}${count(view, path as PageOfPipeline)}</a>`)}</nav>`;
}

/** How long it took; what is not over ticks in the browser. */
export const took = (thing: { startedAt: string | null; endedAt: string | null }, now: number): Html | string =>
  thing.startedAt !== null && thing.endedAt === null ? html`<span data-since="${thing.startedAt}">${lasted(thing, now)}</span>` : lasted(thing, now);

/** What somebody finds there, without looking. */
function count({ workflows }: PipelineView, page: PageOfPipeline): Html | '' {
  const results = workflows.flatMap(({ jobs }) => jobs.flatMap(({ slices }) => slices.flatMap(({ steps }) => steps.flatMap(({ result }) => result ?? []))));
  const { total, failed } = addCounts(results.flatMap(({ tests }) => tests ?? []));
  if (page === 'tests' && total > 0) return html` <span class="count${failed > 0 ? ' failed' : ''}">${failed > 0 ? `${failed} failed` : total}</span>`;
  const files = results.reduce((sum, { artifacts }) => sum + (artifacts?.files ?? 0), 0);
  return page === 'artifacts' && files > 0 ? html` <span class="count">${files}</span>` : '';
}

const trustInWords: Record<TrustLevel, string> = {
  T2: 'the default branch or a protected ref, with everything that the repository’s jobs may have',
  T1: 'another ref of this repository, without what only protected refs get',
  T0: 'from a fork, so without secrets, and its caches are its own',
};

/** To the pipelines of the ref here, and to the ref on GitHub. */
function refLinks({ trigger, repository }: PipelineView, { repositoryUrl }: Facts): Html {
  const [branch, tag, pull] = [branchOf(trigger.ref), tagOf(trigger.ref), trigger.pullRequest];
  const name = pull === null ? refName(trigger.ref) : `pull request ${pull.number}${isFork(trigger) ? ` from ${pull.headOwner}/${pull.headName}` : ''}`;
  const asked = pull !== null ? `pull=${pull.number}` : branch !== null ? `branch=${encodeURIComponent(branch)}` : tag !== null ? `tag=${encodeURIComponent(tag)}` : null;
  const onGitHub = pull !== null ? webAddress(pull.url) : repositoryUrl === null || (branch ?? tag) === null ? null : `${repositoryUrl}/tree/${(branch ?? tag)!.split('/').map(encodeURIComponent).join('/')}`;
  return html`${asked === null ? name : html`<a href="/${repository.owner}/${repository.name}?${asked}" title="Its pipelines">${name}</a>`}${onGitHub === null ? '' : html` <a class="quiet" href="${onGitHub}" aria-label="${name} on GitHub" title="On GitHub">↗</a>`}`;
}

function commitLink({ trigger }: PipelineView, { repositoryUrl }: Facts): Html {
  const code = html`<code>${trigger.sha.slice(0, 12)}</code>`;
  return repositoryUrl === null ? code : html`<a href="${repositoryUrl}/commit/${encodeURIComponent(trigger.sha)}" aria-label="Commit ${trigger.sha.slice(0, 12)} on GitHub">${code}</a>`;
}

/** Those that have the commit as their head; the one that it came by stands in the facts already. */
const pullRequests = ({ trigger }: PipelineView, { pullRequestUrls }: Facts): Html | '' =>
  trigger.pullRequest !== null || pullRequestUrls.length === 0 ? '' : html`<p class="quiet">In ${pullRequestUrls.slice(0, 5).map((url, i) => html`${i > 0 ? ', ' : ''}<a href="${url}">pull request ${/\d+$/.exec(url)?.[0] ?? url}</a>`)}</p>`;
