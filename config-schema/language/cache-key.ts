// Can the key of a cache be filled in where the job runs?

import { shown } from './schema-words.ts';

/** As Go's templates are written: `{{ .Branch }}`, `{{ checksum "go.sum" }}`. */
const action = /\{\{-?\s*([^]*?)\s*-?\}\}/g;

const known = [
  /^\.(?:Branch|BuildNum|Revision|CheckoutKey)$/,
  /^\.Environment\.[A-Za-z_][A-Za-z0-9_]*$/,
  /^checksum\s+(?:"(?:[^"\\]|\\.)+"|`[^`]+`)$/,
  /^epoch(?:\s*\|\s*round\s+"[^"]+")?$/,
  /^arch$/,
];

/** What the step would fail with, and the remedy; undefined for a key that is right. The text is not changed: it is filled in by the sandbox. */
export function faultOfCacheKey(key: string): string | undefined {
  const wrong = [...key.matchAll(action)].map(([, body]) => body!).find((body) => !known.some((form) => form.test(body)));
  if (wrong !== undefined) {
    const remedy = /^checksum\s/.test(wrong) ? 'The name of the file stands in double quotes.' : 'A key knows .Branch, .BuildNum, .Revision, .CheckoutKey, .Environment.NAME, checksum "FILE", epoch and arch.';
    return `the key of the cache holds {{ ${wrong.slice(0, 60)} }}, which cannot be filled in: the step will fail. ${remedy}`;
  }
  return key.replace(action, '').includes('{{') ? `the key of the cache is ${shown(key)}, with a {{ that is not closed: the step will fail. Close it with }}.` : undefined;
}
