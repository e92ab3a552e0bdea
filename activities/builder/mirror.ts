// Where does the builder keep a repository's objects, and how do new ones get there?

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Trigger, TrustLevel } from '../../config-schema/trigger.ts';
import type { GitCredential } from '../control/forge.ts';
import { git, GitFailed, lastWords } from './git.ts';
import { withAgentSocket } from './ssh-agent.ts';

/** The message is for the user, and holds no credential. A later try may succeed. */
export class FetchFailed extends Error {
  override name = 'FetchFailed';
}

/** The forge does not know the deploy key any more, or not for this repository: somebody has removed it there. Only of a credential with `ssh`. */
export class CredentialRefused extends FetchFailed {
  override name = 'CredentialRefused';
}

/** One bare repository per repository and trust level: what a fork's commits bring never reaches another level. */
export class Mirrors {
  readonly #folder: string;
  #busy = new Map<string, Promise<unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The mirror of the pipeline's repository, made when it is missing. Mount its `objects`. */
  async open(repositoryId: number, trust: TrustLevel): Promise<string> {
    // Sandboxes ask for exact commits.
    return this.#make(`${repositoryId}-${trust}`, { 'uploadpack.allowAnySHA1InWant': 'true' });
  }

  /** The mirror of a repository that a checkout names besides its own; it has nothing to do with the one of that repository's pipelines. */
  async openFurther(repositoryId: number, trust: TrustLevel): Promise<string> {
    // A submodule names a commit, which is on a branch but need not be its last.
    return this.#make(`further-${repositoryId}-${trust}`, { 'uploadpack.allowAnySHA1InWant': 'false', 'uploadpack.allowReachableSHA1InWant': 'true' });
  }

  /** Brings the commit into the mirror. Throws FetchFailed. */
  async fetch(mirror: string, trigger: Pick<Trigger, 'sha'>, credential: GitCredential): Promise<void> {
    await this.#inTurn(mirror, async () => {
      if (await holds(mirror, trigger.sha)) return;
      await asReader(credential, (env) => git(['--git-dir', mirror, 'fetch', '-q', '--no-tags', '--no-write-fetch-head', credential.url, `+${trigger.sha}:refs/roundhouse/${trigger.sha}`], env));
    });
  }

  /** Makes branches, tags and the default branch what they are now. Throws FetchFailed. */
  async fetchAll(mirror: string, credential: GitCredential): Promise<void> {
    await this.#inTurn(mirror, () =>
      asReader(credential, async (env) => {
        await git(['--git-dir', mirror, 'fetch', '-q', '--prune', '--no-tags', '--no-write-fetch-head', credential.url, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'], env);
        const [, head] = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(await git(['ls-remote', '--symref', credential.url, 'HEAD'], env)) ?? [];
        if (head !== undefined) await git(['--git-dir', mirror, 'symbolic-ref', 'HEAD', head]);
      }),
    );
  }

  async #make(name: string, config: Record<string, string>): Promise<string> {
    const folder = join(this.#folder, name);
    await this.#inTurn(folder, async () => {
      await mkdir(folder, { recursive: true });
      await git(['init', '-q', '--bare', folder]);
      // Sandboxes read these objects at any time: nothing may be repacked away under them.
      for (const [key, value] of Object.entries({ 'gc.auto': '0', ...config })) await git(['--git-dir', folder, 'config', key, value]);
    });
    return folder;
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

async function holds(mirror: string, sha: string): Promise<boolean> {
  return git(['--git-dir', mirror, 'rev-parse', '-q', '--verify', `refs/roundhouse/${sha}^{commit}`]).then(
    () => true,
    () => false,
  );
}

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
  const refused = ssh && /Permission denied \(publickey|Repository not found/i.test(words);
  return refused ? new CredentialRefused(message) : new FetchFailed(message);
}

const configInEnvironment = (config: Record<string, string>): Record<string, string> =>
  Object.entries(config).reduce<Record<string, string>>(
    (env, [key, value], index) => ({ ...env, [`GIT_CONFIG_KEY_${index}`]: key, [`GIT_CONFIG_VALUE_${index}`]: value }),
    { GIT_CONFIG_COUNT: String(Object.keys(config).length) },
  );
