// May anybody see a repository? GitHub's word, remembered for a while.

import type { Repository } from '../config-schema/trigger.ts';

const mostKept = 1000;

/** Of one on which the App is not installed any more we say nothing: false. Rejects, and remembers nothing, when GitHub does not answer. */
export function publicRepositories(findRepository: (owner: string, name: string) => Promise<Repository | null>, { keepMs = 120_000, now = Date.now }: { keepMs?: number; now?: () => number } = {}): (repository: { id: number; owner: string; name: string }) => Promise<boolean> {
  const kept = new Map<number, { at: number; isPublic: Promise<boolean> }>();
  return ({ id, owner, name }) => {
    const before = kept.get(id);
    if (before && now() - before.at < keepMs) return before.isPublic;
    // The name may be another's by now.
    const isPublic = findRepository(owner, name).then((found) => found !== null && found.id === id && !found.private);
    kept.delete(id);
    kept.set(id, { at: now(), isPublic });
    isPublic.catch(() => kept.delete(id));
    if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
    return isPublic;
  };
}
