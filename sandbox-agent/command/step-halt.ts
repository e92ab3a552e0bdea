// How does a step say that it is the last one? It leaves a file where the builder looks when the step has ended.

import { closeSync, constants, openSync } from 'node:fs';
import type { Surroundings } from './surroundings.ts';

export function haltStep(_args: string[], { env, complain }: Surroundings): number {
  const file = env['ROUNDHOUSE_HALT_FILE'];
  if (!file) {
    complain('step halt: this is not a step of a build (ROUNDHOUSE_HALT_FILE is not set).');
    return 1;
  }
  try {
    // The folder is everybody's: a link that somebody else put there is not followed.
    closeSync(openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644));
    return 0;
  } catch (error) {
    complain(`step halt: ${file} cannot be made: ${(error as Error).message}`);
    return 1;
  }
}
