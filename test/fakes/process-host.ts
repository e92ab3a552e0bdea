// A host of sandboxes without walls: the real agent, as a plain process of this machine. For tests of what is around a sandbox.

import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { generateKey } from '../../activities/key-file.ts';
import { connectAgent } from '../../sandbox-agent/client.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import { SandboxError, type SandboxHandle, type SandboxHost, type SandboxSpec } from '../../activities/builder/sandbox.ts';

/** `pid` is the first process around the agent: with its end every process of the sandbox has ended. */
type Kept = { spec: SandboxSpec; handle: SandboxHandle; pid: number };

/**
 * Before a command: it runs in a pid namespace whose processes all end with that command, or with this process, however that one ends: no step outlives a
 * test. A shell is the first process there, since that one has to wait for orphans.
 */
const inItsOwnPids = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', '"$@" & wait', 'sh'];

export async function processHost(folder: string): Promise<SandboxHost> {
  const agentFolder = (await promisify(execFile)('scripts/build-agent')).stdout.trim();
  const file = (name: string): string => join(folder, name, 'kept.json');
  const read = async (name: string): Promise<Kept | null> => JSON.parse(await readFile(file(name), 'utf8').catch(() => 'null')) as Kept | null;
  const names = (): Promise<string[]> => readdir(folder).catch(() => []);

  const host: SandboxHost = {
    async create(spec) {
      const before = await read(spec.name);
      if (before && isRunning(before.pid)) return before.handle;
      if (!/^debian:/.test(spec.primary.image)) throw new SandboxError('unknown-image', `image ${spec.primary.image} is not known here`);
      await host.destroy(spec.name);
      const root = join(folder, spec.name);
      await mkdir(join(root, paths.run), { recursive: true });
      const [hostKey, clientKey] = [generateKey(), generateKey()];
      await writeFile(join(root, paths.hostKey), hostKey.privateKey, { mode: 0o600 });
      await writeFile(join(root, paths.authorizedKey), clientKey.publicKey);
      const command = [...inItsOwnPids, join(agentFolder, 'node'), join(agentFolder, 'agent.cjs'), '--root', root];
      const agent = spawn(command[0]!, command.slice(1), { detached: true, stdio: 'ignore', env: { HOME: root, PATH: process.env.PATH } });
      agent.unref();
      const handle: SandboxHandle = { name: spec.name, agentSocket: join(root, paths.agentSocket), clientKey: clientKey.privateKey, hostKey: hostKey.publicKey, startedAt: new Date().toISOString() };
      await untilReady(handle);
      const pid = Number(await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8'));
      await writeFile(file(spec.name), JSON.stringify({ spec, handle, pid } satisfies Kept));
      return handle;
    },

    async destroy(name) {
      const kept = await read(name);
      if (kept && isRunning(kept.pid)) {
        process.kill(kept.pid, 'SIGKILL');
        while (isRunning(kept.pid)) await sleep(10);
      }
      await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
    },

    async list() {
      const all = await Promise.all((await names()).map(async (name) => ({ name, kept: await read(name) })));
      return all.map(({ name, kept }) => ({ name, running: kept !== null && isRunning(kept.pid), spec: kept?.spec ?? null, handle: kept?.handle ?? null }));
    },

    sidecarOutput: (_name, _sidecar, from) => Promise.resolve({ from, bytes: Buffer.alloc(0) }),
    oomKills: () => Promise.resolve(0),

    async reconcile(keep) {
      const stray = (await names()).filter((name) => !keep.has(name));
      await Promise.all(stray.map((name) => host.destroy(name)));
      return stray;
    },
  };
  return host;
}

/** The process id to kill for tests in which the agent dies. */
export async function agentPid(folder: string, name: string): Promise<number> {
  return (JSON.parse(await readFile(join(folder, name, 'kept.json'), 'utf8')) as Kept).pid;
}

async function untilReady({ agentSocket: socketPath, clientKey, hostKey }: SandboxHandle): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      (await connectAgent({ socketPath, clientKey, hostKey })).end();
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(50);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
