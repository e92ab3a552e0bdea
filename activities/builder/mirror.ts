// Where does the builder keep a repository's objects, and how do new ones get there?

import { glob, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tagOf, type Trigger, type TrustLevel } from '../../config-schema/trigger.ts';
import type { GitCredential } from '../control/forge.ts';
import { git, GitFailed, isDamage, lastWords } from './git.ts';
import { withAgentSocket } from './ssh-agent.ts';

/** The message is for the user, and holds no credential. A later try may succeed. */
export class FetchFailed extends Error {
  override name = 'FetchFailed';
}

/** The forge does not know the deploy key any more, or not for this repository: somebody has removed it there. Only of a credential with `ssh`. */
export class CredentialRefused extends FetchFailed {
  override name = 'CredentialRefused';
}

/** What lies in the mirror itself cannot be read. */
class MirrorDamaged extends FetchFailed {
  override name = 'MirrorDamaged';
}

export type MirrorOptions = {
  /** How long what nobody uses is kept. */
  days?: number;
  onDamage?: (mirror: string, reason: string) => void;
};

const dayMs = 24 * 3600_000;
/** Between its opening and the moment when a sandbox is known to have it, nobody touches a mirror. */
const openingMs = 3600_000;
/** Beyond so many packs or loose objects a mirror is packed. */
const most = { packs: 20, loose: 2000 };
/** Marks a mirror that is being removed. */
const gone = '.gone';
/** A folder in the mirror: its own time says when the mirror was used last, those of its files say it of commits. */
const marks = 'used';

/**
 * One bare repository per repository and trust level: what a fork's commits bring never reaches another level. It has the branches and
 * tags of the forge as they were at the last fetch; `refs/roundhouse/SHA` keeps each commit that a checkout asked for.
 */
export class Mirrors {
  readonly #folder: string;
  readonly #options: Required<MirrorOptions>;
  #busy = new Map<string, Promise<unknown>>();
  /** Those that this process has opened. */
  #known = new Set<string>();

  constructor(folder: string, { days = 30, onDamage = () => undefined }: MirrorOptions = {}) {
    this.#folder = folder;
    this.#options = { days, onDamage };
  }

  /** The mirror of the pipeline's repository, made when it is missing. Mount its `objects`. */
  async open(repositoryId: number, trust: TrustLevel): Promise<string> {
    // Sandboxes ask for exact commits.
    return this.#make(`${repositoryId}-${trust}`, { 'uploadpack.allowAnySHA1InWant': 'true', 'uploadpack.hideRefs': 'refs/roundhouse' });
  }

  /** The mirror of a repository that a checkout names besides its own; it has nothing to do with the one of that repository's pipelines. */
  async openFurther(repositoryId: number, trust: TrustLevel): Promise<string> {
    // A submodule names a commit, which is on a branch but need not be its last.
    return this.#make(`further-${repositoryId}-${trust}`, { 'uploadpack.allowAnySHA1InWant': 'false', 'uploadpack.allowReachableSHA1InWant': 'true' });
  }

