// What does a YAML file hold? Its values, each with the place where it stands.

/** One file of the language: the config, or an orb's. */
export type Source = {
  /** As messages show it: `.circle.yml`, or an orb's reference such as `circleci/node@5.0.2`. */
  path: string;
  text: string;
  /** Set once the text has been read, so that a place can be described by the keys that lead to it. */
  root?: Node;
};

/** Offsets into a source's text: the first character, and the one after the last. */
export type Place = { source: Source; start: number; end: number };

/**
 * A value after anchors, aliases and merge keys. An alias is the very node that its anchor names, so that a problem with it stands
 * where the user wrote it: the tree is a graph without circles. Nodes are never changed once made.
 */
export type Node = ScalarNode | ListNode | MapNode | BoundNode;

export type ScalarNode = {
  kind: 'scalar';
  value: string | number | boolean | null;
  /** The value as an environment variable would hold it; null is empty. */
  text: string;
  /** Nobody knows what it would be, because of a fault that has been told: it fits everywhere, so that the fault is told once. */
  isUnknown?: true;
  /** A tag brought it from `pipeline.*`: of whatever type, or not set, it may be given for a text. */
  isPipelineValue?: true;
  place: Place;
};

export type ListNode = { kind: 'list'; items: Node[]; place: Place };

export type MapNode = { kind: 'map'; entries: Map<string, Entry>; place: Place };

/** An argument whose names (of commands, of executors) mean what they mean where it was written, however far it is handed on. */
export type BoundNode = { kind: 'bound'; node: Node; library: unknown; place: Place };

export type Entry = { key: Place; value: Node };

/** What a bound node holds; any other node is itself. */
export const unbound = (node: Node): Exclude<Node, BoundNode> => (node.kind === 'bound' ? unbound(node.node) : node);

/** The node under a key; undefined where there is no such key, or no map. */
export const childOf = (node: Node | undefined, key: string | number): Node | undefined =>
  node?.kind === 'bound'
    ? childOf(node.node, key)
    : node?.kind === 'map'
      ? node.entries.get(String(key))?.value
      : node?.kind === 'list' && typeof key === 'number'
        ? node.items[key]
        : undefined;

const none: ReadonlyMap<string, Entry> = new Map();
export const entriesOf = (node: Node | undefined): ReadonlyMap<string, Entry> => (node?.kind === 'map' ? node.entries : node?.kind === 'bound' ? entriesOf(node.node) : none);

export const itemsOf = (node: Node | undefined): readonly Node[] => (node?.kind === 'list' ? node.items : node?.kind === 'bound' ? itemsOf(node.node) : []);

export const stringOf = (node: Node | undefined): string | undefined =>
  node?.kind === 'bound' ? stringOf(node.node) : node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;

export const isNull = (node: Node | undefined): boolean => node === undefined || (node.kind === 'scalar' && node.value === null);

export const scalarAt = (place: Place, value: ScalarNode['value'], text: string = value === null ? '' : String(value)): ScalarNode => ({ kind: 'scalar', value, text, place });
export const unknownAt = (place: Place): ScalarNode => ({ ...scalarAt(place, null), isUnknown: true });
export const isUnknown = (node: Node | undefined): boolean => (node?.kind === 'bound' ? isUnknown(node.node) : node?.kind === 'scalar' && node.isUnknown === true);
export const listAt = (place: Place, items: Node[]): ListNode => ({ kind: 'list', items, place });
export const mapAt = (place: Place, values: Iterable<readonly [string, Node]>): MapNode => ({
  kind: 'map',
  entries: new Map([...values].map(([key, value]) => [key, { key: value.place, value }])),
  place,
});

/** The plain value, for a schema to judge, or for printing. */
export function toPlain(node: Node): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toPlain);
    case 'map':
      // fromEntries defines properties, so that a key such as `__proto__` stays a key.
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toPlain(value)]));
    case 'bound':
      return toPlain(node.node);
  }
}
