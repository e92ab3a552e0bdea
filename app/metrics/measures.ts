// Where is the app measured? All hooks, for main.ts to put in their places.

import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MiddlewareHandler } from 'hono';
import type { ControlActivities } from '../../activities/control/activities.ts';
import type { ObjectStore } from '../../activities/object-store.ts';
import type { Handler } from '../server.ts';
import { measuredActivities } from './activities.ts';
import { endedPipelines } from './ended.ts';
import { githubWatch, type GitHubWatch } from './github.ts';
import { measuredRequests, watchSocket, watchWebhooks } from './http.ts';
import { metricsHandler } from './metrics-handler.ts';
import { createMetrics } from './metrics.ts';
import { standing, type StandingPorts } from './standing.ts';
import { temporalWatch } from './temporal.ts';

export type Measures = {
  github: GitHubWatch;
  temporal: (operation: string, code: number, ms: number) => void;
  activities(activities: ControlActivities): ControlActivities;
  requests: MiddlewareHandler;
  webhooks(server: Server): void;
  socket(socket: Duplex): void;
  /** GET /metrics. */
  handler(ports: StandingPorts): Handler;
};

/** `token`: of the setting metricsToken. */
export function measures({ version, store, token }: { version: string; store: Pick<ObjectStore, 'get'>; token: string | null }): Measures {
  const metrics = createMetrics({ version });
  return {
    github: githubWatch(metrics),
    temporal: temporalWatch(metrics),
    activities: (activities) => measuredActivities(activities, metrics, endedPipelines(metrics, store)),
    requests: measuredRequests(metrics),
    webhooks: (server) => watchWebhooks(server, metrics),
    socket: (socket) => watchSocket(socket, metrics),
    handler: (ports) => metricsHandler(metrics, standing(metrics, ports), token),
  };
}
