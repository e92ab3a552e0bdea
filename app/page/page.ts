// What does Roundhouse show in a browser?

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { GitHubIsAway } from './access/access.ts';
import { isSomebody, onlyReaders, toSignIn } from './access/only-readers.ts';
import { signInRoutes } from './access/sign-in-routes.ts';
import { artifactRoutes, ticketRoutes } from './artifacts/artifact-routes.ts';
import { badgeRoutes } from './badge/badge-routes.ts';
import { builderRoutes } from './builders/builder-routes.ts';
import { guardChanges } from './changes.ts';
import { nothing, sentence } from './env.ts';
import type { PageApp, PageContext, PageEnv } from './env.ts';
import { logRoutes } from './log/log-routes.ts';
import { liveSockets } from './log/live-socket.ts';
import { slicesRoutes } from './log/slices-routes.ts';
import { listRoutes } from './pipelines/list-routes.ts';
import { pipelineRoutes } from './pipelines/pipeline-routes.ts';
import { policyWith } from './policy.ts';
import type { PagePorts } from './ports.ts';
import { repositorySettingsRoutes } from './settings/repository-settings-routes.ts';
import { settingsRoutes } from './settings/settings-routes.ts';
import { setupRoutes } from './setup/setup-routes.ts';
import { staticFiles } from './static-files.ts';

export type Page = {
  /** Answers true when it takes the request. */
  handler(req: IncomingMessage, res: ServerResponse): Promise<boolean>;
  /** For the server's `upgrade`: false when it is not ours. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Ends the live connections. */
  close(): void;
};

export function createPage(ports: PagePorts): Page {
  const sockets = liveSockets(ports);
  const listener = getRequestListener(routes(ports).fetch, { overrideGlobalObjects: false });
  return {
    async handler(req, res) {
      if (!isOurs((req.url ?? '/').split('?', 1)[0]!)) return false;
      await listener(req, res);
      return true;
    },
    upgrade: sockets.upgrade,
    close: sockets.close,
  };
}

/** GitHub's webhooks have come and gone before us; everything else is a page. */
const isOurs = (path: string): boolean => !path.startsWith('/api/');

// With `no-referrer` browsers would not say from where a form comes (changes.ts).
const headers = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin', 'cross-origin-opener-policy': 'same-origin', 'content-security-policy': policyWith(), 'cache-control': 'no-store' };

/** The order counts: what stands before `onlyReaders` is shown to anybody who may come at all. */
function routes(ports: PagePorts): Hono<PageEnv> {
  const app: PageApp = new Hono<PageEnv>();
  const files = staticFiles();

  if (ports.measure) app.use(ports.measure);

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });
  app.use(compress());
  app.use(async (c, next) => {
    const viewer = await ports.access.viewer(c.env.incoming);
    if ('refused' in viewer) return c.text(`${viewer.refused}\n`, 403);
    if ('moved' in viewer) return c.redirect(viewer.moved, 307);
    c.set('viewer', viewer);
    return next();
  });
  app.use(guardChanges);

  app.get('/static/:file', (c) => {
    const file = files.get(c.req.param('file'));
    if (!file) return nothing(c, 'file');
    const headers = { 'content-type': file.type, etag: file.etag, 'cache-control': 'no-cache' };
    // What compresses on the way makes it a weak one.
    return c.req.header('if-none-match')?.replace(/^W\//, '') === file.etag ? c.body(null, 304, headers) : c.body(file.body, 200, headers);
  });

  signInRoutes(app, ports);
  setupRoutes(app, ports);
  badgeRoutes(app, ports);
  ticketRoutes(app, ports);

  app.use('/-/*', async (c, next) => (isSomebody(c) ? next() : toSignIn(c, ports)));
  settingsRoutes(app, ports);
  builderRoutes(app, ports);

  app.use('/:owner/:name/*', onlyReaders(ports));
  repositorySettingsRoutes(app, ports);
  listRoutes(app, ports);
  pipelineRoutes(app, ports);
  artifactRoutes(app, ports);
  slicesRoutes(app, ports);
  logRoutes(app, ports);

  app.notFound((c) => (isSomebody(c as PageContext) ? nothing(c as PageContext, 'page') : toSignIn(c as PageContext, ports)));
  app.onError((error, c) => {
    if (error instanceof GitHubIsAway) return sentence(c as PageContext, 'GitHub does not answer', 'Whether you may see this is GitHub’s to say, and it does not answer now. Try again in a minute.', 503);
    ports.log.warn({ error, path: c.req.path }, 'a page could not be shown');
    return c.text('Roundhouse failed to answer this; its log has the reason.\n', 500);
  });
  return app;
}
