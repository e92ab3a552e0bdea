// Which steps run in the builder, and who runs each?

import type { ObjectStore } from '../object-store.ts';
import { artifactSteps } from './artifacts/steps.ts';
import { cacheSteps } from './caches/steps.ts';
import type { LocalCaches } from './caches/local-caches.ts';
import type { DataSteps } from './data-step.ts';
import type { Spool } from './spool.ts';
import { testResultSteps } from './test-results/steps.ts';
import { workspaceSteps } from './workspaces/steps.ts';

export type DataStepPorts = {
  store: ObjectStore;
  /** Caches that this builder has on its own disk. */
  caches: LocalCaches;
  spool: Spool;
  /** How long caches of jobs are kept that do not say so themselves. */
  cacheDays: number;
  /** How much a step may persist, and a slice may store as artifacts. */
  limits: { workspaceBytes: number; artifactBytes: number };
  log: { warn: (fields: object, message: string) => void };
};

export const dataSteps = (ports: DataStepPorts): DataSteps => ({ ...cacheSteps(ports), ...workspaceSteps(ports), ...artifactSteps(ports), ...testResultSteps(ports) });
