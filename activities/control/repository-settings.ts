// Which repositories do we know, which of them are followed, what is chosen for each, and how did they end last?

import { z } from 'zod';
import { autoCancels, forkPolicies, type Choices } from '../../config-schema/choices.ts';
import type { BuildLine, NamedRepository } from '../../config-schema/view.ts';
import { repositoryNowKey } from '../../config-schema/view.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import { rememberName } from '../repository-name.ts';

/** A choice that is absent is the installation's. */
export type RepositorySettings = Partial<Choices> & {
  version: 1;
  /** Absent: nobody has said, and the setting `follow` decides. */
  followed?: boolean;
  changedBy: string;
  /** ISO 8601. */
  changedAt: string;
};

/** null: as the installation has it. What is absent stays as it is. */
export type ChoicesMade = { [K in keyof Choices]?: Choices[K] | null };

type Named = { id: number; owner: string; name: string };

/** By GitHub's numeric id. Calls may run at once; the last change of a repository wins. */
export type RepositorySettingsStore = {
  /** null: nobody has said anything of this repository. What another process changed is seen within seconds. */
  read(repositoryId: number): Promise<RepositorySettings | null>;
  /** Resolves when it is durable. From then on the repository is found by its name, too. */
  follow(repository: Named, followed: boolean, by: string): Promise<void>;
  /** As `follow`. */
  choose(repository: Named, made: ChoicesMade, by: string): Promise<void>;
  /** Every one that had a pipeline or was followed or unfollowed, by its name of now. */
  known(): Promise<Named[]>;
  /** The newest of its pipelines that have ended. */
  lastEnded(repositoryId: number): Promise<BuildLine | null>;
};

const settingsKey = (repositoryId: number): string => `repositories/${repositoryId}/settings.json`;
const schema = z.object({
  version: z.literal(1),
  followed: z.boolean().exactOptional(),
  autoCancel: z.enum(autoCancels).exactOptional(),
  forks: z.enum(forkPolicies).exactOptional(),
  pipelinesAtOnce: z.int().min(0).exactOptional(),
  changedBy: z.string(),
  changedAt: z.string(),
});

/** The object is there, and not as we write it. */
class Unreadable extends Error {}

/** Every webhook asks, and a monorepo sends many of them. */
const keptMs = 5_000;
const mostKept = 10_000;

export function repositorySettings(store: ObjectStore, now: () => number = Date.now): RepositorySettingsStore {
  const kept = new Map<number, { untilMs: number; settings: Promise<RepositorySettings | null> }>();

  async function load(repositoryId: number): Promise<RepositorySettings | null> {
    const found = await getJson<unknown>(store, settingsKey(repositoryId));
    if (found === undefined) return null;
    const read = schema.safeParse(found);
    if (!read.success) throw new Unreadable(`${settingsKey(repositoryId)} in the object store is not as we write it. Follow or unfollow the repository to write it anew.`);
    return read.data;
  }

  async function change({ id, owner, name }: Named, by: string, before: RepositorySettings | null, made: ChoicesMade & { followed?: boolean }): Promise<void> {
    const changedAt = new Date(now()).toISOString();
    const after = Object.entries({ ...before, ...made }).filter(([, value]) => value !== null);
    await rememberName(store, { id, owner, name }, changedAt);
    await putJson(store, settingsKey(id), { ...Object.fromEntries(after), version: 1, changedBy: by, changedAt });
    kept.delete(id);
  }

  return {
    read(repositoryId) {
      const there = kept.get(repositoryId);
      if (there && there.untilMs > now()) return there.settings;
      if (kept.size >= mostKept) kept.clear();
      const settings = load(repositoryId);
      kept.set(repositoryId, { untilMs: now() + keptMs, settings });
      // A store that is away for a moment is asked again by the next one.
      settings.catch(() => kept.delete(repositoryId));
      return settings;
    },

    async follow(repository, followed, by) {
      const before = await load(repository.id).catch((error: unknown) => {
        if (error instanceof Unreadable) return null;
        throw error;
      });
      await change(repository, by, before, { followed });
    },

    choose: async (repository, made, by) => change(repository, by, await load(repository.id), made),

    async known() {
      const keys: string[] = [];
      for await (const { key } of store.list('repositories/by-name/')) keys.push(key);
      const ids = await inBatches(keys, async (key) => (await getJson<{ id: number }>(store, key))?.id);
      const unique = [...new Set(ids.filter((id) => id !== undefined))];
      const named = await inBatches(unique, async (id) => {
        const name = await getJson<NamedRepository>(store, repositoryNowKey(id));
        return name && { id, owner: name.owner, name: name.name };
      });
      return named.filter((each) => each !== undefined);
    },

    async lastEnded(repositoryId) {
      for await (const { key } of store.list(`repositories/${repositoryId}/history/`, { limit: 1 })) return (await getJson<BuildLine>(store, key)) ?? null;
      return null;
    },
  };
}

/** A store across a network answers one question slowly and many at once. */
const mostAtOnce = 16;

async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let from = 0; from < items.length; from += mostAtOnce) done.push(...(await Promise.all(items.slice(from, from + mostAtOnce).map(work))));
  return done;
}
