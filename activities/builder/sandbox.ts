// What is a sandbox to the builder?

import type { PlanImage } from '../../config-schema/plan.ts';
import type { TrustLevel } from '../../config-schema/trigger.ts';
import type { RegistryLogin } from './image-store.ts';

export type SandboxSpec = {
  /** 8 to 12 lower-case letters and digits, unique on the machine; derived from slice and attempt. */
  name: string;
  /** Where the steps run. */
  primary: ContainerSpec;
  /** Further containers in the order of their start, which share the primary's network, user namespace and limits. */
  sidecars: ContainerSpec[];
  /** The steps may run containers of their own: a `machine`, or a job with `setup_remote_docker`. */
  nesting: boolean;
  trust: TrustLevel;
  /** For all containers of the sandbox together. */
  limits: SandboxLimits;
  /** A folder of git objects of the host, mounted read-only at `paths.mirror`; null without a checkout. */
  mirrorObjects: string | null;
  /** Unpacked caches of the host that the job may restore, by trust level, each mounted read-only at `paths.caches`/LEVEL. */
  cacheFolders: Partial<Record<TrustLevel, string>>;
};

/** `environment` is that of its main process; steps get theirs one by one. Of the primary, with entrypoint and command null neither runs. */
export type ContainerSpec = Omit<PlanImage, 'auth'>;

/** A container of which the config says nothing but its image. */
export const plainContainer = (image: string): ContainerSpec => ({ image, name: null, entrypoint: null, command: null, user: null, environment: {} });

/** What no file may hold: how to sign in for an image, by its reference; absent: without signing in. */
export type SandboxSecrets = { logins: Readonly<Record<string, RegistryLogin>> };

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
  /** The user of the steps: a name or number in the primary's passwd file, with `:group` perhaps. Absent in a file of 0.1.0: root. */
  user?: string;
  /** What the primary's image sets for each process. Absent in a file of 0.1.0. */
  imageEnvironment?: Record<string, string>;
  /** Lines for the user: that an image came from elsewhere, that Docker cannot run here. */
  notes?: string[];
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
  create(spec: SandboxSpec, options?: CreateOptions): Promise<SandboxHandle>;
  destroy(name: string): Promise<void>;
  /** Every sandbox of this builder of which any trace is left, running or not. */
  list(): Promise<{ name: string; running: boolean; spec: SandboxSpec | null; handle: SandboxHandle | null }[]>;
  /**
   * What the main process of a sidecar has printed from byte `from` on; -1 is the primary's, where it has one. At most a mebibyte of the
   * end is kept, on the sandbox's own disk.
   */
  sidecarOutput(name: string, sidecar: number, from: number): Promise<KeptOutput>;
  /** Processes of the sandbox that the kernel killed for lack of memory, since its start. */
  oomKills(name: string): Promise<number>;
  /** Removes what carries this builder's mark and is not in `keep`: containers, mounts, cgroups, veths, id ranges, folders. Answers what was removed. */
  reconcile(keep: ReadonlySet<string>): Promise<string[]>;
}

/** `from` is where the bytes begin: where it was asked for, or behind what is no longer kept. */
export type KeptOutput = { from: number; bytes: Buffer };

export type CreateOptions = {
  secrets?: SandboxSecrets;
  /** Gets a line of what takes its time, such as a pull. */
  say?: (line: string) => void;
  signal?: AbortSignal;
};

/** Our fault or the machine's: the sandbox could not be made. `unknown-image` alone is the user's. */
export class SandboxError extends Error {
  override name = 'SandboxError';
  readonly kind: 'unknown-image' | 'limits-absent' | 'start-failed' | 'no-id-range';
  constructor(kind: SandboxError['kind'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}
