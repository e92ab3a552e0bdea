// Is this one entry of the audit log what was written?

import { readLink, readPayload, sha256, signerOf, type KeyRing, type Link } from './audit-chain.ts';
import type { AuditEvent } from './audit.ts';

/** As found: in the object store, or in an export. `place` is the number under which it lies. */
export type Stored = { kind: 'entry'; place: number; link: Uint8Array; payload: Uint8Array | undefined } | { kind: 'stray'; key: string };

export type ProblemKind =
  /** Link and all. */
  | 'missing'
  /** The link is there, what happened is not, and no later entry says that it was forgotten. */
  | 'deleted'
  | 'altered'
  /** Somebody without our key wrote it. */
  | 'forged'
  /** A true entry in a wrong place. */
  | 'reordered'
  /** True by itself, but not the one that was there before. */
  | 'replaced'
  /** By a key that had been rotated away before. */
  | 'old-key';

export type Problem = { kind: ProblemKind; sentence: string };

export type Judged = { link: Link | null; signer: number | null; event: AuditEvent | null; problem: Problem | null };

/** `event` is null when the payload is gone, too; that alone is no problem here. What is not proven is not answered. */
export function judge({ place, link: bytes, payload }: Extract<Stored, { kind: 'entry' }>, ring: KeyRing): Judged {
  const bad = (kind: ProblemKind, sentence: string, link: Link | null = null): Judged => ({ link, signer: null, event: null, problem: { kind, sentence } });
  const link = readLink(bytes);
  if (!link) return bad('altered', `entry ${place} was changed: its link cannot be read`);
  const signer = signerOf(link, ring);
  if (signer === 'unknown') return bad('forged', `entry ${place} is signed by key ${link.key}, which is none of this installation's`);
  if (signer === 'wrong') return bad('altered', `entry ${place} was changed: its signature does not fit`);
  if (link.seq !== place) return bad('reordered', `in the place of entry ${place} lies entry ${link.seq}`, link);
  if (!payload) return { link, signer, event: null, problem: null };
  const event = sha256(payload) === link.digest ? readPayload(payload) : null;
  if (!event) return { link, signer, event, problem: { kind: 'altered', sentence: `what entry ${place} says was changed` } };
  return { link, signer, event, problem: null };
}
