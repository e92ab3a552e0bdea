// Is the description of the API true and whole?

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { RoutePorts } from '../../../app/api/ports.ts';
import { routes } from '../../../app/api/routes.ts';
import { description } from './api-scene.ts';

const all = routes({} as RoutePorts);
type Operation = { operationId: string; parameters?: { name: string; in: string }[]; responses: Record<string, unknown>; requestBody?: { required: boolean } };
const operations = Object.entries(description.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));

suite('docs/openapi.json', () => {
  test('is what the routes say now', () => {
    assert.deepEqual(JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')), description, 'run scripts/docs');
  });

  test('has every route, once', () => {
    assert.deepEqual(operations.map(({ method, path }) => `${method} ${path}`).sort(), all.map(({ method, path }) => `${method} ${path}`).sort());
    assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, all.length);
  });

  test('names what varies in a path, and takes a body only where something changes', () => {
    for (const { method, path, operation } of operations) {
      assert.deepEqual((operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name), [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), path);
      assert.ok(method === 'post' || operation.requestBody === undefined, path);
    }
  });

  test('leads nowhere that is not there, and its schemas are schemas', () => {
    const text = JSON.stringify(description);
    for (const [, reference] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) assert.ok(reference!.split('/').reduce((at, part) => at?.[part], description), reference);
    const ajv = new Ajv2020({ strict: true, strictTypes: false });
    (addFormats as unknown as (to: Ajv2020) => void)(ajv);
    ajv.addKeyword('components');
    for (const schema of schemasIn(description.paths)) ajv.compile({ ...schema, components: description.components });
    for (const name of Object.keys(description.components.schemas)) ajv.compile({ $ref: `#/components/schemas/${name}`, components: description.components });
  });
});

/** Those that stand below `schema`. */
function schemasIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => (key === 'schema' ? [below as object] : schemasIn(below)));
}
