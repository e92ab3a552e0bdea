// Which key does a builder fetch a repository with over ssh, and what keeps GitHub and the vault of one mind about it?

import { createHash } from 'node:crypto';
import type { Repository } from '../../config-schema/trigger.ts';
import { generateKey } from '../key-file.ts';
import { ObjectExists } from '../object-store.ts';
import type { Audit, AuditEvent } from './audit.ts';
import type { GitCredential } from './forge.ts';
import type { Vault } from './vault.ts';

/** Every call may be repeated. ForgeUnavailable where a later try can help; what only a person can mend is `refused`, a sentence for the operator. */
export interface GitHubDeployKeys {
  /** For reading alone. Where this public key is on the repository already, that one's id. */
  addDeployKey(repository: Repository, key: { title: string; publicKey: string }): Promise<{ id: number } | Refused>;
  listDeployKeys(repository: Repository): Promise<GitHubDeployKey[] | Refused>;
  /** One that is gone is fine. */
  removeDeployKey(repository: Repository, id: number): Promise<Refused | null>;
  sshAccess(repository: Repository): Promise<SshAccess | Refused>;
}

export type Refused = { refused: string };
/** `enabled` is false where a policy has come to forbid it. */
export type GitHubDeployKey = { id: number; title: string; publicKey: string; readOnly: boolean; enabled: boolean };
/** `url` is `ssh://…`; `knownHosts` are lines for ssh's file of that name. */
export type SshAccess = { url: string; knownHosts: string };

/** Who wants it, for the audit log. */
export type Asker = Pick<AuditEvent, 'who' | 'from'>;

export type DeployKeyAbout = {
  /** As it was called when the key was made. */
  repository: string;
  title: string;
  publicKey: string;
  /** As ssh and GitHub show it: `SHA256:…` */
  fingerprint: string;
  /** ISO 8601. */
  createdAt: string;
  /** null: stored, but perhaps not on GitHub yet. Nobody is handed such a key. */
  githubKeyId: number | null;
  /** The key in whose place it came, until that one is off GitHub. */
  replaces: { title: string; fingerprint: string } | null;
};

type Held = { about: DeployKeyAbout; secret: { privateKey: string } };

/**
 * One key for each repository, made when it is first asked for. Calls for one repository take turns in this process; several processes
 * may ask at once and get the same key. Every call may be repeated after a crash, and mends what that left behind.
 */
export type DeployKeys = {
  /** Throws NoDeployKey where GitHub allows none. */
  credential(repository: Repository, asker?: Asker): Promise<GitCredential>;
  /** What was handed out before opens nothing from then on. */
  rotate(repository: Repository, asker?: Asker): Promise<DeployKeyAbout>;
  /** Off GitHub and out of the vault. The sentence that it remains on GitHub, where that does not let us; null when all is gone. */
  remove(repository: Repository, why: string, asker?: Asker): Promise<string | null>;
  /** A fetch was refused. Somebody removed the key on GitHub: the sentence that a new one was made. null: it is there, the fault lies elsewhere. */
  checkStillThere(repository: Repository, asker?: Asker): Promise<string | null>;
  list(): Promise<(DeployKeyAbout & { repositoryId: number })[]>;
};

/** No key can be had before a person does something: the message says what. */
export class NoDeployKey extends Error {
  override name = 'NoDeployKey';
}

export type DeployKeyPorts = {
  vault: Vault;
  audit: Audit;
  github: GitHubDeployKeys;
  /** Its host is in the keys' titles, by which a person finds them. */
  publicUrl: string;
  log: { warn(bound: object, text: string): void };
};

const itself: Asker = { who: 'roundhouse', from: 'checkout' };
/** GitHub may change its host keys and rename a repository. */
const accessKeptMs = 10 * 60_000;

