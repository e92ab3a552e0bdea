// Which words is a program called with?

import { splitWords } from '../shell-words.ts';
import { isNull, itemsOf, unbound } from './node.ts';
import type { Node } from './node.ts';
import type { Problems } from './problems.ts';

/** A list as it is, a text split as a shell would; null when nothing is there. An open quote is reported. */
export function wordsOf(node: Node | undefined, problems: Problems): string[] | null {
  if (!node || isNull(node)) return null;
  const plain = unbound(node);
  if (plain.kind === 'list') return itemsOf(plain).map(unbound).flatMap((item) => (item.kind === 'scalar' ? [item.text] : []));
  if (plain.kind !== 'scalar') return null;
  const words = splitWords(plain.text);
  if (!words) problems.error(plain.place, 'must be a program and its arguments, and has a quote that is not closed. Close it, or write a list of words.');
  return words && words.length > 0 ? words : null;
}
