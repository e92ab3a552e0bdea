// What does the agent get told to run for a step of the Plan?

import { posix } from 'node:path';
import type { PlanStep } from '../../config-schema/plan.ts';
import type { StepSpec } from '../../sandbox-agent/protocol.ts';
import { checkoutEnvironment, checkoutScript } from './checkout.ts';
import { stepEnvironment, type StepPlace } from './environment.ts';

/** bash where the image has it, as in the original. */
const defaultShell = 'if [ -x /bin/bash ]; then exec /bin/bash -eo pipefail -c "$1"; else exec /bin/sh -eo pipefail -c "$1"; fi';

export function stepSpec(place: StepPlace, index: number, step: PlanStep): StepSpec {
  const env = stepEnvironment(place, step);
  switch (step.kind) {
    case 'checkout':
      return {
        index,
        argv: ['/bin/sh', '-c', checkoutScript],
        env: { ...env, ...checkoutEnvironment(place.trigger) },
        cwd: inside(place.job.workingDirectory, step.path),
        background: false,
        noOutputTimeoutSeconds: 600,
      };
    case 'run':
      return {
        index,
        argv: step.shell ? [...step.shell, '-c', step.command] : ['/bin/sh', '-c', defaultShell, 'sh', step.command],
        env,
        cwd: inside(place.job.workingDirectory, step.workingDirectory),
        background: step.background,
        noOutputTimeoutSeconds: step.background ? null : step.noOutputTimeoutSeconds,
      };
    default:
      throw new Error(`a ${step.kind} step is refused when the pipeline is loaded, and cannot be run`);
  }
}

/** A path relative to the job's working directory; absolute ones and those in a home stand for themselves. */
function inside(workingDirectory: string, path: string): string {
  if (path.startsWith('/') || path === '~' || path.startsWith('~/')) return path;
  return posix.join(workingDirectory, path);
}
