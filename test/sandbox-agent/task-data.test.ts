import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { hasHalted, makeTaskData } from '../../sandbox-agent/task-data.ts';
import { run, spec, startAgent } from './agent.ts';

const root = mkdtempSync(join(tmpdir(), 'task-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('any user appends to what bash reads first, and root to it after them, in a folder like /tmp', () => {
  const tmp = join(root, 'tmp');
  mkdirSync(tmp);
  for (const folder of [root, tmp]) execFileSync('chmod', ['1777', folder]);
  const at = { taskData: join(tmp, 'task'), bashEnv: join(tmp, 'task/bash_env') };
  makeTaskData(at);
  assert.equal(readFileSync(at.bashEnv, 'utf8'), '');
  // Not every kernel is set to refuse what the sticky bit lets it refuse.
  assert.equal(statSync(at.taskData).mode & 0o7777, 0o777);
  const append = (uid: number): unknown => execFileSync('/bin/sh', ['-c', `echo ${uid} >> "$BASH_ENV"; touch "$TASK/halt-${uid}"`], { uid, gid: uid, env: { BASH_ENV: at.bashEnv, TASK: at.taskData } });
  for (const uid of [12345, 0, 12346]) append(uid);
  // What is there stays.
  makeTaskData(at);
  assert.equal(readFileSync(at.bashEnv, 'utf8'), '12345\n0\n12346\n');
  assert.equal(hasHalted({ ROUNDHOUSE_HALT_FILE: join(at.taskData, 'halt-12345') }), true);
});

test('where nothing can be written the agent goes on', () => makeTaskData({ taskData: '/proc/task', bashEnv: '/proc/task/bash_env' }));

suite('a job is halted', () => {
  const rows: [name: string, make: (file: string) => unknown, halted: boolean][] = [
    ['by a file', (file) => writeFileSync(file, ''), true],
    ['by nothing less', () => undefined, false],
    ['not by a folder', (file) => mkdirSync(file), false],
    ['not by a link', (file) => symlinkSync('/etc/passwd', file), false],
  ];
  for (const [index, [name, make, halted]] of rows.entries()) {
    test(name, () => {
      make(join(root, String(index)));
      assert.equal(hasHalted({ ROUNDHOUSE_HALT_FILE: join(root, String(index)) }), halted);
    });
  }

  test('as its step says at its end, also when it failed', async (t) => {
    const agent = await startAgent(t);
    const halting = async (index: number, command: string): Promise<unknown> => (await run(agent.client, spec(index, command, { env: { ROUNDHOUSE_HALT_FILE: `${agent.root}/halt-${index}` } }))).ended.halted;
    assert.deepEqual([await halting(0, 'touch $ROUNDHOUSE_HALT_FILE; exit 3'), await halting(1, 'true')], [true, undefined]);
  });
});
