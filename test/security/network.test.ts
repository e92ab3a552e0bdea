// The numbered checks of the threat list that concern the network.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hardwareAddress } from '../../activities/adapters/lxc/network-place.ts';
import type { SandboxHandle } from '../../activities/builder/sandbox.ts';
import { numberOf, runInside, specOf, testHost } from '../activities/adapters/lxc/machine.ts';
import { outsideWorld, type World } from './outside-world.ts';

const { host } = testHost();
const bridge = '10.213.0.1';
let one: SandboxHandle;
let two: SandboxHandle;
let world: World;

before(async () => {
  world = await outsideWorld(2 + (process.pid % 250));
  [one, two] = await Promise.all([host.create(specOf()), host.create(specOf())]);
});
after(async () => {
  world.leave();
  await Promise.all([one, two].map((handle) => host.destroy(handle.name)));
});

test('the internet is reached, under the address of the builder', async () => {
  assert.equal(await fromHost(world.internet, world.port), 'connected');
  const { output } = await runInside(one, tcp(world.internet, world.port, 'print <$s>'));
  assert.match(output, /^connected\n::ffff:10\.77\.\d+\.1$/);
});

test('names are resolved, by the name server on the bridge alone', async () => {
  assert.equal((await runInside(one, 'cat /etc/resolv.conf; getent hosts localhost; getent hosts "$(hostname)"')).output, `nameserver ${bridge}\n::1             localhost ip6-localhost ip6-loopback\n127.0.1.1       ${one.name}\n`);
  // It answers for any name, be it with an error of the builder's resolvers.
  const question = `use IO::Socket::INET; $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "${bridge}", PeerPort => 53); $s->send(pack("H*", "abcd01000001000000000000076578616d706c6504746573740000010001")); $SIG{ALRM} = sub { die "no answer\\n" }; alarm 10; $s->recv($a, 512); print unpack("H4", $a)`;
  assert.equal((await runInside(one, `perl -e '${question}'`)).output, 'abcd');
});

test('check 7: the metadata service of a cloud is blocked, and its IPv6 twin', async () => {
  for (const address of [world.metadata, world.metadataV6]) {
    assert.equal(await fromHost(address, world.port), 'connected', address);
    assert.match((await runInside(one, tcp(address, world.port))).output, /^failed/, address);
  }
});

test('check 8: private networks and every address of the builder are blocked, whatever listens there', async () => {
  const listener = createServer((socket) => socket.end());
  listener.listen(0, '::');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  try {
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).filter((a) => !a.address.startsWith('fe80') && !a.internal).map((a) => a.address);
    assert.ok(own.includes(bridge) && own.length >= 3, String(own));
    for (const address of own) {
      assert.equal(await fromHost(address, port), 'connected', address);
      assert.match((await runInside(one, tcp(address, port))).output, /^failed/, address);
    }
    assert.equal(await fromHost('127.0.0.1', port), 'connected');
    assert.match((await runInside(one, tcp('127.0.0.1', port))).output, /^failed/);
    assert.equal(await fromHost(world.office, world.port), 'connected');
    assert.match((await runInside(one, tcp(world.office, world.port))).output, /^failed/);
    // A build that tries shall fail at once and not after a minute.
    assert.match((await runInside(one, `timeout 2 bash -c '</dev/tcp/${world.office}/${world.port}'; echo $?`)).output, /1\n$/);
  } finally {
    listener.close();
  }
});

