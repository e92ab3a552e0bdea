// What does a builder say of itself, and what does it give when the app asks?

import { formatAddress } from '../../config-schema/address.ts';
import { parseStreamPath } from '../../config-schema/uplink.ts';
import type { Announcement } from './announcement.ts';
import type { Builder } from './builder.ts';
import type { Needs } from './ledger.ts';

export type Identity = Pick<Announcement, 'id' | 'version' | 'publicKey'> & { classes: Record<string, Needs>; capacity: Needs };

export function announcementOf(builder: Builder, { id, version, classes, capacity, publicKey }: Identity): Announcement {
  return {
    id,
    version,
    classes: Object.fromEntries(Object.entries(classes).map(([name, { cpus, memoryBytes }]) => [name, { cpus, memoryBytes }])),
    capacity,
    used: builder.ledger.used,
    draining: builder.draining,
    sandboxes: builder.sandboxes().map(({ sandbox, slice, attempt, handle }) => ({
      name: sandbox,
      address: formatAddress({ owner: 'repository', name: String(slice.repositoryId), pipeline: slice.pipeline, workflow: slice.workflow, job: slice.job, slice: slice.slice, attempt }),
      startedAt: handle.startedAt,
    })),
    publicKey,
  };
}

/** A log, or the answer to "drain" and "resume"; null for what is not here. `changed`: what the builder says of itself is different now. */
export function serveStreams(builder: Pick<Builder, 'tail' | 'drain' | 'draining'>, changed: () => void = () => {}): (path: string, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array> | null> {
  return async (path, signal) => {
    const request = parseStreamPath(path);
    switch (request?.kind) {
      case 'log':
        return builder.tail(request.key, request.from, signal);
      case 'drain':
      case 'resume':
        await builder.drain(request.kind === 'drain').finally(changed);
        return oneLine(builder.draining ? 'draining\n' : 'taking work\n');
      case undefined:
        return null;
    }
  };
}

async function* oneLine(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
