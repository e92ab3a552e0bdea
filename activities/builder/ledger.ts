// Is there room on this builder for one more sandbox?

export type Needs = { cpus: number; memoryBytes: number };

/** A class that was refused for so long gets the next free capacity, ahead of smaller ones. */
const reserveAfterMs = 60_000;

/**
 * What of the builder's capacity is taken, by sandbox. Synchronous, so that two activities cannot take the same room.
 * It holds only what is in memory; the builder fills it anew at start from its live sandboxes.
 */
export class Ledger {
  readonly capacity: Needs;
  #taken = new Map<string, Needs>();
  #refused = new Map<string, { since: number; last: number }>();

  constructor(capacity: Needs) {
    this.capacity = capacity;
  }

  get used(): Needs {
    const used = { cpus: 0, memoryBytes: 0 };
    for (const needs of this.#taken.values()) {
      used.cpus += needs.cpus;
      used.memoryBytes += needs.memoryBytes;
    }
    return used;
  }

  /** Takes room for the sandbox, or answers false. Taking again for the same sandbox changes nothing. */
  take(sandbox: string, resourceClass: string, needs: Needs, now = Date.now()): boolean {
    if (this.#taken.has(sandbox)) return true;
    const reserved = this.#reservedClass(now);
    if ((reserved !== null && reserved !== resourceClass) || !this.fits(needs)) {
      const since = this.#refused.get(resourceClass)?.since ?? now;
      this.#refused.set(resourceClass, { since, last: now });
      return false;
    }
    this.#refused.delete(resourceClass);
    this.#taken.set(sandbox, needs);
    return true;
  }

  release(sandbox: string): void {
    this.#taken.delete(sandbox);
  }

  fits(needs: Needs): boolean {
    const { used, capacity } = this;
    return used.cpus + needs.cpus <= capacity.cpus && used.memoryBytes + needs.memoryBytes <= capacity.memoryBytes;
  }

  /** The class that waits longest, when that is too long. One that has stopped asking does not count. */
  #reservedClass(now: number): string | null {
    let longest: { resourceClass: string; since: number } | null = null;
    for (const [resourceClass, { since, last }] of this.#refused) {
      if (now - last > reserveAfterMs) this.#refused.delete(resourceClass);
      else if (now - since >= reserveAfterMs && (!longest || since < longest.since)) longest = { resourceClass, since };
    }
    return longest?.resourceClass ?? null;
  }
}
