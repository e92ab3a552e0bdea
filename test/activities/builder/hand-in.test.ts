import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { handInFor, keep, mayContinue } from '../../../activities/builder/hand-in.ts';
import { getJson, putJson, type ObjectStore } from '../../../activities/object-store.ts';
import { planKey } from '../../../config-schema/address.ts';
import { continuationKey, type StoredContinuation } from '../../../config-schema/continuation.ts';
import type { Plan } from '../../../config-schema/plan.ts';

const slice = { repositoryId: 42, pipeline: 7, workflow: 'ci', job: 'choose', slice: 0 };
const handed = (path: string) => ({ path, configuration: 'version: 2.1', parameters: {} });

async function open(t: TestContext): Promise<{ store: ObjectStore; kept: () => Promise<string | undefined> }> {
  const folder = await mkdtemp(join(tmpdir(), 'hand-in-'));
  t.after(() => rm(folder, { recursive: true }));
  const store = fileStore(folder);
  return { store, kept: async () => (await getJson<StoredContinuation>(store, continuationKey(42, 7)))?.path };
}

suite('a pipeline goes on once', () => {
  test('the same may be handed in again, as after a crash of the builder', async (t) => {
    const { store, kept } = await open(t);
    assert.deepEqual([await keep(store, slice, 1, handed('a')), await keep(store, slice, 1, handed('a'))], [null, null]);
    assert.equal(await kept(), 'a');
  });

  for (const [what, other, attempt] of [
    ['another text', slice, 1],
    ['another slice', { ...slice, slice: 1 }, 2],
    ['another job', { ...slice, job: 'other' }, 2],
    ['another workflow', { ...slice, workflow: 'other' }, 2],
  ] as const)
    test(`${what} is refused`, async (t) => {
      const { store, kept } = await open(t);
      await keep(store, slice, 1, handed('a'));
      assert.equal(await keep(store, other, attempt, handed('b')), 'A pipeline goes on once, and job choose has handed in a config before.');
      assert.equal(await kept(), 'a');
    });

  test('of a slice that starts anew the later attempt counts, until the pipeline has gone on', async (t) => {
    const { store, kept } = await open(t);
    await keep(store, slice, 1, handed('a'));
    assert.equal(await keep(store, slice, 2, handed('b')), null);
    await putJson(store, planKey(42, 7), { continuation: {} });
    assert.match((await keep(store, slice, 3, handed('c'))) ?? '', /goes on once/);
    assert.equal(await kept(), 'b');
  });
});

test('only jobs of a setup config may hand in', () => {
  const plan = (setup: boolean, ...names: string[]): Plan => ({ setup, workflows: names.map((name) => ({ name })) }) as Plan;
  const continuation = { config: { path: '', text: '' }, warnings: [], setup: plan(true, 'ci') };
  assert.equal(mayContinue({ plan: plan(true, 'ci') }, 'ci'), true);
  assert.equal(mayContinue({ plan: plan(false, 'ci') }, 'ci'), false);
  assert.deepEqual(['ci', 'test'].map((name) => mayContinue({ plan: plan(true, 'ci', 'test'), continuation }, name)), [true, false]);
});

test('from outside of the sandbox only what is a config, for a job of a setup config, is kept', async (t) => {
  const { store, kept } = await open(t);
  await putJson(store, planKey(42, 7), { plan: { setup: true, workflows: [{ name: 'ci' }] } });
  assert.match((await handInFor(store, slice, 1, { ...handed('a'), parameters: { deep: [] } as never })) ?? '', /^The config that was handed in cannot be used: its parameter deep is not/);
  assert.match((await handInFor(store, { ...slice, workflow: 'other' }, 1, handed('a'))) ?? '', /^Job choose is not of a setup config/);
  assert.equal(await kept(), undefined);
  assert.equal(await handInFor(store, slice, 1, handed('a')), null);
  assert.equal(await kept(), 'a');
});
