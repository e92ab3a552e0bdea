// What holds for a sandbox's primary holds for its sidecars, and the primary's own is not theirs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainContainer, type SandboxHandle } from '../../activities/builder/sandbox.ts';
import { pidOfInit, runInside, specOf, testHost, testImages } from '../activities/adapters/lxc/machine.ts';

const script = `
  cat /proc/self/uid_map | tr -s ' '; grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status
  ls -A /run/roundhouse /run/roundhouse-scratch /opt/roundhouse/agent.cjs 2>&1
  cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo
  cd /tmp; mknod node b 8 0; echo '|/tmp/x' > /proc/sys/kernel/core_pattern; touch /opt/roundhouse/x
  perl -e 'syscall(${process.arch === 'arm64' ? 280 : 321}, 0, -4, 1) < 0 and print "bpf: $!\\n"'
  df -k /dev/shm | tail -1 | awk '{ print $2 }'
  touch /tmp/of-the-sidecar
  echo over; sleep 1000`;
const images = testImages({ sidecar: { entrypoint: ['bash', '-c', script] } });
const { host } = testHost({ images });
let handle: SandboxHandle;
let said = '';

before(async () => {
  handle = await host.create(specOf({ trust: 'T0', sidecars: [plainContainer('sidecar')] }));
  for (let tries = 0; !said.includes('over\n') && tries < 1000; tries++) {
    said = (await host.sidecarOutput(handle.name, 0, 0)).bytes.toString();
    await sleep(10);
  }
});
after(() => host.destroy(handle.name));

test('a sidecar has the id range of its sandbox, its system calls are filtered, and of a fork it gains no privileges', async () => {
  const { output } = await runInside(handle, "tr -s ' ' < /proc/self/uid_map");
  assert.ok(said.startsWith(`${output}NoNewPrivs:\t1\nSeccomp:\t2\n`), said);
  assert.match(said, /bpf: Operation not permitted/);
});

test('a sidecar sees neither the files nor the processes of the primary, which sees none of its', async () => {
  assert.match(said, /cannot access '\/run\/roundhouse': No such file.*\n.*roundhouse-scratch': No such file/);
  assert.match(said, /\/opt\/roundhouse\/agent\.cjs/);
  assert.doesNotMatch(said, /\/node --max|agent\.cjs --/);
  assert.match(said, /\n\/opt\/roundhouse\/tini -- .*starter\.cjs .*bash -c/);
  const { output } = await runInside(handle, 'ls /tmp/of-the-sidecar; cat /proc/[0-9]*/cmdline | tr "\\0" " "');
  assert.match(output, /No such file/);
  assert.doesNotMatch(output, /starter\.cjs/);
});

test('a sidecar makes no device, writes nothing of the kernel\'s, and changes no agent', () => {
  assert.match(said, /mknod: node: Operation not permitted/);
  assert.match(said, /core_pattern: (Read-only file system|Permission denied)/);
  assert.match(said, /opt\/roundhouse\/x': Read-only file system/);
  assert.match(said, new RegExp(`\\n${128 * 1024}\\nover\\n$`));
});

test('no capability that the primary lacks is a sidecar\'s', () => {
  const bounding = (container: number): string => /^CapBnd:\s+(\S+)/m.exec(readFileSync(`/proc/${pidOfInit(handle, container)}/status`, 'utf8'))![1]!;
  assert.equal(bounding(1), bounding(0));
});
