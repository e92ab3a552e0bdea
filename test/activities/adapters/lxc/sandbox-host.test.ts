import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sandboxNetwork } from '../../../../activities/adapters/lxc/network.ts';
import { defaultNetwork } from '../../../../activities/adapters/lxc/network-place.ts';
import { bindFolder, unmount } from '../../../../activities/adapters/lxc/syscalls.ts';
import { removeTree } from '../../../../activities/adapters/remove-tree.ts';
import { plainContainer, SandboxError } from '../../../../activities/builder/sandbox.ts';
import { freshName, imageFolder, numberOf, pidOfInit, runInside, specOf, testHost } from './machine.ts';
import { tracesOf } from './traces.ts';

const { host, stateFolder } = testHost();

test('a sandbox is made, runs a step, and goes without a trace', async () => {
  const spec = specOf();
  const handle = await host.create(spec);
  const number = numberOf(handle);
  assert.notDeepEqual(tracesOf(number, spec.name, stateFolder), []);
  assert.deepEqual(await runInside(handle, 'hostname; id -u; pwd; command -v git && command -v curl && command -v bash'), { exitCode: 0, output: `${spec.name}\n0\n/tmp\n/usr/bin/git\n/usr/bin/curl\n/usr/bin/bash\n` });
  assert.deepEqual(await host.list(), [{ name: spec.name, running: true, spec, handle }]);

  // What a build can leave behind: processes that ignore signals, own mounts, folders deeper than a path may be long.
  await runInside(handle, `
    trap '' TERM HUP; setsid sh -c 'trap "" TERM HUP; while :; do sleep 1; done' >/dev/null 2>&1 &
    mkdir /mnt/a && mount -t tmpfs none /mnt/a && touch /mnt/a/x
    i=0; while [ $i -lt 120 ]; do mkdir ${'d'.repeat(100)} && cd -P ${'d'.repeat(100)} || exit 1; i=$((i+1)); done`);
  await host.destroy(spec.name);
  assert.deepEqual(tracesOf(number, spec.name, stateFolder), []);
  assert.deepEqual(await host.list(), []);
  await host.destroy(spec.name);
});

test('a second create answers the same sandbox, also when both are under way at once', async () => {
  const spec = specOf();
  const [one, two] = await Promise.all([host.create(spec), host.create(spec)]);
  assert.deepEqual(one, two);
  assert.deepEqual(await host.create(spec), one);
  await host.destroy(spec.name);
});

test('a sandbox gives this machine no further address, which would disturb browsers on it', async () => {
  const spec = specOf();
  const { interfaceOnHost } = sandboxNetwork(defaultNetwork).place(numberOf(await host.create(spec)));
  await sleep(3000); // It would come within two.
  assert.equal(execFileSync('ip', ['-brief', 'address', 'show', 'dev', interfaceOnHost], { encoding: 'utf8' }).trim().split(/\s+/).slice(1).join(' '), 'UP');
  await host.destroy(spec.name);
});

test('a sandbox whose processes ended is no longer running, and create makes it anew', async () => {
  const spec = specOf();
  const first = await host.create(spec);
  await runInside(first, 'touch /first').catch(() => {});
  process.kill(pidOfInit(first), 'SIGKILL');
  while ((await host.list())[0]?.running) await sleep(5);
  const second = await host.create(spec);
  assert.notEqual(second.hostKey, first.hostKey);
  assert.equal((await runInside(second, 'test -e /first')).exitCode, 1);
  await host.destroy(spec.name);
  assert.deepEqual(tracesOf(numberOf(first), spec.name, stateFolder), []);
  assert.deepEqual(tracesOf(numberOf(second), spec.name, stateFolder), []);
});

