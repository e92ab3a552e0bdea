// Which repositories are there, which of them are followed, and what is chosen for each?

import * as z from 'zod';
import type { RepositorySettings } from '../../activities/control/repository-settings.ts';
import type { RepositoryKey } from '../../activities/control/repository-keys.ts';
import { autoCancels, effective, forkPolicies, type Choices } from '../../config-schema/choices.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import type { BuildLine } from '../../config-schema/view.ts';
import { isBuilt } from '../webhooks/followed.ts';
import { fullName, operation, Refused, repositoryOf, type Asker, type Operation, type OperationPorts } from './operation.ts';
import { isSentence } from './run-operation.ts';

export type ListedRepository = {
  id: number;
  owner: string;
  name: string;
  /** null where the App is not installed (any more): GitHub does not tell us. */
  private: boolean | null;
  defaultBranch: string | null;
  isInstalled: boolean;
  /** It had a pipeline, or somebody followed or unfollowed it: from then on it has pages here. */
  isKnown: boolean;
  /** By its settings, else by the setting `follow`. */
  isBuilt: boolean;
  settings: RepositorySettings | null;
  /** The newest pipeline that has ended. */
  last: Pick<BuildLine, 'number' | 'outcome' | 'endedAt'> | null;
};

/** `problem`: why GitHub could not be asked; then only those are listed that are known here, as if the App were nowhere. */
export type RepositoryList = { repositories: ListedRepository[]; problem: string | null };

/** `choices`: those that hold, its own or the installation's. `secretKey`: the one that committed secrets are encrypted for; null until somebody makes it. */
export type ShownRepository = { repository: Repository; isBuilt: boolean; settings: RepositorySettings | null; choices: Choices; secretKey: RepositoryKey | null };

/** `settings`: what the repository has of its own. */
export type ChosenRepository = Pick<ShownRepository, 'settings' | 'choices'>;

/** A store across a network answers one question slowly and many at once. */
const mostAtOnce = 16;
/** Pages ask for the list each time that somebody looks, and GitHub counts each question. */
const listKeptMs = 15_000;

export function repositoryOperations(ports: OperationPorts): Record<string, Operation> {
  const { audit, repositorySettings: stored, follow } = ports;

  let kept: { untilMs: number; repositories: Promise<Repository[]> } | null = null;

  /** As GitHub said it a few seconds ago at most. */
  function installed(): Promise<Repository[]> {
    if (kept && kept.untilMs > Date.now()) return kept.repositories;
    const asked = { untilMs: Date.now() + listKeptMs, repositories: ports.listRepositories() };
    asked.repositories.catch(() => (kept = kept === asked ? null : kept));
    kept = asked;
    return asked.repositories;
  }

  async function changed(name: string, followed: boolean, asker: Asker): Promise<ShownRepository['settings']> {
    const found = await repositoryOf(ports, name);
    await audit.append({ ...asker, action: followed ? 'repository.followed' : 'repository.unfollowed', subject: `repository ${found.owner}/${found.name}`, repositoryId: found.id });
    await stored.follow(found, followed, asker.who);
    return stored.read(found.id);
  }

  async function line(repository: Repository, isKnown: boolean): Promise<ListedRepository> {
    const { id, owner, name, defaultBranch, installationId } = repository;
    const [settings, last] = await Promise.all([stored.read(id), stored.lastEnded(id)]);
    const isInstalled = installationId !== null;
    return {
      id,
      owner,
      name,
      private: isInstalled ? repository.private : null,
      defaultBranch: isInstalled ? defaultBranch : null,
      isInstalled,
      isKnown,
      isBuilt: isInstalled && isBuilt(follow, settings),
      settings,
      last: last && { number: last.number, outcome: last.outcome, endedAt: last.endedAt },
    };
  }

  return {
    'repositories.list': operation(z.strictObject({}), async (): Promise<RepositoryList> => {
      let [here, problem] = [[] as Repository[], null as string | null];
      try {
        here = await installed();
      } catch (error) {
        if (!isSentence(error)) throw error;
        problem = error.message;
      }
      const known = await stored.known();
      const [ids, knownIds] = [new Set(here.map(({ id }) => id)), new Set(known.map(({ id }) => id))];
      const left = known.filter(({ id }) => !ids.has(id));
      const all = [...here, ...left.map((named): Repository => ({ ...named, private: true, defaultBranch: '', installationId: null }))];
      const repositories: ListedRepository[] = [];
      for (let from = 0; from < all.length; from += mostAtOnce) repositories.push(...(await Promise.all(all.slice(from, from + mostAtOnce).map((repository) => line(repository, knownIds.has(repository.id))))));
      return { repositories: repositories.sort(byName), problem };
    }),

    /** By its name of now. */
    'repositories.show': operation(z.strictObject({ repository: fullName }), async (input): Promise<ShownRepository> => {
      const repository = (await installed()).find(({ owner, name }) => `${owner}/${name}`.toLowerCase() === input.repository.toLowerCase());
      if (!repository) throw new Refused(`there is no ${input.repository} on which the GitHub App is installed. Correct the name, or install the App there.`);
      const [settings, secretKey] = await Promise.all([stored.read(repository.id), ports.keys.find(repository.id)]);
      return { repository, isBuilt: isBuilt(follow, settings), settings, choices: effective(ports.choices, settings), secretKey };
    }),

    /** What GitHub says now: a name may have passed to another repository. */
    'repositories.find': operation(z.strictObject({ repository: fullName }), async (input): Promise<{ repository: Repository }> => ({ repository: await repositoryOf(ports, input.repository) })),

    /** null: as the installation has it. What is absent stays. */
    'repositories.choose': operation(
      z.strictObject({ repository: fullName, autoCancel: z.enum(autoCancels).nullable().exactOptional(), forks: z.enum(forkPolicies).nullable().exactOptional(), pipelinesAtOnce: z.int().min(0).nullable().exactOptional() }),
      async ({ repository, ...made }, asker): Promise<ChosenRepository> => {
        const found = await repositoryOf(ports, repository);
        await audit.append({ ...asker, action: 'repository.settings-changed', subject: `repository ${found.owner}/${found.name}`, repositoryId: found.id, details: made });
        await stored.choose(found, made, asker.who);
        const settings = await stored.read(found.id);
        return { settings, choices: effective(ports.choices, settings) };
      },
    ),

    'repositories.follow': operation(z.strictObject({ repository: fullName }), async (input, asker) => ({ settings: await changed(input.repository, true, asker) })),

    'repositories.unfollow': operation(z.strictObject({ repository: fullName }), async (input, asker) => ({ settings: await changed(input.repository, false, asker) })),
  };
}

const byName = (a: ListedRepository, b: ListedRepository): number => {
  const [left, right] = [`${a.owner}/${a.name}`.toLowerCase(), `${b.owner}/${b.name}`.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
};
