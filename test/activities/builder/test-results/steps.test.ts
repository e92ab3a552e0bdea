import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { fileStore } from '../../../../activities/adapters/file-store.ts';
import { testResultSteps } from '../../../../activities/builder/test-results/steps.ts';
import { timingsFor } from '../../../../activities/builder/test-results/timings.ts';
import { checkOutput, jobReport } from '../../../../activities/control/check-output.ts';
import { failedTests, keepTimings } from '../../../../activities/control/test-reports.ts';
import type { ObjectStore } from '../../../../activities/object-store.ts';
import { readTimings } from '../../../../config-schema/test-timings.ts';
import type { JobView, PipelineView } from '../../../../config-schema/view.ts';
import { startRun, type TestRun } from '../data-run.ts';

const xml = (cases: string): string => `<testsuite name="s">${cases}</testsuite>`;
const broken = xml('<testcase classname="Cart" name="adds" file="test/cart.py" line="7" time="2"><failure message="1 != 2">test/cart.py:7: assert</failure></testcase><testcase name="ok" classname="Cart" file="test/cart.py" time="1"/><testcase name="later" classname="Cart"><skipped/></testcase>');

async function storeOf(t: TestContext): Promise<ObjectStore> {
  const folder = await mkdtemp(join(tmpdir(), 'rh-test-results-'));
  t.after(() => rm(folder, { recursive: true }));
  return fileStore(folder);
}

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

const place = ({ run }: TestRun): { repositoryId: number; pipeline: number; workflow: string; job: string } => ({ repositoryId: run.slice.repositoryId, pipeline: run.slice.pipeline, workflow: run.slice.workflow, job: run.slice.job });

suite('store_test_results', { concurrency: true }, () => {
  test('reads a folder with all below it, but nothing hidden, and says what failed', async (t) => {
    const store = await storeOf(t);
    const started = await startRun(t);
    await write(started.folder, { 'results/a.xml': broken, 'results/deep/er/b.XML': xml('<testcase name="x" time="1"/>'), 'results/.hidden/c.xml': xml('<testcase name="y"/>'), 'results/notes.txt': 'no' });
    const end = await testResultSteps({ store }).store_test_results(started.run, { kind: 'store_test_results', name: 'results', when: 'always', path: 'results' });
    assert.deepEqual(end, { outcome: 'passed', tests: { total: 4, failed: 1, skipped: 1 } });
    assert.deepEqual(started.said, ['2 files: 4 tests, 1 failed, 1 skipped', '  failed: Cart adds (test/cart.py:7)']);
  });

  test('a failure with its file and line becomes an annotation of the check, and stands in its summary', async (t) => {
    const store = await storeOf(t);
    const started = await startRun(t);
    await write(started.folder, { 'r.xml': broken });
    const { tests } = await testResultSteps({ store }).store_test_results(started.run, { kind: 'store_test_results', name: 'results', when: 'always', path: 'r.xml' });
    const job = ended(tests!);
    const output = checkOutput(jobReport(job, { detailsUrl: 'http://x', failedTests: await failedTests(store, place(started), job) }));
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
      const store = await storeOf(t);
      const started = await startRun(t);
      await write(started.folder, files);
      const end = await testResultSteps({ store }).store_test_results(started.run, { kind: 'store_test_results', name: 'results', when: 'always', path });
      assert.equal(end.outcome, 'passed');
      assert.match(started.said[0]!, said);
    });

  test('is not held by a FIFO that is called like a result', async (t) => {
    const store = await storeOf(t);
    const started = await startRun(t);
    await mkdir(join(started.folder, 'r'));
    execFileSync('mkfifo', [join(started.folder, 'r/a.xml')]);
    await testResultSteps({ store }).store_test_results(started.run, { kind: 'store_test_results', name: 'results', when: 'always', path: 'r' });
    await testResultSteps({ store }).store_test_results(started.run, { kind: 'store_test_results', name: 'results', when: 'always', path: 'r/a.xml' });
    assert.match(started.said[0]!, /^There is no file/);
  });
});

test('all slices of a job split by the timings that the first of them found, whatever ends meanwhile', async (t) => {
  const store = await storeOf(t);
  const started = await startRun(t);
  const slice = { ...started.run.slice, pipeline: 13 };
  await write(started.folder, { 'r.xml': broken });
  const { tests } = await testResultSteps({ store }).store_test_results(started.run, { kind: 'store_test_results', name: 'results', when: 'always', path: 'r.xml' });
  const view = { repository: started.run.place.trigger.repository, number: 12, trust: 'T2', workflows: [{ name: 'ci', outcome: 'failed', jobs: [ended(tests!)] }] } as unknown as PipelineView;

  assert.equal(await timingsFor(store, { ...slice, pipeline: 11 }, 'T1'), null, 'nothing is known yet');
  await keepTimings(store, view);
  assert.deepEqual(readTimings((await timingsFor(store, slice, 'T1'))!)?.file, { 'test/cart.py': 3 });
  assert.equal(await timingsFor(store, { ...slice, pipeline: 11, slice: 1 }, 'T1'), null, 'its first slice knew nothing');

  const before = await timingsFor(store, slice, 'T1');
  await write(started.folder, { 'r.xml': broken.replace('time="2"', 'time="20"') });
  await testResultSteps({ store }).store_test_results(started.run, { kind: 'store_test_results', name: 'results', when: 'always', path: 'r.xml' });
  await keepTimings(store, view);
  assert.equal(await timingsFor(store, { ...slice, slice: 1 }, 'T1'), before);
  assert.deepEqual(readTimings((await timingsFor(store, { ...slice, pipeline: 14 }, 'T2'))!)?.file, { 'test/cart.py': 21 });
  assert.equal(await timingsFor(store, { ...slice, pipeline: 15, job: 'other' }, 'T2'), null);
});
