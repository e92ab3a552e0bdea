// What happens to a REST or GraphQL request, from its first byte to its answer?

import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from './world.ts';
import { fullName } from './state.ts';
import { type Caller, identify } from './tokens.ts';
import { HttpError } from './http-error.ts';
import { type Answer, type Route, matcher } from './rest/route.ts';
import { weigh, type GraphQl, type GraphQlRequest } from './graphql/answer.ts';
import type { Meter, Troubles, Weight } from './limits.ts';

export type RequestRecord = { at: Date; method: string; path: string; /** null where there is no such route. */ operation: string | null; status: number; caller: Caller['kind'] };

export type Api = { handle(request: IncomingMessage, response: ServerResponse, url: URL, pathname: string): Promise<void>; requests: RequestRecord[] };

const largestBodyBytes = 25 * 1024 * 1024;
const knownVersions = new Set(['2022-11-28', '2026-03-10']);

/** `pathname` is the one below the API's root; `/graphql` is GraphQL. */
export function serveApi(world: () => World, parts: { routes: readonly Route[]; graphql: GraphQl; meter: Meter; troubles: Troubles }): Api {
  const match = matcher(parts.routes);
  const requests: RequestRecord[] = [];

  async function answer(request: IncomingMessage, url: URL, pathname: string, record: RequestRecord): Promise<Answer> {
    const method = request.method ?? 'GET';
    const text = await readBody(request);
    if (request.headers['user-agent'] === undefined) {
      world().fault(`${method} ${pathname} came without a User-Agent`);
      throw new HttpError(403, 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).');
    }
    const version = request.headers['x-github-api-version'];
    if (typeof version === 'string' && !knownVersions.has(version)) throw new HttpError(400, `The API version ${version} is not supported`);
    const caller = await identify(world(), request.headers.authorization);
    record.caller = caller.kind;
    const isGraphQl = pathname === '/graphql';
    const metered = pathname === '/rate_limit' ? { headers: {}, refusal: null } : parts.meter.count(caller, isGraphQl ? 'graphql' : 'core', isGraphQl ? weighGraphQl(text) : { changes: method !== 'GET', creates: method === 'POST' ? 1 : 0 }, world().now());
    if (metered.refusal !== null) throw new HttpError(metered.refusal.status, metered.refusal.message, { documentation_url: metered.refusal.documentation }, { headers: { ...metered.headers, ...metered.refusal.headers } });
    try {
      const answered = isGraphQl ? await answerGraphQl(caller, method, text) : await answerRest(request, caller, url, pathname, text, record);
      return { ...answered, headers: { ...metered.headers, ...answered.headers } };
    } catch (error) {
      if (error instanceof HttpError) throw new HttpError(error.status, error.message, error.extra, { cause: error.cause, headers: { ...metered.headers, ...error.headers } });
      throw error;
    }
  }

  async function answerGraphQl(caller: Caller, method: string, text: string): Promise<Answer> {
    if (caller.kind === 'anonymous' || caller.kind === 'app') throw new HttpError(401, 'This endpoint requires you to be authenticated.');
    if (method !== 'POST') throw new HttpError(404, 'Not Found');
    const body = readJson(text);
    if (typeof body !== 'object' || body === null) throw new HttpError(400, 'Problems parsing JSON');
    return { status: 200, body: await parts.graphql.answer(world(), caller, parts.meter.read(caller, 'graphql', world().now()), body) };
  }

  async function answerRest(request: IncomingMessage, caller: Caller, url: URL, pathname: string, text: string, record: RequestRecord): Promise<Answer> {
    const method = request.method ?? 'GET';
    const found = match(method, byName(world(), pathname));
    if (found === null) {
      world().fault(`the local GitHub has no route for ${method} ${pathname}`);
      throw new HttpError(404, 'Not Found');
    }
    const { operation } = found.route;
    record.operation = operation;
    if (caller.kind === 'installation' && !world().openapi.isForApps(operation)) throw new HttpError(403, 'Resource not accessible by integration');
    const path: Record<string, unknown> = { ...found.path };
    const query: Record<string, unknown> = Object.fromEntries(url.searchParams);
    const body = text === '' ? undefined : readJson(text);
    const wrong = world().openapi.request(operation, path, query, body);
    if (wrong.path.length > 0) throw new HttpError(404, 'Not Found');
    for (const error of [...wrong.query, ...wrong.body]) world().fault(`${operation}: the request does not fit GitHub's description: ${error}`);
    if (wrong.query.length + wrong.body.length > 0) throw new HttpError(422, `Invalid request.\n\n${[...wrong.query, ...wrong.body].join('\n')}`);
    const answered = await found.route.handle({ world: world(), caller, path: path as Record<string, string>, query, body, url, pathname: byName(world(), pathname), request });
    if (!Buffer.isBuffer(answered.body)) {
      for (const error of world().openapi.response(operation, answered.status, answered.body)) world().fault(`${operation}: the answer ${answered.status} does not fit GitHub's description: ${error}`);
    }
    return answered;
  }

  return {
    requests,
    async handle(request, response, url, pathname) {
      const method = request.method ?? 'GET';
      const record: RequestRecord = { at: world().now(), method, path: pathname, operation: pathname === '/graphql' ? 'POST /graphql' : null, status: 0, caller: 'anonymous' };
      requests.push(record);
      const known = pathname === '/graphql' ? null : safely(() => match(method, byName(world(), pathname)));
      const trouble = parts.troubles.next(method, pathname, known?.route.operation ?? null);
      if (trouble?.delayMs !== undefined) await sleep(trouble.delayMs, undefined, { signal: world().stopping });
      if (trouble?.cut === 'before') return void request.socket.destroy();
      let answered: Answer;
      if (trouble?.status !== undefined) {
        await readBody(request);
        const body = trouble.body ?? { message: trouble.status >= 500 ? 'Server Error' : 'Injected', documentation_url: 'https://docs.github.com/rest' };
        answered = { status: trouble.status, body, headers: trouble.headers ?? {} };
      } else answered = await answer(request, url, pathname, record).catch((error: unknown) => refusal(world(), error, method, pathname));
      if (trouble?.cut === 'after') return void request.socket.destroy();
      record.status = answered.status;
      send(request, response, answered);
    },
  };
}

