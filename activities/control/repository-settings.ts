// Which repositories do we know, which of them are followed, and how did they end last?

import { z } from 'zod';
import type { BuildLine, NamedRepository } from '../../config-schema/view.ts';
import { repositoryNowKey } from '../../config-schema/view.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import { rememberName } from '../repository-name.ts';

export type RepositorySettings = {
  version: 1;
  followed: boolean;
  changedBy: string;
  /** ISO 8601. */
  changedAt: string;
};

type Named = { id: number; owner: string; name: string };

/** By GitHub's numeric id. Calls may run at once; the last change of a repository wins. */
export type RepositorySettingsStore = {
  /** null: nobody has said anything of this repository. What another process changed is seen within seconds. */
  read(repositoryId: number): Promise<RepositorySettings | null>;
  /** Resolves when it is durable. From then on the repository is found by its name, too. */
  follow(repository: Named, followed: boolean, by: string): Promise<void>;
  /** Every one that had a pipeline or was followed or unfollowed, by its name of now. */
  known(): Promise<Named[]>;
  /** The newest of its pipelines that have ended. */
  lastEnded(repositoryId: number): Promise<BuildLine | null>;
};

const settingsKey = (repositoryId: number): string => `repositories/${repositoryId}/settings.json`;
const schema = z.object({ version: z.literal(1), followed: z.boolean(), changedBy: z.string(), changedAt: z.string() });

/** Every webhook asks, and a monorepo sends many of them. */
const keptMs = 5_000;
const mostKept = 10_000;

export function repositorySettings(store: ObjectStore, now: () => number = Date.now): RepositorySettingsStore {
  const kept = new Map<number, { untilMs: number; settings: Promise<RepositorySettings | null> }>();

  async function load(repositoryId: number): Promise<RepositorySettings | null> {
    const found = await getJson<unknown>(store, settingsKey(repositoryId));
    if (found === undefined) return null;
    const read = schema.safeParse(found);
    if (!read.success) throw new Error(`${settingsKey(repositoryId)} in the object store is not as we write it. Follow or unfollow the repository to write it anew.`);
    return read.data;
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
      const changedAt = new Date(now()).toISOString();
      await rememberName(store, repository, changedAt);
      await putJson(store, settingsKey(repository.id), { version: 1, followed, changedBy: by, changedAt } satisfies RepositorySettings);
      kept.delete(repository.id);
    },

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
