// Those who time calls to Temporal hear of each, and the calls go on as ever.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { connectClient, type TemporalSettings } from '../../../activities/adapters/temporal.ts';
import { findTemporal } from '../../../app/up/all.ts';

test('calls are told by their operation and status, with the time that they took', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'temporal-watch-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path: await findTemporal(process.env.ROUNDHOUSE_CACHE ?? '/var/cache/roundhouse') }, log: { format: 'json', level: 'error' } } });
  t.after(() => environment.teardown());
  const none = { temporalApiKey: null, temporalTls: null, temporalTlsClientCertPath: null, temporalTlsClientKeyPath: null, temporalTlsServerCaCertPath: null, temporalTlsServerName: null };
  const settings: TemporalSettings = { ...none, temporalAddress: environment.address!, temporalNamespace: 'default', payloadKeyFile: join(folder, 'payload.keys') };
  const heard: [operation: string, code: number][] = [];
  const client = await connectClient(settings, (operation, code, ms) => {
    assert.ok(ms > 0);
    heard.push([operation, code]);
  });
  t.after(() => client.connection.close());
  heard.length = 0;
  assert.equal((await client.workflowService.describeNamespace({ namespace: 'default' })).namespaceInfo?.name, 'default');
  await assert.rejects(client.workflow.getHandle('nobody').describe(), { name: 'WorkflowNotFoundError' });
  assert.deepEqual(heard, [['DescribeNamespace', 0], ['DescribeWorkflowExecution', 5]]);
});
