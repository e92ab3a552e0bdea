// How does an entry get to the end of the audit log, when several processes append at once?

import { ObjectExists, type ObjectStore } from '../object-store.ts';
import { lastSeq, linkKey, payloadBytes, payloadKey, sha256, signLink } from './audit-chain.ts';
import { findEnd, lastInRow } from './audit-end.ts';
import type { Audit, AuditEvent, AuditHead, AuditKey, HighWater } from './audit.ts';

export type AuditPorts = {
  store: ObjectStore;
  /**
   * Asked for every entry, after the entry before it has been seen. Hand in the vault's opening itself: a process that remembers the key
   * past its rotation would sign by the old one again, which verification takes for somebody who stole it.
   */
  signingKey: () => Promise<AuditKey>;
  /** Without it, entries that are cut off at the end are not missed. */
  highWater?: HighWater;
};

/** How many entries share one note of the head. */
const mostAtOnce = 64;

type Waiting = { event: AuditEvent; resolve: () => void; reject: (cause: unknown) => void };

/**
 * The payload is stored first, then the link under the next number, if that is free: of two processes one gets it, and the other goes on
 * to the next. So there are no holes, and whatever a crash leaves is a payload that no link names.
 *
 * A caller that gets an error does not know whether its entry was written; it may be there twice after another try, never lost.
 */
export function auditLog({ store, signingKey, highWater }: AuditPorts): Audit {
  const waiting: Waiting[] = [];
  let isWriting = false;
  /** As far as this process knows. */
  let last: AuditHead | { seq: 0; hash: null } | null = null;

  async function writeAll(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    while (waiting.length > 0) await writeSome(waiting.splice(0, mostAtOnce));
    isWriting = false;
  }

  async function writeSome(some: Waiting[]): Promise<void> {
    const payloads = await Promise.allSettled(some.map(({ event }) => storePayload(store, event)));
    const noted = await highWater?.read().catch(() => null);
    // Others may have written since; and if that was deleted, its number must not be used again.
    if (noted && last && noted.seq > last.seq) last = null;
    const written: Waiting[] = [];
    for (const [index, payload] of payloads.entries()) {
      const entry = some[index]!;
      try {
        if (payload.status === 'rejected') throw payload.reason;
        await storeLink(payload.value);
        written.push(entry);
      } catch (cause) {
        entry.reject(new Error(`cannot write to the audit log that ${entry.event.action} happened: ${messageOf(cause)}`, { cause }));
      }
    }
    try {
      if (last?.hash && written.length > 0) await highWater?.write(last);
      for (const { resolve } of written) resolve();
    } catch (cause) {
      for (const { event, reject } of written) reject(new Error(`${event.action} stands in the audit log, but its number could not be noted: ${messageOf(cause)}`, { cause }));
    }
  }

  async function storeLink(digest: string): Promise<void> {
    for (;;) {
      last ??= await findLast(store, await highWater?.read());
      const { seq, hash } = last;
      if (seq === lastSeq) throw new Error(`${linkKey(seq)} is taken, and there is no number after it. Run \`roundhouse audit verify\` to see who put it there.`);
      const bytes = signLink({ seq: seq + 1, at: new Date().toISOString(), previous: hash, digest }, await signingKey());
      try {
        await store.put(linkKey(seq + 1), bytes, { ifAbsent: true, contentType: 'application/json' });
      } catch (error) {
        if (!(error instanceof ObjectExists)) throw error;
        // A store that tried again by itself may find what it has just written.
        if (!(await isThere(store, seq + 1, bytes))) {
          last = await headAt(store, await lastInRow(store, seq + 1));
          continue;
        }
      }
      last = { seq: seq + 1, hash: sha256(bytes) };
      return;
    }
  }

  return {
    append: (event) =>
      new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject });
        void writeAll();
      }),
  };
}

async function storePayload(store: ObjectStore, event: AuditEvent): Promise<string> {
  const bytes = payloadBytes(event);
  const digest = sha256(bytes);
  await store.put(payloadKey(digest), bytes, { contentType: 'application/json' });
  return digest;
}

/** What was cut off the end stays missing: the next entry follows on the noted head, not on what is left. */
async function findLast(store: ObjectStore, noted: AuditHead | null | undefined): Promise<AuditHead | { seq: 0; hash: null }> {
  const seq = noted ? await lastInRow(store, noted.seq) : await findEnd(store);
  if (noted && seq === noted.seq) return noted;
  return seq === 0 ? { seq: 0, hash: null } : headAt(store, seq);
}

async function headAt(store: ObjectStore, seq: number): Promise<AuditHead> {
  const bytes = await store.get(linkKey(seq));
  if (!bytes) throw new Error(`${linkKey(seq)} was there and is gone. Run \`roundhouse audit verify\`.`);
  return { seq, hash: sha256(bytes) };
}

async function isThere(store: ObjectStore, seq: number, bytes: Uint8Array): Promise<boolean> {
  const found = await store.get(linkKey(seq));
  return found !== undefined && Buffer.compare(found, bytes) === 0;
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
