// How do small secrets lie in the object store, readable to nobody but us, while the key above them changes?
//
// Each value is encrypted under a key of its own, and that key, under the key-encryption key, is an object beside it:
//
//   vault/NAME        { v, about, sealed: { key: ID, nonce, data } | null }
//   vault-keys/ID     { v, kid, nonce, data }
//
// A value's key is used once and never changes, so that a rotation rewrites `vault-keys/` and nothing else. The object store cannot
// compare before it writes: if a rotation wrote `vault/NAME` again, it could undo what somebody put in between, a revocation for instance.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { putJson } from '../object-store.ts';
import type { ObjectStore } from '../object-store.ts';
import type { KekSource, KeyRing, Rewrapped } from './key-ring.ts';
import type { Purpose, Vault } from './vault.ts';

export type SealedVault = Vault & {
  /** One pass: every value's key under the first key of the ring, and keys without a value removed. May run while others open and put. */
  rewrap(): Promise<Rewrapped>;
};

export const vaultPrefix = 'vault/';
export const vaultKeysPrefix = 'vault-keys/';

type Sealed = { nonce: string; data: string };
type Entry = { v: 1; about: unknown; sealed: (Sealed & { key: string }) | null };
/** The key of a value, under the key `kid` of the ring. */
export type WrappedKey = Sealed & { v: 1; kid: string };

const valueOf = (name: string): string => `${vaultPrefix}${name}`;
const keyOf = (id: string): string => `${vaultKeysPrefix}${id}`;
/** No put takes so long from the key to its value. */
const abandonedMs = 24 * 3_600_000;

export function sealedVault({ store, ring, now = Date.now }: { store: ObjectStore; ring: KekSource; now?: () => number }): SealedVault {
  const uses: Record<Purpose, number> = { 'committed-secret': 0, context: 0, variable: 0, 'ssh-key': 0, 'deploy-key': 0, 'audit-key': 0, rewrap: 0 };

  /**
   * A rotation places its new key first and then lists what there is. So whoever still finds his key first after he has written was seen
   * by it; whoever does not writes again.
   */
  async function storeKey(id: string, key: Uint8Array): Promise<void> {
    for (;;) {
      const [current] = await ring.ring();
      await putJson(store, keyOf(id), { v: 1, kid: current!.id, ...seal(current!.key, Buffer.from(key), boundKey(id)) } satisfies WrappedKey);
      const [after] = await ring.ring();
      if (after!.id === current!.id) return;
    }
  }

  /** Throws the sentence, as Unreadable, where it is none of ours. */
  async function readEntry(name: string): Promise<Entry | undefined> {
    const found = await readJson(valueOf(name));
    if (found === undefined) return undefined;
    const { v, about, sealed } = (found ?? {}) as Partial<Entry>;
    if (typeof v === 'number' && v > 1) refuse(`${valueOf(name)} was written by a newer version (${v}). Run that version, or one that is newer still.`);
    if (v !== 1 || about === undefined || !(sealed === null || (isSealed(sealed) && /^[0-9a-f]{32}$/.test(sealed.key)))) refuse(alteredSentence(name));
    return { v, about, sealed };
  }

  /** null: it is no JSON. */
  async function readJson(key: string): Promise<unknown> {
    const bytes = await store.get(key);
    if (!bytes) return undefined;
    try {
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
    } catch {
      return null;
    }
  }

  /** `name` is that of the value, for the sentence. undefined: there is no such key. */
  async function readKey(id: string, name: string): Promise<{ key: Buffer; kid: string } | undefined> {
    for (let tries = 1; ; tries += 1) {
      const keys = await ring.ring({ fresh: tries > 1 });
      const wrapped = (await readJson(keyOf(id))) as WrappedKey | null | undefined;
      if (wrapped === undefined) return undefined;
      if (wrapped?.v !== 1 || typeof wrapped.kid !== 'string' || !isSealed(wrapped)) refuse(alteredSentence(name));
      const kek = keys.find((candidate) => candidate.id === wrapped.kid);
      if (kek) return { key: open(kek.key, wrapped, boundKey(id)) ?? refuse(alteredSentence(name), wrapped.kid), kid: wrapped.kid };
      // A rotation may have begun, or ended, between the two readings.
      if (tries === 3) refuse(unknownKeySentence(name, wrapped.kid, ring), wrapped.kid);
    }
  }

  async function secretOf(name: string, { about, sealed }: Entry): Promise<{ secret: unknown } | 'key is gone'> {
    if (sealed === null) return { secret: null };
    const found = await readKey(sealed.key, name);
    if (!found) return 'key is gone';
    const text = open(found.key, sealed, boundValue(name, about, sealed.key));
    if (!text) refuse(alteredSentence(name), found.kid);
    return { secret: JSON.parse(text.toString('utf8')) as unknown };
  }

  /** The key of a value that was put under this name before; null when there is none to be known. */
  const keyBefore = (name: string): Promise<string | null> =>
    readEntry(name).then(
      (entry) => entry?.sealed?.key ?? null,
      (error: unknown) => {
        if (!(error instanceof Unreadable)) throw error;
        return null;
      },
    );

  return {
    async put(name, about, secret, options) {
      const described: unknown = about ?? null;
      let sealed: Entry['sealed'] = null;
      if (secret !== null) {
        const [id, key] = [randomBytes(16).toString('hex'), randomBytes(32)];
        sealed = { key: id, ...seal(key, Buffer.from(JSON.stringify(secret)), boundValue(name, described, id)) };
        await storeKey(id, key);
      }
      const before = options?.ifAbsent ? null : await keyBefore(name);
      await putJson(store, valueOf(name), { v: 1, about: described, sealed } satisfies Entry, options);
      // Only now is what was there gone. What others leave behind who put at the same time, or come too late, `rewrap` removes.
      if (before !== null) await store.delete(keyOf(before));
    },

    async open<About, Secret>(name: string, purpose: Purpose) {
      let entry = await readEntry(name);
      if (entry) uses[purpose] += 1;
      while (entry) {
        const opened = await secretOf(name, entry);
        if (opened !== 'key is gone') return { about: entry.about as About, secret: opened.secret as Secret | null };
        // Somebody has put another value since this one was read, or it is lost.
        const now = await readEntry(name);
        const key = entry.sealed!.key;
        if (now?.sealed?.key === key) refuse(`the key of ${valueOf(name)} is gone: ${keyOf(key)} is not in the object store. Put it back from a backup: roundhouse restore; or set the value anew.`);
        entry = now;
      }
      return undefined;
    },

    async about<About>(name: string) {
      return (await readEntry(name))?.about as About | undefined;
    },

    async *list<About>(prefix: string) {
      for await (const { key } of store.list(valueOf(prefix))) {
        const name = key.slice(vaultPrefix.length);
        const entry = await readEntry(name);
        // Removed since it was listed.
        if (entry) yield { name, about: entry.about as About, isEmpty: entry.sealed === null };
      }
    },

    async remove(name) {
      const before = await keyBefore(name);
      await store.delete(valueOf(name));
      if (before !== null) await store.delete(keyOf(before));
    },

    uses: () => ({ ...uses }),

    async rewrap() {
      await ring.ring({ fresh: true });
      // In this order: a value that is put meanwhile has a key that is too young to be removed.
      const keys: { id: string; isOld: boolean }[] = [];
      for await (const { key, modified } of store.list(vaultKeysPrefix)) keys.push({ id: key.slice(vaultKeysPrefix.length), isOld: now() - modified.getTime() > abandonedMs });
      const done: Rewrapped = { rewrapped: 0, removed: 0, unreadable: [] };
      const note = (name: string, error: unknown): void => {
        if (!(error instanceof Unreadable)) throw error;
        done.unreadable.push({ name, kid: error.kid, sentence: error.message });
      };
      const names = new Map<string, string>();
      for await (const { key } of store.list(vaultPrefix)) {
        const name = key.slice(vaultPrefix.length);
        await readEntry(name).then((entry) => entry?.sealed && names.set(entry.sealed.key, name), (error: unknown) => note(name, error));
      }
      // A damaged value does not say which key is its own.
      const knowsAll = done.unreadable.length === 0;

      for (const { id, isOld } of keys) {
        const name = names.get(id);
        if (name === undefined && isOld && knowsAll) {
          await store.delete(keyOf(id));
          done.removed += 1;
          continue;
        }
        try {
          if (await rewrapOne(id, name ?? '')) done.rewrapped += 1;
        } catch (error) {
          // Without a value: whoever writes it just now writes it again, before anybody is told of it.
          if (name !== undefined) note(name, error);
          else if (!(error instanceof Unreadable)) throw error;
        }
      }
      return done;
    },
  };

  async function rewrapOne(id: string, name: string): Promise<boolean> {
    const [current] = await ring.ring();
    if (((await readJson(keyOf(id))) as Partial<WrappedKey> | null | undefined)?.kid === current!.id) return false;
    const found = await readKey(id, name);
    if (!found || found.kid === (await ring.ring())[0]!.id) return false;
    uses.rewrap += 1;
    await storeKey(id, found.key);
    return true;
  }
}

