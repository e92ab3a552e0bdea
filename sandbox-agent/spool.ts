// Where does a step's output wait until the builder has it safe? In memory, up to a bound; then the step's process blocks.
// Not on the sandbox's disk: a step that fills its disk must still be able to say so, a slow disk must not hold up the agent,
// and output has not been masked yet.

const chunkBytes = 64 * 1024;

type Chunk = { start: number; bytes: Buffer; used: number };

/** Bytes `acknowledged` to `written` are held; offsets count from the step's first byte. */
export class Spool {
  written = 0;
  acknowledged = 0;
  readonly #limit: number;
  readonly #chunks: Chunk[] = [];

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get full(): boolean {
    return this.written - this.acknowledged >= this.#limit;
  }

  /** Where the next bytes go; say `wrote` afterwards. Never empty: one read beyond the limit is taken. */
  tail(): Buffer {
    let last = this.#chunks.at(-1);
    if (last === undefined || last.used === chunkBytes) {
      last = { start: this.written, bytes: Buffer.allocUnsafeSlow(chunkBytes), used: 0 };
      this.#chunks.push(last);
    }
    return last.bytes.subarray(last.used);
  }

  wrote(count: number): void {
    const last = this.#chunks.at(-1);
    if (last === undefined) throw new Error('wrote without tail');
    last.used += count;
    this.written += count;
  }

  /** Some of the bytes from `offset` on, without a copy; empty at the end. The caller has seen that `offset` is held. */
  read(offset: number): Buffer {
    const first = this.#chunks[0];
    if (first === undefined || offset >= this.written) return Buffer.alloc(0);
    // Every chunk but the last is full, so its place is known.
    const chunk = this.#chunks[Math.floor((offset - first.start) / chunkBytes)];
    return chunk === undefined ? Buffer.alloc(0) : chunk.bytes.subarray(offset - chunk.start, chunk.used);
  }

  acknowledge(offset: number): void {
    this.acknowledged = Math.max(this.acknowledged, Math.min(offset, this.written));
    let first = this.#chunks[0];
    while (first !== undefined && first.used === chunkBytes && first.start + chunkBytes <= this.acknowledged) {
      this.#chunks.shift();
      first = this.#chunks[0];
    }
  }
}
