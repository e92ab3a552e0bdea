// Which image does the operator want instead of the one that a config names?

import type { ImageRule } from '../../../config-schema/setting-kinds.ts';
import { dockerHub, parseReference, splitReference, type Reference } from './oci-reference.ts';

/**
 * The target of the first rule whose pattern fits, or the reference itself. A pattern without a tag speaks of the name, whatever its
 * tag. What `*` stands for is put in the target's `*`; tag and digest stay where the target has neither.
 */
export function mapImage(rules: ImageRule[], text: string): string {
  const parsed = parseReference(text);
  if ('problem' in parsed) return text;
  for (const { pattern, target } of rules) {
    const found = match(pattern, parsed.reference);
    if (found === null) continue;
    const mapped = target.replace('*', () => found);
    const { tag, digest } = splitReference(mapped);
    return tag === null && digest === null ? `${mapped}${suffix(splitReference(text))}` : mapped;
  }
  return text;
}

/** What the pattern's `*` stands for, empty without one; null when the pattern does not fit. */
function match(pattern: string, { host, path, tag }: Reference): string | null {
  const { tag: patternTag } = splitReference(pattern);
  const full = `${host}/${path}`;
  // As a user may write it, the shortest first, so that `*` is `node`, not `docker.io/library/node`.
  const names = host === dockerHub ? [path.replace(/^library\//, ''), path, full] : [full];
  const [before = '', after] = pattern.split('*', 2);
  for (const name of names) {
    const subject = patternTag === null ? name : `${name}:${tag ?? ''}`;
    if (after === undefined) {
      if (subject === pattern) return '';
    } else if (subject.length >= before.length + after.length && subject.startsWith(before) && subject.endsWith(after)) {
      return subject.slice(before.length, subject.length - after.length);
    }
  }
  return null;
}

const suffix = ({ tag, digest }: { tag: string | null; digest: string | null }): string => `${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
