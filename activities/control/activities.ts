// What does the control process do for a temporal workflow? GitHub, keys, and the history.

import type { Carried, CarriedPlace } from '../../config-schema/carry-over.ts';
import type { CheckConclusion, Outcome } from '../../config-schema/outcome.ts';
import type { PullRequestFacts } from '../../config-schema/pipeline-values.ts';
import type { Diagnostic, Graph, Plan } from '../../config-schema/plan.ts';
import type { SliceKey } from '../../config-schema/address.ts';
import type { JobKey, Refusal } from './job-values.ts';
import type { Scheduled } from '../../config-schema/schedule.ts';
import type { Repository, Trigger, TrustLevel } from '../../config-schema/trigger.ts';
import type { JobView, PipelineView } from '../../config-schema/view.ts';

/** Every call is safe to repeat. */
export interface ControlActivities {
  /** The number after the highest that the history of the repository holds. */
  nextPipelineNumber(repositoryId: number): Promise<number>;
  /** Which of these pipelines have not ended, as Temporal knows them, and how many may run at once by now. */
  stillOpen(input: { repositoryId: number; numbers: number[] }): Promise<{ open: number[]; pipelinesAtOnce: number }>;
  /** Config, permission and protection from the forge; compiles and stores the PipelineRecord. */
  load(input: { trigger: Trigger; number: number; /** Whoever lets the code of a stranger run. */ allowedBy?: string }): Promise<LoadedPipeline>;
  /** The config that a job of the setup workflow handed in, compiled; null: none did. Appends to the PipelineRecord. */
  loadContinuation(input: { trigger: Trigger; number: number }): Promise<LoadedPipeline | null>;
  /** Brings check runs up to date. Answers their ids in the same order. Fails for good when the forge has refused it for an hour. */
  report(input: ChecksReport): Promise<{ ids: (number | string | null)[] }>;
  /** Asks for a place in a serial group of the organization; the answer comes as the signal `serialTurn`. */
  joinSerialGroup(input: SerialPlace): Promise<void>;
  /** Gives the place back, whether it waits or has its turn. */
  leaveSerialGroup(input: SerialPlace): Promise<void>;
  /** From now on writes of earlier attempts of the slice are refused. */
  beginAttempt(input: { slice: SliceKey; attempt: number }): Promise<void>;
  /** Whether the job may have what it names: secrets, contexts, keys, repositories. null: it may. */
  admitJob(input: JobKey): Promise<Refusal | null>;
  /** StepValues, encrypted for the builder with this public key (JWK). */
  sealValues(input: { slice: SliceKey; builderKey: Record<string, unknown> }): Promise<{ sealed: string } | Refusal>;
  /** A CheckoutAccess: reading access to the code of this repository and those that the step names, encrypted for the builder with this public key (JWK). */
  sealCredential(input: { repository: Repository; builderKey: Record<string, unknown>; slice?: SliceKey; step?: number }): Promise<string>;
  /** The forge refused the credential of a checkout. Answers what was done about it, for the user; null: nothing could be. */
  credentialRefused(input: { repository: Repository }): Promise<string | null>;
  /** A sentence on why a slice of this class still waits; null when a builder offers it and is just busy. */
  explainWait(input: { resourceClass: string }): Promise<string | null>;
  /** True as soon as the builder says something from now on; false when it has been silent for so long. */
  builderIsBack(input: { builder: string; withinSeconds: number }): Promise<boolean>;
  /** Has GitHub send webhooks again that did not reach us. Answers how many. */
  redeliverFailed(): Promise<number>;
  /** Starts pipelines of branches that moved without a word to us. Answers how many. */
  startMissed(): Promise<number>;
  /** Delivers what a schedule starts. Answers sentences about what does not start. `at`: ISO 8601. `firing` is one name for every try. */
  fireSchedule(input: { scheduled: Scheduled; at: string; firing: string }): Promise<string[]>;
  /** Stores the summary and its markers. */
  finish(view: PipelineView): Promise<void>;
}

