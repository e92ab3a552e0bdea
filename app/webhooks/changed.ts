// What becomes of us when a repository gets another name, or is out of our reach?

import type { Change, WebhookPorts } from './probot.ts';

export type ChangePorts = {
  /** The name leads to the repository from now on. `at` is ISO 8601. */
  rememberName: (repository: { id: number; owner: string; name: string }, at: string) => Promise<void>;
  /** Its open pipelines end, without a word to GitHub. Resolves when that is durable; nothing happens where none is open. */
  disown: (repositoryId: number, reason: string) => Promise<void>;
  log: { info: Log; warn: Log };
};

type Log = (fields: object, message: string) => void;

/** An organization may have thousands of repositories, and GitHub waits for seconds only. */
const atOnce = 50;

export function onChange({ rememberName, disown, log }: ChangePorts): NonNullable<WebhookPorts['changed']> {
  return async (change: Change) => {
    if (change.kind === 'installation') {
      const { installationId, repositories } = change;
      const names = repositories.map(({ owner, name }) => `${owner}/${name}`);
      if (change.change === 'added') return log.info({ installationId, repositories: names }, 'the GitHub App was installed');
      log.warn({ installationId, repositories: names }, 'the GitHub App was removed: open pipelines are canceled');
      for (let from = 0; from < repositories.length; from += atOnce) {
        await Promise.all(repositories.slice(from, from + atOnce).map(({ id, owner, name }) => disown(id, `the GitHub App was removed from ${owner}/${name}`)));
      }
      return;
    }
    const { id, owner, name } = change.repository;
    const fields = { repositoryId: id, repository: `${owner}/${name}` };
    switch (change.change) {
      case 'renamed':
        log.info(fields, 'a repository was renamed');
        return rememberName({ id, owner, name }, new Date().toISOString());
      case 'transferred':
        log.warn(fields, 'a repository was transferred: open pipelines are canceled');
        // Its builds report as an installation that has no part in it any more.
        await disown(id, `the repository was transferred to ${owner}/${name}; push again to build it there`);
        return rememberName({ id, owner, name }, new Date().toISOString());
      case 'deleted':
        log.warn(fields, 'a repository was deleted: open pipelines are canceled');
        return disown(id, `${owner}/${name} was deleted`);
      // Every trigger says anew whether the repository is private, and which branch is its default.
      case 'privatized':
      case 'publicized':
      case 'default-branch':
    }
  };
}
