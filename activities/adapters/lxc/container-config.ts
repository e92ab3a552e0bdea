// Which settings does LXC get for one sandbox?

import { join } from 'node:path';
import type { SandboxSpec } from '../../builder/sandbox.ts';
import { cgroupFolders, type Hierarchy } from './cgroups.ts';
import { limitSettings } from './limits.ts';
import type { NetworkPlace } from './network-place.ts';
import { idsPerRange, rangeId } from './ranges.ts';
import { rootFolder } from './rootfs.ts';

export type ContainerConfig = {
  spec: SandboxSpec;
  number: number;
  network: NetworkPlace;
  hierarchies: Hierarchy[];
  /** PID 1 and its arguments, absolute inside the sandbox. */
  init: readonly string[];
  logFile: string;
};

/** The container's configuration file (lxc.container.conf(5)). Secrets and environment of steps never come near it. */
export function containerConfig({ spec, number, network, hierarchies, init, logFile }: ContainerConfig): string {
  const cgroup = cgroupFolders(number);
  const settings: [string, string][] = [
    ['lxc.uts.name', spec.name],
    ['lxc.rootfs.path', `dir:${rootFolder(number)}`],
    ['lxc.idmap', `u 0 ${rangeId(number)} ${idsPerRange}`],
    ['lxc.idmap', `g 0 ${rangeId(number)} ${idsPerRange}`],
    ['lxc.mount.auto', 'proc:mixed sys:ro'],
    // PostgreSQL and Chrome need it. Its pages count as the sandbox's memory, and no kill would free them: it gets half.
    ['lxc.mount.entry', `tmpfs dev/shm tmpfs nosuid,nodev,mode=1777,size=${Math.floor(spec.limits.memoryBytes / 2)},create=dir 0 0`],
    ['lxc.init.cmd', init.map(checkWord).join(' ')],
    ['lxc.environment', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['lxc.console.path', 'none'],
    ['lxc.tty.max', '0'],
    ['lxc.pty.max', '1024'],

    ['lxc.net.0.type', 'veth'],
    ['lxc.net.0.link', network.bridge],
    ['lxc.net.0.veth.pair', network.interfaceOnHost],
    ['lxc.net.0.name', 'eth0'],
    ['lxc.net.0.flags', 'up'],
    ['lxc.net.0.mtu', String(network.mtu)],
    ['lxc.net.0.hwaddr', network.hardwareAddress],
    ['lxc.net.0.ipv4.address', `${network.address}/${network.prefixLength}`],
    ['lxc.net.0.ipv4.gateway', network.gateway],

    ['lxc.cgroup.dir.container', cgroup.payload],
    ['lxc.cgroup.dir.monitor', cgroup.monitor],
    ['lxc.cgroup.dir.monitor.pivot', cgroup.pivot],
    ...limitSettings(spec.limits, hierarchies),
    // 1 and not 0: the kernel writes no file for either, but to a core_pattern that is a pipe to a program of the host it
    // does hand the dump unless the limit is 1 (core(5)).
    ['lxc.prlimit.core', '1'],

    ['lxc.seccomp.profile', join(import.meta.dirname, 'seccomp.denylist')],
    ['lxc.cap.drop', droppedCapabilities.join(' ')],
    // Elsewhere images may need sudo, which the user namespace makes harmless to the host.
    ['lxc.no_new_privs', spec.trust === 'T0' ? '1' : '0'],

    ['lxc.log.file', logFile],
    ['lxc.log.level', 'WARN'],
  ];
  return settings.map(([key, value]) => `${key} = ${value}\n`).join('');
}

/** What no build needs. Root of the sandbox may still mount, own files and bind low ports within its namespaces. */
const droppedCapabilities = ['audit_control', 'audit_read', 'block_suspend', 'mac_admin', 'mac_override', 'net_admin', 'sys_boot', 'sys_module', 'sys_rawio', 'sys_time', 'syslog', 'wake_alarm'];

function checkWord(word: string): string {
  if (!/^[\w./:=@%+-]+$/.test(word)) throw new Error(`the command of the sandbox's PID 1 holds ${JSON.stringify(word)}: LXC would split or unquote it`);
  return word;
}
