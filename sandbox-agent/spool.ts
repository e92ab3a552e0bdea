// Where does a step's output wait until the builder has it safe? In memory, up to a bound; then the step's process blocks.
// Not on the sandbox's disk: a step that fills its disk must still be able to say so, a slow disk must not hold up the agent,
// and output has not been masked yet.

const chunkBytes = 64 * 1024;
/** Kept for the next output: left to the garbage collector, 100 MB of them gather under load. */
const spareChunks = 64;

type Chunk = { start: number; bytes: Buffer; used: number };

/** Holds the bytes from `acknowledged` to `written`; offsets count from the step's first byte. */
export class Spool {
  written = 0;
  acknowledged = 0;
  /** How many read at present. One reader's acknowledgement must not overwrite what another is about to send. */
  readers = 0;
  readonly #limit: number;
  readonly #chunks: Chunk[] = [];
  readonly #spare: Buffer[] = [];

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get full(): boolean {
    return this.written - this.acknowledged >= this.#limit;
  }

  /** Where the next bytes go, never empty; `wrote` is to be told. */
  tail(): Buffer {
    let last = this.#chunks.at(-1);
    if (last === undefined || last.used === chunkBytes) {
      last = { start: this.written, bytes: this.#spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes), used: 0 };
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

  /** Some of the bytes from `offset` on, without a copy; empty at the end. The caller has seen that they are held. */
  read(offset: number): Buffer {
    const first = this.#chunks[0];
    if (first === undefined || offset >= this.written) return Buffer.alloc(0);
    // Every chunk but the last is full, so the place of each is known.
    const chunk = this.#chunks[Math.floor((offset - first.start) / chunkBytes)];
    return chunk === undefined ? Buffer.alloc(0) : chunk.bytes.subarray(offset - chunk.start, chunk.used);
  }

  acknowledge(offset: number): void {
    this.acknowledged = Math.max(this.acknowledged, Math.min(offset, this.written));
    for (;;) {
      const first = this.#chunks[0];
      if (first === undefined || first.used < chunkBytes || first.start + chunkBytes > this.acknowledged) return;
      this.#chunks.shift();
      if (this.readers <= 1 && this.#spare.length < spareChunks) this.#spare.push(first.bytes);
    }
  }

  /** No more output will come. */
  close(): void {
    this.#spare.length = 0;
  }
}
