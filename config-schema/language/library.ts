// Where does a name of a command, an executor or a job lead? To an element of the file that says it, or of an orb that this file imports.

import { didYouMean } from '../nearest.ts';
import { readOrbReference } from '../orb-reference.ts';
import { checkOrb } from './check.ts';
import { childOf, entriesOf, isNull, isUnknown, stringOf } from './node.ts';
import type { Entry, MapNode, Node, Place, Source } from './node.ts';
import type { Problems } from './problems.ts';
import type { OrbSources, UsedOrb } from './processed.ts';
import { builtIns } from './schema-steps.ts';
import { render } from './template.ts';
import type { Variables } from './template.ts';
import { readYaml } from './yaml.ts';

export type ElementKind = 'command' | 'executor' | 'job';

/** A definition by its name in its own file, whose names it knows. */
export type Element = { kind: ElementKind; name: string; node: MapNode; place: Place; library: Library };

/** The elements of one file: the config, an orb, or an inline orb. */
export type Library = {
  /** False for an orb that somebody else published: its slips are tolerated. */
  isOwn: boolean;
  root: MapNode;
  /** What is visible of `pipeline.*` in its text. */
  variables: Variables;
  orbs: Map<string, () => Library | undefined>;
};

/** Finds definitions, and loads the orbs that they come from when first asked. */
export type Loader = {
  config: Library;
  /** The element of a name; undefined, and reported, when there is none. */
  find(kind: ElementKind, name: string, library: Library, place: Place): Element | undefined;
  has(kind: ElementKind, name: string, library: Library): boolean;
  /** References that were asked for and not given. */
  missing: Set<string>;
  used: Map<string, UsedOrb>;
};

const section = { command: 'commands', executor: 'executors', job: 'jobs' } as const;

