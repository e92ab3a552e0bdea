// Does a job run for this branch or tag?

import { RE2JS } from 're2js';
import { childOf, isNull, itemsOf, stringOf, unbound } from './node.ts';
import type { Node } from './node.ts';
import type { Problems } from './problems.ts';
import type { NameFilter } from '../plan.ts';

/** What a pipeline is for; at most one of the two. Both null: neither, and filters do not hold it back. */
export type Ref = { branch: string | null; tag: string | null };

/** null: the key is not there. */
export type Filters = { branches: NameFilter | null; tags: NameFilter | null };

/**
 * A branch runs unless `branches` keeps it out; a tag runs only where `tags` lets it in. Where `only` and `ignore` stand
 * together, a name must be in the one and not in the other. Each entry stands for a whole name.
 */
export function runsOn({ branches, tags }: Filters, { branch, tag }: Ref): boolean {
  if (tag !== null) return tags !== null && (tags.only !== null || tags.ignore !== null) && passes(tags, tag);
  return branch === null || branches === null || passes(branches, branch);
}

export const passes = ({ only, ignore }: NameFilter, name: string): boolean => (only?.some((entry) => matches(entry, name)) ?? true) && !ignore?.some((entry) => matches(entry, name));

function matches(entry: string, name: string): boolean {
  const pattern = patternOf(entry);
  return pattern === null ? entry === name : RE2JS.matches(pattern, name);
}

/** What stands between the slashes; null for an entry that is an exact name. */
const patternOf = (entry: string): string | null => (entry.length > 1 && entry.startsWith('/') && entry.endsWith('/') ? entry.slice(1, -1) : null);

/** What a `filters` says, without the patterns that are none: they are reported. */
export const readFilters = (node: Node | undefined, problems: Problems): Filters => ({ branches: readNames(childOf(node, 'branches'), problems), tags: readNames(childOf(node, 'tags'), problems) });

export function readNames(node: Node | undefined, problems: Problems): NameFilter | null {
  if (!node || isNull(node)) return null;
  return { only: readEntries(childOf(node, 'only'), problems), ignore: readEntries(childOf(node, 'ignore'), problems) };
}

function readEntries(node: Node | undefined, problems: Problems): string[] | null {
  if (!node || isNull(node)) return null;
  const items = unbound(node).kind === 'list' ? itemsOf(node) : [node];
  return items.flatMap((item) => {
    const one = unbound(item);
    const entry = stringOf(one) ?? (one.kind === 'scalar' ? one.text : undefined);
    if (entry === undefined) return [];
    const pattern = patternOf(entry);
    if (pattern === null || isPattern(pattern)) return [entry];
    const hint = /\(\?<?[=!]/.test(pattern) ? ' Lookarounds are not part of RE2: name what shall not match under `ignore`.' : ' Write it in the syntax of RE2.';
    problems.error(item.place, `Invalid regular expression: ${pattern}: Invalid pattern.${hint}`);
    return [];
  });
}

function isPattern(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
