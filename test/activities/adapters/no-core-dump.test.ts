// Does a process that dies leave what it remembered in a core file?

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';

const adapter = pathToFileURL(join(import.meta.dirname, '../../../activities/adapters/no-core-dump.ts')).href;
const forbid = `(await import(${JSON.stringify(adapter)})).forbidCoreDumps();`;
/** Elsewhere a program takes the core, and nothing shows in the folder. */
const isWritten = !/^[|/]/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'));

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'rc-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function runNode(folder: string, code: string, as: string[] = []) {
  const [program, ...args] = [...as, process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code];
  return spawnSync('/bin/sh', ['-c', 'ulimit -c unlimited; exec "$0" "$@"', program!, ...args], { cwd: folder, encoding: 'utf8' });
}

suite('a process that is killed', () => {
  for (const signal of ['SIGABRT', 'SIGSEGV', 'SIGQUIT'] as const) {
    const die = `process.kill(process.pid, '${signal}'); setTimeout(() => undefined, 10_000);`;

    test(`by ${signal} leaves no core file`, (t) => {
      const folder = folderOf(t);
      // It must die of the signal itself, not of a failure before it.
      assert.deepEqual([runNode(folder, `${forbid} ${die}`).signal, readdirSync(folder)], [signal, []]);
    });

    test(`by ${signal} would leave one without being told`, (t) => {
      const folder = folderOf(t);
      assert.equal(runNode(folder, die).signal, signal);
      if (isWritten) assert.equal(readdirSync(folder).filter((name) => name.startsWith('core')).length, 1);
    });
  }
});

test('its memory and environment belong to root, and the process works on', (t) => {
  const folder = folderOf(t);
  const owner = "const { statSync } = await import('node:fs'); console.log(statSync('/proc/self/mem').uid, statSync('/proc/self/environ').uid);";
  const [program, ...args] = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : ['env'];
  const asNobody = (code: string): string => runNode('/', code, [program!, ...args]).stdout;
  const uid = process.getuid?.() === 0 ? 65534 : process.getuid!();
  assert.equal(asNobody(owner), `${uid} ${uid}\n`);
  assert.equal(asNobody(`${forbid} ${owner}`), '0 0\n');
  const work = `const { execFileSync } = await import('node:child_process'); const { readdirSync } = await import('node:fs'); console.log(execFileSync('echo', ['works']).toString().trim(), readdirSync('/proc/self/fd').length > 2, process.memoryUsage().rss > 0);`;
  assert.equal(runNode(folder, `${forbid} ${work}`).stdout, 'works true true\n');
});
