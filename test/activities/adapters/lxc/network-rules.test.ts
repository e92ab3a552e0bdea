import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { defaultNetwork, hardwareAddress } from '../../../../activities/adapters/lxc/network-place.ts';
import { fingerprint, networkRules } from '../../../../activities/adapters/lxc/network-rules.ts';
import { sandboxNetwork } from '../../../../activities/adapters/lxc/network.ts';
import { addressOf, contains, networkOf } from '../../../../activities/adapters/lxc/subnet.ts';

const facts = { onLink: ['203.0.113.0/24'], uplinks: ['eth0'], isRouter: false };
const rules = networkRules(defaultNetwork, facts);

test('nftables accepts the rules, for every choice of settings', () => {
  for (const text of [
    rules,
    networkRules({ ...defaultNetwork, allowPrivate: ['10.0.0.0/8', '10.1.0.0/16'], deny: ['198.51.100.7/32'] }, { onLink: [], uplinks: [], isRouter: true }),
    networkRules(defaultNetwork, { ...facts, uplinks: ['eth0', 'wg-office'] }),
  ]) {
    execFileSync('nft', ['--check', '--file', '-'], { input: text });
  }
});

test('the fingerprint is that of the whole text', () => {
  assert.match(fingerprint(rules), /^[0-9a-f]{32}$/);
  assert.equal(fingerprint(rules), fingerprint(networkRules(defaultNetwork, facts)));
  const others = [networkRules({ ...defaultNetwork, deny: ['198.51.100.7/32'] }, facts), networkRules({ ...defaultNetwork, interfacePrefix: 'x' }, facts), networkRules(defaultNetwork, { ...facts, isRouter: true }), networkRules(defaultNetwork, { ...facts, onLink: [] })];
  assert.equal(new Set([rules, ...others].map(fingerprint)).size, 5);
});

test('a machine that was no router does not become one for its neighbours', () => {
  assert.match(rules, /iifname \{ "eth0" \} drop/);
  assert.doesNotMatch(networkRules(defaultNetwork, { ...facts, isRouter: true }), /iifname \{ "eth0" \} drop/);
});

test('every number has an address, an interface and a hardware address of its own', () => {
  const network = sandboxNetwork(defaultNetwork);
  const places = Array.from({ length: 4093 }, (_, i) => network.place(i + 2));
  for (const key of ['address', 'interfaceOnHost', 'hardwareAddress'] as const) assert.equal(new Set(places.map((place) => place[key])).size, 4093);
  assert.deepEqual([places[0]?.address, places.at(-1)?.address, places[0]?.gateway], ['10.213.0.2', '10.213.15.254', '10.213.0.1']);
  assert.ok(places.every((place) => contains(defaultNetwork.subnet, `${place.address}/32`) && place.interfaceOnHost.length <= 15));
  assert.equal(hardwareAddress(4094), '02:52:48:00:0f:fe');
});

test('subnets are reckoned as networks', () => {
  assert.equal(addressOf('10.213.7.9/20', 4095), '10.213.15.255');
  assert.throws(() => addressOf('10.0.0.0/24', 256), /has no host number 256/);
  assert.equal(networkOf('192.0.2.77/26'), '192.0.2.64/26');
  assert.deepEqual([contains('10.0.0.0/8', '10.9.0.0/16'), contains('10.9.0.0/16', '10.0.0.0/8'), contains('0.0.0.0/0', '1.2.3.4/32')], [true, false, true]);
  for (const bad of ['10.0.0.0', '10.0.0/8', '10.0.0.256/8', '10.0.0.0/33', 'fe80::/10']) assert.throws(() => networkOf(bad), /is no IPv4 network/, bad);
});
