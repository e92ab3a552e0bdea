// Is the drawing of a workflow readable, and is what it says about time true?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { criticalPath } from '../../../app/page/pipelines/critical-path.ts';
import { layoutGraph, nodeHeight, nodeWidth, type GraphNode, type Layout } from '../../../app/page/pipelines/graph-layout.ts';
import { phasesOf, timingOf } from '../../../app/page/pipelines/timing.ts';
import type { SliceView } from '../../../config-schema/view.ts';
import { at, failedView, jobOf, oldView, runningView, sliceOf } from './pipeline-scene.ts';

/** `c: a b` waits for a and b. */
const jobs = (...lines: string[]): GraphNode[] => lines.map((line) => ({ name: line.split(':')[0]!, requires: (line.split(':')[1] ?? '').split(' ').filter(Boolean) }));
const layersOf = (layout: Layout): string[] => {
  const layers: string[][] = [];
  for (const { name, layer } of [...layout.nodes].sort((a, b) => a.y - b.y)) (layers[layer] ??= []).push(name);
  return layers.map((layer) => layer.join(' '));
};
const edgesOf = ({ edges }: Layout): string[] => edges.map(({ from, to }) => `${from}>${to}`).sort();

suite('layout', () => {
  const cases: [what: string, jobs: GraphNode[], layers: string[], edges: string[]][] = [
    ['nothing', [], [], []],
    ['one job', jobs('a'), ['a'], []],
    ['a chain', jobs('a', 'b: a', 'c: b'), ['a', 'b', 'c'], ['a>b', 'b>c']],
    ['a diamond', jobs('a', 'b: a', 'c: a', 'd: b c'), ['a', 'b c', 'd'], ['a>b', 'a>c', 'b>d', 'c>d']],
    ['the longest way says the layer', jobs('a', 'b: a', 'c: b', 'd: a', 'e: c d'), ['a', 'b d', 'c', 'e'], ['a>b', 'a>d', 'b>c', 'c>e', 'd>e']],
    ['what is implied is not drawn', jobs('a', 'b: a', 'c: a b', 'd: a c'), ['a', 'b', 'c', 'd'], ['a>b', 'b>c', 'c>d']],
    ['crossings are undone', jobs('a', 'b', 'c: b', 'd: a'), ['a b', 'd c'], ['a>d', 'b>c']],
    ['what is not there is not waited for', jobs('a: ghost', 'b: a a'), ['a', 'b'], ['a>b']],
    ['a circle is cut', jobs('a: c', 'b: a', 'c: b'), ['b', 'c', 'a'], ['b>c', 'c>a']],
  ];
  for (const [what, given, layers, edges] of cases) {
    test(what, () => {
      const layout = layoutGraph(given);
      assert.deepEqual(layersOf(layout), layers);
      assert.deepEqual(edgesOf(layout), edges);
    });
  }

  test('a hundred jobs in diamonds: nothing overlaps, and lines pass between the jobs', () => {
    // Ten rounds of: one job, eight beside one another that wait for it, one that waits for them; and one that skips every round.
    const sides = (round: number): string[] => Array.from({ length: 8 }, (_, i) => `side${round}-${i}`);
    const round = (n: number): string[] => [`fork${n}: ${n === 0 ? 'first' : `join${n - 1}`}`, ...sides(n).map((side) => `${side}: fork${n}`), `join${n}: ${sides(n).join(' ')}`];
    const all = jobs('first', ...Array.from({ length: 10 }, (_, n) => round(n)).flat(), 'late: first', 'last: join9 late');
    const layout = layoutGraph(all);
    assert.equal(layout.nodes.length, 103);
    for (const one of layout.nodes) {
      assert.ok(one.x >= 0 && one.x + nodeWidth <= layout.width && one.y >= 0 && one.y + nodeHeight <= layout.height, one.name);
      for (const other of layout.nodes) assert.ok(one === other || one.layer !== other.layer || Math.abs(one.y - other.y) >= nodeHeight, `${one.name} and ${other.name}`);
    }
    for (const { from, to, points } of layout.edges) {
      for (const [x, y] of points) {
        const through = layout.nodes.find((node) => node.name !== from && node.name !== to && x > node.x && x < node.x + nodeWidth && y > node.y && y < node.y + nodeHeight);
        assert.equal(through, undefined, `${from} to ${to} runs through ${through?.name}`);
      }
      for (let i = 0; i < points.length - 1; i++) assert.ok(points[i]![0] < points[i + 1]![0], 'from left to right');
    }
    assert.ok(layout.height < 12 * (nodeHeight + 20), `${layout.height} high`);
  });
});

