// Which steps run in the builder, and who runs each?

import type { ObjectStore } from '../object-store.ts';
import { artifactSteps } from './artifacts/steps.ts';
import { cacheSteps } from './caches/steps.ts';
import type { LocalCaches } from './caches/local-caches.ts';
import type { DataSteps } from './data-step.ts';
import { testResultSteps } from './test-results/steps.ts';
import { workspaceSteps } from './workspaces/steps.ts';

export type DataStepPorts = {
  store: ObjectStore;
  /** Caches that this builder has on its own disk. */
  caches: LocalCaches;
  log: { warn: (fields: object, message: string) => void };
};

export const dataSteps = (ports: DataStepPorts): DataSteps => ({ ...cacheSteps(ports), ...workspaceSteps(ports), ...artifactSteps(ports), ...testResultSteps(ports) });
