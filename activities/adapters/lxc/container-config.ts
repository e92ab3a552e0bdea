// Which settings does LXC get for one container?

import { basename, join } from 'node:path';
import type { SandboxSpec } from '../../builder/sandbox.ts';
import { appArmorSettings } from './apparmor.ts';
import { cgroupFolders, type Hierarchy } from './cgroups.ts';
import { limitSettings } from './limits.ts';
import type { NetworkPlace } from './network-place.ts';
import { idsPerRange, rangeId } from './ranges.ts';
import { rootFolder } from './rootfs.ts';

export type ContainerConfig = {
  spec: SandboxSpec;
  number: number;
  /** 0: the primary. */
  container: number;
  /** The primary's network; or, of a sidecar, a process of the primary's whose network it shares, and hence its user namespace: the kernel lets nobody else into it. */
  network: NetworkPlace | { of: number };
  hierarchies: Hierarchy[];
  /** PID 1 and its arguments, absolute inside the container. */
  init: readonly string[];
  logFile: string;
};

type Setting = [string, string];

/** The container's configuration file (lxc.container.conf(5)). Secrets and environment of steps never come near it. */
export function containerConfig({ spec, number, container, network, hierarchies, init, logFile }: ContainerConfig): string {
  const settings: Setting[] = [
    ['lxc.uts.name', spec.name],
    ['lxc.rootfs.path', `dir:${rootFolder(number, container)}`],
    ['lxc.idmap', `u 0 ${rangeId(number)} ${idsPerRange}`],
    ['lxc.idmap', `g 0 ${rangeId(number)} ${idsPerRange}`],
    ['lxc.mount.auto', spec.nesting ? 'proc:mixed sys:mixed cgroup:mixed:force' : 'proc:mixed sys:ro'],
    // PostgreSQL and Chrome need it. Its pages count as the sandbox's memory, and no kill would free them: all containers together get half.
    ['lxc.mount.entry', `tmpfs dev/shm tmpfs nosuid,nodev,mode=1777,size=${Math.floor(spec.limits.memoryBytes / 2 / (1 + spec.sidecars.length))},create=dir 0 0`],
    ['lxc.init.cmd', init.map(checkWord).join(' ')],
    ['lxc.environment', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['lxc.console.path', 'none'],
    ['lxc.tty.max', '0'],
    ['lxc.pty.max', '1024'],

    ...('of' in network ? sharedNetwork(network.of) : ownNetwork(network)),
    ...cgroupSettings(spec, number, container, hierarchies),
    // 1 and not 0: the kernel writes no file for either, but to a core_pattern that is a pipe to a program of the host it
    // does hand the dump unless the limit is 1 (core(5)).
    ['lxc.prlimit.core', '1'],

    ['lxc.seccomp.profile', join(import.meta.dirname, 'seccomp.denylist')],
    // Of its own network alone, which the rules of the bridge hold to one pair of addresses: containers in it get one each.
    ['lxc.cap.drop', droppedCapabilities.filter((name) => !(spec.nesting && name === 'net_admin')).join(' ')],
    // Elsewhere images may need sudo, which the user namespace makes harmless to the host.
    ['lxc.no_new_privs', spec.trust === 'T0' ? '1' : '0'],
    ...appArmorSettings(),

    ['lxc.log.file', logFile],
    ['lxc.log.level', 'WARN'],
  ];
  return settings.map(([key, value]) => `${key} = ${value}\n`).join('');
}

const ownNetwork = (network: NetworkPlace): Setting[] => [
  ['lxc.net.0.type', 'veth'],
  ['lxc.net.0.link', network.bridge],
  ['lxc.net.0.veth.pair', network.interfaceOnHost],
  ['lxc.net.0.name', 'eth0'],
  ['lxc.net.0.flags', 'up'],
  ['lxc.net.0.mtu', String(network.mtu)],
  ['lxc.net.0.hwaddr', network.hardwareAddress],
  ['lxc.net.0.ipv4.address', `${network.address}/${network.prefixLength}`],
  ['lxc.net.0.ipv4.gateway', network.gateway],
];

const sharedNetwork = (pid: number): Setting[] => [
  ['lxc.namespace.share.user', String(pid)],
  ['lxc.namespace.share.net', String(pid)],
];

/** The primary's start makes the cgroup that holds the sandbox to its limits; each container has one of its own below. */
function cgroupSettings(spec: SandboxSpec, number: number, container: number, hierarchies: Hierarchy[]): Setting[] {
  const cgroup = cgroupFolders(number);
  return [
    ...(container === 0
      ? [['lxc.cgroup.dir.container', cgroup.payload] as Setting, ['lxc.cgroup.dir.container.inner', basename(cgroup.container(0))] as Setting, ...limitSettings(spec.limits, hierarchies)]
      : [['lxc.cgroup.dir.container', cgroup.container(container)] as Setting]),
    ['lxc.cgroup.dir.monitor', cgroup.monitor(container)],
    ['lxc.cgroup.dir.monitor.pivot', cgroup.pivot(container)],
  ];
}

/** What no build needs. Root of the sandbox may still mount, own files and bind low ports within its namespaces. */
const droppedCapabilities = ['audit_control', 'audit_read', 'block_suspend', 'mac_admin', 'mac_override', 'net_admin', 'sys_boot', 'sys_module', 'sys_rawio', 'sys_time', 'syslog', 'wake_alarm'];

function checkWord(word: string): string {
  if (!/^[\w./:=@%+-]+$/.test(word)) throw new Error(`the command of the sandbox's PID 1 holds ${JSON.stringify(word)}: LXC would split or unquote it`);
  return word;
}
