// What is handed to every part of the local GitHub?

import type { State } from './state.ts';
import type { Webhooks } from './webhooks.ts';
import type { OpenApi } from './openapi.ts';

export type World = {
  state: State;
  /** `http://HOST:PORT`: pages and git. The REST API is at `api`, which is its /api/v3. */
  html: string;
  api: string;
  graphql: string;
  /** `ssh://git@HOST:PORT` */
  ssh: string;
  /** As in a known_hosts line, without the host. */
  sshHostKey: string;
  folder: string;
  webhooks: Webhooks;
  openapi: OpenApi;
  tokenLifetimeSeconds: number;
  tokenStyle: 'long' | 'short';
  /** Aborted when the end has come: nothing waits any longer. */
  stopping: AbortSignal;
  now(): Date;
  /** Records something that the real GitHub would not have done or accepted. */
  fault(text: string): void;
  /** Keeps a background task in sight until it ends, so that `settled` and `stop` can wait for it. Its failure is a fault. */
  track(what: string, task: Promise<unknown>): void;
};

/** Seconds only, as GitHub writes its times. */
export const isoSeconds = (date: Date): string => date.toISOString().replace(/\.\d{3}Z$/, 'Z');
