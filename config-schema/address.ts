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

/** OWNER/REPO#PIPELINE/WORKFLOW/JOB/SLICE@ATTEMPT, with what would be misread in names percent-encoded. */
export function formatAddress(a: SliceAddress): string {
  return `${a.owner}/${a.name}#${a.pipeline}/${encodeName(a.workflow)}/${encodeName(a.job)}/${a.slice}@${a.attempt}`;
}

/** An address as the user may type it; later parts are optional. Null when it is none. */
export function parseAddress(text: string): (Pick<SliceAddress, 'owner' | 'name' | 'pipeline'> & Partial<SliceAddress>) | null {
  const match = /^([^/\s]+)\/([^/#\s]+)#(\d+)(?:\/([^/]+)(?:\/([^/@]+)(?:\/(\d+)(?:@(\d+))?)?)?)?$/.exec(text);
  if (!match) return null;
  const [, owner, name, pipeline, workflow, job, slice, attempt] = match;
  const names = { workflow: workflow === undefined ? undefined : decodeName(workflow), job: job === undefined ? undefined : decodeName(job) };
  if (names.workflow === null || names.job === null) return null;
  return {
    owner: owner!,
    name: name!,
    pipeline: Number(pipeline),
    ...(names.workflow !== undefined && { workflow: names.workflow }),
    ...(names.job !== undefined && { job: names.job }),
    ...(slice !== undefined && { slice: Number(slice) }),
    ...(attempt !== undefined && { attempt: Number(attempt) }),
  };
}

/**
 * A name as one part of an address or key. Names are free text: what has a meaning in either, what cannot be printed and
 * the folders `.` and `..` are percent-encoded.
 */
export const encodeName = (name: string): string =>
  name === '.' || name === '..' ? name.replaceAll('.', '%2E') : name.toWellFormed().replace(/[%/\\@#\s\p{C}]/gu, (c) => encodeURIComponent(c));

/** Null for a `%` that begins no character. */
export function decodeName(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

// Object store keys and temporal workflow ids carry the repository's numeric id, which survives a rename.

/** The code of strangers has serial groups of its own, so that it holds up nobody. */
export const organizationWorkflowId = ({ ownerId, stranger }: { ownerId: number; stranger?: true }): string => `organization/${ownerId}${stranger ? '/strangers' : ''}`;
export const repositoryWorkflowId = (repositoryId: number): string => `repository/${repositoryId}`;
export const pipelineWorkflowId = (repositoryId: number, pipeline: number): string => `pipeline/${repositoryId}/${pipeline}`;

/** Everything of one pipeline in the object store lies under this. */
export const pipelineKey = (repository: Pick<Repository, 'id'>, pipeline: number): string => `pipelines/${repository.id}/${pipeline}`;

/** One job's slice of one pipeline, without its attempt: the thing that is fenced. */
export type SliceKey = { repositoryId: number; pipeline: number; workflow: string; job: string; slice: number };

/** Under `workflows/`, because a workflow may have the name of any object beside it. */
export const sliceKey = (s: SliceKey): string =>
  `${pipelineKey({ id: s.repositoryId }, s.pipeline)}/workflows/${encodeName(s.workflow)}/${encodeName(s.job)}/${s.slice}`;

/** The temporal workflow id of a slice. */
export const sliceWorkflowId = (s: SliceKey): string => `slice/${sliceKey(s)}`;

export const attemptKey = (s: SliceKey, attempt: number): string => `${sliceKey(s)}/attempts/${attempt}`;

/** Logs of one step of one attempt: chunks and their manifest lie under it. */
export const stepLogKey = (s: SliceKey, attempt: number, step: number): string => `${attemptKey(s, attempt)}/steps/${step}`;

/** Where the compiled Plan of a pipeline is stored. */
export const planKey = (repositoryId: number, pipeline: number): string => `${pipelineKey({ id: repositoryId }, pipeline)}/plan.json`;