suite('critical path', () => {
  const view = (...all: ReturnType<typeof jobOf>[]) => ({ workflows: [{ name: 'w', outcome: null, jobs: all }] });
  const job = (name: string, requires: string[], from: number, to: number | null): ReturnType<typeof jobOf> => jobOf(name, requires, [sliceOf(0, [from, from, to], to === null ? null : 'passed')], to === null ? null : 'passed');
  const noOp = (name: string, requires: string[], end: number): ReturnType<typeof jobOf> => jobOf(name, requires, [], 'passed', { endedAt: at(end) });
  const cases: [what: string, view: ReturnType<typeof view>, path: string[]][] = [
    ['nothing', view(), []],
    ['a single job', view(job('a', [], 0, 5)), ['a/0']],
    ['the later of two', view(job('a', [], 0, 5), job('b', [], 0, 9), job('c', ['a', 'b'], 9, 12)), ['b/0', 'c/0']],
    ['of equal ones the first', view(job('a', [], 0, 5), job('b', [], 0, 5), job('c', ['a', 'b'], 5, 12)), ['a/0', 'c/0']],
    ['not what nobody waited for', view(job('a', [], 0, 5), job('long', [], 0, 8), job('c', ['a'], 5, 12)), ['a/0', 'c/0']],
    ['what ends last, though little waits for it', view(job('a', [], 0, 5), job('b', ['a'], 5, 6), job('long', [], 0, 20)), ['long/0']],
    ['through a job that runs nothing', view(job('a', [], 0, 5), noOp('gate', ['a'], 5), job('c', ['gate'], 5, 9)), ['a/0', 'gate/null', 'c/0']],
    ['to what runs', view(job('a', [], 0, 5), job('b', ['a'], 5, null), job('c', ['a'], 5, 30)), ['a/0', 'b/0']],
    ['not to what never began', view(job('a', [], 0, 5), jobOf('b', ['a'], [sliceOf(0, [null, null, null], null)], 'not-run', { endedAt: at(5) })), ['a/0']],
    ['by the slice that ended last', view(jobOf('a', [], [sliceOf(0, [0, 0, 5], 'passed'), sliceOf(1, [0, 0, 9], 'passed'), sliceOf(2, [0, 0, 7], 'passed')], 'passed'), job('b', ['a'], 9, 10)), ['a/1', 'b/0']],
    ['in a circle, once around', view(job('a', ['b'], 0, 5), job('b', ['a'], 0, 9)), ['a/0', 'b/0']],
  ];
  for (const [what, given, path] of cases) test(what, () => assert.deepEqual(criticalPath(given).map((one) => `${one.job}/${one.slice}`), path));

  test('of two workflows that of the later one', () => {
    const two = { workflows: [...view(job('a', [], 0, 5)).workflows, { name: 'v', outcome: null, jobs: [job('b', [], 0, 6)] }] };
    assert.deepEqual(criticalPath(two), [{ workflow: 'v', job: 'b', slice: 0 }]);
  });

  test('none where a summary of an earlier version does not say what waited for what', () => assert.deepEqual(criticalPath(oldView()), []));
});

