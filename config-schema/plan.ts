// What will run? The compiled config: plain JSON, every default filled.

/** The compiled config of one pipeline. Nobody who holds a Plan asks whether a default was set. */
export type Plan = {
  version: 1;
  /** Where the source lay in the repository, for messages. */
  source: { path: string };
  workflows: PlanWorkflow[];
  /** Each job once, by its compiled name. */
  jobs: Record<string, PlanJob>;
  /** Things that compile but deserve a line on the check. */
  warnings: Diagnostic[];
};

export type PlanWorkflow = { name: string; jobs: WorkflowJob[] };

/** One place of a job in a workflow's graph. */
export type WorkflowJob = {
  /** Unique in its workflow; the name of the check. */
  name: string;
  /** Key of Plan.jobs. */
  job: string;
  requires: { job: string; statuses: RequiredStatus[] }[];
};

export type RequiredStatus = 'success' | 'failed' | 'canceled' | 'unauthorized' | 'not_run';

export type PlanJob = {
  name: string;
  executor: { kind: 'docker'; image: string };
  environment: Record<string, string>;
  /** As configured: may begin with `~`, which the sandbox expands to the user's home. */
  workingDirectory: string;
  parallelism: number;
  /** null: the default class of the installation. */
  resourceClass: string | null;
  /** Limit for the whole job. */
  timeoutSeconds: number;
  steps: PlanStep[];
};

export type PlanStep = CheckoutStep | RunStep;

export type CheckoutStep = {
  kind: 'checkout';
  name: string;
  /** Relative to the job's working directory; `.` for itself. */
  path: string;
};

export type RunStep = {
  kind: 'run';
  name: string;
  command: string;
  /**
   * The program that gets the command as its last argument after `-c`.
   * null: `/bin/bash -eo pipefail`, or `/bin/sh -eo pipefail` where the image has no bash.
   */
  shell: string[] | null;
  environment: Record<string, string>;
  /** Relative to the job's working directory; `.` for itself. */
  workingDirectory: string;
  when: 'on_success' | 'on_fail' | 'always';
  background: boolean;
  /** The step is ended when it prints nothing for so long. */
  noOutputTimeoutSeconds: number;
};

/** One thing to tell the user about the config. Lines and columns count from 1. */
export type Diagnostic = {
  severity: 'error' | 'warning';
  /** What is wrong and, in the same breath, the remedy. */
  message: string;
  line: number;
  column: number;
  endLine?: number;
  /** The calls that led there, outermost first: `Error calling job: 'test'`. */
  trace?: string[];
};

/** What the pipeline temporal workflow gets of a Plan: names, edges and counts, small enough for any config. */
export type Graph = {
  workflows: { name: string; jobs: GraphJob[] }[];
};

export type GraphJob = {
  name: string;
  job: string;
  requires: { job: string; statuses: RequiredStatus[] }[];
  parallelism: number;
  resourceClass: string | null;
  timeoutSeconds: number;
  /** In order; the slice asks for one at a time, by index. */
  steps: { kind: PlanStep['kind']; name: string; when: RunStep['when'] }[];
  /** Lines for the check, found while the pipeline was loaded. */
  notes?: string[];
};

/** The Graph of a Plan. */
export function graphOf(plan: Plan): Graph {
  return {
    workflows: plan.workflows.map((workflow) => ({
      name: workflow.name,
      jobs: workflow.jobs.map(({ name, job: key, requires }) => {
        const job = plan.jobs[key];
        if (!job) throw new Error(`the plan names job ${key} but does not hold it`);
        return {
          name,
          job: key,
          requires,
          parallelism: job.parallelism,
          resourceClass: job.resourceClass,
          timeoutSeconds: job.timeoutSeconds,
          steps: job.steps.map((step) => ({ kind: step.kind, name: step.name, when: step.kind === 'run' ? step.when : 'on_success' })),
        };
      }),
    })),
  };
}