export function deployKeys({ vault, audit, github, publicUrl, log }: DeployKeyPorts): DeployKeys {
  const title = `Roundhouse at ${new URL(publicUrl).host}`;
  const inTurn = oneAtATime();
  const checks = new Map<number, Promise<string | null>>();
  const accesses = new Map<number, SshAccess & { name: string; untilMs: number }>();

  async function open(repository: Repository): Promise<Held | null> {
    const opened = await vault.open<DeployKeyAbout, Held['secret']>(nameOf(repository.id), 'deploy-key');
    return opened?.secret ? { about: opened.about, secret: opened.secret } : null;
  }

  /** In the vault before it is on GitHub: of a crash in between nothing is left that nobody holds. */
  async function store(repository: Repository, replaces: DeployKeyAbout['replaces'], options?: { ifAbsent: boolean }): Promise<void> {
    const { privateKey, publicKey } = generateKey();
    const about: DeployKeyAbout = { repository: fullName(repository), title, publicKey, fingerprint: fingerprintOf(publicKey), createdAt: new Date().toISOString(), githubKeyId: null, replaces };
    await vault.put(nameOf(repository.id), about, { privateKey }, options);
  }

  async function openOrStore(repository: Repository): Promise<Held> {
    for (;;) {
      const held = await open(repository);
      if (held) return held;
      // A name without a secret is taken, too.
      const isTaken = (await vault.about(nameOf(repository.id))) !== undefined;
      await store(repository, null, { ifAbsent: !isTaken }).catch((error: unknown) => {
        // Another process came first: its key is everybody's.
        if (!(error instanceof ObjectExists)) throw error;
      });
    }
  }

  /** Brings what the vault holds to GitHub, and takes away what else of ours is there. */
  async function settle(repository: Repository, asker: Asker): Promise<Held> {
    for (;;) {
      const held = await openOrStore(repository);
      const { about, secret } = held;
      if (about.githubKeyId !== null) return held;
      const { id } = granted(await github.addDeployKey(repository, about));
      const now = await open(repository);
      // Another process has stored another key since: that one counts, and ours goes with the leftovers.
      if (now?.about.publicKey !== about.publicKey) continue;
      if (now.about.githubKeyId !== null) return now;
      for (const key of granted(await github.listDeployKeys(repository))) {
        if (isSameKey(key, about)) enabled(repository, key);
        else if (isOurs(key, about)) granted(await github.removeDeployKey(repository, key.id));
      }
      const done: Held = { about: { ...about, githubKeyId: id, replaces: null }, secret };
      // Before the last put: after a crash it may be told twice, but never not at all.
      await tell(about.replaces ? 'rotated' : 'created', repository, done.about, asker, about.replaces ? { replaced: about.replaces.fingerprint } : {});
      await vault.put(nameOf(repository.id), done.about, secret);
      return done;
    }
  }

  const isOurs = (key: GitHubDeployKey, about: DeployKeyAbout): boolean => key.readOnly && [title, about.title, about.replaces?.title].includes(key.title);

  const tell = (what: string, repository: Repository, about: DeployKeyAbout, asker: Asker, details: object = {}): Promise<void> =>
    audit.append({
      ...asker,
      action: `deploy-key.${what}`,
      subject: `repository ${fullName(repository)}`,
      repositoryId: repository.id,
      details: { title: about.title, fingerprint: about.fingerprint, githubKeyId: about.githubKeyId, ...details },
    });

  async function access(repository: Repository): Promise<SshAccess> {
    const known = accesses.get(repository.id);
    if (known && known.name === fullName(repository) && known.untilMs > Date.now()) return known;
    const found = granted(await github.sshAccess(repository));
    accesses.set(repository.id, { ...found, name: fullName(repository), untilMs: Date.now() + accessKeptMs });
    return found;
  }

  async function check(repository: Repository, asker: Asker): Promise<string | null> {
    accesses.delete(repository.id);
    const held = await open(repository);
    if (!held || held.about.githubKeyId === null) return null;
    const key = granted(await github.listDeployKeys(repository)).find((each) => isSameKey(each, held.about));
    if (key) {
      enabled(repository, key);
      return null;
    }
    await tell('lost', repository, held.about, asker);
    await store(repository, null);
    await settle(repository, asker);
    return `The deploy key of ${fullName(repository)} ("${held.about.title}", ${held.about.fingerprint}) was removed on GitHub; a new one was made.`;
  }

  return {
    async credential(repository, asker = itself) {
      const held = await open(repository);
      const { secret } = held && held.about.githubKeyId !== null ? held : await inTurn(repository.id, () => settle(repository, asker));
      const { url, knownHosts } = await access(repository);
      return { url, authorization: null, ssh: { privateKey: secret.privateKey, knownHosts } };
    },

    rotate: (repository, asker = itself) =>
      inTurn(repository.id, async () => {
        const before = await open(repository);
        if (before) await store(repository, { title: before.about.title, fingerprint: before.about.fingerprint });
        try {
          return (await settle(repository, asker)).about;
        } catch (error) {
          // No other key is to be had: the old one may still do.
          if (before && error instanceof NoDeployKey) await vault.put(nameOf(repository.id), before.about, before.secret);
          throw error;
        }
      }),

    remove: (repository, why, asker = itself) =>
      inTurn(repository.id, async () => {
        const about = await vault.about<DeployKeyAbout>(nameOf(repository.id));
        if (!about) return null;
        const refused = await takeAway(repository, about);
        const remains = refused && `The deploy key "${about.title}" (${about.fingerprint}) of ${fullName(repository)} remains on GitHub, and nobody holds its private part any more. Remove it in the repository's settings. ${refused.refused}`;
        if (remains !== null) log.warn({ repositoryId: repository.id }, remains);
        await tell('removed', repository, about, asker, { why, ...(remains !== null && { remains }) });
        await vault.remove(nameOf(repository.id));
        return remains;
      }),

    checkStillThere(repository, asker = itself) {
      // Many slices hear of one loss: all shall hear of the new key.
      const underWay = checks.get(repository.id);
      if (underWay) return underWay;
      const begun = inTurn(repository.id, () => check(repository, asker)).finally(() => checks.delete(repository.id));
      checks.set(repository.id, begun);
      return begun;
    },

    async list() {
      const found: (DeployKeyAbout & { repositoryId: number })[] = [];
      for await (const { name, about } of vault.list<DeployKeyAbout>('repositories/')) {
        const id = /^repositories\/(\d+)\/deploy-key$/.exec(name)?.[1];
        if (id !== undefined) found.push({ ...about, repositoryId: Number(id) });
      }
      return found;
    },
  };

  async function takeAway(repository: Repository, about: DeployKeyAbout): Promise<Refused | null> {
    const keys = await github.listDeployKeys(repository);
    if ('refused' in keys) return keys;
    for (const key of keys) {
      const refused = isOurs(key, about) ? await github.removeDeployKey(repository, key.id) : null;
      if (refused) return refused;
    }
    return null;
  }
}

