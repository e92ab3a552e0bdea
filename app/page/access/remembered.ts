// How long is an answer of somebody else's good?

export type Remembered<T> = {
  /** The answer of `freshMs` ago at most. When there is none and `ask` fails, the last one if it is not older than `staleMs`; else throws as `ask` did. */
  get(key: string, ask: () => Promise<T>): Promise<T>;
  /** The last answer if it is not older than that; asks nobody. */
  peek(key: string, withinMs: number): T | undefined;
};

/** Who wants to know at the same time waits for one and the same answer. */
export function remembered<T>({ freshMs, staleMs, now, most = 10_000 }: { freshMs: number; staleMs: number; now: () => number; most?: number }): Remembered<T> {
  const known = new Map<string, { value: T; at: number }>();
  const asked = new Map<string, Promise<T>>();

  function peek(key: string, withinMs: number): T | undefined {
    const last = known.get(key);
    return last !== undefined && now() - last.at < withinMs ? last.value : undefined;
  }

  async function askOnce(key: string, ask: () => Promise<T>): Promise<T> {
    // It is as old as the question: what changed while the answer was on its way is not in it.
    const at = now();
    try {
      const value = await ask();
      known.delete(key);
      known.set(key, { value, at });
      const [oldest] = known.keys();
      if (known.size > most && oldest !== undefined) known.delete(oldest);
      return value;
    } finally {
      asked.delete(key);
    }
  }

  return {
    peek,
    async get(key, ask) {
      const fresh = peek(key, freshMs);
      if (fresh !== undefined) return fresh;
      let answer = asked.get(key);
      if (!answer) asked.set(key, (answer = askOnce(key, ask)));
      try {
        return await answer;
      } catch (error) {
        const last = peek(key, staleMs);
        if (last === undefined) throw error;
        return last;
      }
    },
  };
}
