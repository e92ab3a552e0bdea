// This machine as a host of sandboxes, by the settings.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Settings } from '../../config-schema/settings.ts';
import { connectAgent } from '../../sandbox-agent/client.ts';
import type { ImageStore } from '../builder/image-store.ts';
import type { MachineFacts } from '../builder/machine-checks.ts';
import type { SandboxHost } from '../builder/sandbox.ts';
import { imageStore, type ImageSettings } from './images/images.ts';
import { btrfsPool } from './lxc/btrfs-pool.ts';
import { defaultNetwork, type NetworkSettings } from './lxc/network-place.ts';
import { folderPool, type StoragePool } from './lxc/pool.ts';
import { lxcSandboxHost } from './lxc/sandbox-host.ts';
import { machineFacts } from './machine-facts.ts';

export type MachineSettings = ImageSettings & Pick<Settings, 'builderState' | 'allowPrivate' | 'pool' | 'poolGigabytes'>;

export async function machineHost(settings: MachineSettings, images: ImageStore = imageStore(settings)): Promise<{ host: SandboxHost; pool: StoragePool }> {
  const pool = poolOf(settings);
  const host = lxcSandboxHost({
    stateFolder: settings.builderState,
    images,
    pool,
    agentFolder: await agentFolder(settings.cache),
    probe: async ({ agentSocket: socketPath, clientKey, hostKey }, signal) => (await connectAgent({ socketPath, clientKey, hostKey, signal })).end(),
    network: networkOf(settings),
  });
  return { host, pool };
}

/** For builders that come and go, as those of demonstrations: nothing of theirs stays on the machine but their folder. */
export async function clearMachine(settings: MachineSettings): Promise<void> {
  const { host, pool } = await machineHost(settings);
  await host.reconcile(new Set());
  await pool.release();
}

/** All that the doctor asks about this machine. */
export async function factsOf(settings: MachineSettings, findTemporal: () => Promise<string>): Promise<MachineFacts> {
  const { host, pool } = await machineHost(settings);
  return machineFacts({ stateFolder: settings.builderState, cacheFolder: settings.cache, network: networkOf(settings), pool, host, agentFolder: () => agentFolder(settings.cache), findTemporal });
}

const networkOf = ({ allowPrivate }: MachineSettings): NetworkSettings => ({ ...defaultNetwork, allowPrivate });

function poolOf({ builderState, pool, poolGigabytes }: MachineSettings): StoragePool {
  const folder = join(builderState, 'p');
  return pool === 'folder' ? folderPool(folder) : btrfsPool({ folder, image: { file: join(builderState, 'pool.btrfs'), sizeBytes: poolGigabytes * 1e9 } });
}

async function agentFolder(cache: string): Promise<string> {
  const { stdout } = await promisify(execFile)(fileURLToPath(new URL('../../scripts/build-agent', import.meta.url)), { env: { ...process.env, ROUNDHOUSE_CACHE: cache } });
  return stdout.trim();
}
