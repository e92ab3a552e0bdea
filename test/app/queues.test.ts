// What waits, what runs, and what is offered, from how open pipelines and builders stand.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { BuilderSight } from '../../activities/builder/announcement.ts';
import { offers, queues, waitedFor } from '../../app/queues.ts';
import type { JobView, PipelineView, SliceView } from '../../config-schema/view.ts';

const now = Date.parse('2026-05-01T12:00:00Z');
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();

const slice = (change: Partial<SliceView>): SliceView => ({ index: 0, attempt: 1, state: 'waiting', outcome: null, notes: [], builder: null, resourceClass: 'small', startedAt: null, endedAt: null, steps: [], ...change });
const view = (slices: SliceView[], job: Partial<JobView> = {}): PipelineView =>
  ({ repository: { id: 7 }, number: 3, state: 'running', startedAt: ago(900), workflows: [{ name: 'w', outcome: null, jobs: [{ name: 'j', state: 'waiting', outcome: null, startedAt: null, endedAt: null, slices, ...job }] }] }) as unknown as PipelineView;
const shape = (views: PipelineView[]): unknown => queues(views, now).map(({ resourceClass, waiting, running, longestMs, medianMs }) => [resourceClass, waiting.map(({ waitedMs }) => waitedMs / 1000), running, longestMs / 1000, medianMs / 1000]);

suite('queues', () => {
  const cases: [title: string, views: PipelineView[], expected: unknown][] = [
    ['nothing', [], []],
    ['one waits', [view([slice({ queuedAt: ago(30) })])], [['small', [30], 0, 30, 30]]],
    ['the longest wait comes first; the median of an even number lies between two', [view([slice({ queuedAt: ago(10) }), slice({ queuedAt: ago(40) })])], [['small', [40, 10], 0, 40, 25]]],
    ['the median of an odd number is one of them', [view([slice({ queuedAt: ago(1) }), slice({ queuedAt: ago(90) }), slice({ queuedAt: ago(5) })])], [['small', [90, 5, 1], 0, 90, 5]]],
    ['what waits for other jobs has not asked for a builder', [view([slice({})])], []],
    ['what runs is counted, what has ended is not', [view([slice({ state: 'running', queuedAt: ago(60), startedAt: ago(50) }), slice({ state: 'ended', queuedAt: ago(60) })])], [['small', [], 1, 0, 0]]],
    ['class by class, in the order of their names', [view([slice({ queuedAt: ago(1), resourceClass: 'xlarge' })]), view([slice({ queuedAt: ago(2), resourceClass: 'large' })])], [['large', [2], 0, 2, 2], ['xlarge', [1], 0, 1, 1]]],
    ['a clock that is ahead makes no negative wait', [view([slice({ queuedAt: ago(-5) })])], [['small', [0], 0, 0, 0]]],
    ['of an earlier version: since its job began', [view([withoutClass(slice({}))], { startedAt: ago(20) })], [['unknown', [20], 0, 20, 20]]],
  ];
  for (const [title, views, expected] of cases) test(title, () => assert.deepEqual(shape(views), expected));

  test('each says of which job it is, and why', () => {
    const [queue] = queues([view([slice({ index: 4, queuedAt: ago(31), reason: 'no builder is connected.' })])], now);
    assert.deepEqual(queue!.waiting, [{ repositoryId: 7, pipeline: 3, workflow: 'w', job: 'j', slice: 4, waitedMs: 31_000, reason: 'no builder is connected.' }]);
  });
});

suite('how long a slice waited', () => {
  const cases: [title: string, change: Partial<SliceView>, expected: number | null][] = [
    ['until there was room, not until its image was there', { queuedAt: ago(60), startedAt: ago(20), prepareMs: 15_000 }, 25_000],
    ['it waits still', { queuedAt: ago(60) }, null],
    ['of an earlier version', { startedAt: ago(20) }, null],
    ['one that began again', { queuedAt: ago(60), startedAt: ago(20), attempt: 2 }, null],
  ];
  for (const [title, change, expected] of cases) test(title, () => assert.equal(waitedFor(slice(change)), expected));
});

test('room is what fits by the scarcer of CPUs and memory, of builders that take work', () => {
  const classes = { small: { cpus: 1, memoryBytes: 2 }, large: { cpus: 4, memoryBytes: 8 } };
  const sight = (change: Partial<BuilderSight>): BuilderSight => ({ id: 'b', version: '1', classes, capacity: { cpus: 8, memoryBytes: 8 }, used: { cpus: 1, memoryBytes: 2 }, draining: false, sandboxes: [], publicKey: {}, connected: true, seenAt: ago(1), ...change });
  assert.deepEqual(offers([sight({}), sight({ used: { cpus: 8, memoryBytes: 0 } }), sight({ draining: true }), sight({ connected: false })]), [
    { resourceClass: 'large', builders: 2, room: 0 },
    { resourceClass: 'small', builders: 2, room: 3 },
  ]);
  assert.deepEqual(offers([sight({ used: { cpus: 9, memoryBytes: 9 } })])[1], { resourceClass: 'small', builders: 1, room: 0 });
});

function withoutClass({ resourceClass: _, ...rest }: SliceView): SliceView {
  return rest;
}
