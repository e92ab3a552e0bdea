// How do containers of LXC become the sandboxes of a builder?

import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { agentCommand, mainOutput, paths, starterCommand } from '../../../sandbox-agent/protocol.ts';
import type { Image, ImageStore } from '../../builder/image-store.ts';
import { SandboxError, type ContainerSpec, type CreateOptions, type SandboxHandle, type SandboxHost, type SandboxSpec } from '../../builder/sandbox.ts';
import { makeAgentKeys, writeAgentKeys } from './agent-keys.ts';
import { loadAppArmorProfile } from './apparmor.ts';
import { containerPids, countOomKills, listHierarchies, primaryPids } from './cgroups.ts';
import { containerConfig } from './container-config.ts';
import { judge, weigh } from './cpu-weight.ts';
import { markImage } from './image-marks.ts';
import { readKeptOutput } from './kept-output.ts';
import { assertLimits } from './limits.ts';
import { mainProcess, primaryProcess } from './main-process.ts';
import { whyNoNesting } from './nesting.ts';
import { defaultNetwork, type NetworkPlace, type NetworkSettings } from './network-place.ts';
import { recentlyEnsured, sandboxNetwork, setKernel } from './network.ts';
import { orphan, removeOrphans } from './orphans.ts';
import type { StoragePool } from './pool.ts';
import { queuesByName } from './queues.ts';
import { claimRange, listRanges, rangeId, rangeOf, releaseRange, type Range } from './ranges.ts';
import { Records } from './records.ts';
import { removeTraces, tracedNumbers } from './remove.ts';
import { mountRootfs, sharedFolder } from './rootfs.ts';
import { assertShared, hostNamesOf } from './sidecars.ts';
import { startPrimary, startSidecar, type Start } from './start.ts';
import { makePipe } from './syscalls.ts';
import { userNamespaces } from './user-namespace.ts';

export type LxcOptions = {
  /** This builder's own; its path is the mark on everything of its sandboxes. */
  stateFolder: string;
  images: ImageStore;
  pool: StoragePool;
  /** Folder of the host that sandboxes see, read-only, as `paths.agent`. */
  agentFolder: string;
  /** One try to reach the agent; rejects when it does not answer. */
  probe: (handle: SandboxHandle, signal: AbortSignal) => Promise<void>;
  /** PID 1 and its arguments, absolute inside the sandbox. Default: the agent under tini. */
  init?: readonly string[];
  network?: NetworkSettings;
  /** How long a sandbox may take until its agent answers. Default 30. */
  readySeconds?: number;
  /** Why containers cannot run in sandboxes; null where they can. Default: the kernel is asked. */
  whyNoNesting?: () => Promise<string | null>;
  /** Default `lxc-start`, found in /usr/bin. */
  lxcStart?: string;
};

