// How are lists paged?

import { type Fields, typed } from './context.ts';

export type Page = { first?: number | null; last?: number | null; after?: string | null; before?: string | null };

/** GitHub refuses a connection without `first` or `last`, and one of more than 100. */
export function connection<T>(name: string, page: Page, items: readonly T[], shape: (item: T) => Fields | Promise<Fields | null>, edge: (item: T) => Fields = () => ({})): Fields {
  const { first, last } = page;
  if (first == null && last == null) throw typed('MISSING_PAGINATION_BOUNDARIES', `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`);
  for (const [which, count] of [['first', first], ['last', last]] as const) {
    if (count != null && count > 100) throw typed('EXCESSIVE_PAGINATION', `Requesting ${count} records on the \`${name}\` connection exceeds the \`${which}\` limit of 100 records.`);
    if (count != null && count < 0) throw typed('INVALID_PAGINATION', `\`${which}\` on the \`${name}\` connection cannot be less than zero.`);
  }
  let [from, to] = [page.after == null ? 0 : position(page.after) + 1, page.before == null ? items.length : position(page.before)];
  if (first != null) to = Math.min(to, from + first);
  if (last != null) from = Math.max(from, to - last);
  const chosen = items.slice(from, to);
  return {
    totalCount: items.length,
    nodes: () => chosen.map(shape),
    edges: () => chosen.map((item, i) => ({ cursor: cursor(from + i), node: () => shape(item), ...edge(item) })),
    pageInfo: { hasNextPage: to < items.length, hasPreviousPage: from > 0, startCursor: chosen.length === 0 ? null : cursor(from), endCursor: chosen.length === 0 ? null : cursor(to - 1) },
  };
}

const cursor = (index: number): string => Buffer.from(`cursor:${index}`).toString('base64');
const position = (text: string): number => Number(Buffer.from(text, 'base64').toString('utf8').slice('cursor:'.length));
