import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { machineImages } from '../../../../activities/adapters/images/machine-image.ts';
import { whyNoNesting } from '../../../../activities/adapters/lxc/nesting.ts';
import { removeTree } from '../../../../activities/adapters/remove-tree.ts';
import { containersWithDocker, machineImage, waitForDocker } from '../../../../activities/builder/docker-engine.ts';
import { plainContainer, type ContainerSpec, type SandboxHandle, type SandboxSpec } from '../../../../activities/builder/sandbox.ts';
import { defaultNetwork, type NetworkPlace, type NetworkSettings } from '../../../../activities/adapters/lxc/network-place.ts';
import { sandboxNetwork } from '../../../../activities/adapters/lxc/network.ts';
import { cgroupOf, numberOf, reach, runInside, specOf, testHost, testImages } from './machine.ts';
import { tracesOf } from './traces.ts';

const cacheFolder = process.env['ROUNDHOUSE_CACHE'] ?? '/var/cache/roundhouse';
const machines = machineImages({ cacheFolder });
const { host, stateFolder } = testHost({ images: { image: (reference, asked) => (reference === machineImage ? machines : testImages({})).image(reference, asked) } });

// Where sandboxes see it as the mirror: the machine's own busybox, of which images for nested containers are made.
const programs = mkdtempSync('/tmp/rh-test-programs-');
copyFileSync('/usr/bin/busybox', join(programs, 'busybox'));
chmodSync(programs, 0o755);
after(() => removeTree(programs));
const withPrograms = (spec: Partial<SandboxSpec>): SandboxSpec => specOf({ nesting: true, mirrorObjects: programs, ...spec, limits: { cpus: 2, memoryBytes: 2 * 1024 ** 3, pids: 1000, diskBytes: null } });
const packBusybox = `mkdir -p /tmp/box/bin && cp /run/roundhouse-mirror/busybox /tmp/box/bin/ && for name in sh cat echo id httpd wget mkdir nslookup sleep touch mount; do ln -sf busybox /tmp/box/bin/$name; done`;

async function asUser(handle: SandboxHandle, script: string): Promise<string> {
  const agent = await reach(handle);
  try {
    const chunks: Buffer[] = [];
    const index = nextIndex++;
    await agent.start({ index, argv: ['bash', '-euc', script], env: {}, cwd: '~', user: handle.user!, background: false, noOutputTimeoutSeconds: 120 });
    const { exitCode } = await agent.attach(index, 0, (bytes) => void chunks.push(bytes));
    const output = Buffer.concat(chunks).toString();
    assert.equal(exitCode, 0, output);
    return output;
  } finally {
    agent.end();
  }
}
let nextIndex = 1000;

test('this machine can host containers in sandboxes', async () => {
  assert.equal(await whyNoNesting(), null);
});

test('a machine that cannot says so, and the job runs without Docker', async () => {
  const { host: lesser } = testHost({ whyNoNesting: async () => 'no bridge in a user namespace: Operation not supported' });
  const spec = specOf({ nesting: true });
  const handle = await lesser.create(spec);
  assert.match(handle.notes![0]!, /^Docker cannot run in sandboxes of this builder: no bridge .* The job runs without it\./);
  assert.equal((await runInside(handle, 'echo runs')).output, 'runs\n');
  await lesser.destroy(spec.name);
});

