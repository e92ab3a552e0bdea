// Where does the builder keep a repository's objects, and how do new ones get there?

import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Trigger, TrustLevel } from '../../config-schema/trigger.ts';
import type { GitCredential } from '../control/forge.ts';

const run = promisify(execFile);

/** One bare repository per repository and trust level: what a fork's commits bring never reaches another level. */
export class Mirrors {
  readonly #folder: string;
  #busy = new Map<string, Promise<unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The mirror of the repository, made when it is missing. Mount its `objects`. */
  async open(repositoryId: number, trust: TrustLevel): Promise<string> {
    const folder = join(this.#folder, `${repositoryId}-${trust}`);
    await this.#inTurn(folder, async () => {
      await mkdir(folder, { recursive: true });
      await git(['init', '-q', '--bare', folder]);
      // Sandboxes use these objects as alternates: nothing may be repacked away under them. And they ask for exact commits.
      await git(['--git-dir', folder, 'config', 'gc.auto', '0']);
      await git(['--git-dir', folder, 'config', 'uploadpack.allowAnySHA1InWant', 'true']);
    });
    return folder;
  }

  /** Brings the commit into the mirror. The credential travels in the environment of git, which no sandbox sees. */
  async fetch(mirror: string, trigger: Pick<Trigger, 'sha'>, credential: GitCredential): Promise<void> {
    await this.#inTurn(mirror, async () => {
      if (await holds(mirror, trigger.sha)) return;
      const secret: Record<string, string> = credential.authorization === null ? {} : configInEnvironment({ 'http.extraHeader': `Authorization: ${credential.authorization}` });
      await git(['--git-dir', mirror, 'fetch', '-q', '--no-tags', '--no-write-fetch-head', credential.url, `+${trigger.sha}:refs/roundhouse/${trigger.sha}`], secret);
    });
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

async function git(args: string[], env: Record<string, string> = {}): Promise<void> {
  await run('git', args, { env: { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', ...env }, maxBuffer: 1 << 20 });
}

const configInEnvironment = (config: Record<string, string>): Record<string, string> =>
  Object.entries(config).reduce<Record<string, string>>(
    (env, [key, value], index) => ({ ...env, [`GIT_CONFIG_KEY_${index}`]: key, [`GIT_CONFIG_VALUE_${index}`]: value }),
    { GIT_CONFIG_COUNT: String(Object.keys(config).length) },
  );
