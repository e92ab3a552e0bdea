// How does a log go to curl, or into a file?

import type { LogManifest } from '../../../config-schema/log-manifest.ts';
import { BadManifest, gapSentence, readChunks, readManifest } from '../../../config-schema/read-log.ts';
import { numberOf } from '../address.ts';
import type { FoundStep, StepPlace } from '../address.ts';
import type { PageContext } from '../env.ts';
import { byteRange } from '../byte-range.ts';
import { liveLog } from './live-log.ts';
import type { Standing } from './live-log.ts';
import type { CommonPorts } from '../ports.ts';
import { badManifest } from './sentences.ts';

/**
 * The log from byte `?from` on, as far as it is stored; with `?follow` until the step has ended; with `?download` as a file. Gaps become a
 * sentence on a line of its own. A `Range` gets exactly its bytes: there a gap's sentence is filled up with spaces, or cut.
 */
export async function rawLog(c: PageContext, ports: CommonPorts, found: FoundStep, place: StepPlace, standing: () => Promise<Standing>): Promise<Response> {
  const { logKey } = found;
  const asked = (name: string): boolean => c.req.query(name) !== undefined;
  const headers: Record<string, string> = {
    'content-type': 'text/plain; charset=utf-8',
    // Whatever a browser should take it for.
    'content-security-policy': "default-src 'none'; sandbox",
    // Each line as soon as it is there, and ranges of what is stored.
    'content-encoding': 'identity',
    ...(asked('download') && { 'content-disposition': `attachment; filename="${fileName(place, found)}"` }),
  };
  let manifest: LogManifest | undefined;
  try {
    manifest = await readManifest(ports.store, logKey);
  } catch (error) {
    if (!(error instanceof BadManifest)) throw error;
    ports.log.warn({ error, log: logKey }, badManifest.forOperators);
    return c.text(`${badManifest.forReaders}\n`, 500);
  }
  const [isHead, from] = [c.req.method === 'HEAD', numberOf(c.req.query('from')) ?? 0];
  if (asked('follow')) return new Response(isHead ? null : streamOf((signal) => liveLog(ports, logKey, from, standing, signal)), { headers });

  const { totalBytes, complete, chunks } = manifest ?? { totalBytes: 0, complete: false, chunks: [] };
  const etag = `"${(chunks.at(-1)?.sha256 ?? 'empty').slice(0, 32)}${complete ? '' : '-so-far'}"`;
  Object.assign(headers, { etag, 'accept-ranges': 'bytes', 'cache-control': 'private, no-cache' });
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
  const isOfThis = (c.req.header('if-range') ?? etag) === etag;
  const range = isOfThis && !asked('from') ? byteRange(c.req.header('range'), totalBytes) : null;
  if (range === 'none') return c.body(null, 416, { ...headers, 'content-range': `bytes */${totalBytes}` });
  if (range) {
    Object.assign(headers, { 'content-range': `bytes ${range.from}-${range.to - 1}/${complete ? totalBytes : '*'}`, 'content-length': String(range.to - range.from) });
    return new Response(isHead ? null : streamOf(() => exactly(ports, logKey, manifest!, range)), { status: 206, headers });
  }
  // A GET has no length beforehand, because of gaps.
  if (isHead) return c.body(null, 200, { ...headers, ...(complete && { 'content-length': String(Math.max(0, totalBytes - from)) }) });
  // Nobody is asked but the store.
  return new Response(streamOf((signal) => liveLog(ports, logKey, from, () => Promise.resolve({ builder: null, over: true }), signal)), { headers });
}

type Part = { kind: 'bytes'; bytes: Uint8Array } | { kind: 'end' } | (Parameters<typeof gapSentence>[0] & { kind: 'gap' });

/** Reads on only when somebody has taken what was there. */
function streamOf(open: (signal: AbortSignal) => AsyncGenerator<Part>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = new AbortController();
  const parts = open(left.signal);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value: part, done } = await parts.next();
        if (done || part.kind === 'end') controller.close();
        else controller.enqueue(part.kind === 'bytes' ? part.bytes : Buffer.from(`\n${gapSentence(part)}\n`));
      },
      cancel: () => left.abort(),
    },
    { highWaterMark: 0 },
  ) as ReadableStream<Uint8Array<ArrayBuffer>>;
}

async function* exactly({ store, codec }: CommonPorts, logKey: string, manifest: LogManifest, { from, to }: { from: number; to: number }): AsyncGenerator<Part> {
  for await (const part of readChunks(store, logKey, manifest, { from, bytes: to - from }, codec)) {
    if (part.kind === 'bytes') yield part;
    else {
      const length = Math.min(part.offset + part.length, to) - Math.max(part.offset, from);
      yield { kind: 'bytes', bytes: Buffer.from(`\n${gapSentence(part)}`.padEnd(length - 1).slice(0, length - 1) + '\n') };
    }
  }
}

/** Of what can stand in a file's name everywhere, and in a header. */
function fileName({ name, pipeline, job, slice, step }: StepPlace, found: FoundStep): string {
  const parts = [name, pipeline, job, ...(found.job.slices.length > 1 ? [slice] : []), step + 1, found.step?.name ?? '', ...(found.attempt > 1 ? [`attempt ${found.attempt}`] : [])];
  const safe = parts.map((part) => String(part).replace(/[^A-Za-z0-9._]+/g, '_').replace(/^[_.]+|_+$/g, '').slice(0, 50)).filter((part) => part !== '');
  return `${safe.join('-')}.log`;
}
