// How does everything about a repository or a person leave the store, while the audit log stays whole?

import type { ObjectStore } from '../object-store.ts';
import type { Audit, AuditEvent } from './audit.ts';
import { auditKeyRing, payloadKey, payloadsFolder, readPayload } from './audit-chain.ts';
import { forgottenAction, forgottenSeqs, joined, type SeqRange } from './audit-forgotten.ts';
import { judge } from './audit-judge.ts';
import { isAbout, storedEntries, type AuditReading } from './audit-read.ts';
import { verifyAudit } from './audit-verify.ts';
import { forgetIn, keysWith } from './forget-person.ts';
import { keysOfRepository } from './forget-repository.ts';

export type ForgetPorts = AuditReading & {
  audit: Audit;
  hasOpenPipelines: (repositoryId: number) => Promise<boolean>;
};

/** As in an AuditEvent. */
export type ForgetAsker = { who: string; from: string };

export type Forgotten =
  | { refused: string }
  /** How many objects were deleted or rewritten, and of how many audit entries nothing but the link is left. `notes` are sentences for the operator. */
  | { objects: number; entries: number; notes: string[] };

/** Safe to repeat; after an interruption, repeating it finishes. Nothing may be written about the repository meanwhile. */
export async function forgetRepository(ports: ForgetPorts, { repositoryId, who, from }: ForgetAsker & { repositoryId: number }): Promise<Forgotten> {
  const { store } = ports;
  if (!isId(repositoryId)) return { refused: `${repositoryId} is no repository's number. \`roundhouse builds\` shows it.` };
  if (await ports.hasOpenPipelines(repositoryId)) {
    return { refused: `repository ${repositoryId} has pipelines that have not ended, and what they write would stay. Cancel them, wait until they have ended, and forget it then.` };
  }
  const noted = await notedAbout(ports, (event) => event.repositoryId === repositoryId);
  let objects = 0;
  for await (const _ of keysOfRepository(store, repositoryId)) objects += 1;
  if (objects + noted.digests.length > 0) {
    await ports.audit.append({ who, from, action: forgottenAction, subject: `repository ${repositoryId}`, details: { kind: 'repository', seqs: noted.seqs, objects } });
    await inBatches(keysOfRepository(store, repositoryId), (key) => store.delete(key));
    await inBatches(noted.digests, (digest) => store.delete(payloadKey(digest)));
  }
  return { objects, entries: noted.digests.length, notes: [...noted.notes, 'Mirrors of its code are on the builders, and checks on GitHub: neither was touched.'] };
}

/** The same for a person: who they are leaves what is kept of pipelines, by number and by name; the pipelines themselves stay. */
export async function forgetPerson(ports: ForgetPorts, { personId, login, who, from }: ForgetAsker & { personId: number; login: string }): Promise<Forgotten> {
  const { store } = ports;
  if (!isId(personId) || login === '') return { refused: `${JSON.stringify(login)} with the number ${personId} is nobody on GitHub. Give the name and the number that GitHub shows.` };
  const noted = await notedAbout(ports, (event) => isAbout(event, personId));
  const person = { id: personId, login };
  const { lines, records } = await keysWith(store, person, inBatches);
  const objects = lines.length + records.length;
  if (objects + noted.digests.length > 0) {
    // A person who forgets themself is not named by the entry about it.
    const asker = isAbout({ who, from, action: forgottenAction, subject: '' }, personId) ? 'github:0 forgotten' : who;
    await ports.audit.append({ who: asker, from, action: forgottenAction, subject: 'a person', details: { kind: 'person', seqs: noted.seqs, objects } });
    // Lines first: it is the record that proves whose line it is, should this be interrupted.
    await inBatches(lines, (key) => forgetIn(store, key, person));
    await inBatches(records, (key) => forgetIn(store, key, person));
    await inBatches(noted.digests, (digest) => store.delete(payloadKey(digest)));
  }
  return { objects, entries: noted.digests.length, notes: [...noted.notes, ...notSearched] };
}

const notSearched = [
  'Not searched: the output of steps, messages of commits, and commands into which the config wrote a name.',
  'Contexts, variables and keys say who changed them last until somebody else does.',
  'A pipeline that was open names its sender again when it ends: forget them once more then.',
];

const isId = (id: number): boolean => Number.isSafeInteger(id) && id > 0;

/**
 * Entries about them, as ranges of numbers and as digests of payloads. Only what was signed is named: who can write to the store
 * must not get us to sign that an entry of their choice was to be forgotten.
 */
async function notedAbout({ store, publicKeys, highWater }: ForgetPorts, isTheirs: (event: AuditEvent) => boolean): Promise<{ seqs: SeqRange[]; digests: string[]; notes: string[] }> {
  const ring = auditKeyRing(publicKeys);
  const [seqs, digests, linked] = [[] as SeqRange[], [] as string[], new Set<string>()];
  for await (const stored of storedEntries(store)) {
    if (stored.kind === 'stray') continue;
    const { link, event } = judge(stored, ring);
    if (link) linked.add(link.digest);
    if (!link || !event || !isTheirs(event)) continue;
    digests.push(link.digest);
    seqs.push([stored.place, stored.place]);
    // What this entry explained, the new one explains from now on.
    if (event.action === forgottenAction) seqs.push(...forgottenSeqs(event, stored.place - 1));
  }
  const { problems } = await verifyAudit({ store, publicKeys, ...(highWater && { highWater }) });
  if (problems.length > 0) return { seqs: joined(seqs), digests, notes: ['The audit log was tampered with. What cannot be proven was left in it: see `roundhouse audit verify`.'] };
  return { seqs: joined(seqs), digests: [...digests, ...(await unlinked(store, linked, isTheirs))], notes: [] };
}

const longAgoMs = 3_600_000;

/** Payloads of entries that a crash kept from being written. Young ones may be about to get their link. */
async function unlinked(store: ObjectStore, linked: ReadonlySet<string>, isTheirs: (event: AuditEvent) => boolean): Promise<string[]> {
  const found: string[] = [];
  for await (const { key, modified } of store.list(payloadsFolder)) {
    const digest = key.slice(payloadsFolder.length).replace(/[.]json$/, '');
    if (linked.has(digest) || Date.now() - modified.getTime() < longAgoMs) continue;
    const bytes = await store.get(key);
    const event = bytes && readPayload(bytes);
    if (event && isTheirs(event)) found.push(digest);
  }
  return found;
}

/** A store across a network answers one question slowly and many at once. */
const mostAtOnce = 16;

async function inBatches<T>(items: AsyncIterable<T> | Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < mostAtOnce) continue;
    await Promise.all(batch.map(work));
    batch = [];
  }
  await Promise.all(batch.map(work));
}
