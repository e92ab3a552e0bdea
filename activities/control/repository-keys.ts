// Which OpenPGP keys does a repository have, and which of them still opens what?

import { readSecret, type SecretPlaintext } from '../../config-schema/secret.ts';
import { ObjectExists } from '../object-store.ts';
import type { Vault } from './vault.ts';

/** OpenPGP, as activities/adapters/openpgp.ts does it. */
export type SecretCipher = {
  generateRepositoryKey(of: { host: string; repositoryId: number; fullName: string }): Promise<{ fingerprint: string; publicKey: string; privateKey: string }>;
  encryptTo(publicKeys: string[], text: string): Promise<string>;
  recipientsOf(armored: string): Promise<{ keyIds: string[] } | { problem: string }>;
  encryptionKeyIds(armored: string): Promise<string[]>;
  decryptSecret(armored: string, privateKey: string): Promise<{ text: string } | { problem: 'altered' | 'unauthenticated' | 'foreign' | 'unreadable'; sentence: string }>;
};

export type RepositoryKey = {
  fingerprint: string;
  /** Armored. */
  publicKey: string;
  /** Of what messages are encrypted to: 16 hexadecimal digits. */
  keyIds: string[];
  createdAt: string;
  /** Another key has taken its place: it opens until then (ISO 8601). null: it is the current one. */
  opensUntil: string | null;
  /** Its private part is gone since then. */
  revokedAt: string | null;
};

export type KeyOwner = { id: number; owner: string; name: string };

export type RepositoryKeys = {
  /** The one to encrypt to; made when the repository has none. */
  current(repository: KeyOwner): Promise<RepositoryKey>;
  all(repositoryId: number): Promise<RepositoryKey[]>;
  /** null: it has none (any more), and none is made. */
  find(repositoryId: number): Promise<RepositoryKey | null>;
  /** The plaintext of a secret file and the key that opened it, or the sentence why not. Counts as a use of the key. */
  open(repositoryId: number, armored: string): Promise<{ secret: SecretPlaintext; kid: string } | { problem: string }>;
  /** A new current key; the one before opens until the date (ISO 8601). */
  rotate(repository: KeyOwner, opensUntil: string): Promise<{ before: RepositoryKey; now: RepositoryKey }>;
  /** The key opens nothing any more, for ever: its private part is gone. False when there is no such key. */
  revokeKey(repositoryId: number, fingerprint: string): Promise<boolean>;
  /** What was encrypted under this nonce is dead, wherever its file still lies. */
  revokeSecret(repositoryId: number, secret: Pick<SecretPlaintext, 'nonce' | 'name'>): Promise<void>;
};

const folderOf = (repositoryId: number): string => `repositories/${repositoryId}/openpgp/`;
const currentName = (repositoryId: number): string => `repositories/${repositoryId}/openpgp-current`;
const revokedName = (repositoryId: number, nonce: string): string => `repositories/${repositoryId}/revoked-secrets/${encodeURIComponent(nonce)}`;

