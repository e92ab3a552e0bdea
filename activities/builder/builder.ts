// One builder: the sandboxes that it holds, from lease to close, and across its own restarts.

import { setTimeout as sleep } from 'node:timers/promises';
import { stepLogKey } from '../../config-schema/address.ts';
import type { PlanJob } from '../../config-schema/plan.ts';
import { readable, type TrustLevel } from '../../config-schema/trigger.ts';
import type { StepResult } from '../../config-schema/outcome.ts';
import { checkFence, Fenced } from '../fence.ts';
import type { StepValues } from '../control/job-values.ts';
import type { ObjectStore } from '../object-store.ts';
import type { OpenInput } from './activities.ts';
import type { LocalCaches } from './caches/local-caches.ts';
import { containersOf, type SignIn } from './containers.ts';
import type { DataSteps } from './data-step.ts';
import { containersWithDocker } from './docker-engine.ts';
import { nothingGiven } from './environment.ts';
import { sandboxName, type Held, type HeldFiles } from './held.ts';
import { Ledger, type Needs } from './ledger.ts';
import { SandboxLost, type Live } from './live.ts';
import type { Mirrors } from './mirror.ts';
import { pipelineRecords } from './pipeline-records.ts';
import { AgentLine } from './pump.ts';
import type { SandboxHost, SandboxSpec } from './sandbox.ts';
import { stepsOf, type SealedForStep, type Steps } from './steps.ts';

export type ResourceClass = { cpus: number; memoryBytes: number; pids: number; diskBytes: number | null };

export type BuilderPorts = {
  host: SandboxHost;
  store: ObjectStore;
  mirrors: Mirrors;
  caches: LocalCaches;
  dataSteps: DataSteps;
  files: HeldFiles;
  /** What this builder offers. */
  classes: Record<string, ResourceClass>;
  capacity: Needs;
  /** Whether the disk is too full for another sandbox. */
  diskIsFull: () => Promise<boolean>;
  signIn: SignIn;
  /** Opens what was sealed for this builder. */
  unseal: (sealed: string) => Promise<unknown>;
  /** For CIRCLE_BUILD_URL. */
  publicUrl: string;
  log: { info: Log; warn: Log; error: Log };
};

type Log = (fields: object, message: string) => void;

/** Between SIGTERM and SIGKILL for what a job left running at its end. */
const closeGraceMs = 1_000;
/** A claimed sandbox of which nobody wants anything for so long is given up: its slice was ended from outside. */
const forgottenMs = 15 * 60_000;

export class Builder {
  readonly ledger: Ledger;
  readonly #ports: BuilderPorts;
  readonly #jobOf: ReturnType<typeof pipelineRecords>;
  readonly #steps: Steps;
  #live = new Map<string, Live>();
  /** Names of sandboxes being made, which are in no file yet. */
  #opening = new Map<string, Promise<void>>();
  /** Room that waits for its sandbox to be opened. */
  #reserved = new Map<string, NodeJS.Timeout>();
  #draining = false;

