// Which pull requests of forks moved without a word to us? GitHub does not say when, so what was seen before is compared.

import type { Trigger } from '../../config-schema/trigger.ts';

/** The open head of a fork's pull request. `author`: of the pull request. */
export type ForkHead = { sha: string; title: string; author: { id: number; login: string }; pullRequest: NonNullable<Trigger['pullRequest']> };

/** By the pull request's number: its head, and since when that waits for its webhook; null: it waits no more. */
export type WatchedPulls = Record<string, { sha: string; sinceMs: number | null }>;

/** `isAll`: not only those that changed last. */
export type ForkHeads = { heads: ForkHead[]; isAll: boolean };

/** What was open when we began to watch is not our business. */
export function duePulls(before: WatchedPulls | undefined, { heads, isAll }: ForkHeads, { nowMs, graceMs }: { nowMs: number; graceMs: number }): { due: ForkHead[]; after: WatchedPulls } {
  const after: WatchedPulls = isAll ? {} : { ...before };
  const due: ForkHead[] = [];
  for (const head of heads) {
    const { number } = head.pullRequest;
    const seen = before?.[number];
    const sinceMs = before === undefined ? null : seen?.sha === head.sha ? seen.sinceMs : nowMs;
    const isDue = sinceMs !== null && sinceMs <= nowMs - graceMs;
    if (isDue) due.push(head);
    after[number] = { sha: head.sha, sinceMs: isDue ? null : sinceMs };
  }
  return { due, after };
}
