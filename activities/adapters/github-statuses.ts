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
  const there = checks.some(({ unlessThere }) => unlessThere) ? await contextsOf(client, installationId, { owner, name }, checks[0]!.sha) : new Set<string>();
  for (const check of checks) {
    // The newest counts: a job that a filter keeps out would hide the failure of one of that name.
    if (check.unlessThere && there.has(contextOf(check))) continue;
    await client.as(installationId, `report ${check.name} on ${owner}/${name}`, costs.create, (octokit) =>
      octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', {
        owner,
        repo: name,
        sha: check.sha,
        context: contextOf(check),
        state: check.conclusion === undefined ? 'pending' : states[check.conclusion],
        target_url: check.detailsUrl,
        description: cutText(check.output?.title ?? '', longestDescription),
      }),
    );
  }
  return checks.map(() => ({ id: null }));
}

const contextOf = ({ name }: CheckRun): string => `roundhouse: ${name}`;

async function contextsOf(client: GitHubClient, installationId: number, { owner, name }: Pick<Repository, 'owner' | 'name'>, sha: string): Promise<Set<string>> {
  const contexts = new Set<string>();
  const perPage = 100;
  for (let page = 1; ; page++) {
    const { statuses } = await client.as(installationId, `list the statuses of ${sha}`, costs.read, async (octokit) =>
      (await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/status', { owner, repo: name, ref: sha, per_page: perPage, page })).data,
    );
    for (const { context } of statuses) contexts.add(context);
    if (statuses.length < perPage) return contexts;
  }
}

/** Merging waits for what is pending, as it does for a check that is not completed. */
const states = { success: 'success', skipped: 'success', neutral: 'success', failure: 'failure', timed_out: 'failure', cancelled: 'error', action_required: 'pending' } as const satisfies Record<CheckConclusion, string>;
