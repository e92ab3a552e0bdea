// How did the branches of a repository move, as GitHub remembers it?

import type { Repository } from '../../config-schema/trigger.ts';
import type { Movement } from '../control/missed-heads.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

/** A hundred movements each; what is older than these was looked at by an earlier sweep. */
const mostPages = 5;

/** Of the last day, newest first. */
export async function movements(client: GitHubClient, { owner, name, installationId }: Repository): Promise<Movement[]> {
  const found: Movement[] = [];
  let after: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { data, headers } = await client.as(installationId!, `list how the branches of ${owner}/${name} moved`, costs.read, (octokit) =>
      octokit.request('GET /repos/{owner}/{repo}/activity', { owner, repo: name, time_period: 'day', per_page: 100, ...(after !== undefined && { after }) }),
    );
    for (const { ref, before, after: sha, timestamp, actor } of data) found.push({ ref, before, after: sha, atMs: Date.parse(timestamp), by: actor && { id: Number(actor.id), login: actor.login } });
    const next = /<([^>]+)>; rel="next"/.exec(headers.link ?? '')?.[1];
    after = next === undefined ? undefined : (new URL(next).searchParams.get('after') ?? undefined);
    if (after === undefined) break;
  }
  return found;
}
