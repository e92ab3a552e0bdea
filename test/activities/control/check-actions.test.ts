import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Check } from '../../../activities/control/activities.ts';
import { checkActions } from '../../../activities/control/check-actions.ts';
import type { JobView } from '../../../config-schema/view.ts';

const job = (of: Partial<JobView>): Check => ({ kind: 'job', name: 'test', workflow: 'all', notes: [], job: { name: 'test', state: 'ended', outcome: null, startedAt: null, endedAt: null, slices: [], ...of } });
const again = ['rerun-job', 'rerun-failed', 'rerun-all'];

const cases: [title: string, Check, string[]][] = [
  ['a job that waits', job({ state: 'waiting' }), ['cancel']],
  ['a job that waits and says why', job({ state: 'waiting', reason: 'no builder' }), ['cancel']],
  ['a job that runs', job({ state: 'running' }), ['cancel']],
  ['a job that passed', job({ outcome: 'passed' }), []],
  ['a job that was skipped', job({ outcome: 'skipped' }), []],
  ['a job that did not run', job({ outcome: 'not-run' }), []],
  ['a job that failed', job({ outcome: 'failed' }), again],
  ['a job that took too long', job({ outcome: 'timed-out' }), again],
  ['a job that broke', job({ outcome: 'broken' }), again],
  ['a job that was canceled', job({ outcome: 'canceled' }), again],
  ['a job whose context denied it', job({ outcome: 'unauthorized' }), again],
  ['an approval whose turn has not come', job({ type: 'approval', state: 'waiting' }), ['cancel']],
  ['an approval that waits for a person', job({ type: 'approval', state: 'waiting', reason: 'waits for approval' }), ['approve', 'cancel']],
  ['an approval that was given', job({ type: 'approval', outcome: 'passed' }), []],
  ['an approval that was canceled', job({ type: 'approval', outcome: 'canceled' }), []],
  ['the code of a fork that waits', { kind: 'fork', wouldRun: [], outcome: null }, ['allow']],
  ['the code of a fork that may run', { kind: 'fork', wouldRun: [], outcome: 'passed' }, []],
  ['a config with errors', { kind: 'config-errors', path: '.circle.yml', errors: [] }, []],
];

suite('the buttons of a check', () => {
  for (const [title, check, expected] of cases) {
    test(title, () => {
      const actions = checkActions(check);
      assert.deepEqual(actions.map(({ identifier }) => identifier), expected);
      // GitHub's limits.
      assert.ok(actions.length <= 3 && actions.every(({ label, description, identifier }) => label.length <= 20 && description.length <= 40 && identifier.length <= 20));
    });
  }
});
