// Which jobs may start now, and which never will?

import { requiresStatus, type Outcome } from '../config-schema/outcome.ts';
import type { GraphJob } from '../config-schema/plan.ts';

export type Ready = {
  /** May start now, in the order of the config. */
  start: string[];
  /** Will never run: a requirement ended in a status that they do not allow. */
  notRun: { job: string; reason: string }[];
};

/**
 * A job starts when every requirement has ended in one of its allowed statuses, and is not-run as soon as one has ended otherwise.
 * `outcomes` holds the ended jobs, `started` those that run.
 */
export function readyJobs(jobs: readonly Pick<GraphJob, 'name' | 'requires'>[], outcomes: ReadonlyMap<string, Outcome>, started: ReadonlySet<string>): Ready {
  const ready: Ready = { start: [], notRun: [] };
  for (const { name, requires } of jobs) {
    if (outcomes.has(name) || started.has(name)) continue;
    const ended = requires.map(({ job, statuses }) => {
      const outcome = outcomes.get(job);
      return outcome === undefined ? { job, verdict: 'open' as const } : { job, outcome, verdict: statuses.includes(requiresStatus(outcome)) ? ('met' as const) : ('unmet' as const) };
    });
    const unmet = ended.find((requirement) => requirement.verdict === 'unmet');
    if (unmet) ready.notRun.push({ job: name, reason: `requires ${unmet.job}, which ended as ${unmet.outcome}` });
    else if (ended.every((requirement) => requirement.verdict === 'met')) ready.start.push(name);
  }
  return ready;
}
