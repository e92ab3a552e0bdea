// How do the options of `roundhouse run` change the plan?

import type { Plan, WorkflowJob } from '../../config-schema/plan.ts';

/** Only this job and what it requires, in the first workflow that has it; null when none has. Without a name all of the plan. */
export function onlyJob(plan: Plan, name: string | undefined): Plan | null {
  if (name === undefined) return plan;
  for (const workflow of plan.workflows) {
    const kept = new Set<string>();
    const keep = (job: string): void => {
      const found = workflow.jobs.find((candidate) => candidate.name === job);
      if (!found || kept.has(job)) return;
      kept.add(job);
      found.requires.forEach((required) => keep(required.job));
    };
    keep(name);
    if (kept.size > 0) return { ...plan, workflows: [{ ...workflow, jobs: workflow.jobs.filter((job: WorkflowJob) => kept.has(job.name)) }] };
  }
  return null;
}

/** The variables go over everything that the config says. */
export function withEnvironment(plan: Plan, variables: Record<string, string>): Plan {
  const jobs = Object.entries(plan.jobs).map(([key, job]) => {
    const steps = job.steps.map((step) => (step.kind === 'run' ? { ...step, environment: { ...step.environment, ...variables } } : step));
    return [key, { ...job, environment: { ...job.environment, ...variables }, steps }] as const;
  });
  return { ...plan, jobs: Object.fromEntries(jobs) };
}
