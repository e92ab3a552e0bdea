// What does a job of the config become in the plan?

import type { z } from 'zod';
import { durationSeconds } from '../durations.ts';
import { readEnvironment } from './environment.ts';
import { childOf, entriesOf, itemsOf, toPlain } from './node.ts';
import type { Node } from './node.ts';
import type { PlanJob, PlanStep } from '../plan.ts';
import * as schema from './schema.ts';
import { splitWords } from '../shell-words.ts';

const defaults = {
  workingDirectory: '~/project',
  timeoutSeconds: durationSeconds('5h'),
  noOutputTimeoutSeconds: durationSeconds('10m'),
};

/** A job that has passed validation, with its texts rendered. The name is the compiled one. */
export function compileJob(name: string, node: Node): PlanJob {
  const job = schema.job.parse(toPlain(node));
  const shell = wordsOf(job.shell);
  return {
    name,
    executor: { kind: 'docker', image: job.docker[0].image },
    environment: readEnvironment(childOf(node, 'environment')),
    workingDirectory: job.working_directory ?? defaults.workingDirectory,
    parallelism: job.parallelism ?? 1,
    resourceClass: job.resource_class ?? null,
    timeoutSeconds: job.timeout === undefined ? defaults.timeoutSeconds : durationSeconds(job.timeout),
    steps: itemsOf(childOf(node, 'steps')).map((step, index) => compileStep(job.steps[index]!, step, shell)),
  };
}

function compileStep(step: z.output<typeof schema.step>, node: Node, jobShell: string[] | null): PlanStep {
  if (step === 'checkout' || 'checkout' in step) {
    const { name, path } = step === 'checkout' ? {} : step.checkout;
    return { kind: 'checkout', name: name || 'Checkout code', path: path ?? '.' };
  }
  const run = typeof step.run === 'string' ? { command: step.run } : step.run;
  return {
    kind: 'run',
    name: run.name || nameOf(run.command),
    command: run.command,
    shell: wordsOf(run.shell) ?? jobShell,
    environment: readEnvironment(childOf(entriesOf(node).get('run')?.value, 'environment')),
    workingDirectory: run.working_directory ?? '.',
    when: run.when ?? 'on_success',
    background: run.background ?? false,
    noOutputTimeoutSeconds: run.no_output_timeout === undefined ? defaults.noOutputTimeoutSeconds : durationSeconds(run.no_output_timeout),
  };
}

const wordsOf = (shell: string | string[] | undefined): string[] | null => (typeof shell === 'string' ? splitWords(shell) : (shell ?? null));

/** A step without a name is called by its command: the first line of it, because names travel with every graph. */
function nameOf(command: string): string {
  const line = command.trim().split('\n')[0]!.trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
