import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import type { DataEnd } from '../../../../activities/builder/data-step.ts';
import { testResultSteps } from '../../../../activities/builder/test-results/steps.ts';
import { splitsAs, timingsFor } from '../../../../activities/builder/test-results/timings.ts';
import { checkOutput, jobReport } from '../../../../activities/control/check-output.ts';
import { failedTests, keepTimings } from '../../../../activities/control/test-reports.ts';
import type { ObjectStore } from '../../../../activities/object-store.ts';
import type { SliceKey } from '../../../../config-schema/address.ts';
import { timingsKey } from '../../../../config-schema/test-report.ts';
import { readTimings } from '../../../../config-schema/test-timings.ts';
import type { JobView, PipelineView } from '../../../../config-schema/view.ts';
import { dataScene } from '../data-scene.ts';

const xml = (cases: string): string => `<testsuite name="s">${cases}</testsuite>`;
const broken = xml('<testcase classname="Cart" name="adds" file="test/cart.py" line="7" time="2"><failure message="1 != 2">test/cart.py:7: assert</failure></testcase><testcase name="ok" classname="Cart" file="test/cart.py" time="1"/><testcase name="later" classname="Cart"><skipped/></testcase>');

const config = 'version: 2.1\njobs: {test: {docker: [{image: a}], steps: [store_test_results: {path: r}]}}\nworkflows: {ci: {jobs: [test]}}\n';

/** A run of the step, in a sandbox with these files. */
async function scene(t: TestContext, files: Record<string, string>): Promise<{ store: ObjectStore; run: Run; folder: string }> {
  const { store, work, run } = await dataScene(t, config);
  await write(work, files);
  return { store, run: run('test', 0), folder: work };
}

type Run = ReturnType<Awaited<ReturnType<typeof dataScene>>['run']>;

const keep = ({ store, run }: { store: ObjectStore; run: Run }, path: string): Promise<DataEnd> => testResultSteps({ store }).store_test_results(run, { kind: 'store_test_results', name: 'results', when: 'always', path });

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const ended = (tests: { total: number; failed: number; skipped: number }): JobView => ({
  name: 'test',
  state: 'ended',
  outcome: 'failed',
  startedAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:00:01Z',
  slices: [{ index: 0, attempt: 1, state: 'ended', outcome: 'failed', notes: [], builder: 'b', startedAt: null, endedAt: null, steps: [{ name: 'results', state: 'ended', startedAt: null, result: { name: 'results', outcome: 'passed', exitCode: null, signal: null, durationMs: 1, tests } }] }],
});

const place = ({ slice: { slice: _, ...job } }: Run): Omit<SliceKey, 'slice'> => job;

