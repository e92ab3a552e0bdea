// The numbered checks of the threat list that concern what is inside one sandbox.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { arch } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { SandboxHandle } from '../../activities/builder/sandbox.ts';
import { pidOfInit, runInside, specOf, testHost } from '../activities/adapters/lxc/machine.ts';

const { host, stateFolder } = testHost();
const users = ['root', 'nobody'] as const;
let fork: SandboxHandle;
let branch: SandboxHandle;

before(async () => {
  [fork, branch] = await Promise.all([host.create(specOf({ trust: 'T0' })), host.create(specOf({ trust: 'T1' }))]);
});
after(() => Promise.all([fork, branch].map((handle) => host.destroy(handle.name))));

test('check 1: user ids begin at 100000 or above, and differ between two sandboxes', async () => {
  for (const user of users) {
    const maps = await Promise.all([fork, branch].map(async (handle) => (await runInside(handle, 'cat /proc/self/uid_map /proc/self/gid_map', { user })).output));
    const firsts = maps.map((map) => map.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number)));
    for (const [uids, gids] of firsts) {
      assert.deepEqual(uids, gids);
      assert.ok(uids && uids[0] === 0 && uids[1]! >= 100_000 && uids[2] === 65536, String(uids));
    }
    assert.notEqual(firsts[0]![0]![1], firsts[1]![0]![1]);
  }
});

test('check 2: seccomp filters every system call', async () => {
  for (const user of users) assert.match((await runInside(branch, 'grep ^Seccomp: /proc/self/status /proc/1/status', { user })).output, /^\S+:Seccomp:\t2\n\S+:Seccomp:\t2\n$/);
});

test('check 3: a fork gains no privileges by a set-user-id program; elsewhere one becomes root of the sandbox by it', async () => {
  const become = async (handle: SandboxHandle): Promise<string> => {
    await runInside(handle, 'cp /usr/bin/id /usr/local/bin/rootid && chmod 4755 /usr/local/bin/rootid');
    return (await runInside(handle, 'grep ^NoNewPrivs /proc/self/status; rootid -u', { user: 'nobody' })).output;
  };
  assert.equal(await become(fork), 'NoNewPrivs:\t1\n65534\n');
  assert.equal(await become(branch), 'NoNewPrivs:\t0\n0\n');
});

test('check 10: neither core_pattern nor what is mounted over /proc/sys reaches the host', async () => {
  const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  for (const user of users) {
    const { output } = await runInside(
      branch,
      `echo '|/tmp/x' > /proc/sys/kernel/core_pattern
       mount -o remount,rw /proc/sys; mount -t proc none /mnt && echo '|/tmp/x' > /mnt/sys/kernel/core_pattern
       echo c > /proc/sysrq-trigger
       echo 1 > /proc/sys/vm/drop_caches
       umount /proc/sys; echo '|/tmp/x' > /proc/sys/kernel/core_pattern
       mount -t tmpfs none /proc/sys && mkdir /proc/sys/kernel && echo '|/tmp/x' > /proc/sys/kernel/core_pattern; cat /proc/sys/kernel/core_pattern`,
      { user },
    );
    assert.match(output, /Read-only file system|Permission denied/);
  }
  assert.equal(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), before);
  assert.equal((await runInside(fork, 'cat /proc/sys/kernel/core_pattern')).output, before);
});

test('check 10: a crash leaves no core dump, also where the host pipes them to a program', async () => {
  const { output } = await runInside(branch, 'ulimit -Hc; ulimit -c unlimited; mkdir /tmp/crash && cd /tmp/crash && perl -e \'kill SEGV => $$\'; ls -A /tmp/crash');
  assert.match(output, /^0\n/); // in blocks; the kernel reads 1 byte
  assert.match(readFileSync(`/proc/${pidOfInit(branch)}/limits`, 'utf8'), /^Max core file size +1 +1 /m);
  assert.doesNotMatch(output, /\ncore/);
});

test('check 11: no block device can be made or used, and /dev holds only what is harmless', async () => {
  for (const user of users) {
    const { output } = await runInside(branch, 'cd /tmp; for n in "b 8 0" "b 254 0" "c 1 1" "c 10 232"; do mknod node $n && echo made; done; mknod fifo p && echo fifo && rm fifo', { user });
    assert.equal(output.match(/Operation not permitted/g)?.length, 4, output);
    assert.doesNotMatch(output, /made/);
    assert.match(output, /fifo\n/);
  }
  const { output } = await runInside(branch, 'ls /dev; cat /dev/mem /dev/kmem /dev/kvm /proc/kcore');
  assert.match(output, /^fd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n/);
  assert.equal(output.match(/No such file or directory|Permission denied|Operation not permitted/g)?.length, 4, output);
});

