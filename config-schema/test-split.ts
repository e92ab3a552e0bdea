// Which tests does each slice of a job run? The longest first, each to the slice that has the least to do so far.

/**
 * Each item is in exactly one of the `total` shares; the shares are sorted. The same items, however often and in whatever order they come,
 * with the same weights give the same shares: slices split each for itself, and a rerun of one of them must get what it had.
 */
export function splitTests(items: readonly string[], total: number, weightOf: (item: string) => number): string[][] {
  const shares = Array.from({ length: total }, () => ({ weight: 0, items: [] as string[] }));
  const weighed = [...new Set(items)].sort().map((item) => ({ item, weight: sane(weightOf(item)) }));
  // The sort is stable: equal weights stay in the order of their names.
  for (const { item, weight } of weighed.sort((a, b) => b.weight - a.weight)) {
    // Among equals the shorter list, so that items without weight do not all end in the first slice; then the first.
    const lightest = shares.reduce((best, share) => (share.weight - best.weight || share.items.length - best.items.length) < 0 ? share : best);
    lightest.weight += weight;
    lightest.items.push(item);
  }
  return shares.map((share) => share.items.sort());
}

const sane = (weight: number): number => (Number.isFinite(weight) && weight > 0 ? weight : 0);