test('check 8: a network that the administrator allows is reached, and the builder stays blocked', async () => {
  const network = { bridge: 'rhtest0', subnet: '10.214.0.0/20', interfacePrefix: 'rht', allowPrivate: [`${world.office}/32`, '0.0.0.0/0'], deny: [] };
  const { host } = testHost({ network });
  const spec = specOf();
  const listener = createServer((socket) => socket.end());
  listener.listen(0, '0.0.0.0');
  await once(listener, 'listening');
  try {
    const handle = await host.create(spec);
    assert.match((await runInside(handle, tcp(world.office, world.port))).output, /^connected/);
    for (const address of ['10.214.0.1', `10.77.${world.office.split('.')[2]}.1`]) assert.match((await runInside(handle, tcp(address, (listener.address() as AddressInfo).port))).output, /^failed/, address);
  } finally {
    listener.close();
    await host.destroy(spec.name);
    execFileSync('ip', ['link', 'delete', network.bridge]);
    for (const family of ['inet', 'bridge']) execFileSync('nft', ['delete', 'table', family, network.bridge]);
    process.kill(Number(readFileSync(`/run/roundhouse/${network.bridge}.dnsmasq.pid`, 'utf8')));
    for (const file of ['dnsmasq.pid', 'lock']) rmSync(`/run/roundhouse/${network.bridge}.${file}`);
  }
});

test('check 9: another sandbox hears no ARP, no ping and no TCP, and its name server is not ours', async () => {
  const target = addressOf(two);
  const listening = runInside(two, `perl -MIO::Socket::INET -e '$l = IO::Socket::INET->new(LocalPort => 7000, Listen => 5, ReuseAddr => 1) or die; $SIG{ALRM} = sub { exit }; alarm 4; print "listening\\n"; $l->accept and print "somebody came\\n"'`);
  await sleep(300);
  assert.match((await runInside(one, tcp(target, 7000))).output, /^failed/);
  const ping = `use Socket; socket($s, PF_INET, SOCK_RAW, 1) or die "no raw socket: $!"; send($s, pack("C2n3", 8, 0, 0xf7ff - 1, 0, 1), 0, sockaddr_in(0, inet_aton("${target}"))) or print "send: $!\\n"; $SIG{ALRM} = sub { print "no answer\\n"; exit }; alarm 1; recv($s, $a, 512, 0); print "answer\\n"`;
  assert.match((await runInside(one, `perl -e '${ping}'`)).output, /no answer|send: No route to host/);
  const { output } = await runInside(one, 'cat /proc/net/arp');
  assert.match(output, new RegExp(`^${bridge.replaceAll('.', '[.]')} .* 02:52:48:ff:00:01 `, 'm'));
  assert.doesNotMatch(output, new RegExp(hardwareAddress(numberOf(two))));
  assert.equal((await listening).output, 'listening\n');
});

