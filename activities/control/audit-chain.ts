// What is an entry of the audit log, in bytes, and who signed it?

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { AuditEvent, AuditKey } from './audit.ts';

/**
 * An entry is two objects. The link is small, signed, names the hash of the link before it, and stays for ever. The payload says what
 * happened; the link has its digest only, so that it can be forgotten without breaking the chain, and its salt keeps what was forgotten
 * from being guessed.
 */
export type Link = {
  v: 1;
  /** From 1. */
  seq: number;
  /** ISO 8601. */
  at: string;
  /** SHA-256 of the previous link's bytes, null for the first. */
  previous: string | null;
  /** SHA-256 of the payload's bytes. */
  digest: string;
  /** Fingerprint of the key that signed. */
  key: string;
  /** Ed25519 over everything above, base64. */
  signature: string;
};

export const linksFolder = 'audit/links/';
export const payloadsFolder = 'audit/payloads/';
export const lastSeq = 9_999_999_999;

export const linkKey = (seq: number): string => `${linksFolder}${String(seq).padStart(10, '0')}.json`;
export const payloadKey = (digest: string): string => `${payloadsFolder}${digest}.json`;

/** Which entry's place the key is; null when it is none's. */
export function seqOfKey(key: string): number | null {
  const seq = Number(/^audit\/links\/(\d{10})[.]json$/.exec(key)?.[1] ?? 0);
  return seq === 0 ? null : seq;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const linkSchema = z.strictObject({
  v: z.literal(1),
  seq: z.int().min(1).max(lastSeq),
  at: z.iso.datetime(),
  previous: hash.nullable(),
  digest: hash,
  key: z.string().regex(/^[0-9a-f]{16}$/),
  signature: z.base64(),
});
/** Unknown fields of a later version are passed over: the digest has vouched for the bytes. */
const payloadSchema = z.object({
  who: z.string(),
  from: z.string(),
  action: z.string(),
  subject: z.string(),
  repositoryId: z.number().exactOptional(),
  personId: z.number().exactOptional(),
  details: z.record(z.string(), z.unknown()).exactOptional(),
});

/** Says what is signed, so that no signature made for another purpose fits. */
const signed = ({ v, seq, at, previous, digest, key }: Omit<Link, 'signature'>): Buffer =>
  Buffer.from(`roundhouse audit link\n${JSON.stringify({ v, seq, at, previous, digest, key })}`);

const linkBytes = ({ v, seq, at, previous, digest, key, signature }: Link): Buffer => Buffer.from(JSON.stringify({ v, seq, at, previous, digest, key, signature }));

export function signLink(link: Pick<Link, 'seq' | 'at' | 'previous' | 'digest'>, { privateKey }: AuditKey): Buffer {
  const signing = createPrivateKey(privateKey);
  const unsigned = { v: 1 as const, ...link, key: fingerprintOf(createPublicKey(signing)) };
  return linkBytes({ ...unsigned, signature: sign(null, signed(unsigned), signing).toString('base64') });
}

/** null for bytes that we would not write: of each link there is exactly one spelling. */
export function readLink(bytes: Uint8Array): Link | null {
  const link = linkSchema.safeParse(jsonOf(bytes)).data;
  return link && Buffer.compare(linkBytes(link), bytes) === 0 ? link : null;
}

export function payloadBytes({ who, from, action, subject, repositoryId, personId, details }: AuditEvent): Buffer {
  return Buffer.from(JSON.stringify({ salt: randomBytes(16).toString('base64'), who, from, action, subject, repositoryId, personId, details }));
}

export const readPayload = (bytes: Uint8Array): AuditEvent | null => payloadSchema.safeParse(jsonOf(bytes)).data ?? null;

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

export function makeAuditKey(): AuditKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** Those who may have signed, oldest first. */
export type KeyRing = readonly { fingerprint: string; key: KeyObject }[];

export function auditKeyRing(publicKeys: readonly string[]): KeyRing {
  return publicKeys.map((pem, index) => {
    const key = publicKeyOf(pem, index);
    return { fingerprint: fingerprintOf(key), key };
  });
}

function publicKeyOf(pem: string, index: number): KeyObject {
  const advice = `public key ${index + 1} of the audit log is no Ed25519 key in PEM`;
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new Error(`${advice}. Put back the file that was made with the log.`, { cause });
  }
  throw new Error(`${advice}. Put back the file that was made with the log.`);
}

const fingerprintOf = (key: KeyObject): string => sha256(key.export({ type: 'spki', format: 'der' })).slice(0, 16);

/** The place of the link's key in the ring; `unknown` key, or a signature that is `wrong`. */
export function signerOf(link: Link, ring: KeyRing): number | 'unknown' | 'wrong' {
  const at = ring.findIndex(({ fingerprint }) => fingerprint === link.key);
  if (at < 0) return 'unknown';
  return verify(null, signed(link), ring[at]!.key, Buffer.from(link.signature, 'base64')) ? at : 'wrong';
}
