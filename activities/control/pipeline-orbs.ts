// Which orbs does this pipeline use, and which will a rerun of it use?

import type { OrbSources, UsedOrb } from '../../config-schema/language/processed.ts';
import type { Trigger } from '../../config-schema/trigger.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import type { Forge } from './forge.ts';
import { pinnedOrbs } from './orb-cache.ts';
import { vendoredOrbs } from './orb-files.ts';
import { loadOrbs, OrbsUnavailable, type CompileOptions, type OrbLink, type OrbReferences, type ResolveOrb } from './orbs.ts';

export type OrbPorts = {
  forge: Forge;
  store: ObjectStore;
  /** Those of the compiler. */
  orbReferences: OrbReferences;
  /** `nearest` are asked before all places that are the same for everybody; `note` hears what deserves a line on the checks. */
  resolveOrbs: (nearest: readonly OrbLink[], note: (sentence: string) => void) => ResolveOrb;
};

/** Until then a place that does not answer is our own trouble, and is asked again; after that the user hears of it. */
const patienceMs = 15 * 60_000;

/** `notes` are lines for the checks. Throws OrbsUnavailable while it is worth trying again. */
export async function pipelineOrbs({ forge, store, orbReferences, resolveOrbs }: OrbPorts, trigger: Trigger, text: string, options: CompileOptions): Promise<{ orbs: OrbSources; notes: string[] }> {
  const { repository, sha } = trigger;
  const notes = new Set<string>();
  // A rerun is another pipeline of the same commit, and compiles what the one before it compiled.
  const pinned = trigger.event === 'rerun' ? ((await getJson<UsedOrb[]>(store, usedKey(trigger))) ?? []) : [];
  const resolve = resolveOrbs([pinnedOrbs(pinned, store), vendoredOrbs(forge, repository, sha)], (sentence) => void notes.add(sentence));
  const orbs = await loadOrbs(text, options, orbReferences, withPatience(resolve, Date.parse(trigger.receivedAt)));
  for (const { reference, sha256, version } of pinned) {
    const now = orbs.get(reference);
    if (now && 'sha256' in now && now.sha256 !== sha256) notes.add(`${reference} was ${version} in an earlier pipeline of this commit, with other text; that is not to be had any more.`);
  }
  return { orbs, notes: [...notes] };
}

/** For a rerun of the same commit. What this pipeline did not use stays as an earlier one used it: a setup config's orbs, say. */
export async function rememberOrbs(store: ObjectStore, trigger: Trigger, used: readonly UsedOrb[]): Promise<void> {
  if (used.length === 0) return;
  const before = (await getJson<UsedOrb[]>(store, usedKey(trigger))) ?? [];
  const all = new Map([...before, ...used].map(({ reference, version, sha256, origin }) => [reference, { reference, version, sha256, origin }]));
  await putJson(store, usedKey(trigger), [...all.values()]);
}

const usedKey = ({ repository, sha }: Trigger): string => `repositories/${repository.id}/orbs/${sha}.json`;

function withPatience(resolve: ResolveOrb, since: number): ResolveOrb {
  return async (reference) => {
    try {
      return await resolve(reference);
    } catch (error) {
      if (!(error instanceof OrbsUnavailable) || Date.now() - since < patienceMs) throw error;
      return { problem: error.message };
    }
  };
}
