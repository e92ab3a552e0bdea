// How long after the last news of a pipeline do the next ones go to the forge?

const soonMs = 1_000;
const seldomMs = 5_000;
/** So many times it is told soon: a build of a few jobs never waits longer. */
const soonTimes = 5;

/** In milliseconds: what is waited in any case, and what is waited after that while more is to be expected. `lastAt` and `now` in ms since 1970. */
export function reportPause({ times, lastAt }: { times: number; lastAt: number }, now: number): { inAnyCase: number; forMore: number } {
  const inAnyCase = Math.max(0, lastAt + soonMs - now);
  const forMore = times < soonTimes ? 0 : Math.max(0, lastAt + seldomMs - Math.max(now, lastAt + soonMs));
  return { inAnyCase, forMore };
}