  /** Brings the commit into the mirror, and with it the branches and tags as they are now. Throws FetchFailed. */
  async fetch(mirror: string, trigger: Pick<Trigger, 'sha' | 'ref'>, credential: GitCredential): Promise<void> {
    const { sha } = trigger;
    await this.#inTurn(mirror, async () => {
      await mark(mirror, sha);
      if (await holds(mirror, trigger)) return;
      await this.#mending(mirror, () => asReader(credential, (env) => fetchRefs(mirror, credential.url, env, `+${sha}:refs/roundhouse/${sha}`)));
      await mark(mirror, sha);
    });
  }

  /** Makes branches, tags and the default branch what they are now. Throws FetchFailed. */
  async fetchAll(mirror: string, credential: GitCredential): Promise<void> {
    await this.#inTurn(mirror, () =>
      this.#mending(mirror, () =>
        asReader(credential, async (env) => {
          await fetchRefs(mirror, credential.url, env);
          const [, head] = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(await git(['ls-remote', '--symref', credential.url, 'HEAD'], env)) ?? [];
          if (head !== undefined) await git(['--git-dir', mirror, 'symbolic-ref', 'HEAD', head]);
        }),
      ),
    );
  }

  /**
   * Removes what nobody used for so many days, mirrors and commits, and packs what has become many pieces. Mirrors in `inUse` are not
   * touched. Answers the names of those removed.
   */
  async sweep(inUse: ReadonlySet<string>): Promise<string[]> {
    const removed: string[] = [];
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const mirror = join(this.#folder, name);
      if (name.endsWith(gone)) await rm(mirror, { recursive: true, force: true });
      else if (!inUse.has(mirror)) await this.#inTurn(mirror, async () => void ((await this.#tidy(mirror)) && removed.push(name)));
    }
    return removed;
  }

  /** True when the mirror was removed. */
  async #tidy(mirror: string): Promise<boolean> {
    const idleMs = Date.now() - (await usedAt(join(mirror, marks), mirror));
    if (idleMs < openingMs) return false;
    if (idleMs > this.#options.days * dayMs) {
      // Seen whole or not at all.
      await rename(mirror, mirror + gone);
      await rm(mirror + gone, { recursive: true, force: true });
      return true;
    }
    let forgotten = 0;
    for (const sha of (await git(['--git-dir', mirror, 'for-each-ref', '--format=%(refname:lstrip=2)', 'refs/roundhouse'])).split('\n').filter(Boolean)) {
      if (Date.now() - (await usedAt(join(mirror, marks, sha), mirror)) < this.#options.days * dayMs) continue;
      await git(['--git-dir', mirror, 'update-ref', '-d', `refs/roundhouse/${sha}`]);
      await rm(join(mirror, marks, sha), { force: true });
      forgotten++;
    }
    const counts = await git(['--git-dir', mirror, 'count-objects', '-v']);
    const countOf = (what: string): number => Number(new RegExp(`^${what}: (\\d+)$`, 'm').exec(counts)?.[1]);
    if (forgotten > 0 || countOf('packs') > most.packs || countOf('count') > most.loose) await git(['--git-dir', mirror, 'gc', '-q', '--prune=now']);
    return false;
  }

  async #make(name: string, config: Record<string, string>): Promise<string> {
    const folder = join(this.#folder, name);
    await this.#inTurn(folder, async () => {
      await mkdir(join(folder, marks), { recursive: true });
      await mark(folder);
      // A process before this one may have been killed in mid-fetch.
      if (!this.#known.has(folder)) for await (const lock of glob('**/*.lock', { cwd: folder })) await rm(join(folder, lock), { force: true });
      this.#known.add(folder);
      // Sandboxes read these objects at any time: nothing may be repacked away under them.
      const prepare = (): Promise<void> => initialize(folder, { 'gc.auto': '0', ...config });
      await prepare().catch(async (error: unknown) => {
        if (!(error instanceof GitFailed)) throw error;
        await this.#empty(folder, [], error.message);
        await prepare();
      });
    });
    return folder;
  }

  /** What is damaged is fetched once more into an empty mirror. */
  async #mending(mirror: string, fetch: () => Promise<void>): Promise<void> {
    try {
      await fetch();
    } catch (error) {
      if (!(error instanceof MirrorDamaged)) throw error;
      await this.#empty(mirror, ['config'], error.message);
      await initialize(mirror, {});
      await fetch();
    }
  }

  /** The folder of objects itself stays: sandboxes have mounted it. */
  async #empty(mirror: string, keep: string[], reason: string): Promise<void> {
    this.#options.onDamage(mirror, reason);
    for (const name of await readdir(mirror)) if (![...keep, 'objects', marks].includes(name)) await rm(join(mirror, name), { recursive: true });
    for (const name of await readdir(join(mirror, 'objects')).catch(() => [])) await rm(join(mirror, 'objects', name), { recursive: true });
  }

  /** Calls for one mirror queue: git's own locks would make the second fail. */
  async #inTurn<T>(mirror: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(mirror) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(work);
    this.#busy.set(mirror, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(mirror) === mine) this.#busy.delete(mirror);
    }
  }
}

async function initialize(mirror: string, config: Record<string, string>): Promise<void> {
  await git(['init', '-q', '--bare', mirror]);
  for (const [key, value] of Object.entries(config)) await git(['--git-dir', mirror, 'config', key, value]);
}

