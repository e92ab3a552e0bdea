// Which schedules does a repository have, and how does an operator arrange one beside its config?

import * as z from 'zod';
import type { ScheduleStore } from '../../activities/control/schedules.ts';
import { readCron } from '../../config-schema/cron.ts';
import { mostSchedules, type NamedSchedule } from '../../config-schema/schedule.ts';
import { branchOf } from '../../config-schema/trigger.ts';
import { givenParameters, headAsked, refName, type TriggerPorts } from '../trigger.ts';
import { fullName, operation, Refused, repositoryOf, type Operation, type OperationPorts } from './operation.ts';

export type ScheduleOperationPorts = Pick<OperationPorts, 'audit' | 'findRepository'> & Pick<TriggerPorts, 'headOf'> & {
  schedules: ScheduleStore;
  /** False for a repository that nobody follows. */
  isBuilt(repositoryId: number): Promise<boolean>;
};

/** `name` is null for what a config says, and `workflow` for what somebody arranged. `next`: ISO 8601; null: never. */
export type ListedSchedule = { name: string | null; workflow: string | null; branch: string; cron: string; parameters: NamedSchedule['parameters']; by: string | null; next: string | null };

const scheduleName = z.string().regex(/^[^\p{C}]{1,100}$/u, 'a schedule has a name of 1 to 100 letters');

export function scheduleOperations(ports: ScheduleOperationPorts): Record<string, Operation> {
  const { schedules, audit } = ports;
  return {
    'schedules.list': operation(z.strictObject({ repository: fullName }), async ({ repository }): Promise<{ schedules: ListedSchedule[] }> => {
      const all = await schedules.list((await repositoryOf(ports, repository)).id);
      const listed = all.flatMap(({ scheduled, next }): ListedSchedule[] => {
        const { branch } = scheduled;
        if (scheduled.kind === 'named') return [{ name: scheduled.name, workflow: null, branch, cron: scheduled.cron, parameters: scheduled.parameters, by: scheduled.by, next }];
        return scheduled.workflows.map(({ workflow, cron }) => ({ name: null, workflow, branch, cron, parameters: {}, by: null, next }));
      });
      return { schedules: listed.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)) };
    }),

    'schedules.add': operation(z.strictObject({ repository: fullName, name: scheduleName, cron: z.string(), branch: refName.optional(), parameters: givenParameters }), async ({ name, cron, parameters, ...asked }, asker) => {
      const read = readCron(cron);
      if ('problem' in read) throw new Refused(read.problem);
      const { repository, ref } = await headAsked(ports, asked);
      const scheduled: NamedSchedule = { kind: 'named', repositoryId: repository.id, name, branch: branchOf(ref)!, cron, parameters, by: asker.who };
      if (await schedules.find(scheduled)) throw new Refused(`${asked.repository} has a schedule ${name} already. Remove it first, or choose another name.`);
      if ((await schedules.count(repository.id)) >= mostSchedules) throw new Refused(`${asked.repository} has ${mostSchedules} schedules, which is the most. Remove one first: roundhouse schedules list ${asked.repository}`);
      await schedules.put(scheduled);
      await audit.append({ ...asker, action: 'schedule.added', subject: `repository ${repository.owner}/${repository.name}`, repositoryId: repository.id, details: { name, cron, branch: scheduled.branch, parameters: Object.keys(parameters) } });
      return { branch: scheduled.branch };
    }),

    'schedules.remove': operation(z.strictObject({ repository: fullName, name: scheduleName }), async ({ repository: named, name }, asker) => {
      const { id, owner, name: called } = await repositoryOf(ports, named);
      if (!(await schedules.remove({ kind: 'named', repositoryId: id, name }))) throw new Refused(`${named} has no schedule ${name} that somebody arranged here; what its config says is changed there. See: roundhouse schedules list ${named}`);
      await audit.append({ ...asker, action: 'schedule.removed', subject: `repository ${owner}/${called}`, repositoryId: id, details: { name } });
    }),
  };
}

const sortKey = ({ branch, workflow, name, cron }: ListedSchedule): string => JSON.stringify([branch, workflow ?? '', name ?? '', cron]);
