// What did the repository say, and what became of it? The config's source beside what it was compiled to.

import { html, raw } from 'hono/html';
import { stringify } from 'yaml';
import type { PipelineRecord } from '../../../activities/control/activities.ts';
import type { FaultyConfig } from '../../../config-schema/faulty-config.ts';
import type { Diagnostic } from '../../../config-schema/plan.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import type { Html, Shown } from '../layout.ts';
import { linesInWords } from '../words.ts';
import { frame, head } from './pipeline-head.ts';
import type { Facts } from './pipeline-record.ts';

const mostLines = 5000;

export function configView(view: PipelineView, facts: Facts, record: PipelineRecord | undefined, faulty: FaultyConfig | undefined, now: number): Shown {
  return {
    ...frame(view, 'config'),
    open: view.state !== 'ended' && !record && !faulty,
    wide: true,
    body: html`${head(view, facts, 'config', now)}
<div>${record ? html`${compiled(view, facts, record)}${faulty ? refused(facts, view, faulty, 'N') : ''}` : faulty ? refused(facts, view, faulty, 'L') : html`<p>${view.state === 'ended' ? 'No config was kept of this pipeline: there was none to run.' : 'The config is not loaded yet.'}</p>`}</div>`,
  };
}

function compiled(view: PipelineView, facts: Facts, { plan, config, continuation }: PipelineRecord): Html {
  const path = config?.path ?? plan.source.path;
  return html`${diagnostics(plan.warnings, 'Warnings', config ? 'L' : null)}
<div class="beside-one-another"><section><h2>${path}${onGitHub(view, facts, path)}</h2>
${config ? source(config.text, plan.warnings, 'L') : html`<p>Its source was not kept: this pipeline is of an earlier version of Roundhouse.${onGitHub(view, facts, path)}</p>`}
${continuation ? goesOn(continuation) : ''}</section>
<section><h2>What it was compiled to <span class="quiet beside">without what is empty or off</span></h2>
${lines(compiledText(plan), 'What the config was compiled to', 'C', new Set())}</section></div>`;
}

const goesOn = ({ config: { path, text }, warnings }: NonNullable<PipelineRecord['continuation']>): Html => html`<h2>${path} <span class="quiet beside">handed in by a job: the pipeline went on with it</span></h2>
${diagnostics(warnings, 'Warnings', 'N')}${source(text, warnings, 'N')}`;

const refused = (facts: Facts, view: PipelineView, { path, text, errors }: FaultyConfig, prefix: Prefix): Html => html`${diagnostics(errors, errors.length === 1 ? 'One fault' : `${errors.length} faults`, prefix)}
<h2>${path}${prefix === 'N' ? html` <span class="quiet beside">handed in by a job: the pipeline could not go on with it</span>` : onGitHub(view, facts, path)}</h2>
${source(text, errors, prefix)}`;

/** Warnings stand above. */
const compiledText = ({ workflows, jobs, schedules, orbs }: PipelineRecord['plan']): string => stringify(withoutEmpty({ workflows, jobs, schedules, orbs }), { lineWidth: 0, aliasDuplicateObjects: false });

/** A plan has every default, and most of them say that there is nothing of the kind. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (isEmpty(inner) ? [] : [[key, withoutEmpty(inner)]])));
}

const isEmpty = (value: unknown): boolean => value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);

/** `prefix`: that of the lines they lead to; null: there are none. */
function diagnostics(all: readonly Diagnostic[], title: string, prefix: Prefix | null): Html | '' {
  if (all.length === 0) return '';
  const place = ({ line, column }: Diagnostic): string => `line ${line}, column ${column}`;
  return html`<section><h2>${title}</h2><ul class="diagnostics">${all.map((one) => html`<li class="${one.severity}">${prefix !== null ? html`<a href="#${prefix}${one.line}">${place(one)}</a>` : place(one)}: ${one.message}${(one.trace ?? []).map((call) => html`<div class="quiet">${call}</div>`)}</li>`)}</ul></section>`;
}

/** Of lines: those of the config, of one that a job handed in, and of what they were compiled to. */
type Prefix = 'L' | 'N' | 'C';

const source = (text: string, marked: readonly Diagnostic[], prefix: Prefix): Html => lines(text, prefix === 'L' ? 'Source of the config' : 'Source of the config that was handed in', prefix, new Set(marked.map(({ line }) => line)));

/** Each with its number, by which it can be linked to: `#L12`. */
function lines(text: string, label: string, prefix: Prefix, marked: ReadonlySet<number>): Html {
  const all = text.replace(/\n$/, '').split('\n');
  const shown = all.slice(0, mostLines);
  return html`<div class="code" role="region" tabindex="0" aria-label="${label}">${raw(shown.map((line, i) => `<div class="l${marked.has(i + 1) ? ' marked' : ''}" id="${prefix}${i + 1}"><a href="#${prefix}${i + 1}" tabindex="-1" data-n="${i + 1}" aria-label="Line ${i + 1}"></a>${escaped(line)}</div>`).join(''))}</div>
${all.length > mostLines ? html`<p class="quiet">… and ${linesInWords(all.length - mostLines)} more.</p>` : ''}`;
}

/** Thousands of lines are escaped by hand: a template for each takes its time. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const onGitHub = ({ trigger }: PipelineView, { repositoryUrl }: Facts, path: string): Html | '' =>
  repositoryUrl === null ? '' : html` <a class="quiet beside" href="${repositoryUrl}/blob/${encodeURIComponent(trigger.sha)}/${path.split('/').map(encodeURIComponent).join('/')}">on GitHub</a>`;
