// What did builders that are gone for good leave on the machine?

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listRanges, releaseRange, runFolder, takeClaim } from './ranges.ts';
import { removeTraces, tracedNumbers, type Machine } from './remove.ts';
import { withLock } from './syscalls.ts';

/** In place of a sandbox's name in the claim of a number that is only being cleared. */
export const orphan = 'orphan';

/** Removes it, and what bears a number that nobody claims, as when somebody cleared /run by hand. Answers what was removed. */
export async function removeOrphans(owner: string, machine: Machine): Promise<string[]> {
  const removed: string[] = [];
  await withLock(join(runFolder, 'orphans.lock'), async () => {
    // Traces first: whatever is made after this listing has been claimed before it, and is in the next listing too.
    const traced = tracedNumbers(machine);
    const claims = listRanges();
    const claimed = new Set(claims.map((range) => range.number));
    const adopted = traced.filter((number) => !claimed.has(number) && takeClaim(number, owner, orphan));
    // The name `orphan` is one whose clearing was cut off: under this lock nobody is at it.
    const abandoned = claims.filter((range) => range.name === orphan || !existsSync(range.owner)).map((range) => range.number);
    for (const number of [...adopted, ...abandoned]) {
      await removeTraces(number, machine);
      releaseRange(number);
      removed.push(`remains under number ${number}`);
    }
  });
  return removed;
}
