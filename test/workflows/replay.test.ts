// An upgrade must not break running pipelines: recorded histories replay with the temporal workflows of today.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import proto from '@temporalio/proto';
import { dataConverter, workflowBundle } from '../../activities/adapters/temporal.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const folder = new URL('../histories/', import.meta.url);

test('every recorded history replays', async () => {
  const converter = await dataConverter(new URL('payload.keys', folder).pathname);
  const bundle = await workflowBundle(process.env.ROUNDHOUSE_CACHE ?? '/var/cache/roundhouse');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.history'));
  assert.ok(names.length >= 3, 'a repository, a pipeline and a slice at least');
  for (const name of names) {
    const history = proto.temporal.api.history.v1.History.decode(await readFile(new URL(name, folder)));
    await Worker.runReplayHistory({ workflowBundle: bundle, dataConverter: converter }, history);
  }
});