suite('store_test_results', { concurrency: true }, () => {
  test('reads a folder with all below it, but nothing hidden, and says what failed', async (t) => {
    const at = await scene(t, { 'results/a.xml': broken, 'results/deep/er/b.XML': xml('<testcase name="x" time="1"/>'), 'results/.hidden/c.xml': xml('<testcase name="y"/>'), 'results/notes.txt': 'no' });
    assert.deepEqual(await keep(at, 'results'), { outcome: 'passed', tests: { total: 4, failed: 1, skipped: 1 } });
    assert.deepEqual(at.run.said, ['2 files: 4 tests, 1 failed, 1 skipped', '  failed: Cart adds (test/cart.py:7)']);
  });

  test('a failure with its file and line becomes an annotation of the check, and stands in its summary', async (t) => {
    const at = await scene(t, { 'r.xml': broken });
    const { tests } = await keep(at, 'r.xml');
    const job = ended(tests!);
    const output = checkOutput(jobReport(job, { detailsUrl: 'http://x', failedTests: await failedTests(at.store, place(at.run), job) }));
    assert.deepEqual(output.annotations, [{ path: 'test/cart.py', startLine: 7, endLine: 7, level: 'failure', title: 'Cart adds', message: 'test/cart.py:7: assert' }]);
    assert.match(output.summary, /Tests: 3 tests, 1 failed, 1 skipped\./);
    assert.match(output.summary, /Cart adds.*test\/cart\.py:7.*1 != 2/);
  });

  const rows: [string, Record<string, string>, string, RegExp][] = [
    ['a path that is not there', {}, 'missing', /^There is nothing at missing: no test results are stored/],
    ['a folder without results', { 'r/notes.txt': 'x' }, 'r', /^There is no file that ends in \.xml in r/],
    ['a file that is no XML', { 'r.xml': '<testsuite><testcase' }, 'r.xml', /^r\.xml: the file is not well-formed XML/],
    ['a bomb of entities', { 'r.xml': '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><testsuite name="&b;"/>' }, 'r.xml', /^r\.xml: the file is not well-formed XML.*DOCTYPE/],
  ];
  for (const [name, files, path, said] of rows)
    test(`${name}: the step passes and says so`, async (t) => {
      const at = await scene(t, files);
      assert.equal((await keep(at, path)).outcome, 'passed');
      assert.match(at.run.said[0]!, said);
    });

  test('is not held by a FIFO that is called like a result', async (t) => {
    const at = await scene(t, {});
    await mkdir(join(at.folder, 'r'));
    execFileSync('mkfifo', [join(at.folder, 'r/a.xml')]);
    await keep(at, 'r');
    await keep(at, 'r/a.xml');
    assert.match(at.run.said[0]!, /^There is no file/);
  });
});

test('all slices of a job split by the timings that the first of them found, whatever ends meanwhile', async (t) => {
  const at = await scene(t, { 'r.xml': broken });
  const { store } = at;
  const slice = { ...at.run.slice, pipeline: 13 };
  const { tests } = await keep(at, 'r.xml');
  const view = { repository: { id: slice.repositoryId, owner: 'acme', name: 'shop' }, number: at.run.slice.pipeline, trust: 'T2', workflows: [{ name: 'ci', outcome: 'failed', jobs: [ended(tests!)] }] } as unknown as PipelineView;

  assert.equal(await timingsFor(store, { ...slice, pipeline: 11 }, 'T1'), null, 'nothing is known yet');
  await keepTimings(store, view);
  assert.deepEqual(readTimings((await timingsFor(store, slice, 'T1'))!)?.file, { 'test/cart.py': 3 });
  assert.equal(await timingsFor(store, { ...slice, pipeline: 11, slice: 1 }, 'T1'), null, 'its first slice knew nothing');

  const before = await timingsFor(store, slice, 'T1');
  await write(at.folder, { 'r.xml': broken.replace('time="2"', 'time="20"') });
  await keep(at, 'r.xml');
  await keepTimings(store, view);
  assert.equal(await timingsFor(store, { ...slice, slice: 1 }, 'T1'), before);
  assert.deepEqual(readTimings((await timingsFor(store, { ...slice, pipeline: 14 }, 'T2'))!)?.file, { 'test/cart.py': 21 });
  assert.equal(await timingsFor(store, { ...slice, pipeline: 15, job: 'other' }, 'T2'), null);

  const inRerun = { ...slice, pipeline: 16, slice: 1 };
  const record = { carried: [{ workflow: slice.workflow, job: slice.job, ranIn: [13, 16] }] };
  assert.equal(await timingsFor(store, splitsAs(record, inRerun), 'T1'), before, 'a slice that runs again in another pipeline does as its siblings');
  assert.deepEqual(splitsAs(record, { ...inRerun, job: 'other' }), { ...inRerun, job: 'other' });

  const carried = { ...view, number: 17, trust: 'T1', workflows: [{ name: 'ci', outcome: 'passed', jobs: [{ ...ended(tests!), carriedFrom: view.number }] }] } as PipelineView;
  await keepTimings(store, carried);
  assert.equal(await store.head(timingsKey(slice.repositoryId, 'T1', slice)), undefined, 'what was carried over has left its timings already');
});
