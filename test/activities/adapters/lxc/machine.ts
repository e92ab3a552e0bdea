// How do tests get real sandboxes, look into them, and leave none behind?

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after } from 'node:test';
import { debianImages } from '../../../../activities/adapters/images/debian.ts';
import { folderPool } from '../../../../activities/adapters/lxc/pool.ts';
import { lxcSandboxHost, type LxcOptions } from '../../../../activities/adapters/lxc/sandbox-host.ts';
import { removeTree } from '../../../../activities/adapters/remove-tree.ts';
import { plainConfig, type Image, type ImageConfig, type ImageStore } from '../../../../activities/builder/image-store.ts';
import { plainContainer, type SandboxHandle, type SandboxHost, type SandboxSpec } from '../../../../activities/builder/sandbox.ts';
import { connectAgent, type AgentClient } from '../../../../sandbox-agent/client.ts';

const project = join(import.meta.dirname, '../../../..');
const cacheFolder = process.env['ROUNDHOUSE_CACHE'] ?? '/var/cache/roundhouse';
/** The image of every sandbox of these tests. */
export const imageFolder = join(cacheFolder, 'images/debian/bookworm');
const { stdout } = await promisify(execFile)(join(project, 'scripts/build-agent'));
const agentFolder = stdout.trim();

/** A builder's host with a state folder of its own, cleared when the test file ends. */
export function testHost(options: Partial<LxcOptions> = {}): { host: SandboxHost; stateFolder: string } {
  const stateFolder = options.stateFolder ?? mkdtempSync('/tmp/rh-test-');
  const host = lxcSandboxHost({
    images: debianImages({ cacheFolder }),
    pool: folderPool(join(stateFolder, 'disks')),
    agentFolder,
    probe: async (handle, signal) => (await reach(handle, signal)).end(),
    ...options,
    stateFolder,
  });
  if (options.stateFolder === undefined) {
    after(async () => {
      for (const { name } of await host.list()) await host.destroy(name);
      await removeTree(stateFolder);
    });
  }
  return { host, stateFolder };
}

/** Images for tests: each reference with what its author set, and where it lies; by default the Debian of the other tests. */
export function testImages(images: Record<string, Partial<ImageConfig> & { folder?: string }>): ImageStore {
  return {
    async image(reference): Promise<Image> {
      const { folder = imageFolder, ...config } = images[reference] ?? {};
      return { folder, digest: null, config: { ...plainConfig, ...config } };
    },
  };
}

export const reach = (handle: SandboxHandle, signal?: AbortSignal): Promise<AgentClient> =>
  connectAgent({ socketPath: handle.agentSocket, clientKey: handle.clientKey, hostKey: handle.hostKey, signal });

/** A name that no other test has. */
export const freshName = (): string => `t${Math.floor(Math.random() * 36 ** 7).toString(36).padStart(7, '0')}`;

export const specOf = (changes: Partial<SandboxSpec> = {}): SandboxSpec => ({
  name: freshName(),
  primary: plainContainer('debian:bookworm'),
  sidecars: [],
  nesting: false,
  trust: 'T1',
  mirrorObjects: null,
  cacheFolders: {},
  ...changes,
  limits: { cpus: 1, memoryBytes: 512 * 1024 * 1024, pids: 300, diskBytes: null, ...changes.limits },
});

/** The number that decides the sandbox's ids, address and interface. */
export const numberOf = (handle: SandboxHandle): number => Number(/\/mounts\/(\d+)\//.exec(handle.agentSocket)?.[1]);

/** The cgroup of all of the sandbox's containers in the hierarchy that has this file, of whichever version. */
export function cgroupOf(handle: SandboxHandle, file: string): string {
  const folders = ['', ...readdirSync('/sys/fs/cgroup')].map((hierarchy) => join('/sys/fs/cgroup', hierarchy, 'roundhouse', String(numberOf(handle)), 'payload'));
  const folder = folders.find((candidate) => existsSync(join(candidate, file)));
  assert.ok(folder, `no cgroup has ${file}`);
  return folder;
}

/** On the host, of PID 1 of one of its containers; 0 is the primary. */
export function pidOfInit(handle: SandboxHandle, container = 0): number {
  const pid = Number(readFileSync(join(cgroupOf(handle, 'pids.max'), String(container), 'cgroup.procs'), 'utf8').split('\n')[0]);
  // Whoever sends a signal to 0 sends it to himself.
  assert.ok(pid > 1, `container ${container} has no process`);
  return pid;
}

export type Ran = { exitCode: number | null; output: string };

let nextStep = 0;

/** Runs a shell script in the sandbox as a step of a build would, as root or another user there. */
export async function runInside(handle: SandboxHandle, script: string, { user = 'root', cwd = '/tmp' }: { user?: string | undefined; cwd?: string } = {}): Promise<Ran> {
  const agent = await reach(handle);
  try {
    const index = nextStep++;
    await agent.start({ index, argv: ['sh', '-c', script], env: {}, cwd, user, background: false, noOutputTimeoutSeconds: 60 });
    const chunks: Buffer[] = [];
    const ended = await agent.attach(index, 0, (bytes) => void chunks.push(bytes));
    return { exitCode: ended.exitCode, output: Buffer.concat(chunks).toString().replaceAll('\r\n', '\n') };
  } finally {
    agent.end();
  }
}
