import { test } from 'node:test';
import assert from 'node:assert/strict';
import { attemptsOf, dueAgain, isWanted, type Attempt } from '../../../activities/control/redelivery.ts';

const minute = 60_000;
const now = Date.parse('2026-01-10T00:00:00Z');
const every = 5 * minute;
let nextId = 1;
/** Attempts of one webhook, by the minutes that have passed since, oldest first; those are well that are told so. */
const tries = (guid: string, minutesAgo: number[], { ok = [] as number[] } = {}): Attempt[] => minutesAgo.map((ago) => ({ id: nextId++, guid, atMs: now - ago * minute, ok: ok.includes(ago) }));

const cases: { title: string; attempts: Attempt[]; due: string[] }[] = [
  { title: 'what arrived is left alone', attempts: tries('a', [60], { ok: [60] }), due: [] },
  { title: 'what failed is sent again', attempts: tries('a', [6]), due: ['a'] },
  { title: 'but not at once', attempts: tries('a', [4]), due: [] },
  { title: 'what arrived at the second attempt is left alone', attempts: tries('a', [60, 55], { ok: [55] }), due: [] },
  { title: 'in whichever order GitHub lists it', attempts: tries('a', [60, 55], { ok: [55] }).reverse(), due: [] },
  { title: 'after a second failure the wait is twice as long', attempts: [...tries('a', [20, 9]), ...tries('b', [20, 11])], due: ['b'] },
  { title: 'the oldest goes first', attempts: [...tries('young', [30]), ...tries('old', [90])], due: ['old', 'young'] },
  { title: 'ten attempts are enough', attempts: tries('a', [4200, 4100, 4000, 3900, 3800, 3700, 3600, 3500, 3400, 3300]), due: [] },
  { title: 'nine are not', attempts: tries('a', [4200, 4100, 4000, 3900, 3800, 3700, 3600, 3500, 3400]), due: ['a'] },
  { title: 'after three days GitHub has it no more', attempts: tries('a', [72 * 60]), due: [] },
];
for (const { title, attempts, due } of cases) {
  test(title, () => assert.deepEqual(dueAgain(attemptsOf(attempts), now, every).map(({ guid }) => guid), due));
}

test('the newest attempt is the one that is sent again', () => {
  const attempts = tries('a', [60, 30, 50]);
  assert.equal(dueAgain(attemptsOf(attempts), now, every)[0]?.lastId, attempts[1]!.id);
});

const events: [string, string | null, boolean][] = [
  ['push', null, true],
  ['pull_request', 'synchronize', true],
  ['check_run', 'rerequested', true],
  ['check_run', 'requested_action', true],
  ['check_run', 'completed', false],
  ['issue_comment', 'created', true],
  ['issue_comment', 'edited', false],
  ['check_suite', 'requested', false],
  ['repository', 'renamed', false],
  ['installation', 'deleted', false],
];
for (const [event, action, expected] of events) test(`${event} ${action ?? ''} ${expected ? 'is' : 'is not'} sent again`, () => assert.equal(isWanted(event, action), expected));
