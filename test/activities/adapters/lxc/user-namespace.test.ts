import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, 'ask-for-namespaces.ts');
/** What a builder's process says and whether it lives, when it asks for three user namespaces. */
const ask = async (program: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string[]> => (await promisify(execFile)(program, args, { env })).stdout.trim().split('\n');
const refused = 'start-failed: The sandbox could not be made: this machine allows no user namespace. "roundhouse doctor" says what is missing.';

test('where user namespaces are forbidden the sandbox is refused with a sentence, and the builder lives on', async () => {
  // The limit is of the namespace in which it is set, so that this machine keeps its own.
  const said = await ask('unshare', ['--user', '--map-root-user', 'sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', 'sh', process.execPath, program]);
  assert.deepEqual(said, [refused, refused, refused, 'alive']);
});

test('so it is where there is no unshare', async () => {
  assert.deepEqual(await ask(process.execPath, [program], { PATH: '/nonexistent' }), [refused, refused, refused, 'alive']);
});

test('elsewhere the namespaces are made', async () => {
  assert.deepEqual(await ask(process.execPath, [program]), ['made', 'made', 'made', 'alive']);
});
