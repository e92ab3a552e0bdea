// What is each job of the plan called?

import { compileJob } from './job.ts';
import type { Node } from './node.ts';
import type { Invocation } from './workflow-graph.ts';

/** The compiled name of each invocation. Where one name would stand for different jobs, all of them get a number. */
export function nameJobs(invocations: Invocation[], rendered: Map<string, Node>): Map<Invocation, string> {
  const body = new Map([...rendered].map(([job, node]) => [job, JSON.stringify(compileJob('', node))]));
  const byName = Map.groupBy(invocations, ({ name }) => name);
  const taken = new Set(byName.keys());
  const names = new Map<Invocation, string>();
  for (const [name, group] of byName) {
    const bodies = Map.groupBy(group, ({ job }) => body.get(job)!);
    if (bodies.size === 1) for (const invocation of group) names.set(invocation, name);
    else {
      let number = 0;
      for (const same of bodies.values()) {
        do number++;
        while (taken.has(`${name}-${number}`));
        for (const invocation of same) names.set(invocation, `${name}-${number}`);
      }
    }
  }
  return names;
}
