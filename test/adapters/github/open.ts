// What do tests of GitHub's adapter begin with? The local GitHub, a repository with our App on it, and somebody who pushes.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { GitHubSettings } from '../../../activities/adapters/github.ts';
import { noCommit, type Repository, type Trigger } from '../../../config-schema/trigger.ts';
import { startGitHub, type GitHub, type GitHubOptions } from '../../github/index.ts';

const run = promisify(execFile);

export type Opened = {
  github: GitHub;
  settings: GitHubSettings;
  fullName: string;
  repository: Repository;
  alice: { id: number; login: string; token: string };
  git(...args: string[]): Promise<string>;
  /** Commits the files on the current branch, pushes it, and answers what its webhook would say. */
  push(files: Record<string, string | Buffer | null>, message?: string, ref?: string): Promise<Trigger>;
  trigger(sha: string, ref?: string): Trigger;
  close(): Promise<void>;
};

export async function openGitHub(options: GitHubOptions & { private?: boolean } = {}): Promise<Opened> {
  const github = await startGitHub(options);
  const folder = await mkdtemp(join(tmpdir(), 'github-adapter-'));
  const alice = github.createUser('alice');
  github.createOrganization('acme', { alice: 'admin' });
  const { id, fullName, cloneUrl } = await github.createRepository({ owner: 'acme', name: 'app', private: options.private ?? true });
  const { id: installationId } = github.installApp('acme');
  const repository: Repository = { id, owner: 'acme', name: 'app', private: options.private ?? true, defaultBranch: 'main', installationId };

  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_AUTHOR_NAME: 'alice', GIT_AUTHOR_EMAIL: alice.email, GIT_COMMITTER_NAME: 'alice', GIT_COMMITTER_EMAIL: alice.email };
  const work = join(folder, 'work');
  await mkdir(work);
  const git = async (...args: string[]): Promise<string> => (await run('git', ['-C', work, ...args], { env })).stdout.trim();
  await git('init', '-q', '-b', 'main');
  await git('config', 'http.extraHeader', `Authorization: Basic ${Buffer.from(`alice:${alice.token}`).toString('base64')}`);
  await git('remote', 'add', 'origin', cloneUrl);

  const trigger = (sha: string, ref = 'refs/heads/main'): Trigger => ({
    event: 'push',
    deliveryId: 'd-1',
    receivedAt: new Date().toISOString(),
    repository,
    ref,
    before: noCommit,
    sha,
    sender: { id: alice.id, login: alice.login },
    commit: { subject: '', authorLogin: null },
    pullRequest: null,
  });
  return {
    github,
    settings: { appId: github.app.id, privateKey: github.app.privateKey ?? '', host: github.host, protocol: 'http' },
    fullName,
    repository,
    alice,
    git,
    async push(files, message = 'x', ref = 'refs/heads/main') {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await (text === null ? rm(join(work, path)) : writeFile(join(work, path), text));
      }
      await git('add', '-A');
      await git('commit', '-q', '--allow-empty', '-m', message);
      await git('push', '-q', 'origin', `+HEAD:${ref}`);
      return trigger(await git('rev-parse', 'HEAD'), ref);
    },
    trigger,
    async close() {
      await github.settled();
      await github.stop();
      await rm(folder, { recursive: true });
    },
  };
}
