// What does an executor give to a job?

import { callElement, read } from './elements.ts';
import type { Compiling } from './elements.ts';
import type { Library } from './library.ts';
import { childOf, entriesOf, isUnknown, mapAt, listAt, itemsOf, scalarAt, stringOf, unbound } from './node.ts';
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
    if (!isUnknown(given)) problems.error(value.place, 'executor must be the name of an executor, or a map with its name and arguments. Write `executor: NAME`, or `executor: {name: NAME, …}`.');
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

/** As the original prints every form of it: a list of one-entry maps; the entries of one map in the order of a dictionary. */
export function environmentList(node: Node | undefined): Node[] {
  if (node === undefined) return [];
  if (node.kind === 'list') return itemsOf(node).flatMap((item) => assignment(item) ?? environmentList(item));
  return [...entriesOf(node)].sort(([a], [b]) => collator.compare(a, b)).map(([name, { key, value }]) => mapAt(key, [[name, value]]));
}

function assignment(item: Node): Node[] | undefined {
  const text = stringOf(item);
  const equals = text?.indexOf('=') ?? -1;
  if (text === undefined || equals < 0) return text === undefined ? undefined : [item];
  return [mapAt(item.place, [[text.slice(0, equals), scalarAt(item.place, text.slice(equals + 1))]])];
}

const collator = new Intl.Collator('en');

/** The executor's entries, then the job's. */
export const joinEnvironments = (executor: Node | undefined, job: Node | undefined, place: Place): Node | undefined => {
  const items = [...environmentList(executor), ...environmentList(job)];
  return items.length > 0 ? listAt(place, items) : undefined;
};
