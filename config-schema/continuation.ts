// With which config does a pipeline go on that began with a setup config, and what becomes of its plan?

import { pipelineKey } from './address.ts';
import type { Plan, PlanJob } from './plan.ts';

export type ParameterValues = Record<string, string | number | boolean>;

/** What a job of a setup config hands in by `circleci-agent continue`. */
export type Continuation = {
  /** Where the text lay, for messages. */
  path: string;
  /** null: the pipeline goes on with nothing, and is over. */
  configuration: string | null;
  parameters: ParameterValues;
};

export type StoredContinuation = Continuation & {
  version: 1;
  /** Who handed it in. */
  workflow: string;
  job: string;
  slice: number;
  attempt: number;
};

/** Where it lies until the setup workflow has ended. */
export const continuationKey = (repositoryId: number, pipeline: number): string => `${pipelineKey({ id: repositoryId }, pipeline)}/continuation.json`;

/** Text and parameters together. */
export const mostContinuationBytes = 3 * 1024 * 1024;

/** The sentence on what is wrong with something that calls itself a continuation; null: nothing. A sandbox may say anything. */
export function faultOfContinuation(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return 'it is not a continuation';
  const { path, configuration, parameters } = value as Record<string, unknown>;
  if (typeof path !== 'string' || path.length > 1000) return 'it does not say where its config lies';
  if (configuration !== null && typeof configuration !== 'string') return 'its config is not a text';
  const length = (configuration ?? '').length + (JSON.stringify(parameters) ?? '').length;
  return length > mostContinuationBytes ? `it is larger than ${mostContinuationBytes / 1024 / 1024} MB` : faultOfParameters(parameters);
}

/** The same of parameters alone. */
export function faultOfParameters(parameters: unknown): string | null {
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) return 'its parameters are not a JSON object, {"name": value}';
  const odd = Object.entries(parameters).find(([, value]) => !['string', 'number', 'boolean'].includes(typeof value));
  return odd ? `its parameter ${odd[0].slice(0, 128)} is not a text, a number, true or false` : null;
}

/** The names that a trigger has given a value already. */
export const conflicting = (triggers: ParameterValues, continuations: ParameterValues): string[] => Object.keys(continuations).filter((name) => Object.hasOwn(triggers, name));

/**
 * What both configs run, and what is new of it. A workflow or job of the continuation whose name the setup config has taken is called
 * NAME-2, or the next number that is free; the names of jobs in their workflows stay.
 */
export function continuedPlan(setup: Plan, continuation: Plan): { plan: Plan; added: Pick<Plan, 'workflows' | 'filtered' | 'off' | 'jobs' | 'setup'> } {
  const keys = renamed(Object.keys(continuation.jobs), Object.keys(setup.jobs));
  const names = renamed(workflowNames(continuation), workflowNames(setup));
  const workflows = continuation.workflows.map((workflow) => ({
    ...workflow,
    name: names.get(workflow.name)!,
    jobs: workflow.jobs.map((job) => (job.type === 'build' ? { ...job, job: keys.get(job.job)! } : job)),
  }));
  const filtered = continuation.filtered?.map((job) => ({ ...job, workflow: names.get(job.workflow)! }));
  // fromEntries defines properties, so that a job such as `__proto__` stays one.
  const jobs = Object.fromEntries(Object.entries(continuation.jobs).map(([key, job]): [string, PlanJob] => [keys.get(key)!, job]));
  const orbs = [...setup.orbs, ...continuation.orbs.filter(({ reference }) => !setup.orbs.some((known) => known.reference === reference))];
  const off = [...(setup.off ?? []), ...(continuation.off ?? [])];
  const allFiltered = [...(setup.filtered ?? []), ...(filtered ?? [])];
  return {
    plan: {
      ...setup,
      workflows: [...setup.workflows, ...workflows],
      ...(allFiltered.length > 0 && { filtered: allFiltered }),
      ...(off.length > 0 && { off }),
      jobs: Object.fromEntries([...Object.entries(setup.jobs), ...Object.entries(jobs)]),
      orbs,
    },
    added: { workflows, ...(filtered && { filtered }), ...(continuation.off && { off: continuation.off }), jobs, setup: false },
  };
}

/** Also of those whose jobs are all filtered out, which are seen too. */
const workflowNames = ({ workflows, filtered = [] }: Plan): string[] => [...new Set([...workflows.map(({ name }) => name), ...filtered.map(({ workflow }) => workflow)])];

function renamed(names: readonly string[], taken: readonly string[]): Map<string, string> {
  const used = new Set([...names, ...taken]);
  return new Map(
    names.map((name) => {
      if (!taken.includes(name)) return [name, name];
      let number = 2;
      while (used.has(`${name}-${number}`)) number += 1;
      const free = `${name}-${number}`;
      used.add(free);
      return [name, free];
    }),
  );
}
