// The builder's work as Temporal sees it: heartbeats, cancellation, and which failures are worth another try.

import { ApplicationFailure, Context } from '@temporalio/activity';
import { builderQueue, failureTypes } from '../../config-schema/queues.ts';
import type { BuilderActivities, OpenedSandbox, OpenInput } from './activities.ts';
import type { Builder } from './builder.ts';
import { sandboxName } from './held.ts';
import { SandboxLost } from './live.ts';
import { CredentialRefused } from './mirror.ts';
import { SandboxError } from './sandbox.ts';

const heartbeatMs = 500;

export function builderActivities(builder: Builder, identity: { id: string; publicKey: Record<string, unknown>; classes: Record<string, { cpus: number; memoryBytes: number }> }): BuilderActivities {
  const { id, publicKey, classes } = identity;
  const needsOf = (resourceClass: string): { cpus: number; memoryBytes: number } => {
    const needs = classes[resourceClass];
    if (!needs) throw failure(failureTypes.sandboxFailed, `builder ${id} does not offer class ${resourceClass}`);
    return needs;
  };
  const place = (sandbox: string, notes: string[]): OpenedSandbox => ({ sandbox, builder: id, queue: builderQueue(id), builderKey: publicKey, ...(notes.length > 0 && { notes }) });
  const open = async (input: OpenInput, sealedValues: string | null, cancel: AbortSignal): Promise<OpenedSandbox> => {
    const name = sandboxName(input.slice, input.attempt);
    try {
      const began = performance.now();
      const notes = await builder.open(input, sealedValues, cancel);
      if (cancel.aborted) await builder.close(name);
      return { ...place(name, notes), prepareMs: Math.round(performance.now() - began) };
    } catch (error) {
      builder.ledger.release(name);
      throw error;
    }
  };
  return {
    openSandbox: (input) =>
      asActivity(async (cancel) => {
        const needs = needsOf(input.resourceClass);
        const name = sandboxName(input.slice, input.attempt);
        const why = (await builder.diskIsFull()) ? 'has no room on its disk' : builder.draining || !builder.ledger.take(name, input.resourceClass, needs) ? 'is full' : null;
        if (why !== null) {
          throw ApplicationFailure.create({ type: failureTypes.builderFull, message: `builder ${id} ${why}`, nextRetryDelay: `${500 + Math.floor(Math.random() * 500)}ms` });
        }
        if (input.later) builder.reserve(name, input.leaseSeconds);
        return input.later ? place(name, []) : open(input, null, cancel);
      }),
    prepareSandbox: ({ sealedValues, ...input }) =>
      asActivity(async (cancel) => {
        // The reservation may be over; then somebody else may have the room.
        if (!builder.ledger.take(sandboxName(input.slice, input.attempt), input.resourceClass, needsOf(input.resourceClass))) throw failure(failureTypes.sandboxLost, `builder ${id} has given the room away`);
        return open(input, sealedValues, cancel);
      }),
    claimSandbox: ({ sandbox }) => asActivity(() => builder.claim(sandbox)),
    runStep: ({ sandbox, step, ...sealed }) => asActivity((cancel) => builder.runStep(sandbox, step, sealed, cancel)),
    closeSandbox: ({ sandbox }) => asActivity(() => builder.close(sandbox)),
  };
}

/**
 * Runs the work with a heartbeat. `cancel` is aborted only when the slice asked for it: a worker that shuts down aborts the activity's own
 * signal just the same, and then the step must go on; the attempt fails and the next one finds it.
 */
async function asActivity<T>(work: (cancel: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const cancel = new AbortController();
  const beating = setInterval(() => context.heartbeat(), heartbeatMs);
  const interrupted = new Promise<never>((_, reject) => {
    context.cancellationSignal.addEventListener('abort', () => {
      if (context.cancellationDetails?.cancelRequested) cancel.abort();
      else reject(ApplicationFailure.create({ type: failureTypes.builderRestarting, message: 'the builder restarts; the step goes on', nextRetryDelay: '500ms' }));
    });
  });
  interrupted.catch(() => undefined);
  try {
    return await Promise.race([work(cancel.signal), interrupted]);
  } catch (error) {
    if (error instanceof SandboxLost) throw failure(failureTypes.sandboxLost, error.message);
    if (error instanceof SandboxError) throw failure(error.kind === 'unknown-image' ? failureTypes.unknownImage : failureTypes.sandboxFailed, error.message, error);
    if (error instanceof CredentialRefused) throw failure(failureTypes.credentialRefused, error.message);
    throw error;
  } finally {
    clearInterval(beating);
  }
}

const failure = (type: string, message: string, cause?: Error): ApplicationFailure =>
  ApplicationFailure.create({ type, message, nonRetryable: true, ...(cause && { cause }) });
