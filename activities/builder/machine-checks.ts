// What must be true of a machine that hosts sandboxes?

import type { Check } from './doctor.ts';

/** What we ask of the machine. Answers are facts, without judgement; a question that cannot be answered rejects. */
export interface MachineFacts {
  isRoot(): boolean;
  kernelRelease(): Promise<string>;
  /** null: an idmapped bind mount of a folder in the cache and an overlay over it were mounted; else the words of the kernel. */
  tryRootfs(): Promise<string | null>;
  hasSeccomp(): Promise<boolean>;
  hasAppArmor(): Promise<boolean>;
  /** null: sandboxes are under it; else why not. Asked where there is AppArmor. */
  loadAppArmorProfile(): Promise<string | null>;
  /** null: containers can run in sandboxes; else what the kernel refuses. */
  whyNoNesting(): Promise<string | null>;
  /** null: not installed. */
  lxcVersion(): Promise<string | null>;
  /** Controllers of each mounted cgroup version. */
  cgroupControllers(): Promise<{ v1: string[]; v2: string[] | null }>;
  /** Of /etc/subuid and /etc/subgid, those without the sandboxes' ranges. */
  filesWithoutIds(): Promise<{ missing: string[]; line: string }>;
  /** Makes or mends the bridge, its rules and its name server; answers what it had to do. */
  ensureNetwork(): Promise<string[]>;
  /** Milliseconds until the sandboxes' name server answered, whatever it said. */
  askNameserver(): Promise<number>;
  /** A firewall of somebody else's that forwards nothing it does not know. */
  otherFirewall(): Promise<string | null>;
  storage(): Promise<{ hasQuotas: boolean; folder: string; freeBytes: number; cacheFolder: string; cacheFreeBytes: number }>;
  /** The agent's folder. */
  agentFolder(): Promise<string>;
  hasFirstImage(): Promise<boolean>;
  temporal(): Promise<{ path: string; version: string } | null>;
  /** Claimed id ranges, and those among them whose builder is gone. */
  ranges(): Promise<{ taken: number; orphans: number; all: number }>;
  /** Makes a sandbox and removes it. Milliseconds. */
  trySandbox(): Promise<number>;
}

const bootstrap = 'scripts/bootstrap';
const leastFreeBytes = 5 * 1024 ** 3;

