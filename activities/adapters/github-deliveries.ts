// Which webhooks did not reach us, and how does GitHub send them again? It never does so by itself.

import { attemptsOf, dueAgain, isWanted, oldestWantedMs, type Attempt } from '../control/redelivery.ts';
import { githubClient, type GitHubSettings } from './github-client.ts';
import { costs } from './github-limiter.ts';

/**
 * Asks GitHub to send again what failed and is due; answers how many. All that must be known is in GitHub's own list. What was read of
 * it is kept in memory, so that after the first look only the newest pages are asked for.
 */
export function redeliverer(settings: GitHubSettings, everySeconds: number): () => Promise<number> {
  const client = githubClient(settings);
  const known = new Map<number, Attempt>();
  let lookedAtMs = 0;

  /** From the newest back to this time. GitHub's filter by status is not used: it leaves out what had no answer at all. */
  async function read(untilMs: number): Promise<void> {
    let cursor: string | undefined;
    for (let page = 0; page < mostPages; page++) {
      const { data, headers } = await client.asApp('list webhook deliveries', costs.read, (octokit) =>
        octokit.request('GET /app/hook/deliveries', { per_page: 100, ...(cursor !== undefined && { cursor }) }),
      );
      for (const { id, guid, event, action, delivered_at, status } of data) {
        if (isWanted(event, action)) known.set(Number(id), { id: Number(id), guid, atMs: Date.parse(delivered_at), ok: status === 'OK' });
      }
      const next = /<([^>]+)>; rel="next"/.exec(headers.link ?? '')?.[1];
      cursor = next === undefined ? undefined : (new URL(next).searchParams.get('cursor') ?? undefined);
      if (cursor === undefined || Date.parse(data.at(-1)?.delivered_at ?? '') < untilMs) return;
    }
  }

  return async () => {
    const now = Date.now();
    await read(Math.max(now - oldestWantedMs, lookedAtMs - lateMs));
    lookedAtMs = now;
    for (const { id, atMs } of known.values()) if (atMs < now - oldestWantedMs) known.delete(id);
    const due = dueAgain(attemptsOf([...known.values()]), now, everySeconds * 1000).slice(0, mostAtOnce);
    for (const { lastId } of due) {
      await client.asApp('send a webhook again', costs.change, (octokit) => octokit.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: lastId }));
    }
    return due.length;
  };
}

const mostPages = 300;
/** "Webhook deliveries can take a few minutes to appear." */
const lateMs = 15 * 60_000;
/** The next sweep takes the rest. */
const mostAtOnce = 100;
