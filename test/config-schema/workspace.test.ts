import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findClashes, upstreamJobs, type PlacedLayer } from '../../config-schema/workspace.ts';
import type { PlanWorkflow } from '../../config-schema/plan.ts';

/** `c: a b` for a job and what it requires. */
function workflow(...lines: string[]): Pick<PlanWorkflow, 'jobs'> {
  return {
    jobs: lines.map((line) => {
      const [name = '', requires = ''] = line.split(':');
      return { name, type: 'build', job: name, requires: requires.split(' ').filter(Boolean).map((job) => ({ job, statuses: ['success'] })), contexts: [], serialGroup: null, key: null, planName: null };
    }),
  };
}

const diamond = workflow('last: left right', 'left: first', 'right: first', 'first:', 'apart:', 'later: last');

suite('upstream jobs, each after what it requires', () => {
  for (const [job, expected] of [
    ['first', ''],
    ['left', 'first'],
    ['last', 'first left right'],
    ['later', 'first left right last'],
    ['apart', ''],
    ['unknown', ''],
  ] as const)
    test(`of ${job}`, () => assert.deepEqual(upstreamJobs(diamond, job).map(({ name }) => name).join(' '), expected));

  test('a long chain', () => {
    const chain = workflow('j0:', ...Array.from({ length: 1000 }, (_, i) => `j${i + 1}: j${i}`));
    assert.equal(upstreamJobs(chain, 'j1000').length, 1000);
  });
});

suite('two layers of which neither comes after the other must not hold one path', () => {
  const layer = (job: string, files: string, slice = 0): PlacedLayer => ({ job, slice, files: files.split(' ') });
  const rows: [name: string, layers: PlacedLayer[], clashes: string][] = [
    ['jobs side by side, different paths', [layer('left', 'a b'), layer('right', 'c')], ''],
    ['jobs side by side, one path', [layer('left', 'a b'), layer('right', 'b c')], 'b left/0 right/0'],
    ['a job after the other overwrites', [layer('first', 'a'), layer('left', 'a')], ''],
    ['far after the other', [layer('first', 'a'), layer('last', 'a')], ''],
    ['two steps of one slice', [layer('left', 'a'), layer('left', 'a')], ''],
    ['two slices of one job', [layer('left', 'a', 0), layer('left', 'a', 1)], 'a left/0 left/1'],
    ['a common ancestor hides nothing', [layer('first', 'a'), layer('left', 'a'), layer('right', 'a')], 'a left/0 right/0'],
    ['jobs that have nothing to do with each other', [layer('apart', 'a'), layer('first', 'a')], 'a apart/0 first/0'],
    ['no more than asked for', [layer('left', 'a b c d e'), layer('right', 'a b c d e')], 'a left/0 right/0; b left/0 right/0; c left/0 right/0'],
  ];
  for (const [name, layers, expected] of rows)
    test(name, () =>
      assert.equal(
        findClashes(layers, diamond, 3)
          .map(({ path, layers: [a, b] }) => `${path} ${a.job}/${a.slice} ${b.job}/${b.slice}`)
          .join('; '),
        expected,
      ));
});
