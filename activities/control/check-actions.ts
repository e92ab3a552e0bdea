// Which buttons does a check have?

import type { Outcome } from '../../config-schema/outcome.ts';
import type { JobView } from '../../config-schema/view.ts';
import type { Check } from './activities.ts';
import type { CheckAction } from './forge.ts';

const cancel: CheckAction = { label: 'Cancel', description: 'Stop this job', identifier: 'cancel' };
const approve: CheckAction = { label: 'Approve', description: 'Let the jobs after it run', identifier: 'approve' };
const allow: CheckAction = { label: 'Build this fork', description: 'Run the code of this commit', identifier: 'allow' };
const rerunJob: CheckAction = { label: 'Rerun this job', description: 'Run it once more', identifier: 'rerun-job' };
const rerunFailed: CheckAction = { label: 'Rerun failed', description: 'Run what failed, and what needs it', identifier: 'rerun-failed' };
const rerunAll: CheckAction = { label: 'Rerun all', description: 'Run the whole pipeline once more', identifier: 'rerun-all' };

const worthAnotherTry: ReadonlySet<Outcome> = new Set(['failed', 'timed-out', 'broken', 'canceled', 'unauthorized']);

export function checkActions(check: Check): CheckAction[] {
  if (check.kind === 'config-errors') return [];
  if (check.kind === 'fork') return check.outcome === null ? [allow] : [];
  const { job } = check;
  if (job.outcome === null) return waitsForPerson(job) ? [approve, cancel] : [cancel];
  return job.type !== 'approval' && worthAnotherTry.has(job.outcome) ? [rerunJob, rerunFailed, rerunAll] : [];
}

/** An approval job gives a reason when what it requires has ended and it is a person's turn. */
export const waitsForPerson = ({ type, outcome, reason }: JobView): boolean => type === 'approval' && outcome === null && reason !== undefined;
