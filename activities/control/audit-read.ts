// What does the audit log say?

import type { ObjectStore } from '../object-store.ts';
import { auditKeyRing, linkKey, linksFolder, payloadKey, readLink, seqOfKey } from './audit-chain.ts';
import { findEnd, lastInRow } from './audit-end.ts';
import { judge, type Problem, type Stored } from './audit-judge.ts';
import type { AuditEvent, HighWater } from './audit.ts';

export type AuditEntry = {
  seq: number;
  /** null when the link cannot be read. */
  at: string | null;
  /** null when it was forgotten, or somebody deleted or changed it: `verifyAudit` knows. */
  event: AuditEvent | null;
  /** What is wrong with this entry, seen by itself; of the chain, only `verifyAudit` speaks. */
  problem: Problem | null;
};

export type ReadOptions = {
  /** Entries of higher numbers only. */
  after?: number;
  limit?: number;
  newestFirst?: boolean;
  /** With newestFirst: entries of lower numbers only. */
  before?: number;
};

export type AuditReading = {
  store: ObjectStore;
  /** In PEM, oldest first. */
  publicKeys: readonly string[];
  /** Finds the newest entry sooner. */
  highWater?: Pick<HighWater, 'read'>;
};

export async function* readAudit({ store, publicKeys, highWater }: AuditReading, { after = 0, limit = Infinity, newestFirst = false, before = Infinity }: ReadOptions = {}): AsyncGenerator<AuditEntry> {
  const ring = auditKeyRing(publicKeys);
  const noted = newestFirst ? await highWater?.read() : null;
  const places = newestFirst ? downFrom(Math.min(noted ? await lastInRow(store, noted.seq) : await findEnd(store), before - 1), after) : placesAfter(store, after);
  let read = 0;
  if (limit <= 0) return;
  for await (const stored of storedAt(store, places)) {
    if (stored.kind === 'stray') continue;
    const { link, event, problem } = judge(stored, ring);
    yield { seq: stored.place, at: link?.at ?? null, event, problem };
    if ((read += 1) >= limit) return;
  }
}

export type AuditFilter = {
  /** A part of it will do, in small or large letters. */
  who?: string;
  /** `context` means `context.set` too. */
  action?: string;
  repositoryId?: number;
  personId?: number;
};

export function matches(event: AuditEvent, { who, action, repositoryId, personId }: AuditFilter): boolean {
  if (who !== undefined && !event.who.toLowerCase().includes(who.toLowerCase())) return false;
  if (action !== undefined && event.action !== action && !event.action.startsWith(`${action}.`)) return false;
  if (repositoryId !== undefined && event.repositoryId !== repositoryId) return false;
  return personId === undefined || isAbout(event, personId);
}

/** It was done to this person or by this person. */
export const isAbout = ({ who, personId }: AuditEvent, id: number): boolean => personId === id || who === `github:${id}` || who.startsWith(`github:${id} `);

/**
 * Everything that lies in the store, in the order of the numbers, until nothing new has come while it was read: what somebody forgot
 * meanwhile is followed by the entry that says so.
 */
export async function* storedEntries(store: ObjectStore): AsyncGenerator<Stored> {
  const strays = new Set<string>();
  for (let [before, last] = [-1, 0]; last !== before; ) {
    before = last;
    for await (const stored of storedAt(store, placesAfter(store, last))) {
      if (stored.kind === 'entry') last = stored.place;
      else if (strays.has(stored.key)) continue;
      else strays.add(stored.key);
      yield stored;
    }
  }
}

type Place = number | { stray: string };

/** A listing that runs while entries are written may pass one over; before a number counts as missing it is asked for. */
const mostAskedFor = 100;

async function* placesAfter(store: ObjectStore, after: number): AsyncGenerator<Place> {
  let last = after;
  for await (const { key } of store.list(linksFolder, after > 0 ? { after: linkKey(after) } : {})) {
    const place = seqOfKey(key);
    if (place === null) yield { stray: key };
    else {
      for (let between = last + 1; between < place && place - last <= mostAskedFor; between += 1) yield between;
      yield place;
      last = place;
    }
  }
}

async function* downFrom(end: number, after: number): AsyncGenerator<Place> {
  for (let place = end; place > after; place -= 1) yield place;
}

/** A store across a network answers one question slowly and many at once. */
const mostAtOnce = 16;

async function* storedAt(store: ObjectStore, places: AsyncIterable<Place>): AsyncGenerator<Stored> {
  const reading: Promise<Stored | null>[] = [];
  for await (const place of places) {
    const stored = read(store, place);
    // Of those that nobody waits for any more.
    stored.catch(() => undefined);
    reading.push(stored);
    const first = reading.length < mostAtOnce ? null : await reading.shift();
    if (first) yield first;
  }
  for (const stored of reading) {
    const next = await stored;
    if (next) yield next;
  }
}

async function read(store: ObjectStore, place: Place): Promise<Stored | null> {
  if (typeof place !== 'number') return { kind: 'stray', key: place.stray };
  const link = await store.get(linkKey(place));
  if (!link) return null;
  const digest = readLink(link)?.digest;
  const payload = digest === undefined ? undefined : await store.get(payloadKey(digest));
  return { kind: 'entry', place, link, payload };
}
