// How does Roundhouse answer programs? /api/v2, by token alone.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type * as z from 'zod';
import { Refused } from '../control/operation.ts';
import { isSentence } from '../control/run-operation.ts';
import { GitHubIsAway, type KnownRepository, type Viewer } from '../page/access/access.ts';
import { addressOf, type PageContext } from '../page/env.ts';
import { finder, type FindPorts } from './find.ts';
import { openapi } from './openapi.ts';
import { rateLimit } from './rate.ts';
import { ApiProblem, notThere, type Asked, type Caller, type Route } from './route.ts';
import type { RoutePorts } from './ports.ts';
import { routes } from './routes.ts';

export type ApiPorts = FindPorts &
  Omit<RoutePorts, 'find'> & {
    /** See app/page/access/door.ts. */
    viewerOfToken(secret: string): Promise<Viewer | { refused: string }>;
    log: { error(fields: object, message: string): void };
    measure?: MiddlewareHandler;
    /** Of one person's programs. */
    mostPerMinute?: number;
    now?: () => number;
  };

type ApiEnv = { Bindings: HttpBindings; Variables: { caller: Caller } };
type ApiContext = Context<ApiEnv>;

export const apiPath = '/api/v2';
const mostRequestsPerMinute = 600;
/** A config that is handed in may be large. */
const mostBodyBytes = 4 * 1024 * 1024;

/** Answers true when it takes the request. */
export function createApi(ports: ApiPorts): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  const listener = getRequestListener(appOf(ports).fetch, { overrideGlobalObjects: false });
  return async (req, res) => {
    const [path] = (req.url ?? '/').split('?', 1);
    if (path !== apiPath && !path!.startsWith(`${apiPath}/`)) return false;
    await listener(req, res);
    return true;
  };
}

function appOf(ports: ApiPorts): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>().basePath(apiPath);
  const find = finder(ports);
  const all = routes({ ...ports, find });
  const wait = rateLimit(ports.mostPerMinute ?? mostRequestsPerMinute, ports.now);

  if (ports.measure) app.use(ports.measure);
  app.use(async (c, next) => {
    await next();
    c.res.headers.set('cache-control', 'no-store');
    c.res.headers.set('x-content-type-options', 'nosniff');
  });
  app.get('/openapi.json', (c) => c.json(openapi(all)));
  app.use(async (c, next) => {
    const viewer = await viewerOf(ports, c);
    const seconds = wait(viewer.person.id);
    if (seconds > 0) {
      c.header('retry-after', String(seconds));
      throw new ApiProblem(429, `That was too much for one minute. Ask again in ${seconds} s.`);
    }
    c.set('caller', { viewer, person: viewer.person, asker: { who: viewer.who, from: `API at ${addressOf(c as unknown as PageContext)}` } });
    await next();
  });
  app.use(bodyLimit({ maxSize: mostBodyBytes, onError: () => Promise.reject(new ApiProblem(413, `The body is larger than ${mostBodyBytes / 1024} KB.`)) }));
  for (const route of all) app.on(route.method.toUpperCase(), route.path.replace(/\{(\w+)\}/g, ':$1'), async (c) => c.json((await answer(c, route)) as object, route.status));
  app.notFound((c) => c.json({ message: `There is no such address of the API. ${apiPath}/openapi.json describes them all.` }, 404));
  app.onError((error, c) => {
    if (error instanceof ApiProblem) return c.json({ message: error.message }, error.status);
    if (error instanceof GitHubIsAway) return c.json({ message: 'Whether you may do this is GitHub’s to say, and it does not answer now. Try again in a minute.' }, 503);
    if (isSentence(error)) return c.json({ message: error.message }, error instanceof Refused ? 422 : 503);
    ports.log.error({ err: error, path: c.req.path }, 'the API failed to answer');
    return c.json({ message: 'Roundhouse failed to answer this; the log of the app has the reason.' }, 500);
  });
  return app;

  async function answer(c: ApiContext, route: Route): Promise<unknown> {
    const caller = c.get('caller');
    const at = c.req.param() as Record<string, string>;
    const query = route.query ? read(route.query, c.req.query()) : undefined;
    // Whether the caller may is said first: what they sent is nobody's business until then.
    const repository = route.path.startsWith('/project/') ? await repositoryOf(caller, at, route.changes) : null;
    const body = route.body ? read(route.body, await jsonOf(c)) : undefined;
    return route.run({ ...caller, at, query, body, repository } as Asked<never, never>);
  }

  async function repositoryOf({ viewer }: Caller, { vcs, owner = '', name = '' }: Record<string, string>, toChange: boolean): Promise<KnownRepository> {
    if (vcs !== 'gh' && vcs !== 'github') throw notThere('repository');
    return find.repository(owner, name, { viewer, toChange });
  }
}

/** Throws ApiProblem. A cookie counts for nothing here: another site could have a browser send it. */
async function viewerOf({ viewerOfToken }: ApiPorts, c: ApiContext): Promise<Viewer & { person: NonNullable<Viewer['person']> }> {
  const secret = /^bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? c.req.header('circle-token');
  if (secret === undefined) throw new ApiProblem(401, 'Say by which token you come: Authorization: Bearer TOKEN. Make one on the page, under your name.');
  const viewer = await viewerOfToken(secret);
  if ('refused' in viewer) throw new ApiProblem(401, viewer.refused);
  const { person } = viewer;
  if (person === null) throw new ApiProblem(401, 'This token is nobody’s.');
  return { ...viewer, person };
}

function read<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ApiProblem(400, parsed.error.issues.map(({ path, message }) => [...(path.length > 0 ? [path.join('.')] : []), message].join(': ')).join('; '));
  return parsed.data;
}

async function jsonOf(c: ApiContext): Promise<unknown> {
  const text = await c.req.text();
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new ApiProblem(400, 'The body is no JSON.');
  }
}