  constructor(ports: BuilderPorts) {
    this.#ports = ports;
    this.ledger = new Ledger(ports.capacity);
    this.#jobOf = pipelineRecords(ports.store);
    this.#steps = stepsOf({
      ...ports,
      jobOf: this.#jobOf,
      memoryBytes: (resourceClass) => this.#needs(resourceClass).memoryBytes,
      isHere: (sandbox) => this.#live.has(sandbox),
      onFenced: (sandbox) => void this.close(sandbox).catch((error: unknown) => ports.log.error({ error, sandbox }, 'the sandbox of a fenced attempt was not removed')),
    });
  }

  /** It takes no new work; what it holds goes on. */
  get draining(): boolean {
    return this.#draining;
  }

  /** What an operator wants, kept over restarts. It holds at once, also where it cannot be kept and this rejects. */
  async drain(wanted: boolean): Promise<void> {
    this.#draining = wanted;
    await this.#ports.files.setDrained(wanted);
  }

  /** Finds the sandboxes of an earlier process again, goes on reading their output, and clears what belongs to nobody. */
  async start(): Promise<void> {
    const { files, host, log } = this.#ports;
    this.#draining = await files.isDrained();
    if (this.#draining) log.info({}, 'an operator has drained this builder: it takes no work until it is resumed');
    const running = new Map((await host.list()).map((sandbox) => [sandbox.name, sandbox.running]));
    for (const held of await files.readAll()) {
      if (!running.get(held.sandbox)) {
        log.warn({ sandbox: held.sandbox }, 'a sandbox ended while the builder was away');
        await this.#remove(held.sandbox);
        continue;
      }
      const { cpus, memoryBytes } = this.#needs(held.resourceClass);
      this.ledger.take(held.sandbox, held.resourceClass, { cpus, memoryBytes });
      const live = this.#adopt(held);
      for (const step of held.startedSteps) void this.#steps.readOn(live, step).catch((error: unknown) => log.warn({ error, sandbox: held.sandbox, step }, 'the output of a step is not read on'));
    }
    await this.sweep();
  }

  /** Removes what nobody wants any more. Called every minute, and at start. */
  async sweep(): Promise<void> {
    const { caches, host, store, log } = this.#ports;
    for (const live of this.#live.values()) {
      const { slice, attempt, sandbox } = live.held;
      const fenced = await checkFence(store, slice, attempt).then(
        () => false,
        (error: unknown) => error instanceof Fenced,
      );
      const forgotten = live.held.claimed && live.asking === 0 && Date.now() - live.lastAsked > forgottenMs;
      if (!fenced && !forgotten) continue;
      log.info({ sandbox }, fenced ? 'a later attempt has begun: sandbox removed' : 'nobody asks for the sandbox: removed');
      await this.close(sandbox);
    }
    const removed = await host.reconcile(new Set([...this.#live.keys(), ...this.#opening.keys()]));
    if (removed.length > 0) log.info({ removed }, 'remains of sandboxes removed');
    await caches.trim(new Set(this.#live.keys()));
  }

  /** The room that the caller has taken is given back unless the sandbox is opened in time. */
  reserve(sandbox: string, seconds: number): void {
    if (this.#live.has(sandbox) || this.#opening.has(sandbox)) return;
    clearTimeout(this.#reserved.get(sandbox));
    this.#reserved.set(sandbox, setTimeout(() => {
      this.#reserved.delete(sandbox);
      this.ledger.release(sandbox);
    }, seconds * 1000));
  }

  /**
   * The room is taken by the caller, who gives it back when this rejects. Repeatable: the same attempt gets the same sandbox.
   * `sealedValues`: StepValues for images that name variables. Answers lines for the user.
   */
  async open(input: OpenInput, sealedValues: string | null, signal?: AbortSignal): Promise<string[]> {
    const sandbox = sandboxName(input.slice, input.attempt);
    clearTimeout(this.#reserved.get(sandbox));
    this.#reserved.delete(sandbox);
    const before = this.#opening.get(sandbox);
    if (before) await before.catch(() => undefined);
    const existing = this.#live.get(sandbox);
    if (existing) {
      this.#lend(existing, input.leaseSeconds);
      return existing.held.handle.notes ?? [];
    }
    const opening = this.#create(sandbox, input, sealedValues, signal);
    this.#opening.set(sandbox, opening);
    try {
      await opening;
    } finally {
      this.#opening.delete(sandbox);
    }
    return this.#require(sandbox).held.handle.notes ?? [];
  }

  async claim(sandbox: string): Promise<void> {
    const live = this.#require(sandbox);
    if (live.lease) clearTimeout(live.lease);
    live.lease = null;
    live.held.claimed = true;
    await this.#ports.files.write(live.held);
  }

  diskIsFull(): Promise<boolean> {
    return this.#ports.diskIsFull();
  }

  /** See Steps. */
  async runStep(sandbox: string, index: number, sealed: SealedForStep, cancel: AbortSignal): Promise<StepResult> {
    return this.#steps.run(this.#require(sandbox), index, sealed, cancel);
  }

  /** Ends everything in the sandbox and leaves no trace of it. Repeatable; also for a sandbox that this process never knew. */
  async close(sandbox: string): Promise<void> {
    const live = this.#live.get(sandbox);
    if (live) {
      if (live.lease) clearTimeout(live.lease);
      // What still runs is background or left behind: it gets a moment to say its last words into the log.
      await Promise.race([
        Promise.all(
          [...live.pumps].map(async ([index, pumping]) => {
            await live.line.use((agent) => agent.kill(index, closeGraceMs));
            await pumping;
          }),
        ).catch(() => undefined),
        sleep(5 * closeGraceMs),
      ]);
    }
    await live?.services?.finish().catch((error: unknown) => this.#ports.log.warn({ error, sandbox }, 'the output of a service is not kept whole'));
    this.#live.delete(sandbox);
    await this.#ports.host.destroy(sandbox);
    await live?.line.end();
    if (live) {
      await Promise.allSettled([...live.pumps.values()]);
      await Promise.allSettled([...live.logs.values()].map((log) => log.close()));
    }
    await this.#remove(sandbox);
  }

  /** Lets go of everything and leaves the sandboxes and their steps running, for the next process to find. */
  async stop(): Promise<void> {
    this.#draining = true;
    for (const timer of this.#reserved.values()) clearTimeout(timer);
    for (const live of this.#live.values()) {
      if (live.lease) clearTimeout(live.lease);
      await Promise.allSettled([...live.logs.values()].map((log) => log.close()));
      await live.line.end();
    }
  }

  /** The output of a step from byte `from` on, as it comes; null when the builder holds no such step. */
  tail(key: string, from: number, signal?: AbortSignal): AsyncIterable<Uint8Array> | null {
    for (const { held, logs } of this.#live.values()) {
      for (const [step, log] of logs) if (stepLogKey(held.slice, held.attempt, step) === key) return log.tail(from, signal);
    }
    return null;
  }

  /** What the builder says of itself. */
  sandboxes(): Held[] {
    return [...this.#live.values()].map(({ held }) => held);
  }

  async #create(sandbox: string, { slice, sliceTotal, attempt, resourceClass, leaseSeconds }: OpenInput, sealedValues: string | null, signal?: AbortSignal): Promise<void> {
    const { host, mirrors, files, signIn, unseal } = this.#ports;
    const { record, job } = await this.#jobOf(slice);
    const wanted = containersWithDocker(job);
    if (!wanted) throw new Error(`job ${slice.job} asks for ${job.executor.kind}, which a builder does not have`);
    const mirror = job.steps.some((step) => step.kind === 'checkout') ? await mirrors.open(slice.repositoryId, record.trust) : null;
    const { variables } = sealedValues === null ? nothingGiven.values : ((await unseal(sealedValues)) as StepValues);
    const { primary, sidecars, secrets } = await containersOf(wanted.executor, variables, signIn);
    const spec = {
      name: sandbox,
      primary,
      sidecars,
      nesting: wanted.nesting,
      trust: record.trust,
      limits: this.#needs(resourceClass),
      mirrorObjects: mirror && `${mirror}/objects`,
      cacheFolders: await this.#cacheFolders(job, slice.repositoryId, record.trust),
    };
    const handle = await host.create(spec, { secrets, ...(signal && { signal }) });
    const held: Held = { sandbox, slice, sliceTotal, attempt, resourceClass, handle, mirror, claimed: false, leaseEndsAt: 0, startedSteps: [], oomKills: 0, sealedValues: null };
    const live = this.#adopt(held);
    this.#lend(live, leaseSeconds);
    await files.write(held);
  }

  /** Whoever may not mount one copies it. */
  async #cacheFolders({ steps }: PlanJob, repositoryId: number, trust: TrustLevel): Promise<SandboxSpec['cacheFolders']> {
    if (!steps.some((step) => step.kind === 'restore_cache' && step.mount)) return {};
    return Object.fromEntries(await Promise.all(readable(trust).map(async (level) => [level, await this.#ports.caches.shared(repositoryId, level)] as const)));
  }

  /** The lease ends the sandbox unless its slice claims it: the completion of `openSandbox` may have been lost. */
  #lend(live: Live, leaseSeconds: number): void {
    if (live.held.claimed) return;
    live.held.leaseEndsAt = Date.now() + leaseSeconds * 1000;
    this.#startLease(live);
  }

  #startLease(live: Live): void {
    if (live.lease) clearTimeout(live.lease);
    const { sandbox, leaseEndsAt } = live.held;
    live.lease = setTimeout(() => {
      this.#ports.log.warn({ sandbox }, 'nobody claimed the sandbox: removed');
      void this.close(sandbox).catch((error: unknown) => this.#ports.log.error({ error, sandbox }, 'an unclaimed sandbox was not removed'));
    }, Math.max(0, leaseEndsAt - Date.now()));
  }

  #adopt(held: Held): Live {
    const isRunning = async (): Promise<boolean> => (await this.#ports.host.list()).some(({ name, running }) => name === held.sandbox && running);
    const line = new AgentLine(held.handle, isRunning, (agent) => this.#steps.serve(live, agent));
    const live: Live = { held, line, pumps: new Map(), logs: new Map(), dataRuns: new Map(), services: null, lease: null, lastAsked: Date.now(), asking: 0, values: null, ourSecrets: [], mask: null };
    this.#live.set(held.sandbox, live);
    if (!held.claimed && held.leaseEndsAt > 0) this.#startLease(live);
    return live;
  }

  async #remove(sandbox: string): Promise<void> {
    await this.#ports.host.destroy(sandbox);
    await this.#ports.files.remove(sandbox);
    this.ledger.release(sandbox);
  }

  #require(sandbox: string): Live {
    const live = this.#live.get(sandbox);
    if (!live) throw new SandboxLost(`sandbox ${sandbox} is not on this builder any more`);
    live.lastAsked = Date.now();
    return live;
  }

  #needs(resourceClass: string): ResourceClass {
    const needs = this.#ports.classes[resourceClass];
    if (!needs) throw new Error(`this builder does not offer class ${resourceClass}`);
    return needs;
  }
}