export function lxcSandboxHost(options: LxcOptions): SandboxHost {
  const { images, pool, init = agentCommand, network: networkSettings = defaultNetwork, readySeconds = 30, lxcStart = '/usr/bin/lxc-start' } = options;
  mkdirSync(options.stateFolder, { recursive: true, mode: 0o700 });
  const owner = realpathSync(options.stateFolder);
  const records = new Records(owner);
  const hierarchies = listHierarchies();
  const machine = { hierarchies, interfacePrefix: networkSettings.interfacePrefix };
  const namespaces = userNamespaces();
  const network = recentlyEnsured(sandboxNetwork(networkSettings).ensure);
  const { queue, isBusy } = queuesByName();
  let judging: NodeJS.Timeout | undefined;
  let noNesting: Promise<string | null> | undefined;
  let profile: Promise<void> | undefined;

  return {
    create: async (spec, asked) => queue(checkName(spec.name), () => create(spec, asked)),
    destroy: async (name) => queue(checkName(name), () => destroy(name)),

    list,

    sidecarOutput: async (name, sidecar, from) => {
      const range = rangeOf(owner, checkName(name));
      return range ? readKeptOutput(sharedFolder(range.number), sidecar + 1, from) : { from, bytes: Buffer.alloc(0) };
    },

    oomKills: async (name) => {
      const range = rangeOf(owner, checkName(name));
      return range ? countOomKills(range.number, hierarchies) : 0;
    },

    async reconcile(keep) {
      await network.now();
      startJudging();
      const removed: string[] = [];
      for (const { name } of await list()) {
        if (keep.has(name) || isBusy(name)) continue;
        await queue(name, () => destroy(name));
        removed.push(`sandbox ${name}`);
      }
      return [...removed, ...(await removeOrphans(owner, machine))];
    },
  };

  function profileLoaded(): Promise<void> {
    profile ??= loadAppArmorProfile();
    profile.catch(() => (profile = undefined));
    return profile;
  }

  async function list(): ReturnType<SandboxHost['list']> {
    const names = new Set([...records.names(), ...(await pool.names()), ...ownRanges().map((range) => range.name)]);
    return [...names].map((name) => ({ name, running: isRunning(rangeOf(owner, name)), spec: records.spec(name), handle: records.handle(name) }));
  }

  async function create(spec: SandboxSpec, { secrets, ...asked }: CreateOptions = {}): Promise<SandboxHandle> {
    const before = rangeOf(owner, spec.name);
    const handle = records.handle(spec.name);
    if (handle && isRunning(before)) return handle;
    await destroy(spec.name);

    try {
      const imageOf = ({ image }: ContainerSpec): Promise<Image> => images.image(image, { login: secrets?.logins[image] ?? null, ...asked });
      const [found] = await Promise.all([Promise.all([spec.primary, ...spec.sidecars].map(imageOf)), network.lately(), profileLoaded()]);
      return await make(spec, found);
    } catch (error) {
      const cause = await destroy(spec.name).then(
        () => error,
        (remains: unknown) => new AggregateError([error, remains], 'and what was made of it could not be removed'),
      );
      if (error instanceof SandboxError && cause === error) throw error;
      throw new SandboxError('start-failed', 'The sandbox could not be made on this builder.', { cause });
    }
  }

  async function make(spec: SandboxSpec, found: Image[]): Promise<SandboxHandle> {
    // The claim comes first and is given up last: whatever bears its number has an owner all the time.
    const { number } = claimRange(owner, spec.name, namespaces.known(), (n) => tracedNumbers(machine).includes(n));
    records.begin(spec);
    const [disk, userNamespace] = await Promise.all([pool.create(spec.name, spec.limits.diskBytes), namespaces.of(number)]);
    const place = sandboxNetwork(networkSettings).place(number);
    const { hostNames, notes } = hostNamesOf(spec);
    const refused = spec.nesting ? await (noNesting ??= (options.whyNoNesting ?? whyNoNesting)()) : null;
    if (refused !== null) notes.push(`Docker cannot run in sandboxes of this builder: ${refused}. The job runs without it. "roundhouse doctor" on the builder says so, too.`);
    found.forEach((image, container) => {
      markImage(number, container, image.folder);
      mountRootfs({ number, container, hostname: spec.name, hostNames, image: image.folder, disk, agent: options.agentFolder, nameserver: place.gateway, nesting: spec.nesting, userNamespace }, container === 0 ? spec : null);
    });
    const shared = sharedFolder(number);
    const keys = makeAgentKeys();
    writeAgentKeys(keys, shared, rangeId(number));
    const primary = found[0]!;
    const main = primaryProcess(spec.primary, primary, spec.name);
    const processes = [main, ...spec.sidecars.map((sidecar, i) => mainProcess(sidecar, found[i + 1]!, spec.name))];
    const outputPipe = (container: number): string => join(shared, mainOutput(container).pipe);
    processes.forEach((process, container) => process && makePipe(outputPipe(container), rangeId(number)));

    const prepare = (container: number, ownInit: readonly string[], ownNetwork: NetworkPlace | { of: number }): Start => {
      const [configFile, logFile] = [records.configFile(spec.name, container), records.logFile(spec.name, container)];
      writeFileSync(configFile, containerConfig({ spec, number, container, network: ownNetwork, hierarchies, init: ownInit, logFile }));
      return { number, container, program: lxcStart, configFile, logFile, main: processes[container] ?? null, readySeconds };
    };
    const handle: SandboxHandle = {
      name: spec.name,
      agentSocket: join(shared, basename(paths.agentSocket)),
      clientKey: keys.clientPrivate,
      hostKey: keys.hostPublic,
      startedAt: new Date().toISOString(),
      user: spec.primary.user ?? (primary.config.user || 'root'),
      imageEnvironment: primary.config.environment,
      notes,
    };
    await startPrimary({ ...prepare(0, main ? [...init, '--main'] : init, place), outputFile: join(shared, 'output'), agentSocket: handle.agentSocket, probe: (signal) => options.probe(handle, signal) });
    assertLimits(number, spec.limits, hierarchies);
    weigh(number, spec.limits.cpus, hierarchies);
    startJudging();
    isolatePort(place.interfaceOnHost);

    const [first] = primaryPids(number, hierarchies);
    for (const [i, { image }] of spec.sidecars.entries()) {
      const container = i + 1;
      const inspect = (): void => {
        assertShared(first, containerPids(number, container, hierarchies));
        assertLimits(number, spec.limits, hierarchies);
      };
      const trouble = await startSidecar({ ...prepare(container, starterCommand, { of: first! }), outputPipe: outputPipe(container), inspect });
      if (trouble !== '') notes.push(`The main process of ${image} could not be started. ${trouble}`);
    }
    records.complete(handle);
    return handle;
  }

  async function destroy(name: string): Promise<void> {
    for (const range of ownRanges().filter((r) => r.name === name)) {
      await removeTraces(range.number, machine);
      await pool.destroy(name);
      records.remove(name);
      releaseRange(range.number);
    }
    await pool.destroy(name);
    records.remove(name);
  }

  function ownRanges(): Range[] {
    return listRanges().filter((range) => range.owner === owner && range.name !== orphan);
  }

  /** Once a second, as long as there are sandboxes. The builder's end is not held up by it. */
  function startJudging(): void {
    judging ??= setInterval(() => {
      const ranges = ownRanges();
      for (const range of ranges) judge(range.number, hierarchies);
      if (ranges.length > 0) return;
      clearInterval(judging);
      judging = undefined;
    }, 1000).unref();
  }

  function isRunning(range: Range | undefined): boolean {
    return range !== undefined && primaryPids(range.number, hierarchies).length > 0;
  }
}

/** A name becomes a folder's name and part of a config file. */
function checkName(name: string): string {
  if (!/^[a-z0-9]{1,32}$/.test(name)) throw new Error(`${JSON.stringify(name)} is no name for a sandbox: 8 to 12 lower-case letters and digits`);
  return name;
}

/** The rules of the bridge keep sandboxes apart already; this is the second lock on the same door. */
function isolatePort(interfaceOnHost: string): void {
  writeFileSync(`/sys/class/net/${interfaceOnHost}/brport/isolated`, '1');
  // It would give itself an address that nobody asks for, and browsers on this machine abort what they load when addresses change.
  setKernel(`ipv6/conf/${interfaceOnHost}/disable_ipv6`, '1');
}
