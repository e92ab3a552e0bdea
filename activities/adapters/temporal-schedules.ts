// How does Temporal keep what runs by the clock? One Temporal Schedule for each thing that fires, and no other copy of it.

import { createHash } from 'node:crypto';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, type Client } from '@temporalio/client';
import { plainCrons, readCron } from '../../config-schema/cron.ts';
import { controlQueue } from '../../config-schema/queues.ts';
import { cronsOf, type Scheduled, type ScheduleKey } from '../../config-schema/schedule.ts';
import type { ScheduleStore } from '../control/schedules.ts';

/** What was missed for longer while the server was away is left out. */
const catchupWindow = '1h';

export function temporalSchedules({ schedule: schedules }: Client): ScheduleStore {
  /** Null where there is none. */
  async function ofExisting<T>(asked: Promise<T>): Promise<T | null> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return null;
      throw error;
    }
  }

  async function describe(id: string): Promise<{ scheduled: Scheduled; next: string | null } | null> {
    const found = await ofExisting(schedules.getHandle(id).describe());
    return found && { scheduled: found.action.args![0] as Scheduled, next: found.info.nextActionTimes[0]?.toISOString() ?? null };
  }

  async function idsOf(repositoryId: number): Promise<string[]> {
    const ids: string[] = [];
    for await (const { scheduleId } of schedules.list()) if (scheduleId.startsWith(`schedule/${repositoryId}/`)) ids.push(scheduleId);
    return ids;
  }

  return {
    find: async (key) => (await describe(idOf(key)))?.scheduled ?? null,

    async put(scheduled) {
      const id = idOf(scheduled);
      const options = {
        spec: { cronExpressions: cronsOf(scheduled).flatMap(timesOf) },
        action: { type: 'startWorkflow' as const, workflowType: 'scheduled', workflowId: id, taskQueue: controlQueue, args: [scheduled] },
        // One that cannot be delivered because GitHub is away makes the next one superfluous.
        policies: { overlap: 'SKIP' as const, catchupWindow },
      };
      try {
        await schedules.create({ scheduleId: id, ...options });
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
        await schedules.getHandle(id).update(({ state }) => ({ state, ...options }));
      }
    },

    remove: async (key) => (await ofExisting(schedules.getHandle(idOf(key)).delete().then(() => true))) ?? false,

    async list(repositoryId) {
      const all = await Promise.all((await idsOf(repositoryId)).map(describe));
      return all.filter((each) => each !== null);
    },

    count: async (repositoryId) => (await idsOf(repositoryId)).length,
  };
}

/** Hashed: ids are in clear, and what a branch is called is nobody else's business. */
const idOf = (key: ScheduleKey): string => `schedule/${key.repositoryId}/${key.kind}/${createHash('sha256').update(key.kind === 'config' ? key.branch : key.name).digest('base64url').slice(0, 22)}`;

/** Faulty ones were refused before. */
function timesOf(text: string): string[] {
  const cron = readCron(text);
  return 'problem' in cron ? [] : plainCrons(cron);
}
