import { test } from 'node:test';
import assert from 'node:assert/strict';
import { checkOutput, configErrorOutput, duration, jobReport, type JobReport } from '../../../activities/control/check-output.ts';
import { outcomes, type JobResult, type SliceResult, type StepResult } from '../../../config-schema/outcome.ts';

const step = (name: string, rest: Partial<StepResult> = {}): StepResult => ({ name, outcome: 'passed', exitCode: 0, signal: null, durationMs: 1200, ...rest });
const slice = (index: number, steps: StepResult[], rest: Partial<SliceResult> = {}): SliceResult => ({ index, outcome: 'passed', attempt: 1, steps, ...rest });
const job = (result: JobResult | null, rest: Partial<JobReport> = {}): JobReport => ({
  name: 'test',
  result,
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:01:05.000Z',
  detailsUrl: 'https://ci.example/b/7',
  ...rest,
});
const failing = step('npm test', { outcome: 'failed', exitCode: 1, durationMs: 61_000 });

test('a job that passed', () => {
  assert.deepEqual(checkOutput(job({ name: 'test', outcome: 'passed', slices: [slice(0, [step('Checkout code'), step('npm test', { durationMs: 61_000 })])] })), {
    title: 'Passed in 1 min 5 s',
    summary: [
      '**Passed**',
      '',
      '| Step | Outcome | Duration |  |',
      '| --- | --- | --- | --- |',
      '| `Checkout code` | Passed | 1.2 s |  |',
      '| `npm test` | Passed | 1 min 1 s |  |',
      '',
      '[All of the log](https://ci.example/b/7)',
    ].join('\n'),
    annotations: [],
  });
});

test('what a step restored or saved stands beside it', () => {
  const { summary } = checkOutput(job({ name: 'test', outcome: 'passed', slices: [slice(0, [step('Restoring cache', { note: '12 MB restored' })])] }));
  assert.match(summary, /\| `Restoring cache` \| Passed \| 1\.2 s \| 12 MB restored \|/);
});

test('artifacts are counted and linked, slice by slice where there are several', () => {
  const stored = (files: number): StepResult => step('Uploading artifacts', { artifacts: { files, bytes: 1 } });
  const summaryOf = (...slices: SliceResult[]): string => checkOutput(job({ name: 'test', outcome: 'passed', slices })).summary;
  assert.match(summaryOf(slice(0, [stored(2), stored(1)])), /\n\nArtifacts: \[3 files\]\(https:\/\/ci\.example\/b\/7\/0\/artifacts\)\n/);
  assert.match(summaryOf(slice(0, [stored(0)]), slice(1, [stored(1)])), /Artifacts: \[1 file of slice 1\]\(https:\/\/ci\.example\/b\/7\/1\/artifacts\)\n/);
  assert.doesNotMatch(summaryOf(slice(0, [stored(0)])), /Artifacts/);
});

test('a job that failed says what failed first, then the end of its log, then all steps', () => {
  const output = checkOutput(job({ name: 'test', outcome: 'failed', slices: [slice(0, [step('Checkout code'), failing], { outcome: 'failed' })] }, { failingTail: { slice: 0, step: 'npm test', lines: ['not ok 1', '\u001b[31mexpected 2\u001b[0m'] } }));
  assert.equal(output.title, 'npm test: exit code 1');
  assert.equal(
    output.summary,
    [
      '**Failed**',
      '',
      'Step `npm test`: exit code 1',
      '',
      'The end of the log of `npm test`:',
      '',
      '```',
      'not ok 1',
      'expected 2',
      '```',
      '',
      '| Step | Outcome | Duration |  |',
      '| --- | --- | --- | --- |',
      '| `Checkout code` | Passed | 1.2 s |  |',
      '| `npm test` | Failed | 1 min 1 s | exit code 1 |',
      '',
      '[All of the log](https://ci.example/b/7)',
    ].join('\n'),
  );
});

