// What of the config language compiles, and cannot be run yet?

import { childOf, entriesOf, isNull, itemsOf, stringOf, unbound } from './node.ts';
import type { MapNode, Node, Place } from './node.ts';
import { collectProblems } from './problems.ts';
import type { Problems } from './problems.ts';
import type { Processed, ProcessedInvocation } from './processed.ts';
import type { Diagnostic, Plan, PlanJob } from '../plan.ts';

/** By the place where the key stands: the key, and what to do about it. A feature that arrives leaves this table. */
export const notYet = {
  job: {
    egress: 'Remove it.',
  },
  step: {
    install_signing_bundle: 'Remove the step, which is for macOS.',
  },
} as const satisfies Record<string, Record<string, string>>;

export const notYetSentence = (feature: string, remedy: string): string => `${feature} is not supported yet by this version of Roundhouse. ${remedy}`;

/** Of what the plan runs, each thing that this version cannot do, as an error at its line. */
export function findNotYet(processed: Processed, plan: Plan): Diagnostic[] {
  const { source } = processed;
  const problems = collectProblems(source);
  for (const workflow of processed.workflows) {
    const running = plan.workflows.find(({ name }) => name === workflow.name);
    if (!running) continue;
    const names = new Set(running.jobs.map(({ name }) => name));
    for (const invocation of workflow.jobs) if (names.has(invocation.name)) lookAtInvocation(invocation, processed, plan, problems);
  }
  return problems.diagnostics();
}

function lookAtInvocation({ name, type, place }: ProcessedInvocation, processed: Processed, plan: Plan, problems: Problems): void {
  const job = type === 'build' ? plan.jobs[name] : undefined;
  // What never runs here lacks nothing.
  if (job && job.unsupported !== null) return;
  const refuse = (at: Place, feature: string, remedy: string): void => {
    const report = (): void => problems.error(at, notYetSentence(feature, remedy));
    // What an orb holds is told at the line that calls for it.
    if (at.source === processed.source) report();
    else problems.calling({ kind: 'job', name, place }, report);
  };
  const body = processed.jobs.get(name);
  if (job && body) lookAtJob(job, body, refuse);
}

type Refuse = (at: Place, feature: string, remedy: string) => void;

function lookAtJob(job: PlanJob, body: MapNode, refuse: Refuse): void {
  lookAtKeys(body, notYet.job, refuse);
  for (const step of itemsOf(childOf(body, 'steps')).map(unbound)) lookAtStep(step, job, refuse);
}

function lookAtStep(step: Node, job: PlanJob, refuse: Refuse): void {
  const [written] = entriesOf(step);
  const [kind, at] = written ? [written[0], written[1].key] : [stringOf(step) ?? '', step.place];
  if (Object.hasOwn(notYet.step, kind)) refuse(at, `\`${kind}\``, notYet.step[kind as keyof typeof notYet.step]);
  if (kind === 'deploy' && job.parallelism > 1) refuse(at, '`deploy` in a job with parallelism', 'Write a job of its own for it, which requires this one.');
}

function lookAtKeys(node: Node | undefined, table: Record<string, string>, refuse: Refuse): void {
  for (const [key, { key: at, value }] of entriesOf(node)) if (Object.hasOwn(table, key) && asksForSomething(value)) refuse(at, `\`${key}\``, table[key]!);
}

/** null, false and what is empty ask for nothing. */
function asksForSomething(node: Node): boolean {
  const plain = unbound(node);
  if (isNull(plain)) return false;
  return plain.kind === 'scalar' ? plain.value !== false : plain.kind === 'list' ? plain.items.length > 0 : entriesOf(plain).size > 0;
}
