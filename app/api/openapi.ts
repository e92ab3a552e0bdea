// What is the API, for programs that read descriptions? OpenAPI 3.1, made from the routes themselves.

import * as z from 'zod';
import { messageAnswer } from './answers.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

const problem = 'Any other status, with a sentence. 400: what was asked is not what this takes. 401: no token, or one that is unknown, expired or for something else. 403: the token or its person may not do this. 404: it is not there, or not for you to see. 413: the body is too large. 422: it cannot be done as things stand. 429: too many requests; `Retry-After` says how many seconds to wait. 500: Roundhouse failed. 503: GitHub does not answer now.';

export function openapi(routes: readonly Route[]): Json {
  const components: Json = {};
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const { $schema: _, $defs = {}, ...rest } = z.toJSONSchema(schema, { io, override: ({ jsonSchema }) => void (jsonSchema.format !== undefined && delete jsonSchema.pattern) });
    const nameless = (one: unknown): unknown => JSON.parse(JSON.stringify(one).replaceAll('"#/$defs/', '"#/components/schemas/'));
    for (const [name, definition] of Object.entries($defs)) components[name] = nameless({ ...definition, id: undefined });
    return nameless(rest) as Json;
  };
  const { message } = schemaOf(z.strictObject({ message: messageAnswer }), 'output')['properties'] as { message: Json };

  const paths: Record<string, Json> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operationOf(route, schemaOf);
  return {
    openapi: '3.1.0',
    info: { title: 'Roundhouse', version: '2', description: 'The paths and field names of CircleCI’s API v2 where one of them fits. `{vcs}` is `gh` or `github`.', license: { name: 'Apache 2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/api/v2' }],
    security: [{ bearer: [] }, { circleToken: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, circleToken: { type: 'apiKey', in: 'header', name: 'Circle-Token' } },
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: { Problem: { description: problem, content: json(message) } },
    },
  };
}

const json = (schema: Json): Json => ({ 'application/json': { schema } });

function operationOf({ method, path, summary, changes, query, body, status, answer }: Route, schemaOf: (schema: z.ZodType, io: 'input' | 'output') => Json): Json {
  const fields = query ? schemaOf(query, 'input') : {};
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries((fields['properties'] ?? {}) as Record<string, Json>).map(([name, schema]) => ({ name, in: 'query', required: false, schema })),
  ];
  return {
    operationId: `${method}${path.replace(/\W+(\w?)/g, (_all, letter: string) => letter.toUpperCase())}`,
    summary,
    ...(changes && { description: 'Takes a token for reading and writing, of somebody who may write to the repository on GitHub.' }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: !body.safeParse({}).success, content: json(schemaOf(body, 'input')) } }),
    responses: { [status]: { description: 'Done.', content: json(schemaOf(answer, 'output')) }, default: { $ref: '#/components/responses/Problem' } },
  };
}