export function machineChecks(machine: MachineFacts): Check[] {
  const when = (ok: boolean, good: string, bad: string, remedy: string): { ok: boolean; detail: string; remedy?: string } => (ok ? { ok, detail: good } : { ok, detail: bad, remedy });

  return [
    { name: 'user', look: async () => when(machine.isRoot(), 'root', 'not root: only root can make containers with their own id ranges', 'sudo roundhouse doctor') },
    {
      name: 'kernel',
      look: async () => {
        const [release, refusal] = await Promise.all([machine.kernelRelease(), machine.tryRootfs()]);
        return when(refusal === null, `${release}: user namespaces, idmapped mounts and overlays work`, `${release}: ${refusal}`, 'Use Linux 5.19 or newer, with CONFIG_USER_NS and CONFIG_OVERLAY_FS.');
      },
    },
    { name: 'seccomp', look: async () => when(await machine.hasSeccomp(), 'on', 'the kernel cannot filter system calls', 'Use a kernel with CONFIG_SECCOMP_FILTER.') },
    {
      name: 'AppArmor',
      look: async () => {
        if (!(await machine.hasAppArmor())) return { ok: true, detail: 'not in this kernel: sandboxes are held by user namespaces, seccomp and cgroups alone' };
        const trouble = await machine.loadAppArmorProfile();
        return when(trouble === null, 'on: sandboxes run under the profile roundhouse-sandbox', trouble ?? '', 'apt-get install apparmor');
      },
    },
    {
      name: 'Docker in sandboxes',
      async look() {
        const why = await machine.whyNoNesting();
        return { ok: true, detail: why === null ? 'works: jobs with `machine` or `setup_remote_docker` have an engine of their own' : `does not work (${why}): jobs with \`machine\` run without it, and \`setup_remote_docker\` fails` };
      },
    },
    {
      name: 'LXC',
      look: async () => {
        const version = await machine.lxcVersion();
        return when(version !== null && Number.parseInt(version, 10) >= 5, version ?? '', version === null ? 'not installed' : `${version} is too old: 5 or newer is needed`, bootstrap);
      },
    },
    {
      name: 'cgroups',
      look: async () => {
        const { v1, v2 } = await machine.cgroupControllers();
        const missing = ['cpu', 'memory', 'pids'].filter((controller) => !v1.includes(controller) && !v2?.includes(controller));
        const family = v1.length === 0 ? 'v2' : v2 === null ? 'v1' : 'v1, with v2 beside it';
        return when(missing.length === 0, `${family}: cpu, memory, pids`, `${family}: no controller for ${missing.join(', ')}, so sandboxes would have no such limit and are not started`, 'Boot without cgroup_disable; on a machine without systemd, mount the controllers below /sys/fs/cgroup.');
      },
    },
    {
      name: 'id ranges',
      look: async () => {
        const [{ missing, line }, { taken, orphans, all }] = await Promise.all([machine.filesWithoutIds(), machine.ranges()]);
        if (missing.length > 0) return { ok: false, detail: `not reserved in ${missing.join(' and ')}`, remedy: `echo ${line} | tee -a ${missing.join(' ')}` };
        const left = orphans === 0 ? '' : `, ${orphans} of them left behind by builders that are gone: the next sweep of any builder clears them`;
        return when(taken < all * 0.9, `${taken} of ${all} taken${left}`, `${taken} of ${all} taken${left}`, 'Remove sandboxes that nobody needs: roundhouse builds, then roundhouse cancel.');
      },
    },
    {
      name: 'network',
      look: async () => {
        const did = await machine.ensureNetwork();
        const other = await machine.otherFirewall();
        const detail = did.length === 0 ? 'bridge and rules are in place' : did.join(', ');
        return when(other === null, detail, `${detail}; but ${other} drops what it does not know, sandboxes' packets included`, 'iptables -I FORWARD -i roundhouse0 -j ACCEPT; iptables -I FORWARD -o roundhouse0 -j ACCEPT');
      },
    },
    { name: 'name server', look: async () => ({ ok: true, detail: `answers in ${(await machine.askNameserver()).toFixed(0)} ms` }) },
    {
      name: 'storage',
      look: async () => {
        const { hasQuotas, folder, freeBytes, cacheFolder, cacheFreeBytes } = await machine.storage();
        const quotas = hasQuotas ? 'sandboxes are held to their disk limits' : 'no disk limits: one sandbox can fill it';
        const detail = `${gigabytes(freeBytes)} free at ${folder} (${quotas}), ${gigabytes(cacheFreeBytes)} at ${cacheFolder}`;
        return when(Math.min(freeBytes, cacheFreeBytes) >= leastFreeBytes, detail, detail, `Free some space: at least ${gigabytes(leastFreeBytes)} is wanted.`);
      },
    },
    { name: 'agent', look: async () => ({ ok: true, detail: await machine.agentFolder() }) },
    { name: 'first image', look: async () => when(await machine.hasFirstImage(), 'debian:bookworm', 'debian:bookworm is not made yet; the first job would wait for it', bootstrap) },
    {
      name: 'Temporal program',
      look: async () => {
        const found = await machine.temporal();
        return when(found !== null, `${found?.path}: ${found?.version}`, 'not found; needed where no Temporal server runs elsewhere', bootstrap);
      },
    },
    { name: 'sandbox', look: async () => ({ ok: true, detail: `made, answered and removed in ${(await machine.trySandbox()).toFixed(0)} ms` }) },
  ];
}

const gigabytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