test('in a virtual machine a user builds and runs containers: limits, files, ports, networks, compose', async () => {
  const spec = withPrograms({ primary: plainContainer(machineImage) });
  const handle = await host.create(spec);
  const number = numberOf(handle);
  assert.equal(await asUser(handle, 'id -un; pwd; sudo id -un; docker version --format {{.Server.Os}}'), 'circleci\n/home/circleci\nroot\nlinux\n');
  await asUser(handle, `${packBusybox}; tar -C /tmp/box -c . | docker import - box >/dev/null`);

  assert.equal(await asUser(handle, 'docker run --rm --init box echo hi'), 'hi\n');
  const memory = '/sys/fs/cgroup/memory/memory.limit_in_bytes';
  assert.equal(await asUser(handle, `docker run --rm --memory 64m box sh -c 'cat ${memory} 2>/dev/null || cat /sys/fs/cgroup/memory.max'`), `${64 * 1024 * 1024}\n`);
  await asUser(handle, 'mkdir src && echo from the job > src/file');
  assert.equal(await asUser(handle, 'docker run --rm -v $PWD/src:/src box sh -c "cat /src/file; touch /src/made"; stat -c %U src/made'), 'from the job\nroot\n');
  assert.equal(await asUser(handle, 'docker run --rm -u 1000 -v $PWD/src:/src:ro box sh -c "id -u; touch /src/x 2>&1 || :"'), '1000\ntouch: /src/x: Read-only file system\n');

  await asUser(handle, `cd /tmp/box; printf 'FROM box AS one\\nRUN echo built > /out\\nFROM box\\nCOPY --from=one /out /out\\nCMD ["cat", "/out"]\\n' > Dockerfile; docker build -q -t two .`);
  assert.equal(await asUser(handle, 'docker run --rm two'), 'built\n');

  const serve = 'mkdir /w; echo served > /w/index.html; exec httpd -f -p 80 -h /w';
  await asUser(handle, `docker network create own >/dev/null; docker run -d --name web --network own -p 8080:80 box sh -c '${serve}' >/dev/null`);
  assert.equal(await asUser(handle, 'curl -sS --retry 5 --retry-connrefused http://127.0.0.1:8080/'), 'served\n');
  assert.match(await asUser(handle, 'docker run --rm --network own box nslookup web 127.0.0.11'), /Name:\s+web\nAddress: 172\./);

  await asUser(handle, `mkdir compose; cat > compose/compose.yaml <<'END'
services:
  web: { image: box, command: ["sh", "-c", "${serve}"], ports: ["8081:80"] }
END
    docker compose --project-directory compose up --detach --quiet-pull`);
  assert.equal(await asUser(handle, 'curl -sS --retry 5 --retry-connrefused http://127.0.0.1:8081/'), 'served\n');

  // With containers running, and cgroups of theirs below the sandbox's.
  await host.destroy(spec.name);
  assert.deepEqual(tracesOf(number, spec.name, stateFolder), []);
});

test('with setup_remote_docker an image without anything of Docker reaches an engine beside it, and the ports that it publishes', async () => {
  const executor = { kind: 'docker' as const, ...plainContainer('debian:bookworm'), auth: null, sidecars: [] };
  const wanted = containersWithDocker({ executor, steps: [{ kind: 'setup_remote_docker', name: 'Docker', when: 'on_success', version: 'default', dockerLayerCaching: false, preferSameRegion: false }] })!;
  const sidecars: ContainerSpec[] = wanted.executor.sidecars;
  const spec = withPrograms({ nesting: wanted.nesting, sidecars });
  const handle = await host.create(spec);
  try {
    assert.deepEqual(handle.notes, []);
    assert.match((await runInside(handle, waitForDocker)).output, /^Docker's engine answers/);
    const api = 'curl -sS --fail-with-body http://127.0.0.1:2375';
    const { output } = await runInside(handle, `set -e; ${packBusybox}
      tar -C /tmp/box -c . | ${api}/images/create?fromSrc=-'&'repo=box -H 'content-type: application/x-tar' --data-binary @- -o /dev/null
      ${api}/containers/create?name=web -H 'content-type: application/json' -o /dev/null -d '{"Image":"box:latest","ExposedPorts":{"80/tcp":{}},"Cmd":["sh","-c","mkdir /w; echo beside > /w/index.html; exec httpd -f -p 80 -h /w"],"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8080"}]}}}'
      ${api}/containers/web/start -X POST
      curl -sS --retry 5 --retry-connrefused http://127.0.0.1:8080/`);
    assert.equal(output, 'beside\n');
  } finally {
    await host.destroy(spec.name);
  }
  assert.deepEqual(tracesOf(numberOf(handle), spec.name, stateFolder), []);
});

test('a privileged container in the sandbox of a fork has no more power over this machine than the sandbox', async () => {
  const spec = withPrograms({ primary: plainContainer(machineImage), trust: 'T0' });
  const handle = await host.create(spec);
  try {
    await asUser(handle, `${packBusybox}; tar -C /tmp/box -c . | docker import - box >/dev/null`);
    const core = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    const inside = (script: string): Promise<string> => asUser(handle, `docker run --rm --privileged --network host --pid host --cgroupns host -v /:/machine box sh -c '${script}' 2>&1 || :`);

    assert.match(await inside('cat /proc/self/uid_map'), /^\s+0 +[12]\d{9} +65536\n$/);
    assert.match(await inside('grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status || cat /proc/self/status'), /NoNewPrivs:\s+1\nSeccomp:\s+2\n/);
    assert.match(await inside('echo /tmp/evil > /proc/sys/kernel/core_pattern'), /Permission denied/);
    assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), core);
    assert.match(await inside('busybox mknod /disk b 8 0'), /Operation not permitted/);
    // What it sees of each hierarchy lies below the cgroup that has the limits.
    const isV2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
    const limits = isV2 ? ['memory.max', 'pids.max', 'cpu.max'] : ['memory.limit_in_bytes', 'pids.max', 'cpu.cfs_quota_us'];
    await inside(`for file in ${limits.join(' ')}; do for path in /sys/fs/cgroup/$file /sys/fs/cgroup/*/$file; do echo -1 > $path; echo max > $path; done; done`);
    assert.deepEqual(limits.map((file) => Number.parseInt(readFileSync(join(cgroupOf(handle, file), file), 'utf8'), 10)), [2 * 1024 ** 3, 1000, 200_000]);
    assert.match(await inside('echo a > /sys/fs/cgroup/devices/devices.allow'), /not permitted|nonexistent/);
    assert.match(await asUser(handle, `perl -e 'for (250, 248, 249) { $r = syscall($_, 0, -4, 1, 0, 0); print "$r $! " }'`), /^(-1 Function not implemented ){3}$/);
    assert.doesNotMatch(await inside('ls /machine/proc/*/root/var/lib/roundhouse /machine/var/lib/roundhouse'), /builder/);
  } finally {
    await host.destroy(spec.name);
  }
});

