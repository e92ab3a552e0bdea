import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainContainer, type ContainerSpec, type SandboxHandle } from '../../../../activities/builder/sandbox.ts';
import { cgroupOf, imageFolder, numberOf, pidOfInit, runInside, specOf, testHost, testImages } from './machine.ts';
import { tracesOf } from './traces.ts';

const MiB = 1024 * 1024;
const busybox = mkdtempSync('/tmp/rh-test-busybox-');
for (const folder of ['bin', 'etc', 'dev', 'proc', 'sys', 'tmp', 'data']) mkdirSync(join(busybox, folder));
copyFileSync('/bin/busybox', join(busybox, 'bin/busybox'));
for (const name of ['sh', 'nc', 'sleep', 'cat', 'id', 'env', 'hostname', 'ps', 'ls', 'seq', 'tr', 'head', 'wc', 'pwd', 'kill', 'mount', 'yes']) symlinkSync('busybox', join(busybox, 'bin', name));
writeFileSync(join(busybox, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\ndb:x:70:70::/data:/bin/sh\n');
writeFileSync(join(busybox, 'etc/group'), 'db:x:70:\nssl:x:71:db\n');
for (const folder of ['.', 'tmp', 'data']) chmodSync(join(busybox, folder), 0o755);
after(() => rmSync(busybox, { recursive: true }));

const images = testImages({
  'debian:bookworm': {},
  'the/job': { user: 'nobody', environment: { FROM_IMAGE: 'yes' }, workingDirectory: '/srv', entrypoint: ['sh', '-c', 'echo entrypoint as $(id -u) in $(pwd) with $FROM_IMAGE $OWN $HOME $0 $*; sleep 1000'], command: ['of-image'] },
  'the/kept': { entrypoint: ['sh', '-c', 'echo kept; exit 7'], labels: { 'com.circleci.preserve-entrypoint': 'true' } },
  'the/slow': { entrypoint: ['sh', '-c', 'sleep 1; touch /tmp/made; sleep 1000'], labels: { 'com.circleci.preserve-entrypoint': 'true', 'roundhouse.entrypoint-makes': '/tmp/made' } },
  'the/hasty': { entrypoint: ['sh', '-c', 'exit 3'], labels: { 'com.circleci.preserve-entrypoint': 'true', 'roundhouse.entrypoint-makes': '/tmp/made' } },
  'the/db': { folder: busybox, user: 'db', workingDirectory: '/data', environment: { FROM_IMAGE: 'a b\nc', PATH: '/bin' }, entrypoint: ['sh', '-c', 'echo "db: $*"; id; pwd; env; while :; do echo hello | nc -l -p 5432; done', 'db'], command: ['--of-image'] },
  'the/void': { folder: busybox },
  'the/broken': { folder: busybox, entrypoint: ['/no/such/program'] },
});
const { host, stateFolder } = testHost({ images });

const container = (image: string, more: Partial<ContainerSpec> = {}): ContainerSpec => ({ ...plainContainer(image), ...more });
const shell = (script: string, more: Partial<ContainerSpec> = {}): ContainerSpec => container('the/void', { entrypoint: ['sh', '-c', script], ...more });

/** What a main process has printed, when it is enough. */
async function printed(handle: SandboxHandle, sidecar: number, enough: RegExp): Promise<string> {
  for (let tries = 0; ; tries++) {
    const { bytes } = await host.sidecarOutput(handle.name, sidecar, 0);
    const text = bytes.toString();
    if (enough.test(text) || tries > 1000) return text;
    await sleep(10);
  }
}

test('a sidecar runs what its image says, as the image\'s user, and is reached on localhost and by its name', async () => {
  const spec = specOf({ sidecars: [container('the/db', { name: 'my-db', environment: { OWN: 'first\nsecond line' } })] });
  const handle = await host.create(spec);
  const number = numberOf(handle);
  assert.deepEqual(handle.notes, []);
  const said = await printed(handle, 0, /OWN=[^]*line\n[^]*PWD/);
  assert.match(said, /^db: --of-image\nuid=70\(db\) gid=70\(db\) groups=[^\n]*71\(ssl\)\n\/data\n/);
  for (const line of ['FROM_IMAGE=a b\nc\n', 'OWN=first\nsecond line\n', 'PATH=/bin\n', 'HOME=/data\n', `HOSTNAME=${spec.name}\n`]) assert.ok(said.includes(line), `${line} in ${said}`);
  const ask = (name: string): string => `for i in $(seq 50); do perl -MIO::Socket::IP -e '$s = IO::Socket::IP->new(PeerHost => "${name}", PeerPort => 5432) or exit 1; print <$s>' && break; sleep 0.1; done`;
  for (const name of ['localhost', 'my-db', '127.0.0.1']) assert.equal((await runInside(handle, ask(name))).output, 'hello\n', name);

  // Its own root and processes, but the network and the user namespace of the primary.
  const pids = [0, 1].map((each) => pidOfInit(handle, each)) as [number, number];
  const same = ['net', 'user', 'mnt', 'pid', 'ipc'].filter((kind) => new Set(pids.map((pid) => readlinkSync(`/proc/${pid}/ns/${kind}`))).size === 1);
  assert.deepEqual(same, ['net', 'user']);
  assert.deepEqual(readdirSync('/run/roundhouse/images').filter((mark) => mark.startsWith(`${number}-`)).map((mark) => readlinkSync(join('/run/roundhouse/images', mark))), [imageFolder, busybox]);
  // Its environment lies on no disk.
  assert.throws(() => execFileSync('grep', ['-r', 'second line', stateFolder, '--exclude=main-1.[ab]', '--exclude=spec.json'], { encoding: 'utf8' }), { status: 1 });

  await host.destroy(spec.name);
  assert.deepEqual(tracesOf(number, spec.name, stateFolder), []);
  assert.deepEqual(readdirSync('/run/roundhouse/images').filter((mark) => mark.startsWith(`${number}-`)), []);
  assert.equal((await host.sidecarOutput(spec.name, 0, 0)).bytes.length, 0);
});

test('entrypoint and command of the config go before those of the image, by Docker\'s rules', async () => {
  const script = 'echo "$0 $*"';
  const spec = specOf({
    sidecars: [
      container('the/db', { command: ['-x', '-y'] }),
      container('the/db', { entrypoint: ['sh', '-c', script, 'own'] }),
      container('the/db', { entrypoint: ['sh', '-c', script], command: ['zero', 'one'] }),
      container('the/db', { entrypoint: ['sh', '-c', 'id -u; id -g; pwd; cat'], user: '71:72' }),
    ],
  });
  const handle = await host.create(spec);
  assert.match(await printed(handle, 0, /\n/), /^db: -x -y\n/);
  assert.equal(await printed(handle, 1, /\n/), 'own \n');
  assert.equal(await printed(handle, 2, /\n/), 'zero one\n');
  assert.equal(await printed(handle, 3, /data\n/), '71\n72\n/data\n');
  await host.destroy(spec.name);
});

test('a sidecar that cannot start is a note, one that ends is nothing, and the job goes on', async () => {
  const spec = specOf({ sidecars: [container('the/broken'), container('the/void'), shell('echo done; exit 3'), shell('true', { user: 'stranger' }), container('the/db', { name: 'bad name\n1.2.3.4 x' })] });
  const handle = await host.create(spec);
  const sentences = ['There is no program "/no/such/program" in this image.', 'Neither the image nor the config says what to run in this container.', 'There is no user "stranger" in this image.'];
  assert.deepEqual(handle.notes, [
    '"bad name\\n1.2.3.4 x", the name of the/db, is no host name, and leads nowhere.',
    `The main process of the/broken could not be started. ${sentences[0]}`,
    `The main process of the/void could not be started. ${sentences[1]}`,
    `The main process of the/void could not be started. ${sentences[2]}`,
  ]);
  assert.equal(await printed(handle, 0, /\n/), `${sentences[0]}\n`);
  assert.equal(await printed(handle, 2, /\n/), 'done\n');
  assert.equal((await runInside(handle, 'cat /etc/hosts')).output, `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 ${spec.name}\n`);
  await host.destroy(spec.name);
});

test('of what a main process prints, the last mebibyte is kept, and offsets stay those of the whole', async () => {
  const spec = specOf({ sidecars: [shell('seq -w 1 400000; echo end; sleep 1000', { environment: { PATH: '/bin' } })] });
  const handle = await host.create(spec);
  const all = Array.from({ length: 400_000 }, (_, i) => `${String(i + 1).padStart(6, '0')}\n`).join('') + 'end\n';
  await printed(handle, 0, /end\n$/);
  const { from, bytes } = await host.sidecarOutput(handle.name, 0, 0);
  assert.ok(bytes.length > MiB / 2 - 70_000 && bytes.length <= MiB, `${bytes.length} bytes`);
  assert.equal(bytes.toString(), all.slice(from));
  assert.equal(from + bytes.length, all.length);
  const tail = await host.sidecarOutput(handle.name, 0, all.length - 4);
  assert.deepEqual({ from: tail.from, text: tail.bytes.toString() }, { from: all.length - 4, text: 'end\n' });
  // One that never stops fills no disk.
  const chatty = specOf({ sidecars: [shell('yes 0123456789012345678901234567890123456789', { environment: { PATH: '/bin' } })] });
  const other = await host.create(chatty);
  for (let at = 0; at < 8 * MiB; ) at = (await host.sidecarOutput(other.name, 0, at)).from + 1;
  const files = join('/run/roundhouse/mounts', String(numberOf(other)), 'run');
  const size = readdirSync(files).filter((name) => /^main-1\.[ab]$/.test(name)).map((name) => readFileSync(join(files, name)).length).reduce((sum, length) => sum + length);
  assert.ok(size <= MiB + 32, `${size} bytes`);
  await Promise.all([handle, other].map(({ name }) => host.destroy(name)));
});

test('of the primary, the entrypoint is left alone, unless config or label ask for it; its end ends nothing', async () => {
  const alone = await host.create(specOf({ primary: container('the/job') }));
  assert.deepEqual([alone.user, alone.imageEnvironment], ['nobody', { FROM_IMAGE: 'yes' }]);
  assert.doesNotMatch((await runInside(alone, 'cat /proc/[0-9]*/cmdline | tr "\\0" " "')).output, /entrypoint as/);

  const asked = await host.create(specOf({ primary: container('the/job', { command: ['of-config', 'x'], environment: { OWN: 'mine' } }) }));
  assert.equal(await printed(asked, -1, /\n/), 'entrypoint as 65534 in /srv with yes mine /nonexistent of-config x\n');
  assert.match((await runInside(asked, 'cat /proc/[0-9]*/cmdline | tr "\\0" " "')).output, /entrypoint as/);

  const kept = await host.create(specOf({ primary: container('the/kept', { user: 'daemon' }) }));
  assert.equal(kept.user, 'daemon');
  assert.equal(await printed(kept, -1, /\n/), 'kept\n');
  assert.equal((await runInside(kept, 'id -un', { user: kept.user })).output, 'daemon\n');

  const broken = await host.create(specOf({ primary: container('the/job', { entrypoint: ['/no/such'] }) }));
  assert.equal(await printed(broken, -1, /\n/), 'There is no program "/no/such" in this image.\n');
  assert.equal((await runInside(broken, 'echo goes on')).output, 'goes on\n');
  await Promise.all([alone, asked, kept, broken].map(({ name }) => host.destroy(name)));
});

test('no step comes before what the entrypoint makes for it, unless that has ended', async () => {
  const slow = await host.create(specOf({ primary: container('the/slow') }));
  assert.equal((await runInside(slow, 'ls /tmp')).output, 'made\n');
  const began = performance.now();
  const hasty = await host.create(specOf({ primary: container('the/hasty') }));
  assert.equal((await runInside(hasty, 'ls /tmp')).output, '');
  assert.ok(performance.now() - began < 9000, 'nobody waited for what cannot come');
  await Promise.all([slow, hasty].map(({ name }) => host.destroy(name)));
});

test('all containers of a sandbox have its limits together, and a sidecar that dies of them dies alone', async () => {
  const memoryBytes = 256 * MiB;
  const spec = specOf({ limits: { cpus: 1, memoryBytes, pids: 60, diskBytes: null }, sidecars: [container('debian:bookworm', { entrypoint: ['perl', '-e', `$x = "a" x shift; $| = 1; print "full\\n"; sleep`, String(150 * MiB)] })] });
  const handle = await host.create(spec);
  assert.equal(await printed(handle, 0, /full\n/), 'full\n');
  assert.equal(Number(readFileSync(join(cgroupOf(handle, 'pids.max'), 'pids.max'), 'utf8')), 60);
  assert.equal(await host.oomKills(spec.name), 0);
  const use = (bytes: number): string => `perl -e '$x = "a" x shift; print "used\\n"' ${bytes}`;
  // Either alone would have room.
  await runInside(handle, use(150 * MiB));
  assert.equal(await host.oomKills(spec.name), 1);
  assert.match((await runInside(handle, 'perl -e \'for (1 .. 100) { defined($p = fork) or print("refused\\n"), exit; $p or sleep(30), exit }\'')).output, /refused/);
  await host.destroy(spec.name);
});

test('a sandbox whose primary is dead is no longer running, whatever its sidecars do', async () => {
  const spec = specOf({ sidecars: [shell('while :; do sleep 1; done', { environment: { PATH: '/bin' } })] });
  const handle = await host.create(spec);
  process.kill(pidOfInit(handle), 'SIGKILL');
  while ((await host.list()).some(({ name, running }) => name === spec.name && running)) await sleep(5);
  assert.ok(pidOfInit(handle, 1));
  const again = await host.create(spec);
  assert.notEqual(again.hostKey, handle.hostKey);
  await host.destroy(spec.name);
  for (const number of [handle, again].map(numberOf)) assert.deepEqual(tracesOf(number, spec.name, stateFolder), []);
});
