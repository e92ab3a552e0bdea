// Does a request or a response fit GitHub's published OpenAPI description?

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js';
import formats from 'ajv-formats';

type Schema = Record<string, unknown>;
type Content = Record<string, { schema?: Schema }>;
type Parameter = { name: string; in: 'query' | 'path' | 'header'; required?: boolean; schema: Schema };
type Operation = {
  operationId: string;
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { content?: Content } | { $ref: string }>;
  'x-github'?: { enabledForGitHubApps?: boolean };
};
type Document = { paths: Record<string, Record<string, Operation>>; components: Record<string, Record<string, unknown>> };

export type OpenApi = {
  /** Sentences on what does not fit; none when all is well. `operation` is such as `GET /repos/{owner}/{repo}`. Coerces `path` and `query` in place. */
  request(operation: string, path: Record<string, unknown>, query: Record<string, unknown>, body: unknown): { path: string[]; query: string[]; body: string[] };
  response(operation: string, status: number, body: unknown): string[];
  /** Whether GitHub has such an operation at all. */
  knows(operation: string): boolean;
  /** Whether an installation token may call it. */
  isForApps(operation: string): boolean;
};

/** Read at its first use (0.1 s), and shared: nobody changes it. */
let document: Document | undefined;
const description = (): Document => (document ??= JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json'), 'utf8')) as Document);

/** Compiles each schema at its first use. */
export function openApi(): OpenApi {
  const bodies = ajv(false);
  const parameters = ajv(true);
  const compiled = new Map<string, ValidateFunction | null>();

  const once = (key: string, make: () => ValidateFunction | null): ValidateFunction | null => {
    let validate = compiled.get(key);
    if (validate === undefined) compiled.set(key, (validate = make()));
    return validate;
  };
  const find = (operation: string): Operation => {
    const [method = '', path = ''] = operation.split(' ');
    const found = description().paths[path]?.[method.toLowerCase()];
    if (found === undefined) throw new Error(`GitHub's description has no operation ${operation}`);
    return found;
  };
  const follow = <T extends object>(item: T | { $ref: string }): T => {
    if (!('$ref' in item)) return item;
    const [, , group = '', name = ''] = item.$ref.split('/');
    return description().components[group]?.[name] as T;
  };
  /** Adds the components that a schema refers to, as far as they are not known yet. */
  const withComponents = (schema: unknown): unknown => {
    for (const name of references(schema)) {
      if (bodies.getSchema(name) === undefined && !added.has(name)) {
        added.add(name);
        const component = description().components['schemas']?.[name.slice('gh:'.length)] as Schema;
        bodies.addSchema(withComponents(jsonSchema(component, false)) as Schema, name);
      }
    }
    return schema;
  };
  const added = new Set<string>();
  const compileBody = (schema: Schema, closed: boolean): ValidateFunction => bodies.compile(withComponents(jsonSchema(schema, closed)) as Schema);

  const parameterValidator = (operation: string, where: 'path' | 'query'): ValidateFunction | null =>
    once(`${operation} ${where}`, () => {
      const list = (find(operation).parameters ?? []).map((parameter) => follow<Parameter>(parameter)).filter((parameter) => parameter.in === where);
      const properties = Object.fromEntries(list.map((parameter) => [parameter.name, jsonSchema(follow(parameter.schema), false)]));
      return parameters.compile({ type: 'object', properties, required: list.filter((parameter) => parameter.required).map((parameter) => parameter.name), additionalProperties: false });
    });

  const run = (validate: ValidateFunction | null, value: unknown): string[] => (validate === null || validate(value) ? [] : [sentences(validate).join('; ')]);

  return {
    knows: (operation) => {
      const [method = '', path = ''] = operation.split(' ');
      return description().paths[path]?.[method.toLowerCase()] !== undefined;
    },
    isForApps: (operation) => find(operation)['x-github']?.enabledForGitHubApps !== false,
    request(operation, path, query, body) {
      const requestBody = find(operation).requestBody;
      const schema = requestBody?.content['application/json']?.schema;
      const bodyErrors =
        body === undefined ? (requestBody?.required ? ['a body is required'] : [])
        : schema === undefined ? ['no body is expected']
        : run(once(`${operation} body`, () => compileBody(schema, true)), body);
      return { path: run(parameterValidator(operation, 'path'), path), query: run(parameterValidator(operation, 'query'), query), body: bodyErrors };
    },
    response(operation, status, body) {
      const responses = find(operation).responses;
      const found = responses[String(status)];
      if (found === undefined) return status < 300 ? [`${status} is not one of the documented answers`] : [];
      const schema = follow<{ content?: Content }>(found).content?.['application/json']?.schema;
      if (schema === undefined) return body === undefined || status >= 300 ? [] : ['no body is documented'];
      if (body === undefined) return ['a body is missing'];
      return run(once(`${operation} ${status}`, () => compileBody(status < 300 ? { allOf: [schema], unevaluatedProperties: false } : schema, false)), body);
    },
  };
}

function ajv(coerce: boolean): Ajv2019 {
  const made = new Ajv2019({ strict: false, logger: false, coerceTypes: coerce, allErrors: false, validateSchema: false, ...quickly });
  (formats as unknown as (instance: Ajv2019) => void)(made);
  return made;
}

/**
 * JSON Schema of an OpenAPI 3.0 schema: `nullable` becomes a type, references name our registered components, and with `closed` objects
 * accept no property that they do not name, which finds misspelt ones.
 */
function jsonSchema(schema: unknown, closed: boolean): unknown {
  if (Array.isArray(schema)) return schema.map((item) => jsonSchema(item, closed));
  if (typeof schema !== 'object' || schema === null) return schema;
  const source = corrected(schema as Schema);
  if (typeof source['$ref'] === 'string') return { $ref: `gh:${source['$ref'].slice(source['$ref'].lastIndexOf('/') + 1)}` };
  const result: Schema = {};
  for (const [key, value] of Object.entries(source)) {
    if (key === 'nullable' || key === 'example' || key === 'examples' || key === 'description' || key === 'discriminator' || key === 'externalDocs') continue;
    if (key === 'enum' || key === 'default' || key === 'const') result[key] = value;
    else if (key === 'properties') result[key] = Object.fromEntries(Object.entries(value as Schema).map(([name, property]) => [name, jsonSchema(property, closed)]));
    // Alternatives of a closed object see only their own properties: the object around them is the one that closes.
    else if (key === 'allOf' || key === 'anyOf' || key === 'oneOf') result[key] = (value as unknown[]).map((part) => jsonSchema(part, false));
    else result[key] = jsonSchema(value, closed);
  }
  if (result['properties'] !== undefined && result['additionalProperties'] === true) delete result['additionalProperties'];
  if (closed && result['properties'] !== undefined && result['additionalProperties'] === undefined) result['unevaluatedProperties'] = false;
  if (source['nullable'] !== true) return result;
  if (Array.isArray(result['enum']) && !result['enum'].includes(null)) result['enum'] = [...(result['enum'] as unknown[]), null];
  if (typeof result['type'] === 'string') result['type'] = [result['type'], 'null'];
  if (result['allOf'] === undefined && result['anyOf'] === undefined && result['oneOf'] === undefined) return result;
  return { anyOf: [{ ...result, ...(typeof source['type'] === 'string' ? { type: source['type'] } : {}) }, { type: 'null' }] };
}

/** The description once says that an account is a user and an enterprise at the same time, where elsewhere it says "or". */
function corrected(schema: Schema): Schema {
  const { allOf, ...rest } = schema;
  const titles = Array.isArray(allOf) ? allOf.map((part: Schema) => part['title']) : [];
  return titles.includes('Simple User') && titles.includes('Enterprise') ? { ...rest, anyOf: allOf } : schema;
}

function references(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(references);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => (key === '$ref' && typeof value === 'string' ? [value] : references(value)));
}

/** Compiling costs more here than validating: the generated code need not be small. */
export const quickly = { code: { optimize: false }, inlineRefs: false } as const;

export function sentences(validate: ValidateFunction): string[] {
  return (validate.errors ?? []).map((error) => {
    const extra = error.params['additionalProperty'] ?? error.params['unevaluatedProperty'];
    return `${error.instancePath || '/'} ${error.message ?? error.keyword}${extra === undefined ? '' : ` (${String(extra)})`}`;
  });
}
