// What does GitHub say about itself and about the caller's limits?

import type { Route } from './route.ts';
import type { Meter } from '../limits.ts';

export const metaRoutes = (meter: Meter): Route[] => [
  {
    operation: 'GET /rate_limit',
    handle(call) {
      const now = call.world.now();
      const [core, graphql] = [meter.read(call.caller, 'core', now), meter.read(call.caller, 'graphql', now)];
      const search = { limit: 30, used: 0, remaining: 30, reset: Math.floor(now.getTime() / 1000) + 60 };
      return { status: 200, body: { resources: { core, graphql, search }, rate: core } };
    },
  },
  { operation: 'GET /meta', handle: (call) => ({ status: 200, body: { verifiable_password_authentication: false, ssh_keys: [call.world.sshHostKey], hooks: ['127.0.0.0/8'], git: ['127.0.0.0/8'], api: ['127.0.0.0/8'], domains: { website: [new URL(call.world.html).hostname] } } }) },
];
