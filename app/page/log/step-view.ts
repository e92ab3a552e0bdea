// Which lines does the log of one step have, from any line on?

import { html } from 'hono/html';
import { jobPath, pipelineTrail, stepPath } from '../address.ts';
import type { FoundStep, StepPlace } from '../address.ts';
import { stepStatus, viewer } from './job-view.ts';
import type { Html, Shown } from '../layout.ts';
import type { StoredLines } from './stored-lines.ts';
import { bytesInWords } from '../words.ts';

export const linesOnPage = 1000;

export function stepView({ step, attempt }: FoundStep, place: StepPlace, fromLine: number, stored: StoredLines | null): Shown {
  const name = step?.name ?? `step ${place.step}`;
  const path = stepPath(place);
  const total = stored?.manifest.totalLines ?? 0;
  const last = stored?.lines.findLast((line) => line.number !== null)?.number ?? fromLine;
  const to = (line: number): string => `${path}?attempt=${attempt}&line=${Math.max(1, line)}`;
  const link = (text: string, line: number, there: boolean): Html => (there ? html`<a href="${to(line)}">${text}</a>` : html`<span class="quiet">${text}</span>`);
  const pages = (): Html | '' => fromLine === 1 && last >= total ? '' : html`<nav class="pages" aria-label="Lines">${link('First', 1, fromLine > 1)} ${link('Earlier', fromLine - linesOnPage, fromLine > 1)} ${link('Later', last + 1, last < total)} ${link('Last', total - linesOnPage + 1, last < total)}
<form action="${path}"><input type="hidden" name="attempt" value="${attempt}"><label>Line <input name="line" type="number" min="1" max="${Math.max(1, total)}" value="${fromLine}"></label> <button>Show</button></form></nav>`;
  return {
    title: `${name} · ${place.job}`,
    trail: [...pipelineTrail(place), { text: place.workflow }, { text: place.job, path: `${jobPath(place)}?slice=${place.slice}` }, { text: name }],
    open: false,
    scripts: ['log.js'],
    wide: true,
    body: html`<h1>${name}</h1>
${stored === null ? html`<p class="facts">Nothing of this log is stored yet.</p>` : html`<p class="facts">Lines ${fromLine} to ${last} of ${total}, ${bytesInWords(stored.manifest.totalBytes)}${stored.manifest.complete ? '' : ' so far'}</p>`}
${stored === null ? '' : pages()}
${viewer({ place, attempt, name, status: step === null ? 'waiting' : stepStatus(step), startedAt: step?.startedAt ?? null, stored, whole: true })}
${stored === null ? '' : pages()}`,
  };
}
