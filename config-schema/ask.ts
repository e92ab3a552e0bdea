// What can be asked of an open pipeline, by people and by the single writer of its repository?

import type { RerunOf } from './trigger.ts';

export type Ask =
  /** All of it, one workflow, or one job. `by` is the name that people are shown. */
  | { kind: 'cancel'; by: string; workflow?: string; job?: string }
  | { kind: 'approve'; by: string; workflow: string; job: string }
  /** Ended jobs or slices once more, while the rest goes on. */
  | { kind: 'rerun'; by: string; what: Exclude<RerunOf, { kind: 'all' }> }
  /** A maintainer lets the code of a stranger run: this commit alone. */
  | { kind: 'allow'; by: string; sha: string }
  /** A newer pipeline makes it superfluous, but for workflows that say otherwise. */
  | { kind: 'superseded'; number: number };

/** `why` is a sentence for whoever asked. */
export type Answer = { done: true } | { done: false; why: string };

export const done: Answer = { done: true };
export const refused = (why: string): Answer => ({ done: false, why });