const fetchRefs = (mirror: string, url: string, env: Record<string, string>, ...more: string[]): Promise<string> =>
  git(['--git-dir', mirror, 'fetch', '-q', '--prune', '--no-tags', '--no-write-fetch-head', url, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*', ...more], env);

/** A tag may be younger than the commit that it names. */
async function holds(mirror: string, { sha, ref }: Pick<Trigger, 'sha' | 'ref'>): Promise<boolean> {
  const commitOf = (name: string): Promise<string> => git(['--git-dir', mirror, 'rev-parse', '-q', '--verify', `${name}^{commit}`]);
  try {
    const commit = await commitOf(`refs/roundhouse/${sha}`);
    return tagOf(ref) === null || commit === (await commitOf(ref));
  } catch {
    return false;
  }
}

/** Says that the mirror, and this commit of it, are used now. */
async function mark(mirror: string, sha?: string): Promise<void> {
  if (sha !== undefined) await writeFile(join(mirror, marks, sha), '');
  await utimes(join(mirror, marks), new Date(), new Date());
}

/** In ms; of a mirror of 0.1.0, which has no marks, its own time. */
const usedAt = async (file: string, mirror: string): Promise<number> => (await stat(file).catch(() => stat(mirror))).mtimeMs;

/** Does the work with an environment by which git may read the repository. A header travels in it, where no sandbox sees it; of an ssh key only the way to an agent. */
async function asReader(credential: GitCredential, work: (env: Record<string, string>) => Promise<unknown>): Promise<void> {
  try {
    if (credential.ssh) {
      const { privateKey, knownHosts } = credential.ssh;
      await withAgentSocket([{ privateKey, comment: 'deploy key' }], async (socketPath) => {
        const knownHostsFile = join(dirname(socketPath), 'known_hosts');
        await writeFile(knownHostsFile, `${knownHosts.trim()}\n`);
        await work({ SSH_AUTH_SOCK: socketPath, GIT_SSH_VARIANT: 'ssh', GIT_SSH_COMMAND: sshCommand(knownHostsFile) });
      });
    } else {
      await work(credential.authorization === null ? {} : configInEnvironment({ 'http.extraHeader': `Authorization: ${credential.authorization}` }));
    }
  } catch (error) {
    if (!(error instanceof GitFailed)) throw error;
    throw inWords(error, credential);
  }
}

/** This key and no other of this machine's, this host and no other, and nobody is asked anything. */
const sshCommand = (knownHostsFile: string): string =>
  [
    'ssh -F none -T',
    '-o IdentityFile=none -o IdentitiesOnly=no -o PreferredAuthentications=publickey -o PasswordAuthentication=no -o BatchMode=yes',
    `-o StrictHostKeyChecking=yes -o UserKnownHostsFile='${knownHostsFile.replaceAll("'", `'\\''`)}' -o GlobalKnownHostsFile=none -o UpdateHostKeys=no`,
    '-o ConnectTimeout=30 -o ServerAliveInterval=15',
  ].join(' ');

function inWords({ stderr }: GitFailed, { url, authorization, ssh }: GitCredential): FetchFailed {
  const words = lastWords(stderr);
  // A server may send back what it was told.
  const secrets = authorization === null ? [] : [authorization, ...authorization.split(' ').slice(1)];
  const message = secrets.filter((secret) => secret !== '').reduce((text, secret) => text.replaceAll(secret, '…'), `the code could not be fetched from ${url.replace(/^(\w+:\/\/)[^/@]*:[^/@]*@/, '$1')}: ${words}`);
  if (isDamage(stderr)) return new MirrorDamaged(message);
  const refused = ssh && /Permission denied \(publickey|Repository not found/i.test(words);
  return refused ? new CredentialRefused(message) : new FetchFailed(message);
}

const configInEnvironment = (config: Record<string, string>): Record<string, string> =>
  Object.entries(config).reduce<Record<string, string>>(
    (env, [key, value], index) => ({ ...env, [`GIT_CONFIG_KEY_${index}`]: key, [`GIT_CONFIG_VALUE_${index}`]: value }),
    { GIT_CONFIG_COUNT: String(Object.keys(config).length) },
  );