/** The test's own, so that no other builder of this machine mends it meanwhile. */
const network: NetworkSettings = { ...defaultNetwork, bridge: 'rhtest9', subnet: '10.219.0.0/20', interfacePrefix: 'rhtestn' };
const gateway = '10.219.0.1';

test('check 9: who may set up networks in a sandbox still speaks for nobody else, and gets nothing that is for others', async () => {
  const { host: apart } = testHost({ network, images: machines });
  const specs = [1, 2].map(() => withPrograms({ primary: plainContainer(machineImage) }));
  try {
    const [handle, neighbour] = [await apart.create(specs[0]!), await apart.create(specs[1]!)];
    const [own, foreign] = [placeOf(handle), placeOf(neighbour)];
    assert.equal((await runInside(handle, askNameserver)).output, 'answer');
    for (const [hardware, address] of [[own.hardwareAddress, foreign.address], [foreign.hardwareAddress, own.address], [foreign.hardwareAddress, foreign.address]]) {
      assert.equal((await runInside(handle, `${become(hardware!, address!)}; ${askNameserver}`)).output, 'silence', `${hardware} ${address}`);
    }
    assert.equal((await runInside(handle, `${become(own.hardwareAddress, own.address)}; ${askNameserver}`)).output, 'answer');

    // To addresses of which a bridge takes frames for itself: spanning tree, LLDP, 802.1X.
    for (const to of ['0180c2000000', '0180c200000e', '0180c2000003']) {
      assert.equal((await runInside(handle, `perl -e '${frame(to, foreign.hardwareAddress)}'`)).output, 'sent');
    }
    const learned = execFileSync('bridge', ['fdb', 'show', 'br', network.bridge], { encoding: 'utf8' }).split('\n');
    assert.deepEqual(learned.filter((line) => line.includes(`dev ${own.interfaceOnHost} `) && line.startsWith(foreign.hardwareAddress)), []);
    assert.equal((await runInside(neighbour, askNameserver)).output, 'answer');
  } finally {
    for (const { name } of specs) await apart.destroy(name);
    execFileSync('ip', ['link', 'delete', network.bridge]);
    for (const family of ['inet', 'bridge']) execFileSync('nft', ['delete', 'table', family, network.bridge]);
    process.kill(Number(readFileSync(`/run/roundhouse/${network.bridge}.dnsmasq.pid`, 'utf8')));
    for (const file of ['dnsmasq.pid', 'lock']) rmSync(`/run/roundhouse/${network.bridge}.${file}`);
  }
});

const placeOf = (handle: SandboxHandle): NetworkPlace => sandboxNetwork(network).place(numberOf(handle));

const become = (hardware: string, address: string): string =>
  `ip link set eth0 down; ip address flush dev eth0; ip link set eth0 address ${hardware}; ip address add ${address}/20 dev eth0; ip link set eth0 up; ip route add default via ${gateway}`;

/** Any answer will do, be it an error of the builder's resolvers. */
const askNameserver = `perl -MIO::Socket::INET -e '
  $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "${gateway}", PeerPort => 53);
  for (1 .. 4) {
    $s->send(pack("H*", "abcd01000001000000000000076578616d706c6504746573740000010001"));
    vec($r = "", fileno($s), 1) = 1;
    if (select($r, undef, undef, 1) && defined $s->recv($a, 512)) { print "answer"; exit }
  }
  print "silence"'`;

/** Perl for a frame from an address that is not the sender's. */
const frame = (to: string, from: string): string => `
  socket($s, 17, 3, 0x0300) or die "socket: $!"; # AF_PACKET, SOCK_RAW
  open($f, "/sys/class/net/eth0/ifindex"); $index = <$f> + 0;
  send($s, pack("H12 H12 n", "${to}", "${from.replaceAll(':', '')}", 0x88cc) . ("x" x 60), 0, pack("S n i S C C a8", 17, 3, $index, 1, 0, 6, pack("H12", "${to}"))) and print "sent"`;
