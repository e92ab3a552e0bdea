// Which commit is the head of a pull request?

import type { Repository } from '../../config-schema/trigger.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

export function githubPulls(client: GitHubClient) {
  return {
    /** GitHub's word of now; null where there is no such pull request, or the App is not installed (any more). */
    async headOf({ owner, name, installationId }: Repository, number: number): Promise<string | null> {
      if (installationId === null) return null;
      return client.as(installationId, `show pull request #${number} of ${owner}/${name}`, costs.read, async (octokit) => {
        const found = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { owner, repo: name, pull_number: number }).catch((error: { status?: number }) => {
          if (error.status === 404) return null;
          throw error;
        });
        return found?.data.head.sha ?? null;
      });
    },
  };
}
