// What does one `store_test_results` keep, and where?

import { attemptKey, encodeName, type SliceKey } from './address.ts';
import type { TestCase } from './junit.ts';
import type { TestCounts } from './outcome.ts';
import type { TrustLevel } from './trigger.ts';

export type TestReport = { version: 1; cases: TestCase[] };

export const testReportKey = (slice: SliceKey, attempt: number, step: number): string => `${attemptKey(slice, attempt)}/tests/${step}.json`;

/** The newest timings of a job in its repository and trust level. */
export const timingsKey = (repositoryId: number, trust: TrustLevel, { workflow, job }: { workflow: string; job: string }): string => `timings/${repositoryId}/${trust}/${encodeName(workflow)}/${encodeName(job)}.json`;

/** Those by which all slices of one job of one pipeline split their tests, in every attempt. */
export const pinnedTimingsKey = ({ repositoryId, pipeline, workflow, job }: Omit<SliceKey, 'slice'>): string => `pipelines/${repositoryId}/${pipeline}/timings/${encodeName(workflow)}/${encodeName(job)}.json`;

export const isFailure = ({ outcome }: TestCase): boolean => outcome === 'failed' || outcome === 'error';

export const countTests = (cases: readonly TestCase[]): TestCounts => ({ total: cases.length, failed: cases.filter(isFailure).length, skipped: cases.filter(({ outcome }) => outcome === 'skipped').length });

export function addCounts(counts: readonly TestCounts[]): TestCounts {
  const sum = { total: 0, failed: 0, skipped: 0 };
  for (const { total, failed, skipped } of counts) Object.assign(sum, { total: sum.total + total, failed: sum.failed + failed, skipped: sum.skipped + skipped });
  return sum;
}

/** "340 tests, 2 failed, 3 skipped" */
export const testsInWords = ({ total, failed, skipped }: TestCounts): string =>
  [`${total} ${total === 1 ? 'test' : 'tests'}`, ...(failed > 0 ? [`${failed} failed`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ');
