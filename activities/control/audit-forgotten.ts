// Which entries of the audit log does an entry say were forgotten?

import { z } from 'zod';
import type { AuditEvent } from './audit.ts';

/** From the first to the last of them. */
export type SeqRange = readonly [number, number];

export const forgottenAction = 'forgotten';

const detailsSchema = z.object({ seqs: z.array(z.tuple([z.int().min(1), z.int()])) });

/** Up to `upTo`: an entry speaks of those before it only. */
export function forgottenSeqs({ details }: AuditEvent, upTo: number): SeqRange[] {
  const seqs = detailsSchema.safeParse(details).data?.seqs ?? [];
  return seqs.map(([from, to]) => [from, Math.min(to, upTo)] as const).filter(([from, to]) => from <= to);
}

/** Of ascending numbers. */
export function rangesOf(seqs: readonly number[]): SeqRange[] {
  const ranges: [number, number][] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last && last[1] + 1 === seq) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}

/** Of ranges in any order, which may overlap. */
export function joined(ranges: readonly SeqRange[]): SeqRange[] {
  const result: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

export const isIn =
  (ranges: readonly SeqRange[]) =>
  (seq: number): boolean =>
    ranges.some(([from, to]) => from <= seq && seq <= to);
