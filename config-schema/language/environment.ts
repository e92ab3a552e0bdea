// Which variables does an `environment:` give?

import { entriesOf, itemsOf, stringOf } from './node.ts';
import type { Node } from './node.ts';

/** A map, a list of maps, or a list of KEY=value; a later entry wins. Numbers read as they were written in YAML's sense, null is empty. */
export function readEnvironment(node: Node | undefined): Record<string, string> {
  const pairs = node?.kind === 'list' ? itemsOf(node).flatMap(readItem) : readMap(node);
  // fromEntries defines properties, so that a variable such as `__proto__` stays one.
  return Object.fromEntries(pairs);
}

const readMap = (node: Node | undefined): [string, string][] => [...entriesOf(node)].map(([name, { value }]) => [name, value.kind === 'scalar' ? value.text : '']);

function readItem(item: Node): [string, string][] {
  const text = stringOf(item);
  if (text === undefined) return readMap(item);
  const equals = text.indexOf('=');
  return [[text.slice(0, equals), text.slice(equals + 1)]];
}
