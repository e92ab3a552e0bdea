// How is much done, some of it at once?

/** Never more than `atOnce`. After the first error nothing more begins, and it is thrown once the others have ended. */
export async function inTurn<T>(items: AsyncIterable<T> | Iterable<T>, atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const working = new Set<Promise<void>>();
  const errors: unknown[] = [];
  for await (const item of items) {
    if (errors.length > 0) break;
    const one: Promise<void> = work(item)
      .catch((error: unknown) => void errors.push(error))
      .finally(() => working.delete(one));
    working.add(one);
    if (working.size >= atOnce) await Promise.race(working);
  }
  await Promise.all(working);
  if (errors.length > 0) throw errors[0];
}
