// What does Roundhouse show in a browser?

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { artifactFolder } from '../../config-schema/artifact.ts';
import { getRequestListener } from '@hono/node-server';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { artifactPath, findJob, findStep, logKeyOf, numberOf } from './address.ts';
import type { FoundJob, JobPlace, StepPlace } from './address.ts';
import { addressOfPage, artifactsOf, serveArtifact, wantsPage, withoutTicket } from './artifacts.ts';
import type { SlicePlace } from './artifacts.ts';
import { artifactsView } from './artifacts-view.ts';
import { buildsView } from './builds-view.ts';
import { refusal } from './guard.ts';
import { jobView } from './job-view.ts';
import type { Tails } from './job-view.ts';
import { sentencePage } from './layout.ts';
import type { Html } from './layout.ts';
import { liveSockets, standingOf } from './live-socket.ts';
import { pipelineView } from './pipeline-view.ts';
import type { PagePorts } from './ports.ts';
import { rawLog } from './raw-log.ts';
import { staticFiles } from './static-files.ts';
import { linesOnPage, stepView } from './step-view.ts';
import { readLines, readTail } from './stored-lines.ts';

export type Page = {
  /** Answers true when it takes the request. */
  handler(req: IncomingMessage, res: ServerResponse): Promise<boolean>;
  /** For the server's `upgrade`: false when it is not ours. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Ends the live connections. */
  close(): void;
};

const buildsOnPage = 50;
/** Of each step, on the page of its job, before the script has asked for more. */
const linesOfStep = 200;

// Scripts are files of ours; a log's text cannot become one. Style attributes are the colours that AnsiUp has no class for.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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

/** Everything else belongs to GitHub's webhooks and whoever comes after us. */
const isOurs = (path: string): boolean => path === '/' || path.startsWith('/static/') || /^\/[^/]+\/[^/]+\/\d{1,15}(?:\/|$)/.test(path);

type App = { Bindings: HttpBindings };

