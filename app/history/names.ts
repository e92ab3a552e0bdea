// What are repositories called now? A line carries the name of its time, which may be somebody else's by now.

import type { ObjectStore } from '../../activities/object-store.ts';
import { repositoryNowKey, type NamedRepository } from '../../config-schema/view.ts';
import { readJson } from '../json-object.ts';
import { inTurn } from '../in-turn.ts';

export type Name = { owner: string; name: string };

const readsAtOnce = 32;

export type Names = {
  /** As far as known; undefined for one of which none was ever noted. */
  of(repositoryId: number): Name | undefined;
  /** Reads those that are unknown, or known for too long. What cannot be read stays as it was. */
  learn(repositoryIds: Iterable<number>): Promise<void>;
};

export function currentNames(store: Pick<ObjectStore, 'get'>, keptMs = 30_000): Names {
  const known = new Map<number, { name: Name | undefined; at: number }>();
  const reading = new Map<number, Promise<void>>();
  async function read(id: number): Promise<void> {
    const now = await readJson<NamedRepository>(store, repositoryNowKey(id)).catch(() => known.get(id)?.name);
    known.set(id, { name: now && { owner: now.owner, name: now.name }, at: Date.now() });
  }
  return {
    of: (id) => known.get(id)?.name,
    async learn(ids) {
      const old = [...new Set(ids)].filter((id) => Date.now() - (known.get(id)?.at ?? -Infinity) > keptMs);
      await inTurn(old, readsAtOnce, async (id) => {
        if (!reading.has(id)) reading.set(id, read(id).finally(() => reading.delete(id)));
        await reading.get(id);
      });
    },
  };
}
