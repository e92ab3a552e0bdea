// Is the audit log whole, and as it was written?

import { auditKeyRing, sha256, type KeyRing } from './audit-chain.ts';
import { forgottenAction, forgottenSeqs, isIn, joined, rangesOf, type SeqRange } from './audit-forgotten.ts';
import { judge, type Judged, type Problem, type ProblemKind, type Stored } from './audit-judge.ts';
import { storedEntries, type AuditReading } from './audit-read.ts';
import type { AuditHead } from './audit.ts';

export type AuditReport = {
  entries: number;
  /** To be noted elsewhere, and handed in as `noted` another time. */
  head: AuditHead | null;
  /** In the order of the numbers; 0 is none's. `to` when it is about several entries: the last of them. */
  problems: ({ seq: number; to?: number } & Problem)[];
  /** What happened was deleted, and a later entry says that it was to be. */
  forgotten: SeqRange[];
  /** A later entry says that they were to be forgotten, and they are there: `forget` was interrupted, or an old copy of the store was put back. */
  undeleted: SeqRange[];
};

export type VerifyOptions = {
  /** Heads that somebody has kept elsewhere. */
  noted?: readonly AuditHead[];
};

/** Entries may be written meanwhile. */
export async function verifyAudit({ store, publicKeys, highWater }: AuditReading, { noted = [] }: VerifyOptions = {}): Promise<AuditReport> {
  // Read before the entries: all that it knows of must be among them.
  const head = await highWater?.read();
  return verifyEntries(storedEntries(store), auditKeyRing(publicKeys), head ? [...noted, head] : noted);
}

export async function verifyEntries(entries: AsyncIterable<Stored>, ring: KeyRing, noted: readonly AuditHead[]): Promise<AuditReport> {
  const problems: AuditReport['problems'] = [];
  const say = (seq: number, kind: ProblemKind, sentence: string, to?: number): void => void problems.push({ seq, ...(to !== undefined && to > seq && { to }), kind, sentence });
  const [gone, present, hashes] = [[] as number[], new Set<number>(), new Map<number, string>()];
  const named: SeqRange[] = [];
  const notedSeqs = new Set(noted.map(({ seq }) => seq));
  let [count, newestKey] = [0, 0];
  let last: { place: number; hash: string; isTrue: boolean } = { place: 0, hash: '', isTrue: true };

  for await (const stored of entries) {
    if (stored.kind === 'stray') {
      say(0, 'forged', `${stored.key} is no entry's name: we did not put it there`);
      continue;
    }
    const { place } = stored;
    if (place <= last.place) {
      say(place, 'reordered', `entry ${place} stands behind entry ${last.place}`);
      continue;
    }
    count += 1;
    const judged = judge(stored, ring);
    const hash = sha256(stored.link);
    const problem = judged.problem ?? chainProblem(place, judged, last, newestKey, ring);
    if (place > last.place + 1) say(last.place + 1, 'missing', areMissing(last.place + 1, place - 1, ''), place - 1);
    if (problem) say(place, problem.kind, problem.sentence);
    else if (judged.event === null) gone.push(place);
    else present.add(place);
    if (!problem && judged.event?.action === forgottenAction) named.push(...forgottenSeqs(judged.event, place - 1));
    newestKey = Math.max(newestKey, judged.signer ?? 0);
    if (notedSeqs.has(place) && !problem) hashes.set(place, hash);
    last = { place, hash, isTrue: judged.signer !== null };
  }

  const isForgotten = isIn(joined(named));
  for (const [from, to] of rangesOf(gone.filter((seq) => !isForgotten(seq)))) say(from, 'deleted', `what ${entriesOf(from, to)} ${from === to ? 'says' : 'say'} was deleted`, to);
  for (const { seq, hash } of noted) {
    const found = hashes.get(seq);
    if (found !== undefined && found !== hash) say(seq, 'replaced', `entry ${seq} is not the one that was noted when it was written`);
  }
  const highest = Math.max(0, ...notedSeqs);
  if (highest > last.place) say(last.place + 1, 'missing', areMissing(last.place + 1, highest, ' at the end'), highest);

  return {
    entries: count,
    head: count === 0 ? null : { seq: last.place, hash: last.hash },
    problems: problems.sort((a, b) => a.seq - b.seq),
    forgotten: rangesOf(gone.filter(isForgotten)),
    undeleted: rangesOf([...present].filter(isForgotten)),
  };
}

/** What is wrong between this entry and those before it. Where the one before is no true one, that was said already. */
function chainProblem(place: number, { link, signer }: Judged, last: { place: number; hash: string; isTrue: boolean }, newestKey: number, ring: KeyRing): Problem | null {
  if (link === null || signer === null) return null;
  if (signer < newestKey) return { kind: 'old-key', sentence: `entry ${place} is signed by key ${link.key}, which had been replaced by ${ring[newestKey]!.fingerprint} before` };
  if (!last.isTrue || place !== last.place + 1 || link.previous === (place === 1 ? null : last.hash)) return null;
  return { kind: 'replaced', sentence: `entry ${place} does not follow on entry ${last.place}: one of the two is not the one that was written first` };
}

const entriesOf = (from: number, to: number): string => (from === to ? `entry ${from}` : `entries ${from} to ${to}`);
const areMissing = (from: number, to: number, where: string): string => `${entriesOf(from, to)} ${from === to ? 'is' : 'are'} missing${where}`;
