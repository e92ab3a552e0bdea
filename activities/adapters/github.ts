// The Forge on GitHub, as a GitHub App.

import type { Repository } from '../../config-schema/trigger.ts';
import type { Forge } from '../control/forge.ts';
import { githubClient, type GitHubClient, type GitHubSettings } from './github-client.ts';
import { changedPaths } from './github-compare.ts';
import { listFiles, readFile, readFolder } from './github-files.ts';
import { load } from './github-load.ts';
import { report } from './github-report.ts';
import { reportStatuses } from './github-statuses.ts';

export type { GitHubSettings } from './github-client.ts';

/** Hand in the client that others of this process ask by: limits are kept by client. */
export function githubForge(settings: GitHubSettings, client: GitHubClient = githubClient(settings), reporting: 'checks' | 'statuses' = 'checks'): Forge {
  const inTurn = oneAtATime();
  return {
    load: (trigger, configPaths) => load(client, installationOf(trigger.repository), trigger, configPaths, Date.now()),

    listFiles: (repository, sha, folder) => listFiles(client, installationOf(repository), repository, sha, folder),

    readFolder: (repository, sha, folder) => readFolder(client, installationOf(repository), repository, sha, folder),

    readFile: (repository, sha, path) => readFile(client, installationOf(repository), repository, sha, path),

    changedPaths: (repository, base, sha) => changedPaths(client, installationOf(repository), repository, base, sha),

    async credential(repository) {
      const token = await client.contentsToken(installationOf(repository), repository.id);
      return {
        url: `${client.html}/${encodeURIComponent(repository.owner)}/${encodeURIComponent(repository.name)}.git`,
        authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
      };
    },

    // A repeated call may overtake the first: the second must see the runs that the first one makes.
    report: (repository, checks, mayExist) =>
      inTurn(`${repository.id} ${checks[0]?.sha}`, () => {
        const installationId = installationOf(repository);
        return reporting === 'statuses' ? reportStatuses(client, installationId, repository, checks) : report(client, installationId, repository, checks, mayExist);
      }),
  };
}

function installationOf({ installationId, owner, name }: Repository): number {
  if (installationId === null) throw new Error(`The GitHub App is not installed on ${owner}/${name}. Install it there and push again.`);
  return installationId;
}

/** Calls of one key queue, in the order in which they came. */
function oneAtATime(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key);
    const mine = (before ?? Promise.resolve()).then(work, work);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
