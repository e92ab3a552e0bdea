// What is each job called in the end? One name stands for one job.

import type { Invocation } from './invocations.ts';
import { toPlain } from './node.ts';

/**
 * The name of each invocation of all workflows together. The same job keeps its name in several workflows; where one name would
 * stand for different jobs, or twice in one workflow, all of them are numbered, in the order in which they appear.
 */
export function nameInvocations(workflows: Invocation[][]): Map<Invocation, string> {
  const groups = new Map<string, { invocation: Invocation; workflow: number }[]>();
  workflows.forEach((invocations, workflow) => {
    for (const invocation of invocations) {
      const group = groups.get(invocation.name) ?? [];
      groups.set(invocation.name, group);
      group.push({ invocation, workflow });
    }
  });
  const taken = new Set(groups.keys());
  const names = new Map<Invocation, string>();
  for (const [name, group] of groups) {
    if (group.length === 1) {
      names.set(group[0]!.invocation, name);
      continue;
    }
    const numbers = numberJobs(group);
    const isOne = new Set(numbers).size === 1;
    const words = new Map<number, string>();
    let next = 0;
    group.forEach(({ invocation }, index) => {
      const number = numbers[index]!;
      if (!words.has(number)) {
        do next++;
        while (taken.has(`${name}-${next}`));
        words.set(number, `${name}-${next}`);
      }
      names.set(invocation, isOne ? name : words.get(number)!);
    });
  }
  return names;
}

/** The same number for what may share a name: the same body, the first of it in each workflow, the second, and so on. */
function numberJobs(group: { invocation: Invocation; workflow: number }[]): number[] {
  const ids = new Map<string, number>();
  const ofJob = new Map<object, number>();
  const idOf = ({ job, type }: Invocation): number => {
    if (job && ofJob.has(job)) return ofJob.get(job)!;
    const body = job === null ? type : JSON.stringify(toPlain(job));
    if (!ids.has(body)) ids.set(body, ids.size);
    if (job) ofJob.set(job, ids.get(body)!);
    return ids.get(body)!;
  };
  const times = new Map<string, number>();
  const numbers = new Map<string, number>();
  return group.map(({ invocation, workflow }) => {
    const id = idOf(invocation);
    const before = times.get(`${workflow} ${id}`) ?? 0;
    times.set(`${workflow} ${id}`, before + 1);
    const key = `${before} ${id}`;
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return numbers.get(key)!;
  });
}
