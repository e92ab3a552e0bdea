// What can an editor know of a config file?

import { z } from 'zod';
import { file21 } from './schema.ts';

type Json = { [key: string]: unknown };

/** JSON Schema, draft 7: what editors of YAML understand. Where a value may be a template, it accepts one. */
export function configJsonSchema(): object {
  const { $schema, definitions, ...root } = z.toJSONSchema(file21, { target: 'draft-7', io: 'input', override: tidy }) as unknown as Json & { definitions: Record<string, Json> };
  const opened = Object.entries(definitions).map(([name, { $id: _, id: __, ...part }]) => [name, isDeclaration(name) ? part : openBelow(part, definitions)]);
  return { $schema, title: 'Roundhouse config', ...root, definitions: { ...Object.fromEntries(opened), template: { type: 'string', pattern: '(^|[^\\\\])(\\\\\\\\)*<<', description: 'A template such as << parameters.NAME >>.' } } };
}

/** Parameters are declared without templates. */
const isDeclaration = (definition: string): boolean => definition.endsWith('parameter');
const closedKeys = new Set(['type', 'parameters']);

/** What zod says in more words than an editor needs. */
function tidy({ jsonSchema }: { jsonSchema: Json }): void {
  const { propertyNames, minimum, maximum } = jsonSchema;
  if (JSON.stringify(propertyNames) === '{"type":"string"}') delete jsonSchema['propertyNames'];
  if (minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum'];
  if (maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
}

/** The schema with every value below opened to templates, where it does not take any text already. */
function openBelow(schema: Json, definitions: Record<string, Json>): Json {
  const below = (part: unknown): unknown => (isSchema(part) ? openBelow(part, definitions) : part);
  const value = (part: unknown): unknown => (isSchema(part) && !takesText(part, definitions) ? orTemplate(openBelow(part, definitions)) : below(part));
  const held = ([key, part]: [string, unknown]): [string, unknown] => {
    if (key === 'properties') return [key, Object.fromEntries(Object.entries(part as Json).map(([name, property]) => [name, closedKeys.has(name) ? property : value(property)]))];
    if (['anyOf', 'oneOf', 'allOf'].includes(key)) return [key, (part as unknown[]).map(below)];
    return [key, key === 'items' || key === 'additionalProperties' ? value(part) : part];
  };
  return Object.fromEntries(Object.entries(schema).map(held));
}

const isSchema = (part: unknown): part is Json => typeof part === 'object' && part !== null && !Array.isArray(part);

/** The description stays where an editor looks for it. */
function orTemplate({ description, ...part }: Json): Json {
  const forms = Object.keys(part).join() === 'anyOf' || Object.keys(part).join() === 'allOf' ? (Object.values(part)[0] as Json[]) : [part];
  const isOne = part['allOf'] === undefined || forms.length === 1;
  return { ...(description !== undefined && { description }), anyOf: [...(isOne ? forms : [part]), { $ref: '#/definitions/template' }] };
}

/** Whether any text that holds a tag fits. */
function takesText({ $ref, anyOf, oneOf, allOf, type, pattern, enum: choices, const: only }: Json, definitions: Record<string, Json>): boolean {
  if (typeof $ref === 'string') return takesText(definitions[$ref.split('/').at(-1)!]!, definitions);
  const some = (anyOf ?? oneOf) as Json[] | undefined;
  if (some) return some.some((part) => takesText(part, definitions));
  if (allOf) return (allOf as Json[]).every((part) => takesText(part, definitions));
  if (choices !== undefined || only !== undefined || pattern !== undefined) return false;
  return type === undefined || [type].flat().includes('string');
}