test('check 9: a sandbox can speak only with its own addresses', async () => {
  const [from, other] = [one, two].map((handle) => ({ mac: hardwareAddress(numberOf(handle)), ip: addressOf(handle) })) as [Port, Port];
  // What arrives at the bridge's own address, on the builder's side.
  const ear = spawn('perl', ['-e', `use Socket; socket($s, 17, SOCK_RAW, 0x0300) or die $!; $i = ${readFileSync('/sys/class/net/roundhouse0/ifindex', 'utf8').trim()}; bind($s, pack("SnlSCCa8", 17, 3, $i, 0, 0, 0, "")) or die $!; $| = 1; print "ready\\n"; while (recv($s, $f, 2000, 0)) { print "heard $1\\n" if $f =~ /^\\x02\\x52\\x48\\xff\\x00\\x01.*(MARK-[a-z0-9-]+)/s }`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let heard = '';
  ear.stdout.on('data', (text: Buffer) => (heard += text.toString()));
  while (!heard.includes('ready')) await sleep(10);
  const frames = [
    udpFrame(from, 'MARK-honest'),
    udpFrame({ ...from, mac: other.mac }, 'MARK-mac-of-another'),
    udpFrame({ ...from, ip: other.ip }, 'MARK-ip-of-another'),
    udpFrame({ ...from, ip: '192.0.2.77' }, 'MARK-ip-of-nobody'),
    arpFrame(from, from, 'MARK-arp-honest'),
    arpFrame(from, { ...from, ip: bridge }, 'MARK-arp-for-the-bridge'),
    arpFrame(from, { ...other }, 'MARK-arp-for-another'),
    ethernet(from.mac, 0x86dd, 'MARK-ipv6'),
    udpFrame(from, 'MARK-last'),
  ];
  const send = `use Socket; socket($s, 17, SOCK_RAW, 0) or die "no packet socket: $!"; open(I, "/sys/class/net/eth0/ifindex"); $i = <I> + 0; for (@ARGV) { send($s, pack("H*", $_), 0, pack("SnlSCCa8", 17, 0, $i, 0, 0, 0, "")) or print "send: $!\\n" }`;
  assert.equal((await runInside(one, `perl -e '${send}' ${frames.map((frame) => frame.toString('hex')).join(' ')}`)).output, '');
  for (let waited = 0; !heard.includes('MARK-last') && waited < 200; waited++) await sleep(10);
  ear.kill();
  assert.equal(heard, 'ready\nheard MARK-honest\nheard MARK-arp-honest\nheard MARK-last\n');
});

test('rules that somebody flushed come back, before the next sandbox', async () => {
  execFileSync('nft', ['flush', 'chain', 'inet', 'roundhouse0', 'to_host']);
  execFileSync('nft', ['delete', 'table', 'inet', 'roundhouse0']);
  await host.reconcile(new Set([one.name, two.name]));
  assert.match(execFileSync('nft', ['list', 'chain', 'inet', 'roundhouse0', 'to_host'], { encoding: 'utf8' }), /reject/);
});

type Port = { mac: string; ip: string };

function addressOf(handle: SandboxHandle): string {
  const number = numberOf(handle);
  return `10.213.${number >> 8}.${number & 255}`;
}

/** A script that says whether a TCP connection is to be had, within a second. */
function tcp(address: string, port: number, then = ''): string {
  return `perl -MIO::Socket::IP -e '$s = IO::Socket::IP->new(PeerHost => "${address}", PeerPort => ${port}, Timeout => 1) or print("failed: $@\\n"), exit; print "connected\\n"; ${then}'`;
}

function fromHost(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 2000 });
    const say = (word: string): void => {
      socket.destroy();
      resolve(word);
    };
    socket.once('connect', () => say('connected')).once('timeout', () => say('timeout')).once('error', (error: Error) => say(error.message));
  });
}

const bytesOf = (text: string, separator: string, radix: number): number[] => text.split(separator).map((part) => Number.parseInt(part, radix));

function ethernet(mac: string, type: number, payload: Buffer | string): Buffer {
  return Buffer.concat([Buffer.from([...bytesOf('02:52:48:ff:00:01', ':', 16), ...bytesOf(mac, ':', 16), type >> 8, type & 255]), Buffer.from(payload)]);
}

function udpFrame({ mac, ip }: Port, text: string): Buffer {
  const udp = Buffer.concat([Buffer.from([0x30, 0, 0, 9, 0, 8 + text.length, 0, 0]), Buffer.from(text)]);
  const header = Buffer.from([0x45, 0, 0, 20 + udp.length, 0, 0, 0, 0, 64, 17, 0, 0, ...bytesOf(ip, '.', 10), ...bytesOf(bridge, '.', 10)]);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += header.readUInt16BE(i);
  header.writeUInt16BE(~((sum & 0xffff) + (sum >> 16)) & 0xffff, 10);
  return ethernet(mac, 0x0800, Buffer.concat([header, udp]));
}

/** An answer that nobody asked for, "`says.ip` is at `says.mac`". */
function arpFrame(from: Port, says: Port, text: string): Buffer {
  const arp = Buffer.from([0, 1, 8, 0, 6, 4, 0, 2, ...bytesOf(says.mac, ':', 16), ...bytesOf(says.ip, '.', 10), ...bytesOf('02:52:48:ff:00:01', ':', 16), ...bytesOf(bridge, '.', 10)]);
  return ethernet(from.mac, 0x0806, Buffer.concat([arp, Buffer.from(text)]));
}