export type LoadedPipeline =
  /** Nothing runs; `reason` is shown by `builds`. */
  | { kind: 'nothing'; reason: string; commit: Trigger['commit'] }
  | { kind: 'config-errors'; path: string; errors: Diagnostic[]; because?: ConfigFault; commit: Trigger['commit'] }
  /** The code of a stranger, which runs when a maintainer allows this commit. `wouldRun`: sentences about what that is. */
  | { kind: 'fork'; wouldRun: string[]; commit: Trigger['commit'] }
  | {
      kind: 'graph';
      graph: Graph;
      trust: TrustLevel;
      limits: Limits;
      commit: Trigger['commit'];
      /** The account that the repository belongs to, by its numeric id. */
      ownerId?: number;
      /** Of a rerun in part: jobs of the earlier pipeline as they ended there, or with the slices that shall run anew reset to waiting. */
      carried?: Carried;
    };

/** The config is wrong, or right and asks for what this version cannot do. Absent: wrong. */
export type ConfigFault = 'wrong' | 'not-yet';

/** Waiting times, from the installation's settings. */
export type Limits = {
  /** A slice that found no builder for so long is broken. */
  queueTimeoutSeconds: number;
  /** A builder that takes nothing from its own queue for so long is lost. */
  builderLostSeconds: number;
  /** A slice that has waited for a builder so long says why. */
  explainAfterSeconds: number;
  /** A sandbox that is not claimed for so long destroys itself. */
  leaseSeconds: number;
  /** A job whose turn in its serial group has not come for so long is canceled. */
  serialTimeoutSeconds: number;
};

/** What the object store keeps at `planKey`: all that a builder needs to know of a pipeline. No secret is in it. */
export type PipelineRecord = {
  version: 1;
  number: number;
  trigger: Trigger;
  trust: TrustLevel;
  plan: Plan;
  /** The config as it lies in the repository at this commit; absent in a record of 0.1.0. */
  config?: { path: string; text: string };
  /** The repository's page; absent in a record of 0.1.0, as is the next. */
  repositoryUrl?: string;
  pullRequestUrls?: string[];
  /** What GitHub said of the one that it belongs to. */
  pullRequest?: PullRequestFacts;
  /** The commit's message without its first line; absent in records of before dynamic config. */
  commitBody?: string;
  /** The config with which the pipeline went on; `plan` holds what both configs run. */
  continuation?: { config: { path: string; text: string }; /** Of that config. */ warnings: Diagnostic[]; /** What the pipeline's own config alone runs. */ setup: Plan };
  /** The account that the repository belongs to, by its numeric id. */
  ownerId?: number;
  /** The committed secrets that jobs name, encrypted as they lie in the repository at this commit. */
  secretFiles?: Record<string, string>;
  /** Of a rerun in part: jobs that ran in other pipelines, where their workspaces and the like lie. */
  carried?: CarriedPlace[];
};

export type ChecksReport = {
  repository: Repository;
  sha: string;
  pipeline: number;
  /** `id`: when it is known. */
  checks: { id?: number | string; check: Check }[];
};

export type Check =
  | { kind: 'job'; name: string; workflow: string; job: JobView; notes: string[] }
  | { kind: 'config-errors'; path: string; errors: Diagnostic[]; because?: ConfigFault }
  /** The code of a stranger waits until a maintainer lets it run. `outcome`: null until then, and how the waiting ended. */
  | { kind: 'fork'; wouldRun: string[]; outcome: Outcome | null; reason?: string };

/** Who waits in which serial group. */
export type SerialPlace = {
  /** The account that the repository belongs to, by its numeric id. */
  ownerId: number;
  /** The place is that of a pipeline of a stranger's code. */
  stranger?: true;
  group: string;
  repository: Pick<Repository, 'id' | 'owner' | 'name'>;
  pipeline: number;
  /** Unique in the pipeline, and each time that a job asks. */
  holder: string;
};

export type { CheckConclusion };
