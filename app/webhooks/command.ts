// What do people ask of pipelines on GitHub's own pages: by a button, by "Re-run", by a comment, by a label?

import type { CheckId } from '../../config-schema/check-id.ts';
import type { Repository, RerunOf } from '../../config-schema/trigger.ts';

/** Whether the sender may ask it is not decided yet, but for `withdraw`. */
export type Command = {
  /** GitHub's; equal for a redelivery. */
  deliveryId: string;
  repository: Repository;
  sender: { id: number; login: string };
  deed: Deed;
  of: Target;
};

export type Deed =
  /** All of a pipeline, or one job. */
  | { kind: 'cancel'; workflow?: string; job?: string }
  | { kind: 'rerun'; what: RerunOf }
  /** `workflow`: null where only a job is named, or `WORKFLOW/JOB` as one text. */
  | { kind: 'approve'; workflow: string | null; job: string }
  /** A fork's commit may run. */
  | { kind: 'allow' }
  /** The pull request of a fork was closed: nobody need be asked about its commit any more. Whoever closed it may. */
  | { kind: 'withdraw'; pull: number };

export type Target =
  | { kind: 'pipeline'; number: number; sha: string }
  /** Pipelines of the commit that is its head, as far as they had begun when the comment was written (ISO 8601). */
  | { kind: 'pull-request'; number: number; writtenAt: string }
  | { kind: 'commit'; sha: string };

/** A button of a check, by its identifier; null for one that this check cannot have. */
export function deedOfButton(identifier: string, check: CheckId): Deed | null {
  switch (identifier) {
    case 'cancel':
      return { kind: 'cancel', ...(check.kind === 'job' && { workflow: check.workflow, job: check.job }) };
    case 'rerun-failed':
      return { kind: 'rerun', what: { kind: 'failed' } };
    case 'rerun-all':
      return { kind: 'rerun', what: { kind: 'all' } };
    case 'rerun-job':
      return check.kind === 'job' ? deedOfRerun(check) : null;
    case 'approve':
      return check.kind === 'job' ? { kind: 'approve', workflow: check.workflow, job: check.job } : null;
    case 'allow':
      return check.kind === 'fork' ? { kind: 'allow' } : null;
    default:
      return null;
  }
}

/** GitHub's own "Re-run" of one check. */
export const deedOfRerun = (check: CheckId): Deed => ({ kind: 'rerun', what: check.kind === 'job' ? { kind: 'job', workflow: check.workflow, job: check.job } : { kind: 'all' } });

/** The first line that is a command counts; null: none is. */
export function deedOfComment(body: string): Deed | null {
  for (const line of body.split(/\r?\n/)) {
    const [word = '', ...rest] = line.trimEnd().split(/[ \t]+/);
    const argument = rest.join(' ');
    if (word === '/ok-to-test' && argument === '') return { kind: 'allow' };
    if (word === '/cancel' && argument === '') return { kind: 'cancel' };
    if (word === '/rerun' && argument === '') return { kind: 'rerun', what: { kind: 'all' } };
    if (word === '/rerun' && argument === 'failed') return { kind: 'rerun', what: { kind: 'failed' } };
    if (word === '/approve' && argument !== '') return { kind: 'approve', workflow: null, job: argument };
  }
  return null;
}

/** A label that somebody puts on a pull request; null for one that is no command. */
export function deedOfLabel(name: string): Deed | null {
  if (name === 'ok-to-test') return { kind: 'allow' };
  if (name === 'run-ci') return { kind: 'rerun', what: { kind: 'all' } };
  return null;
}
