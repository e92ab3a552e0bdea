// Those who time calls to Temporal hear of each, and the calls go on as ever.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectClient, type TemporalSettings } from '../../../activities/adapters/temporal.ts';
import { startTemporal } from '../../temporal.ts';

test('calls are told by their operation and status, with the time that they took', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'temporal-watch-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const server = await startTemporal(folder);
  t.after(() => server.stop());
  const none = { temporalApiKey: null, temporalTls: null, temporalTlsClientCertPath: null, temporalTlsClientKeyPath: null, temporalTlsServerCaCertPath: null, temporalTlsServerName: null };
  const settings: TemporalSettings = { ...none, temporalAddress: server.address, temporalNamespace: 'default', payloadKeyFile: join(folder, 'payload.keys') };
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
