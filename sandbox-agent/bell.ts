// How does one part of the agent wait for a change in another? It looks, and if there is nothing yet, waits for the next ring.

export type Bell = { ring(): void; next(): Promise<void> };

export function makeBell(): Bell {
  let waiting: (() => void)[] = [];
  return {
    ring() {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
  };
}
