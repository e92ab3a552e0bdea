import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { serveMirror } from '../../../activities/builder/upload-pack.ts';

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
