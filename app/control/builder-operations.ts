// How do operators look at builders, and have them take no work for a while?

import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { BuilderSight } from '../../activities/builder/announcement.ts';
import type { Audit } from '../../activities/control/audit.ts';
import { streamPaths } from '../../config-schema/uplink.ts';
import { operation, Refused, type Operation } from './operation.ts';

export type BuilderOperationPorts = {
  audit: Pick<Audit, 'append'>;
  builders: {
    /** Every builder that was ever seen. */
    sights(): Promise<BuilderSight[]>;
    /** null when it is not connected, or does not have it. */
    openStream(builder: string, path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | null>;
  };
};

/** Builders announce themselves every 3 s, and at once where this changes. */
const shownWithinMs = 10_000;
const longestAnswer = 200;

export function builderOperations({ audit, builders }: BuilderOperationPorts): Record<string, Operation> {
  const input = z.strictObject({ builder: z.string().min(1).max(200) });

  const change = (wanted: 'drain' | 'resume'): Operation =>
    operation(input, async ({ builder }, asker) => {
      const draining = wanted === 'drain';
      const sight = await find(builder);
      if (!sight.connected) throw new Refused(`Builder ${builder} is gone since ${sight.seenAt.slice(0, 16).replace('T', ' ')} UTC, so it cannot be told. Start it, and try again.`);
      await audit.append({ ...asker, action: draining ? 'builder.drained' : 'builder.resumed', subject: `builder ${builder}`, details: {} });
      if (!(await isTold(builder, wanted))) throw new Refused(`Builder ${builder} does not confirm it. Its log says why; try again.`);
      const deadline = Date.now() + shownWithinMs;
      while ((await find(builder)).draining !== draining) {
        if (Date.now() > deadline) throw new Refused(`Builder ${builder} was told, but has not said since that it ${draining ? 'drains' : 'takes work'}. Look again in a moment.`);
        await sleep(100);
      }
      return { builder, draining, sandboxes: sight.sandboxes.length };
    });

  async function find(builder: string): Promise<BuilderSight> {
    const sights = await builders.sights();
    const found = sights.find(({ id }) => id === builder);
    if (!found) throw new Refused(`There is no builder ${builder}. ${sights.length === 0 ? 'None was ever seen here.' : `There are ${sights.map(({ id }) => id).join(', ')}.`}`);
    return found;
  }

  /** It answers one line when it is so. */
  async function isTold(builder: string, wanted: 'drain' | 'resume'): Promise<boolean> {
    const signal = AbortSignal.timeout(shownWithinMs);
    let said = '';
    try {
      for await (const bytes of (await builders.openStream(builder, streamPaths[wanted], signal)) ?? []) {
        said += Buffer.from(bytes).toString('utf8');
        if (said.includes('\n') || said.length > longestAnswer) break;
      }
    } catch {
      // It went away in between, or took too long.
      return false;
    }
    return said.includes('\n');
  }

  return {
    'builders.list': operation(z.strictObject({}), async () => ({ builders: (await builders.sights()).map(({ publicKey: _, ...shown }) => shown) })),
    'builders.drain': change('drain'),
    'builders.resume': change('resume'),
  };
}
