// When may the next request go to GitHub, so that its published limits are kept?

/** What one request counts for (GitHub REST, "Rate limits": secondary rate limits). */
export type Cost = { points: number; content: number };

export const costs = {
  /** GET, HEAD, and a GraphQL query without a mutation. */
  read: { points: 1, content: 0 },
  /** PATCH, PUT, DELETE. */
  change: { points: 5, content: 0 },
  /** POST of something new. */
  create: { points: 5, content: 1 },
} satisfies Record<string, Cost>;

/** At most `most` in any `windowMs`. */
export type Limit = { of: keyof Cost; most: number; windowMs: number };

/**
 * Per installation. GitHub also says 500 creations an hour, but not of check runs in particular; whoever runs into that is told by
 * Retry-After, which `pause` obeys. Holding checks back for an hour on our own would be worse than hearing it.
 */
export const published: readonly Limit[] = [
  { of: 'content', most: 80, windowMs: 60_000 },
  { of: 'points', most: 900, windowMs: 60_000 },
];

/** Requests in the order of their times; times may lie in the future. */
export type Spent = readonly ({ at: number } & Cost)[];

/**
 * The earliest time, from `now` on and not before those that were promised earlier, at which a request of this cost keeps every limit.
 * A sliding window and not a token bucket: a bucket that may be emptied at once lets twice its content through in one window.
 */
export function earliest(spent: Spent, cost: Cost, now: number, limits: readonly Limit[] = published): number {
  let at = Math.max(now, spent.at(-1)?.at ?? 0);
  for (const { of, most, windowMs } of limits) {
    if (cost[of] === 0) continue;
    let room = most - cost[of];
    for (let i = spent.length - 1; i >= 0; i--) {
      const past = spent[i]!;
      room -= past[of];
      if (room >= 0) continue;
      at = Math.max(at, past.at + windowMs);
      break;
    }
  }
  return at;
}

export type Limiter = {
  /** Books a request and answers in how many milliseconds it may go; a number above `patienceMs` is not booked. */
  book(cost: Cost, patienceMs: number): number;
  /** GitHub asked for silence. */
  pause(seconds: number): void;
};

export function createLimiter(limits: readonly Limit[] = published, now: () => number = Date.now): Limiter {
  let spent: { at: number; points: number; content: number }[] = [];
  let pausedUntil = 0;
  const longestMs = Math.max(...limits.map(({ windowMs }) => windowMs));
  return {
    book(cost, patienceMs) {
      const time = now();
      spent = spent.filter(({ at }) => at > time - longestMs);
      const at = earliest(spent, cost, Math.max(time, pausedUntil), limits);
      if (at - time <= patienceMs) spent.push({ at, ...cost });
      return at - time;
    },
    pause(seconds) {
      pausedUntil = Math.max(pausedUntil, now() + seconds * 1000);
    },
  };
}