test('root and the user of a sandbox own their files, and see the objects of the mirror but cannot change them', async () => {
  const mirrorObjects = mkdtempSync('/tmp/rh-test-mirror-');
  writeFileSync(join(mirrorObjects, 'pack'), 'objects', { mode: 0o600 });
  const spec = specOf({ mirrorObjects });
  const handle = await host.create(spec);
  try {
    const script = 'stat -c "%U %a" /etc/passwd /usr/bin/su /etc/hosts /run/roundhouse-mirror/pack; cat /run/roundhouse-mirror/pack; touch /run/roundhouse-mirror/x /opt/roundhouse/x /tmp/x';
    const { output } = await runInside(handle, script);
    assert.match(output, /^root 644\nroot 4755\nroot 644\nroot 600\nobjects/);
    assert.match(output, /mirror\/x': Read-only file system\n.*roundhouse\/x': Read-only file system\n$/);
    assert.equal((await runInside(handle, 'touch /tmp/y && stat -c %u /tmp/y', { user: 'nobody' })).output, '65534\n');
    assert.equal((await runInside(handle, 'cat /run/roundhouse/host_key', { user: 'nobody' })).exitCode, 1);
  } finally {
    await host.destroy(spec.name);
    rmSync(mirrorObjects, { recursive: true });
  }
});

test('an image that nobody supplies is the mistake of the user, who gets the list', async () => {
  await assert.rejects(host.create(specOf({ primary: plainContainer('cimg/ruby:2.7') })), (error: unknown) => {
    assert.ok(error instanceof SandboxError);
    assert.equal(error.kind, 'unknown-image');
    assert.match(error.message, /"cimg\/ruby:2\.7" is not supported.*debian:bookworm/);
    return true;
  });
  assert.deepEqual(await host.list(), []);
});

test('a disk limit is refused where the storage has no quotas', async () => {
  await assert.rejects(host.create(specOf({ limits: { cpus: 1, memoryBytes: 1e8, pids: 100, diskBytes: 1e9 } })), { name: 'SandboxError', kind: 'limits-absent' });
  assert.deepEqual(await host.list(), []);
});

test('a start that fails says so in the words of LXC, and leaves nothing', async () => {
  const { host, stateFolder } = testHost({ init: ['/no/such/program'] });
  await assert.rejects(host.create(specOf()), (error: unknown) => {
    assert.ok(error instanceof SandboxError);
    assert.equal(error.kind, 'start-failed');
    assert.match(String((error.cause as Error).message), /No such file or directory - Failed to exec "\/no\/such\/program"/);
    return true;
  });
  assertOwnsNothing(stateFolder);
});

test('an agent that does not answer in time is a failed start', async () => {
  const { host, stateFolder } = testHost({ init: ['/bin/sleep', '60'], readySeconds: 0.3 });
  await assert.rejects(host.create(specOf()), { kind: 'start-failed', message: 'The sandbox did not answer within 0.3 s.' });
  assertOwnsNothing(stateFolder);
});

test('a sandbox without its limits is not used', async () => {
  const folder = mkdtempSync('/tmp/rh-test-lxc-');
  for (const [line, words] of [
    ['memory[.]', 'memory limit'],
    ['pids[.]', 'process limit'],
    ['cpu[.]', 'CPU limit'],
  ] as const) {
    // Like LXC where it knows no such controller: the setting is passed over.
    const lxcStart = join(folder, 'lxc-start');
    writeFileSync(lxcStart, `#!/bin/bash\n/usr/bin/sed -i '/^lxc[.]cgroup2*[.]${line}/d' "$6"\nexec /usr/bin/lxc-start "$@"\n`);
    chmodSync(lxcStart, 0o755);
    const { host, stateFolder } = testHost({ lxcStart });
    await assert.rejects(host.create(specOf()), (error: unknown) => error instanceof SandboxError && error.kind === 'limits-absent' && error.message.includes(words), line);
    assertOwnsNothing(stateFolder);
  }
  rmSync(folder, { recursive: true });
});

test('a sandbox outlives its builder: the next one finds it, talks to it and removes it', async () => {
  const name = freshName();
  const { host, stateFolder } = testHost();
  const maker = startMaker(stateFolder, name);
  await said(maker, 'made');
  await killAndWait(maker);

  const [found] = await host.list();
  assert.ok(found?.running && found.handle);
  assert.equal((await runInside(found.handle, 'echo still here')).output, 'still here\n');
  assert.deepEqual(await host.reconcile(new Set([name])), []);
  assert.deepEqual(await host.reconcile(new Set()), [`sandbox ${name}`]);
  assert.deepEqual(tracesOf(numberOf(found.handle), name, stateFolder), []);
});

