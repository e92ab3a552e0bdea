// How does a workflow look as a drawing? For the eye alone: the table beside it says the same, and more.

import { html } from 'hono/html';
import type { JobView, WorkflowView } from '../../../config-schema/view.ts';
import type { Html } from '../layout.ts';
import { lasted, statusOf, statusWords } from '../words.ts';
import { layoutGraph, nodeHeight, nodeWidth, type GraphNode, type Layout } from './graph-layout.ts';

/** Beyond these nobody finds a way through the lines. */
const mostJobs = 150;
const mostEdges = 500;
const margin = 4;
const mostLetters = 22;

/** Jobs in summaries of earlier versions do not say what they wait for; where none waits for another there is nothing to draw. */
export function graphView({ name, jobs }: WorkflowView, pathOf: (job: string) => string, now: number): Html | '' {
  const nodes = jobs.map((job): GraphNode => ({ name: job.name, requires: job.requires ?? [] }));
  if (nodes.every(({ requires }) => requires.length === 0)) return '';
  if (jobs.length > mostJobs) return html`<p class="quiet">${jobs.length} jobs are too many for a drawing.</p>`;
  const layout = layoutKept(nodes);
  if (layout.edges.length > mostEdges) return html`<p class="quiet">The jobs are too entangled for a drawing: ${layout.edges.length} lines.</p>`;
  const [width, height] = [layout.width + 2 * margin, layout.height + 2 * margin];
  const byName = new Map(jobs.map((job) => [job.name, job]));
  return html`<div class="graph" id="graph-${encodeURIComponent(name)}" role="region" tabindex="0" aria-label="Graph of ${name}; the table below lists the same jobs"><svg width="${width}" height="${height}" viewBox="${-margin} ${-margin} ${width} ${height}" aria-hidden="true">
<g class="edges">${layout.edges.map(({ from, points }) => html`<path class="${statusOf(byName.get(from)!)}" d="${curve(points)}"/>`)}</g>
${layout.nodes.map(({ name: job, x, y }) => node(byName.get(job)!, x, y, pathOf(job), now))}
</svg></div>`;
}

/** The box clips what is longer than it: names of wide letters. */
function node(job: JobView, x: number, y: number, path: string, now: number): Html {
  const status = statusOf(job);
  const { sign, word } = statusWords[status];
  const took = lasted(job, now);
  const kind = job.type === 'approval' ? 'approval' : job.slices.length > 1 ? `${job.slices.length} slices` : '';
  const below = [word, job.carriedFrom === undefined ? took : `from #${job.carriedFrom}`, kind].filter((part) => part !== '').join(' · ');
  return html`<a class="node ${status}${job.carriedFrom === undefined ? '' : ' carried'}${job.type === 'approval' ? ' by-hand' : ''}" href="${path}" tabindex="-1"><title>${job.name}: ${below}</title><rect x="${x}" y="${y}" width="${nodeWidth}" height="${nodeHeight}" rx="7"/><svg x="${x}" y="${y}" width="${nodeWidth - 8}" height="${nodeHeight}"><text class="sign" x="18" y="27">${sign}</text><text class="name" x="34" y="18">${shortened(job.name)}</text><text class="below" x="34" y="35">${below}</text></svg></a>`;
}

/** Jobs of a matrix differ at their ends. */
function shortened(name: string): string {
  const letters = [...name];
  return letters.length <= mostLetters ? name : `${letters.slice(0, mostLetters / 2).join('')}…${letters.slice(1 - mostLetters / 2).join('')}`;
}

/** Straight through the boxes' rows, and a soft turn between columns. */
function curve(points: [number, number][]): string {
  const [[x, y], ...rest] = points as [[number, number], ...[number, number][]];
  let [d, fromX, fromY] = [`M${x} ${y}`, x, y];
  for (const [toX, toY] of rest) {
    const middle = Math.round((fromX + toX) / 2);
    d += toY === fromY ? `H${toX}` : `C${middle} ${fromY} ${middle} ${toY} ${toX} ${toY}`;
    [fromX, fromY] = [toX, toY];
  }
  return d;
}

const mostKept = 100;
const kept = new Map<string, Layout>();

/** A page is asked for again every few seconds, and its graph stays what it was. */
function layoutKept(nodes: GraphNode[]): Layout {
  const key = JSON.stringify(nodes);
  const layout = kept.get(key) ?? layoutGraph(nodes);
  kept.set(key, layout);
  if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
  return layout;
}
