// In which order are orbs looked for?

import type { Settings } from '../../config-schema/settings.ts';
import type { OrbSources } from '../../config-schema/language/processed.ts';
import type { ObjectStore } from '../object-store.ts';
import { cachedOrbs, keptOrbs } from '../control/orb-cache.ts';
import { loadOrbs, resolveFrom, type CompileOptions, type OrbLink, type OrbReferences, type ResolveOrb } from '../control/orbs.ts';
import { fileStore } from './file-store.ts';
import { orbAddresses } from './orb-address.ts';
import { orbFolder } from './orb-folder.ts';
import { orbMirror } from './orb-mirror.ts';
import { orbRegistry } from './orb-registry.ts';

export type OrbSettings = Pick<Settings, 'orbMirror' | 'orbRegistry' | 'orbHosts' | 'airGapped'>;

/** First `nearest`, which belong to one repository and are never remembered; then what is the same for all: the mirror, the registry, addresses. */
export function resolveOrbs(settings: OrbSettings, store: ObjectStore, nearest: readonly OrbLink[], note?: (sentence: string) => void): ResolveOrb {
  const { orbMirror: mirror, orbRegistry: registry, orbHosts, airGapped } = settings;
  const outside = [
    ...(mirror === null ? [] : [/^https?:/.test(mirror) ? cachedOrbs(orbMirror(mirror), store, note) : keptOrbs(orbFolder(mirror, `the mirror ${mirror}`), store)]),
    ...(airGapped ? [] : [cachedOrbs(orbRegistry(registry), store, note)]),
    cachedOrbs(orbAddresses(orbHosts), store, note),
  ];
  return resolveFrom([...nearest, ...outside], airGapped ? ' The public registry was not asked: airGapped is set.' : '');
}

/** For the command line: every orb that the text needs, with those of a work tree as it stands and of further folders before all others. */
export function loadOrbsHere(
  text: string,
  options: CompileOptions,
  { settings, orbReferences, folders = [], workTree, note }: { settings: OrbSettings & Pick<Settings, 'cache'>; orbReferences: OrbReferences; folders?: readonly string[]; workTree?: string; note?: (sentence: string) => void },
): Promise<OrbSources> {
  const nearest = [...folders.map((folder) => orbFolder(folder)), ...(workTree === undefined ? [] : [orbFolder(`${workTree}/.circle/orbs`, '.circle/orbs')])];
  return loadOrbs(text, options, orbReferences, resolveOrbs(settings, fileStore(`${settings.cache}/orbs`), nearest, note));
}
