// Are settings stored beside whatever the file holds already?

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { storeSettings } from '../../../app/setup/store.ts';

for (const [before, after] of [
  [null, 'publicUrl: https://ci.example.org\n'],
  ['', 'publicUrl: https://ci.example.org\n'],
  ['null\n', 'publicUrl: https://ci.example.org\n'],
  ['{}\n', 'publicUrl: https://ci.example.org\n'],
  ['# ours\n', /# ours[^]*publicUrl: https:\/\/ci\.example\.org\n/],
  ['port: 4000 # free\n', 'port: 4000 # free\npublicUrl: https://ci.example.org\n'],
  ['- a list\n', /holds no settings/],
] as const)
  test(`a setting is stored in ${before === null ? 'a file that is not there' : JSON.stringify(before)}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'store-'));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'roundhouse.yml');
    if (before !== null) await writeFile(file, before);
    const said = await storeSettings(folder, { publicUrl: 'https://ci.example.org' }).then(() => readFile(file, 'utf8'), (error: Error) => error.message);
    if (typeof after === 'string') assert.equal(said, after);
    else assert.match(said, after);
  });

test('when the last setting has gone, another one can still come', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  t.after(() => rm(folder, { recursive: true }));
  await storeSettings(folder, { publicUrl: null });
  await storeSettings(folder, { publicUrl: 'https://ci.example.org' });
  assert.equal(await readFile(join(folder, 'roundhouse.yml'), 'utf8'), 'publicUrl: https://ci.example.org\n');
});
