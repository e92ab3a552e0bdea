// How are secrets kept out of a log that comes in pieces?

import { maskForms } from './mask-forms.ts';
import { searchFor } from './pattern-search.ts';

/**
 * Every byte of a secret, in any of its forms, becomes an asterisk; line breaks within one stay. So the masked stream is as long as the raw
 * one, has the same lines, and does not depend on how it was cut into pieces.
 *
 * Whoever starts a new mask at the number of bytes that came out so far, and pushes the raw bytes from there on, gets the same result: what
 * came out ends neither within a secret nor within what may be the beginning of one. Therefore bytes are held back that may be one,
 * together with the secrets that they overlap, until it is known. There is no time after which they come out: of a prompt that ends like
 * a secret begins, the end is not seen before the program goes on. Rarely that is more than a few bytes, at most twice the longest form
 * and 64 KiB.
 *
 * What comes out may be the very memory that was pushed, which is never written to.
 */
export type Mask = {
  /** The bytes that may go on. */
  push(bytes: Uint8Array): Buffer;
  /** The rest, when nothing more comes. The mask is as new then. */
  end(): Buffer;
};

export const createMask = (values: readonly string[]): Mask => prepareMask(values)();

/** The tables are made once: a new mask of the same values costs nothing. */
export function prepareMask(values: readonly string[]): () => Mask {
  const forms = maskForms(values);
  if (forms.length === 0) return () => ({ push: asBuffer, end: () => Buffer.alloc(0) });
  const search = searchFor(forms);
  /**
   * Some secrets overlap themselves: a run of zeros is one run of `0000`, however long. After so many bytes the mask forgets the past and
   * starts anew, as somebody who starts there would. What this may leave is the end of one secret, never a whole one.
   */
  const longestRun = search.longest + 64 * 1024;
  return () => {
    let held: Buffer = Buffer.alloc(0);
    let state = 0;
    let runs: Run[] = [];
    const found = (begin: number, end: number): boolean => {
      const run = { begin, end };
      while (runs.length > 0 && runs.at(-1)!.end > run.begin) run.begin = Math.min(runs.pop()!.begin, run.begin);
      runs.push(run);
      return end - run.begin > longestRun;
    };
    return {
      push(bytes) {
        const ours = held.length > 0;
        const all = ours ? Buffer.concat([held, bytes]) : asBuffer(bytes);
        state = search.scan(all, held.length, state, found);
        const undecided = all.length - search.pending(state);
        const cut = runs.find(({ begin, end }) => begin < undecided && undecided < end)?.begin ?? undecided;
        const done = runs.filter(({ end }) => end <= cut);
        runs = runs.filter(({ end }) => end > cut).map(({ begin, end }) => ({ begin: begin - cut, end: end - cut }));
        held = Buffer.from(all.subarray(cut));
        const free = all.subarray(0, cut);
        return maskRuns(ours || done.length === 0 ? free : Buffer.from(free), done);
      },
      end() {
        const masked = maskRuns(held, runs);
        [held, state, runs] = [Buffer.alloc(0), 0, []];
        return masked;
      },
    };
  };
}

export function maskAll(values: readonly string[], bytes: Uint8Array): Buffer {
  const mask = createMask(values);
  return Buffer.concat([mask.push(bytes), mask.end()]);
}

/** Secrets that overlap. Two that only touch are two runs. */
type Run = { begin: number; end: number };

/** In place. */
function maskRuns(bytes: Buffer, runs: readonly Run[]): Buffer {
  for (const { begin, end } of runs) {
    for (let at = begin; at < end; at++) if (bytes[at] !== 0x0a && bytes[at] !== 0x0d) bytes[at] = 0x2a;
  }
  return bytes;
}

const asBuffer = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
