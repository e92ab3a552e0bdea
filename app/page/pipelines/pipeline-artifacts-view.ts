// Which artifacts have the jobs of a pipeline stored?

import { html } from 'hono/html';
import type { PipelineView } from '../../../config-schema/view.ts';
import { artifactPath } from '../address.ts';
import type { ShownArtifact, SlicePlace } from '../artifacts/artifacts.ts';
import type { Html, Shown } from '../layout.ts';
import { bytesInWords, filesInWords } from '../words.ts';
import { frame, head, placeOf } from './pipeline-head.ts';
import type { Facts } from './pipeline-record.ts';

export type StoredBySlice = { workflow: string; job: string; slice: number; /** Of several. */ isOneOf: boolean; files: number; bytes: number };

/** What the steps said of themselves, without reading any index. */
export const slicesWithArtifacts = (view: PipelineView): StoredBySlice[] =>
  view.workflows.flatMap(({ name: workflow, jobs }) =>
    jobs.flatMap((job) =>
      job.slices.flatMap((slice) => {
        const stored = slice.steps.flatMap(({ result }) => result?.artifacts ?? []);
        const files = stored.reduce((sum, each) => sum + each.files, 0);
        return files === 0 ? [] : [{ workflow, job: job.name, slice: slice.index, isOneOf: job.slices.length > 1, files, bytes: stored.reduce((sum, each) => sum + each.bytes, 0) }];
      }),
    ),
  );

/** Of each slice so many are listed here; the others stand on its own page. */
const mostOfSlice = 50;

/** `listed`: those of the first slices, in their order; the others are named alone. */
export function pipelineArtifactsView(view: PipelineView, facts: Facts, slices: StoredBySlice[], listed: ShownArtifact[][], now: number): Shown {
  const all = slices.reduce((sum, { files }) => sum + files, 0);
  return {
    ...frame(view, 'artifacts'),
    body: html`${head(view, facts, 'artifacts', now)}
<div>${
      slices.length === 0
        ? html`<p>${view.state === 'ended' ? 'No job stored artifacts.' : 'No job has stored artifacts yet.'} A step <code>store_artifacts</code> keeps files for people.</p>`
        : html`<p>${filesInWords(all)}, ${bytesInWords(slices.reduce((sum, { bytes }) => sum + bytes, 0))}.</p>
${slices.map((one, i) => section(view, one, listed[i] ?? null))}`
    }</div>`,
  };
}

function section(view: PipelineView, one: StoredBySlice, files: ShownArtifact[] | null): Html {
  const place: SlicePlace = { ...placeOf(view), workflow: one.workflow, job: one.job, slice: one.slice };
  const name = `${one.workflow} / ${one.job}${one.isOneOf ? ` · slice ${one.slice}` : ''}`;
  return html`<section class="stored"><h2><a href="${artifactPath(place, '')}">${name}</a> <span class="quiet beside">${filesInWords(one.files)}, ${bytesInWords(one.bytes)}</span></h2>
${
  files === null
    ? ''
    : files.length === 0
      ? html`<p class="quiet">Their time was over, and they were removed.</p>`
      : html`<table class="list"><thead><tr><th>Name</th><th class="number">Size</th></tr></thead><tbody>${files.slice(0, mostOfSlice).map(({ path, bytes, sha256 }) => html`<tr><td class="subject"><a href="${artifactPath(place, path)}" title="SHA-256 ${sha256}">${visible(path)}</a></td><td class="number">${bytesInWords(bytes)}</td></tr>`)}</tbody></table>
${files.length > mostOfSlice ? html`<p><a href="${artifactPath(place, '')}">… and ${filesInWords(files.length - mostOfSlice)} more</a></p>` : ''}`
}</section>`;
}

/** What cannot be seen must not look like something else. */
const visible = (name: string): string => name.replace(/\p{C}/gu, '\ufffd');