const nameOf = (repositoryId: number): string => `repositories/${repositoryId}/deploy-key`;
const fullName = ({ owner, name }: Repository): string => `${owner}/${name}`;
const isSameKey = (key: GitHubDeployKey, about: DeployKeyAbout): boolean => key.publicKey.split(' ')[1] === about.publicKey.split(' ')[1];

export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

function granted<T extends object | null>(answer: T | Refused): T {
  if (answer !== null && 'refused' in answer) throw new NoDeployKey(answer.refused);
  return answer as T;
}

function enabled(repository: Repository, key: GitHubDeployKey): void {
  if (!key.enabled) throw new NoDeployKey(`The deploy key "${key.title}" of ${fullName(repository)} is disabled: a policy of its organization or enterprise has come to forbid deploy keys. Allow them there, or fetch code with tokens: ${checkoutByToken}.`);
}

/** The remedy where deploy keys are not to be had. */
export const checkoutByToken = 'set the setting checkout to token (ROUNDHOUSE_CHECKOUT=token)';

/** Calls of one repository queue, in the order in which they came. */
function oneAtATime(): <T>(id: number, work: () => Promise<T>) => Promise<T> {
  const last = new Map<number, Promise<unknown>>();
  return async (id, work) => {
    const mine = (last.get(id) ?? Promise.resolve()).then(work, work);
    last.set(id, mine);
    try {
      return await mine;
    } finally {
      if (last.get(id) === mine) last.delete(id);
    }
  };
}
