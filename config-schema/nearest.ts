// Which of the known names did the user mean?

/** The known name that is at most two slips away from a name of four or more letters, one from a shorter one, none from a single letter. Of very many, it looks at the first. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const allowed = name.length < 2 ? 0 : name.length < 4 ? 1 : 2;
  if (name.length > 40) return undefined;
  let best: string | undefined;
  let fewest = allowed + 1;
  let left = 500;
  for (const candidate of known) {
    if (left-- === 0) break;
    if (Math.abs(candidate.length - name.length) > allowed || candidate === name) continue;
    const slips = distance(name.toLowerCase(), candidate.toLowerCase());
    if (slips < fewest) [best, fewest] = [candidate, slips];
  }
  return best;
}

/** Letters to insert, drop, change or swap with their neighbour. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** " Did you mean `x`?", or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const meant = nearest(name, known);
  return meant === undefined ? '' : ` Did you mean \`${meant}\`?`;
}
