// What is a figure, and what does a group of them need?

/** `value` is in `unit`; a ratio says in `baseline` over what. `n`: how many runs it is the median (or percentile) of. */
export type Figure = { figure: string; value: number; unit: 'ratio' | 'ms' | 'MB/s' | 'KB' | 'MB' | 'requests' | 'activities'; baseline?: string; n: number } & Record<string, unknown>;

export type Bench = {
  /** Few runs: for a look, not for a verdict. */
  quick: boolean;
  signal: AbortSignal;
  print(figure: Figure): void;
  say(line: string): void;
  /** A folder on an ordinary disk that is removed at the end. */
  folder: string;
  /** Cleans up at the end, however that comes; the last one first. */
  atEnd(action: () => Promise<unknown>): void;
};

/** The values in turn, ours and the baseline's, so that both meet the same load of the machine. */
export async function inPairs<A, B>(bench: Bench, n: number, ours: () => Promise<A>, baseline: () => Promise<B>): Promise<{ ours: A; baseline: B }[]> {
  const pairs: { ours: A; baseline: B }[] = [];
  for (let i = 0; i < n; i++) {
    bench.signal.throwIfAborted();
    pairs.push({ ours: await ours(), baseline: await baseline() });
  }
  return pairs;
}

export async function timed(action: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await action();
  return performance.now() - startedAt;
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** Between two values, the straight line between them. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new Error('no value was measured');
  const sorted = values.toSorted((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return below + (above - below) * (place - Math.floor(place));
}

export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));
