import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { paths } from '../../sandbox-agent/protocol.ts';
import { isAlive, startAgent, until } from './agent.ts';

suite('a program of the agent', { concurrency: true }, () => {
  test('has the connection itself as its output, and a program of the builder as its input', async (t) => {
    const { client, root } = await startAgent(t);
    mkdirSync(join(root, 'files'));
    writeFileSync(join(root, 'files/large'), Buffer.alloc(5_000_000, 'x'));
    const { stream, ended } = await client.tool({ program: 'tar', args: ['-c', 'files'], cwd: root, stream: 'out' });
    const list = spawn('tar', ['-tv'], { stdio: [stream, 'pipe', 'inherit'] });
    stream.destroy();
    assert.match(await text(list.stdout), / 5000000 .* files\/large\n$/);
    assert.deepEqual(await ended, { exitCode: 0, signal: null, errors: '' });
    assert.deepEqual(readdirSync(root + paths.run).filter((name) => name.startsWith('b-')), [], 'no socket is left');
  });

  test('takes its input from a program of the builder', async (t) => {
    const { client, root } = await startAgent(t);
    mkdirSync(join(root, 'from/a'), { recursive: true });
    writeFileSync(join(root, 'from/a/b'), 'content');
    mkdirSync(join(root, 'to'));
    const { stream, ended } = await client.tool({ program: 'tar', args: ['-x'], cwd: join(root, 'to'), stream: 'in' });
    const pack = spawn('tar', ['-c', 'a'], { cwd: join(root, 'from'), stdio: ['ignore', stream, 'inherit'] });
    stream.destroy();
    await once(pack, 'exit');
    assert.equal((await ended).exitCode, 0);
    assert.equal(readFileSync(join(root, 'to/a/b'), 'utf8'), 'content');
  });

  test('that fails says why', async (t) => {
    const { client, root } = await startAgent(t);
    const { stream, ended } = await client.tool({ program: 'tar', args: ['-c', 'nothing-here'], cwd: root, stream: 'out' });
    stream.resume();
    const { exitCode, errors } = await ended;
    assert.equal(exitCode, 2);
    assert.match(errors, /nothing-here: Cannot stat: No such file or directory/);
  });

  test('is killed when the builder no longer wants it', async (t) => {
    const { client, root } = await startAgent(t);
    const abort = new AbortController();
    const { stream, ended } = await client.tool({ program: 'tar', args: ['-x', `--checkpoint-action=exec=true`], cwd: root, stream: 'in' }, abort.signal);
    const tar = await until('tar runs', () => pidOf(root));
    abort.abort();
    await assert.rejects(ended);
    await until('tar is gone', () => !isAlive(tar));
    stream.destroy();
  });

  test('the helper tells checksums, and is not held by a FIFO', async (t) => {
    const { client, root } = await startAgent(t);
    writeFileSync(join(root, 'file'), 'abc');
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const { stream, ended } = await client.tool({ program: 'helper', args: ['checksums'], cwd: root, stream: 'both' });
    stream.end(JSON.stringify(['file', 'fifo', 'missing']));
    assert.deepEqual(JSON.parse(await text(stream)), { file: 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=', fifo: null, missing: null });
    assert.equal((await ended).exitCode, 0);
  });
});

function pidOf(cwd: string): number | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--checkpoint-action') && execFileSync('readlink', [`/proc/${pid}/cwd`], { encoding: 'utf8' }).trim() === cwd) return Number(pid);
    } catch {
      // It has ended.
    }
  }
  return undefined;
}