/** `/repositories/ID/…` is another spelling of `/repos/OWNER/NAME/…`, to which renamed repositories are redirected. */
function byName(world: World, pathname: string): string {
  const found = /^\/repositories\/(\d+)(\/.*)?$/.exec(pathname);
  const repository = found && world.state.repositories.get(Number(found[1]));
  return repository ? `/repos/${fullName(repository)}${found[2] ?? ''}` : pathname.replace(/^\/repositories\/\d+(?=\/|$)/, '/repos/-/-');
}

function safely<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > largestBodyBytes) throw new HttpError(413, 'Payload too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What cannot be read is refused later. */
const weighGraphQl = (text: string): Weight => weigh(safely(() => JSON.parse(text) as GraphQlRequest) ?? {});

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new HttpError(400, 'Problems parsing JSON', {}, { cause: error });
  }
}

function refusal(world: World, error: unknown, method: string, pathname: string): Answer {
  if (!(error instanceof HttpError)) {
    world.fault(`${method} ${pathname} failed inside the local GitHub: ${error instanceof Error ? error.stack : String(error)}`);
    return { status: 500, body: { message: 'Server Error' } };
  }
  return { status: error.status, body: { message: error.message, documentation_url: 'https://docs.github.com/rest', status: String(error.status), ...error.extra }, headers: error.headers };
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const body = answer.body === undefined ? null : Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(JSON.stringify(answer.body));
  const etag = body === null || answer.status !== 200 || request.method !== 'GET' ? null : `W/"${createHash('sha256').update(body).digest('hex')}"`;
  const headers: Record<string, string> = {
    'X-GitHub-Request-Id': randomUUID().toUpperCase(),
    'X-GitHub-Media-Type': 'github.v3; format=json',
    ...(etag === null ? {} : { ETag: etag, 'Cache-Control': 'private, max-age=60, s-maxage=60' }),
    ...(body === null ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
    ...answer.headers,
  };
  if (etag !== null && request.headers['if-none-match'] === etag) {
    delete headers['Content-Type'];
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(answer.status, { ...headers, ...(body === null ? {} : { 'Content-Length': String(body.length) }) });
  response.end(body ?? undefined);
}