function routes(ports: PagePorts): Hono<App> {
  const app = new Hono<App>();
  const files = staticFiles();
  const nothing = (c: Context, what: string): Promise<Response> => page(c, sentencePage('Not found', `There is no such ${what}. It may have been removed when its time was over.`), 404);

  app.use(async (c, next) => {
    const refused = refusal((c.env as HttpBindings).incoming);
    if (refused !== null) return c.text(`${refused}\n`, 403);
    await next();
    for (const [name, value] of Object.entries({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-resource-policy': 'same-origin', 'cross-origin-opener-policy': 'same-origin' })) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    if (!c.res.headers.has('content-security-policy')) c.res.headers.set('content-security-policy', policy);
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
  });

  app.get('/static/:file', (c) => {
    const file = files.get(c.req.param('file'));
    if (!file) return nothing(c, 'file');
    const headers = { 'content-type': file.type, etag: file.etag, 'cache-control': 'no-cache' };
    return c.req.header('if-none-match') === file.etag ? c.body(null, 304, headers) : c.body(file.body, 200, headers);
  });

  app.get('/', async (c) => page(c, buildsView(await ports.builds(buildsOnPage), Date.now())));

  app.get('/:owner/:name/:pipeline{[0-9]{1,15}}', async (c) => {
    const view = await ports.pipeline(c.req.param('owner'), c.req.param('name'), Number(c.req.param('pipeline')));
    return view ? page(c, pipelineView(view, Date.now())) : nothing(c, 'pipeline');
  });

  const job = '/:owner/:name/:pipeline{[0-9]{1,15}}/:workflow/:job';
  app.get(job, async (c) => {
    const place = jobPlace(c);
    const found = await findJob(ports, place);
    const asked = numberOf(c.req.query('slice'));
    const slice = found?.job.slices.find(({ index }) => index === asked) ?? (asked === null ? found?.job.slices[0] : undefined) ?? null;
    if (!found || (asked !== null && !slice)) return nothing(c, 'job');
    // The script looks again at how the steps stand, and has their logs already.
    const tails = slice && c.req.query('logs') !== '0' ? await tailsOf(ports, found, { ...place, slice: slice.index }) : [];
    return page(c, jobView(found, place, slice, tails, Date.now()));
  });

  const step = `${job}/:slice{[0-9]{1,9}}/:step{[0-9]{1,9}}`;
  app.get(step, async (c) => {
    const place = stepPlace(c);
    const found = await findStep(ports, place, numberOf(c.req.query('attempt')));
    if (!found) return nothing(c, 'step');
    const fromLine = Math.max(1, numberOf(c.req.query('line')) ?? 1);
    return page(c, stepView(found, place, fromLine, await readLines(ports, found.logKey, fromLine, linesOnPage)));
  });

  app.get(`${step}/log.txt`, async (c) => {
    const place = stepPlace(c);
    const found = await findStep(ports, place, numberOf(c.req.query('attempt')));
    if (!found) return c.text('There is no such step.\n', 404);
    const follow = c.req.query('follow') === undefined ? null : standingOf(ports, place, found);
    return c.body(rawLog(ports, found.logKey, numberOf(c.req.query('from')) ?? 0, follow), 200, {
      'content-type': 'text/plain; charset=utf-8',
      // Whatever a browser should take it for.
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  const artifacts = `${job}/:slice{[0-9]{1,9}}/artifacts`;
  app.get(`${artifacts}/*`, (c) => artifactPage(c));
  app.get(artifacts, (c) => artifactPage(c));
  const artifactPage = async (c: Context<App>): Promise<Response> => {
    const place: SlicePlace = { ...jobPlace(c), slice: Number(c.req.param('slice')) };
    const found = await findJob(ports, place);
    const slice = found?.job.slices.find(({ index }) => index === place.slice);
    if (!found || !slice) return nothing(c, 'slice');
    const { pipeline } = found;
    const { path, hasTicket } = withoutTicket(partsBelow(c.req.url), pipeline, place);
    const stored = await artifactsOf(ports.store, pipeline, place, slice);
    const file = stored.find((artifact) => artifact.path === path);
    if (file && !hasTicket && wantsPage(file, c.req.raw.headers)) return c.redirect(addressOfPage(pipeline, place, file));
    if (file) return serveArtifact(ports.store, file, c.req.raw.headers, hasTicket);
    const isForPrograms = c.req.query('format') === 'json' || (c.req.header('accept') ?? '').startsWith('application/json');
    if (isForPrograms) return c.json(stored.filter((artifact) => path === '' || artifact.path.startsWith(`${path}/`)).map((artifact) => ({ path: artifact.path, url: artifactPath(place, artifact.path), bytes: artifact.bytes, type: artifact.type, sha256: artifact.sha256 })));
    const folder = artifactFolder(stored, path);
    return folder ? page(c, artifactsView(place, path, folder)) : nothing(c, 'artifact');
  };

  app.notFound((c) => nothing(c, 'page'));
  app.onError((error, c) => {
    ports.log.warn({ error, path: c.req.path }, 'a page could not be shown');
    return c.text('Roundhouse failed to answer this; its log has the reason.\n', 500);
  });
  return app;
}

const page = async (c: Context, view: Html, status: 200 | 404 = 200): Promise<Response> => c.html(await view, status);

function jobPlace(c: Context): JobPlace {
  const { owner, name, pipeline, workflow, job } = c.req.param() as Record<string, string>;
  return { owner: owner!, name: name!, pipeline: Number(pipeline), workflow: workflow!, job: job! };
}

const stepPlace = (c: Context): StepPlace => ({ ...jobPlace(c), slice: Number(c.req.param('slice')), step: Number(c.req.param('step')) });

/** A log that cannot be read leaves the rest of the page whole. */
function tailsOf(ports: PagePorts, { pipeline, job }: FoundJob, place: JobPlace & { slice: number }): Promise<Tails> {
  const slice = job.slices.find(({ index }) => index === place.slice)!;
  return Promise.all(
    slice.steps.map((_step, step) =>
      readTail(ports, logKeyOf(pipeline, { ...place, step }, slice.attempt), linesOfStep).catch((error: unknown) => {
        ports.log.warn({ error, step }, 'the log of a step cannot be read');
        return null;
      }),
    ),
  );
}

/** What stands after the eighth slash, decoded: names of artifacts may hold anything but a slash. Nothing that is empty, as at the end. */
function partsBelow(url: string): string[] {
  try {
    return new URL(url).pathname.split('/').slice(8).filter((part) => part !== '').map(decodeURIComponent);
  } catch {
    return ['%'];
  }
}