test('titles', async (t) => {
  const cases: [string, JobReport, string][] = [
    ['waiting', job(null, { startedAt: null }), 'Waiting'],
    ['running', job(null), 'Running'],
    ['out of memory', job({ name: 't', outcome: 'failed', slices: [slice(0, [step('make', { outcome: 'failed', exitCode: null, signal: 'SIGKILL', reason: 'out of memory (limit 512 MB)' })], { outcome: 'failed' })] }), 'make: out of memory (limit 512 MB)'],
    ['a signal', job({ name: 't', outcome: 'failed', slices: [slice(0, [step('make', { outcome: 'failed', exitCode: null, signal: 'SIGSEGV' })], { outcome: 'failed' })] }), 'make: ended by SIGSEGV'],
    ['no output', job({ name: 't', outcome: 'timed-out', slices: [slice(0, [step('make', { outcome: 'timed-out', exitCode: null, reason: 'no output for 10 min' })], { outcome: 'timed-out' })] }), 'make: no output for 10 min'],
    ['canceled', job({ name: 't', outcome: 'canceled', slices: [] }), 'Canceled'],
    ['skipped', job({ name: 't', outcome: 'skipped', slices: [], reason: 'the branch filter leaves it out' }), 'Skipped: the branch filter leaves it out'],
    ['not run', job({ name: 't', outcome: 'not-run', slices: [], reason: 'build failed' }), 'Not run: build failed'],
    ['unsupported', job({ name: 't', outcome: 'unsupported', slices: [], reason: 'macOS needs a Mac' }), 'Unsupported: macOS needs a Mac'],
    ['unauthorized', job({ name: 't', outcome: 'unauthorized', slices: [], reason: 'context deploy is for the team ops' }), 'Not allowed: context deploy is for the team ops'],
    ['our fault', job({ name: 't', outcome: 'broken', slices: [slice(0, [], { outcome: 'broken', reason: 'no builder' })] }), 'Roundhouse failed'],
    ['a name in lines', job({ name: 't', outcome: 'failed', slices: [slice(0, [step('a\nb', { outcome: 'failed', exitCode: 2 })], { outcome: 'failed' })] }), 'a b: exit code 2'],
  ];
  for (const [name, report, title] of cases) await t.test(name, () => assert.equal(checkOutput(report).title, title));
  await t.test('every outcome has one', () => {
    for (const outcome of outcomes) assert.ok(checkOutput(job({ name: 't', outcome, slices: [] })).title.length > 3);
  });
  await t.test('an endless name is cut', () => {
    const long = job({ name: 't', outcome: 'failed', slices: [slice(0, [step('x'.repeat(9999), { outcome: 'failed' })], { outcome: 'failed' })] });
    assert.equal(checkOutput(long).title.length, 200);
  });
});

test('a reason is said once', () => {
  const reason = 'no output for 10 min';
  const { summary } = checkOutput(job({ name: 't', outcome: 'timed-out', reason, slices: [slice(0, [step('make', { outcome: 'timed-out', reason })], { outcome: 'timed-out', reason })] }));
  assert.match(summary, /^\*\*Timed out\*\*\n\nStep `make`: no output for 10 min\n/);
});

test('a job that did not run says why', () => {
  assert.match(checkOutput(job({ name: 't', outcome: 'not-run', slices: [], reason: 'it requires build, which failed' })).summary, /^\*\*Not run\*\*: it requires build, which failed\n/);
});

