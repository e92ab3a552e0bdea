// What does a builder have of a sandbox as long as its own process lives?

import type { StepResult } from '../../config-schema/outcome.ts';
import type { EndedStep } from '../../sandbox-agent/client.ts';
import type { StepValues } from '../control/job-values.ts';
import type { Held } from './held.ts';
import type { Mask } from './masking.ts';
import type { AgentLine } from './pump.ts';
import type { Services } from './services.ts';
import type { StepLog } from './step-log.ts';

export type Live = {
  /** What outlives the process, in a file. */
  held: Held;
  line: AgentLine;
  /** By step. */
  pumps: Map<number, Promise<EndedStep>>;
  logs: Map<number, StepLog>;
  /** Steps that run in the builder, by index. */
  dataRuns: Map<number, { stop: AbortController; result: Promise<StepResult> }>;
  /** What the sidecars print; null where there are none. */
  services: Services | null;
  lease: NodeJS.Timeout | null;
  /** What the steps get, opened, in memory alone; null until the first step brings it. */
  values: Promise<StepValues> | null;
  /** Credentials of ours, which no log may show either. */
  ourSecrets: string[];
  /** What keeps them out of logs, and of which values it was made. */
  mask: { of: string; begin: () => Mask } | null;
  /** When somebody last wanted something of it (ms), and how many wait for an answer now. */
  lastAsked: number;
  asking: number;
};

/** The sandbox that the caller speaks of is not here, or its attempt is over. */
export class SandboxLost extends Error {
  override name = 'SandboxLost';
}
