// How do calls for one name wait for each other?

export type Queues = {
  isBusy(name: string): boolean;
  queue<T>(name: string, action: () => Promise<T>): Promise<T>;
};

/** Calls for different names run at once. */
export function queuesByName(): Queues {
  const tails = new Map<string, Promise<unknown>>();
  return {
    isBusy: (name: string): boolean => tails.has(name),
    async queue<T>(name: string, action: () => Promise<T>): Promise<T> {
      const turn = (tails.get(name) ?? Promise.resolve()).then(action, action);
      const tail = turn.catch(() => undefined);
      tails.set(name, tail);
      try {
        return await turn;
      } finally {
        if (tails.get(name) === tail) tails.delete(name);
      }
    },
  };
}
