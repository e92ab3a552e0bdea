import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { GraphJob } from '../../config-schema/plan.ts';
import { locksAround } from '../../workflows/locks-around.ts';

/** Of `name <- required required`; a name that begins with lock or unlock is one, of the key behind its dash. */
const jobs = (...lines: string[]): GraphJob[] =>
  lines.map((line) => {
    const [name, requires = ''] = line.split(' <- ');
    const [, type, key] = /^(lock|unlock)\d*-(\w+)$/.exec(name!) ?? [];
    return { name: name!, job: name!, requires: requires.split(' ').filter(Boolean).map((job) => ({ job, statuses: ['success'] })), parallelism: 1, resourceClass: null, timeoutSeconds: 1, steps: [], ...(type !== undefined && { type: type as 'lock', key: key! }) };
  });

const rows: { title: string; graph: string[]; around: Record<string, string[]> }[] = [
  { title: 'a job runs under the lock that it follows, near or far', graph: ['lock-k', 'a <- lock-k', 'b <- a', 'free'], around: { 'lock-k': [], a: ['lock-k'], b: ['lock-k'], free: [] } },
  { title: 'not any more behind its unlock', graph: ['lock-k', 'a <- lock-k', 'unlock-k <- a', 'b <- unlock-k', 'c <- b a'], around: { a: ['lock-k'], b: [], c: [] } },
  { title: 'another key unlocks nothing of it', graph: ['lock-k', 'unlock-other <- lock-k', 'a <- unlock-other'], around: { a: ['lock-k'] } },
  { title: 'an unlock before the lock is of an earlier one', graph: ['lock1-k', 'unlock1-k <- lock1-k', 'lock2-k <- unlock1-k', 'a <- lock2-k', 'unlock2-k <- a'], around: { a: ['lock2-k'], 'unlock1-k': ['lock1-k'], 'unlock2-k': ['lock2-k'] } },
  { title: 'several at once', graph: ['lock-k', 'lock-l <- lock-k', 'a <- lock-l', 'unlock-l <- a', 'b <- unlock-l'], around: { a: ['lock-l', 'lock-k'], b: ['lock-k'] } },
  { title: 'a requirement that is not there is none', graph: ['a <- gone'], around: { a: [] } },
];

for (const { title, graph, around } of rows) test(title, () => assert.deepEqual(Object.fromEntries(Object.keys(around).map((name) => [name, locksAround(jobs(...graph), name).map((lock) => lock.name)])), around));
