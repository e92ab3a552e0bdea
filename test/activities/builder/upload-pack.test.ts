import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { serveMirror, uploadPack } from '../../../activities/builder/upload-pack.ts';

test('without git the stream ends with the reason, and the builder lives on', async () => {
  const script = `
    import { uploadPack } from '${new URL('../../../activities/builder/upload-pack.ts', import.meta.url).href}';
    const stream = uploadPack('/nonexistent');
    stream.on('error', (error) => process.stdout.write(error.code + ' '));
    stream.write('0000');
    setTimeout(() => process.stdout.write('alive'), 200);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { env: { PATH: '/nonexistent' } });
  assert.match(stdout, /^(ENOENT|EPIPE) alive$/);
});

const served: [string, boolean][] = [
  ['repository', true],
  ['acme/lib', true],
  ['Acme/LIB', true],
  ['acme/other', false],
  ['acme/lib/../other', false],
  ['/nonexistent', false],
  ['constructor', false],
  ['', false],
];
for (const [name, isServed] of served) {
  test(`${name || 'no name'} is ${isServed ? '' : 'not '}served`, () => {
    const stream = serveMirror(name, { own: '/nonexistent', further: { 'acme/lib': '/nonexistent' } });
    stream?.on('error', () => {}).destroy();
    assert.equal(stream !== null, isServed);
  });
}

test('what git has said before it exited is read to the end, however late', async () => {
  const repository = mkdtempSync(join(tmpdir(), 'upload-pack-'));
  try {
    const git = (...args: string[]): string => execFileSync('git', ['-C', repository, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { encoding: 'utf8' }).trim();
    git('init', '-q');
    // It fits into a pipe, so that git need not wait for its reader.
    writeFileSync(join(repository, 'file'), randomBytes(40_000));
    git('add', '.');
    git('commit', '-q', '-m', 'x');
    const stream = uploadPack(join(repository, '.git'));
    await once(stream, 'readable');
    stream.read();
    stream.write(`0032want ${git('rev-parse', 'HEAD')}\n00000009done\n`);
    const isRunning = (): boolean => readdirSync('/proc').some((pid) => /^\d+$/.test(pid) && read(`/proc/${pid}/cmdline`).includes(`upload-pack\0--strict\0${repository}`));
    while (isRunning()) await sleep(20);
    const answer = await buffer(stream);
    assert.equal(answer.subarray(0, 12).toString(), '0008NAK\nPACK');
    execFileSync('git', ['-C', repository, 'index-pack', '--stdin'], { input: answer.subarray(8) });
    if (!stream.closed) await once(stream, 'close');
  } finally {
    rmSync(repository, { recursive: true });
  }
});

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
