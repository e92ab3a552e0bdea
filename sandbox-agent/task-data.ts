// What do the steps of a job share besides their work? A file that bash reads first, and a folder for what a step has to say to us.

import { chmodSync, existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { paths } from './protocol.ts';

/**
 * Steps may be any user's, and root's by way of sudo: a folder without the sticky bit, because in one with it the kernel refuses to
 * append to another user's file, even for root.
 */
export function makeTaskData({ taskData, bashEnv }: { taskData: string; bashEnv: string } = paths): void {
  try {
    if (!existsSync(dirname(taskData))) mkdirSync(dirname(taskData));
    mkdirSync(taskData);
    chmodSync(taskData, 0o777);
    writeFileSync(bashEnv, '', { flag: 'wx' });
    chmodSync(bashEnv, 0o666);
  } catch {
    // An image whose /tmp cannot be written, or that has the folder, runs its steps all the same.
  }
}

/** Whether the step asked for the end of its job, as `circleci step halt` does. */
export function hasHalted(env: Readonly<Record<string, string>>): boolean {
  return isFile(env['ROUNDHOUSE_HALT_FILE']);
}

/** Whether a step of the job has handed in a config, as `circleci continue` does. */
export function hasContinued(env: Readonly<Record<string, string>>): boolean {
  return isFile(env['ROUNDHOUSE_CONTINUATION_FILE']);
}

const isFile = (file: string | undefined): boolean => file !== undefined && lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
