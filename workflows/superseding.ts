// Which open pipelines does a new one make superfluous?

import type { AutoCancel } from '../config-schema/choices.ts';
import { branchOf, type Trigger } from '../config-schema/trigger.ts';

/** A commit that a branch or a fork's pull request has moved to, and when it did. */
export type Head = { ref: string; at: string; sha: string; before: string };

/** Null for what stands for itself: a tag, and whatever a person or a schedule asked for. It cancels nothing, and nothing cancels it. */
export function headOf({ event, ref, sha, before, pullRequest, happenedAt, receivedAt }: Trigger): Head | null {
  if (event !== 'push' && event !== 'pull_request') return null;
  return branchOf(ref) === null && pullRequest === null ? null : { ref, at: happenedAt ?? receivedAt, sha, before };
}

/** Numbers of those that gave way. A webhook that GitHub sends again may come after those of newer commits, which stay; its times are whole seconds. */
export function superseded(newer: Head, open: ReadonlyMap<number, Head>, policy: AutoCancel, defaultBranch: string): number[] {
  if (policy === 'off' || (policy === 'branches' && branchOf(newer.ref) === defaultBranch)) return [];
  return [...open].filter(([, { ref, at, before }]) => ref === newer.ref && at <= newer.at && before !== newer.sha).map(([number]) => number);
}
