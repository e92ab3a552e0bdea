// Which pull requests of forks are open, and at which commits? One request.

import type { Repository } from '../../config-schema/trigger.ts';
import type { ForkHeads } from '../control/missed-pulls.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

/** GitHub's most in one answer, with those of the repository's own branches. */
const mostPulls = 100;

export async function forkHeads(client: GitHubClient, { id, owner, name, installationId }: Repository): Promise<ForkHeads> {
  const { data } = await client.as(installationId!, `list the pull requests of ${owner}/${name}`, costs.read, (octokit) =>
    octokit.request('GET /repos/{owner}/{repo}/pulls', { owner, repo: name, state: 'open', sort: 'updated', direction: 'desc', per_page: mostPulls }),
  );
  const heads = data.flatMap(({ number, html_url, title, user, head, base }) => {
    // The fork may be gone.
    const fork = head.repo as typeof head.repo | null;
    if (!fork || fork.id === id) return [];
    const author = { id: Number(user?.id ?? 0), login: user?.login ?? '' };
    return [{ sha: head.sha, title, author, pullRequest: { number, url: html_url, headRepositoryId: Number(fork.id), headOwner: fork.owner.login, headName: fork.name, baseRef: base.ref, baseSha: base.sha, authorId: author.id } }];
  });
  return { heads, isAll: data.length < mostPulls };
}
