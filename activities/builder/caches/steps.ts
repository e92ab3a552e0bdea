// How are caches saved and restored?

import type { DataStepPorts } from '../data-steps.ts';
import type { DataSteps } from '../data-step.ts';

export function cacheSteps(_ports: DataStepPorts): Pick<DataSteps, 'save_cache' | 'restore_cache'> {
  const unwritten = (): Promise<never> => Promise.reject(new Error('to be written'));
  return { save_cache: unwritten, restore_cache: unwritten };
}
