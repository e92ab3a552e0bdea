// How does the time of a pipeline look? One bar for each slice; what a bar shows stands as a number in the table below.

import { html } from 'hono/html';
import type { PipelineView } from '../../../config-schema/view.ts';
import { jobPath } from '../address.ts';
import type { Html } from '../layout.ts';
import { duration, statusWords } from '../words.ts';
import { placeOf } from './pipeline-head.ts';
import { sumOf, timingOf, type Bar, type PhaseKind, type StepKinds, type Timing } from './timing.ts';

const phaseWords: Record<PhaseKind, string> = { queue: 'waits for a builder', prepare: 'image and sandbox', checkout: 'checkout', steps: 'steps' };
const kinds = Object.keys(phaseWords) as PhaseKind[];

export function timingView(view: PipelineView, kindsOf: StepKinds, now: number): Html | '' {
  const timing = timingOf(view, kindsOf, now);
  if (timing.bars.length === 0) return '';
  const several = view.workflows.length > 1;
  const labelOf = (bar: Bar): string => `${several ? `${bar.workflow} / ` : ''}${bar.job}${bar.slice === null ? ` (${bar.slices} slices)` : bar.slices > 1 ? ` · slice ${bar.slice}` : ''}`;
  const pathOf = (bar: Bar): string => `${jobPath({ ...placeOf(view), workflow: bar.workflow, job: bar.job })}${bar.slice === null || bar.slices === 1 ? '' : `?slice=${bar.slice}`}`;
  return html`<section class="timing"><h2>Timing</h2>
<p class="legend" aria-hidden="true">${kinds.filter((kind) => timing.bars.some((bar) => sumOf(bar, kind) > 0)).map((kind) => html`<span><i class="phase ${kind}"></i> ${phaseWords[kind]}</span>`)}${timing.hasPath ? html`<span><b class="critical-sign">◆</b> critical path: what the whole waited for</span>` : ''}</p>
<div class="waterfall" aria-hidden="true">
<div class="axis"><span></span><span class="ticks">${ticks(timing.to - timing.from).map((ms) => html`<span style="left:${percent(ms, timing)}">${ms === 0 ? '0' : duration(ms)}</span>`)}</span></div>
${timing.bars.map((bar) => row(bar, labelOf(bar), pathOf(bar), timing))}
</div>
<details id="timing-table"><summary>The same as a table</summary><div class="scrolls" role="region" tabindex="0" aria-label="Times of each job"><table class="list"><thead><tr><th>Job</th><th class="number">Begins after</th>${kinds.map((kind) => html`<th class="number">${phaseWords[kind]}</th>`)}<th class="number">Whole</th><th>Critical path</th></tr></thead>
<tbody>${timing.bars.map((bar) => html`<tr><th scope="row"><a href="${pathOf(bar)}">${labelOf(bar)}</a></th><td class="number">${duration(bar.from - timing.from)}</td>${kinds.map((kind) => html`<td class="number">${sumOf(bar, kind) === 0 ? '–' : duration(sumOf(bar, kind))}</td>`)}<td class="number">${duration(bar.to - bar.from)}</td><td>${bar.isCritical ? 'yes' : ''}</td></tr>`)}</tbody></table></div></details>
</section>`;
}

const row = (bar: Bar, label: string, path: string, timing: Timing): Html => html`<div class="row${bar.isCritical ? ' critical' : ''}"><a class="label" href="${path}" tabindex="-1" title="${label}"><span class="sign ${bar.status}">${statusWords[bar.status].sign}</span> <span class="text">${label}</span>${bar.isCritical ? html` <b class="critical-sign">◆</b>` : ''}</a><span class="track" title="${describe(bar)}">${bar.phases.map(({ kind, from, to }) => html`<i class="phase ${kind} ${bar.status}" style="left:${percent(from - timing.from, timing)};width:${percent(to - from, timing)}"></i>`)}${bar.isCritical ? html`<i class="critical-line" style="left:${percent(bar.from - timing.from, timing)};width:${percent(bar.to - bar.from, timing)}"></i>` : ''}<span class="took" style="${tookPlace(bar, timing)}">${duration(bar.to - bar.from)}</span></span></div>`;

const describe = (bar: Bar): string => kinds.filter((kind) => sumOf(bar, kind) > 0).map((kind) => `${phaseWords[kind]} ${duration(sumOf(bar, kind))}`).join(', ');

/** Behind its bar where there is room, else before it. */
const tookPlace = (bar: Bar, timing: Timing): string => {
  const all = timing.to - timing.from;
  return (bar.to - timing.from) / all < 0.85 ? `left:${percent(bar.to - timing.from, timing)}` : (bar.from - timing.from) / all > 0.15 ? `right:${percent(timing.to - bar.from, timing)}` : 'right:0';
};

const percent = (ms: number, { from, to }: Timing): string => `${((100 * ms) / (to - from)).toFixed(2)}%`;

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Round times from the begin on, six at most. */
function ticks(ms: number): number[] {
  const step = 1000 * (steps.find((seconds) => ms / (seconds * 1000) <= 5.5) ?? 7 * 86_400);
  return Array.from({ length: Math.floor((0.92 * ms) / step) + 1 }, (_, i) => i * step).slice(0, 100);
}
