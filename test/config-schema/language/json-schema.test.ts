import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { configJsonSchema } from '../../../config-schema/language/json-schema.ts';
import { isFineToEditors, jobWith, steps } from './checking.ts';

// Each table of schema.test.ts is held against the JSON Schema too.

suite('the JSON Schema of a config', () => {
  test('takes a template wherever it may become what is meant', () => {
    const tag = '<< parameters.x >>';
    const lines = [`parallelism: ${tag}`, `docker: ${tag}`, `steps: ${tag}`, `environment: ${tag}`, `steps: [{run: {command: x, background: ${tag}, when: ${tag}, no_output_timeout: ${tag}}}]`, `steps: [{when: {condition: ${tag}, steps: ${tag}}}]`, `steps: [{checkout: {method: ${tag}}}, {save_cache: {key: x, paths: ${tag}}}]`];
    for (const line of lines) {
      const key = line.split(':')[0]!;
      const text = jobWith(`${line}${key === 'steps' ? '' : '\nsteps: [checkout]'}`);
      assert.equal(isFineToEditors(key === 'docker' ? text.replace('    docker:\n      - image: debian:bookworm\n', '') : text), true, line);
    }
    assert.equal(isFineToEditors(steps('- run: {command: x, background: never}')), false);
  });

  test('takes version 2 too', () => assert.equal(isFineToEditors(jobWith('steps: [checkout]', '2')), true));

  test('names its parts, has no addresses, and says what each key is for', () => {
    const schema = configJsonSchema() as { $schema: string; definitions: Record<string, { properties?: Record<string, { description?: string }> }> };
    assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#');
    const text = JSON.stringify(schema);
    assert.doesNotMatch(text, /"\$?id":|__schema/);
    for (const [, name] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) assert.ok(schema.definitions[name!], name);
    assert.match(schema.definitions['job-definition']!.properties!['timeout']!.description!, /extension of Roundhouse/);
  });
});
