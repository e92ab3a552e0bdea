import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkConclusion, combine, exitCode, outcomes, requiresStatus } from '../../config-schema/outcome.ts';
import type { Outcome } from '../../config-schema/outcome.ts';

test('what each outcome means to requires, to the check, and to a shell', () => {
  const meanings = Object.fromEntries(outcomes.map((outcome) => [outcome, [requiresStatus(outcome), checkConclusion(outcome), exitCode(outcome)]]));
  assert.deepEqual(meanings, {
    passed: ['success', 'success', 0],
    failed: ['failed', 'failure', 1],
    'timed-out': ['failed', 'timed_out', 1],
    canceled: ['canceled', 'cancelled', 1],
    skipped: ['not_run', 'skipped', 0],
    'not-run': ['not_run', 'skipped', 0],
    unsupported: ['not_run', 'neutral', 0],
    unauthorized: ['unauthorized', 'failure', 1],
    broken: ['failed', 'failure', 3],
  });
});

suite('the outcome of a whole', () => {
  const rows: [Outcome[], Outcome][] = [
    [[], 'passed'],
    [['passed', 'passed'], 'passed'],
    [['passed', 'failed'], 'failed'],
    [['failed', 'timed-out', 'canceled'], 'timed-out'],
    [['failed', 'broken', 'passed'], 'broken'],
    [['canceled', 'failed'], 'failed'],
    [['canceled', 'passed'], 'canceled'],
    [['unauthorized', 'passed'], 'unauthorized'],
    [['passed', 'skipped', 'not-run', 'unsupported'], 'passed'],
    [['skipped', 'not-run'], 'not-run'],
    [['skipped', 'unsupported'], 'unsupported'],
    [['skipped'], 'skipped'],
    [['failed', 'not-run'], 'failed'],
  ];
  for (const [parts, whole] of rows) test(`[${parts.join(', ')}]: ${whole}`, () => assert.equal(combine(parts), whole));

  test('does not depend on the order of its parts', () => {
    for (const a of outcomes) for (const b of outcomes) for (const c of outcomes) assert.equal(combine([a, b, c]), combine([c, a, b]));
  });

  test('is green exactly when no part was red', () => {
    for (const a of outcomes) for (const b of outcomes) assert.equal(exitCode(combine([a, b])) === 0, exitCode(a) === 0 && exitCode(b) === 0);
  });
});
