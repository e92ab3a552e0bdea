// What every store of schedules promises.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ScheduleStore } from '../../activities/control/schedules.ts';
import type { BranchSchedules, NamedSchedule, Scheduled } from '../../config-schema/schedule.ts';

const ofMain: BranchSchedules = { kind: 'config', repositoryId: 71, branch: 'main', number: 3, workflows: [{ workflow: 'nightly', cron: '30 4 * * *' }, { workflow: 'hourly', cron: '45 * * * 7' }] };
const weekly: NamedSchedule = { kind: 'named', repositoryId: 71, name: 'main', branch: 'main', cron: '0 0 * * sun', parameters: { deep: true, level: 3, word: 'ä' }, by: 'operator root' };

/** Repositories 71 and 72 are the contract's own. */
export async function keepsSchedules(schedules: ScheduleStore): Promise<void> {
  const listed = async (repositoryId: number, wanted: Scheduled[]): Promise<(string | null)[]> => {
    for (let tries = 1; ; tries++) {
      const all = await schedules.list(repositoryId);
      // The list may be late.
      if (all.length === wanted.length || tries === 200) {
        assert.deepEqual(all.map(({ scheduled }) => scheduled).sort(byKind), wanted.sort(byKind));
        assert.equal(await schedules.count(repositoryId), wanted.length);
        return all.map(({ next }) => next);
      }
      await sleep(50);
    }
  };

  assert.deepEqual([await schedules.find(ofMain), await schedules.remove(ofMain), await schedules.count(71)], [null, false, 0]);
  await schedules.put(ofMain);
  await schedules.put(weekly);
  await schedules.put({ ...weekly, repositoryId: 72 });
  assert.deepEqual([await schedules.find({ kind: 'config', repositoryId: 71, branch: 'main' }), await schedules.find({ kind: 'named', repositoryId: 71, name: 'main' })], [ofMain, weekly], 'a branch and a name are two things');
  const next = await listed(71, [ofMain, weekly]);
  assert.ok(next.every((at) => at !== null && Date.parse(at) > Date.now()), String(next));

  const changed = { ...ofMain, number: 4, workflows: [{ workflow: 'nightly', cron: '0 5 * * *' }] };
  await schedules.put(changed);
  await schedules.put(changed);
  assert.deepEqual(await schedules.find(ofMain), changed);
  assert.deepEqual([await schedules.remove(ofMain), await schedules.remove(ofMain), await schedules.find(ofMain)], [true, false, null]);
  await listed(71, [weekly]);
  assert.equal(await schedules.remove({ ...weekly, repositoryId: 72 }), true);
  assert.deepEqual(await schedules.find(weekly), weekly, 'that of another repository');
  await schedules.put(ofMain);
  assert.deepEqual(await schedules.find(ofMain), ofMain, 'again after it was removed');
  await schedules.remove(ofMain);
  await schedules.remove(weekly);
}

const byKind = (a: Scheduled, b: Scheduled): number => (a.kind < b.kind ? -1 : 1);
