// What does the page need of the rest of the app?

import type { ObjectStore } from '../../activities/object-store.ts';
import type { LogCodec } from '../../config-schema/read-log.ts';
import type { BuildLine, PipelineView } from '../../config-schema/view.ts';

export type PagePorts = {
  /** Newest first. */
  builds(limit: number): Promise<BuildLine[]>;
  /** Null when there is no such pipeline. */
  pipeline(owner: string, name: string, number: number): Promise<PipelineView | null>;
  store: Pick<ObjectStore, 'get' | 'read'>;
  codec: LogCodec;
  /** A stream that a builder serves (config-schema/uplink.ts); null when the builder is not connected or does not have it. */
  openStream(builder: string, path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | null>;
  log: { warn(fields: object, message: string): void };
};
