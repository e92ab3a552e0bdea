// Which entry of the audit log is the newest?

import type { ObjectStore } from '../object-store.ts';
import { lastSeq, linkKey, linksFolder, seqOfKey } from './audit-chain.ts';

/** 0 when there is none. Entries that somebody deleted do not hide those behind them. */
export async function findEnd(store: ObjectStore): Promise<number> {
  for (let end = 0; ; ) {
    end = await lastInRow(store, end);
    const next = await firstAfter(store, end);
    if (next === null) return end;
    end = next;
  }
}

/** The last number to which there is an entry after each one from `from` on: few questions however far it is. */
export async function lastInRow(store: ObjectStore, from: number): Promise<number> {
  const isThere = async (seq: number): Promise<boolean> => seq <= lastSeq && (await store.head(linkKey(seq))) !== undefined;
  let step = 1;
  while (await isThere(from + step)) step *= 2;
  // There is one at `there`, none at `absent`.
  let [there, absent] = [from + Math.floor(step / 2), from + step];
  while (absent - there > 1) {
    const middle = Math.floor((there + absent) / 2);
    if (await isThere(middle)) there = middle;
    else absent = middle;
  }
  return there;
}

async function firstAfter(store: ObjectStore, seq: number): Promise<number | null> {
  for await (const { key } of store.list(linksFolder, { after: linkKey(seq) })) {
    const found = seqOfKey(key);
    if (found !== null) return found;
  }
  return null;
}