suite('timing', () => {
  const base = Date.parse(at(0));
  const phases = (slice: SliceView, kinds: string[] | null, now = 100): string[] => phasesOf(slice, kinds, base + now * 1000).map(({ kind, from, to }) => `${kind} ${(from - base) / 1000}-${(to - base) / 1000}`);
  const run = ['checkout', 'run', 'run'];
  const cases: [what: string, slice: SliceView, kinds: string[] | null, phases: string[]][] = [
    ['nothing asked for yet', sliceOf(0, [null, null, null], null), run, []],
    ['it waits', sliceOf(0, [10, null, null], null), run, ['queue 10-100']],
    ['it ended before there was room', sliceOf(0, [10, null, 30], 'broken'), run, ['queue 10-30']],
    ['all of it', sliceOf(0, [10, 20, 60], 'passed', [['Checkout code', 20, 5], ['a', 25, 10], ['b', 35, 25]]), run, ['queue 10-18.2', 'prepare 18.2-20', 'checkout 20-25', 'steps 25-60']],
    ['a pause between steps shows', sliceOf(0, [10, 20, 60], 'passed', [['Checkout code', 20, 5], ['a', 25, 10], ['b', 40, 20]]), run, ['queue 10-18.2', 'prepare 18.2-20', 'checkout 20-25', 'steps 25-35', 'steps 40-60']],
    ['a step runs', sliceOf(0, [10, 20, null], null, [['Checkout code', 20, 5], ['a', 25, null]]), run, ['queue 10-18.2', 'prepare 18.2-20', 'checkout 20-25', 'steps 25-100']],
    ['services run beside the steps', sliceOf(0, [10, 20, 60], 'passed', [['a', 20, 30], ['service db', 20, 40]]), ['run'], ['queue 10-18.2', 'prepare 18.2-20', 'steps 20-50']],
    ['services without a plan', sliceOf(0, [10, 20, 60], 'passed', [['a', 20, 30], ['service db', 20, 40]]), null, ['queue 10-18.2', 'prepare 18.2-20', 'steps 20-50']],
    ['an earlier version knew only its begin', { ...sliceOf(0, [null, 20, 60], 'passed'), prepareMs: undefined } as unknown as SliceView, null, ['steps 20-60']],
    ['a sandbox took longer than since the first attempt asked', sliceOf(0, [10, 11, 60], 'passed', [], { attempt: 2 }), run, ['prepare 10-11', 'steps 11-60']],
  ];
  for (const [what, slice, kinds, expected] of cases) test(what, () => assert.deepEqual(phases(slice, kinds), expected));

  test('a bar for each slice, and what was critical among them', () => {
    const { bars, from, to, hasPath } = timingOf(failedView(), () => null, 0);
    assert.deepEqual(bars.map(({ job, slice, isCritical }) => `${job} ${slice}${isCritical ? ' !' : ''}`), ['build 0 !', 'lint 0', 'unit tests 0', 'unit tests 1', 'unit tests 2', 'unit tests 3', 'browser tests 0 !', 'image 0']);
    assert.equal(to - from, 162_000);
    assert.equal(hasPath, true);
  });

  test('while it runs, time goes on until now', () => {
    const { bars, to } = timingOf(runningView(), () => null, Date.parse(at(200)));
    assert.equal(to, Date.parse(at(200)));
    assert.equal(bars.find(({ job }) => job === 'browser tests')!.phases.at(-1)!.kind, 'queue');
  });

  test('a job of very many slices gets one bar', () => {
    const view = failedView();
    view.workflows[0]!.jobs[2]!.slices = Array.from({ length: 500 }, (_, i) => sliceOf(i, [48, 50 + i / 100, 100 + i / 100], 'passed', [['a', 50 + i / 100, 50]]));
    const bar = timingOf(view, () => null, 0).bars.filter(({ job }) => job === 'unit tests');
    assert.equal(bar.length, 1);
    assert.deepEqual(bar[0]!.phases.map(({ kind, from, to }) => `${kind} ${(from - base) / 1000}-${(to - base) / 1000}`), ['queue 48-48.2', 'prepare 48.2-50', 'steps 50-104.99']);
  });
});
