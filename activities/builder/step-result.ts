// What does it mean for the build that a step's process ended so?

import type { StepResult } from '../../config-schema/outcome.ts';
import type { PlanStep } from '../../config-schema/plan.ts';
import type { EndedStep } from '../../sandbox-agent/client.ts';

/** `outOfMemoryLimitBytes` is given when the kernel killed for lack of memory while the step ran. */
export function stepResult(step: PlanStep, ended: EndedStep, outOfMemoryLimitBytes: number | null): StepResult {
  const base = { name: step.name, exitCode: ended.exitCode, signal: ended.signal, durationMs: ended.durationMs, ...(ended.halted && { halted: true as const }) };
  switch (ended.how) {
    case 'killed':
      return { ...base, outcome: 'canceled', reason: 'canceled' };
    case 'timed-out': {
      const seconds = step.kind === 'run' ? step.noOutputTimeoutSeconds : 600;
      return { ...base, outcome: 'timed-out', reason: `Too long with no output (exceeded ${duration(seconds)}). Set no_output_timeout on the step to allow more.` };
    }
    case 'not-started':
      return { ...base, outcome: 'failed', reason: ended.reason ?? 'the command could not be started' };
    case 'exited':
      if (ended.exitCode === 0) return { ...base, outcome: 'passed' };
      if (outOfMemoryLimitBytes !== null) return { ...base, outcome: 'failed', reason: `out of memory (limit ${memory(outOfMemoryLimitBytes)})` };
      if (ended.signal !== null) return { ...base, outcome: 'failed', reason: `ended by signal ${ended.signal}` };
      if (ended.exitCode === 127) return { ...base, outcome: 'failed', reason: 'exit code 127: command not found' };
      return { ...base, outcome: 'failed' };
  }
}

export function brokenStep(step: PlanStep, startedAt: number, reason: string): StepResult {
  return { name: step.name, outcome: 'broken', exitCode: null, signal: null, durationMs: Date.now() - startedAt, reason };
}

function duration(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function memory(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${Number(gib.toFixed(1))} GB` : `${Math.round(bytes / 2 ** 20)} MB`;
}
