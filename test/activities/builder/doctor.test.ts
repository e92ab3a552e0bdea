import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runDoctor } from '../../../activities/builder/doctor.ts';
import { machineChecks, type MachineFacts } from '../../../activities/builder/machine-checks.ts';

const healthy: MachineFacts = {
  isRoot: () => true,
  kernelRelease: async () => '6.1.0',
  tryRootfs: async () => null,
  hasSeccomp: async () => true,
  hasAppArmor: async () => true,
  whyNoNesting: async () => null,
  loadAppArmorProfile: async () => null,
  lxcVersion: async () => '5.0.2',
  cgroupControllers: async () => ({ v1: [], v2: ['cpu', 'memory', 'pids', 'io'] }),
  filesWithoutIds: async () => ({ missing: [], line: 'root:1:2' }),
  ensureNetwork: async () => [],
  askNameserver: async () => 1,
  otherFirewall: async () => null,
  storage: async () => ({ hasQuotas: true, folder: '/state', freeBytes: 50e9, cacheFolder: '/cache', cacheFreeBytes: 50e9 }),
  agentFolder: async () => '/agent',
  hasFirstImage: async () => true,
  temporal: async () => ({ path: '/t', version: '1.5.1' }),
  ranges: async () => ({ taken: 1, orphans: 0, all: 4093 }),
  trySandbox: async () => 100,
};

test('a healthy machine has nothing to complain of', async () => {
  const findings = await runDoctor(machineChecks(healthy));
  assert.deepEqual(findings.filter((finding) => !finding.ok), []);
  assert.ok(findings.every((finding) => finding.detail !== ''));
  assert.equal(new Set(findings.map((finding) => finding.check)).size, findings.length);
});

const illnesses: [string, Partial<MachineFacts>, RegExp, RegExp?][] = [
  ['user', { isRoot: () => false }, /not root/, /sudo/],
  ['kernel', { tryRootfs: async () => 'mount_setattr /image: EINVAL' }, /^6\.1\.0: mount_setattr/, /5\.19/],
  ['seccomp', { hasSeccomp: async () => false }, /cannot filter/, /SECCOMP/],
  ['AppArmor', { loadAppArmorProfile: async () => 'the profile could not be loaded: no apparmor_parser' }, /could not be loaded/, /apt-get install apparmor/],
  ['LXC', { lxcVersion: async () => null }, /not installed/, /bootstrap/],
  ['LXC', { lxcVersion: async () => '4.0.6' }, /4\.0\.6 is too old/, /bootstrap/],
  ['cgroups', { cgroupControllers: async () => ({ v1: ['cpu', 'pids'], v2: [] }) }, /v1, with v2 beside it: no controller for memory/, /cgroup_disable/],
  ['id ranges', { filesWithoutIds: async () => ({ missing: ['/etc/subgid'], line: 'root:1:2' }) }, /subgid/, /^echo root:1:2 \| tee -a \/etc\/subgid$/],
  ['id ranges', { ranges: async () => ({ taken: 4000, orphans: 7, all: 4093 }) }, /4000 of 4093 taken, 7 of them left behind/, /cancel/],
  ['network', { otherFirewall: async () => 'the chain FORWARD of iptables' }, /FORWARD of iptables drops/, /iptables -I/],
  ['network', { ensureNetwork: () => Promise.reject(new Error('nft is missing')) }, /^nft is missing$/],
  ['name server', { askNameserver: () => Promise.reject(new Error('silent', { cause: new Error('ETIMEOUT') })) }, /^silent \(ETIMEOUT\)$/],
  ['storage', { storage: async () => ({ ...(await healthy.storage()), cacheFreeBytes: 1e9 }) }, /0\.9 GiB at \/cache/, /Free some space/],
  ['first image', { hasFirstImage: async () => false }, /not made yet/, /bootstrap/],
  ['Temporal program', { temporal: async () => null }, /not found/, /bootstrap/],
  ['sandbox', { trySandbox: () => Promise.reject(new Error('The sandbox ended before its agent answered.')) }, /ended before/],
];
for (const [check, facts, detail, remedy] of illnesses) {
  test(`${check}: ${detail.source}`, async () => {
    const bad = (await runDoctor(machineChecks({ ...healthy, ...facts }))).filter((finding) => !finding.ok);
    assert.deepEqual(bad.map((finding) => finding.check), [check]);
    assert.match(bad[0]!.detail, detail);
    if (remedy) assert.match(bad[0]!.remedy ?? '', remedy);
  });
}

test('what a machine does without is said, though all is well', async () => {
  const findings = await runDoctor(machineChecks({ ...healthy, hasAppArmor: async () => false, whyNoNesting: async () => 'no overlay in a user namespace: EPERM', storage: async () => ({ ...(await healthy.storage()), hasQuotas: false }), cgroupControllers: async () => ({ v1: ['cpu', 'memory', 'pids'], v2: null }) }));
  const said = Object.fromEntries(findings.map(({ check, detail }) => [check, detail]));
  assert.ok(findings.every((finding) => finding.ok));
  assert.match(said['AppArmor']!, /not in this kernel/);
  assert.match(said['storage']!, /no disk limits/);
  assert.match(said['Docker in sandboxes']!, /^does not work \(no overlay.*`setup_remote_docker` fails$/);
  assert.equal(said['cgroups'], 'v1: cpu, memory, pids');
});
