// What becomes of us when a repository gets another name, or is out of our reach?

import type { Repository } from '../../config-schema/trigger.ts';
import type { Change, WebhookPorts } from './probot.ts';

export type ChangePorts = {
  /** The name leads to the repository from now on. `at` is ISO 8601. */
  rememberName: (repository: Named, at: string) => Promise<void>;
  isBuilt: (repositoryId: number) => Promise<boolean>;
  /** Its open pipelines end, without a word to GitHub. Resolves when that is durable; nothing happens where none is open. */
  disown: (repositoryId: number, reason: string) => Promise<void>;
  /** Answers the sentence that it remains on GitHub, where we have no access any more. */
  removeDeployKey: (repository: Repository, why: string) => Promise<string | null>;
  log: { info: Log; warn: Log };
};

type Named = { id: number; owner: string; name: string };
type Log = (fields: object, message: string) => void;

/** An organization may have thousands of repositories, and GitHub waits for seconds only. */
const atOnce = 50;

export function onChange({ rememberName, isBuilt, disown, removeDeployKey, log }: ChangePorts): NonNullable<WebhookPorts['changed']> {
  /** One after the other, and GitHub need not wait for it. */
  const dropKeys = async (repositories: readonly Repository[], why: string): Promise<void> => {
    for (const repository of repositories) {
      const remains = await removeDeployKey(repository, why).catch((error: unknown) => `the deploy key of ${repository.owner}/${repository.name} was not removed: ${String(error)}`);
      if (remains !== null) log.warn({ repositoryId: repository.id }, remains);
    }
  };

  /** So that they have a page before their first pipeline. What fails here the next sweep makes good. */
  const welcome = async (repositories: readonly Named[]): Promise<void> => {
    const at = new Date().toISOString();
    for (const repository of repositories) {
      await isBuilt(repository.id)
        .then((built) => (built ? rememberName(repository, at) : undefined))
        .catch((error: unknown) => log.warn({ error, repositoryId: repository.id }, 'a new repository is not known by its name yet'));
    }
  };

  return async (change: Change) => {
    if (change.kind === 'installation') {
      const { installationId, repositories } = change;
      const names = repositories.map(({ owner, name }) => `${owner}/${name}`);
      if (change.change === 'added') {
        log.info({ installationId, repositories: names }, 'the GitHub App was installed');
        return void welcome(repositories);
      }
      log.warn({ installationId, repositories: names }, 'the GitHub App was removed: open pipelines are canceled');
      for (let from = 0; from < repositories.length; from += atOnce) {
        await Promise.all(repositories.slice(from, from + atOnce).map(({ id, owner, name }) => disown(id, `the GitHub App was removed from ${owner}/${name}`)));
      }
      void dropKeys(repositories.map(({ id, owner, name }) => ({ id, owner, name, installationId, private: true, defaultBranch: '' })), 'the GitHub App was removed');
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
        void dropKeys([change.repository], 'the repository was transferred');
        return rememberName({ id, owner, name }, new Date().toISOString());
      case 'deleted':
        log.warn(fields, 'a repository was deleted: open pipelines are canceled');
        await disown(id, `${owner}/${name} was deleted`);
        return void dropKeys([change.repository], 'the repository was deleted');
      // Every trigger says anew whether the repository is private, and which branch is its default.
      case 'privatized':
      case 'publicized':
      case 'default-branch':
    }
  };
}
