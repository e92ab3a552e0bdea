// What does a builder tell the app about itself, every few seconds?

export type Announcement = {
  /** Stable across restarts: the name of its queue in Temporal. */
  id: string;
  version: string;
  /** Classes that it can host, with what one sandbox of each gets. */
  classes: Record<string, { cpus: number; memoryBytes: number }>;
  capacity: { cpus: number; memoryBytes: number };
  used: { cpus: number; memoryBytes: number };
  draining: boolean;
  sandboxes: { name: string; address: string; startedAt: string }[];
  /** A JWK (ECDH-ES, X25519 or P-256): credentials for this builder are encrypted to it. */
  publicKey: Record<string, unknown>;
};

/** As the registry keeps it: `builders/ID.json` in the object store. */
export type BuilderSight = Announcement & { connected: boolean; seenAt: string };

export { streamPaths } from '../../config-schema/uplink.ts';
