// Which pipeline, workflow, job or slice do we mean?

import type { Repository } from './trigger.ts';

/** A slice of a job in a pipeline, by the names that its page shows. Everything is addressed by it. */
export type SliceAddress = {
  owner: string;
  name: string;
  pipeline: number;
  workflow: string;
  job: string;
  /** From 0. */
  slice: number;
  /** From 1; the highest is the living one. */
  attempt: number;
};

/** OWNER/REPO#PIPELINE/WORKFLOW/JOB/SLICE@ATTEMPT, with `/`, `@` and `%` of names percent-encoded. */
export function formatAddress(a: SliceAddress): string {
  return `${a.owner}/${a.name}#${a.pipeline}/${encode(a.workflow)}/${encode(a.job)}/${a.slice}@${a.attempt}`;
}

/** An address as the user may type it; later parts are optional. Null when it is none. */
export function parseAddress(text: string): (Pick<SliceAddress, 'owner' | 'name' | 'pipeline'> & Partial<SliceAddress>) | null {
  const match = /^([^/\s]+)\/([^/#\s]+)#(\d+)(?:\/([^/]+)(?:\/([^/@]+)(?:\/(\d+)(?:@(\d+))?)?)?)?$/.exec(text);
  if (!match) return null;
  const [, owner, name, pipeline, workflow, job, slice, attempt] = match;
  return {
    owner: owner!,
    name: name!,
    pipeline: Number(pipeline),
    ...(workflow !== undefined && { workflow: decodeURIComponent(workflow) }),
    ...(job !== undefined && { job: decodeURIComponent(job) }),
    ...(slice !== undefined && { slice: Number(slice) }),
    ...(attempt !== undefined && { attempt: Number(attempt) }),
  };
}

const encode = (name: string): string => name.replace(/[%/@#\s]/g, (c) => encodeURIComponent(c));

// Object store keys and temporal workflow ids carry the repository's numeric id, which survives a rename.

export const repositoryWorkflowId = (repositoryId: number): string => `repository/${repositoryId}`;
export const pipelineWorkflowId = (repositoryId: number, pipeline: number): string => `pipeline/${repositoryId}/${pipeline}`;

/** Everything of one pipeline in the object store lies under this. */
export const pipelineKey = (repository: Pick<Repository, 'id'>, pipeline: number): string => `pipelines/${repository.id}/${pipeline}`;

/** One job's slice of one pipeline, without its attempt: the thing that is fenced. */
export type SliceKey = { repositoryId: number; pipeline: number; workflow: string; job: string; slice: number };

export const sliceKey = (s: SliceKey): string =>
  `${pipelineKey({ id: s.repositoryId }, s.pipeline)}/${encode(s.workflow)}/${encode(s.job)}/${s.slice}`;

/** The temporal workflow id of a slice. */
export const sliceWorkflowId = (s: SliceKey): string => `slice/${sliceKey(s)}`;

export const attemptKey = (s: SliceKey, attempt: number): string => `${sliceKey(s)}/attempts/${attempt}`;

/** Logs of one step of one attempt: chunks and their manifest lie under it. */
export const stepLogKey = (s: SliceKey, attempt: number, step: number): string => `${attemptKey(s, attempt)}/steps/${step}`;

/** Where the compiled Plan of a pipeline is stored. */
export const planKey = (repositoryId: number, pipeline: number): string => `${pipelineKey({ id: repositoryId }, pipeline)}/plan.json`;
