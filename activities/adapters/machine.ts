// This machine as a host of sandboxes, by the settings.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Settings } from '../../config-schema/settings.ts';
import { connectAgent } from '../../sandbox-agent/client.ts';
import type { SandboxHost } from '../builder/sandbox.ts';
import { debianImages } from './images/debian.ts';
import { defaultNetwork } from './lxc/network-place.ts';
import { folderPool, type StoragePool } from './lxc/pool.ts';
import { lxcSandboxHost } from './lxc/sandbox-host.ts';

export async function machineHost(settings: Pick<Settings, 'builderState' | 'cache' | 'allowPrivate'>): Promise<{ host: SandboxHost; pool: StoragePool }> {
  const pool = folderPool(join(settings.builderState, 'p'));
  const { stdout } = await promisify(execFile)(fileURLToPath(new URL('../../scripts/build-agent', import.meta.url)), { env: { ...process.env, ROUNDHOUSE_CACHE: settings.cache } });
  const host = lxcSandboxHost({
    stateFolder: settings.builderState,
    images: debianImages({ cacheFolder: settings.cache }),
    pool,
    agentFolder: stdout.trim(),
    probe: async ({ agentSocket: socketPath, clientKey, hostKey }, signal) => (await connectAgent({ socketPath, clientKey, hostKey, signal })).end(),
    network: { ...defaultNetwork, allowPrivate: settings.allowPrivate },
  });
  return { host, pool };
}
