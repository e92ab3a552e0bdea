import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { readKeptOutput } from '../../../../activities/adapters/lxc/kept-output.ts';
import { keptOutputBytes } from '../../../../sandbox-agent/protocol.ts';

const folder = mkdtempSync('/tmp/rh-test-kept-');
after(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(folder, { recursive: true }));
beforeEach(() => execFileSync('mkdir', [folder]));

const [a, b] = ['main-2.a', 'main-2.b'].map((name) => join(folder, name)) as [string, string];
const part = (from: number, text: string): string => String(from).padStart(16, '0') + text;
const read = (from: number): [number, string] => {
  const answer = readKeptOutput(folder, 2, from);
  return [answer.from, answer.bytes.toString()];
};

test('two files that take turns read as one', () => {
  assert.deepEqual(read(5), [5, '']);
  writeFileSync(a, part(0, 'hello'));
  assert.deepEqual([read(0), read(2), read(5), read(9)], [[0, 'hello'], [2, 'llo'], [5, ''], [9, '']]);
  writeFileSync(b, part(5, ' world'));
  assert.deepEqual([read(0), read(3), read(5), read(7)], [[0, 'hello world'], [3, 'lo world'], [5, ' world'], [7, 'orld']]);
  writeFileSync(a, part(11, '!'));
  assert.deepEqual([read(0), read(6), read(11), read(12)], [[5, ' world!'], [6, 'world!'], [11, '!'], [12, '']]);
});

test('what is lost between them is passed over, and known to be', () => {
  writeFileSync(a, part(0, 'one'));
  writeFileSync(b, part(100, 'two'));
  assert.deepEqual([read(0), read(3), read(50)], [[0, 'one'], [100, 'two'], [100, 'two']]);
});

test('whatever root of a sandbox puts in their place leads nowhere, and keeps nobody waiting', () => {
  writeFileSync(join(folder, 'secret'), part(0, 'of the host'));
  symlinkSync(join(folder, 'secret'), a);
  execFileSync('mkfifo', [b]);
  assert.deepEqual(read(0), [0, '']);
  for (const path of [a, b]) rmSync(path);
  writeFileSync(a, 'no header');
  writeFileSync(b, part(0, 'x'.repeat(keptOutputBytes)));
  assert.equal(read(0)[1].length, keptOutputBytes / 2);
  writeFileSync(b, `-${part(0, 'y').slice(1)}`);
  writeFileSync(a, 'sixteen letters!z');
  assert.deepEqual(read(0), [0, 'y']);
});
