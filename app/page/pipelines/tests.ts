// Which tests did the jobs of a pipeline run, and which of them does somebody ask for?

import type { TestCase } from '../../../config-schema/junit.ts';
import type { TestCounts } from '../../../config-schema/outcome.ts';
import { addCounts, isFailure, testReportKey, type TestReport } from '../../../config-schema/test-report.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import { readJson } from '../../json-object.ts';
import { sliceKeyOf } from '../address.ts';
import type { CommonPorts } from '../ports.ts';

export type FoundTest = TestCase & { workflow: string; job: string; slice: number };
export type JobTests = { workflow: string; job: string; counts: TestCounts };
export type TestsAsked = { /** WORKFLOW/JOB; '' for all. */ job: string; status: '' | 'failed' | 'passed' | 'skipped'; /** Part of the name. */ name: string; sort: '' | 'slow'; page: number };

export const nameOfJob = ({ workflow, job }: { workflow: string; job: string }): string => `${workflow}/${job}`;

/** By what the steps said of themselves, without reading any report. */
export function testsByJob(view: PipelineView): JobTests[] {
  return view.workflows.flatMap(({ name: workflow, jobs }) =>
    jobs.flatMap((job) => {
      const counts = addCounts(job.slices.flatMap(({ steps }) => steps.flatMap(({ result }) => result?.tests ?? [])));
      return counts.total === 0 ? [] : [{ workflow, job: job.name, counts }];
    }),
  );
}

const readAtOnce = 16;

/** Of all slices of these jobs; `missing`: reports that are not there any more, or cannot be read. */
export async function readTests(store: Pick<CommonPorts['store'], 'get'>, view: PipelineView, wanted: (job: { workflow: string; job: string }) => boolean): Promise<{ tests: FoundTest[]; missing: number }> {
  const reports = view.workflows.flatMap(({ name: workflow, jobs }) =>
    jobs.filter((job) => wanted({ workflow, job: job.name })).flatMap((job) =>
      job.slices.flatMap((slice) =>
        slice.steps.flatMap(({ result }, step) => {
          if (!result?.tests || result.tests.total === 0) return [];
          const place = { workflow, job: job.name, slice: slice.index };
          return [{ place, key: testReportKey(sliceKeyOf(view, place), slice.attempt, step) }];
        }),
      ),
    ),
  );
  const tests: FoundTest[] = [];
  let missing = 0;
  for (let from = 0; from < reports.length; from += readAtOnce) {
    const read = await Promise.all(reports.slice(from, from + readAtOnce).map(async ({ place, key }) => ({ place, cases: await casesOf(store, key) })));
    for (const { place, cases } of read) {
      if (cases === null) missing += 1;
      else for (const one of cases) tests.push({ ...one, ...place });
    }
  }
  return { tests, missing };
}

async function casesOf(store: Pick<CommonPorts['store'], 'get'>, key: string): Promise<TestCase[] | null> {
  const report = await readJson<TestReport>(store, key).catch((error: unknown) => {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  });
  return report?.cases ?? null;
}

/** What went wrong comes first; within that, or by wish before it, what took longest. */
export function chooseTests(tests: readonly FoundTest[], { job, status, name, sort }: TestsAsked): FoundTest[] {
  const part = name.toLowerCase();
  const rank = (test: FoundTest): number => (isFailure(test) ? 0 : test.outcome === 'skipped' ? 2 : 1);
  return tests
    .filter((test) => (job === '' || nameOfJob(test) === job) && (status === '' || (status === 'failed' ? isFailure(test) : test.outcome === status)) && (part === '' || fullName(test).toLowerCase().includes(part)))
    .sort((a, b) => (sort === 'slow' ? 0 : rank(a) - rank(b)) || (b.seconds ?? 0) - (a.seconds ?? 0));
}

export const fullName = ({ name, classname, file }: TestCase): string => [classname, name, file === null ? null : `(${file})`].filter((part) => part !== null && part !== '').join(' ');
