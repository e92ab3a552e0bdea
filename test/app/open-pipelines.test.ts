// Many look at the open pipelines; Temporal is asked for few of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPipelines } from '../../app/open-pipelines.ts';
import type { PipelineView } from '../../config-schema/view.ts';

const view = (number: number, change: Partial<PipelineView> = {}): PipelineView => ({ number, state: 'running', startedAt: `2026-05-01T12:00:0${number}Z`, ...change }) as PipelineView;
const numbers = (views: PipelineView[]): number[] => views.map(({ number }) => number);

test('newest first, without those that have ended meanwhile', async () => {
  const views: Record<number, PipelineView | null> = { 1: view(1), 2: null, 3: view(3, { state: 'ended' }), 4: view(4) };
  const look = openPipelines({ list: async () => [1, 2, 3, 4].map((number) => ({ repositoryId: 7, number })), view: async (_id, number) => views[number]! });
  assert.deepEqual(numbers(await look()), [4, 1]);
});

test('all who look within a moment share one look, also one that takes long', async () => {
  let [time, looks] = [0, 0];
  const lists: ((open: { repositoryId: number; number: number }[]) => void)[] = [];
  const look = openPipelines({ list: () => new Promise((resolve) => void ((looks += 1), lists.push(resolve))), view: async (_id, number) => view(number) }, { keepMs: 1000, now: () => time });
  const first = look();
  time = 5000;
  const second = look();
  lists[0]!([{ repositoryId: 7, number: 1 }]);
  assert.deepEqual([numbers(await first), numbers(await second), looks], [[1], [1], 1]);
  time = 5999;
  assert.equal(await look(), await first, 'kept from its end on');
  time = 6000;
  const third = look();
  lists[1]!([]);
  assert.deepEqual([await third, looks], [[], 2]);
});

test('a look that failed is nobody’s answer later', async () => {
  let isAway = true;
  const look = openPipelines({ list: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve([])), view: async () => null });
  await assert.rejects(look(), /away/);
  isAway = false;
  assert.deepEqual(await look(), []);
});
