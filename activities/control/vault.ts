// What must lie in the object store and be readable to nobody but the control process?

/** What an opening is for; each is counted by it. */
export type Purpose = 'committed-secret' | 'context' | 'variable' | 'ssh-key' | 'deploy-key' | 'audit-key' | 'rewrap';

/**
 * Small things, each one object under `vault/`: a part that may be read (`about`: names, dates, who wrote it) and a secret part, encrypted
 * under a key of its own, and that under the key-encryption key. Both parts are bound to each other and to the name, so that nothing can be
 * moved or relabelled unseen; of an entry without a secret part nothing is proven.
 *
 * Names are `/`-separated as keys of the object store. Calls may run at once in several processes; the last `put` of a name wins.
 * Only `open` decrypts, and it counts. Errors of decryption are thrown as sentences for the operator.
 */
export interface Vault {
  /** `secret` null: nothing is to be had under this name any more, and what was there is gone. With `ifAbsent` throws ObjectExists when the name is taken. */
  put(name: string, about: unknown, secret: unknown, options?: { ifAbsent?: boolean }): Promise<void>;
  /** undefined: no such name. `secret` is null for one that was put so. */
  open<About, Secret>(name: string, purpose: Purpose): Promise<{ about: About; secret: Secret | null } | undefined>;
  /** Without decrypting: what it says is bound to the secret, but proven only when that is opened. */
  about<About>(name: string): Promise<About | undefined>;
  /** Names under the prefix (which ends in `/`), in ascending order. */
  list<About>(prefix: string): AsyncIterable<{ name: string; about: About; isEmpty: boolean }>;
  /** A backup may bring it back. What must stay dead is put with `secret` null instead. */
  remove(name: string): Promise<void>;
  /** How often this process has opened something, by purpose. */
  uses(): Readonly<Record<Purpose, number>>;
}
