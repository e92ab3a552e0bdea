// What does an executor give to a job?

import { callElement, read } from './elements.ts';
import type { Compiling } from './elements.ts';
import type { Library } from './library.ts';
import { childOf, entriesOf, isUnknown, listAt, mapAt, scalarAt, stringOf, unbound } from './node.ts';
import type { Entry, Node, Place } from './node.ts';

export const executorKinds = ['docker', 'machine', 'macos'];

export type Executor = { name: string; fields: Map<string, Entry> };

/**
 * An executor by its name, or by a map of its name and arguments. A bound value is looked up where it was written:
 * an orb's default in the orb, an argument with the caller.
 */
export function resolveExecutor(value: Node, library: Library, compiling: Compiling): Executor | undefined {
  if (value.kind === 'bound') return resolveExecutor(value.node, value.library as Library, compiling);
  const { loader, problems } = compiling;
  const given = value.kind === 'map' ? childOf(value, 'name') : value;
  if (given?.kind === 'bound') return resolveExecutor(value.kind === 'map' ? withName(value.entries, unbound(given), value.place) : given, given.library as Library, compiling);
  const name = stringOf(given);
  if (name === undefined) {
    // That a map lacks its name has been said.
    if (given && !isUnknown(given)) problems.error(value.place, 'executor must be the name of an executor, or a map with its name and arguments. Write `executor: NAME`, or `executor: {name: NAME, …}`.');
    return undefined;
  }
  const element = loader.find('executor', name, library, given!.place);
  if (!element) return undefined;
  const args = [...entriesOf(value)].filter(([key]) => key !== 'name');
  return problems.calling({ kind: 'executor', name, place: value.place }, () => {
    const { variables } = callElement(element, args, library, value.place, compiling);
    const fields = [...element.node.entries]
      .filter(([key]) => key !== 'parameters' && key !== 'description')
      .map(([key, entry]): [string, Entry] => [key, { key: entry.key, value: read(entry.value, variables, compiling) }]);
    return { name, fields: new Map(fields) };
  });
}

const withName = (entries: ReadonlyMap<string, Entry>, name: Node, place: Place): Node => ({ kind: 'map', entries: new Map([...entries, ['name', { key: name.place, value: name }]]), place });

/** The executor's variables, then the job's, as the original prints every form of them: a list of maps with one entry. */
export function joinEnvironments(executor: Node | undefined, job: Node | undefined, place: Place): Node | undefined {
  const items = [...environmentList(executor), ...environmentList(job)];
  return items.length > 0 ? listAt(place, items) : undefined;
}

/** The entries of one map in the order of a dictionary. What is no variable stays as it is, for the check of the finished job. */
function environmentList(node: Node | undefined): Node[] {
  if (node?.kind === 'list') return node.items.flatMap(environmentList);
  const text = stringOf(node);
  const equals = text?.indexOf('=') ?? -1;
  if (node && text !== undefined) return [equals < 0 ? node : mapAt(node.place, [[text.slice(0, equals), scalarAt(node.place, text.slice(equals + 1))]])];
  return [...entriesOf(node)].sort(([a], [b]) => collator.compare(a, b)).map(([name, { key, value }]) => mapAt(key, [[name, value]]));
}

const collator = new Intl.Collator('en');
