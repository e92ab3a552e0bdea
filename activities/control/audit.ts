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
