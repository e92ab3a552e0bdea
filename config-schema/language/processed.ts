// What is left of a config when nothing of 2.1 is left in it? What the original calls the processed config: jobs and workflows.

import type { RequiredStatus } from '../plan.ts';
import type { MapNode, Node, Place, Source } from './node.ts';

/** Every template rendered, every command, executor, matrix and orb expanded; only what a live workflow reaches. */
export type Processed = {
  source: Source;
  /** `setup: true` was there. */
  setup: boolean;
  workflows: ProcessedWorkflow[];
  /** Those that are off. */
  leftOut: LeftOut[];
  /**
   * By compiled name. The body holds exactly one of docker, machine and macos (or a `type` that needs none), `environment` as a list of
   * one-entry maps, `steps` of built-in steps only: a text (`checkout`) or a map of one key (`run` always as a map with `command`).
   */
  jobs: Map<string, MapNode>;
  orbs: UsedOrb[];
};

/** `reason`: a sentence that names the line. `byPaths`: with other changed paths it would be on. */
export type LeftOut = { workflow: string; reason: string; byPaths: boolean };

/** An orb that the config refers to, exactly as it was compiled in. */
export type UsedOrb = { reference: string; version: string; sha256: string; origin: string };

export type ProcessedWorkflow = {
  name: string;
  place: Place;
  /** As written: schedules. */
  triggers: Node | undefined;
  maxAutoReruns: number;
  /** Our extension key; true when it is not there. */
  autoCancel: boolean;
  jobs: ProcessedInvocation[];
};

export type JobType = 'build' | 'approval' | 'no-op' | 'release' | 'lock' | 'unlock';

export type ProcessedInvocation = {
  /** Unique in its workflow. For a build also the key of Processed.jobs. */
  name: string;
  type: JobType;
  requires: ProcessedRequirement[];
  contexts: string[];
  /** The map form, rendered; an expression has been decided already. */
  filters: Node | undefined;
  serialGroup: string | null;
  /** Where the invocation stands in the workflow. */
  place: Place;
  /** The invocation's options as the processed config prints them: requires, filters, context, type and the like. */
  printed: MapNode;
};

export type ProcessedRequirement = { name: string; statuses: RequiredStatus[]; place: Place };

/** Sources of orbs by reference as it is written in the config after substitution, or the sentence why there is none. */
export type OrbSources = ReadonlyMap<string, OrbSource | { problem: string }>;

export type OrbSource = {
  /** The exact version that the reference meant; for an address the address itself. */
  version: string;
  text: string;
  /** Of the text, hexadecimal. */
  sha256: string;
  /** Where it was found, in words for people: `.circle/orbs`, `the registry at …`. */
  origin: string;
};

/** `pipeline.*` without that prefix: `git.branch` -> `main`. null: exists, and is not set. */
export type PipelineValues = Readonly<Record<string, string | number | boolean | null>>;
