// After the whole test run: no container, mount, veth, cgroup, folder or process of ours is left.
// Loaded by scripts/test as the global set-up of the test runner; what was there before the run is not ours.

import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

let before: Set<string>;

export function globalSetup(): void {
  before = new Set(traces());
}

export async function globalTeardown(): Promise<void> {
  // Kernels take a moment to let go of network interfaces and cgroups.
  for (let tries = 0; tries < 50 && left().length > 0; tries++) await sleep(100);
  if (left().length === 0) return;
  process.stderr.write(`left behind by the tests:\n  ${left().join('\n  ')}\n`);
  process.exit(1);
}

const left = (): string[] => traces().filter((trace) => !before.has(trace));

function traces(): string[] {
  const names = (folder: string): string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  const cgroups = names('/sys/fs/cgroup').flatMap((hierarchy) => ['roundhouse', 'lxc'].flatMap((parent) => names(`/sys/fs/cgroup/${hierarchy}/${parent}`).filter((name) => /^\d+$|^rh/.test(name)).map((name) => `cgroup ${hierarchy}/${parent}/${name}`)));
  const ranges = names('/run/roundhouse/ranges').map((name) => `id range ${name}`);
  const links = names('/sys/class/net').filter((name) => /^rhv|^rhtest/.test(name)).map((name) => `interface ${name}`);
  const folders = names(tmpdir()).filter((name) => /^(rh-|roundhouse-)/.test(name)).map((name) => `folder ${join(tmpdir(), name)}`);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '').filter((path) => /\/roundhouse\/mounts\/|\/rh-|\/roundhouse-/.test(path)).map((path) => `mount ${path}`);
  return [...cgroups, ...ranges, ...links, ...folders, ...mounts, ...processes()];
}

/** Servers, agents and our own programs; not this run itself. */
function processes(): string[] {
  const root = new URL('..', import.meta.url).pathname;
  const ours = (command: string): boolean =>
    command.includes('server\0start-dev') || command.includes('agent.cjs') || new RegExp(`^[^\\0]*\\0([^\\0]*\\0)*${root}(app|activities)/`).test(command);
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return /^\d+$/.test(pid) && ours(command) ? [`process ${pid} ${command.replaceAll('\0', ' ').slice(0, 200)}`] : [];
    } catch {
      return [];
    }
  });
}
