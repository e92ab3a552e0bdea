// Where does the next page of a list begin? After a pipeline in memory, or after a key of the store where memory ends.

import { repositoryHistoryKey } from '../../config-schema/view.ts';
import type { Entry, Filter } from './filter.ts';

type Aged = { startedMs: number; line: { repositoryId: number; number: number } };

/** The newest first, by its beginning: that does not change when it ends. */
export const byAge = (a: Aged, b: Aged): number => b.startedMs - a.startedMs || b.line.repositoryId - a.line.repositoryId || b.line.number - a.line.number;

export const isBefore = (entry: Entry, place: Aged): boolean => byAge(entry, place) > 0;

/** Of the address of a page: `STARTED.REPOSITORY.NUMBER`. */
export const memoryPlace = ({ startedMs, line }: Entry): string => `${startedMs}.${line.repositoryId}.${line.number}`;

/** Null for what is none. */
export function memoryPlaceIn(before: string | null): Aged | null {
  const [, startedMs, repositoryId, number] = /^(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(before ?? '') ?? [];
  return number === undefined ? null : { startedMs: Number(startedMs), line: { repositoryId: Number(repositoryId), number: Number(number) } };
}

export type StorePlace = { after: string };

/** `history/8-42-7.json` as `8-42-7`; of one repository's `repositories/42/history/9.json` as `9`. */
export const storePlace = (key: string): string => key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');

/** The same, of a key whose pipeline the viewer was not shown: no more than the time is said of it. */
export const unnamedPlace = (key: string): string => storePlace(key).replace(/-\d+-\d+$/, '-0-0');

/** Null for what is none. */
export function storePlaceIn(before: string | null, { repositoryId }: Filter): StorePlace | null {
  if (repositoryId !== undefined) return /^\d{10}$/.test(before ?? '') ? { after: `repositories/${repositoryId}/history/${before}.json` } : null;
  return /^\d{13}-\d{1,15}-\d{1,15}$/.test(before ?? '') ? { after: `history/${before}.json` } : null;
}

/** Where the store goes on; null when memory, whose oldest key is given, has everything. A repository's numbers have no holes: the first that memory lacks is where to look. */
export function afterMemory({ repositoryId }: Filter, entries: readonly Entry[], oldest: string | null): StorePlace | null {
  if (oldest === null) return null;
  if (repositoryId === undefined) return { after: oldest };
  const numbers = new Set(entries.filter(({ line }) => line.repositoryId === repositoryId).map(({ line }) => line.number));
  if (numbers.size === 0) return { after: `repositories/${repositoryId}/history/0` };
  let number = Math.max(...numbers);
  while (numbers.has(number)) number -= 1;
  return number <= 0 ? null : { after: repositoryHistoryKey(repositoryId, number + 1) };
}

/** Whose line lies at the key; `repositoryId` where the key is one of its own history. */
export function lineAt(key: string, repositoryId: number | undefined): { repositoryId: number; number: number } {
  if (repositoryId !== undefined) return { repositoryId, number: firstNumber - Number(storePlace(key)) };
  const [, id, number] = storePlace(key).split('-').map(Number);
  return { repositoryId: id!, number: number! };
}

const firstNumber = Number(storePlace(repositoryHistoryKey(0, 0)));
