import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultNetwork } from '../../../activities/adapters/lxc/network-place.ts';
import { folderPool } from '../../../activities/adapters/lxc/pool.ts';
import { machineFacts } from '../../../activities/adapters/machine-facts.ts';
import { runDoctor } from '../../../activities/builder/doctor.ts';
import { machineChecks } from '../../../activities/builder/machine-checks.ts';
import { testHost } from './lxc/machine.ts';

test('the doctor finds this machine ready, after bootstrap', async () => {
  const { host, stateFolder } = testHost();
  const facts = machineFacts({
    stateFolder,
    cacheFolder: process.env['ROUNDHOUSE_CACHE'] ?? '/var/cache/roundhouse',
    network: defaultNetwork,
    pool: folderPool(join(stateFolder, 'disks')),
    host,
    agentFolder: async () => '/agent',
    findTemporal: async () => process.execPath,
  });
  const findings = await runDoctor(machineChecks(facts));
  assert.deepEqual(findings.filter((finding) => !finding.ok), []);
  const said = Object.fromEntries(findings.map(({ check, detail }) => [check, detail]));
  assert.match(said['kernel']!, /^\d+\.\d+.*: user namespaces, idmapped mounts and overlays work$/);
  assert.match(said['LXC']!, /^\d+\.\d+/);
  assert.match(said['sandbox']!, /^made, answered and removed in \d+ ms$/);
  assert.match(said['Temporal program']!, /: v24/);
  assert.deepEqual(await host.list(), []);
});
