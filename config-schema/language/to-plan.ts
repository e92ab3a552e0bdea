// What does a processed config become in the plan, for one branch or tag?

import { passes, runsOn, readFilters, readNames } from './filters.ts';
import type { Filters, Ref } from './filters.ts';
import { childOf, itemsOf } from './node.ts';
import type { Node } from './node.ts';
import { toPlanJob } from './plan-job.ts';
import { lineOf } from './problems.ts';
import type { Problems } from './problems.ts';
import { reach } from './reach.ts';
import type { Processed, ProcessedInvocation, ProcessedWorkflow } from './processed.ts';
import type { FilteredJob, Plan, PlanJob, PlanSchedule, PlanWorkflow, WorkflowJob } from '../plan.ts';
import { readCron } from '../cron.ts';
import { textOf } from './fields.ts';

/** Everything that runs for the ref, or for it by the clock: the workflow `scheduled`. Faults that only show here (patterns, quotes) are reported; the plan then is of no use. */
export function toPlan(processed: Processed, { ref, scheduled, problems }: { ref: Ref; scheduled?: string | undefined; problems: Problems }): Plan {
  const { source, setup, orbs, jobs: bodies, leftOut } = processed;
  const live = liveOf(processed, scheduled);
  const workflows = live.map((workflow) => toPlanWorkflow(workflow, processed, ref, problems)).filter(({ jobs }) => jobs.length > 0);
  const filtered = ref.branch === null ? [] : live.flatMap((workflow) => filteredJobs(workflow, ref.branch!, problems));
  const off = scheduled === undefined ? leftOut.filter(({ byPaths }) => !byPaths).map(({ workflow, reason }) => ({ workflow, reason })) : [];
  const running = live.filter(({ name }) => workflows.some((workflow) => workflow.name === name));
  if (setup) for (const { place } of running.slice(1)) problems.error(place, 'Max number of workflows exceeded. Of a setup config one workflow runs: put their jobs into one, or conditions on the others.');
  const reached = new Set(workflows.flatMap(({ jobs }) => jobs.filter(({ type }) => type === 'build').map(({ job }) => job)));
  // fromEntries defines properties, so that a job such as `__proto__` stays one.
  const jobs = Object.fromEntries([...reached].map((name): [string, PlanJob] => [name, toPlanJob(name, bodies.get(name)!, problems)]));
  return { version: 1, source: { path: source.path }, setup, workflows, ...(filtered.length > 0 && { filtered }), ...(off.length > 0 && { off }), jobs, schedules: planSchedules(processed, problems), orbs, warnings: problems.diagnostics().filter(({ severity }) => severity === 'warning') };
}

/** Those that may run now: by the clock the one of that name, else all that have no schedule. */
export const liveOf = ({ workflows }: Processed, scheduled: string | undefined): ProcessedWorkflow[] =>
  workflows.filter((workflow) => (scheduled === undefined ? !isScheduled(workflow) : isScheduled(workflow) && workflow.name === scheduled));

/** Such a workflow runs by the clock alone, never for a push. */
export const isScheduled = ({ triggers }: ProcessedWorkflow): boolean => itemsOf(triggers).length > 0;

export const planSchedules = ({ workflows }: Processed, problems: Problems): PlanSchedule[] => workflows.filter(isScheduled).flatMap((workflow) => schedulesOf(workflow, problems));

function schedulesOf({ name, triggers }: ProcessedWorkflow, problems: Problems): PlanSchedule[] {
  return itemsOf(triggers).flatMap((trigger) => {
    const schedule = childOf(trigger, 'schedule');
    const cron = textOf(schedule, 'cron');
    if (cron === null) return [];
    const read = readCron(cron);
    if ('never' in read) {
      // Some write the 30th of February, to have a workflow that runs nothing.
      problems.warn(childOf(schedule, 'cron')!.place, read.problem);
      return [];
    }
    if ('problem' in read) problems.error(childOf(schedule, 'cron')!.place, read.problem);
    return [{ workflow: name, cron, branches: readNames(childOf(childOf(schedule, 'filters'), 'branches'), problems) }];
  });
}

function toPlanWorkflow(workflow: ProcessedWorkflow, processed: Processed, ref: Ref, problems: Problems): PlanWorkflow {
  const { name, maxAutoReruns, autoCancel } = workflow;
  const kept = runningJobs(workflow.jobs, (job) => runsOn(readFilters(job.filters, problems), ref));
  const names = new Set(kept.map((job) => job.name));
  return { name, maxAutoReruns, autoCancel, jobs: kept.map((job) => toWorkflowJob(job, names, processed)) };
}

function toWorkflowJob({ name, type, requires, contexts, serialGroup }: ProcessedInvocation, kept: ReadonlySet<string>, { jobs }: Processed): WorkflowJob {
  const body = jobs.get(name);
  return {
    name,
    type,
    job: name,
    requires: requires.filter((required) => kept.has(required.name)).map((required) => ({ job: required.name, statuses: required.statuses })),
    contexts,
    serialGroup,
    key: type === 'lock' || type === 'unlock' ? textOf(body, 'key') : null,
    planName: type === 'release' ? textOf(body, 'plan_name') : null,
  };
}

function filteredJobs({ name: workflow, jobs }: ProcessedWorkflow, branch: string, problems: Problems): FilteredJob[] {
  const runs = ({ filters }: ProcessedInvocation): boolean => runsOn(readFilters(filters, problems), { branch, tag: null });
  const kept = new Set(runningJobs(jobs, runs));
  return jobs.filter((job) => !kept.has(job)).map((job) => ({ workflow, name: job.name, reason: runs(job) ? `all that it requires is filtered out: ${job.requires.map(({ name }) => name).join(', ')}` : sentenceOn(readFilters(job.filters, problems), branch, job.filters ?? job.printed) }));
}

function sentenceOn({ branches }: Filters, branch: string, { place }: Node): string {
  const entries = (list: readonly string[]): string => (list.length === 0 ? 'none' : list.join(', '));
  const rule = branches?.only && !(branches.ignore && passes({ only: branches.only, ignore: null }, branch)) ? `let only branches in that match ${entries(branches.only)}` : `keep branches out that match ${entries(branches?.ignore ?? [])}`;
  return `its filters (${place.source.path}:${lineOf(place)}) ${rule}, and this is ${branch}`;
}

/**
 * The jobs that are left when filters have taken out theirs. A job goes too when all that it requires has gone: it waited for
 * something, and must not become the first to run.
 */
export function runningJobs<Job extends { name: string; requires: readonly { name: string }[] }>(jobs: readonly Job[], runs: (job: Job) => boolean): Job[] {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const gone = reach(jobs, ({ requires }) => requires.map(({ name }) => byName.get(name)!), (job) => !runs(job));
  return jobs.filter((job) => !gone.has(job));
}
