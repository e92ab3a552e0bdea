// Which pipeline and job does a check run on the forge stand for? Its external id says so.

import { decodeName, encodeName } from './address.ts';

/** A job's check, and the two that a pipeline can have for itself. */
export type CheckId = { repositoryId: number; pipeline: number } & ({ kind: 'job'; workflow: string; job: string } | { kind: 'config' } | { kind: 'fork' });

export function checkId(of: CheckId): string {
  const pipeline = `${of.repositoryId}/${of.pipeline}`;
  return of.kind === 'job' ? `${pipeline}/${encodeName(of.workflow)}/${encodeName(of.job)}` : `${pipeline}/${of.kind}`;
}

/** Null for a check that is none of ours. */
export function parseCheckId(text: string): CheckId | null {
  const match = /^([1-9]\d{0,14})\/([1-9]\d{0,14})\/(?:(config|fork)|([^/]+)\/([^/]+))$/.exec(text);
  if (!match) return null;
  const [, repositoryId, pipeline, kind, workflow, job] = match;
  const of = { repositoryId: Number(repositoryId), pipeline: Number(pipeline) };
  if (kind !== undefined) return { ...of, kind: kind as 'config' | 'fork' };
  const names = { workflow: decodeName(workflow!), job: decodeName(job!) };
  return names.workflow === null || names.job === null ? null : { ...of, kind: 'job', workflow: names.workflow, job: names.job };
}
