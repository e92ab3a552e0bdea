// Where do bytes lie on their way from a sandbox to the object store?

import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Runs the work with the path of a file that nobody else has, and removes it afterwards. */
export type Spool = <T>(work: (path: string) => Promise<T>) => Promise<T>;

/** The folder is this process's own: what an earlier one has left there is removed. */
export function spoolIn(folder: string): Spool {
  rmSync(folder, { recursive: true, force: true });
  return async (work) => {
    await mkdir(folder, { recursive: true });
    const path = join(folder, randomUUID());
    try {
      return await work(path);
    } finally {
      await rm(path, { force: true });
    }
  };
}
