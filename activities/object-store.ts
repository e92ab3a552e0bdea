// Where do the bytes and the history lie?

/**
 * A store of immutable-by-convention objects: S3, or a folder.
 *
 * Keys are `/`-separated, of printable characters other than a backslash, at most 900 bytes, without empty, `.` or `..` parts,
 * each part at most 250 bytes (`checkKey`). An object and a prefix may have the same name: `a` and `a/b` both exist.
 * Every call may run at once with every other. A put is seen whole or not at all, by every reader, as soon as it has resolved.
 * Repeating any call is safe; only `put` with `ifAbsent` answers differently the second time.
 */
export interface ObjectStore {
  /** Stores the whole object. With `ifAbsent`, throws ObjectExists when the key is taken and leaves what is there. */
  put(key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>, options?: { ifAbsent?: boolean; contentType?: string }): Promise<void>;
  /** The same with the bytes that the file has now; the caller does not change the file afterwards, though it may remove it. */
  putFile(key: string, path: string, options?: { ifAbsent?: boolean; contentType?: string }): Promise<void>;
  /** The whole object in memory; undefined when there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** The bytes [from, to) of the object, as a stream; undefined when there is none. */
  read(key: string, range?: { from?: number; to?: number }): Promise<AsyncIterable<Uint8Array> | undefined>;
  head(key: string): Promise<{ size: number; modified: Date } | undefined>;
  /** Keys under the prefix (which ends in `/` or is empty) in ascending byte order, those after `after` only. */
  list(prefix: string, options?: { after?: string; limit?: number }): AsyncIterable<{ key: string; size: number; modified: Date }>;
  /** Nothing happens when there is none. */
  delete(key: string): Promise<void>;
}

export class ObjectExists extends Error {
  override name = 'ObjectExists';
  constructor(key: string) {
    super(`object ${key} exists already`);
  }
}

export const putJson = (store: ObjectStore, key: string, value: unknown, options?: { ifAbsent?: boolean }): Promise<void> =>
  store.put(key, Buffer.from(JSON.stringify(value)), { contentType: 'application/json', ...options });

export async function getJson<T>(store: ObjectStore, key: string): Promise<T | undefined> {
  const bytes = await store.get(key);
  return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as T);
}

/** Throws a sentence when the key is none; every adapter asks here before anything else. */
export function checkKey(key: string): void {
  const wrong = faultOf(key);
  if (wrong) throw new TypeError(`object key ${JSON.stringify(key.slice(0, 120))} ${wrong}`);
}

function faultOf(key: string): string | null {
  if (Buffer.byteLength(key) > 900) return 'is longer than 900 bytes: shorten or hash the part that users choose';
  // Control characters, lone surrogates, line separators and the two non-characters: S3 lists keys as XML, which cannot say them.
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF\\]/u.test(key)) return 'holds a character that keys cannot carry (control, backslash): percent-encode it';
  for (const part of key.split('/')) {
    if (part === '' || part === '.' || part === '..') return `has the part ${JSON.stringify(part)}: parts are neither empty nor dots alone`;
    if (Buffer.byteLength(part) > 250) return 'has a part of more than 250 bytes: shorten or hash it';
  }
  return null;
}
