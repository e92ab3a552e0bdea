// What is left on the machine of the sandbox with this number?

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** In words of the kernel and the file system; nothing of the adapter's own code is asked. */
export function tracesOf(number: number, name: string, stateFolder: string): string[] {
  const firstId = 1879048192 + number * 65536;
  const cgroups = readdirSync('/sys/fs/cgroup').map((hierarchy) => join('/sys/fs/cgroup', hierarchy, 'roundhouse', String(number)));
  const folders = [`/run/roundhouse/ranges/${number}`, `/run/roundhouse/mounts/${number}`, `/sys/class/net/rhv${number}`, join(stateFolder, 'sandboxes', name), join(stateFolder, 'disks', name)];
  return [
    ...[...cgroups, ...folders].filter((path) => existsSync(path)),
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(`/roundhouse/mounts/${number}/`) || line.includes(`/${name}/`)),
    ...readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
        const isDead = /^State:\s+[ZX]/m.test(status);
        const belongs = (uid >= firstId && uid < firstId + 65536) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`rh-${number}.`);
        return belongs && !isDead ? [`process ${pid}`] : [];
      } catch {
        return [];
      }
    }),
  ];
}
