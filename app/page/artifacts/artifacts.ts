// Which artifacts has a slice, and how does one of them go to a browser or to curl?

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { getMimeType } from 'hono/utils/mime';
import { artifactFileKey, artifactIndexKey, artifactsKey, type ArtifactIndex, type StoredArtifact } from '../../../config-schema/artifact.ts';
import type { PipelineView, SliceView } from '../../../config-schema/view.ts';
import { readJson } from '../../json-object.ts';
import { artifactPath, sliceKeyOf, type JobPlace } from '../address.ts';
import { byteRange } from '../byte-range.ts';
import type { CommonPorts } from '../ports.ts';

export type SlicePlace = JobPlace & { slice: number };
export type ShownArtifact = StoredArtifact & { key: string; type: string };

/** Of all steps of the attempt that counts, in order; of two with one path the later. */
export async function artifactsOf(store: CommonPorts['store'], pipeline: PipelineView, place: SlicePlace, { attempt, steps }: SliceView): Promise<ShownArtifact[]> {
  const slice = sliceKeyOf(pipeline, place);
  const found = new Map<string, ShownArtifact>();
  for (const [step, { result }] of steps.entries()) {
    if (!result?.artifacts) continue;
    const key = artifactsKey(slice, attempt, step);
    const index = await readJson<ArtifactIndex>(store, artifactIndexKey(key));
    for (const file of index?.files ?? []) found.set(file.path, { ...file, key: artifactFileKey(key, file.file), type: typeOf(file.path) });
  }
  return [...found.values()];
}

const texts = /\.(log|out|err|md|yml|yaml|toml|ini|diff|patch|sh|ts|py|rb|go|c|h|rs|java|lcov|info)$/i;

const typeOf = (path: string): string => (texts.test(path) ? 'text/plain; charset=utf-8' : (getMimeType(path) ?? 'application/octet-stream'));

const isPage = ({ type }: ShownArtifact): boolean => /^(text\/html|application\/xhtml\+xml)/.test(type);

/** What a browser shows without harm under the policies below; anything else it saves. */
const isShown = ({ type }: ShownArtifact): boolean => /^(text|image|audio|video|font)\/|^application\/(json|xml|xhtml\+xml|javascript|wasm)/.test(type);

// An artifact is somebody else's program on our address. `sandbox` takes the address from it: it can read nothing of ours.
const nothingAllowed = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; frame-ancestors 'none'";
const pagePolicy = "sandbox allow-scripts; default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; media-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const secret = randomBytes(32);
const ticketSeconds = 3600;
/** Of tickets made in one of these there is one and the same, so that a page that is opened again finds its files in the browser's cache. */
const sameForSeconds = 300;

const sign = ({ owner, name, pipeline, workflow, job, slice }: SlicePlace, until: string): string =>
  createHmac('sha256', secret).update(JSON.stringify([owner.toLowerCase(), name.toLowerCase(), pipeline, workflow, job, slice, until])).digest('hex').slice(0, 32);

/**
 * A part of the address that only we can make, and that a page's own styles and images inherit. They are asked for by nobody (the page has
 * no origin), so that for an hour we must let anybody have them who knows this.
 */
function ticketOf(place: SlicePlace, now = Date.now()): string {
  const until = (Math.ceil(now / 1000 / sameForSeconds) * sameForSeconds + ticketSeconds).toString(36);
  return `~${until}.${sign(place, until)}`;
}

export function isGoodTicket(part: string | undefined, place: SlicePlace, now = Date.now()): boolean {
  const [, until = '', signature = ''] = /^~([0-9a-z]{1,12})\.([0-9a-f]{32})$/.exec(part ?? '') ?? [];
  return signature !== '' && timingSafeEqual(Buffer.from(signature), Buffer.from(sign(place, until))) && parseInt(until, 36) * 1000 > now;
}

/** What stands there where a ticket does; one whose time is over too. */
export const looksLikeTicket = (part: string | undefined): boolean => /^~[0-9a-z]{1,12}\.[0-9a-f]{32}$/.test(part ?? '');

/** Where a browser finds the page with all that belongs to it. */
export const addressOfPage = (place: SlicePlace, { path }: ShownArtifact): string => artifactPath(place, `${ticketOf(place)}/${path}`);

/** As a browser asks for what it will show in its window. */
export const wantsPage = (artifact: ShownArtifact, request: Headers): boolean => isPage(artifact) && request.get('sec-fetch-mode') === 'navigate';

/** The file, or the part of it that was asked for. */
export async function serveArtifact(store: CommonPorts['store'], artifact: ShownArtifact, request: Headers, hasTicket: boolean): Promise<Response> {
  const { key, bytes, sha256, type } = artifact;
  const headers: Record<string, string> = {
    'content-type': type,
    'content-security-policy': isPage(artifact) ? pagePolicy : nothingAllowed,
    'cross-origin-resource-policy': hasTicket ? 'cross-origin' : 'same-origin',
    // Its address may hold a ticket, which is nobody else's business.
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
    etag: `"${sha256}"`,
    ...(!isShown(artifact) && { 'content-disposition': 'attachment' }),
  };
  if (request.get('if-none-match') === headers['etag']) return new Response(null, { status: 304, headers });
  const range = byteRange(request.get('range') ?? undefined, bytes);
  if (range === 'none') return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${bytes}` } });
  const { from, to } = range ?? { from: 0, to: bytes };
  const parts = await store.read(key, { from, to });
  if (!parts) return new Response('The object store has lost this file.\n', { status: 404 });
  headers['content-length'] = String(to - from);
  if (range) headers['content-range'] = `bytes ${from}-${to - 1}/${bytes}`;
  return new Response(ReadableStream.from(parts) as ReadableStream<Uint8Array<ArrayBuffer>>, { status: range ? 206 : 200, headers });
}
