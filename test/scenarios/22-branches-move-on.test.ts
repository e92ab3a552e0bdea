// A branch moves on: what becomes of its older pipelines, and of moves that no webhook tells. No sandbox is needed: jobs wait for a builder.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance({ builders: [], env: { ROUNDHOUSE_SWEEP_SECONDS: '1' } });
});
after(() => instance.stop());

const job = '    steps:\n      - run: "true"\n';
const topic = { branch: 'topic' };
type Line = { number: number; state: string; sha: string };
const builds = async (): Promise<Line[]> => {
  const { stdout } = await instance.roundhouse('builds', instance.repository, '--json');
  return stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line);
};
const check = (sha: string, status: string) => instance.github.waitForCheck(instance.repository, sha, (run) => run.name === 'build' && run.status === status, 30_000);

test('a push cancels what the push before had started, and the check says by which; each push to the default branch stays', async () => {
  const older = await instance.pushJob(job, topic);
  await check(older, 'queued');
  const newer = await instance.pushJob(job, topic);
  const { conclusion, output } = await check(older, 'completed');
  assert.deepEqual([conclusion, /superseded by #2/.test(`${output.title} ${output.summary}`)], ['cancelled', true]);
  await check(newer, 'queued');
  for (const sha of [await instance.pushJob(job), await instance.pushJob(job)]) await check(sha, 'queued');
  assert.deepEqual((await builds()).map(({ number, state }) => `${number} ${state}`).sort(), ['1 ended', '2 running', '3 running', '4 running']);
});

test('a repository that wants none of it says so, and nothing else but its choice changes', async () => {
  const shown = await instance.roundhouse('settings', instance.repository);
  assert.match(shown.stdout, /^auto-cancel +branches +as the installation\nforks +never +as the installation\npipelines-at-once +50 +as the installation\n$/);
  const changed = await instance.roundhouse('settings', instance.repository, '--auto-cancel', 'off');
  assert.match(changed.stdout, /^auto-cancel +off +its own\nforks +never +as the installation\n/);
  const wrong = await instance.roundhouse('settings', instance.repository, '--pipelines-at-once', 'many');
  assert.deepEqual([wrong.code, /It must be a whole number/.test(wrong.stderr)], [2, true]);
  const sha = await instance.pushJob(job, topic);
  await check(sha, 'queued');
  assert.equal((await builds()).find(({ number }) => number === 2)!.state, 'running');
});

test('no webhook gets through for a while: each open head has one pipeline nevertheless', async () => {
  const hook = instance.github.deliveries().at(-1)!.url;
  instance.github.setWebhook('http://127.0.0.1:1/');
  await instance.pushJob(job, topic);
  const heads = [await instance.pushJob(job, topic), await instance.pushJob(job, { branch: 'another' })];
  for (const sha of heads) await check(sha, 'queued');
  // They are sent again now: what is a head already has its pipeline, and the commit in between gets its own.
  instance.github.setWebhook(hook);
  await instance.until('all have arrived', () => {
    const pushes = instance.github.deliveries({ event: 'push' });
    return pushes.every(({ guid }) => pushes.some((each) => each.guid === guid && each.status === 'OK'));
  });
  await instance.github.settled();
  const shas = (await builds()).map(({ sha }) => sha);
  assert.deepEqual(heads.map((head) => shas.filter((sha) => sha === head).length), [1, 1]);
});
