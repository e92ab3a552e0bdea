// Does the message of a commit say that nothing shall run for it?

import type { Trigger } from '../../config-schema/trigger.ts';
import type { Loaded } from './forge.ts';

/** A sentence; null: it does not. Whoever asks for a pipeline by hand gets it, and a merge queue waits for its checks. */
export function skipReason({ event, ref, sha }: Trigger, { commit: { subject }, commitBody }: Pick<Loaded, 'commit' | 'commitBody'>): string | null {
  if ((event !== 'push' && event !== 'pull_request') || ref.startsWith('refs/heads/gh-readonly-queue/')) return null;
  const [said] = /\[(?:skip ci|ci skip)\]/i.exec(`${subject}\n${commitBody}`) ?? [];
  return said === undefined ? null : `the message of ${sha.slice(0, 12)} says ${said}`;
}
