// The numbered checks of the threat list that concern what one sandbox may use up.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxHandle } from '../../activities/builder/sandbox.ts';
import { cgroupOf, numberOf, reach, runInside, specOf, testHost } from '../activities/adapters/lxc/machine.ts';

const { host } = testHost();
const memoryBytes = 256 * 1024 * 1024;
let neighbour: SandboxHandle;

before(async () => {
  neighbour = await host.create(specOf());
});
after(() => host.destroy(neighbour.name));

test('check 4: a fork bomb ends at the limit of processes, and a neighbour\'s step slows by no more than 1.3x', async () => {
  const spec = specOf({ limits: { cpus: 1, memoryBytes, pids: 150, diskBytes: null } });
  const bomber = await host.create(spec);
  const agent = await reach(bomber);
  await agent.start({ index: 1000, argv: ['perl', '-e', 'while (1) { fork }'], env: {}, cwd: '/tmp', background: true, noOutputTimeoutSeconds: null });
  agent.end();
  const pids = cgroupOf(bomber, 'pids.max');
  // v1 counts where the process was to be born, v2 where the limit is.
  while (!['', '0'].some((below) => /max [1-9]/.test(readFileSync(join(pids, below, 'pids.events'), 'utf8')))) await sleep(10);
  assert.ok(Number(readFileSync(`${pids}/pids.current`, 'utf8')) <= 150);

  // The machine may have other work, which comes and goes: the bomb is frozen and let go in turns, and the best of each counts.
  const [alone, beside]: [number[], number[]] = [[], []];
  const slowdown = (): number => Math.min(...beside) / Math.min(...alone);
  for (let turn = 0; turn < 20 && (turn < 4 || slowdown() > 1.3); turn++) {
    freeze(bomber, true);
    alone.push(await workOfNeighbour());
    freeze(bomber, false);
    beside.push(await workOfNeighbour());
  }
  assert.ok(slowdown() <= 1.3, `alone ${alone.join(' ')} ms, beside the fork bomb ${beside.join(' ')} ms`);

  const startedAt = performance.now();
  await host.destroy(spec.name);
  assert.ok(performance.now() - startedAt < 5000);
  assert.ok(!existsSync(pids));
});

test('check 5: twice the memory limit kills in this sandbox only, and the kills are counted', async () => {
  const spec = specOf({ limits: { cpus: 1, memoryBytes, pids: 150, diskBytes: null } });
  const greedy = await host.create(spec);
  const use = (bytes: number): string => `perl -e '$x = "a" x shift; print length($x), "\\n"' ${bytes}`;
  assert.equal(await host.oomKills(spec.name), 0);
  assert.equal((await runInside(neighbour, use(memoryBytes))).output, `${memoryBytes}\n`);

  const { exitCode, output } = await runInside(greedy, `${use(memoryBytes * 2)}; echo "ended with $?"`);
  assert.deepEqual({ exitCode, output: output.replace(/^Killed\n/, '') }, { exitCode: 0, output: 'ended with 137\n' });
  assert.equal(await host.oomKills(spec.name), 1);
  // What is in /dev/shm counts as memory; killing could not free it, so there is less room than memory.
  assert.match((await runInside(greedy, `head -c ${memoryBytes} /dev/zero > /dev/shm/x; echo "ended with $?"; rm /dev/shm/x`)).output, /No space left on device\nended with 1\n/);
  assert.equal(await host.oomKills(spec.name), 1);

  assert.equal(await host.oomKills(neighbour.name), 0);
  assert.equal((await runInside(greedy, 'echo on')).output, 'on\n');
  assert.equal((await runInside(neighbour, 'echo on')).output, 'on\n');
  await host.destroy(spec.name);
});

test('a sandbox gets the CPU time of its limit, and a fraction means a fraction', async () => {
  const spec = specOf({ limits: { cpus: 0.5, memoryBytes, pids: 150, diskBytes: null } });
  const half = await host.create(spec);
  const { output } = await runInside(half, `perl -e 'use Time::HiRes "time"; $t = time; while (time - $t < 2) {} printf "%.2f", (times)[0] + (times)[1]'`);
  assert.ok(Number(output) < 1.5, `${output} s of CPU in two seconds`);
  await host.destroy(spec.name);
});

/** Milliseconds that a fixed piece of work takes in the neighbour's sandbox. */
async function workOfNeighbour(): Promise<number> {
  const { output } = await runInside(neighbour, `perl -e 'use Time::HiRes "time"; $t = time; for $i (1 .. 6_000_000) { $x += $i * $i } print((time - $t) * 1000)'`);
  return Math.round(Number(output));
}

function freeze(handle: SandboxHandle, yes: boolean): void {
  const v1 = `/sys/fs/cgroup/freezer/roundhouse/${numberOf(handle)}/payload/freezer.state`;
  if (existsSync(v1)) writeFileSync(v1, yes ? 'FROZEN' : 'THAWED');
  else writeFileSync(join(cgroupOf(handle, 'cgroup.freeze'), 'cgroup.freeze'), yes ? '1' : '0');
}