test('several slices: which ones failed, and the steps of the one that counts', () => {
  const { summary } = checkOutput(
    job({
      name: 't',
      outcome: 'failed',
      slices: [slice(0, [step('npm test')], { builder: 'b1' }), slice(1, [failing], { outcome: 'failed', builder: 'b|2' }), slice(2, [], { outcome: 'canceled', reason: 'slice 1 failed' })],
    }, { failingTail: { slice: 1, step: 'npm test', lines: ['no'] } }),
  );
  assert.match(summary, /Step `npm test` in slice 1: exit code 1\n\n2 of 3 slices did not pass\./);
  assert.match(summary, /The end of the log of `npm test` in slice 1:/);
  assert.match(summary, /\| Slice \| Outcome \| Duration \| Builder \|  \|\n.*\n\| 0 \| Passed \| 1.2 s \| `b1` \|  \|\n\| 1 \| Failed \| 1 min 1 s \| <code>b&#124;2<\/code> \| `npm test`: exit code 1 \|\n\| 2 \| Canceled \| 0.0 s \|  \| slice 1 failed \|/);
  assert.match(summary, /Steps of slice 1:/);
});

test('only the last 40 lines of a log, and of an endless line its beginning', () => {
  const { summary } = checkOutput(job({ name: 't', outcome: 'failed', slices: [slice(0, [failing], { outcome: 'failed' })] }, { failingTail: { slice: 0, step: 'npm test', lines: [...Array.from({ length: 100 }, (_, i) => `line ${i}`), 'y'.repeat(5000)] } }));
  assert.doesNotMatch(summary, /line 60\n/);
  assert.match(summary, /```\nline 61\n/);
  assert.match(summary, /\ny{500}…\n```/);
});

test('a hostile log and hostile names do not get out of their places', () => {
  const { summary } = checkOutput(
    job({ name: 't', outcome: 'failed', slices: [slice(0, [step('`</code>|<img src=x onerror=alert(1)>', { outcome: 'failed', reason: '<script>x</script> [click](javascript:1)' })], { outcome: 'failed' })] }, {
      failingTail: { slice: 0, step: 'x', lines: ['```', '</details><h1>Passed</h1>', '~~~~'] },
      notes: ['# heading\n- item'],
    }),
  );
  assert.match(summary, /````\n```\n<\/details><h1>Passed<\/h1>\n~~~~\n````/);
  const outside = summary.replace(/````[^]*?````\n/, '');
  assert.doesNotMatch(outside, /<img|(?<!\\)<script|(?<!\\)\]\(java|^# /m);
});

test('a job that waits or runs leads to its page', () => {
  assert.equal(checkOutput(job(null, { startedAt: null, waitingFor: 'no builder offers the class large' })).summary, 'Waiting: no builder offers the class large\n\n[Follow it live](https://ci.example/b/7)');
});

test('config errors: annotations on their lines, and a list', () => {
  const output = configErrorOutput('.circle.yml', [
    { severity: 'error', message: 'jobs.test.parallelism: must be at least 1, is 0.\nRemove it.', line: 3, column: 5 },
    { severity: 'warning', message: 'unused ``` <b>', line: 9, column: 1, endLine: 12 },
  ]);
  assert.deepEqual(output, {
    title: 'Config error',
    summary: 'Nothing of `.circle.yml` ran, because it has errors:\n\n````\n.circle.yml:3:5: jobs.test.parallelism: must be at least 1, is 0. Remove it.\n.circle.yml:9:1: unused ``` <b>\n````',
    annotations: [
      { path: '.circle.yml', startLine: 3, endLine: 3, level: 'failure', title: 'Config error', message: 'jobs.test.parallelism: must be at least 1, is 0.\nRemove it.' },
      { path: '.circle.yml', startLine: 9, endLine: 12, level: 'warning', title: 'Config warning', message: 'unused ``` <b>' },
    ],
  });
});

test('a report of what is known of a job', () => {
  const view = {
    name: 'test',
    state: 'ended' as const,
    outcome: 'failed' as const,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:01:05.000Z',
    slices: [{ index: 0, attempt: 2, state: 'ended' as const, outcome: 'failed' as const, notes: ['builder b3 was lost; started again'], builder: 'b4', startedAt: null, endedAt: null, steps: [{ name: 'npm test', state: 'ended' as const, startedAt: null, result: failing }, { name: 'after', state: 'waiting' as const, startedAt: null, result: null }] }],
  };
  const report = jobReport(view, { detailsUrl: 'https://ci.example/b/7', notes: ['resource class clamped'] });
  assert.deepEqual(report.result, { name: 'test', outcome: 'failed', slices: [slice(0, [failing], { outcome: 'failed', attempt: 2, builder: 'b4' })] });
  assert.deepEqual(report.notes, ['resource class clamped', 'builder b3 was lost; started again']);
  assert.equal(jobReport({ ...view, state: 'waiting', outcome: null, reason: 'no builder yet' }, { detailsUrl: 'x' }).waitingFor, 'no builder yet');
  assert.equal(jobReport({ ...view, state: 'running', outcome: null }, { detailsUrl: 'x' }).result, null);
});

test('durations', () => {
  const cases: [number, string][] = [[0, '0.0 s'], [420, '0.4 s'], [12_300, '12 s'], [60_000, '1 min'], [65_000, '1 min 5 s'], [3_600_000, '1 h'], [7_380_000, '2 h 3 min'], [-5, '0.0 s']];
  for (const [ms, text] of cases) assert.equal(duration(ms), text);
});
