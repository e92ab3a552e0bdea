// What is a sandbox to the builder?

import type { TrustLevel } from '../../config-schema/trigger.ts';

export type SandboxSpec = {
  /** 8 to 12 lower-case letters and digits, unique on the machine; derived from slice and attempt. */
  name: string;
  /** Such as `debian:bookworm`. */
  image: string;
  trust: TrustLevel;
  limits: SandboxLimits;
  /** A folder of git objects of the host, mounted read-only at `paths.mirror`; null without a checkout. */
  mirrorObjects: string | null;
};

export type SandboxLimits = {
  /** May be fractional. */
  cpus: number;
  memoryBytes: number;
  /** Processes and threads. */
  pids: number;
  /** null where the host's storage pool has no quotas. */
  diskBytes: number | null;
};

/** How to reach the agent of a running sandbox; plain JSON, kept by the builder across its restarts. */
export type SandboxHandle = {
  name: string;
  /** The unix socket of the agent on the host; shorter than 108 bytes. */
  agentSocket: string;
  /** OpenSSH private key for the agent's ssh server. */
  clientKey: string;
  /** The agent's public host key (`ssh-ed25519 AAAA…`), pinned. */
  hostKey: string;
  startedAt: string;
};

/**
 * The containers of one machine. One adapter: LXC.
 *
 * `create` is repeatable by name: a second call for a running sandbox answers its handle; remains of a broken start are cleared first.
 * It resolves when the agent answers on its socket, and rejects with SandboxError otherwise, having removed every trace.
 * `destroy` is repeatable, ends every process in the sandbox and removes container, mounts, cgroups, veth, id range and folder;
 * nothing of it depends on this process having made the sandbox. Calls for different names may run at once; for one name they queue.
 */
export interface SandboxHost {
  create(spec: SandboxSpec): Promise<SandboxHandle>;
  destroy(name: string): Promise<void>;
  /** Every sandbox of this builder of which any trace is left, running or not. */
  list(): Promise<{ name: string; running: boolean; spec: SandboxSpec | null; handle: SandboxHandle | null }[]>;
  /** Processes of the sandbox that the kernel killed for lack of memory, since its start. */
  oomKills(name: string): Promise<number>;
  /** Removes what carries this builder's mark and is not in `keep`: containers, mounts, cgroups, veths, id ranges, folders. Answers what was removed. */
  reconcile(keep: ReadonlySet<string>): Promise<string[]>;
}

/** Our fault or the machine's: the sandbox could not be made. `unknown-image` alone is the user's. */
export class SandboxError extends Error {
  override name = 'SandboxError';
  readonly kind: 'unknown-image' | 'limits-absent' | 'start-failed' | 'no-id-range';
  constructor(kind: SandboxError['kind'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}
