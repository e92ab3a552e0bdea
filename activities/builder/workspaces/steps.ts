// How do files go from one job to the jobs that follow it?

import type { DataStepPorts } from '../data-steps.ts';
import type { DataSteps } from '../data-step.ts';
import { attach } from './attach.ts';
import { persist } from './persist.ts';

export function workspaceSteps(ports: DataStepPorts): Pick<DataSteps, 'persist_to_workspace' | 'attach_workspace'> {
  return { persist_to_workspace: (run, step) => persist(ports, run, step), attach_workspace: (run, step) => attach(ports, run, step) };
}