test('check 11: a device that an image brought along does not open', async () => {
  const upper = join(stateFolder, 'disks', branch.name, 'upper-0');
  execFileSync('mknod', [join(upper, 'tmp-zero'), 'c', '1', '5']);
  execFileSync('chmod', ['666', join(upper, 'tmp-zero')]);
  const { output } = await runInside(branch, 'ls -l /tmp-zero; head -c 1 /tmp-zero | od');
  assert.match(output, /^crw.* 1, 5 .*\n.*Permission denied/);
});

test('check 12: system calls that only an attacker needs are refused', async () => {
  const calls =
    arch() === 'arm64'
      ? { kexec_load: 104, init_module: 105, finit_module: 273, delete_module: 106, bpf: 280, keyctl: 219, add_key: 217, request_key: 218, perf_event_open: 241, userfaultfd: 282, open_by_handle_at: 265 }
      : { kexec_load: 246, init_module: 175, finit_module: 313, delete_module: 176, bpf: 321, keyctl: 250, add_key: 248, request_key: 249, perf_event_open: 298, userfaultfd: 323, open_by_handle_at: 304 };
  // Arguments with which keyctl succeeds, and others end with another error than EPERM, where no filter is.
  const script = Object.entries(calls).map(([name, number]) => `$! = 0; my $r = syscall(${number}, 0, -4, 1, 0, 0); printf "%s %d %d\\n", "${name}", $r, $!;`).join('\n');
  // Keys "do not exist" (ENOSYS): with less, no container can be run in a sandbox.
  const expected = Object.keys(calls).map((name) => `${name} -1 ${/key/.test(name) ? 38 : 1}\n`).join('');
  for (const user of users) assert.equal((await runInside(branch, `cat > /tmp/calls-${user}.pl <<'END'\n${script.replaceAll('my $r', '$r')}\nEND\nperl /tmp/calls-${user}.pl`, { user })).output, expected);
  assert.equal((await runInside(branch, `perl -e '$r = syscall(425, 1, 0); printf "%d %d", $r, $!'`)).output, '-1 38');
});

test('check 13: neither processes nor sockets nor files of the host are visible', async () => {
  const canary = mkdtempSync('/tmp/rh-canary-');
  writeFileSync(join(canary, 'secret'), 'canary');
  const listener = createServer();
  listener.listen('\0rh-canary-socket');
  await once(listener, 'listening');
  try {
    for (const user of users) {
      const { output } = await runInside(
        branch,
        `cat /proc/[0-9]*/comm; echo; ls -d /proc/1/root${canary} ${canary} /proc/*/root${canary} /proc/*/cwd${canary}; grep canary /proc/net/unix; cat /proc/1/environ`,
        { user },
      );
      const [processes = '', files = ''] = output.split('\n\n');
      assert.deepEqual(new Set(processes.split('\n')), new Set(['tini', 'loader', 'MainThread', 'sh', 'cat'].filter((name) => processes.includes(name))));
      assert.ok(processes.split('\n').length <= 6, processes);
      assert.doesNotMatch(files.replaceAll(/No such file.*|cannot access.*|Permission denied/g, ''), /canary/);
    }
    const hostNames = readdirSync('/').join();
    const seen = (await runInside(branch, 'ls /proc/1/root/')).output.trim().split('\n').join();
    assert.notEqual(seen, hostNames);
    const kill = await runInside(branch, `kill -9 ${process.pid}`);
    assert.match(kill.output, /No such process/);
  } finally {
    listener.close();
    rmSync(canary, { recursive: true });
  }
});

test('the builder is not led to a socket of the host by a link in place of the agent\'s', async () => {
  const handle = await host.create(specOf());
  const folder = mkdtempSync('/tmp/rh-socket-');
  const target = createServer((socket) => socket.end('of the host'));
  target.listen(join(folder, 'socket'));
  await once(target, 'listening');
  try {
    await runInside(handle, `ln -sf ${folder}/socket /run/roundhouse/agent.sock`);
    await assert.rejects(once(connect(handle.agentSocket), 'connect'), { code: 'ELOOP' });
  } finally {
    target.close();
    rmSync(folder, { recursive: true });
    await host.destroy(handle.name);
  }
});