test('a builder killed at any moment of a start leaves nothing that the next one does not clear', async () => {
  const { host, stateFolder } = testHost();
  const image = readdirSync(imageFolder);
  for (const afterMs of [0, 2, 4, 6, 8, 10, 12, 15, 25, 40, 70, 100, 130, 160, 200, 250, 320, 400, 480]) {
    const maker = startMaker(stateFolder, freshName());
    await said(maker, 'making');
    await sleep(afterMs);
    await killAndWait(maker);
    const claimed = ownRanges(stateFolder);
    await host.reconcile(new Set());
    assertOwnsNothing(stateFolder);
    for (const { number, name } of claimed) assert.deepEqual(tracesOf(number, name, stateFolder), [], `killed after ${afterMs} ms`);
    assert.deepEqual(readdirSync(imageFolder), image, 'the image is whole');
  }
});

test('what a killed builder left mounted can harm no image, and nothing that is mounted is removed through', async () => {
  const folder = mkdtempSync('/tmp/rh-test-mounted-');
  const [image, left] = [join(folder, 'image'), join(folder, 'disk/lower')];
  for (const path of [image, left]) mkdirSync(path, { recursive: true });
  writeFileSync(join(image, 'precious'), '');
  bindFolder(image, left, { readOnly: true });
  try {
    await assert.rejects(removeTree(join(folder, 'disk')), /is still mounted in it\. Unmount it first/);
    assert.throws(() => rmSync(join(left, 'precious')), /EROFS|Read-only file system/);
    assert.ok(existsSync(join(image, 'precious')));
  } finally {
    unmount(left);
    rmSync(folder, { recursive: true });
  }
});

test('two builders on one machine leave each other alone, even with the same names', async () => {
  const other = testHost();
  const name = freshName();
  const [mine, theirs] = await Promise.all([host.create(specOf({ name })), other.host.create(specOf({ name }))]);
  assert.notEqual(numberOf(mine), numberOf(theirs));
  await other.host.reconcile(new Set());
  assert.deepEqual(await other.host.list(), []);
  assert.equal((await runInside(mine, 'echo alive')).output, 'alive\n');
  await host.destroy(name);
});

test('sandboxes of a builder that is gone for good are cleared by any other', async () => {
  const gone = mkdtempSync('/tmp/rh-test-gone-');
  const maker = startMaker(gone, freshName());
  await said(maker, 'made');
  await killAndWait(maker);
  const [range] = ownRanges(gone);
  assert.ok(range);
  rmSync(gone, { recursive: true });
  const removed = await host.reconcile(new Set());
  assert.ok(removed.includes(`remains under number ${range.number}`), String(removed));
  assert.deepEqual(tracesOf(range.number, range.name, gone), []);
});

test('names that could lead elsewhere are refused', async () => {
  for (const name of ['', '../x', 'a b', 'a\nlxc.hook', 'Ab']) {
    await assert.rejects(host.create(specOf({ name })), /is no name for a sandbox/);
    await assert.rejects(host.destroy(name), /is no name for a sandbox/);
  }
});

function startMaker(stateFolder: string, name: string): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'make-and-wait.ts'), stateFolder, name], { stdio: ['ignore', 'pipe', 'inherit'], execArgv: [] } as object);
}

async function said(child: ChildProcess, word: string): Promise<void> {
  let heard = '';
  for await (const text of child.stdout!.iterator({ destroyOnReturn: false })) {
    heard += String(text);
    if (heard.includes(`${word}\n`)) return;
  }
  throw new Error(`the maker ended and only said ${JSON.stringify(heard)}`);
}

async function killAndWait(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function ownRanges(owner: string): { number: number; name: string }[] {
  return readdirSync('/run/roundhouse/ranges').flatMap((number) => {
    try {
      const [name, itsOwner] = readlinkSync(`/run/roundhouse/ranges/${number}`).split('@') as [string, string];
      return itsOwner === owner ? [{ number: Number(number), name }] : [];
    } catch {
      return [];
    }
  });
}

function assertOwnsNothing(stateFolder: string): void {
  const inFolder = (folder: string): string[] => (existsSync(join(stateFolder, folder)) ? readdirSync(join(stateFolder, folder)) : []);
  assert.deepEqual([...ownRanges(stateFolder), ...inFolder('sandboxes'), ...inFolder('disks')], []);
}
