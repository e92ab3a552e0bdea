// How do files go from one job to the jobs that follow it?

import type { DataStepPorts } from '../data-steps.ts';
import type { DataSteps } from '../data-step.ts';

export function workspaceSteps(_ports: DataStepPorts): Pick<DataSteps, 'persist_to_workspace' | 'attach_workspace'> {
  const unwritten = (): Promise<never> => Promise.reject(new Error('to be written'));
  return { persist_to_workspace: unwritten, attach_workspace: unwritten };
}
