// One builder: the sandboxes that it holds, from lease to close, and across its own restarts.

import { setTimeout as sleep } from 'node:timers/promises';
import { planKey, stepLogKey } from '../../config-schema/address.ts';
import type { StepResult } from '../../config-schema/outcome.ts';
import type { PlanJob, PlanStep } from '../../config-schema/plan.ts';
import type { AgentClient, EndedStep } from '../../sandbox-agent/client.ts';
import type { GitCredential } from '../control/forge.ts';
import type { PipelineRecord } from '../control/activities.ts';
import { checkFence, Fenced } from '../fence.ts';
import { getJson, type ObjectStore } from '../object-store.ts';
import type { OpenInput } from './activities.ts';
import type { StepPlace } from './environment.ts';
import { sandboxName, type Held, type HeldFiles } from './held.ts';
import { Ledger, type Needs } from './ledger.ts';
import type { Mirrors } from './mirror.ts';
import { AgentGone, AgentLine, pumpStep } from './pump.ts';
import type { SandboxHost } from './sandbox.ts';
import { openStepLog, type StepLog } from './step-log.ts';
import { brokenStep, stepResult } from './step-result.ts';
import { stepSpec } from './step-spec.ts';
import { uploadPack } from './upload-pack.ts';

export type ResourceClass = { cpus: number; memoryBytes: number; pids: number; diskBytes: number | null };

export type BuilderPorts = {
  host: SandboxHost;
  store: ObjectStore;
  mirrors: Mirrors;
  files: HeldFiles;
  /** What this builder offers. */
  classes: Record<string, ResourceClass>;
  capacity: Needs;
  /** Opens what was sealed for this builder. */
  unseal: (sealed: string) => Promise<GitCredential>;
  /** For CIRCLE_BUILD_URL. */
  publicUrl: string;
  log: { info: Log; warn: Log; error: Log };
};

type Log = (fields: object, message: string) => void;

/** A held sandbox with what lives only as long as this process. */
type Live = { held: Held; line: AgentLine; pumps: Map<number, Promise<EndedStep>>; logs: Map<number, StepLog>; lease: NodeJS.Timeout | null; lastAsked: number; asking: number };

/** Between SIGTERM and SIGKILL, when a step is canceled. */
const cancelGraceMs = 10_000;
/** Between SIGTERM and SIGKILL for what a job left running at its end. */
const closeGraceMs = 1_000;
/** A claimed sandbox of which nobody wants anything for so long is given up: its slice was ended from outside. */
const forgottenMs = 15 * 60_000;

/** The sandbox that the caller speaks of is not here, or its attempt is over. */
export class SandboxLost extends Error {
  override name = 'SandboxLost';
}

export class Builder {
  readonly ledger: Ledger;
  readonly #ports: BuilderPorts;
  #live = new Map<string, Live>();
  /** Names of sandboxes being made, which are in no file yet. */
  #opening = new Map<string, Promise<void>>();
  #records = new Map<string, Promise<PipelineRecord>>();
  draining = false;

  constructor(ports: BuilderPorts) {
    this.#ports = ports;
    this.ledger = new Ledger(ports.capacity);
  }

