// Who answers the sandboxes' DNS questions?

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkSettings } from './network-place.ts';
import { runFolder } from './ranges.ts';
import { addressOf } from './subnet.ts';

/**
 * A dnsmasq of our own on the bridge's address that asks the builder's resolvers, which are often on private
 * addresses that a sandbox cannot reach. DNS only, and nothing of the builder's /etc/hosts. It goes into the background by itself.
 */
export const dnsmasqArguments = (settings: NetworkSettings): string[] => [
  '--conf-file=/dev/null',
  `--pid-file=${pidFile(settings)}`,
  `--interface=${settings.bridge}`,
  `--listen-address=${addressOf(settings.subnet, 1)}`,
  '--except-interface=lo',
  // Finds the address again when the bridge was made anew.
  '--bind-dynamic',
  `--no-dhcp-interface=${settings.bridge}`,
  '--no-hosts',
  '--cache-size=2000',
  '--dns-forward-max=1000',
];

/** A process may have got the id of a dead one: its command line tells. */
export function isNameserverRunning(settings: NetworkSettings): boolean {
  try {
    const pid = Number(readFileSync(pidFile(settings), 'utf8'));
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(`--pid-file=${pidFile(settings)}`);
  } catch {
    return false;
  }
}

export const pidFile = (settings: NetworkSettings): string => join(runFolder, `${settings.bridge}.dnsmasq.pid`);
