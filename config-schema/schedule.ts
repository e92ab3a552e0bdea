// What runs by the clock?

import { isDue, readCron } from './cron.ts';
import { runsOn } from './language/filters.ts';
import type { PlanSchedule } from './plan.ts';
import type { Trigger } from './trigger.ts';

/** As Temporal keeps it, and nobody else: what fires, and what of a repository then runs. */
export type Scheduled = BranchSchedules | NamedSchedule;

/** What the config at the head of a branch says: each of its schedules starts its workflow. */
export type BranchSchedules = {
  kind: 'config';
  repositoryId: number;
  branch: string;
  /** Of the pipeline that read this config: a later one counts. */
  number: number;
  workflows: { workflow: string; cron: string }[];
};

/** What somebody arranged beside the config: all that a push of the branch would run, with these parameters. */
export type NamedSchedule = {
  kind: 'named';
  repositoryId: number;
  name: string;
  branch: string;
  cron: string;
  parameters: NonNullable<Trigger['parameters']>;
  /** Whoever arranged it, as the audit log has it. */
  by: string;
};

/** By which one is known: there is one for each branch, and one for each name. */
export type ScheduleKey = Pick<BranchSchedules, 'kind' | 'repositoryId' | 'branch'> | Pick<NamedSchedule, 'kind' | 'repositoryId' | 'name'>;

/** Of one repository; and of what one config says. Whoever may push to a branch may write schedules into its config. */
export const mostSchedules = 50;

/** Of a config's schedules those for this branch, each once. Of a filter with `only` and `ignore`, `only` counts. */
export function schedulesOn(branch: string, schedules: readonly PlanSchedule[]): BranchSchedules['workflows'] {
  const here = schedules.filter(({ branches }) => runsOn({ branches: branches?.only ? { ...branches, ignore: null } : branches, tags: null }, { branch, tag: null }));
  return [...new Map(here.map(({ workflow, cron }) => [JSON.stringify([workflow, cron]), { workflow, cron }])).values()];
}

export const cronsOf = (scheduled: Scheduled): string[] => (scheduled.kind === 'named' ? [scheduled.cron] : scheduled.workflows.map(({ cron }) => cron));

/** What starts when it fires: of a schedule that somebody fires by hand, at a time that is none of its own, everything. */
export function startedBy(scheduled: Scheduled, at: Date): NonNullable<Trigger['schedule']>[] {
  if (scheduled.kind === 'named') return [{ name: scheduled.name, workflow: null }];
  const names = (entries: BranchSchedules['workflows']): string[] => [...new Set(entries.map(({ workflow }) => workflow))];
  const due = names(scheduled.workflows.filter(({ cron }) => isDueAt(cron, at)));
  return (due.length > 0 ? due : names(scheduled.workflows)).map((workflow) => ({ name: workflow, workflow }));
}

function isDueAt(text: string, at: Date): boolean {
  const cron = readCron(text);
  return !('problem' in cron) && at.getUTCSeconds() === 0 && isDue(cron, at);
}