  /** Finds the sandboxes of an earlier process again, goes on reading their output, and clears what belongs to nobody. */
  async start(): Promise<void> {
    const { files, host, log } = this.#ports;
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
      for (const step of held.startedSteps) void this.#pump(live, step, null).catch((error: unknown) => log.warn({ error, sandbox: held.sandbox, step }, 'the output of a step is not read on'));
    }
    await this.sweep();
  }

  /** Removes what nobody wants any more. Called every minute, and at start. */
  async sweep(): Promise<void> {
    const { host, store, log } = this.#ports;
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
  }

  /** The room is taken by the caller, who gives it back when this rejects. Repeatable: the same attempt gets the same sandbox. */
  async open(input: OpenInput): Promise<string> {
    const sandbox = sandboxName(input.slice, input.attempt);
    const before = this.#opening.get(sandbox);
    if (before) await before.catch(() => undefined);
    const existing = this.#live.get(sandbox);
    if (existing) {
      this.#lend(existing, input.leaseSeconds);
      return sandbox;
    }
    const opening = this.#create(sandbox, input);
    this.#opening.set(sandbox, opening);
    try {
      await opening;
    } finally {
      this.#opening.delete(sandbox);
    }
    return sandbox;
  }

  async claim(sandbox: string): Promise<void> {
    const live = this.#require(sandbox);
    if (live.lease) clearTimeout(live.lease);
    live.lease = null;
    live.held.claimed = true;
    await this.#ports.files.write(live.held);
  }

  /**
   * Starts the step, or goes on with it, and answers when it has ended and its log is stored; a background step as soon as it was
   * started. Abort `cancel` to kill it: then it answers 'canceled'.
   */
  async runStep(sandbox: string, index: number, sealedCredential: string | undefined, cancel: AbortSignal): Promise<StepResult> {
    const live = this.#require(sandbox);
    const startedAt = Date.now();
    const { place, step } = await this.#stepOf(live.held, index);
    live.asking += 1;
    try {
      const spec = stepSpec(place, index, step);
      if (!live.held.startedSteps.includes(index)) {
        if (step.kind === 'checkout') await this.#fetch(live, place, sealedCredential);
        live.held.oomKills = await this.#ports.host.oomKills(sandbox).catch(() => 0);
        live.held.startedSteps.push(index);
        await this.#ports.files.write(live.held);
      }
      const pumping = this.#pump(live, index, spec);
      if (step.kind === 'run' && step.background) {
        pumping.catch((error: unknown) => this.#ports.log.warn({ error, sandbox, step: index }, 'a background step was lost'));
        return { name: step.name, outcome: 'passed', exitCode: null, signal: null, durationMs: Date.now() - startedAt };
      }
      const kill = (): void => void live.line.use((agent) => agent.kill(index, cancelGraceMs)).catch(() => undefined);
      if (cancel.aborted) kill();
      cancel.addEventListener('abort', kill, { once: true });
      try {
        const ended = await pumping;
        const limit = (await this.#killedForMemory(live.held)) ? this.#needs(live.held.resourceClass).memoryBytes : null;
        return stepResult(step, ended, limit);
      } finally {
        cancel.removeEventListener('abort', kill);
      }
    } catch (error) {
      if (error instanceof Fenced) throw new SandboxLost(error.message, { cause: error });
      if (!(error instanceof AgentGone)) throw error;
      if (!this.#live.has(sandbox)) throw new SandboxLost(`sandbox ${sandbox} was closed under a running step`, { cause: error });
      return brokenStep(step, startedAt, 'The agent of the sandbox ended while the step ran, so its outcome is unknown. Run the job again; if it happens again, look for a step that kills every process.');
    } finally {
      live.asking -= 1;
      live.lastAsked = Date.now();
    }
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
    this.draining = true;
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

  async #create(sandbox: string, { slice, sliceTotal, attempt, resourceClass, leaseSeconds }: OpenInput): Promise<void> {
    const { host, mirrors, files } = this.#ports;
    const record = await this.#record(slice.repositoryId, slice.pipeline);
    const { job } = jobOf(record, slice.workflow, slice.job);
    if (job.executor.kind !== 'docker') throw new Error(`job ${slice.job} asks for ${job.executor.kind}, which a builder does not have`);
    const mirror = job.steps.some((step) => step.kind === 'checkout') ? await mirrors.open(slice.repositoryId, record.trust) : null;
    const handle = await host.create({
      name: sandbox,
      image: job.executor.image,
      trust: record.trust,
      limits: this.#needs(resourceClass),
      mirrorObjects: mirror && `${mirror}/objects`,
    });
    const held: Held = { sandbox, slice, sliceTotal, attempt, resourceClass, handle, mirror, claimed: false, leaseEndsAt: 0, startedSteps: [], oomKills: 0 };
    const live = this.#adopt(held);
    this.#lend(live, leaseSeconds);
    await files.write(held);
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
    const serveGit = async (agent: AgentClient): Promise<void> => {
      const { mirror } = held;
      if (mirror) await agent.serveGit(() => uploadPack(mirror));
    };
    const live: Live = { held, line: new AgentLine(held.handle, isRunning, serveGit), pumps: new Map(), logs: new Map(), lease: null, lastAsked: Date.now(), asking: 0 };
    this.#live.set(held.sandbox, live);
    if (!held.claimed && held.leaseEndsAt > 0) this.#startLease(live);
    return live;
  }

  /** One pump per step: whoever asks again gets the same. */
  #pump(live: Live, index: number, spec: ReturnType<typeof stepSpec> | null): Promise<EndedStep> {
    const { held, line, pumps } = live;
    const before = pumps.get(index);
    if (before) return before;
    const { store, files } = this.#ports;
    const pumping = (async () => {
      const log = await openStepLog({
        store,
        key: stepLogKey(held.slice, held.attempt, index),
        file: files.logFile(held.sandbox, index),
        checkFence: () => checkFence(store, held.slice, held.attempt),
        onTrouble: (error) => this.#ports.log.warn({ error, sandbox: held.sandbox, step: index }, 'a log is not stored yet'),
      });
      live.logs.set(index, log);
      try {
        return await pumpStep(line, index, spec, log);
      } catch (error) {
        // The next attempt of the activity may try again, with the log as it stands in the file.
        pumps.delete(index);
        live.logs.delete(index);
        await log.close();
        if (error instanceof Fenced) void this.close(held.sandbox).catch((fault: unknown) => this.#ports.log.error({ error: fault, sandbox: held.sandbox }, 'the sandbox of a fenced attempt was not removed'));
        throw error;
      }
    })();
    pumps.set(index, pumping);
    return pumping;
  }

  async #fetch(live: Live, place: StepPlace, sealedCredential: string | undefined): Promise<void> {
    if (!live.held.mirror || sealedCredential === undefined) throw new Error('a checkout needs a mirror and a credential');
    await this.#ports.mirrors.fetch(live.held.mirror, place.trigger, await this.#ports.unseal(sealedCredential));
  }

  async #killedForMemory(held: Held): Promise<boolean> {
    const kills = await this.#ports.host.oomKills(held.sandbox).catch(() => 0);
    return kills > held.oomKills;
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

  async #stepOf(held: Held, index: number): Promise<{ place: StepPlace; step: PlanStep }> {
    const record = await this.#record(held.slice.repositoryId, held.slice.pipeline);
    const { job } = jobOf(record, held.slice.workflow, held.slice.job);
    const step = job.steps[index];
    if (!step) throw new Error(`job ${held.slice.job} has no step ${index}`);
    const { slice, sliceTotal } = held;
    const place = { trigger: record.trigger, pipeline: record.number, workflow: slice.workflow, job, jobName: slice.job, slice: slice.slice, sliceTotal, publicUrl: this.#ports.publicUrl, ...forgePages(record) };
    return { place, step };
  }

  #record(repositoryId: number, pipeline: number): Promise<PipelineRecord> {
    const key = planKey(repositoryId, pipeline);
    const known = this.#records.get(key);
    if (known) return known;
    const reading = getJson<PipelineRecord>(this.#ports.store, key).then((record) => {
      if (!record) throw new Error(`the object store lacks ${key}`);
      return record;
    });
    this.#records.set(key, reading);
    reading.catch(() => this.#records.delete(key));
    if (this.#records.size > 100) this.#records.delete(this.#records.keys().next().value!);
    return reading;
  }
}

function jobOf({ plan }: PipelineRecord, workflow: string, name: string): { job: PlanJob } {
  const key = plan.workflows.find((candidate) => candidate.name === workflow)?.jobs.find((candidate) => candidate.name === name)?.job;
  const job = key === undefined ? undefined : plan.jobs[key];
  if (!job) throw new Error(`the plan has no job ${name} in workflow ${workflow}`);
  return { job };
}

/** Pages on the forge; a record of 0.1.0 does not hold them. */
const forgePages = ({ trigger: { repository }, repositoryUrl, pullRequestUrls }: PipelineRecord): Pick<StepPlace, 'repositoryUrl' | 'pullRequestUrls'> => ({
  repositoryUrl: repositoryUrl ?? `https://github.com/${repository.owner}/${repository.name}`,
  pullRequestUrls: pullRequestUrls ?? [],
});
