// What does a YAML file hold? Its values, each with the place where it stands.

/** Offsets into the text: the first character, and the one after the last. */
export type Place = { start: number; end: number };

/**
 * A value of the file after anchors, aliases and merge keys. An alias is the very node that its anchor names, so that a problem
 * with it stands where the user wrote it: the tree is a graph without circles.
 */
export type Node = ScalarNode | ListNode | MapNode;

export type ScalarNode = {
  kind: 'scalar';
  value: string | number | boolean | null;
  /** The value as an environment variable would hold it; null is empty. */
  text: string;
  place: Place;
};

export type ListNode = { kind: 'list'; items: Node[]; place: Place };

export type MapNode = { kind: 'map'; entries: Map<string, Entry>; place: Place };

export type Entry = { key: Place; value: Node };

/** The node under a key; undefined where there is no such key, or no map. */
export const childOf = (node: Node | undefined, key: string | number): Node | undefined =>
  node?.kind === 'map' ? node.entries.get(String(key))?.value : node?.kind === 'list' && typeof key === 'number' ? node.items[key] : undefined;

export const entriesOf = (node: Node | undefined): Map<string, Entry> => (node?.kind === 'map' ? node.entries : new Map());

export const itemsOf = (node: Node | undefined): Node[] => (node?.kind === 'list' ? node.items : []);

export const stringOf = (node: Node | undefined): string | undefined =>
  node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;

/** The plain value, for a schema to judge. */
export function toPlain(node: Node): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toPlain);
    case 'map':
      // fromEntries defines properties, so that a key such as `__proto__` stays a key.
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toPlain(value)]));
  }
}
