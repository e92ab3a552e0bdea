// Schedules in memory, which never fire by themselves.

import type { ScheduleStore } from '../../activities/control/schedules.ts';
import type { Scheduled, ScheduleKey } from '../../config-schema/schedule.ts';

export function memorySchedules(): ScheduleStore {
  const kept = new Map<string, Scheduled>();
  const idOf = (key: ScheduleKey): string => JSON.stringify([key.repositoryId, key.kind, key.kind === 'config' ? key.branch : key.name]);
  const of = (repositoryId: number): Scheduled[] => [...kept.values()].filter((scheduled) => scheduled.repositoryId === repositoryId);
  return {
    find: (key) => Promise.resolve(kept.get(idOf(key)) ?? null),
    put: (scheduled) => Promise.resolve(void kept.set(idOf(scheduled), structuredClone(scheduled))),
    remove: (key) => Promise.resolve(kept.delete(idOf(key))),
    list: (repositoryId) => Promise.resolve(of(repositoryId).map((scheduled) => ({ scheduled, next: '2036-01-01T00:00:00.000Z' }))),
    count: (repositoryId) => Promise.resolve(of(repositoryId).length),
  };
}
