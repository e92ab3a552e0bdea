// Which steps have to do with caches?

import type { DataStepPorts } from '../data-steps.ts';
import type { DataSteps } from '../data-step.ts';
import { restoreCache } from './restore.ts';
import { saveCache } from './save.ts';

export const cacheSteps = (ports: DataStepPorts): Pick<DataSteps, 'save_cache' | 'restore_cache'> => ({
  save_cache: (run, step) => saveCache(run, step, ports),
  restore_cache: (run, step) => restoreCache(run, step, ports),
});
