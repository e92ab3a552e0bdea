// What belongs together in a sandbox of several containers?

import { readlinkSync } from 'node:fs';
import { SandboxError, type SandboxSpec } from '../../builder/sandbox.ts';

/** The containers' further host names; and a note of each that is none. */
export function hostNamesOf({ primary, sidecars }: Pick<SandboxSpec, 'primary' | 'sidecars'>): { hostNames: string[]; notes: string[] } {
  const [hostNames, notes]: [string[], string[]] = [[], []];
  for (const { name, image } of [primary, ...sidecars]) {
    if (name === null) continue;
    if (/^[a-z0-9]([\w.-]{0,252}[a-z0-9])?$/i.test(name)) hostNames.push(name);
    else notes.push(`${JSON.stringify(name)}, the name of ${image}, is no host name, and leads nowhere.`);
  }
  return { hostNames, notes };
}

/** Of each container, a process. LXC's word is not enough: in another network, a sidecar would be behind no rule of ours. */
export function assertShared(primary: number | undefined, sidecar: number[]): void {
  const namespaces = (pid: number): string => ['net', 'user'].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`)).join();
  if (primary !== undefined && sidecar.length > 0 && sidecar.every((pid) => namespaces(pid) === namespaces(primary))) return;
  throw new SandboxError('start-failed', 'A sidecar did not get the network of its sandbox, so it was not used.');
}
