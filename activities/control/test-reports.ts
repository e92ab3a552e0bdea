// What did the tests of a job say, all slices together: for its check, and for the next run's splitting?

import type { SliceKey } from '../../config-schema/address.ts';
import { ranIn } from '../../config-schema/carry-over.ts';
import type { TestCase } from '../../config-schema/junit.ts';
import { isFailure, testReportKey, timingsKey, type TestReport } from '../../config-schema/test-report.ts';
import { mergeTimings, readTimings, timingsOf } from '../../config-schema/test-timings.ts';
import type { JobView, PipelineView } from '../../config-schema/view.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';

type JobPlace = Omit<SliceKey, 'slice'>;

export async function testCasesOf(store: ObjectStore, place: JobPlace, job: JobView): Promise<TestCase[]> {
  const keys = job.slices.flatMap((slice) => slice.steps.flatMap(({ result }, step) => (result?.tests ? [testReportKey({ ...place, pipeline: ranIn(place.pipeline, job, slice), slice: slice.index }, slice.attempt, step)] : [])));
  const reports = await Promise.all(keys.map((key) => getJson<TestReport>(store, key)));
  return reports.flatMap((report) => report?.cases ?? []);
}

/** Nothing is read where nothing failed. */
export async function failedTests(store: ObjectStore, place: JobPlace, job: JobView): Promise<TestCase[]> {
  const any = job.slices.some(({ steps }) => steps.some(({ result }) => (result?.tests?.failed ?? 0) > 0));
  return any ? (await testCasesOf(store, place, job)).filter(isFailure) : [];
}

/** Of each job that stored test results. A slice that did not end well may have run half of its tests: what it says of those is true all the same. */
export async function keepTimings(store: ObjectStore, { repository, number, trust, workflows }: PipelineView): Promise<void> {
  if (trust === null) return;
  for (const { name: workflow, jobs } of workflows) {
    for (const all of jobs) {
      // What was carried over has left its timings already.
      const job = { ...all, slices: all.slices.filter((slice) => ranIn(number, all, slice) === number) };
      const cases = await testCasesOf(store, { repositoryId: repository.id, pipeline: number, workflow, job: job.name }, job);
      if (cases.length === 0) continue;
      const key = timingsKey(repository.id, trust, { workflow, job: job.name });
      const newer = timingsOf(cases, `${repository.owner}/${repository.name}#${number}/${workflow}/${job.name}`);
      const before = await store.get(key);
      const older = before && readTimings(Buffer.from(before).toString('utf8'));
      await putJson(store, key, older ? mergeTimings(older, newer) : newer);
    }
  }
}
