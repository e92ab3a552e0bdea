// Can the key of a cache be filled in where the job runs?

import { parseCacheKey } from '../cache-key.ts';
import { shown } from './schema-words.ts';

/** What the step would fail with, and the remedy; undefined for a key that is right. The text is not changed: it is filled in where the job runs. */
export function faultOfCacheKey(key: string): string | undefined {
  const parsed = parseCacheKey(key);
  if ('parts' in parsed) return undefined;
  if (parsed.fault.kind === 'open') return `the key of the cache is ${shown(key)}, with a {{ that is not closed: the step will fail. Close it with }}.`;
  const { action } = parsed.fault;
  const remedy = /^checksum\s/.test(action) ? 'The name of the file stands in double quotes.' : 'A key knows .Branch, .BuildNum, .Revision, .CheckoutKey, .Environment.NAME, checksum "FILE", epoch and arch.';
  return `the key of the cache holds {{ ${action.slice(0, 60)} }}, which cannot be filled in: the step will fail. ${remedy}`;
}
