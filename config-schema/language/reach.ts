// Whom does it reach, when all that somebody waits for is reached?

/** Those that `begins` says, and whoever waits for nobody but such, in the order in which they are reached. Each item waits for other items of the list. */
export function reach<Item>(items: Iterable<Item>, waitsFor: (item: Item) => readonly Item[], begins: (item: Item) => boolean): Set<Item> {
  const all = [...items];
  const open = new Map(all.map((item) => [item, waitsFor(item).length]));
  const dependents = new Map<Item, Item[]>(all.map((item) => [item, []]));
  for (const item of all) for (const other of waitsFor(item)) dependents.get(other)!.push(item);
  const reached = new Set(all.filter(begins));
  // A set goes on to what is added to it on the way.
  for (const item of reached)
    for (const dependent of dependents.get(item)!) {
      open.set(dependent, open.get(dependent)! - 1);
      if (open.get(dependent) === 0) reached.add(dependent);
    }
  return reached;
}
