// Which deliveries does a repository know already?

/** By the hour (since 1970) in which they came; hashes only, because all of it goes along with every continue-as-new. */
export type Seen = [hour: number, hashes: string[]][];

/** Deliveries are remembered for longer than GitHub offers to redeliver them (3 days). */
const rememberedHours = 4 * 24;
/** A payload of Temporal's has at most 2 MB. Beyond that many the oldest are forgotten sooner. */
const mostRemembered = 50_000;
const hourMs = 60 * 60 * 1000;

export type Memory = {
  /** True when one of the hashes was seen before; if not, those to be remembered are: the same ones, unless others are told. */
  knows(hashes: readonly string[], nowMs: number, remembered?: readonly string[]): boolean;
  has(hash: string): boolean;
  all(): Seen;
};

export function memoryOf(seen: Seen): Memory {
  let hours = seen.map(([hour, hashes]): [number, Set<string>] => [hour, new Set(hashes)]);
  const has = (hash: string): boolean => hours.some(([, known]) => known.has(hash));
  const count = (): number => hours.reduce((sum, [, hashes]) => sum + hashes.size, 0);
  return {
    has,
    knows(hashes, nowMs, remembered = hashes) {
      const now = Math.floor(nowMs / hourMs);
      hours = hours.filter(([hour]) => hour > now - rememberedHours);
      if (hashes.some(has)) return true;
      const last = hours.at(-1);
      if (last?.[0] === now) for (const hash of remembered) last[1].add(hash);
      else hours.push([now, new Set(remembered)]);
      while (hours.length > 1 && count() > mostRemembered) hours.shift();
      return false;
    },
    all: () => hours.map(([hour, hashes]) => [hour, [...hashes]]),
  };
}
