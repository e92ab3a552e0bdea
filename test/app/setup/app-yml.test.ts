import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parse } from 'yaml';
import { wishesOf } from '../../../app/setup/manifest.ts';

const text = readFileSync(new URL('../../../app.yml', import.meta.url), 'utf8');
const manifest = parse(text) as { public: boolean; default_permissions: Record<string, string>; default_events: string[] };

test('GitHub knows every permission that the App asks for, and the level of it', () => {
  const openapi = createRequire(import.meta.url)('@octokit/openapi/generated/api.github.com.json') as any;
  const known = openapi.components.schemas['app-permissions'].properties as Record<string, { enum: string[] }>;
  for (const [name, level] of Object.entries(manifest.default_permissions)) assert.ok(known[name]?.enum.includes(level), `${name}: ${level}`);
});

test('GitHub knows every event that the App asks for', () => {
  const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as { name: string }[];
  for (const event of manifest.default_events) assert.ok(examples.some(({ name }) => name === event), event);
});

test('every permission and event gives its reason in the lines above it', () => {
  const lines = text.split('\n');
  for (const wanted of [...Object.keys(manifest.default_permissions).map((name) => `  ${name}:`), ...manifest.default_events.map((event) => `  - ${event}`)]) {
    const at = lines.findIndex((line) => line.startsWith(wanted));
    assert.match(lines[at - 1] ?? '', /^  # .{20,}/, wanted);
  }
});

test('nobody else may install the App, and it may write checks only, besides deploy keys', () => {
  assert.equal(manifest.public, false);
  const writes = Object.entries(manifest.default_permissions).flatMap(([name, level]) => (level === 'write' ? [name] : []));
  assert.deepEqual(writes.sort(), ['administration', 'checks']);
});

test('the page can say what the App asks for, each with its reason', () => {
  const { permissions, events } = wishesOf(text);
  assert.deepEqual(Object.fromEntries(permissions.map(({ name, access }) => [name, access])), manifest.default_permissions);
  assert.deepEqual(events.map(({ name }) => name), manifest.default_events);
  for (const { name, why } of [...permissions, ...events]) assert.match(why, /^[A-Z][^#]{20,}[.]$/, name);
});