export function repositoryKeys({ vault, cipher, host, now = Date.now }: { vault: Vault; cipher: SecretCipher; host: string; now?: () => number }): RepositoryKeys {
  /** What the store says of a public key is proven by opening the private one; once is enough for a process. */
  const proven = new Map<string, string>();

  async function proveKey(repositoryId: number, key: RepositoryKey): Promise<RepositoryKey> {
    if (proven.get(key.fingerprint) === key.publicKey) return key;
    const opened = await vault.open<RepositoryKey, { privateKey: string }>(`${folderOf(repositoryId)}${key.fingerprint}`, 'committed-secret');
    if (!opened || opened.about.publicKey !== key.publicKey) throw new Error(`the key ${key.fingerprint} of repository ${repositoryId} is not what was stored`);
    proven.set(key.fingerprint, key.publicKey);
    return key;
  }

  async function makeKey({ id, owner, name }: KeyOwner): Promise<RepositoryKey> {
    const made = await cipher.generateRepositoryKey({ host, repositoryId: id, fullName: `${owner}/${name}` });
    const key: RepositoryKey = { fingerprint: made.fingerprint, publicKey: made.publicKey, keyIds: await cipher.encryptionKeyIds(made.publicKey), createdAt: new Date(now()).toISOString(), opensUntil: null, revokedAt: null };
    await vault.put(`${folderOf(id)}${key.fingerprint}`, key, { privateKey: made.privateKey });
    return key;
  }

  async function findCurrent(repositoryId: number): Promise<RepositoryKey | null> {
    const pointer = await vault.open<object, { fingerprint: string }>(currentName(repositoryId), 'committed-secret');
    const fingerprint = pointer?.secret?.fingerprint;
    const key = fingerprint === undefined ? undefined : await vault.about<RepositoryKey>(`${folderOf(repositoryId)}${fingerprint}`);
    return key && key.revokedAt === null ? proveKey(repositoryId, key) : null;
  }

  const point = (repositoryId: number, fingerprint: string, options?: { ifAbsent?: boolean }): Promise<void> => vault.put(currentName(repositoryId), {}, { fingerprint }, options);

  async function all(repositoryId: number): Promise<RepositoryKey[]> {
    const keys: RepositoryKey[] = [];
    for await (const { about } of vault.list<RepositoryKey>(folderOf(repositoryId))) keys.push(about);
    return keys.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  }

  return {
    all,
    find: findCurrent,

    async current(repository) {
      const there = await findCurrent(repository.id);
      if (there) return there;
      const key = await makeKey(repository);
      const before = await vault.open<object, { fingerprint: string }>(currentName(repository.id), 'committed-secret');
      try {
        // Where the one before was revoked its place is taken; else of two processes that make one at once the first has its way.
        await point(repository.id, key.fingerprint, { ifAbsent: before === undefined });
        return key;
      } catch (error) {
        if (!(error instanceof ObjectExists)) throw error;
        await vault.remove(`${folderOf(repository.id)}${key.fingerprint}`);
        return (await findCurrent(repository.id)) ?? key;
      }
    },

    async open(repositoryId, armored) {
      const recipients = await cipher.recipientsOf(armored);
      if ('problem' in recipients) return { problem: recipients.problem };
      const ours = (await all(repositoryId)).filter(({ keyIds }) => keyIds.some((id) => recipients.keyIds.includes(id)));
      const key = ours.find(({ revokedAt, opensUntil }) => revokedAt === null && (opensUntil === null || Date.parse(opensUntil) > now()));
      if (!key) {
        const [dead] = ours;
        if (dead?.revokedAt) return { problem: `was encrypted for the key ${shortOf(dead)}, which was revoked on ${dead.revokedAt.slice(0, 10)}. Set it anew for the current key.` };
        if (dead?.opensUntil) return { problem: `was encrypted for the key ${shortOf(dead)}, which opened until ${dead.opensUntil.slice(0, 10)}. Set it anew for the current key.` };
        return { problem: 'was made for another repository, or for a key that is gone: none of its recipients is a key of this repository. Set it anew: roundhouse secrets set NAME.' };
      }
      const opened = await vault.open<RepositoryKey, { privateKey: string }>(`${folderOf(repositoryId)}${key.fingerprint}`, 'committed-secret');
      if (!opened?.secret) return { problem: `was encrypted for the key ${shortOf(key)}, which is gone. Set it anew for the current key.` };
      // What the listing said is only now proven.
      if (opened.about.opensUntil !== null && Date.parse(opened.about.opensUntil) <= now()) return { problem: `was encrypted for the key ${shortOf(key)}, which opened until ${opened.about.opensUntil.slice(0, 10)}. Set it anew for the current key.` };
      const decrypted = await cipher.decryptSecret(armored, opened.secret.privateKey);
      if ('problem' in decrypted) return { problem: decrypted.sentence };
      const read = readSecret(decrypted.text);
      if ('problem' in read) return { problem: read.problem };
      const revoked = await vault.about<{ revokedAt: string }>(revokedName(repositoryId, read.secret.nonce));
      if (revoked) return { problem: `was revoked on ${revoked.revokedAt.slice(0, 10)}. Set it anew with another value.` };
      return { secret: read.secret, kid: key.fingerprint };
    },

    async rotate(repository, opensUntil) {
      const before = await this.current(repository);
      const key = await makeKey(repository);
      await point(repository.id, key.fingerprint);
      const opened = await vault.open<RepositoryKey, { privateKey: string }>(`${folderOf(repository.id)}${before.fingerprint}`, 'committed-secret');
      const old = { ...before, opensUntil };
      if (opened?.secret) await vault.put(`${folderOf(repository.id)}${before.fingerprint}`, old, opened.secret);
      return { before: old, now: key };
    },

    async revokeKey(repositoryId, fingerprint) {
      const name = `${folderOf(repositoryId)}${fingerprint}`;
      const key = await vault.about<RepositoryKey>(name);
      if (!key) return false;
      await vault.put(name, { ...key, revokedAt: key.revokedAt ?? new Date(now()).toISOString() } satisfies RepositoryKey, null);
      proven.delete(fingerprint);
      return true;
    },

    revokeSecret: (repositoryId, { nonce, name }) => vault.put(revokedName(repositoryId, nonce), { name, revokedAt: new Date(now()).toISOString() }, null),
  };
}

const shortOf = ({ fingerprint }: RepositoryKey): string => `…${fingerprint.slice(-16)}`;
