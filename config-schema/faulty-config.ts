// What is kept of a config that could not be run, so that people see their faults where they made them?

import { pipelineKey } from './address.ts';
import type { Diagnostic } from './plan.ts';

export type FaultyConfig = {
  version: 1;
  path: string;
  text: string;
  errors: Diagnostic[];
  /** The repository's page on GitHub. */
  repositoryUrl: string;
};

/** Where it lies; of a pipeline that has a Plan there is only one that a job of a setup config handed in. */
export const faultyConfigKey = (repositoryId: number, pipeline: number): string => `${pipelineKey({ id: repositoryId }, pipeline)}/faulty-config.json`;
