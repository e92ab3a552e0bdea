// With what did a step of this sandbox ask that the pipeline goes on?

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { faultOfContinuation, mostContinuationBytes, type Continuation } from '../../config-schema/continuation.ts';

/** `problem` ends a sentence. */
export async function readContinuation({ path }: { path: string }): Promise<Continuation | { problem: string }> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).size > 2 * mostContinuationBytes) return { problem: `it is larger than ${mostContinuationBytes / 1024 / 1024} MB` };
    const value: unknown = JSON.parse(await file.readFile('utf8'));
    const fault = faultOfContinuation(value);
    return fault === null ? (value as Continuation) : { problem: fault };
  } catch (error) {
    return { problem: `it cannot be read: ${(error as Error).message}` };
  }
}
