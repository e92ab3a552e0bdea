// Which builders are there, and who offers what?

import type { Announcement, BuilderSight } from '../activities/builder/announcement.ts';
import { readJson } from './json-object.ts';
import type { ObjectStore } from '../activities/object-store.ts';

/**
 * What this process saw itself, over what the object store says of builders connected elsewhere or in earlier times. One object per
 * builder, `builders/ID.json`, written when something changed that others decide by, and now and then to say that it lives.
 */
export interface BuilderRegistry {
  sighted(announcement: Announcement): Promise<void>;
  lost(id: string): Promise<void>;
  /** Every builder that was ever seen. `connected` is false for those that have been silent for too long. */
  sights(): Promise<BuilderSight[]>;
  /** A connected builder that is not draining offers the class. */
  offers(resourceClass: string): Promise<boolean>;
}

export function builderRegistry({ store, writeEverySeconds = 20, now = Date.now }: { store: ObjectStore; writeEverySeconds?: number; now?: () => number }): BuilderRegistry {
  const seen = new Map<string, { sight: BuilderSight; written: string; writtenAt: number }>();
  const writing = new Map<string, Promise<void>>();

  const record = (sight: BuilderSight): Promise<void> => {
    const before = seen.get(sight.id);
    const standing = standingOf(sight);
    const entry = { sight, written: before?.written ?? '', writtenAt: before?.writtenAt ?? 0 };
    seen.set(sight.id, entry);
    if (standing === entry.written && now() - entry.writtenAt < writeEverySeconds * 1000) return Promise.resolve();
    Object.assign(entry, { written: standing, writtenAt: now() });
    return write(sight.id);
  };

  /** One at a time for a builder, and always the newest. */
  const write = (id: string): Promise<void> => {
    const next = (writing.get(id) ?? Promise.resolve())
      .catch(() => {})
      .then(() => store.put(keyOf(id), Buffer.from(JSON.stringify(seen.get(id)!.sight)), { contentType: 'application/json' }))
      .catch((error: unknown) => {
        seen.get(id)!.written = '';
        throw error;
      });
    writing.set(id, next);
    return next;
  };

  const sights = async (): Promise<BuilderSight[]> => {
    const found = new Map<string, BuilderSight>();
    for await (const { key } of store.list('builders/')) {
      const sight = await readJson<BuilderSight>(store, key);
      if (sight) found.set(sight.id, sight);
    }
    for (const { sight } of seen.values()) {
      const elsewhere = found.get(sight.id);
      if (!elsewhere || elsewhere.seenAt <= sight.seenAt) found.set(sight.id, sight);
    }
    const oldest = now() - 3 * writeEverySeconds * 1000;
    return [...found.values()].map((sight) => ({ ...sight, connected: sight.connected && Date.parse(sight.seenAt) >= oldest }));
  };

  return {
    sighted: (announcement) => record({ ...announcement, connected: true, seenAt: new Date(now()).toISOString() }),
    lost: (id) => {
      const last = seen.get(id)?.sight;
      return last ? record({ ...last, connected: false, seenAt: new Date(now()).toISOString() }) : Promise.resolve();
    },
    sights,
    offers: async (resourceClass) => (await sights()).some((sight) => sight.connected && !sight.draining && Object.hasOwn(sight.classes, resourceClass)),
  };
}

/** What others decide by: a change of it is written at once. */
const standingOf = ({ connected, draining, version, classes, capacity, publicKey }: BuilderSight): string => JSON.stringify([connected, draining, version, classes, capacity, publicKey]);

const keyOf = (id: string): string => `builders/${encodeURIComponent(id)}.json`;
