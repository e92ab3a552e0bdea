// Where in a stream does one of many byte patterns end?

/** Where a stream stands: which beginning of a pattern its last bytes are. 0: of none, as at the start. */
export type SearchState = number;

/** Tables that are made once and may serve many streams. */
export type PatternSearch = {
  /** Length of the longest pattern. */
  readonly longest: number;
  /**
   * Reads `bytes` from `from` on; the bytes of `pending(state)` must still stand before `from`. `found` hears of the longest pattern that
   * ends at `end`, in the order of ends; those that end there too lie within it. When it answers true, the stream starts anew at `end`.
   */
  scan(bytes: Buffer, from: number, state: SearchState, found: (begin: number, end: number) => boolean): SearchState;
  /** How many bytes at the end may be the beginning of a pattern that is still to come: the longest such end. */
  pending(state: SearchState): number;
};

/** Bytes that are looked at together. */
const gram = 4;
/** As many bits has the table of grams, which should stay in the processor's cache. */
const gramBits = 20;
const hashOf = (word: number): number => Math.imul(word, 0x9e3779b1) >>> (32 - gramBits);
/** Wider strides mean more grams in the table. */
const widestStride = 16;

/**
 * Two methods in turn. While nothing is begun, only every so many bytes a gram is looked at, so seldom that the shortest pattern still
 * contains one of them whole (as Rabin and Karp's hashes, but at few places). Where a pattern has such a gram and may have begun, an
 * automaton (Aho and Corasick 1975) reads byte by byte, until fewer bytes than a gram are a beginning. Its state is all that a stream
 * has to remember, and it reads no byte again.
 *
 * Memory: 256 KiB, and about 40 bytes for each byte of the patterns.
 */
export function searchFor(patterns: readonly Uint8Array[]): PatternSearch {
  const lengths = patterns.map(({ length }) => length);
  const shortest = lengths.reduce((a, b) => Math.min(a, b), Infinity);
  if (shortest < gram || patterns.length === 0) throw new Error(`there must be patterns, of ${gram} bytes at least`);
  const stride = Math.min(widestStride, shortest - gram + 1);
  const begins = gramsOf(patterns, 1);
  const within = gramsOf(patterns, stride);
  const { step, open, ends } = automatonOf(patterns);

  return {
    longest: lengths.reduce((a, b) => Math.max(a, b)),
    pending: (state) => open[state]!,
    scan(bytes, from, state, found) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const lastGram = bytes.length - gram;
      for (let at = from; ; ) {
        const begun = at - open[state]!;
        while (at < bytes.length) {
          state = step(state, bytes[at++]!);
          if (ends[state]! > 0 && found(at - ends[state]!, at)) state = 0;
          const begin = at - open[state]!;
          if (open[state]! < gram && begin > begun && begin + stride <= lastGram) break;
        }
        if (at === bytes.length) return state;
        at -= open[state]!;
        state = 0;
        // `at`: nothing that is open begins before it.
        for (;;) {
          let place = at + stride - 1;
          while (place <= lastGram && !has(within, view.getInt32(place, true))) place += stride;
          at = place - stride + 1;
          if (place > lastGram) break;
          while (at <= place && !has(begins, view.getInt32(at, true))) at++;
          if (at <= place) break;
        }
      }
    },
  };
}

const has = (grams: Int32Array, word: number): boolean => {
  const hash = hashOf(word);
  return (grams[hash >>> 5]! & (1 << (hash & 31))) !== 0;
};

/** A set of the patterns' first so many grams, with a few others that have the same hash. */
function gramsOf(patterns: readonly Uint8Array[], count: number): Int32Array {
  const grams = new Int32Array((1 << gramBits) / 32);
  for (const pattern of patterns) {
    const view = new DataView(pattern.buffer, pattern.byteOffset, pattern.length);
    for (let at = 0; at < count; at++) {
      const hash = hashOf(view.getInt32(at, true));
      grams[hash >>> 5]! |= 1 << (hash & 31);
    }
  }
  return grams;
}

type Automaton = {
  step(state: number, byte: number): number;
  /** Length of the longest end of what was read that may become a pattern. */
  open: Int32Array;
  /** Length of the longest pattern that ends here, or 0. */
  ends: Int32Array;
};

/** A tree of the patterns, whose edges are in one hash table under node and byte. From each node falls back who finds no edge: to its longest end that is a node too. */
function automatonOf(patterns: readonly Uint8Array[]): Automaton {
  const most = patterns.reduce((sum, { length }) => sum + length, 1);
  if (most >= 1 << 24) throw new Error(`patterns of ${most} bytes are too many`);
  const bits = 33 - Math.clz32(most);
  const keys = new Int32Array(1 << bits).fill(-1);
  const targets = new Int32Array(1 << bits);
  const slotOf = (key: number): number => {
    let slot = Math.imul(key, 0x9e3779b1) >>> (32 - bits);
    while (keys[slot] !== key && keys[slot] !== -1) slot = (slot + 1) & (keys.length - 1);
    return slot;
  };
  const [fallback, open, ends] = [new Int32Array(most), new Int32Array(most), new Int32Array(most)];
  const step = (state: number, byte: number): number => {
    for (;;) {
      const slot = slotOf((state << 8) | byte);
      if (keys[slot] !== -1) return targets[slot]!;
      if (state === 0) return 0;
      state = fallback[state]!;
    }
  };

  // All first bytes, all second bytes, and so on: the nodes to which one falls back are less deep, and so they are there.
  const longestFirst = patterns.toSorted((a, b) => b.length - a.length);
  const reached = new Int32Array(patterns.length);
  let nodes = 1;
  for (let depth = 0; depth < longestFirst[0]!.length; depth++) {
    for (let i = 0; i < patterns.length && longestFirst[i]!.length > depth; i++) {
      const [node, byte] = [reached[i]!, longestFirst[i]![depth]!];
      const slot = slotOf((node << 8) | byte);
      if (keys[slot] === -1) {
        fallback[nodes] = node === 0 ? 0 : step(fallback[node]!, byte);
        ends[nodes] = ends[fallback[nodes]!]!;
        open[node] = depth;
        keys[slot] = (node << 8) | byte;
        targets[slot] = nodes++;
      }
      reached[i] = targets[slot]!;
      if (depth + 1 === longestFirst[i]!.length) ends[reached[i]!] = depth + 1;
    }
  }
  for (let node = 1; node < nodes; node++) open[node] ||= open[fallback[node]!]!;
  return { step, open, ends };
}
