// What happens to a repository besides pushes, and what is missed while the app is away. No sandbox is needed: jobs wait for a builder.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance({ builders: [], env: { ROUNDHOUSE_SWEEP_SECONDS: '1', ROUNDHOUSE_PIPELINES_AT_ONCE: '2' } });
});
after(() => instance.stop());

const job = '    steps:\n      - run: "true"\n';
type Line = { owner: string; name: string; number: number; state: string; outcome: string | null; reason?: string };
const builds = async (repository: string): Promise<Line[]> => {
  const { stdout } = await instance.roundhouse('builds', repository, '--json');
  return stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line);
};

test('a push while the app is away becomes checks after it has come back, without anybody asking', async () => {
  const app = instance.started.at(-1)!;
  await app.kill('SIGTERM');
  const sha = await instance.pushJob(job);
  const failed = await instance.github.waitForDelivery(({ event }) => event === 'push', 15_000);
  assert.notEqual(failed.status, 'OK');
  await instance.startApp();
  const check = await instance.github.waitForCheck(instance.repository, sha, ({ name }) => name === 'build', 30_000);
  assert.equal(check.status, 'queued');
  const again = instance.github.deliveries({ event: 'push' }).at(-1)!;
  assert.deepEqual([again.guid, again.redelivery, again.status], [failed.guid, true, 'OK']);
});

test('a renamed repository has its builds under both names', async () => {
  instance.github.renameRepository(instance.repository, 'store');
  await instance.github.settled();
  for (const name of ['acme/store', 'acme/shop']) assert.deepEqual((await builds(name)).map(({ owner, name: now, number }) => `${owner}/${now}#${number}`), ['acme/store#1']);
  for (const name of ['store', 'shop']) assert.equal((await fetch(`${instance.url}/acme/${name}/1`)).status, 200);
});

test('more pipelines than may run wait, and are seen to; when the App is removed all of them end', async () => {
  for (let count = 0; count < 2; count++) await instance.pushJob(job);
  const three = await instance.until('three builds are listed', async () => ((await builds('acme/store')).length === 3 ? builds('acme/store') : null));
  assert.deepEqual(three.map(({ number, state }) => [number, state]).sort(), [[1, 'running'], [2, 'running'], [3, 'waiting']]);
  assert.match(three.find(({ number }) => number === 3)!.reason!, /^waits: 2 pipelines/);
  instance.github.uninstallApp('acme');
  const ended = await instance.until('all have ended', async () => {
    const lines = await builds('acme/store');
    return lines.every(({ state }) => state === 'ended') ? lines : null;
  });
  for (const { outcome, reason } of ended) assert.deepEqual([outcome, reason], ['canceled', 'the GitHub App was removed from acme/store']);
  assert.match(instance.started.at(-1)!.log(), /the GitHub App was removed: open pipelines are canceled/);
});