class Unreadable extends Error {
  readonly kid: string | null;
  constructor(sentence: string, kid: string | null) {
    super(sentence);
    this.kid = kid;
  }
}

/** `kid`: under which key it is; null where that cannot be told. */
function refuse(sentence: string, kid: string | null = null): never {
  throw new Unreadable(sentence, kid);
}

const isSealed = (value: unknown): value is Sealed => typeof value === 'object' && value !== null && ['nonce', 'data'].every((part) => typeof (value as Record<string, unknown>)[part] === 'string');

const alteredSentence = (name: string): string => `${valueOf(name)} was altered in the object store, or moved there from another name. Set it anew; if nobody of yours has touched the store, find out who did.`;

const unknownKeySentence = (name: string, kid: string, { where }: KekSource): string =>
  `${valueOf(name)} is encrypted under the key-encryption key ${kid}, which ${where} does not hold. Put that key back into it, or restore it from a backup: roundhouse restore.`;

/** Nothing can be moved to another name, nor get another description. JSON that was parsed is written again in the same words. */
const boundValue = (name: string, about: unknown, key: string): Buffer => Buffer.from(JSON.stringify(['roundhouse vault value', 1, name, about, key]));
const boundKey = (id: string): Buffer => Buffer.from(JSON.stringify(['roundhouse vault key', 1, id]));

/** AES-256-GCM; ciphertext and tag (16 bytes). */
function seal(key: KeyRing[number]['key'], plain: Buffer, bound: Buffer): Sealed {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound);
  return { nonce: nonce.toString('base64'), data: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64') };
}

/** undefined: it is not what was sealed. */
function open(key: Buffer, { nonce, data }: Sealed, bound: Buffer): Buffer | undefined {
  try {
    const bytes = Buffer.from(data, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), { authTagLength: 16 }).setAAD(bound).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}
