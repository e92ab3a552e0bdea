// What do browsers, GitHub's webhooks and WebSockets add to the metrics?

import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { webhookPath } from '../server.ts';
import type { Metrics } from './metrics.ts';

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/** The first of the page's middleware. A request goes under the route that answered it, such as `/:owner/:name`. */
export function measuredRequests(metrics: Metrics): MiddlewareHandler {
  return async (c: Context, next) => {
    const took = metrics.pageRequests.startTimer({ method: methods.has(c.req.method) ? c.req.method : 'other' });
    await next();
    took({ route: routePath(c), status: String(c.res.status) });
  };
}

/** The events that the App asks for (setup/manifest.ts), and those that every App gets. Who is no GitHub may name any. */
const events: ReadonlySet<string> = new Set(['push', 'pull_request', 'check_run', 'check_suite', 'repository', 'installation', 'installation_repositories', 'installation_target', 'github_app_authorization', 'organization', 'member', 'membership', 'ping']);

/** By what is answered: whoever is turned away counts as refused. */
export function watchWebhooks(server: Server, metrics: Metrics): void {
  server.on('request', (req, res) => {
    if (req.method !== 'POST' || (req.url ?? '').split('?', 1)[0]!.replace(/\/+$/, '') !== webhookPath) return;
    const named = String(req.headers['x-github-event'] ?? '');
    const event = events.has(named) ? named : 'other';
    res.once('close', () => metrics.webhooks.inc({ event, result: !res.writableFinished || res.statusCode >= 500 ? 'failed' : res.statusCode >= 400 ? 'refused' : 'accepted' }));
  });
}

export function watchSocket(socket: Duplex, metrics: Metrics): void {
  metrics.pageSockets.inc();
  socket.once('close', () => metrics.pageSockets.dec());
}
