// What do scripts and programs get of a log: its lines, its groups, and where a text stands in it?

import { createHash, randomUUID } from 'node:crypto';
import type { LogManifest } from '../../../config-schema/log-manifest.ts';
import { emptyManifest } from '../../../config-schema/log-manifest.ts';
import { BadManifest } from '../../../config-schema/read-log.ts';
import { findStep, numberOf, stepPlace } from '../address.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { outlines } from './outline.ts';
import { gate } from './gate.ts';
import { manifests } from './manifests.ts';
import { finderOf, searchLog } from './search.ts';
import { badManifest, noSuchStep } from './sentences.ts';
import { linesOf } from './stored-lines.ts';

/** Of one answer. */
const mostLines = 2000;
/** Each holds a few chunks in memory and a processor for most of its time. */
const scansAtOnce = 3;

type Work = (logKey: string, manifest: LogManifest, signal: AbortSignal) => Promise<object>;

/** All take `?attempt`; without it the log of the living one is meant. What went wrong is said in `problem`. */
export function logJsonRoutes(app: PageApp, ports: CommonPorts, step: string): void {
  const scan = gate(scansAtOnce);
  const outlineOf = outlines(ports);
  const manifestOf = manifests(ports.store);
  // Another version of ours may answer otherwise.
  const thisProcess = randomUUID();

  app.get(`${step}/lines`, (c) => {
    const from = Math.max(1, numberOf(c.req.query('from')) ?? 1);
    const count = Math.min(mostLines, numberOf(c.req.query('count')) ?? 200);
    return answer(c, async (logKey, manifest) => ({ from, total: manifest.totalLines, complete: manifest.complete, ...(await linesOf(ports, logKey, manifest, from, count)) }));
  });

  app.get(`${step}/outline`, (c) => answer(c, (logKey, manifest, signal) => scan(signal, () => outlineOf(logKey, manifest, signal))));

  app.get(`${step}/search`, (c) => {
    const fromLine = Math.max(1, numberOf(c.req.query('from')) ?? 1);
    const find = finderOf(c.req.query('q') ?? '', { isExpression: c.req.query('regex') === '1', isCaseSensitive: c.req.query('case') === '1' });
    if ('problem' in find) return c.json(find, 422);
    return answer(c, (logKey, manifest, signal) => scan(signal, async () => ({ ...(await searchLog(ports, logKey, manifest, { fromLine, find }, signal)), complete: manifest.complete })));
  });

  async function answer(c: PageContext, work: Work): Promise<Response> {
    const found = await findStep(ports, stepPlace(c), numberOf(c.req.query('attempt')));
    if (!found) return c.json({ problem: noSuchStep }, 404);
    const { signal } = c.req.raw;
    try {
      const manifest = (await manifestOf(found.logKey)) ?? emptyManifest;
      // Asked for again each time, because who may read it can change.
      const headers = { etag: tagOf(c, found.logKey, manifest), 'cache-control': 'private, no-cache' };
      if (c.req.header('if-none-match')?.replace(/^W\//, '') === headers.etag) return c.body(null, 304, headers);
      return c.json(await work(found.logKey, manifest, signal), 200, headers);
    } catch (error) {
      // Nobody is there to be answered.
      if (signal.aborted) return c.body(null);
      if (!(error instanceof BadManifest)) throw error;
      ports.log.warn({ error, log: found.logKey }, badManifest.forOperators);
      return c.json({ problem: badManifest.forReaders }, 500);
    }
  }

  const tagOf = (c: PageContext, logKey: string, { chunks, complete }: LogManifest): string =>
    `"${createHash('sha256').update(JSON.stringify([thisProcess, logKey, chunks.at(-1)?.sha256, complete, c.req.url])).digest('base64url').slice(0, 22)}"`;
}
