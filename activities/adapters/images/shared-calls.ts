// How do several callers who want the same thing share one piece of work?

export type Sharer = { signal?: AbortSignal | undefined; say?: ((line: string) => void) | undefined };

/** Work under way, by key. It is aborted when the last caller who waits for it gives up; all of them hear what it says from when they came. */
export class SharedCalls<T> {
  readonly #calls = new Map<string, { result: Promise<T>; sharers: Set<Sharer>; stop: AbortController }>();

  async run(key: string, sharer: Sharer, work: (all: { signal: AbortSignal; say: (line: string) => void }) => Promise<T>): Promise<T> {
    sharer.signal?.throwIfAborted();
    const call = this.#calls.get(key) ?? this.#begin(key, work);
    call.sharers.add(sharer);
    let giveUp = (): void => {};
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = () => reject(sharer.signal!.reason as Error);
      sharer.signal?.addEventListener('abort', giveUp);
    });
    try {
      return await Promise.race([call.result, givenUp]);
    } finally {
      sharer.signal?.removeEventListener('abort', giveUp);
      call.sharers.delete(sharer);
      if (call.sharers.size === 0) {
        // Whoever comes now begins anew.
        if (this.#calls.get(key) === call) this.#calls.delete(key);
        call.stop.abort();
      }
    }
  }

  #begin(key: string, work: (all: { signal: AbortSignal; say: (line: string) => void }) => Promise<T>): { result: Promise<T>; sharers: Set<Sharer>; stop: AbortController } {
    const stop = new AbortController();
    const sharers = new Set<Sharer>();
    const say = (line: string): void => sharers.forEach((sharer) => sharer.say?.(line));
    const result = work({ signal: stop.signal, say });
    result.catch(() => undefined); // Of a call that everybody gave up.
    const call = { result, sharers, stop };
    this.#calls.set(key, call);
    return call;
  }
}
