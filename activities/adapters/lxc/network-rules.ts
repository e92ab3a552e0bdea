// What may a sandbox's packets do? As nftables rules.

import { createHash } from 'node:crypto';
import { hardwareAddress, interfaceOnHost, type NetworkSettings } from './network-place.ts';
import { rangeCount } from './ranges.ts';
import { addressOf } from './subnet.ts';

/** What the rules take from the machine. */
export type RuleFacts = {
  /** Networks with public addresses at the machine's own interfaces, as CIDRs: other builders and the app may be there. */
  onLink: string[];
  uplinks: string[];
  /** The administrator made this machine a router. */
  isRouter: boolean;
};

/** Everything that is not the internet (RFC 6890), for IPv4. */
export const notTheInternet = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

export const fingerprint = (rules: string): string => /comment "([0-9a-f]+)"/.exec(rules)?.[1] ?? '';

/**
 * Two tables of our own, replaced in one transaction. No other table is touched, and our `accept` only ends our own chain:
 * rules of the machine's administrator still apply.
 */
export function networkRules(settings: NetworkSettings, facts: RuleFacts): string {
  const tables = [packetTable(settings, facts), frameTable(settings)];
  const mark = createHash('sha256').update(JSON.stringify(tables)).digest('hex').slice(0, 32);
  return tables
    .map(({ family, text }) => ({ table: `table ${family} ${settings.bridge}`, text }))
    // A deletion needs something to delete: the empty table before it.
    .map(({ table, text }) => `${table}\ndelete ${table}\n${table} {\n  comment "${mark}"\n${text}}\n`)
    .join('');
}

/**
 * Between sandboxes and everything else, IP. IPv6 is not forwarded at all: there is no address to have.
 * A `reject` rather than a `drop`, so that a build that tries fails at once.
 */
function packetTable({ bridge, subnet, allowPrivate, deny }: NetworkSettings, { onLink, uplinks, isRouter }: RuleFacts): { family: string; text: string } {
  // We had to let packets in from the uplinks for the answers to get back; nobody there shall get a router by it.
  const noRouter = isRouter || uplinks.length === 0 ? '' : `    iifname { ${uplinks.map((name) => `"${name}"`).join(', ')} } drop\n`;
  return {
    family: 'inet',
    text: `${cidrSet('allowed', allowPrivate)}${cidrSet('denied', [...notTheInternet, ...onLink, ...deny])}
  chain to_host {
    type filter hook input priority -10; policy accept;
    iifname != "${bridge}" accept
    ip daddr ${addressOf(subnet, 1)} udp dport 53 accept
    ip daddr ${addressOf(subnet, 1)} tcp dport 53 accept
    reject with icmpx admin-prohibited
  }
  chain forwarding {
    type filter hook forward priority -10; policy accept;
    iifname "${bridge}" jump leaving
    oifname "${bridge}" ct state established,related accept
    oifname "${bridge}" drop
${noRouter}  }
  chain leaving {
    meta nfproto ipv6 drop
    oifname "${bridge}" drop
    ct state invalid drop
    ip daddr @allowed accept
    ip daddr @denied reject with icmpx admin-prohibited
    accept
  }
  chain hide_source {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${subnet} oifname != "${bridge}" masquerade
  }
`,
  };
}

/**
 * Between the ports of the bridge, frames. Every port may only speak for itself, with the addresses that its number gives it, and never
 * to another port. The list is complete from the beginning, so that no sandbox has a moment before its rule.
 */
function frameTable(settings: NetworkSettings): { family: string; text: string } {
  const ports = Array.from({ length: rangeCount - 3 }, (_, i) => i + 2).map(
    (number) => `"${interfaceOnHost(settings, number)}" . ${hardwareAddress(number)} . ${addressOf(settings.subnet, number)}`,
  );
  const anyPort = `"${settings.interfacePrefix}*"`;
  return {
    family: 'bridge',
    text: `  set ports {
    typeof iifname . ether saddr . ip saddr
    elements = { ${ports.join(',\n')} }
  }
  chain prerouting {
    type filter hook prerouting priority -300; policy accept;
    iifname != ${anyPort} accept
    ether type ip iifname . ether saddr . ip saddr @ports accept
    ether type arp iifname . ether saddr . arp saddr ip @ports iifname . arp saddr ether . arp saddr ip @ports accept
    drop
  }
  chain forwarding {
    type filter hook forward priority -300; policy accept;
    iifname ${anyPort} drop
  }
`,
  };
}

function cidrSet(name: string, cidrs: readonly string[]): string {
  const elements = cidrs.length === 0 ? '' : `    elements = { ${cidrs.join(', ')} }\n`;
  return `  set ${name} {\n    type ipv4_addr\n    flags interval\n    auto-merge\n${elements}  }\n`;
}
