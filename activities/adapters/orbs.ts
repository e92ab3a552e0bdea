// In which order are orbs looked for?

import type { Settings } from '../../config-schema/settings.ts';
import type { OrbSources } from '../../config-schema/language/processed.ts';
import type { ObjectStore } from '../object-store.ts';
import { cachedOrbs, keptOrbs } from '../control/orb-cache.ts';
import { loadOrbs, OrbsUnavailable, releasesOf, resolveFrom, type CompileOptions, type OrbLink, type OrbReferences, type ResolveOrb } from '../control/orbs.ts';
import { vendoredOrbsFolder } from '../control/orb-files.ts';
import { fileStore } from './file-store.ts';
import { orbAddresses } from './orb-address.ts';
import { orbFolder } from './orb-folder.ts';
import { orbMirror } from './orb-mirror.ts';
import { orbRegistry } from './orb-registry.ts';
import { ownOrbs } from './own-orbs.ts';

export type OrbSettings = Pick<Settings, 'orbMirror' | 'orbRegistry' | 'orbHosts' | 'airGapped'>;

type Note = (sentence: string) => void;

/** First `nearest`, which belong to one repository and are never remembered; then what is the same for all: our own, the mirror, the registry, addresses; then `farthest`. */
export function resolveOrbs(settings: OrbSettings, store: ObjectStore, nearest: readonly OrbLink[], note?: Note, farthest: readonly OrbLink[] = []): ResolveOrb {
  const { orbMirror: mirror, orbRegistry: registry, orbHosts, airGapped } = settings;
  const outside = [
    ...(mirror === null ? [] : [/^https?:/.test(mirror) ? cachedOrbs(orbMirror(mirror), store, note) : keptOrbs(orbFolder(mirror, `the mirror ${mirror}`), store)]),
    ...(airGapped ? [] : [cachedOrbs(orbRegistry(registry), store, note)]),
    cachedOrbs(orbAddresses(orbHosts), store, note),
  ];
  return resolveFrom([...nearest, keptOrbs(ownOrbs, store), ...outside, ...farthest], airGapped ? ' The public registry was not asked: airGapped is set.' : '');
}

export type FromHere = {
  settings: OrbSettings & Pick<Settings, 'cache'>;
  orbReferences: OrbReferences;
  /** Asked before all others. */
  folders?: readonly string[];
  /** Its orbs are taken as they lie there now. */
  workTree?: string;
  note?: Note;
};

/** For the command line: every orb that the text needs. */
export function loadOrbsHere(text: string, options: CompileOptions, { settings, orbReferences, folders = [], workTree, note }: FromHere): Promise<OrbSources> {
  const nearest = [...folders.map((folder) => orbFolder(folder)), ...orbsOf(workTree)];
  return loadOrbs(text, options, orbReferences, tellingAtOnce(resolveOrbs(settings, cacheOf(settings), nearest, note)));
}

/**
 * For vendoring: a release that lies in the work tree already stays as it is, patched or not; what may change is asked of the world
 * outside, and found in the work tree when nobody has it.
 */
export function loadOrbsToVendor(text: string, options: CompileOptions, { settings, orbReferences, folders = [], workTree, note }: FromHere): Promise<OrbSources> {
  const nearest = [...folders.map((folder) => orbFolder(folder)), ...orbsOf(workTree).map(releasesOf)];
  return loadOrbs(text, options, orbReferences, tellingAtOnce(resolveOrbs(settings, cacheOf(settings), nearest, note, orbsOf(workTree))));
}

const orbsOf = (workTree: string | undefined): OrbLink[] => (workTree === undefined ? [] : [orbFolder(`${workTree}/${vendoredOrbsFolder}`, vendoredOrbsFolder)]);

/** Sources outlive a command, in the cache folder of whoever runs it. */
export const cacheOf = ({ cache }: Pick<Settings, 'cache'>): ObjectStore => fileStore(`${cache}/orbs`);

/** Where somebody sits and waits, nobody waits for a better time: a place that does not answer is told in the orb's line. */
export function tellingAtOnce(resolve: ResolveOrb): ResolveOrb {
  return (reference) =>
    resolve(reference).catch((error: unknown) => {
      if (!(error instanceof OrbsUnavailable)) throw error;
      return { problem: error.message };
    });
}
