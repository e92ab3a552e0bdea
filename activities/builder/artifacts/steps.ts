// How are files kept that a person or another program wants to have after the build?

import type { DataStepPorts } from '../data-steps.ts';
import type { DataSteps } from '../data-step.ts';
import { storeArtifacts } from './store.ts';

export function artifactSteps(ports: DataStepPorts): Pick<DataSteps, 'store_artifacts'> {
  return { store_artifacts: (run, step) => storeArtifacts(ports, run, step) };
}
