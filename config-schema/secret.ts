// What is a committed secret, and where may it be used?
//
// The binding to a repository, a name, refs and a key lies inside the ciphertext: what stands outside of it, the name of the file and the
// folder, is believed only where it agrees. No sentence from here ever repeats text of a secret that is not known to be harmless.

import * as z from 'zod';
import { branchOf, tagOf } from './trigger.ts';
import type { TrustLevel } from './trigger.ts';

/** Names the file `.circle/secrets/NAME.asc` and the environment variable. */
export const secretName = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

const largestValueBytes = 64 * 1024;
/** Of the whole JSON: armored, it still is below what `decryptSecret` reads. */
const largestTextBytes = 144 * 1024;
const bucketBytes = 256;
/** The clock of the machine where somebody set the secret may be ahead of ours. */
const clockToleranceMs = 10 * 60_000;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const value = z.string().min(1).refine((text) => !text.includes('\0') && text.isWellFormed() && bytesOf(text) <= largestValueBytes);

const secretPlaintext = z.strictObject({
  v: z.literal(1),
  /** `github.com`, or the enterprise server's host. */
  host: z.string().regex(/^[^\s/()]{1,255}$/),
  /** GitHub's numeric id. */
  repo_id: z.int().positive(),
  name: z.string().regex(secretName),
  /** The lowest trust level that gets it. */
  min_trust: z.enum(['T1', 'T2']),
  /** Patterns of branches, and of tags as `tags/PATTERN`; `*` stands for any characters, `/` too. Empty: every ref. */
  refs: z.array(z.string().regex(/^(?!refs\/)[^\s\p{Cc}]{1,255}$/u)).max(100),
  /** Fingerprint of the repository's primary key, in upper-case hexadecimal. */
  kid: z.string().regex(/^[0-9A-F]{40}$/),
  /** 16 random bytes in base64url: no two versions of a secret are the same. */
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  /** ISO 8601; a date alone means its beginning in UTC. */
  created: moment,
  /** ISO 8601; a date alone means its end in UTC. */
  expires: moment.optional(),
  value,
  /** Fills the JSON up to a multiple of 256 bytes, so that its length says little about the value's. Whoever writes one by hand may leave it out. */
  pad: z.string().optional(),
});

export type SecretPlaintext = z.infer<typeof secretPlaintext>;
export type UnpaddedSecret = Omit<SecretPlaintext, 'pad'>;

/** Where somebody wants to use a secret, in words that do not come from the secret. */
export type SecretUse = {
  host: string;
  repositoryId: number;
  /** The file's name without `.asc`. */
  name: string;
  trust: TrustLevel;
  /** The full ref, such as `refs/heads/main`. */
  ref: string;
  /** Fingerprint of the repository's key that opened it. */
  kid: string;
  now: number;
};

/** Why it may not be used there: one sentence, or null when it may. */
export function refusalOf(secret: SecretPlaintext, use: SecretUse): string | null {
  const said = `the secret ${use.name}`;
  if (use.trust === 'T0') return `${said} is not given to a fork's pull request (T0): it gets no secrets.`;
  if (secret.host !== use.host || secret.repo_id !== use.repositoryId) return `${said} was made for another repository (number ${secret.repo_id} on ${secret.host}; this one is number ${use.repositoryId} on ${use.host}). Set it again here.`;
  if (secret.name !== use.name) return `the file ${use.name}.asc holds the secret ${secret.name}: it was renamed, and a secret keeps its name. Give the file its name back, or set ${use.name} again.`;
  if (secret.kid !== use.kid) return `${said} was made for another key (${secret.kid}) than the one that opens it (${use.kid}). Set it again.`;
  if (startOf(secret.created) > use.now + clockToleranceMs) return `${said} is not valid yet: it was created at ${secret.created}, which is to come. Look at the clock of the machine that set it, and set it again.`;
  if (endOf(secret.expires) <= use.now) return `${said} expired: it was valid until ${secret.expires}. Set it again with a new value.`;
  if (use.trust === 'T1' && secret.min_trust === 'T2') return `${said} is for T2 (the default branch or a protected ref); this is T1 (any other ref). Run it on a protected ref, or set it again for T1.`;
  if (secret.refs.length > 0 && !secret.refs.some((pattern) => matchesRef(pattern, use.ref))) return `${said} is for ${secret.refs.join(', ')}; this is ${use.ref}. Run it there, or set it again for this ref.`;
  return null;
}

/** What a new version allows more than the one before it, in words; empty when it allows the same or less. */
export function wideningOf(before: SecretPlaintext, after: SecretPlaintext): string[] {
  const wider: string[] = [];
  if (before.host !== after.host || before.repo_id !== after.repo_id) wider.push(`it was for the repository number ${before.repo_id} on ${before.host} and is now for number ${after.repo_id} on ${after.host}`);
  if (before.name !== after.name) wider.push(`it was named ${before.name} and is now named ${after.name}`);
  if (before.min_trust === 'T2' && after.min_trust === 'T1') wider.push('it was for T2 (the default branch or a protected ref) and is now for T1 (any ref) too');
  const uncovered = after.refs.filter((pattern) => !before.refs.some((wide) => covers(wide, pattern)));
  if (before.refs.length > 0 && after.refs.length === 0) wider.push(`it was for ${before.refs.join(', ')} and is now for every ref`);
  else if (before.refs.length > 0 && uncovered.length > 0) wider.push(`it was for ${before.refs.join(', ')} and is now for ${uncovered.join(', ')} too`);
  if (endOf(after.expires) > endOf(before.expires)) wider.push(`it was valid until ${before.expires} and is now valid ${after.expires === undefined ? 'for ever' : `until ${after.expires}`}`);
  return wider;
}

