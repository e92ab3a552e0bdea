import { test } from 'node:test';
import assert from 'node:assert/strict';
import { stepResult } from '../../../activities/builder/step-result.ts';
import { runStep } from '../../config-schema/plan-parts.ts';

const step = runStep();
const ended = { index: 0, state: 'ended', how: 'exited', exitCode: 0, signal: null, durationMs: 5, outputBytes: 0 } as const;
const MiB = 2 ** 20;

const cases: [string, Parameters<typeof stepResult>[1], number | null, string, string | undefined][] = [
  ['exit code 0 passes', ended, null, 'passed', undefined],
  ['exit code 0 passes although a child was killed for memory', ended, 512 * MiB, 'passed', undefined],
  ['any other exit code fails', { ...ended, exitCode: 2 }, null, 'failed', undefined],
  ['127 is said in words', { ...ended, exitCode: 127 }, null, 'failed', 'exit code 127: command not found'],
  ['a signal is named', { ...ended, exitCode: null, signal: 'SIGSEGV' }, null, 'failed', 'ended by signal SIGSEGV'],
  ['lack of memory is said with the limit in MB', { ...ended, exitCode: 137 }, 512 * MiB, 'failed', 'out of memory (limit 512 MB)'],
  ['and in GB', { ...ended, exitCode: null, signal: 'SIGKILL' }, 4096 * MiB, 'failed', 'out of memory (limit 4 GB)'],
  ['silence is a timeout', { ...ended, how: 'timed-out', exitCode: null, signal: 'SIGTERM' }, null, 'timed-out', 'Too long with no output (exceeded 10m). Set no_output_timeout on the step to allow more.'],
  ['killed by us is canceled', { ...ended, how: 'killed', exitCode: null, signal: 'SIGTERM' }, null, 'canceled', 'canceled'],
  ['what could not start fails with the agent’s sentence', { ...ended, how: 'not-started', exitCode: null, reason: 'no such program: /bin/zsh' }, null, 'failed', 'no such program: /bin/zsh'],
];

for (const [title, state, limit, outcome, reason] of cases) {
  test(title, () => {
    const result = stepResult(step, state, limit);
    assert.equal(result.outcome, outcome);
    assert.equal(result.reason, reason);
    assert.equal(result.name, 'Test');
  });
}

test('a halt is passed on, however the step ended, and only then', () => {
  for (const state of [ended, { ...ended, exitCode: 1 }]) {
    assert.equal(stepResult(step, { ...state, halted: true }, null).halted, true);
    assert.equal('halted' in stepResult(step, state, null), false);
  }
});
