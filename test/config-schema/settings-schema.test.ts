import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Ajv } from 'ajv';
import { settingsJsonSchema } from '../../config-schema/settings-schema.ts';

suite('the JSON Schema of roundhouse.yml', () => {
  const accepts = new Ajv({ strict: false }).compile(settingsJsonSchema());
  const table: [string, unknown, boolean][] = [
    ['nothing', null, true],
    ['settings', { port: 3000, appId: 12, configPaths: ['.circle.yml'], classes: { small: { cpus: 1, memory: '2gb' }, large: null }, queueTimeout: '30m', allowPrivate: [] }, true],
    ['a key without a value', { port: null }, true],
    ['what only the environment can say', { data: '/x' }, false],
    ['a setting of nobody', { prot: 3000 }, false],
    ['a list for a number', { port: [3000] }, false],
    ['a class of nothing', { classes: { small: { cpus: 0 } } }, false],
    ['one of a few words', { pool: 'zfs' }, false],
  ];
  for (const [name, file, isFine] of table) test(name, () => assert.equal(accepts(file), isFine));
});
