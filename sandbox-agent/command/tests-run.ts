// How does a slice run its share of the tests? By the user's command, which is given them on stdin.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectPath } from '../../config-schema/test-location.ts';
import { Refused } from '../refused.ts';
import type { Surroundings } from './surroundings.ts';
import { itemsOf, lines, readOptions, shareOf } from './tests-split.ts';

/** The command's exit code; 0 for a share without tests, for which it is not run. */
export async function runTests(args: string[], around: Surroundings): Promise<number> {
  const { values, positionals } = readOptions('tests run', args, { command: { type: 'string' }, verbose: { type: 'boolean' } });
  const { command } = values;
  if (typeof command !== 'string' || command.trim() === '') throw new Refused('tests run: name the command that is to run the tests: --command="xargs npx jest"');
  if (positionals.length > 0) throw new Refused(`tests run: the tests come on stdin; \`${positionals[0]}\` is not understood. Is the command in quotes?`);
  const items = failedOnly(itemsOf(await around.readStdin()), around);
  const { share, how } = shareOf('tests run', items, values, around);
  if (values['verbose'] === true) {
    around.complain(`tests run: ${share.length} of ${items.length} tests, ${how}`);
    for (const item of share) around.complain(`tests run: ${item}`);
  }
  if (share.length === 0) {
    around.complain('tests run: no tests for this slice.');
    return 0;
  }
  return runCommand(command, lines(share), around);
}

/** When only failed tests are run again: those of the files and classes in which one had failed. */
function failedOnly(items: string[], { env, cwd, complain }: Surroundings): string[] {
  const file = env['ROUNDHOUSE_FAILED_TESTS'];
  if (!file || !existsSync(file)) return items;
  const failed = new Set(readFileSync(file, 'utf8').split('\n').map((line) => projectPath(line, cwd)).filter(Boolean));
  const chosen = items.filter((item) => failed.has(projectPath(item, cwd)));
  if (chosen.length > 0) return chosen;
  // Nothing would run, and the failed job would pass.
  complain('tests run: none of the tests is among those that failed before; all are run.');
  return items;
}

function runCommand(command: string, input: string, { env, complain }: Surroundings): Promise<number> {
  const [shell = '', ...options] = existsSync('/bin/bash') ? ['/bin/bash', '-eo', 'pipefail', '-c'] : ['/bin/sh', '-e', '-c'];
  const stdin = openText(input);
  return new Promise((resolve) => {
    // Before the command can say anything: who hears it may send one at once.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    const child = spawn(shell, [...options, command], { env, stdio: [stdin, 'inherit', 'inherit'] });
    closeSync(stdin);
    child.once('error', (error) => {
      complain(`tests run: ${shell} cannot be run: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** A file without a name. Node's pipes are sockets: bash would take one for a login from afar, and nobody could open it as /dev/stdin. */
function openText(text: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'tests-run-'));
  try {
    writeFileSync(join(folder, 'share'), text);
    return openSync(join(folder, 'share'), 'r');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
