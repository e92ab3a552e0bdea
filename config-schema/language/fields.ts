// What does a map say under a key, read as the kind of value that belongs there? Another kind is as if nothing were there.

import { durationPattern, durationSeconds } from '../durations.ts';
import { childOf, isNull, itemsOf, unbound } from './node.ts';
import type { Node } from './node.ts';

/** A text, or what another scalar looks like as one; null when there is none. */
export function textOf(node: Node | undefined, key: string): string | null {
  const child = childOf(node, key);
  if (!child || isNull(child)) return null;
  const plain = unbound(child);
  return plain.kind === 'scalar' ? plain.text : null;
}

/** A list of texts, or a single one; null when there is none. */
export function textsOf(node: Node | undefined, key: string): string[] | null {
  const child = childOf(node, key);
  if (!child || isNull(child)) return null;
  const plain = unbound(child);
  const items = plain.kind === 'list' ? itemsOf(plain).map(unbound) : [plain];
  return items.flatMap((item) => (item.kind === 'scalar' && item.value !== null ? [item.text] : []));
}

export function flagOf(node: Node | undefined, key: string): boolean | null {
  const child = childOf(node, key);
  const plain = child && unbound(child);
  return plain?.kind === 'scalar' && typeof plain.value === 'boolean' ? plain.value : null;
}

export function numberOf(node: Node | undefined, key: string): number | null {
  const child = childOf(node, key);
  const plain = child && unbound(child);
  return plain?.kind === 'scalar' && typeof plain.value === 'number' ? plain.value : null;
}

/** Of a duration, or of a number of them. */
export function secondsOf(node: Node | undefined, key: string): number | null {
  const count = numberOf(node, key);
  if (count !== null) return count;
  const text = textOf(node, key);
  return text !== null && durationPattern.test(text) ? durationSeconds(text) : null;
}
