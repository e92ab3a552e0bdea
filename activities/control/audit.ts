// Who did what, from where? A chain of signed entries in the object store, which several processes append to without loss.

/** What happened, in our own words: `context.set`, `secret.revoked`, `key.used`. */
export type AuditEvent = {
  /** `github:583231 ada` for a person on GitHub, `operator root` at this installation's own machine, `roundhouse` for itself. */
  who: string;
  /** `command line at HOST`, `pipeline 1296269/7`, `webhook`. */
  from: string;
  action: string;
  /** What it was done to, such as `context deploy of acme` or `repository acme/shop`. */
  subject: string;
  /** By which `forget` finds what is about a repository or a person. Numeric ids of GitHub's. */
  repositoryId?: number;
  personId?: number;
  /** Never a value of a secret. */
  details?: Readonly<Record<string, unknown>>;
};

export interface Audit {
  /** Resolves when the entry is durable. */
  append(event: AuditEvent): Promise<void>;
}

/** Ed25519 in PEM. The private part is nobody's but the control process's; with the public one anybody can verify. */
export type AuditKey = { privateKey: string; publicKey: string };

/** The newest entry: its number, and the SHA-256 of its link, which covers every entry before it. */
export type AuditHead = { seq: number; hash: string };

/**
 * Remembers the newest entry where a writer of the object store cannot reach: without it nobody could see that entries are missing at
 * the end. Calls may run at once in several processes. Only forward: a write of a smaller number than is known changes nothing.
 */
export interface HighWater {
  read(): Promise<AuditHead | null>;
  write(head: AuditHead): Promise<void>;
}
