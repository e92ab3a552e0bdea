import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

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
