// Which orbs have been fetched before, and may answer again?

import { z } from 'zod';
import type { OrbReference } from '../../config-schema/orb-reference.ts';
import type { OrbSource, UsedOrb } from '../../config-schema/language/processed.ts';
import { getJson, ObjectExists, putJson, type ObjectStore } from '../object-store.ts';
import { OrbsUnavailable, orbSource, sha256Of, type OrbLink } from './orbs.ts';

/**
 * Remembers what a place outside answered, for every repository. A release is asked for once and never again. What may change (a
 * partial version, a label, an address) is asked each time, and the last answer holds while nobody answers; `note` hears of it.
 * Only places whose answers do not depend on who asks may be wrapped: never the files of a repository.
 */
export function cachedOrbs(link: OrbLink, store: ObjectStore, note: (sentence: string) => void = () => undefined): OrbLink {
  return {
    name: link.name,
    async find(reference) {
      const isRelease = reference.kind === 'registry' && reference.wanted.kind === 'exact';
      const key = answerKey(link.name ?? '', reference, isRelease);
      const before = isRelease ? await remembered(store, key) : undefined;
      if (before) return before;
      try {
        const found = await link.find(reference);
        if (found === null || 'problem' in found) return found;
        await keepOrb(store, found);
        await keepAnswer(store, key, found, isRelease);
        return found;
      } catch (error) {
        const last = error instanceof OrbsUnavailable ? await remembered(store, key) : undefined;
        if (!last) throw error;
        note(`${reference.text}: ${(error as Error).message}; its last answer was used, ${last.version}.`);
        return last;
      }
    },
  };
}

/** Keeps the sources alone, for `pinnedOrbs`: a folder of the operator's is quick to read, and may be corrected. */
export function keptOrbs(link: OrbLink, store: ObjectStore): OrbLink {
  return {
    name: link.name,
    async find(reference) {
      const found = await link.find(reference);
      if (found !== null && !('problem' in found)) await keepOrb(store, found);
      return found;
    },
  };
}

/** Exactly what an earlier pipeline of the same commit was compiled with, as far as it came from outside. */
export function pinnedOrbs(pinned: readonly UsedOrb[], store: ObjectStore): OrbLink {
  const byReference = new Map(pinned.map((orb) => [orb.reference, orb]));
  return {
    name: null,
    async find({ text }) {
      const orb = byReference.get(text);
      const source = orb && (await readSource(store, orb.sha256));
      return orb && source !== undefined ? { version: orb.version, text: source, sha256: orb.sha256, origin: orb.origin } : null;
    },
  };
}

const answer = z.object({ version: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), origin: z.string() });

/** By the place too: another registry, or another mirror, may have something else under the name. */
const answerKey = (place: string, reference: OrbReference, isRelease: boolean): string => `orbs/${isRelease ? 'releases' : 'latest'}/${sha256Of(place).slice(0, 16)}/${reference.kind === 'registry' ? `${reference.namespace}/${reference.name}/` : ''}${sha256Of(reference.text).slice(0, 32)}.json`;
const sourceKey = (sha256: string): string => `orbs/sources/${sha256}.yml`;

async function remembered(store: ObjectStore, key: string): Promise<OrbSource | undefined> {
  const known = answer.safeParse(await getJson(store, key)).data;
  const text = known && (await readSource(store, known.sha256));
  return text === undefined ? undefined : orbSource(known!.version, text, known!.origin);
}

/** undefined when there is none, or when it is not what it was. */
async function readSource(store: ObjectStore, sha256: string): Promise<string | undefined> {
  if (!/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  const bytes = await store.get(sourceKey(sha256));
  const text = bytes && Buffer.from(bytes).toString('utf8');
  return text !== undefined && sha256Of(text) === sha256 ? text : undefined;
}

async function keepOrb(store: ObjectStore, { sha256, text }: OrbSource): Promise<void> {
  if ((await readSource(store, sha256)) === undefined) await store.put(sourceKey(sha256), Buffer.from(text), { contentType: 'text/yaml' });
}

/** The first answer for a release holds, whoever gave it. */
async function keepAnswer(store: ObjectStore, key: string, { version, sha256, origin }: OrbSource, isRelease: boolean): Promise<void> {
  try {
    await putJson(store, key, { version, sha256, origin }, { ifAbsent: isRelease });
  } catch (error) {
    if (!(error instanceof ObjectExists)) throw error;
  }
}
