// What does a builder do for a slice's temporal workflow?

import type { SliceKey } from '../../config-schema/address.ts';
import type { StepResult } from '../../config-schema/outcome.ts';

/**
 * `openSandbox` is polled from the queue of a resource class, the others from the queue of the builder that answered it.
 *
 * Order: open (and prepare), claim within the lease, steps one at a time, close. Every call is safe to repeat. A lost claim, or a call about a sandbox
 * that is gone, fails with the non-retryable type SandboxLost: the slice goes elsewhere under the next attempt number.
 * A builder without room throws the retryable BuilderFull. Cancellation of `runStep` kills the step and answers 'canceled';
 * the shutdown of the worker leaves it running and fails the attempt as the retryable BuilderRestarting.
 */
export interface BuilderActivities {
  openSandbox(input: OpenInput): Promise<OpenedSandbox>;
  /** For an OpenInput with `later`: makes the sandbox in the room that openSandbox has taken. */
  prepareSandbox(input: OpenInput & { sealedValues: string }): Promise<OpenedSandbox>;
  claimSandbox(input: { sandbox: string }): Promise<void>;
  runStep(input: StepInput): Promise<StepResult>;
  closeSandbox(input: { sandbox: string }): Promise<void>;
}

export type OpenInput = { slice: SliceKey; sliceTotal: number; attempt: number; resourceClass: string; leaseSeconds: number; /** Only take the room: `prepareSandbox` follows within the lease. */ later?: true };

export type OpenedSandbox = {
  sandbox: string;
  builder: string;
  /** The builder's own task queue. */
  queue: string;
  /** JWK: credentials for this builder are encrypted to it. */
  builderKey: Record<string, unknown>;
  /** Lines for the user about how it was made. */
  notes?: string[];
  /** How long image and sandbox took, once there was room. Absent from builders of earlier versions, and where the sandbox is yet to be prepared. */
  prepareMs?: number;
};

export type StepInput = {
  sandbox: string;
  step: number;
  /** For a checkout: a CheckoutAccess, sealed for the builder (compact JWE). */
  sealedCredential?: string;
  /** StepValues, sealed the same way; the same for each step of a slice. */
  sealedValues?: string;
};
