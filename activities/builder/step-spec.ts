// What does the agent get told to run for a step of the Plan?

import { posix } from 'node:path';
import type { AddSshKeysStep, PlanStep, RunStep } from '../../config-schema/plan.ts';
import { paths, type StepSpec } from '../../sandbox-agent/protocol.ts';
import { chooseKeys } from '../ssh-key.ts';
import { checkoutEnvironment, checkoutScript } from './checkout.ts';
import { waitForDocker } from './docker-engine.ts';
import { nothingGiven, stepEnvironment, type Given, type StepPlace } from './environment.ts';
import { continuationFile } from './hand-in.ts';
import { addSshKeysScript, sshKeysEnvironment, type PublicSshKey } from './ssh-keys-step.ts';

/** bash where the image has it, as in the original. */
const defaultShell = 'if [ -x /bin/bash ]; then exec /bin/bash -eo pipefail -c "$1"; else exec /bin/sh -eo pipefail -c "$1"; fi';

/** The exit code is that of the last try. A signal that ends this shell ends the tries. */
const tryAgain = `most=$1 delay=$2 tries=0
shift 2
until "$@"; do
  code=$?
  [ $tries -lt $most ] || exit $code
  tries=$((tries + 1))
  echo "exit code $code; run again in $delay s ($tries of $most)"
  sleep $delay
done`;

function again({ maxAutoReruns, autoRerunDelaySeconds }: RunStep, argv: string[]): string[] {
  return maxAutoReruns === 0 ? argv : ['/bin/sh', '-c', tryAgain, 'sh', String(maxAutoReruns), String(autoRerunDelaySeconds), ...argv];
}

/** Waiting for the next try is no silence of the command's. */
const silenceOf = ({ noOutputTimeoutSeconds, maxAutoReruns, autoRerunDelaySeconds }: RunStep): number => noOutputTimeoutSeconds + (maxAutoReruns === 0 ? 0 : autoRerunDelaySeconds);

/** `index` is the step's place in the job. */
export function stepSpec(place: StepPlace, index: number, step: PlanStep, given: Given = nothingGiven): StepSpec {
  const env = stepEnvironment(place, step, given);
  switch (step.kind) {
    case 'checkout':
      return {
        index,
        argv: ['/bin/sh', '-c', checkoutScript],
        env: { ...env, ...checkoutEnvironment(place, index, step) },
        cwd: inside(place.job.workingDirectory, step.path),
        background: false,
        noOutputTimeoutSeconds: 600,
      };
    case 'add_ssh_keys':
      return {
        index,
        argv: ['/bin/sh', '-c', addSshKeysScript],
        env: { ...env, ...sshKeysEnvironment(keysOf(given, step)) },
        // Not the job's folder, which would be made: a checkout wants it empty.
        cwd: '~',
        background: false,
        noOutputTimeoutSeconds: 600,
      };
    case 'setup_remote_docker':
      return { index, argv: ['/bin/sh', '-c', waitForDocker], env, cwd: '~', background: false, noOutputTimeoutSeconds: 600 };
    case 'run':
      return {
        index,
        argv: again(step, step.shell ? [...step.shell, '-c', step.command] : ['/bin/sh', '-c', defaultShell, 'sh', step.command]),
        env: { ...env, ROUNDHOUSE_HALT_FILE: `${paths.taskData}/halt-${index}`, ...(place.continuationKey !== undefined && { ROUNDHOUSE_CONTINUATION_FILE: continuationFile(place.continuationKey) }) },
        cwd: inside(place.job.workingDirectory, step.workingDirectory),
        background: step.background,
        noOutputTimeoutSeconds: step.background ? null : silenceOf(step),
      };
    default:
      throw new Error(`a ${step.kind} step is refused when the pipeline is loaded, and cannot be run`);
  }
}

function keysOf({ values }: Given, { fingerprints }: AddSshKeysStep): PublicSshKey[] {
  const answer = chooseKeys(values.sshKeys, fingerprints);
  // The job was admitted with them.
  if ('problem' in answer) throw new Error(answer.problem);
  return answer.chosen;
}

/** A path relative to the job's working directory; absolute ones and those in a home stand for themselves. */
function inside(workingDirectory: string, path: string): string {
  if (path.startsWith('/') || path === '~' || path.startsWith('~/')) return path;
  return posix.join(workingDirectory, path);
}
