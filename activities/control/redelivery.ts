// Which webhooks shall be sent again? Decided from GitHub's list of attempts alone.

export type Attempt = { id: number; /** Of the webhook: equal for each attempt. */ guid: string; atMs: number; ok: boolean };

/** One webhook with all its attempts. */
export type Tried = { guid: string; attempts: number; firstMs: number; lastMs: number; lastId: number; ok: boolean };

/** GitHub offers a webhook for three days; an hour is left for what waits in between. */
export const oldestWantedMs = 71 * 60 * 60 * 1000;
const mostAttempts = 10;

/**
 * What starts pipelines, and what people asked for. News of repositories and installations is not sent again: late, it may say what is no
 * longer so; the sweep sees by itself which repositories there are, and what they are called.
 */
export const isWanted = (event: string, action: string | null): boolean => event === 'push' || event === 'pull_request' || (action !== null && wantedActions[event]?.includes(action) === true);

const wantedActions: Record<string, string[]> = { check_run: ['rerequested', 'requested_action'], check_suite: ['rerequested'], issue_comment: ['created'] };

export function attemptsOf(attempts: readonly Attempt[]): Tried[] {
  const byGuid = new Map<string, Tried>();
  for (const { id, guid, atMs, ok } of attempts) {
    const before = byGuid.get(guid);
    if (!before) byGuid.set(guid, { guid, attempts: 1, firstMs: atMs, lastMs: atMs, lastId: id, ok });
    else {
      before.attempts += 1;
      before.ok ||= ok;
      before.firstMs = Math.min(before.firstMs, atMs);
      if (atMs > before.lastMs) Object.assign(before, { lastMs: atMs, lastId: id });
    }
  }
  return [...byGuid.values()];
}

/** Oldest first. After each attempt the wait doubles, so that an app that is away for two days is still reached, and one that refuses is not asked for ever. */
export function dueAgain(webhooks: readonly Tried[], nowMs: number, everyMs: number): Tried[] {
  return webhooks
    .filter(({ ok, attempts, firstMs, lastMs }) => !ok && attempts < mostAttempts && firstMs >= nowMs - oldestWantedMs && nowMs - lastMs >= everyMs * 2 ** (attempts - 1))
    .sort((a, b) => a.firstMs - b.firstMs);
}
