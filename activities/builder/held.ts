// What does the builder know across its own restarts, of the sandboxes that it holds and of itself?

import { createHash } from 'node:crypto';
import { access, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { attemptKey, type SliceKey } from '../../config-schema/address.ts';
import type { StepResult } from '../../config-schema/outcome.ts';
import type { SandboxHandle } from './sandbox.ts';

/** One file per sandbox in the builder's state folder. */
export type Held = {
  sandbox: string;
  slice: SliceKey;
  sliceTotal: number;
  attempt: number;
  resourceClass: string;
  handle: SandboxHandle;
  /** The mirror of its repository; null without a checkout. */
  mirror: string | null;
  /** False: it destroys itself at leaseEndsAt (ms since 1970). */
  claimed: boolean;
  leaseEndsAt: number;
  /** Indices of steps that were started. */
  startedSteps: number[];
  /** Out-of-memory kills seen before the running step. */
  oomKills: number;
  /** StepValues, sealed for this builder: a later process masks by them. Absent in a file of 0.1.0. */
  sealedValues?: string | null;
  /** How steps ended that run in the builder, by index: whoever asks again gets the same. */
  dataResults?: Record<number, StepResult>;
  /** The timings of earlier test runs are in the sandbox, where there are any. */
  hasTimings?: boolean;
  /** An `add_ssh_keys` step ran: the sandbox's agent socket leads here. */
  servesSshAgent?: boolean;
  /** Mirrors of repositories that a checkout named besides its own, by `owner/name` in lower case. */
  furtherMirrors?: Record<string, string>;
};

/** Short, and the same for every try of one attempt: 10 letters and digits of a hash. */
export function sandboxName(slice: SliceKey, attempt: number): string {
  const digest = createHash('sha256').update(attemptKey(slice, attempt)).digest();
  return BigInt(`0x${digest.toString('hex')}`).toString(36).slice(-10);
}

export class HeldFiles {
  readonly #folder: string;
  readonly #drained: string;

  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'held');
    this.#drained = join(stateFolder, 'drained');
  }

  /** Whether an operator wants it to take no work, until they say otherwise. */
  async isDrained(): Promise<boolean> {
    return access(this.#drained).then(
      () => true,
      () => false,
    );
  }

  async setDrained(drained: boolean): Promise<void> {
    if (!drained) return rm(this.#drained, { force: true });
    await mkdir(dirname(this.#drained), { recursive: true, mode: 0o700 });
    await writeFile(this.#drained, `${new Date().toISOString()}\n`, { mode: 0o600 });
  }

  /** Seen whole or not at all, also when the builder is killed in between. */
  async write(held: Held): Promise<void> {
    await mkdir(this.logFolder(held.sandbox), { recursive: true, mode: 0o700 });
    const file = join(this.#folder, `${held.sandbox}.json`);
    const temporary = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    await writeFile(temporary, JSON.stringify(held), { mode: 0o600 });
    await rename(temporary, file);
  }

  async remove(sandbox: string): Promise<void> {
    await rm(join(this.#folder, `${sandbox}.json`), { force: true });
    await rm(this.logFolder(sandbox), { recursive: true, force: true });
  }

  async readAll(): Promise<Held[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const files = names.filter((name) => name.endsWith('.json'));
    return Promise.all(files.map(async (name) => JSON.parse(await readFile(join(this.#folder, name), 'utf8')) as Held));
  }

  /** Output of the sandbox's steps, until it is stored. */
  logFolder(sandbox: string): string {
    return join(this.#folder, `${sandbox}.logs`);
  }

  logFile(sandbox: string, step: number): string {
    return join(this.logFolder(sandbox), `${step}.log`);
  }
}
