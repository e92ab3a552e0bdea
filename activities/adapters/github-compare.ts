// Which paths has a commit changed? GitHub's comparison, which GraphQL lacks.

import type { ChangedPaths } from '../../config-schema/language/changed.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

/** GitHub lists no more of them, and does not say whether there are any. */
const mostFiles = 300;

export async function changedPaths(client: GitHubClient, installationId: number, { owner, name }: Repository, base: string, sha: string): Promise<ChangedPaths> {
  const basehead = `${base}...${sha}`;
  try {
    // All files stand on the first page; of the commits, which nobody wants, one.
    const { data } = await client.as(installationId, `compare ${basehead} of ${owner}/${name}`, costs.read, (octokit) => octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', { owner, repo: name, basehead, per_page: 1 }));
    const files = data.files ?? [];
    if (files.length >= mostFiles) return { unknown: `${basehead} has ${mostFiles} files or more, of which GitHub does not list all` };
    return { paths: [...new Set(files.flatMap(({ filename, previous_filename }) => [filename, previous_filename ?? filename]))] };
  } catch (error) {
    // One of the two is not there any more, they have no common ancestor, or GitHub finds the comparison too much.
    if (![404, 406, 422].includes((error as { status?: number }).status ?? 0)) throw error;
    return { unknown: `GitHub cannot compare ${basehead}` };
  }
}
