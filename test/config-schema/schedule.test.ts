// Which schedules does a branch have, and what starts when one fires?

import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { schedulesOn, startedBy, type BranchSchedules } from '../../config-schema/schedule.ts';
import type { NameFilter } from '../../config-schema/plan.ts';

suite('2.1 §9.5 the branches of a schedule', () => {
  const rows: [what: string, branches: NameFilter | null, branch: string, here: boolean][] = [
    ['none are named', null, 'x', true],
    ['named', { only: ['main', '/rel.*/'], ignore: null }, 'rel-1', true],
    ['not named', { only: ['main'], ignore: null }, 'x', false],
    ['ignored', { only: null, ignore: ['x'] }, 'x', false],
    ['not ignored', { only: null, ignore: ['x'] }, 'main', true],
    ['of only and ignore, only counts', { only: ['main'], ignore: ['main'] }, 'main', true],
    ['an empty list names none', { only: [], ignore: null }, 'main', false],
  ];
  for (const [what, branches, branch, here] of rows) test(what, () => assert.equal(schedulesOn(branch, [{ workflow: 'w', cron: '0 0 * * *', branches }]).length, here ? 1 : 0));

  test('the same one twice counts once', () => {
    const twice = { workflow: 'w', cron: '0 0 * * *', branches: null };
    assert.deepEqual(schedulesOn('main', [twice, { ...twice, cron: '0 1 * * *' }, twice]), [{ workflow: 'w', cron: '0 0 * * *' }, { workflow: 'w', cron: '0 1 * * *' }]);
  });
});

suite('what starts when a branch’s schedules fire', () => {
  const scheduled: BranchSchedules = { kind: 'config', repositoryId: 7, branch: 'main', number: 3, workflows: [{ workflow: 'nightly', cron: '0 0 * * *' }, { workflow: 'hourly', cron: '0 * * * *' }, { workflow: 'nightly', cron: '0 */6 * * *' }] };
  const rows: [at: string, workflows: string[]][] = [
    ['2026-11-29T00:00:00Z', ['nightly', 'hourly']],
    ['2026-11-29T05:00:00Z', ['hourly']],
    ['2026-11-29T05:17:23Z', ['nightly', 'hourly']],
    ['2026-11-29T05:00:01Z', ['nightly', 'hourly']],
  ];
  for (const [at, workflows] of rows) test(at, () => assert.deepEqual(startedBy(scheduled, new Date(at)).map(({ workflow }) => workflow), workflows));
  test('of one with a name, all that has no schedule of its own', () =>
    assert.deepEqual(startedBy({ kind: 'named', repositoryId: 7, name: 'weekly', branch: 'main', cron: '0 0 * * 0', parameters: {}, by: 'operator' }, new Date(0)), [{ name: 'weekly', workflow: null }]));
});
