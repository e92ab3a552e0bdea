// How does a commit get statuses, where there are to be no checks?

import type { CheckConclusion } from '../../config-schema/outcome.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import type { CheckRun, Reported } from '../control/forge.ts';
import { cutText } from '../control/markdown.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

/** GitHub's limit. */
const longestDescription = 140;

/** The newest status of a context counts: one that is told again, because its answer was lost, says the same. */
export async function reportStatuses(client: GitHubClient, installationId: number, { owner, name }: Repository, checks: readonly CheckRun[]): Promise<Reported[]> {
  // Which contexts a commit has is not asked, so that nothing can hide what is there.
  for (const check of checks.filter(({ unlessThere }) => !unlessThere)) {
    await client.as(installationId, `report ${check.name} on ${owner}/${name}`, costs.create, (octokit) =>
      octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', {
        owner,
        repo: name,
        sha: check.sha,
        context: `roundhouse: ${check.name}`,
        state: check.conclusion === undefined ? 'pending' : states[check.conclusion],
        target_url: check.detailsUrl,
        description: cutText(check.output?.title ?? '', longestDescription),
      }),
    );
  }
  return checks.map(() => ({ id: null }));
}

/** Merging waits for what is pending, as it does for a check that is not completed. */
const states = { success: 'success', skipped: 'success', neutral: 'success', failure: 'failure', timed_out: 'failure', cancelled: 'error', action_required: 'pending' } as const satisfies Record<CheckConclusion, string>;