/** The secret with less scope; what is left out stays as it is. Key, nonce and creation are the caller's to renew. */
export function narrowed(secret: SecretPlaintext, scope: { refs?: readonly string[]; minTrust?: 'T1' | 'T2'; expires?: string }): { secret: UnpaddedSecret } | { problem: string } {
  const { pad: _, ...rest } = secret;
  const changed: UnpaddedSecret = { ...rest, ...(scope.refs && { refs: [...scope.refs] }), ...(scope.minTrust && { min_trust: scope.minTrust }), ...(scope.expires !== undefined && { expires: scope.expires }) };
  const read = readSecret(secretText(changed));
  if ('problem' in read) return read;
  const wider = wideningOf(secret, changed);
  return wider.length === 0 ? { secret: changed } : { problem: `the scope of the secret ${secret.name} can only be narrowed: ${wider.join('; ')}. To widen it, set the secret again with its value.` };
}

/** What was decrypted, judged; the sentence tells which keys are wrong, and nothing of what they hold. */
export function readSecret(text: string): { secret: SecretPlaintext } | { problem: string } {
  if (bytesOf(text) > largestTextBytes) return { problem: `what was encrypted is ${bytesOf(text)} bytes long; the most is ${largestTextBytes}.` };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The error's own words would repeat the text.
    return { problem: 'what was encrypted is not JSON. Encrypt the JSON that docs/SECRETS.md describes, not the bare value.' };
  }
  const parsed = secretPlaintext.safeParse(json);
  if (parsed.success) return { secret: parsed.data };
  const keys = new Set(parsed.error.issues.map((issue) => (issue.code === 'unrecognized_keys' ? 'unknown' : String(issue.path[0] ?? 'whole'))));
  return { problem: `what was encrypted does not have the form of a secret: ${[...keys].map((key) => mustBe[key as keyof typeof mustBe]).join('; ')}.` };
}

const mustBe: Record<keyof SecretPlaintext | 'unknown' | 'whole', string> = {
  v: 'v must be 1',
  host: 'host must be the host of GitHub, such as github.com',
  repo_id: "repo_id must be the repository's number",
  name: 'name must be of letters, digits and _, at most 128, and not begin with a digit',
  min_trust: 'min_trust must be T1 or T2',
  refs: 'refs must be a list of at most 100 patterns such as main, release/* or tags/v*, without refs/ before them',
  kid: 'kid must be the fingerprint of the key, 40 upper-case hexadecimal digits',
  nonce: 'nonce must be 16 random bytes in base64url without =, 22 characters',
  created: 'created must be a date such as 2026-01-31 or 2026-01-31T12:00:00Z',
  expires: 'expires must be a date such as 2026-01-31 or 2026-01-31T12:00:00Z, or left out',
  value: `value must be a text of 1 to ${largestValueBytes} bytes without NUL characters`,
  pad: 'pad must be a text, or left out',
  unknown: 'it has keys that it must not have',
  whole: 'it must be a JSON object',
};

/** The JSON to encrypt, padded. It judges nothing: `readSecret` of it says what is wrong with it. */
export function secretText(secret: UnpaddedSecret): string {
  const missing = bucketBytes - (bytesOf(JSON.stringify({ ...secret, pad: '' })) % bucketBytes);
  return JSON.stringify({ ...secret, pad: '.'.repeat(missing % bucketBytes) });
}

const tagsPrefix = 'tags/';

/** A branch that is called `tags/v1` is still a branch: patterns of one kind never match the other. */
function matchesRef(pattern: string, ref: string): boolean {
  const tag = tagOf(ref);
  if (pattern.startsWith(tagsPrefix)) return tag !== null && matches(pattern.slice(tagsPrefix.length), tag);
  const branch = branchOf(ref);
  return branch !== null && matches(pattern, branch);
}

/**
 * Whether all that the narrow one matches is matched by the wide one. A `*` of the narrow one is a character that only a `*` of the
 * wide one takes; whatever stands in its place is taken by the same one.
 */
const covers = (wide: string, narrow: string): boolean => wide.startsWith(tagsPrefix) === narrow.startsWith(tagsPrefix) && matches(wide, narrow);

/** In linear time: each part between two stars is taken where it first appears. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

const dateAlone = /^\d{4}-\d{2}-\d{2}$/;
const dayMs = 24 * 60 * 60_000;
const startOf = (when: string): number => Date.parse(when);
/** No expiry is later than every other. */
const endOf = (when: string | undefined): number => (when === undefined ? Infinity : Date.parse(when) + (dateAlone.test(when) ? dayMs : 0));
