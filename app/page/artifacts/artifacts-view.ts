// What lies in a folder of a slice's artifacts?

import { html } from 'hono/html';
import type { ArtifactFolder } from '../../../config-schema/artifact.ts';
import { artifactPath, jobPath, pipelineTrail } from '../address.ts';
import type { SlicePlace } from './artifacts.ts';
import { } from '../layout.ts';
import type { Shown } from '../layout.ts';
import { bytesInWords, filesInWords } from '../words.ts';

/** `path` is the folder's, `''` for the outermost. */
export function artifactsView(place: SlicePlace, path: string, { folders, files }: ArtifactFolder): Shown {
  const to = (name: string): string => artifactPath(place, path === '' ? name : `${path}/${name}`);
  const parts = path === '' ? [] : path.split('/');
  const above = parts.map((part, index) => ({ text: shown(part), ...(index < parts.length - 1 && { path: artifactPath(place, parts.slice(0, index + 1).join('/')) }) }));
  return {
    title: `${path === '' ? 'Artifacts' : shown(path)} · ${place.job}`,
    trail: [
      ...pipelineTrail(place),
      { text: place.workflow },
      { text: place.job, path: `${jobPath(place)}?slice=${place.slice}` },
      { text: 'Artifacts', ...(path !== '' && { path: artifactPath(place, '') }) },
      ...above,
    ],
    open: false,
    body: html`<h1>${path === '' ? 'Artifacts' : shown(parts.at(-1)!)}</h1>
${
  folders.length + files.length === 0
    ? html`<p>There are none, or their time was over and they were removed.</p>`
    : html`<table class="list"><thead><tr><th>Name</th><th class="number">Size</th></tr></thead><tbody>
${folders.map(({ name, files: count, bytes }) => html`<tr><td class="subject"><a href="${to(name)}">${shown(name)}/</a> <span class="quiet">${filesInWords(count)}</span></td><td class="number">${bytesInWords(bytes)}</td></tr>`)}
${files.map(({ name, bytes, sha256 }) => html`<tr><td class="subject"><a href="${to(name)}" title="SHA-256 ${sha256}">${shown(name)}</a></td><td class="number">${bytesInWords(bytes)}</td></tr>`)}
</tbody></table>
<p class="quiet"><a href="${artifactPath(place, '')}?format=json">As JSON</a></p>`
}`,
  };
}

/** What cannot be seen must not look like something else. */
const shown = (name: string): string => name.replace(/\p{C}/gu, '\ufffd');
