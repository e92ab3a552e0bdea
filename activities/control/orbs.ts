// Where does a config get the orbs that it uses?

import { createHash } from 'node:crypto';
import { chooseVersion, readOrbReference, type OrbReference, type RegistryOrb } from '../../config-schema/orb-reference.ts';
import type { CompileOptions as CompilerOptions } from '../../config-schema/compile.ts';
import type { OrbSource, OrbSources } from '../../config-schema/language/processed.ts';

/** What the compiler is told besides text and orbs. */
export type CompileOptions = Omit<CompilerOptions, 'orbs'>;

/** What the config, and the orbs that it has so far, need and do not have (`config-schema/compile.ts`). */
export type OrbReferences = (text: string, options: CompileOptions & { orbs: OrbSources }) => string[];

/** The source, or what the compiler adds to "Cannot find X in the orb registry." Never throws for a user's mistake; throws OrbsUnavailable when nobody can tell now. */
export type ResolveOrb = (reference: string) => Promise<OrbSource | { problem: string }>;

/** One place where orbs may lie. */
export type OrbLink = {
  /** In words for people, such as `.circle/orbs`; null for what is not a place where somebody could lay an orb. */
  name: string | null;
  /** null: not here, ask the next. Throws OrbsUnavailable when a later try can tell more. */
  find(reference: OrbReference): Promise<OrbSource | { problem: string } | null>;
};

/** A place that should have answered did not: our fault and not the config's. */
export class OrbsUnavailable extends Error {
  override name = 'OrbsUnavailable';
}

const mostOrbs = 200;
const mostRounds = 50;
const atOnce = 8;

/** Every orb that the text needs, and those that they need in turn. */
export async function loadOrbs(text: string, options: CompileOptions, orbReferences: OrbReferences, resolve: ResolveOrb): Promise<OrbSources> {
  const orbs = new Map<string, OrbSource | { problem: string }>();
  for (let round = 1; ; round++) {
    const missing = orbReferences(text, { ...options, orbs }).filter((reference) => !orbs.has(reference));
    if (missing.length === 0) return orbs;
    const asked = round > mostRounds ? [] : missing.slice(0, mostOrbs - orbs.size);
    for (const reference of missing.slice(asked.length)) orbs.set(reference, { problem: `The config needs too many orbs: more than ${mostOrbs}, or orbs in orbs deeper than ${mostRounds}. Use fewer.` });
    for (let i = 0; i < asked.length; i += atOnce) {
      const some = asked.slice(i, i + atOnce);
      for (const [at, found] of (await Promise.all(some.map(resolve))).entries()) orbs.set(some[at]!, found);
    }
  }
}

/** The first place that has it. `alsoSaid` ends the sentence of what is nowhere: which places were left out, and why. */
export function resolveFrom(links: readonly OrbLink[], alsoSaid = ''): ResolveOrb {
  return async (text) => {
    const reference = readOrbReference(text);
    if ('problem' in reference) return reference;
    for (const link of links) {
      const found = await link.find(reference).catch((error: unknown) => {
        throw error instanceof OrbsUnavailable ? new OrbsUnavailable(`Cannot fetch the orb ${text}: ${error.message}. Try again later.${remedyFor(reference)}`, { cause: error }) : error;
      });
      if (found !== null) return found;
    }
    const places = links.flatMap(({ name }) => name ?? []).join(', ') || 'nowhere';
    return { problem: `Looked in: ${places}.${alsoSaid}${remedyFor(reference)}` };
  };
}

const remedyFor = (reference: OrbReference): string =>
  reference.kind === 'address' ? '' : ` Or lay its source into the repository: .circle/orbs/${reference.namespace}/${reference.name}/VERSION.yml, which \`roundhouse orbs vendor\` does where the registry can be reached.`;

/** Of a place, only what never changes. It is not listed as a place of its own. */
export const releasesOf = (link: OrbLink): OrbLink => ({
  name: null,
  find: (reference) => (reference.kind === 'registry' && reference.wanted.kind === 'exact' ? link.find(reference) : Promise.resolve(null)),
});

/** A folder of orbs, wherever it is: NAMESPACE/NAME/VERSION.yml. */
export type OrbShelf = {
  /** The versions of one orb that lie there; none when it is not known. */
  versions(orb: RegistryOrb): Promise<string[]>;
  /** undefined when there is no such file. */
  read(orb: RegistryOrb, version: string): Promise<string | undefined>;
};

export function shelfLink(name: string, shelf: OrbShelf): OrbLink {
  return {
    name,
    async find(reference) {
      if (reference.kind === 'address') return null;
      const { wanted } = reference;
      // A release is asked for outright: not every place can list what it has.
      const version = wanted.kind === 'exact' ? wanted.version : chooseVersion(wanted, await shelf.versions(reference));
      const text = version === undefined ? undefined : await shelf.read(reference, version);
      return version === undefined || text === undefined ? null : orbSource(version, text, name);
    },
  };
}

export const orbSource = (version: string, text: string, origin: string): OrbSource => ({ version, text, sha256: sha256Of(text), origin });

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');
