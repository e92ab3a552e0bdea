// How does a small record lie in the object store?

import type { ObjectStore } from '../activities/object-store.ts';

export const jsonBytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** Undefined when there is none. Throws a SyntaxError on what is no JSON. */
export async function readJson<T>(store: Pick<ObjectStore, 'get'>, key: string): Promise<T | undefined> {
  const bytes = await store.get(key);
  return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
}
