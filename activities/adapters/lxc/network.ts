// What network does a sandbox get, and how does it come to be on this machine?

import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { dnsmasqArguments, isNameserverRunning } from './nameserver.ts';
import { fingerprint, networkRules, notTheInternet, type RuleFacts } from './network-rules.ts';
import { runFolder } from './ranges.ts';
import { bridgeHardwareAddress, hardwareAddress, interfaceOnHost, type NetworkPlace, type NetworkSettings } from './network-place.ts';
import { addressOf, contains, networkOf, prefixLengthOf } from './subnet.ts';
import { withLock } from './syscalls.ts';

export interface SandboxNetwork {
  place(number: number): NetworkPlace;
  /** Makes or mends bridge, rules and name server. Repeatable, and quick when there is nothing to do. Answers what it did. */
  ensure(): Promise<string[]>;
}

export function sandboxNetwork(settings: NetworkSettings): SandboxNetwork {
  return {
    place: (number) => ({
      bridge: settings.bridge,
      interfaceOnHost: interfaceOnHost(settings, number),
      hardwareAddress: hardwareAddress(number),
      address: addressOf(settings.subnet, number),
      prefixLength: prefixLengthOf(settings.subnet),
      gateway: addressOf(settings.subnet, 1),
      mtu: mtuOf(uplinks(settings)),
    }),
    ensure: () => {
      mkdirSync(runFolder, { recursive: true, mode: 0o711 });
      return withLock(join(runFolder, `${settings.bridge}.lock`), () => ensureNetwork(settings));
    },
  };
}

/** Of the machine's own setting, what the rules depend on. */
export function readRuleFacts(settings: NetworkSettings): RuleFacts {
  const onLink = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap((address) => (address.family === 'IPv4' && address.cidr !== null ? [networkOf(address.cidr)] : []))
    .filter((cidr) => !notTheInternet.some((range) => contains(range, cidr)));
  return { onLink: [...new Set(onLink)].sort(), uplinks: uplinks(settings), isRouter: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1' };
}

/** Somebody may have flushed the rules: they are looked at again for a sandbox, but not for each of a hundred. */
export function recentlyEnsured(ensure: () => Promise<string[]>): { now(): Promise<string[]>; lately(): Promise<string[]> } {
  let last = { at: -Infinity, done: Promise.resolve<string[]>([]) };
  const now = (): Promise<string[]> => {
    const done = ensure();
    last = { at: performance.now(), done };
    done.catch(() => (last.at = -Infinity));
    return done;
  };
  return { now, lately: () => (performance.now() - last.at < 5000 ? last.done : now()) };
}

async function ensureNetwork(settings: NetworkSettings): Promise<string[]> {
  const did: string[] = [];
  const facts = readRuleFacts(settings);
  const rules = networkRules(settings, facts);
  const gateway = addressOf(settings.subnet, 1);

  // Rules first: a bridge without them would let sandboxes reach the builder.
  if (!(await areRulesInForce(settings, fingerprint(rules)))) {
    await run('nft', ['-f', '-'], rules);
    did.push(`wrote the nftables rules of ${settings.bridge}`);
  }
  if (!isUp(settings.bridge, gateway)) {
    const mtu = mtuOf(facts.uplinks);
    const make = existsSync(`/sys/class/net/${settings.bridge}`) ? '' : `link add ${settings.bridge} type bridge stp_state 0 mcast_snooping 0\n`;
    await run('ip', ['-batch', '-'], `${make}link set ${settings.bridge} address ${bridgeHardwareAddress} mtu ${mtu}\n`);
    setKernel(`ipv6/conf/${settings.bridge}/disable_ipv6`, '1');
    await run('ip', ['-batch', '-'], `addr replace ${gateway}/${prefixLengthOf(settings.subnet)} dev ${settings.bridge}\nlink set ${settings.bridge} up\n`);
    did.push(`made the bridge ${settings.bridge}`);
  }
  setKernel(`ipv4/conf/${settings.bridge}/rp_filter`, '1');
  setKernel(`ipv4/conf/${settings.bridge}/arp_ignore`, '1');
  setKernel(`ipv4/conf/${settings.bridge}/send_redirects`, '0');
  // Frames to the addresses that bridges keep for themselves pass no rule of ours before the bridge learns from them whose port is where.
  writeFileSync(`/sys/class/net/${settings.bridge}/bridge/no_linklocal_learn`, '1');
  // Both ways need it: out of the bridge, and back in from the uplink. All other interfaces stay as they are.
  for (const name of [settings.bridge, ...facts.uplinks]) setKernel(`ipv4/conf/${name}/forwarding`, '1');

  if (!isNameserverRunning(settings)) {
    await run('dnsmasq', dnsmasqArguments(settings), '');
    did.push(`started the sandboxes' name server on ${gateway}`);
  }
  return did;
}

/**
 * The first of our tables carries a fingerprint of both: they come and go together, unless somebody flushed a family. To list
 * the second itself, nft would read its thousands of elements each time.
 */
async function areRulesInForce(settings: NetworkSettings, expected: string): Promise<boolean> {
  const [packets, frames] = await Promise.all([
    run('nft', ['--terse', 'list', 'table', 'inet', settings.bridge], '').catch(() => ''),
    run('nft', ['list', 'chains', 'bridge'], '').catch(() => ''),
  ]);
  return packets.includes(`comment "${expected}"`) && frames.includes(`table bridge ${settings.bridge} {`);
}

/** Node's networkInterfaces() leaves out a bridge without ports: its flags and the kernel's table of local routes have it. */
function isUp(bridge: string, address: string): boolean {
  if (!existsSync(`/sys/class/net/${bridge}`)) return false;
  const flags = Number(readFileSync(`/sys/class/net/${bridge}/flags`, 'utf8'));
  const isLocal = new RegExp(`-- ${address.replaceAll('.', '[.]')}\\n +/32 host LOCAL`);
  return (flags & 1) === 1 && isLocal.test(readFileSync('/proc/net/fib_trie', 'utf8'));
}

/** Interfaces through which a sandbox's packets leave: those of default routes; with private networks allowed, of every route but to bridges. */
function uplinks(settings: NetworkSettings): string[] {
  const routes = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1).map((line) => line.split('\t'));
  const wanted = routes.filter(([, destination, , , , , , mask]) => settings.allowPrivate.length > 0 || (destination === '00000000' && mask === '00000000'));
  return [...new Set(wanted.flatMap(([name]) => (name === undefined || existsSync(`/sys/class/net/${name}/bridge`) ? [] : [name])))].sort();
}

function mtuOf(interfaces: string[]): number {
  const mtus = interfaces.map((name) => Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8')));
  return Math.min(1500, ...mtus);
}

/** One of /proc/sys/net, which may lack what the kernel was built without. */
export function setKernel(path: string, value: string): void {
  const file = `/proc/sys/net/${path}`;
  if (existsSync(file) && readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value);
}

function run(program: string, args: string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 16 * 1024 * 1024 }, (error: ExecFileException | null, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim().split('\n').slice(0, 3).join(' ') || error.message}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {}); // It ended without reading: its exit says why.
    child.stdin?.end(input);
  });
}
