// Does a config become what the original makes of it? Sources with what the original's own `config process` printed for them.
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { printConfig, processConfig } from '../../../config-schema/compile.ts';
import { absent, orbsFor, sharedFiles, sharedOrbs, sharedText } from './shared.ts';

type Printed = { jobs: Record<string, unknown>; workflows: Record<string, unknown> };

suite('what the original printed', { skip: absent }, () => {
  const all = absent ? new Map() : sharedOrbs();
  const inputs = sharedFiles('oracle/*/input.yml');

  for (const input of inputs)
    test(dirname(input), () => {
      const text = sharedText(input);
      const done = processConfig(text, { path: input, orbs: orbsFor(text, input, all) });
      if ('errors' in done) assert.fail(done.errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
      const printed = printConfig(done.processed);
      const expected = sharedText(input.replace('input', 'expected'));
      for (const schema of ['yaml-1.1', 'core'] as const) {
        const [ours, theirs] = [printed, expected].map((each) => parse(each, { schema, logLevel: 'silent', maxAliasCount: -1 }) as Printed);
        assert.deepEqual(Object.keys(ours!.jobs).sort(), Object.keys(theirs!.jobs).sort());
        for (const [name, job] of Object.entries(theirs!.jobs)) assert.deepEqual(ours!.jobs[name], job, `${schema}: ${name}`);
        assert.deepEqual(ours!.workflows, theirs!.workflows, schema);
        assert.deepEqual(ours, theirs, schema);
      }
    });

  test('how many', (t) => {
    t.diagnostic(`${inputs.length} pairs`);
    assert.ok(inputs.length >= 24);
  });
});
