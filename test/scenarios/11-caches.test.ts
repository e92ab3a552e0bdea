// Caches from push to check: saved by one pipeline, restored by the next, apart by branch, shared by builders.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

/** Pushes a job with these steps and answers the logs of all of them, one after the other. */
async function logOf(steps: string[], { branch = 'main', files = {}, conclusion = 'success' }: { branch?: string; files?: Record<string, string>; conclusion?: string } = {}): Promise<string> {
  const config = `version: 2.1\njobs:\n  build:\n    docker:\n      - image: debian:bookworm\n    steps:\n${steps.map((step) => `      - ${step}\n`).join('')}`;
  const sha = await instance.push({ '.circle.yml': config, ...files }, { branch });
  const check = await instance.check(sha);
  assert.equal(check.conclusion, conclusion, check.output.summary!);
  const view = await instance.ended(sha);
  const logs: string[] = [];
  for (let step = 0; step < steps.length; step++) logs.push(await instance.logOf(view, { workflow: 'workflow', step }));
  return logs.join('');
}

const fill = (content: string): string => `run: mkdir -p ~/.npm && echo ${content} >~/.npm/file`;
const show = 'run: cat ~/.npm/file; echo changed >~/.npm/file';
const save = (key: string): string => `save_cache: {key: '${key}', paths: [~/.npm]}`;
const restore = (...keys: string[]): string => `restore_cache: {keys: [${keys.map((key) => `'${key}'`).join(', ')}]}`;

test('what one pipeline saves the next one has, mounted; and what that one writes into it stays with it', async () => {
  assert.match(await logOf(['checkout', restore('v1-{{ checksum "lock" }}', 'v1-'), fill('one'), save('v1-{{ checksum "lock" }}')], { files: { lock: '1' } }), /No cache is found for key: v1-\S+=\nNo cache is found for key: v1-\n.*Saved \d+ kB/s);
  for (let round = 0; round < 2; round++) {
    assert.match(await logOf(['checkout', restore('v1-{{ checksum "lock" }}'), show]), /Found a cache from build 1 at v1-\S+=\n(Unpacked .*\n)?Mounted \d+ kB at \/root\/\.npm in \d+ ms\none\n$/);
  }
});

test('another lock file misses it, and takes the newest of the beginning', async () => {
  assert.match(await logOf(['checkout', restore('v1-{{ checksum "lock" }}', 'v1-'), show, fill('two'), save('v1-{{ checksum "lock" }}')], { files: { lock: '2' } }), /No cache is found for key: v1-\S+=\nFound a cache from build 1 at .*\none\nSaved/s);
  assert.match(await logOf([restore('v1-'), show]), /\ntwo\n$/);
});

test('a key that is taken is left alone', async () => {
  assert.match(await logOf([fill('three'), save('same')]), /^Saved/);
  assert.match(await logOf([fill('four'), save('same'), 'run: rm -r ~/.npm', restore('same'), show]), /^Skipping cache generation, cache already exists for key: same\nFound a cache .*\nthree\n$/s);
});

test('a checksum of a file that is not there fails the job, in the words of the original', async () => {
  assert.match(await logOf([restore('v1-{{ checksum "package-lock.json" }}')], { conclusion: 'failure' }), /error computing cache key: template: cacheKey:1:6: executing "cacheKey" at <checksum "package-lock.json">: error calling checksum: open .*package-lock\.json: no such file or directory/);
});

test('check 22: what a branch saves the default branch does not see; a branch sees what the default branch saves', async () => {
  await logOf([fill('main'), save('shared-main')]);
  assert.match(await logOf([restore('shared-'), show, 'run: echo poisoned >~/.npm/file', save('shared-own')], { branch: 'feature' }), /Found a cache .* at shared-main\n.*\nmain\nSaved/s);
  assert.match(await logOf([restore('shared-'), show], { branch: 'feature' }), /Found a cache .* at shared-own\n.*\npoisoned\n$/s);
  assert.match(await logOf([restore('shared-own', 'shared-'), show], { branch: 'main' }), /^No cache is found for key: shared-own\nFound a cache .* at shared-main\n.*\nmain\n$/s);
});

test('`cache_mount: false` copies', async () => {
  assert.match(await logOf(["restore_cache: {key: v1-, cache_mount: false}", 'run: cat ~/.npm/file; grep -c npm /proc/mounts || true']), /\nCopied \d+ kB to \/root\/\.npm in .*, since cache_mount is false\ntwo\n0\n$/);
});

test('another builder has it, too', async () => {
  await instance.started.find((each) => each.log().includes('the builder takes work'))!.kill('SIGTERM');
  await instance.startBuilder('b2');
  assert.match(await logOf([restore('v1-'), show]), /^Found a cache .*\nFetched \d+ kB and unpacked \d files .*\nMounted .*\ntwo\n$/);
});
