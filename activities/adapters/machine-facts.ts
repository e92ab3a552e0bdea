// How does this machine answer the doctor's questions?

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { access, constants, readFile, statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { MachineFacts } from '../builder/machine-checks.ts';
import { plainContainer, type SandboxHost } from '../builder/sandbox.ts';
import { hasAppArmor, loadAppArmorProfile } from './lxc/apparmor.ts';
import { listHierarchies } from './lxc/cgroups.ts';
import type { NetworkSettings } from './lxc/network-place.ts';
import { whyNoNesting } from './lxc/nesting.ts';
import { sandboxNetwork } from './lxc/network.ts';
import type { StoragePool } from './lxc/pool.ts';
import { firstId, idsPerRange, listRanges, rangeCount } from './lxc/ranges.ts';
import { addressOf } from './lxc/subnet.ts';
import { bindFolder, mountOverlay, unmount } from './lxc/syscalls.ts';
import { userNamespaces } from './lxc/user-namespace.ts';

export type MachineFactsOptions = {
  stateFolder: string;
  cacheFolder: string;
  network: NetworkSettings;
  pool: StoragePool;
  host: SandboxHost;
  /** Makes the folder when it is missing. */
  agentFolder: () => Promise<string>;
  /** Where the Temporal program may lie; rejects when it does not. */
  findTemporal: () => Promise<string>;
};

const run = promisify(execFile);

export function machineFacts(options: MachineFactsOptions): MachineFacts {
  const { stateFolder, cacheFolder, network, pool, host } = options;
  return {
    isRoot: () => process.getuid?.() === 0,
    kernelRelease: async () => release(),
    tryRootfs: () => tryRootfs(stateFolder),
    hasSeccomp: async () => existsSync('/proc/sys/kernel/seccomp/actions_avail'),
    hasAppArmor: async () => hasAppArmor(),
    whyNoNesting,
    loadAppArmorProfile: () => loadAppArmorProfile().then(() => null, (error: Error) => error.message),

    lxcVersion: async () => ((await isProgram('lxc-start')) ? (await run('lxc-start', ['--version'])).stdout.trim() : null),

    async cgroupControllers() {
      const hierarchies = listHierarchies();
      const unified = hierarchies.find((h) => h.version === 2);
      return {
        v1: hierarchies.flatMap((h) => h.controllers),
        v2: unified ? (await readFile(join(unified.folder, 'cgroup.controllers'), 'utf8')).trim().split(' ').filter(Boolean) : null,
      };
    },

    async filesWithoutIds() {
      const line = `root:${firstId}:${rangeCount * idsPerRange}`;
      return { line, missing: ['/etc/subuid', '/etc/subgid'].filter((file) => !readIfThere(file)?.split('\n').includes(line)) };
    },

    ensureNetwork: () => sandboxNetwork(network).ensure(),

    async askNameserver() {
      const resolver = new Resolver({ timeout: 3000, tries: 1 });
      resolver.setServers([addressOf(network.subnet, 1)]);
      const startedAt = performance.now();
      await resolver.resolve4('localhost').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ETIMEOUT' || error.code === 'ECONNREFUSED') throw new Error(`the name server on ${addressOf(network.subnet, 1)} does not answer`, { cause: error });
      });
      return performance.now() - startedAt;
    },

    async otherFirewall() {
      const rules = await run('nft', ['list', 'chain', 'ip', 'filter', 'FORWARD']).then(({ stdout }) => stdout, () => '');
      return /policy drop/.test(rules) && !rules.includes(`"${network.bridge}"`) ? 'the chain FORWARD of iptables' : null;
    },

    async storage() {
      mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
      const [own, cache] = await Promise.all([statfs(stateFolder), statfs(cacheFolder)]);
      return { hasQuotas: pool.hasQuotas, folder: stateFolder, freeBytes: own.bavail * own.bsize, cacheFolder, cacheFreeBytes: cache.bavail * cache.bsize };
    },

    agentFolder: options.agentFolder,
    hasFirstImage: async () => existsSync(join(cacheFolder, 'images/debian/bookworm')),

    async temporal() {
      const path = await options.findTemporal().catch(() => null);
      return path === null ? null : { path, version: (await run(path, ['--version'])).stdout.trim() };
    },

    async ranges() {
      const ranges = listRanges();
      return { taken: ranges.length, orphans: ranges.filter((range) => !existsSync(range.owner)).length, all: rangeCount - 3 };
    },

    async trySandbox() {
      const name = `doctor${randomBytes(3).toString('hex')}`;
      const startedAt = performance.now();
      try {
        await host.create({ name, primary: plainContainer('debian:bookworm'), sidecars: [], nesting: false, trust: 'T0', mirrorObjects: null, cacheFolders: {}, limits: { cpus: 1, memoryBytes: 256 * 1024 * 1024, pids: 100, diskBytes: null } });
      } finally {
        await host.destroy(name);
      }
      return performance.now() - startedAt;
    },
  };
}

/** The recipe of a sandbox's root, on empty folders. */
async function tryRootfs(stateFolder: string): Promise<string | null> {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(stateFolder, 'doctor-'));
  const [image, lower, upper, work, root] = ['image', 'lower', 'upper', 'work', 'root'].map((name) => join(folder, name)) as [string, string, string, string, string];
  try {
    for (const path of [image, lower, upper, work, root]) mkdirSync(path);
    bindFolder(image, lower, { idMap: await userNamespaces().of(0) });
    mountOverlay({ lower, upper, work }, root);
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    for (const path of [root, lower]) unmount(path);
    rmSync(folder, { recursive: true });
  }
}

async function isProgram(name: string): Promise<boolean> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  return (await Promise.all(folders.map((folder) => access(join(folder, name), constants.X_OK).then(() => true, () => false)))).includes(true);
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
