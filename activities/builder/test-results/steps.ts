// What did the tests of a job say?

import type { DataStepPorts } from '../data-steps.ts';
import type { DataSteps } from '../data-step.ts';

export function testResultSteps(_ports: DataStepPorts): Pick<DataSteps, 'store_test_results'> {
  const unwritten = (): Promise<never> => Promise.reject(new Error('to be written'));
  return { store_test_results: unwritten };
}
