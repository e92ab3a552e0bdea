// How are files kept that a person or another program wants to have after the build?

import type { DataStepPorts } from '../data-steps.ts';
import type { DataSteps } from '../data-step.ts';

export function artifactSteps(_ports: DataStepPorts): Pick<DataSteps, 'store_artifacts'> {
  const unwritten = (): Promise<never> => Promise.reject(new Error('to be written'));
  return { store_artifacts: unwritten };
}
