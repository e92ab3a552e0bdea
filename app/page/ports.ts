// What does the page need of the rest of the app?

import type { MiddlewareHandler } from 'hono';
import type { ObjectStore } from '../../activities/object-store.ts';
import type { LogCodec } from '../../config-schema/read-log.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import type { Asker } from '../control/operation.ts';
import type { Access, KnownRepository } from './access/access.ts';
import type { SignInPorts } from './access/sign-in-routes.ts';
import type { BadgePorts } from './badge/badge-routes.ts';
import type { BuilderPorts } from './builders/builder-routes.ts';
import type { PageEnv } from './env.ts';
import type { ListPorts } from './pipelines/list-routes.ts';
import type { PipelinePorts } from './pipelines/pipeline-routes.ts';
import type { SettingsPorts } from './settings/settings-routes.ts';
import type { SetupPorts } from './setup/setup-routes.ts';

/** What every part of the page uses. */
export type CommonPorts = {
  access: Access;
  /** By its name of now or before; null for one that we never heard of. */
  repository(owner: string, name: string): Promise<KnownRepository | null>;
  /** Null when there is no such pipeline. */
  pipeline(owner: string, name: string, number: number): Promise<PipelineView | null>;
  store: Pick<ObjectStore, 'get' | 'read'>;
  codec: LogCodec;
  /** A stream that a builder serves (config-schema/uplink.ts); null when the builder is not connected or does not have it. */
  openStream(builder: string, path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | null>;
  /** One of the operations of app/control/operations.ts; each leaves its entry in the audit log. Throws Refused with a sentence for the person. */
  ask<Answer>(operation: string, input: unknown, asker: Asker): Promise<Answer>;
  log: { warn(fields: object, message: string): void };
  /** Sees how long each request takes, and how it is answered. */
  measure?: MiddlewareHandler<PageEnv>;
};

export type PagePorts = CommonPorts & SignInPorts & SetupPorts & SettingsPorts & BuilderPorts & BadgePorts & ListPorts & PipelinePorts;