export function loader(root: MapNode, options: { variables: Variables; orbVariables: Variables; orbs: OrbSources; problems: Problems }): Loader {
  const { problems } = options;
  const missing = new Set<string>();
  const used = new Map<string, UsedOrb>();
  const byReference = new Map<string, Library | undefined>();
  const elements = new Map<Node, Element>();

  const libraryOf = (isOwn: boolean, of: MapNode, variables: Variables, within: readonly string[]): Library => {
    const library: Library = { isOwn, root: of, variables, orbs: new Map() };
    for (const [alias, { key, value }] of entriesOf(childOf(of, 'orbs'))) {
      let loaded: { library: Library | undefined } | undefined;
      library.orbs.set(alias, () => (loaded ??= { library: open(alias, key, value, library, within) }).library);
    }
    return library;
  };

  const open = (alias: string, key: Place, value: Node, importer: Library, within: readonly string[]): Library | undefined => {
    if (value.kind === 'map') {
      if (within.length > mostNested) return tooDeep(key, within);
      return libraryOf(importer.isOwn, value, options.orbVariables, [...within, alias]);
    }
    const rendered = render(value, importer.variables, problems);
    // What is no text has been told.
    if (isNull(value) || isUnknown(rendered) || rendered.kind !== 'scalar') return undefined;
    const reference = rendered.text.trim();
    const meant = readOrbReference(reference);
    if ('problem' in meant) {
      problems.error(value.place, meant.problem);
      return undefined;
    }
    if (within.includes(reference) || within.length > mostNested) return tooDeep(value.place, [...within, reference]);
    if (!byReference.has(reference)) byReference.set(reference, problems.calling({ kind: 'orb', name: alias, place: value.place }, () => read(reference, value.place, within)));
    return byReference.get(reference);
  };

  const tooDeep = (place: Place, within: readonly string[]): undefined => {
    problems.error(place, `orbs import each other in a circle, or too deeply: ${within.slice(-6).join(' imports ')}. Remove one of these imports.`);
  };

  const read = (reference: string, place: Place, within: readonly string[]): Library | undefined => {
    const found = options.orbs.get(reference);
    if (!found) missing.add(reference);
    if (!found || 'problem' in found) {
      const where = /^https:/.test(reference) ? `Cannot load the orb at ${reference}.` : `Cannot find ${reference} in the orb registry. Check that the namespace, orb name and version are correct.`;
      problems.error(place, `${where}${found ? ` ${found.problem}` : ''}`);
      return undefined;
    }
    const source: Source = { path: `orb ${reference}`, text: found.text };
    const orb = readYaml(source, problems);
    if (orb?.kind !== 'map') {
      // An empty file, unless something has been said.
      if (orb || !problems.failed()) problems.error(orb?.place ?? place, 'an orb is a map of commands, executors and jobs, this is none. Use another version of the orb.');
      return undefined;
    }
    used.set(reference, { reference, version: found.version, sha256: found.sha256, origin: found.origin });
    checkOrb(orb, problems);
    return libraryOf(false, orb, options.orbVariables, [...within, reference]);
  };

  const definitions = (kind: ElementKind, library: Library): ReadonlyMap<string, Entry> => entriesOf(childOf(library.root, section[kind]));

  const elementAt = (kind: ElementKind, name: string, library: Library, { key, value }: Entry): Element | undefined => {
    if (value.kind !== 'map') return undefined;
    const known = elements.get(value);
    // One anchored map may be two elements, or stand in two files.
    if (known?.name === name && known.library === library && known.kind === kind) return known;
    const element: Element = { kind, name, node: value, place: key, library };
    elements.set(value, element);
    return element;
  };

  const find = (kind: ElementKind, name: string, library: Library, place: Place, hops = mostHops): Element | undefined => {
    const what = `Cannot find a definition for ${kind} named ${name}.`;
    const own = definitions(kind, library);
    const [alias, inOrb] = own.has(name) || !name.includes('/') ? [undefined, name] : [name.slice(0, name.indexOf('/')), name.slice(name.indexOf('/') + 1)];
    const open = alias === undefined ? () => library : library.orbs.get(alias);
    if (!open) {
      problems.error(place, `${what}${didYouMean(alias!, library.orbs.keys())} There is no orb ${alias}: add it to orbs, or correct the name.`);
      return undefined;
    }
    const home = open();
    // That the orb is not there has been said.
    if (!home) return undefined;
    const known = definitions(kind, home);
    const entry = known.get(inOrb);
    // `x: orb/command`: one name stands for another.
    const other = stringOf(entry?.value);
    if (other !== undefined && hops > 0) return find(kind, other, home, entry!.value.place, hops - 1);
    const element = entry && elementAt(kind, inOrb, home, entry);
    if (element) return element;
    // Of a job or an executor the check of the file has said it.
    if (entry && other === undefined) {
      if (kind === 'command') problems.error(place, `${what} It stands under commands without a body: write its steps.`);
      return undefined;
    }

    if (other !== undefined) problems.error(place, `${what} The names that stand for it lead in a circle. Write one of them out.`);
    else if (alias !== undefined) problems.error(place, `${what}${didYouMean(inOrb, known.keys())} The orb ${alias} has no such ${kind}: correct the name, or use another version of the orb.`);
    else if (library !== config && definitions(kind, config).has(name)) problems.error(place, `${what} An orb does not see the ${section[kind]} of the config. Write it into the orb, or hand it over as an argument.`);
    else problems.error(place, `${what}${didYouMean(name, [...known.keys(), ...(kind === 'command' ? builtIns : [])])} ${remedy[kind]}`);
    return undefined;
  };

  const config = libraryOf(true, root, options.variables, []);
  return { config, missing, used, find, has: (kind, name, library) => definitions(kind, library).has(name) };
}

const mostNested = 20;
const mostHops = 20;

const remedy: Record<ElementKind, string> = {
  command: 'Define it under commands, or correct the name.',
  executor: 'Define it under executors, or correct the name.',
  job: 'Add it to jobs, or remove it from the workflow.',
};
