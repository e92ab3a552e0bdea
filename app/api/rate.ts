// How often may one person's programs ask?

const minuteMs = 60_000;

/** Answers how many seconds to wait; 0: go on. */
export function rateLimit(mostPerMinute: number, now: () => number = Date.now): (person: number) => number {
  let [since, counts] = [now(), new Map<number, number>()];
  return (person) => {
    if (now() - since >= minuteMs) [since, counts] = [now(), new Map()];
    const count = (counts.get(person) ?? 0) + 1;
    counts.set(person, count);
    return count <= mostPerMinute ? 0 : Math.ceil((since + minuteMs - now()) / 1000);
  };
}
