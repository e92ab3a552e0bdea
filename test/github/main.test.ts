import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-github-main-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function start(args: string[], input: 'pipe' | 'ignore'): Promise<{ child: ChildProcess; ready: any; call: (name: string, ...args: unknown[]) => Promise<any> }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { stdio: [input, 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<any> => JSON.parse(((await lines.next()) as { value: string }).value);
  const ready = await next();
  return {
    child,
    ready,
    async call(name, ...rest) {
      child.stdin?.write(`${JSON.stringify({ id: 7, call: name, arguments: rest })}\n`);
      const answer = await next();
      assert.equal(answer.id, 7);
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.result;
    },
  };
}

test('as a process it says where it is, does as it is told, and ends with its driver', async () => {
  const keyFile = join(folder, 'app.pem');
  const { child, ready, call } = await start(['--app-id', '42', '--app-key', keyFile, '--webhook-secret', 'shh'], 'pipe');
  assert.deepEqual([ready.app.id, ready.app.webhookSecret, ready.app.privateKey === (await readFile(keyFile, 'utf8'))], [42, 'shh', true]);
  await call('createUser', 'alice');
  const repository = await call('createRepository', { owner: 'alice', name: 'app' });
  assert.equal(repository.cloneUrl, `${ready.url}/alice/app.git`);
  await assert.rejects(call('createRepository', { owner: 'nobody', name: 'app' }), /no account nobody/);
  await assert.rejects(call('constructor'), /there is no call constructor/);
  assert.equal((await fetch(`${ready.apiUrl}/repos/alice/app`)).status, 200);
  child.stdin?.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await assert.rejects(access(ready.folder));
});

test('without an input it stays until it is told to end', async () => {
  const repositories = join(folder, 'repositories');
  const { child, ready } = await start(['--folder', repositories], 'ignore');
  assert.equal((await fetch(ready.url)).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await access(repositories);
});
