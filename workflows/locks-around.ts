// Under which locks of its workflow does a job run?

import type { GraphJob } from '../config-schema/plan.ts';

/** The locks that it follows, but for those whose unlock it follows too. Of an unlock: what it may unlock. */
export function locksAround(jobs: readonly GraphJob[], name: string): GraphJob[] {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const before = ancestorsOf(byName, name);
  const unlocked = new Set(before.filter(({ type }) => type === 'unlock').flatMap((unlock) => ancestorsOf(byName, unlock.name).filter(({ key }) => key === unlock.key)));
  return before.filter((job) => job.type === 'lock' && !unlocked.has(job));
}

function ancestorsOf(jobs: ReadonlyMap<string, GraphJob>, name: string): GraphJob[] {
  const found = new Set<GraphJob>();
  const pending = [name];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const { job } of jobs.get(next)?.requires ?? []) {
      const required = jobs.get(job);
      if (!required || found.has(required)) continue;
      found.add(required);
      pending.push(job);
    }
  }
  return [...found];
}
